"""Fits of every kind, trained by compiled steps and by the definition."""

from itertools import product

import numpy as np

from skopt_suite._target_type import TargetType
from skopt_suite.backends import Placement
from skopt_suite.backends.kernels._numba._concave import TANGENTS
from skopt_suite.backends.kernels._numba._loss_bodies import LOSSES
from skopt_suite.backends.kernels._numba._projections import PROJECTIONS
from skopt_suite.backends.kernels._numba._united import UNITED
from skopt_suite.losses import (
    CLASSIFICATION_LOSSES,
    REGRESSION_LOSSES,
    Focal,
    LogLoss,
    Quantile,
    Tweedie,
)
from skopt_suite.models import Network
from skopt_suite.optimizers import (
    OPTIMIZERS,
    Demands,
    RMSprop,
    Rule,
)
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
from skopt_suite.schedules import SCHEDULES, Constant
from skopt_suite.testing._common import job_of, variants
from skopt_suite.testing._pairwise import pairwise
from skopt_suite.training import Data, Rows, _compiled, _loop, _names, train

NUMPY = Placement(np)
N_SAMPLES, N_FEATURES, BATCH = 53, 5, 16  # the last batch is smaller


def given(loss, dtype, seed=0):
    """Rows with targets that a loss takes."""
    loss, kind, n_outputs = loss
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N_SAMPLES, N_FEATURES)).astype(dtype)
    raw = X @ rng.normal(size=(N_FEATURES, n_outputs)) + rng.normal(size=(N_SAMPLES, n_outputs))
    if kind == "classes":
        return Rows(X, np.argmax(raw, axis=1)[:, None])
    numbers = np.abs(raw) + 0.1 if loss.has_link else raw
    return Rows(X, (raw > 0 if kind == "labels" else numbers).astype(dtype))


def grid(factors):
    return [dict(zip(factors, values, strict=True)) for values in product(*factors.values())]


MODELS = {
    "linear": ((), ()),
    "one layer": ((7,), ("relu",)),
    "three layers": ((7, 4, 6), ("leaky_relu", "identity", "relu")),
    "curves": ((5, 4, 6), ("tanh", "gelu", "relu")),
    "more curves": ((5, 4, 6, 3), ("elu", "softplus", "silu", "logistic")),
    "bent": ((5, 4, 6), ("selu", "mish", "hard_swish")),
    "cut off": ((5, 4, 6), ("hard_tanh", "relu", "hard_sigmoid")),
    "dropout": ((7, 6), ("relu", "tanh")),
    "dropout of the input": ((7, 6), ("relu", "tanh")),
    "dropout of the input, linear": ((), ()),
}
LABELS_OF = [("classes", 3), ("labels", 1), ("labels", 3)]
ALL_LOSSES = [
    *((LogLoss(label_smoothing=0.3), *targets) for targets in LABELS_OF),
    *((Focal(gamma=0.4), *targets) for targets in LABELS_OF),
    *((Tweedie(power), "numbers", 2) for power in (0.0, 1.0, 2.0, 3.0)),
    *((Quantile([0.2, 0.5, 0.9]), "numbers", n_outputs) for n_outputs in (1, 2)),
]
ALL_LOSSES += [
    (losses[name](), kind, n_outputs)
    for losses in (CLASSIFICATION_LOSSES, REGRESSION_LOSSES)
    for name in losses
    for kind, n_outputs in [
        ("classes", 3),
        ("labels", 1),
        ("labels", 3),
        ("numbers", 1),
        ("numbers", 2),
    ]
    if kind in losses[name].kinds and (kind, n_outputs) != ("classes", 1)
]


def name_of_loss(loss, kind, n_outputs):
    return _names.loss_name(loss.on(TargetType(kind, n_outputs)))


def name_of_formula(penalty):
    """None of a penalty whose epochs are not compiled, an empty one where it needs no formula."""
    acts = penalty.description()
    if acts is None or acts.formula is None:
        return None if acts is None else ""
    return _names.name_of(acts.formula)


