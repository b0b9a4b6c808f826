"""Averages of the parameters that training goes through."""

from __future__ import annotations

from typing import NamedTuple

from skopt_suite.backends import Array, FitColumn, Params, State, like, namespace
from skopt_suite.domains import Real, Uniform
from skopt_suite.optimizers._base import Optimizer, Problem, Step
from skopt_suite.optimizers.first_order._base import zero_count
from skopt_suite.optimizers.wrappers._base import Wrapper, beside_inner


class AverageState(NamedTuple):
    """The state of the inner optimizer, and the average of so many points."""

    inner: State
    n_averaged: FitColumn  # float64
    average: Params


class AverageWeights(Wrapper):
    """Another optimizer, whose predictions use an average of the parameters.

    After step t, counted from the first that is averaged::

        a ← a + c (w - a)          c = (1 - decay) / (1 - decay^t)

    This is the exponential moving average without a bias to where it began. With ``decay=1`` the
    limit is taken, c = 1/t: the mean of all points, the average of Polyak and Ruppert (of
    scikit-learn's ``SGDClassifier(average=True)``), and, with a large constant learning rate and a
    `start` late in training, stochastic weight averaging with a point per step.

    Training goes on from w as if there were no average; losses are those of w, and scores,
    predictions and attributes those of a. A weight that a penalty holds at exactly 0 is 0 in the
    average, too, although it was another on the way there.

    Parameters
    ----------
    inner : str or Optimizer, default="adam"
        What makes the steps.
    decay : float in [0, 1], default=0.99
        Share of the average that is kept; 1: all points count alike.
    start : float >= 0, default=0.0
        Epochs of training before the first point that is averaged; predictions use w until then.

    See Also
    --------
    Lookahead : Goes on from where the average is.
    ScheduleFreeSGD : Takes gradients near the average, and needs no schedule.
    ClipGradient : Bounds single steps.

    References
    ----------
    B. Polyak and A. Juditsky, "Acceleration of Stochastic Approximation by Averaging", SIAM Journal
    on Control and Optimization 30, 1992; D. Kingma and J. Ba, "Adam: A Method for Stochastic
    Optimization", ICLR 2015, section 7.2 (the moving average); P. Izmailov et al., "Averaging
    Weights Leads to Wider Optima and Better Generalization", UAI 2018.

    Examples
    --------
    >>> from skopt_suite import LinearClassifier
    >>> from skopt_suite.optimizers import AverageWeights
    >>> clf = LinearClassifier(optimizer=AverageWeights("sgd", decay=1.0, start=5))
    """

    scratch_arrays = beside_inner(2)
    parameters = {
        **Wrapper.parameters,
        "decay": Real(0, 1, search=Uniform(0.9, 1)),
        "start": Real(0),
    }

    def __init__(
        self, inner: str | Optimizer = "adam", decay: float = 0.99, start: float = 0.0
    ) -> None:
        self.inner = inner
        self.decay = decay
        self.start = start

    def init(self, params: Params, problem: Problem) -> AverageState:
        """Return an average of nothing."""
        inner = self.inner.init(params, problem)
        return AverageState(inner, zero_count(params), namespace(params).zeros_like(params))

    def step(
        self, state: AverageState, params: Params, problem: Problem, factor: FitColumn
    ) -> Step:
        """Return a step of the inner optimizer, whose end is averaged."""
        xp = namespace(params)
        step = self.inner.step(state.inner, params, problem, factor)
        time = xp.asarray([problem.time], dtype=xp.float64, device=params.device)
        state, shares = self.counted(state, time)
        (share,) = like(params, shares)
        point = self.inner.eval_params(step.state, step.params)
        average = state.average + share * (point - state.average)
        return step._replace(state=state._replace(inner=step.state, average=average))

    def counted(self, state: AverageState, times: Array) -> tuple[AverageState, Array]:
        """Return the state in which the ends of steps are counted, and what each is to count.

        Parameters
        ----------
        state : AverageState
            Before the steps.
        times : array of shape (n_steps,)
            Epochs of training before each step.

        Returns
        -------
        state : AverageState
            After the steps, but for the average and the state of the inner optimizer.
        shares : array of shape (n_fits, n_steps)
            What the end of every step counts in the average then; 0 before the start.
        """
        xp = namespace(times)
        is_averaged = xp.astype(times[None, :] >= self.start + 0 * state.n_averaged, xp.float64)
        n_averaged = state.n_averaged + xp.cumulative_sum(is_averaged, axis=1)
        last = xp.asarray(n_averaged[:, -1:], copy=True)
        return state._replace(n_averaged=last), is_averaged * self._share(n_averaged)

    def eval_params(self, state: AverageState, params: Params) -> Params:
        """Return the average, with the zeros of what is averaged; that itself before the start."""
        point = self.inner.eval_params(state.inner, params)
        is_shown = (state.n_averaged > 0) & (point != 0)
        return namespace(params).where(is_shown, state.average, point)

    def _share(self, n_averaged: Array) -> Array:
        """Return how much the newest of so many points counts, (n_fits, n_steps)."""
        xp, is_mean = namespace(n_averaged), self.decay == 1
        n_averaged = xp.maximum(n_averaged, xp.ones_like(n_averaged))
        decay = xp.where(is_mean, 0.0, self.decay + 0 * n_averaged)
        return xp.where(is_mean, 1 / n_averaged, (1 - decay) / (1 - decay**n_averaged))
