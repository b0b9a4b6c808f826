"""The check of optimizers."""

from __future__ import annotations

import numpy as np

from skopt_suite._target_type import TargetType
from skopt_suite.losses import AbsoluteError, Loss, SquaredError
from skopt_suite.models import Network
from skopt_suite.optimizers import OPTIMIZERS, Demands, Optimizer, Step
from skopt_suite.penalties import L1, L2, NoPenalty, Penalty
from skopt_suite.schedules import Constant
from skopt_suite.testing._common import (
    NUMPY,
    check_specification,
    check_state,
    expect,
    expect_array,
    expect_close,
    job_of,
    stacked,
    unchanged,
    variants,
)
from skopt_suite.training import Data, Job, Rows, train
from skopt_suite.training._objective import Objective, Terms
from skopt_suite.training._rows import InMemory, Weights

# A least-squares problem with known curvatures, so that its optimum is known, with L1 too.
# Distances are such that a rule whose steps are of length 1e-4, like Lion's, comes near.
_CURVATURES = np.array([1.0, 0.9, 0.8, 0.7, 0.6, 0.5])
_OPTIMUM = np.array([0.2, -0.18, 0.15, 0.02, -0.02, 0.0])
_BIAS = 0.05
_N_SAMPLES, _N_WEIGHTS, _N_FITS = 32, len(_OPTIMUM), 3
_N_PARAMS = _N_WEIGHTS + 1
_ALPHA = 0.05
_N_STEPS = 3000
_N_FIRST_STEPS = 1500


def check_optimizer(optimizer: Optimizer) -> None:
    """Check that an optimizer keeps the contract of `skopt_suite.optimizers.Optimizer`.

    It stores its parameters and does nothing else; steps keep shapes and precision; the state is a
    NamedTuple of arrays ``(n_fits, ...)``; a convex quadratic is brought well down with the
    hyperparameters that it has; a fit in a stack gives the same as alone, also when others leave
    the stack; and, where ``takes_prox``, training with an L1 penalty ends in the lasso's solution
    with exact zeros. (A rule that shrinks weights by itself, such as `AdamW`, has another solution;
    only the zeros are checked.)

    Parameters
    ----------
    optimizer : Optimizer
        Object of your own class.

    Raises
    ------
    AssertionError
        If it does not; the message says what was expected.

    See Also
    --------
    check_schedule : The same for schedules.
    check_penalty : The same for penalties.
    check_loss : The same for losses.

    Examples
    --------
    >>> from skopt_suite.optimizers import Momentum
    >>> from skopt_suite.testing import check_optimizer
    >>> check_optimizer(Momentum(learning_rate=0.02))

    >>> class Forgetful(Momentum):
    ...     def step_size(self, state, learning_rate):
    ...         return learning_rate  # but momentum moves ten times as far
    >>> check_optimizer(Forgetful())
    Traceback (most recent call last):
        ...
    AssertionError: Forgetful: with an L1 penalty ...
    """
    check_specification(optimizer, Optimizer)
    with unchanged(optimizer):
        resolved: Optimizer = OPTIMIZERS.resolve(optimizer, owner="check_optimizer")
        for dtype in ("float32", "float64"):
            _check_arrays(resolved, dtype)
        _check_progress(resolved)
        _check_stack(resolved)
        if optimizer.takes_prox and isinstance(_loss_for(resolved), SquaredError):
            _check_prox(resolved)


def _data(dtype: str = "float64") -> Rows:
    """Return data with ``loss(w, b) = ½ Σ curvature (w - optimum)² + ½ (b - bias)²``."""
    rng = np.random.default_rng(0)
    columns = np.hstack([np.ones((_N_SAMPLES, 1)), rng.normal(size=(_N_SAMPLES, _N_WEIGHTS))])
    X = np.sqrt(_N_SAMPLES) * np.linalg.qr(columns)[0][:, 1:] * np.sqrt(_CURVATURES)
    y = X @ _OPTIMUM[:, None] + _BIAS
    return Rows(X.astype(dtype), y.astype(dtype))


def _loss_for(specification: Optimizer) -> Loss:
    """Return a loss that is least at the optimum, and that the optimizer takes."""
    is_refused = specification.refusal(Demands(SquaredError(), L2())) is not None
    return AbsoluteError() if is_refused else SquaredError()


def _objective(specification: Optimizer, penalty: Penalty, rows: Rows) -> Objective:
    loss = stacked([_loss_for(specification)] * _N_FITS, ndim=3).on(TargetType("numbers", 1))
    network = Network((_N_WEIGHTS, 1))
    terms = Terms(network, loss, stacked([penalty] * _N_FITS))
    return terms.on_all(InMemory(rows.X, rows.y), Weights())


def _start(dtype: str = "float64") -> np.ndarray:
    """Return parameters on the other side of zero, each fit a little elsewhere."""
    start = -0.5 * np.append(_OPTIMUM, _BIAS) + 0.01 * np.arange(_N_FITS)[:, None]
    return start.astype(dtype)


