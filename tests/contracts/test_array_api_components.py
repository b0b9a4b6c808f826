"""Every component gives what it gives on NumPy on a strict array API, and on a GPU.

`array_api_strict` has nothing but the standard, so NumPy-only code fails where there is no GPU.
"""

import numpy as np
import pytest

from skopt_suite._component import stack
from skopt_suite._layout import Layout
from skopt_suite.backends import Placement, is_device_array, to_numpy
from skopt_suite.losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES, TargetType
from skopt_suite.models import ACTIVATIONS, NORMALIZATIONS, Context, DropoutDraws, Network
from skopt_suite.optimizers import LBFGS, OPTIMIZERS
from skopt_suite.penalties import (
    L1,
    L2,
    MCP,
    PENALTIES,
    SCAD,
    Box,
    ElasticNet,
    GroupLasso,
    MaxNorm,
    SparseGroupLasso,
    Sum,
    WeightedL1,
)
from skopt_suite.schedules import SCHEDULES, Cosine, Polynomial, ReduceOnPlateau, Warmup
from skopt_suite.testing._common import job_of, variants
from skopt_suite.training import Data, Rows, train

NUMPY = Placement(np)
N_FITS = 3


def both(elsewhere, *arrays):
    """Return copies on NumPy and elsewhere."""
    host = [array.copy() for array in arrays]
    return host, [elsewhere.asarray(array.copy()) for array in arrays]


def assert_same(other, host, rtol=1e-10):
    assert is_device_array(other)
    assert str(host.dtype) in str(other.dtype)
    atol = 1e-12 if host.dtype == np.float64 else 1e-6  # differences of numbers near 1
    np.testing.assert_allclose(to_numpy(other), host, rtol=rtol, atol=atol)


def registered(*registries):
    return [registry.resolve(name, owner="Test") for registry in registries for name in registry]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "loss, kind",
    [
        pytest.param(loss, kind, id=f"{loss.name}-{kind}")
        for loss in registered(CLASSIFICATION_LOSSES, REGRESSION_LOSSES)
        for kind in loss.kinds
    ],
)
def test_losses(elsewhere, loss, kind, dtype):
    rng = np.random.default_rng(0)
    raw = rng.normal(size=(N_FITS, 20, 3)).astype(dtype)
    is_class = kind == "classes"
    y = rng.integers(0, 3, (20, 1)) if is_class else rng.integers(0, 2, (20, 3)).astype(dtype)
    y = y + 1 if kind == "numbers" else y
    tolerance = 1e-5 if dtype == "float32" else 1e-10
    loss = loss.on(TargetType(kind, 3))
    host_loss, other_loss = (stack(variants(loss), place, 3) for place in (NUMPY, elsewhere))

    host, other = both(elsewhere, y, raw)
    for expected, actual in zip(
        host_loss.value_and_gradient(*host), other_loss.value_and_gradient(*other), strict=True
    ):
        assert_same(actual, expected, tolerance)
    if loss.has_hessian:
        host, other = both(elsewhere, y, raw)
        host, other = host_loss.hessian(*host), other_loss.hessian(*other)
        assert_same(other.matrices(), host.matrices(), tolerance)
    if kind != "numbers" and loss.has_probability:
        host, other = both(elsewhere, raw)
        assert_same(other_loss.probability(*other), host_loss.probability(*host), tolerance)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "penalty",
    [
        *(PENALTIES.resolve(name, owner="test").with_strength(1e-4) for name in PENALTIES),
        L1(alpha=0.3, positive=True),
        L2(alpha=0.3, positive=True),
        ElasticNet(alpha=0.3, positive=True),
        WeightedL1(alpha=0.3, feature_weights=[0.0, 2.0], positive=True),
        Box(low=[-0.5, 0.1], high=None),
        MCP(alpha=0.3, positive=True),
        SCAD(alpha=[0.1, 0.3]),
        GroupLasso(alpha=[0.2, 0.4], groups="incoming"),
        SparseGroupLasso(alpha=0.3, l1_ratio=0.5, groups=[[1]], positive=True),
        MaxNorm(max_norm=0.5),
        Sum(L2(alpha=0.3), GroupLasso(alpha=0.3)),
    ],
    ids=repr,
)
def test_penalties(elsewhere, penalty, dtype):
    layout = Layout.dense((2, 2, 2))
    weights = np.random.default_rng(0).normal(size=(N_FITS, 8)).astype(dtype)
    per_coordinate = np.random.default_rng(1).uniform(0.1, 1, (N_FITS, 8)).astype(dtype)
    host_penalty, other_penalty = (
        stack(variants(penalty), place).on(layout) for place in (NUMPY, elsewhere)
    )
    names = ["value"]
    names += ["smooth_value", "gradient"] if penalty.has_gradient else []
    names += ["nonsmooth_value"] if penalty.has_prox else []
    for name in names:
        host, other = both(elsewhere, weights)
        assert_same(getattr(other_penalty, name)(*other), getattr(host_penalty, name)(*host), 1e-5)
    for step_size in (per_coordinate, per_coordinate[:, :1].astype("float64")):
        if penalty.has_prox:
            host, other = both(elsewhere, weights, step_size)
            assert_same(other_penalty.prox(*other), host_penalty.prox(*host), 1e-5)
            host, other = both(elsewhere, weights)
            assert_same(other_penalty.project(*other), host_penalty.project(*host), 1e-5)
            _compare_debts(elsewhere, other_penalty, host_penalty, weights, step_size)


