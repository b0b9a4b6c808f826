"""Every registered component passes the public checks."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from skopt_suite._component import stack
from skopt_suite._layout import Layout
from skopt_suite.backends import Placement
from skopt_suite.losses import (
    CLASSIFICATION_LOSSES,
    REGRESSION_LOSSES,
    EpsilonInsensitive,
    Focal,
    Huber,
    LogLoss,
    Quantile,
    SquaredEpsilonInsensitive,
    Tweedie,
)
from skopt_suite.optimizers import (
    LBFGS,
    OPTIMIZERS,
    SGD,
    Adadelta,
    Adam,
    AdamW,
    AverageWeights,
    ClipGradient,
    FirstOrder,
    GradientDescent,
    Lookahead,
    Momentum,
    Nesterov,
    RAdam,
    RMSprop,
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
from skopt_suite.schedules import (
    SCHEDULES,
    Adaptive,
    Cosine,
    CosineRestarts,
    Cyclic,
    Exponential,
    FromFunction,
    Linear,
    MultiStep,
    OneCycle,
    Polynomial,
    Product,
    ReduceOnPlateau,
    Then,
    Warmup,
    WarmupStableDecay,
)
from skopt_suite.testing import check_loss, check_optimizer, check_penalty, check_schedule


def registered(registry):
    return [registry.resolve(name, owner="Test") for name in registry]


@pytest.mark.parametrize(
    "optimizer",
    [
        *registered(OPTIMIZERS),
        AdamW(weight_decay=0.0),  # with its decay, only the zeros of the lasso are checked
        Adam(beta1=0.0, beta2=0.9, epsilon=1e-3),
        Momentum(momentum=0.0),
        Nesterov(momentum=0.5),
        RMSprop(rho=0.99, momentum=0.9),
        Adadelta(rho=0.9, epsilon=1e-4),
        RAdam(learning_rate=0.01, beta2=0.5),  # which never divides
        ClipGradient(SGD(0.1), value=0.05),
        ClipGradient(Momentum(0.01), value=0.03, norm=0.05),
        AverageWeights(Lookahead(ClipGradient("sgd"))),
        AverageWeights("nesterov", decay=0.5),
        LBFGS(history_size=2, max_line_search=5),
    ],
    ids=repr,
)
def test_optimizer(optimizer):
    check_optimizer(optimizer)


@pytest.mark.parametrize(
    "rule",
    [  # with slopes there is no such number
        rule
        for rule in registered(OPTIMIZERS)
        if isinstance(rule, FirstOrder) and rule.takes_prox and not rule.has_slopes
    ],
    ids=repr,
)
def test_step_size_is_the_last_move_per_unit_of_constant_gradient(rule):
    stacked = stack([rule], Placement(np))
    gradient = np.array([[3.0, -0.5, 1e-3, 40.0]])
    params = np.zeros_like(gradient)
    layout = Layout(())  # no weights, which might decay
    state = stacked.init(params, SimpleNamespace(layout=layout, has_prox=False))
    for _ in range(30):
        before = params.copy()
        rate = stacked.learning_rate
        params, state = stacked.update(state, params, gradient.copy(), rate, layout)
        step_size = stacked.step_size(state, stacked.learning_rate)
        np.testing.assert_allclose(before - params, step_size * gradient, rtol=1e-9)


def without_addresses(component):
    """Its repr, which is the same in all processes."""
    return re.sub(" at 0x[0-9a-f]+", "", repr(component))


def half_from_the_middle_on(time, horizon):
    return np.where(time < horizon / 2, 1.0, 0.5)


@pytest.mark.parametrize(
    "schedule",
    [
        *registered(SCHEDULES),
        Cosine(n_epochs=5, final_factor=0.1),
        Adaptive(patience=1, min_factor=0.2),
        CosineRestarts(period=3, growth=1.0),
        CosineRestarts(period=1, growth=1.5, final_factor=0.1),
        Cyclic(mode="triangular2"),
        Cyclic(mode="exp_range", low_factor=0.0),
        FromFunction(half_from_the_middle_on),
        Linear(start_factor=0.1, final_factor=0.5, n_epochs=6),
        MultiStep(milestones=7),
        MultiStep(milestones=[3, 9.5, 20], gamma=0.5),
        OneCycle(shape="linear", n_epochs=12),
        Polynomial(power=2, n_epochs=7, final_factor=0.2),
        Product("reduce_on_plateau", "cosine_restarts"),
        ReduceOnPlateau(patience=1, min_factor=0.2),
        Then("warmup", "reduce_on_plateau", at=3.5),
        Then(Then("reduce_on_plateau", "linear", at=2), "product", at=5),
        Then("adaptive", "constant", at=100),
        Warmup("cosine", n_epochs=2.5),
        Warmup("reduce_on_plateau"),
        Warmup(Warmup(Exponential(0.9), n_epochs=2), n_epochs=3),
        WarmupStableDecay(warmup=0.0, shape="linear"),
        WarmupStableDecay(warmup=0.7, decay=0.6, shape="cosine"),
    ],
    ids=without_addresses,
)
def test_schedule(schedule):
    check_schedule(schedule)


@pytest.mark.parametrize(
    "penalty",
    [
        *registered(PENALTIES),
        L1(alpha=0.3),
        L1(alpha=0.0),
        L1(positive=True),
        L2(positive=True),
        ElasticNet(alpha=0.2, l1_ratio=0.9),
        ElasticNet(l1_ratio=0.0),
        ElasticNet(alpha=0.2, positive=True),
        L2(alpha=[0.1, 0.3]),
        WeightedL1(alpha=0.3, feature_weights=[0, 1, 2, 0.5, 0.1, 1, 1, 3]),
        WeightedL1(alpha=[0.2, 0.1], positive=True),
        Box(low=-0.3, high=None),
        Box(low=[-0.1] * 7 + [0.2], high=0.5),
        MCP(alpha=0.3, gamma=1.1),
        MCP(alpha=[0.1, 0.3], positive=True),
        SCAD(alpha=0.5, gamma=2.1),
        SCAD(alpha=0.5, positive=True),
        GroupLasso(alpha=0.3, groups=["a", "b", "a", "a", "b", "b", "a", "c"], positive=True),
        GroupLasso(alpha=[0.1, 0.3], groups="incoming"),
        SparseGroupLasso(alpha=0.4, l1_ratio=0.5, groups=[[7, 0, 3], [1, 5]]),
        MaxNorm(max_norm=0.5),
        MaxNorm(max_norm=[0.5, 1.0]),
        Sum(L2(alpha=0.1), GroupLasso(alpha=0.2)),
        Sum(L2(alpha=0.1), L2(alpha=0.3)),
        Sum("l2", ElasticNet(alpha=0.3)),
    ],
    ids=repr,
)
def test_penalty(penalty):
    check_penalty(penalty)


@pytest.mark.parametrize(
    "penalty, message",
    [
        (GroupLasso(groups=[0, 1, 1]), "groups must be a label for each of the 8 features; got 3"),
        (L2(alpha=[1.0, 2.0, 3.0]), "alpha must be one number, or one for each of the 1 outputs"),
    ],
    ids=repr,
)
def test_a_penalty_that_suits_no_layout(penalty, message):
    with pytest.raises(ValueError, match=message):
        check_penalty(penalty)


@pytest.mark.parametrize(
    "loss",
    [
        *registered(CLASSIFICATION_LOSSES),
        *registered(REGRESSION_LOSSES),
        Huber(delta=0.2),
        LogLoss(label_smoothing=0.2),
        Focal(gamma=0.0),
        Focal(gamma=0.7),
        EpsilonInsensitive(epsilon=0.0),
        SquaredEpsilonInsensitive(epsilon=0.6),
        Quantile(0.9),
        Quantile([0.1, 0.5, 0.6]),
        *(Tweedie(power) for power in (-1.0, 0.0, 1.0, 1.9, 2.0, 3.0)),
    ],
    ids=repr,
)
def test_loss(loss):
    check_loss(loss)


def test_full_batch_gradient_descent_takes_a_larger_rate():
    check_optimizer(GradientDescent(learning_rate=1.0))
