"""Every registered component passes the public checks, and broken ones fail them."""

import math
import re
from typing import NamedTuple

import numpy as np
import pytest

from skopt_suite._component import Component
from skopt_suite._domains import Real
from skopt_suite.losses import (
    CLASSIFICATION_LOSSES,
    REGRESSION_LOSSES,
    AbsoluteError,
    Huber,
    LogLoss,
    SquaredError,
)
from skopt_suite.optimizers import (
    FISTA,
    LBFGS,
    OPTIMIZERS,
    SGD,
    Adam,
    AdamW,
    FirstOrder,
    GradientDescent,
    Momentum,
    Nesterov,
)
from skopt_suite.penalties import L1, L2, PENALTIES, ElasticNet, Penalty
from skopt_suite.schedules import (
    SCHEDULES,
    Constant,
    Cosine,
    Exponential,
    Polynomial,
    ReduceOnPlateau,
    Schedule,
    Warmup,
)
from skopt_suite.testing import check_loss, check_optimizer, check_penalty, check_schedule


def registered(registry):
    return [registry[name]() for name in registry]


# ------------------------------------------------------------------------ what is in the box


@pytest.mark.parametrize(
    "optimizer",
    [
        *registered(OPTIMIZERS),
        AdamW(weight_decay=0.0),  # with its decay, only the zeros of the lasso are checked
        Adam(beta1=0.0, beta2=0.9, epsilon=1e-3),
        Momentum(momentum=0.0),
        Nesterov(momentum=0.5),
        LBFGS(history_size=2, max_line_search=5),
    ],
    ids=repr,
)
def test_optimizer(optimizer):
    check_optimizer(optimizer)


@pytest.mark.parametrize(
    "schedule",
    [
        *registered(SCHEDULES),
        Cosine(n_epochs=5, final_factor=0.1),
        Polynomial(power=2, n_epochs=7, final_factor=0.2),
        ReduceOnPlateau(patience=1, min_factor=0.2),
        Warmup("cosine", n_epochs=2.5),
        Warmup("reduce_on_plateau"),
        Warmup(Warmup(Exponential(0.9), n_epochs=2), n_epochs=3),
    ],
    ids=repr,
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
    ],
    ids=repr,
)
def test_penalty(penalty):
    check_penalty(penalty)


@pytest.mark.parametrize(
    "loss",
    [*registered(CLASSIFICATION_LOSSES), *registered(REGRESSION_LOSSES), Huber(delta=0.2)],
    ids=repr,
)
def test_loss(loss):
    check_loss(loss)


# ------------------------------------------------------------- components of users that are right


class SignDescent(FirstOrder):
    """A rule with `init` and `update` only."""

    takes_prox = False
    parameters = {"learning_rate": Real(0, open_low=True)}

    def __init__(self, learning_rate=1e-3):
        self.learning_rate = learning_rate

    def init(self, params):
        return ()

    def update(self, state, params, gradient, learning_rate, n_weights):
        return params - learning_rate.astype(params.dtype) * np.sign(gradient), state


class Ripple(Schedule):
    """A schedule without parameters."""

    def factor_at(self, state, time, horizon):
        return (1 + np.cos(2 * math.pi * time / horizon)) / 2


class GroupLasso(Penalty):
    """All weights are one group; not separable."""

    parameters = {"alpha": Real(0)}
    has_prox = True

    def __init__(self, alpha=0.1):
        self.alpha = alpha

    def nonsmooth_value(self, weights):
        norm = np.sqrt((weights * weights).sum(axis=1))
        return norm * self.alpha[:, 0].astype(weights.dtype)

    def prox(self, weights, step_size):
        # one step size only: the mean of those per coordinate
        step_size = step_size.mean(axis=1, keepdims=True)
        norm = np.sqrt((weights * weights).sum(axis=1, keepdims=True))
        kept = np.clip(1 - self.alpha * step_size / np.where(norm > 0, norm, 1), 0, None)
        return weights * kept.astype(weights.dtype)


def test_a_rule_with_only_init_and_update_passes():
    check_optimizer(SignDescent())


def test_a_schedule_without_parameters_passes():
    check_schedule(Ripple())