ALL_LOSSES = [loss for loss in ALL_LOSSES if name_of_loss(*loss) in LOSSES]
FORMULAS = {*TANGENTS, *PROJECTIONS, *UNITED}
RULES_HERE = [
    rule
    for rule in map(OPTIMIZERS.__getitem__, OPTIMIZERS)
    if issubclass(rule, Rule) and not rule.is_full_batch
]
PENALTIES_HERE = [PENALTIES.resolve(name, owner="Test") for name in PENALTIES]
FACTORS = {
    "rule": [*(rule() for rule in RULES_HERE), RMSprop(momentum=0.5, centered=True)],
    "loss": ALL_LOSSES,
    "penalty": [
        *(penalty for penalty in PENALTIES_HERE if name_of_formula(penalty) in {"", *FORMULAS}),
        WeightedL1(0.02, feature_weights=[0.0, 0.5, 1.0, 1.5, 2.0]),
        Sum(L2(0.02), L1(0.02, positive=True)),
        L1(0.01, positive=True),
        L2(0.01, positive=True),
        ElasticNet(0.02),
        MCP(0.03, positive=True),
        Sum(L2(0.02), SCAD(0.05)),
        GroupLasso(0.05, groups=[1, 0, 1, 2, 0]),
        GroupLasso(0.05, groups="units", positive=True),
        SparseGroupLasso(0.1, l1_ratio=0.4, groups=[[4, 0], [2]]),
        Sum(L2(0.02), MaxNorm(0.4)),
        Box([-0.1, 0.0, -0.3, -0.2, 0.1], [0.2, 0.5, -0.1, 0.2, 0.1]),
    ],
    "model": list(MODELS),
    "schedule": [SCHEDULES.resolve(name, owner="Test") for name in SCHEDULES],
    "dtype": ["float32", "float64"],
    "weighted": [False, True],
    "shuffle": [True, False],
}


def is_allowed(rule, loss, penalty, model):
    """Rules take all schedules."""
    dropout = 0.2 if "dropout" in model else 0.0
    demands = Demands(loss[0], penalty, "cosine", dropout, 0.0, MODELS[model][0])
    return rule.refusal(demands) is None


# Rules see gradients only, whatever they are of, and losses raw predictions.
APART = [frozenset({"loss", other}) for other in ("rule", "penalty", "schedule")]
COMBINATIONS = pairwise(FACTORS, is_allowed, apart=APART)


def jobs_of(rule, loss, penalty, model, schedule, dtype, weighted, shuffle, n_fits=3):
    loss, kind, n_outputs = loss
    hidden, activations = MODELS[model]
    weight = np.random.default_rng(1).uniform(0.2, 2, N_SAMPLES)
    return [
        job_of(
            network=Network((N_FEATURES, *hidden, n_outputs * loss.n_raw), activations),
            loss=varied_loss,
            penalty=varied_penalty,
            optimizer=varied_rule,
            schedule=schedule,
            max_iter=4,
            tol=1e-10,
            n_iter_no_change=100,
            batch_size=BATCH,
            shuffle=shuffle,
            early_stopping=False,
            dropout=(0.3, 0.2) if model == "dropout" else (),
            input_dropout=0.25 if "of the input" in model else 0.0,
            seed=3,
            dtype=dtype,
            targets=TargetType(kind, n_outputs),
            sample_weight=weight / weight.mean() if weighted else None,
        )
        for varied_loss, varied_penalty, varied_rule in zip(
            *(variants(one)[:n_fits] for one in (loss, penalty.with_strength(1e-4), rule)),
            strict=True,
        )
    ]


def trained(jobs, rows, monkeypatch, by_definition):
    """Results, and whether a backend made the steps."""
    made = []

    def seen(*given):
        steps = None if by_definition else compiled_steps(*given)
        made.append(steps is not None)
        return steps

    compiled_steps = _loop.compiled_steps
    with monkeypatch.context() as patch:
        patch.setattr(_loop, "compiled_steps", seen)
        patch.setattr(_compiled, "_FEWEST_FITS", 2)  # in the first epoch, one after the other
        return train(jobs, Data.in_memory(rows), NUMPY), all(made)


def plain(**options):
    return {
        "model": "linear",
        "schedule": Constant(),
        "dtype": "float64",
        "weighted": False,
        "shuffle": True,
        **options,
    }


def name_of(combination):
    return "-".join(str(value) for value in combination.values())


def assert_steps_are_those_of_the_definition(combination, monkeypatch):
    """Train a combination both ways."""
    jobs = jobs_of(**combination)
    rows = given(combination["loss"], combination["dtype"])
    ours, is_compiled = trained(jobs, rows, monkeypatch, by_definition=False)
    theirs, _ = trained(jobs, rows, monkeypatch, by_definition=True)
    assert is_compiled
    rtol = 2e-3 if combination["dtype"] == "float32" else 1e-8
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one.params, other.params, rtol=rtol, atol=rtol / 100)
        np.testing.assert_allclose(one.loss_curve, other.loss_curve, rtol=rtol)