def _trained(specification: Optimizer, objective: Objective, n_steps: int) -> np.ndarray:
    """Return what is shown after so many steps, or fewer if the optimizer is done."""
    optimizer, params = stacked([specification] * _N_FITS), _start()
    state, factor = optimizer.init(params, objective), np.ones((_N_FITS, 1))
    for _ in range(n_steps):
        step = optimizer.step(state, params, objective, factor)
        params, state = step.params, step.state
        if _is_done(step):
            break
    return optimizer.eval_params(state, params)


def _is_done(step: Step) -> bool:
    if step.stalled is not None and step.stalled.all():
        return True
    return step.optimality is not None and bool((step.optimality < 1e-12).all())


def _check_arrays(specification: Optimizer, dtype: str) -> None:
    optimizer, owner = stacked(variants(specification)), type(specification).__name__
    objective, params = _objective(specification, L2(alpha=0.01), _data(dtype)), _start(dtype)
    factor = np.ones((_N_FITS, 1))
    with unchanged(optimizer):
        state = optimizer.init(params, objective)
        structure = check_state(state, f"{owner}.init", _N_FITS)
        for _ in range(4):
            step = optimizer.step(state, params, objective, factor)
            expect(isinstance(step, Step), f"{owner}.step must return a Step; got {type(step)}.")
            params, state = step.params, step.state
            expect_array(params, f"{owner}: params after a step", (_N_FITS, _N_PARAMS), dtype)
            expect_array(step.loss, f"{owner}: the loss of a step", (_N_FITS,), dtype)
            expect(
                check_state(state, f"{owner}.step", _N_FITS) == structure,
                f"{owner}: the state after a step must be like that of init, the same fields, "
                f"shapes and precisions; got {state!r}.",
            )


def _check_progress(specification: Optimizer) -> None:
    owner = type(specification).__name__
    objective = _objective(specification, NoPenalty(), _data())
    before = objective.value(_start())
    after = objective.value(_trained(specification, objective, _N_FIRST_STEPS))
    expect(
        (after < before / 2).all(),
        f"{owner}: {_N_FIRST_STEPS} steps on a convex quadratic with curvatures from 0.5 to 1 must "
        f"bring it well below its start, {before.tolist()}; got {after.tolist()}.",
    )


def _check_stack(specification: Optimizer) -> None:
    owner = type(specification).__name__
    rows = _data()
    jobs = [
        _job(varied, start, max_iter)
        for varied, start, max_iter in zip(
            variants(specification), _start(), (5, 15, 9), strict=True
        )
    ]
    together = train(jobs, Data.in_memory(rows), NUMPY)
    for job, result in zip(jobs, together, strict=True):
        (alone,) = train([job], Data.in_memory(rows), NUMPY)
        expect_close(
            result.params,
            alone.params,
            f"{owner}: a fit in a stack of 3, which the others leave before or after it, must give "
            "the same as alone. Hyperparameters are arrays of shape (n_fits, 1), and rows of "
            "params must not mix.",
            rtol=1e-8,
            atol=1e-9,
        )


def _job(optimizer: Optimizer, start: np.ndarray, max_iter: int) -> Job:
    return job_of(
        network=Network((_N_WEIGHTS, 1)),
        loss=_loss_for(optimizer),
        penalty=L2(alpha=0.01),
        optimizer=optimizer,
        schedule=Constant(),
        max_iter=max_iter,
        tol=1e-12,
        n_iter_no_change=max_iter,
        batch_size=10,
        shuffle=True,
        early_stopping=False,
        dropout=(),
        seed=0,
        dtype="float64",
        start=start,
    )


def _check_prox(specification: Optimizer) -> None:
    owner = type(specification).__name__
    threshold = _ALPHA / _CURVATURES
    lasso = np.sign(_OPTIMUM) * np.clip(np.abs(_OPTIMUM) - threshold, 0.0, None)
    objective = _objective(specification, L1(alpha=_ALPHA), _data())
    weights = _trained(specification, objective, _N_STEPS)[:, :_N_WEIGHTS]
    if not _shrinks_by_itself(specification):
        expect_close(
            weights,
            np.tile(lasso, (_N_FITS, 1)),
            f"{owner}: with an L1 penalty {_N_STEPS} steps must end in the lasso's solution "
            f"{lasso.round(4).tolist()}; got {weights.round(4).tolist()}. step_size must be how "
            "far the step moves per unit of constant gradient.",
            rtol=0.0,
            atol=2e-3,
        )
    expect(
        (weights[:, lasso == 0] == 0).all(),
        f"{owner}: with an L1 penalty weights {np.flatnonzero(lasso == 0).tolist()} must be "
        f"exactly 0; got {weights[:, lasso == 0].tolist()}.",
    )


def _shrinks_by_itself(specification: Optimizer) -> bool:
    """Whether weights move where there is no gradient."""
    rows = _data()
    flat = _objective(
        specification, NoPenalty(), Rows(np.zeros_like(rows.X), np.zeros_like(rows.y))
    )
    start = _start()
    start[:, _N_WEIGHTS:] = 0.0
    optimizer, params = stacked([specification] * _N_FITS), start.copy()
    step = optimizer.step(optimizer.init(params, flat), params, flat, np.ones((_N_FITS, 1)))
    return not np.array_equal(step.params, start)