def _compare_debts(elsewhere, other_penalty, host_penalty, weights, step_size):
    host, other = both(elsewhere, weights)
    host_l1, other_l1 = host_penalty.linearised(*host), other_penalty.linearised(*other)
    assert (host_l1 is None) == (other_l1 is None)
    shape = host_penalty.debts(weights.shape[1])
    if host_l1 is None and shape[0]:
        host, other = both(elsewhere, weights, np.zeros((N_FITS, *shape), weights.dtype), step_size)
        debts = zip(other_penalty.pay(*other), host_penalty.pay(*host), strict=True)
        for actual, expected in debts:
            assert_same(actual, expected, 1e-5)
    elif host_l1 is not None and host_l1.l1 is not None:
        assert_same(other_l1.l1, host_l1.l1, 1e-5)


@pytest.mark.parametrize(
    "schedule",
    [
        *registered(SCHEDULES),
        Cosine(n_epochs=5),
        Polynomial(n_epochs=5),
        Warmup("cosine"),
        Warmup(ReduceOnPlateau(patience=1)),
    ],
    ids=repr,
)
def test_schedules(elsewhere, schedule):
    schedule = SCHEDULES.resolve(schedule, owner="test")
    host_schedule, other_schedule = (
        stack(variants(schedule), place) for place in (NUMPY, elsewhere)
    )
    (host_horizon,), (other_horizon,) = both(elsewhere, np.array([[8.0], [12.0], [16.0]]))
    host_state, other_state = (
        host_schedule.init(host_horizon),
        other_schedule.init(other_horizon),
    )
    for epoch in range(14):
        assert_same(
            other_schedule.factor_at(other_state, epoch + 0.5, other_horizon),
            host_schedule.factor_at(host_state, epoch + 0.5, host_horizon),
        )
        (host_loss,), (other_loss,) = both(
            elsewhere, np.full((N_FITS, 1), max(0.5, 1 - epoch / 10))
        )
        host_state = host_schedule.observe(host_state, host_loss)
        other_state = other_schedule.observe(other_state, other_loss)


NETWORKS = {
    **{name: Network((4, 5, 3, 2), (name, name)) for name in ACTIVATIONS},
    "residual": Network((4, 5, 5, 2), ("relu", "tanh"), residual=True),
    **{
        f"{name} normalization": Network((4, 5, 3, 2), ("relu", "tanh"), normalization=name)
        for name in NORMALIZATIONS
    },
}


@pytest.mark.parametrize("name", NETWORKS)
def test_models(elsewhere, name):
    rng, network = np.random.default_rng(0), NETWORKS[name]
    params, X = rng.normal(size=(N_FITS, network.n_params)), rng.normal(size=(9, 4))
    delta = rng.normal(size=(N_FITS, 9, 2))
    rates = np.array([[0.2, 0.5]] * N_FITS)
    (host_params, host_X, host_delta, host_rates), other = both(elsewhere, params, X, delta, rates)
    for drops in (True, False):
        context, other_context = (
            Context(DropoutDraws(one, seed=3, step=2) if drops else None)
            for one in (host_rates, other[3])
        )
        raw, trace = network.forward(host_params, host_X, context)
        other_raw, other_trace = network.forward(other[0], other[1], other_context)
        assert_same(other_raw, raw)
        gradient = network.backward(trace, host_delta.copy())
        assert_same(network.backward(other_trace, other[2]), gradient)


OPTIMIZERS_AND_MODELS = [
    pytest.param(optimizer, model, id=f"{optimizer!r}-{model}")
    for optimizer in [*registered(OPTIMIZERS), LBFGS(history_size=2)]
    for model in ("linear", "mlp", "mlp with dropout")
    if optimizer.takes_schedule or "dropout" not in model  # solvers take none
    if optimizer.takes_devices and (model == "linear" or not optimizer.only_linear)
]


@pytest.mark.parametrize("optimizer, model", OPTIMIZERS_AND_MODELS)
def test_stacks_of_fits(elsewhere, optimizer, model):
    """Optimizers, penalties by gradient and by prox, dropout, and fits that leave the stack."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 4))
    y = np.argmax(X[:, :3] + 0.5 * rng.normal(size=(30, 3)), axis=1)[:, None]
    loss = CLASSIFICATION_LOSSES["log_loss"]()
    if optimizer.only_quadratic:
        y, loss = rng.normal(size=(30, 3)), REGRESSION_LOSSES["squared_error"]()
    network = Network((4, 3)) if model == "linear" else Network((4, 5, 4, 3), ("relu", "tanh"))
    penalty = ElasticNet(alpha=0.05) if optimizer.takes_prox else L2(alpha=0.05)
    jobs = [
        job_of(
            network=network,
            loss=loss,
            penalty=one_penalty,
            optimizer=one_optimizer,
            schedule=Warmup(Cosine()) if optimizer.takes_schedule else SCHEDULES["constant"](),
            max_iter=max_iter,
            tol=1e-10,
            n_iter_no_change=50,
            batch_size=8,
            shuffle=True,
            early_stopping=False,
            dropout=(0.2, 0.1) if "dropout" in model else (),
            seed=1,
            dtype="float64",
            sample_weight=None if k else np.linspace(0.5, 1.5, 30),
        )
        for k, (one_penalty, one_optimizer, max_iter) in enumerate(
            zip(variants(penalty), variants(optimizer), (3, 6, 4), strict=True)
        )
    ]
    host, other = (
        train(jobs, Data.in_memory(Rows(place.asarray(X), place.asarray(y))), place)
        for place in (NUMPY, elsewhere)
    )
    for expected, actual in zip(host, other, strict=True):
        assert_same(actual.params, expected.params, rtol=1e-7)
        np.testing.assert_allclose(actual.loss_curve, expected.loss_curve, rtol=1e-7)
        assert (actual.stop_reason, actual.n_iter) == (expected.stop_reason, expected.n_iter)