def test_the_prox_of_a_group_is_right_for_one_step_size_and_wrong_for_many():
    with pytest.raises(AssertionError, match=r"GroupLasso\.prox must return argmin") as error:
        check_penalty(GroupLasso())
    assert re.search(r"step_size \[[\d., ]+,[\d., ]+\]", str(error.value))


# ------------------------------------------------------------------ broken specifications


class Undeclared(L2):
    parameters = {"alpha": Real(0)}


class Converting(L2):
    def __init__(self, alpha=1e-4, positive=False):
        self.alpha = float(alpha)
        self.positive = positive


class Renaming(L2):
    def __init__(self, alpha=1e-4, positive=False):
        self.alpha = positive
        self.positive = alpha


class Busy(L2):
    def __init__(self, alpha=1e-4, positive=False):
        self.alpha = alpha
        self.positive = positive
        self.cache = {}


class BadDefault(L2):
    def __init__(self, alpha=-1.0, positive=False):
        self.alpha = alpha
        self.positive = positive


class Unstored(L2):
    def __init__(self, alpha=1e-4, positive=False):
        self.positive = positive


@pytest.mark.parametrize(
    "penalty, message",
    [
        (Undeclared(), r"parameters must declare .* \['alpha', 'positive'\]; got \['alpha'\]"),
        (Converting(), "must store its parameters and do nothing else; given placeholders"),
        (Busy(), r"must store its parameters and nothing else; it also sets \['cache'\]"),
        (BadDefault(1.0), r"the default of BadDefault\.alpha is outside .* \[0, inf\); got -1\.0"),
        (L2(alpha=-2.0), r"L2\.alpha is outside its own domain: .* got -2\.0"),
        (Unstored(), "must name its parameters and store each of them"),
        (L1, "expected an object of a subclass of Penalty; got <class"),
        (SGD(), "expected an object of a subclass of Penalty; got SGD"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_broken_specification(penalty, message):
    with pytest.raises(AssertionError, match=message):
        check_penalty(penalty)


def test_parameters_stored_under_the_wrong_name():
    with pytest.raises(AssertionError, match=r"must store (alpha as self\.alpha|positive as)"):
        check_penalty(Renaming(alpha=1.0))


# ---------------------------------------------------------------------- broken optimizers


class Uphill(SGD):
    def update(self, state, params, gradient, learning_rate, n_weights):
        return params + learning_rate * gradient, state


class Doubling(SGD):
    def update(self, state, params, gradient, learning_rate, n_weights):
        return params.astype("float64") - learning_rate * gradient, state


class Remembering(SGD):
    def update(self, state, params, gradient, learning_rate, n_weights):
        self.last = gradient
        return super().update(state, params, gradient, learning_rate, n_weights)


class Decaying(SGD):
    def update(self, state, params, gradient, learning_rate, n_weights):
        self.learning_rate *= 0.999
        return super().update(state, params, gradient, learning_rate, n_weights)


class Averaging(SGD):
    """Fits share what each should have for itself."""

    def update(self, state, params, gradient, learning_rate, n_weights):
        gradient = gradient.mean(axis=0, keepdims=True) + np.zeros_like(gradient)
        return super().update(state, params, gradient, learning_rate, n_weights)


class FirstRate(SGD):
    """The hyperparameters of the first fit are used for all."""

    def update(self, state, params, gradient, learning_rate, n_weights):
        learning_rate = np.broadcast_to(learning_rate[:1], learning_rate.shape).copy()
        return super().update(state, params, gradient, learning_rate, n_weights)


class ListState(SGD):
    def init(self, params):
        return [np.zeros_like(params)]


class Count(NamedTuple):
    n_steps: np.ndarray


class SharedArray(SGD):
    def init(self, params):
        return Count(np.zeros((1, 1)))


class GrowingState(SGD):
    def init(self, params):
        return ()

    def update(self, state, params, gradient, learning_rate, n_weights):
        params, _ = super().update(state, params, gradient, learning_rate, n_weights)
        return params, (*state, gradient)


class ShortStep(Momentum):
    def step_size(self, state, learning_rate):
        return learning_rate


class OneStepSize(Adam):
    def step_size(self, state, learning_rate):
        return learning_rate


class ProxForgotten(FISTA):
    def step(self, state, params, problem, factor):
        problem = _Smooth(problem)
        return super().step(state, params, problem, factor)


class _Smooth:
    """An objective that hides its part that is not smooth."""

    has_prox = False

    def __init__(self, problem):
        self.problem, self.n_weights = problem, problem.n_weights
        self.value, self.value_and_gradient = problem.value, problem.value_and_gradient
        self.prox, self.optimality = problem.prox, problem.optimality


@pytest.mark.parametrize(
    "optimizer, message",
    [
        (Uphill(), "Uphill: 3000 steps on a convex quadratic"),
        (SGD(learning_rate=1e-9), "SGD: 3000 steps on a convex quadratic"),
        (Doubling(), "params after a step must keep the precision of its input, float32"),
        (Remembering(), "must not change the object, but its attribute 'last' changed"),
        (Decaying(), "must not change the object, but its attribute 'learning_rate' changed"),
        (Averaging(), "Averaging: a fit in a stack of 3"),
        (FirstRate(), "FirstRate: a fit in a stack of 3"),
        (ListState(), "a state must be None, an int .* got list"),
        (
            SharedArray(),
            r"arrays of shape \(n_fits, ...\), here n_fits = 3; got ndarray .*\(1, 1\)",
        ),
        (GrowingState(), "the state after a step must be like that of init"),
        (ShortStep(), "with an L1 penalty 3000 steps must end in the lasso's solution"),
        (OneStepSize(), "with an L1 penalty 3000 steps must end in the lasso's solution"),
        (ProxForgotten(), "with an L1 penalty 3000 steps must end in the lasso's solution"),
    ],
    ids=repr,
)
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")  # Uphill goes far
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_broken_optimizer(optimizer, message):
    with pytest.raises(AssertionError, match=message):
        check_optimizer(optimizer)


# ------------------------------------------------------------------------ broken schedules


class Negative(Schedule):
    def factor_at(self, state, time, horizon):
        return 1 - time / horizon


class Scalar(Schedule):
    def factor_at(self, state, time, horizon):
        return 1.0


class Infinite(Schedule):
    def factor_at(self, state, time, horizon):
        return np.where(time > 20, np.inf, 1.0) * np.ones_like(horizon)


class SharedHorizon(Schedule):
    def factor_at(self, state, time, horizon):
        return np.clip(1 - time / horizon.max(), 0, None) * np.ones_like(horizon)


class NumberOfTime(Schedule):
    """Does not take one time per fit, as `Warmup` gives."""

    def factor_at(self, state, time, horizon):
        return np.full_like(horizon, 0.5 ** np.max(time) if np.ndim(time) == 0 else 1.0)


class ForgetfulPlateau(ReduceOnPlateau):
    def observe(self, state, loss):
        return tuple(super().observe(state, loss))[:2]


class CountingCalls(Constant):
    def factor_at(self, state, time, horizon):
        self.n_calls = getattr(self, "n_calls", 0) + 1
        return super().factor_at(state, time, horizon)


@pytest.mark.parametrize(
    "schedule, message",
    [
        (Negative(), r"Negative\.factor_at must not be negative; got .* at time 10\.25"),
        (Scalar(), r"Scalar\.factor_at\(time=0\) must be an array of shape \(3, 1\); got \(\)"),
        (Infinite(), r"Infinite\.factor_at\(time=20\.25\) must be finite"),
        (SharedHorizon(), "a fit in a stack must get the same factors as alone"),
        (NumberOfTime(), "must give the same for a number as for an array"),
        (ForgetfulPlateau(), "observe must return a state like that of init"),
        (CountingCalls(), "must not change the object, but its attribute 'n_calls' changed"),
    ],
    ids=repr,
)
def test_broken_schedule(schedule, message):
    with pytest.raises(AssertionError, match=message):
        check_schedule(schedule)


# ------------------------------------------------------------------------ broken penalties


class WrongGradient(L2):
    def gradient(self, weights):
        return 2 * super().gradient(weights)


class WrongProx(L1):
    def prox(self, weights, step_size):
        return super().prox(weights, 0.99 * step_size)


class StepIgnored(L1):
    def prox(self, weights, step_size):
        return super().prox(weights, np.ones_like(step_size))


class AllZero(L1):
    def prox(self, weights, step_size):
        return np.zeros_like(weights)


class MeanStep(L1):
    """Right for one step size, wrong for one per coordinate."""

    def prox(self, weights, step_size):
        return super().prox(weights, step_size.mean(axis=1, keepdims=True))


class DoubledValue(L2):
    def value(self, weights):
        return 2 * super().value(weights)


class WidePrecision(L1):
    def nonsmooth_value(self, weights):
        return super().nonsmooth_value(weights).astype("float64")


class SumOverFits(L2):
    def smooth_value(self, weights):
        return np.full(len(weights), super().smooth_value(weights).sum())


class FirstAlpha(L1):
    def prox(self, weights, step_size):
        threshold = self.alpha[0, 0] * step_size * np.ones_like(self.alpha)
        return np.sign(weights) * np.clip(np.abs(weights) - threshold, 0, None).astype(
            weights.dtype
        )


@pytest.mark.parametrize(
    "penalty, message",
    [
        (WrongGradient(), r"gradient must be that of smooth_value, and finite differences"),
        (WrongProx(), r"prox must return argmin over u of"),
        (StepIgnored(), r"StepIgnored\.prox"),
        (AllZero(), r"must leave points that the penalty allows where they are"),
        (MeanStep(), r"prox must return argmin over u of"),
        (DoubledValue(), r"value must be smooth_value \+ nonsmooth_value"),
        (WidePrecision(), r"nonsmooth_value must keep the precision of its input, float32"),
        (SumOverFits(), r"a fit in a stack must get the same as alone"),
        (FirstAlpha(), r"a fit in a stack must get the same as alone"),
    ],
    ids=repr,
)
def test_broken_penalty(penalty, message):
    with pytest.raises(AssertionError, match=message):
        check_penalty(penalty)


# --------------------------------------------------------------------------- broken losses


class Flipped(LogLoss):
    def value_and_gradient(self, y, raw):
        value, gradient = super().value_and_gradient(y, raw)
        return value, -gradient


class Kinked(AbsoluteError):
    is_smooth = True


class MeanOverOutputs(SquaredError):
    """Value and gradient disagree only where there are several targets."""

    def value_and_gradient(self, y, raw):
        value, gradient = super().value_and_gradient(y, raw)
        return value / raw.shape[-1], gradient


class SingleDelta(Huber):
    def value_and_gradient(self, y, raw):
        residual = raw - y
        clipped = np.minimum(abs(residual), self.delta.max().astype(raw.dtype))
        value = clipped * (abs(residual) - clipped / 2)
        return value.sum(axis=-1), np.sign(residual) * clipped


class Centring(SquaredError):
    def value_and_gradient(self, y, raw):
        y -= y.mean()
        return super().value_and_gradient(y, raw)


class Unnormalised(LogLoss):
    def probability(self, raw, exclusive):
        return super().probability(raw, exclusive=False)


class PerSample(SquaredError):
    def value_and_gradient(self, y, raw):
        value, gradient = super().value_and_gradient(y, raw)
        return value.mean(axis=1), gradient


class Neither(Component):
    pass


@pytest.mark.parametrize(
    "loss, message",
    [
        (Flipped(), r"Flipped \(two classes\): the gradient must be that of the value"),
        (Kinked(), r"the gradient jumps by 2, so the loss is not smooth; set is_smooth = False"),
        (MeanOverOutputs(), r"MeanOverOutputs \(two targets\): the gradient must be that"),
        (SingleDelta(), r"a fit in a stack must get the same (value|gradient) as alone"),
        (Centring(), r"the targets must not be overwritten"),
        (Unnormalised(), r"\(three classes\): the probabilities of the classes must add up to 1"),
        (PerSample(), r"the value must be an array of shape \(3, 24\); got \(3,\)"),
        (Neither(), r"expected an object of a subclass of Loss"),
    ],
    ids=repr,
)
def test_broken_loss(loss, message):
    with pytest.raises(AssertionError, match=message):
        check_loss(loss)


def test_full_batch_gradient_descent_takes_a_larger_rate():
    check_optimizer(GradientDescent(learning_rate=1.0))
