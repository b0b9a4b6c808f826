"""Kernels that are written from definitions: what is written computes what is defined."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.sparse import csr_array

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite._component import stack
from skopt_suite._layout import Layout
from skopt_suite._target_type import TargetType
from skopt_suite.backends import Placement, climb, like, to_numpy
from skopt_suite.backends.kernels import _tracing as tracing
from skopt_suite.backends.kernels._tracing import _rows
from skopt_suite.estimators._prepare import plan_of, prepare
from skopt_suite.losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES, LogLoss
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.models import ACTIVATIONS
from skopt_suite.optimizers import OPTIMIZERS, SGD, ClipGradient
from skopt_suite.penalties import L2, MCP, PENALTIES, GroupLasso, MaxNorm, SparseGroupLasso, Sum
from skopt_suite.training import (
    _data_term,
    _device_batch,
    _device_mean,
    _device_steps,
    _footprint,
    _loop,
)
from skopt_suite.training._batch_programs import (
    Around,
    input_program,
    layer_programs,
    loss_program,
)
from skopt_suite.training._device_steps import device_steps
from skopt_suite.training._footprint import bytes_per_fit
from skopt_suite.training._programs import update_programs
from skopt_suite.training._written import is_written

from ..backends.nvrtc import compile_cuda
from ..gpu.rows import diabetes, digits
from .cpu_device import CpuEngine, as_numbers

ON_HOST = Placement(np)
N_FITS, N_PARAMS, N_WEIGHTS = 3, 12, 9
PARTS = "job", "data", "placement"
BY_DEFINITION = {"muon"}
SETTINGS = {"random_state": 0, "max_iter": 3, "batch_size": 50, "early_stopping": False}


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    return CpuEngine(tmp_path_factory.mktemp("kernels"))


CASES = {
    "relu, dropout": (MLPClassifier((16, 8), dropout=0.3), digits),
    "inputs dropped": (MLPClassifier((16, 8), dropout=0.3, input_dropout=0.2), digits),
    "only inputs dropped": (
        MLPRegressor((8,), input_dropout=0.3, standardize=False, optimizer="momentum"),
        diabetes,
    ),
    "gelu, dropout": (MLPClassifier((8,), dropout=0.3, activation="gelu"), digits),
    "l1, cosine": (MLPClassifier((8,), optimizer="adam", penalty="l1", schedule="cosine"), digits),
    "momentum moves": (LinearClassifier(optimizer="momentum", schedule="one_cycle"), digits),
    # steps by signs turn rounding into steps
    "slopes of l1": (LinearClassifier(optimizer="lion", penalty="l1"), digits),
    "mcp": (LinearClassifier(optimizer="sgd", penalty=MCP(alpha=0.01)), digits),
    "clipped": (LinearClassifier(optimizer=ClipGradient("adam", norm=0.5)), digits),
    "prodigy": (MLPClassifier((8,), optimizer="prodigy"), digits),
    "schedule-free": (MLPClassifier((8,), optimizer="schedule_free_adamw"), digits),
    "nadam": (LinearClassifier(optimizer="nadam"), digits),
    "batches": (MLPClassifier((8, 8, 6), normalization="batch", dropout=0.2), digits),
    "rows, residual": (MLPClassifier((8, 8, 8), normalization="layer", residual=True), digits),
    "batches, residual": (
        MLPRegressor((6, 6), normalization="batch", residual=True, activation="gelu"),
        diabetes,
    ),
    "residual": (MLPClassifier((8, 8, 8, 6), residual=True, dropout=0.2), digits),
    "batches, averaged": (
        MLPClassifier((8, 8), normalization="batch", optimizer="average_weights"),
        digits,
    ),
    "lookahead": (LinearClassifier(optimizer="lookahead", penalty="l1"), digits),
    "averaged": (LinearClassifier(optimizer="average_weights"), digits),
    "smoothed labels": (MLPClassifier((8,), loss=LogLoss(label_smoothing=0.1)), digits),
    "norms bounded": (MLPClassifier((8,), optimizer="adam", penalty=MaxNorm(0.6)), digits),
    "norms bounded, sgd": (MLPClassifier((8,), optimizer="momentum", penalty=MaxNorm(0.6)), digits),
    "group lasso": (MLPClassifier((8,), optimizer="adam", penalty=GroupLasso(0.01)), digits),
    "group lasso, clipped": (
        LinearClassifier(optimizer=ClipGradient("sgd"), penalty=GroupLasso(0.02)),
        digits,
    ),
    "group lasso, no bias": (
        LinearClassifier(fit_intercept=False, optimizer="adam", penalty=GroupLasso(0.02)),
        digits,
    ),
    "sparse group lasso": (
        MLPRegressor((8,), penalty=SparseGroupLasso(0.01, groups="incoming")),
        diabetes,
    ),
    "tweedie": (MLPRegressor((8,), loss="tweedie"), diabetes),
}


@pytest.mark.parametrize("case", list(CASES))
def test_text_computes_the_definition(case, engine, monkeypatch):
    assert_as_defined(*CASES[case], engine, monkeypatch, rtol=1e-5 if "slopes" in case else 1e-9)


@pytest.mark.parametrize(
    "case",
    [
        "inputs dropped",
        "gelu, dropout",
        "tweedie",
        "clipped",
        "group lasso",
        "residual",
        "batches",
        "rows, residual",
    ],
)
def test_text_beside_products_of_a_library(case, engine, monkeypatch):
    for module in (_device_batch, _device_steps):
        monkeypatch.setattr(module, "FEW_PRODUCTS", 0)
    assert_as_defined(*CASES[case], engine, monkeypatch, rtol=1e-9)


@pytest.mark.parametrize("index", ["int32", "int64"])
@pytest.mark.parametrize("case", ["relu, dropout", "mcp"])
def test_text_for_sparse_rows(case, index, engine, monkeypatch):
    model, data = CASES[case]

    def sparse():
        X, y = data()
        X = csr_array(X * (X > 0.3))
        X.indices, X.indptr = X.indices.astype(index), X.indptr.astype(index)
        return X, y

    assert_as_defined(model, sparse, engine, monkeypatch, rtol=1e-9)


def assert_as_defined(model, data, engine, monkeypatch, rtol):
    X, y = data()
    weight = 1 + np.arange(len(y)) / len(y)
    monkeypatch.setattr(_loop, "compiled_steps", lambda *args: None)
    model.set_params(**SETTINGS, dtype="float64").fit(X, y, sample_weight=weight)
    expected, curve = model.predict(X), model.loss_curve_
    made = []

    def on_host(stack, source, batch_size, precision):
        made.append(device_steps(stack, source, batch_size, engine))
        return made[-1]

    monkeypatch.setattr(_loop, "compiled_steps", on_host)
    model.fit(X, y, sample_weight=weight)
    assert None not in made
    np.testing.assert_allclose(model.loss_curve_, curve, rtol=rtol)
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-7)


@pytest.mark.parametrize(
    ("model", "data", "optimizer"),
    [
        (LinearClassifier(penalty="l2"), digits, "lbfgs"),
        (LinearRegressor(loss="huber"), diabetes, "fista"),
        (MLPClassifier((9, 5), activation="gelu"), digits, "lbfgs"),
    ],
)
@pytest.mark.parametrize("block_rows", [None, 64])
@pytest.mark.filterwarnings("ignore:.*stopped while the objective")
def test_mean_over_all_rows(model, data, optimizer, block_rows, engine, monkeypatch):
    """Of solvers: also with products of blocks, of which the last is a shorter one."""
    X, y = data()
    weight = 1 + np.arange(len(y)) / len(y)
    settings = {**SETTINGS, "optimizer": optimizer, "dtype": "float64", "batch_size": "auto"}
    model.set_params(**settings)
    expected = model.fit(X, y, sample_weight=weight).loss_curve_
    if block_rows:
        for module in (_device_batch, _device_mean):
            monkeypatch.setattr(module, "BLOCK_ROWS", block_rows)
    asked = calls_on(engine, _device_mean.DeviceMean, monkeypatch)
    curve = model.fit(X, y, sample_weight=weight).loss_curve_
    assert len(asked) >= len(curve)
    np.testing.assert_allclose(curve, expected, rtol=1e-9)


@pytest.mark.filterwarnings("ignore:.*stopped while the objective")
@pytest.mark.parametrize(("optimizer", "n_classes"), [("lbfgs", 2), ("lbfgs", 10), ("fista", 10)])
def test_losses_of_stacks(optimizer, n_classes, engine, monkeypatch):
    X, y = digits()
    model = LinearClassifier(**SETTINGS, optimizer=optimizer, dtype="float64")
    search = FusedGridSearchCV(model, {"penalty__alpha": [1e-4, 1e-2, 1]}, cv=2)
    expected = search.fit(X, y % n_classes).loss_curves_
    asked = calls_on(engine, _device_mean.DeviceLoss, monkeypatch)
    curves = search.fit(X, y % n_classes).loss_curves_
    assert len(asked) >= 6
    for one, other in zip(curves, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)


def calls_on(engine, cls, monkeypatch):
    """Let an engine serve arrays of NumPy; return what counts the calls of some class."""
    for module in (_data_term, _device_mean):
        monkeypatch.setattr(module, "writes_kernels", lambda array: True)
    monkeypatch.setattr(_data_term, "takes_linear_pass", lambda *args: False)
    monkeypatch.setattr(_device_mean, "engine_for", lambda *args: engine)
    asked, found = [], cls.__call__
    monkeypatch.setattr(cls, "__call__", lambda self, a: asked.append(1) or found(self, a))
    return asked


def test_factors_are_rounded_to_bfloat16(engine):
    x = np.random.default_rng(0).standard_normal((3, 20, 5)).astype(np.float32)
    x[0, 0] = [np.inf, -np.inf, np.nan, 0.0, 1 + 2**-8]  # the last is half-way: to the even one
    half = engine.half_of(x)
    engine.round(half, x)
    rounded = as_numbers(half)
    np.testing.assert_allclose(rounded, x, rtol=2**-8)
    assert np.isnan(rounded[0, 0, 2])
    assert rounded[0, 0, 4] == 1


def test_products_in_bfloat16(engine, monkeypatch):
    """Every factor is rounded after it was written, and before it is taken."""
    X, y = digits()
    model = MLPClassifier((16, 8), dropout=0.3, **SETTINGS, dtype="float32")
    monkeypatch.setattr(_loop, "compiled_steps", lambda *args: None)
    expected = model.fit(X, y).loss_curve_
    monkeypatch.setattr(engine, "takes_halves", True)
    monkeypatch.setattr(_device_batch, "FEW_PRODUCTS", 0)
    monkeypatch.setattr(_device_batch, "_MANY_PRODUCTS", 0)
    monkeypatch.setattr(_device_steps, "_MOST_ROWS_BY_ROWS", 0)
    monkeypatch.setattr(_loop, "compiled_steps", lambda *args: device_steps(*args[:3], engine))
    curve = model.fit(X, y).loss_curve_
    np.testing.assert_allclose(curve, expected, rtol=0.01)
    assert np.abs(curve / np.asarray(expected) - 1).max() > 1e-5


def test_text_drops_inputs_of_stacked_fits(engine, monkeypatch):
    """Each has rates, and so inputs, of its own."""
    network = MLPClassifier((8,), **SETTINGS, dtype="float64")
    grid = {"input_dropout": [0.1, 0.5], "optimizer__learning_rate": [0.003, 0.03]}
    search = FusedGridSearchCV(network, grid, cv=2, scoring="neg_log_loss", refit=False)
    monkeypatch.setattr(_loop, "compiled_steps", lambda *args: None)
    expected = search.fit(*digits()).cv_results_["mean_test_score"]
    made = []

    def on_host(stack, source, batch_size, precision):
        made.append((device_steps(stack, source, batch_size, engine), len(stack.params)))
        return made[-1][0]

    monkeypatch.setattr(_loop, "compiled_steps", on_host)
    scores = search.fit(*digits()).cv_results_["mean_test_score"]
    assert all(steps is not None and n_fits == 4 for steps, n_fits in made)
    np.testing.assert_allclose(scores, expected, rtol=1e-7)


def updates(optimizer, penalty, dtype):
    """Return the kernels of a rule with a penalty."""
    rule = stack([OPTIMIZERS.resolve(optimizer, owner="test")] * N_FITS, ON_HOST)
    own = PENALTIES.resolve(penalty, owner="test").with_strength(0.1)
    own = stack([own] * N_FITS, ON_HOST)
    params = np.zeros((N_FITS, N_PARAMS), dtype)
    layout = SimpleNamespace(n_weights=N_WEIGHTS, layers=())
    problem = SimpleNamespace(has_prox=own.has_prox, debts=(2, N_WEIGHTS), layout=layout)
    state = rule.init(params, problem)
    layout = SimpleNamespace(n_weights=N_WEIGHTS, n_layers=2)
    return update_programs(rule, own, state, params, layout)


RULES = [name for name in OPTIMIZERS if not OPTIMIZERS[name].is_full_batch]


@pytest.mark.parametrize("optimizer", RULES)
def test_rules_compile(optimizer):
    if optimizer in BY_DEFINITION:
        with pytest.raises(tracing.CannotTrace):
            updates(optimizer, "l2", "float32")
        return
    made = updates(optimizer, "l1", "float32")
    for program in (*made.of_sums, made.of_fits, made.of_params, made.of_params_by_rows):
        assert_compiles(program)


def group_kernel(penalty, optimizer, sizes):
    """Return the kernel of a penalty of groups behind a rule, on a network of such a size."""
    layout = Layout.dense(sizes)
    rule = stack([OPTIMIZERS.resolve(optimizer, owner="test")] * N_FITS, ON_HOST)
    own = stack([penalty.with_strength(0.1)] * N_FITS, ON_HOST).on(layout)
    params = np.zeros((N_FITS, layout.n_params), "float32")
    debts = own.debts(layout.n_weights)
    problem = SimpleNamespace(has_prox=True, debts=debts, layout=layout)
    made = update_programs(rule, own, rule.init(params, problem), params, layout)
    return made.of_groups


@pytest.mark.parametrize("penalty", [MaxNorm(), GroupLasso(), SparseGroupLasso()])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_kernels_of_groups_compile_and_do_not_depend_on_lengths(optimizer, penalty):
    kernel = group_kernel(penalty, optimizer, [5, 4, 3])
    assert_compiles(kernel)
    assert kernel.source == group_kernel(penalty, optimizer, [11, 8]).source


def test_a_penalty_that_acts_in_the_midst_of_a_step_is_refused():
    with pytest.raises(tracing.CannotTrace, match="has acted"):
        group_kernel(MaxNorm(), "average_weights", [5, 4, 3])


def test_groups_are_described_where_arrays_live(place):
    layout = Layout.dense((5, 4, 3))
    described = stack([GroupLasso(alpha=[0.1, 0.2])] * 2, place).on(layout).description()
    of_norms = to_numpy(described.numbers[1])
    np.testing.assert_allclose(of_norms, [[0.1 * 2] * 5 + [0.2 * 3**0.5] * 4] * 2)


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_activations_compile(activation):
    around = Around(has_dropout=True)
    *programs, _ = layer_programs(ACTIVATIONS[activation], 0, "float32", around)
    if activation not in ("relu", "gelu"):  # the others are written in the same way
        programs = programs[:2]
    for program in programs:
        assert_compiles(program._replace(source=f"#define SPLIT 8\n{program.source}"))


def test_what_is_around_activations_compiles():
    for around in (Around(True, True, True, True), Around(True), Around(False, True, True)):
        *programs, _ = layer_programs(ACTIVATIONS["relu"], 0, "float32", around)
        for program in programs:
            assert_compiles(program._replace(source=f"#define SPLIT 8\n{program.source}"))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normalisations_compile(dtype):
    norms = tracing.norms
    assert_compiles(norms.normalise_batch(dtype, 1e-5, 0.1))
    assert_compiles(norms.normalise_layer(dtype, 1e-5))
    assert_compiles(norms.back_through_layer(dtype))
    for is_batch in (False, True):
        assert_compiles(norms.back_through_columns(dtype, is_batch))


LOSSES = [
    (registry, name, kind)
    for registry in (CLASSIFICATION_LOSSES, REGRESSION_LOSSES)
    for name in registry
    for kind in registry[name].kinds
]


@pytest.mark.parametrize(("registry", "name", "kind"), LOSSES)
def test_losses_compile(registry, name, kind):
    loss = registry.resolve(name, owner="test").on(TargetType(kind, 3))
    loss, y = stack([loss] * N_FITS, ON_HOST, ndim=3), np.zeros((5, 1 if kind == "classes" else 3))
    program, _ = loss_program(loss, y, "float32", has_bias=True, weight=np.ones((1, 5)))
    assert_compiles(program)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_kernels_for_rows_compile(dtype):
    assert_compiles(_rows.sum_of_rows(dtype, "float64"))
    assert_compiles(_rows.gather("float64", dtype, is_scaled=True))
    assert_compiles(_rows.gather_sparse(dtype, ("int64", "int32")))
    assert_compiles(_rows.to_bfloat16())
    assert_compiles(input_program("float64", dtype, True, 1))


def assert_compiles(program):
    assert errors_in(program.source) == ""


@cache  # rules share their sums
def errors_in(source):
    return compile_cuda(source, options=("--std=c++17", "--fmad=false"), architectures=["sm_75"])


def test_text_does_not_depend_on_lengths():
    """So one kernel serves all data sets and networks."""
    one = updates("adam", "l1", "float32")
    params = np.zeros((5, 40), "float32")
    rule = stack([OPTIMIZERS.resolve("adam", owner="test")] * 5, ON_HOST)
    penalty = stack([PENALTIES.resolve("l1", owner="test").with_strength(0.1)] * 5, ON_HOST)
    problem = SimpleNamespace(has_prox=True, debts=(2, 30), layout=SimpleNamespace(n_weights=30))
    layout = SimpleNamespace(n_weights=30, n_layers=2)
    other = update_programs(rule, penalty, rule.init(params, problem), params, layout)
    assert one.of_params.source == other.of_params.source
    assert one.of_fits.source == other.of_fits.source


def symbol(name="x", shape=(tracing.FITS, tracing.PARAMS), dtype="float32"):
    return tracing.Leaf(name, shape, np.dtype(dtype)).symbol()


def test_what_depends_on_values_is_refused():
    x = symbol()
    for ask in (bool, float, lambda x: x[x > 0], lambda x: x[:, ::2], lambda x: x @ x):
        with pytest.raises(TypeError):
            ask(x)


def test_a_view_from_before_a_write_is_refused():
    x = symbol()
    view = x[:, :1]
    x[...] = 2 * x
    with pytest.raises(tracing.CannotTrace, match="view"):
        view + 1


def test_a_write_to_a_view_is_one_to_its_array():
    x = symbol()
    x[:, : tracing.WEIGHTS] = 0.0
    program = tracing.of_entries(
        "f", [("x", x)], {"x": tracing.Leaf("x", x.shape, x.dtype)}, tracing.PARAMS
    )
    assert "j < W" in program.source
    assert "? 0.0f :" in program.source


@pytest.mark.parametrize(("optimizer", "n_places"), [("adam", 1), ("lbfgs", 0)])
def test_memory_is_counted_of_the_gradients_of_layers(optimizer, n_places, monkeypatch):
    X, y = digits(1500)
    settings = {
        **SETTINGS,
        "batch_size": 1000,
    }  # layers put out more numbers than there are weights
    model = MLPClassifier((100,), optimizer=optimizer, dropout=0.0, **settings)
    job, data, place = (getattr(prepare(model, X, y), name) for name in PARTS)
    without = bytes_per_fit(job, data, place)
    monkeypatch.setattr(_footprint, "writes_kernels", lambda like: True)
    places = 4 * 100 * job.plan.rows_per_step(len(X)) * n_places
    more = bytes_per_fit(job, data, place) - without
    assert places <= more <= 2 * places


def test_numbers_climb_until_their_rises_are_small(place):
    target = place.asarray(np.array([[9.0], [np.nan], [16.0]]))
    start = place.xp.zeros_like(target)
    found = climb(start, lambda x: (target - x) / 2, tolerance=1e-12, n_most=60)
    np.testing.assert_allclose(to_numpy(found), [[9.0], [np.nan], [16.0]], rtol=1e-11)
    found = climb(start, lambda x: (target - x) / 2, tolerance=1e-12, n_most=2)
    np.testing.assert_allclose(to_numpy(found), [[6.75], [np.nan], [12.0]])


class Plain(SGD):
    """A rule of a user, in the array API."""

    def update(self, state, params, gradient, learning_rate, layout):
        (rate,) = like(params, learning_rate)
        return params - rate * gradient, state


class OfNumPy(SGD):
    """A rule of a user that asks arrays for more."""

    def update(self, state, params, gradient, learning_rate, layout):
        return params - learning_rate * gradient / (1 + gradient.std()), state


@pytest.mark.parametrize(
    ("settings", "is_made"),
    [
        ({"optimizer": Plain()}, True),
        ({"optimizer": OfNumPy()}, False),
        ({}, True),
        ({"optimizer": ClipGradient("adam")}, True),
        ({"optimizer": "muon"}, False),
        ({"penalty": "group_lasso"}, True),
        ({"penalty": Sum(L2(), MaxNorm())}, True),
        ({"penalty": "max_norm", "optimizer": "lookahead"}, False),
        ({"normalization": "layer"}, True),
        ({"input_dropout": 0.1}, True),
    ],
)
def test_what_makes_the_steps_is_told_without_a_card(settings, is_made):
    model = MLPClassifier((8, 8), **settings)
    assert is_written(plan_of(model), model._network(4, 3)) == is_made
