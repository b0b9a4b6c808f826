"""Lookahead."""

from __future__ import annotations

from typing import Any, NamedTuple

from skopt_suite.backends import Array, FitColumn, Params, State, like, namespace
from skopt_suite.domains import Integer, Real, Uniform, UniformInteger
from skopt_suite.optimizers._base import Optimizer, Problem, Step
from skopt_suite.optimizers.first_order._base import zero_count
from skopt_suite.optimizers.wrappers._base import Wrapper, beside_inner, shows_what_trains


class LookaheadState(NamedTuple):
    """The state of the inner optimizer, steps since the last return, and the slow weights."""

    inner: State
    n_steps: FitColumn  # float64
    slow: Params


class Lookahead(Wrapper):
    """Another optimizer, which after every few steps returns part of the way.

    After each `n_steps` steps that the inner optimizer makes with its fast weights w::

        s ← s + slow_step_size (w - s),   w ← s

    Predictions use the slow weights s as if fast ones returned now. A fast weight that a penalty
    holds at exactly 0 takes the slow one there. The state of the inner optimizer goes on
    ("maintain" in the paper).

    Parameters
    ----------
    inner : str or Optimizer, default="adam"
        What makes the fast steps.
    n_steps : int >= 1, default=5
        Steps between returns: k in the paper.
    slow_step_size : float in (0, 1], default=0.5
        Share of the way that is kept, α in the paper; with 1 it is the inner optimizer.

    See Also
    --------
    AverageWeights : Averages, too, but never returns.
    ClipGradient : Bounds single steps.

    References
    ----------
    M. Zhang, J. Lucas, G. Hinton and J. Ba, "Lookahead Optimizer: k steps forward, 1 step back",
    NeurIPS 2019, algorithm 1.

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.optimizers import SGD, Lookahead
    >>> clf = MLPClassifier(optimizer=Lookahead(SGD(learning_rate=0.1), n_steps=10))
    """

    scratch_arrays = beside_inner(1)
    # The paper's grids: 5 and 10 steps (20 in the appendix), 0.5 and 0.8 of the way.
    parameters = {
        **Wrapper.parameters,
        "n_steps": Integer(1, search=UniformInteger(5, 20)),
        "slow_step_size": Real(0, 1, open_low=True, search=Uniform(0.5, 0.8)),
    }

    def __init__(
        self, inner: str | Optimizer = "adam", n_steps: int = 5, slow_step_size: float = 0.5
    ) -> None:
        self.inner = inner
        self.n_steps = n_steps
        self.slow_step_size = slow_step_size

    def objection(self, inner: Any) -> str | None:
        """Return why an optimizer cannot be `inner`: its parameters are moved."""
        if not shows_what_trains(inner):
            return "predicts with other parameters than it trains"
        return super().objection(inner)

    def init(self, params: Params, problem: Problem) -> LookaheadState:
        """Return slow weights where the fast ones are."""
        inner = self.inner.init(params, problem)
        slow = namespace(params).asarray(params, copy=True)
        return LookaheadState(inner, zero_count(params), slow)

    def step(
        self, state: LookaheadState, params: Params, problem: Problem, factor: FitColumn
    ) -> Step:
        """Return a step of the inner optimizer, and part of the way back if it is time."""
        step = self.inner.step(state.inner, params, problem, factor)
        xp, n_steps = namespace(params), state.n_steps + 1
        returns = n_steps >= self.n_steps
        n_steps = xp.where(returns, xp.zeros_like(n_steps), n_steps)
        returned = self._returned(state.slow, step.params)
        params = xp.where(returns, returned, step.params)
        slow = xp.where(returns, returned, state.slow)
        return step._replace(params=params, state=LookaheadState(step.state, n_steps, slow))

    def counted(self, state: LookaheadState, n_more: int) -> tuple[LookaheadState, Array]:
        """Return the state in which so many steps are counted, and what they keep of the way.

        Parameters
        ----------
        state : LookaheadState
            Before the steps.
        n_more : int
            The number of steps.

        Returns
        -------
        state : LookaheadState
            After the steps, but for the slow weights and the state of the inner optimizer.
        shares : array of shape (n_fits, n_more)
            Share of the way that is kept at a return; 0 where there is none.
        """
        xp, k = namespace(state.slow), self.n_steps
        made = state.n_steps + zero_count(state.slow)
        more = xp.arange(1, n_more + 1, dtype=xp.float64, device=made.device)
        after = (xp.clip(made, None, k - 1) + more) % k
        shares = self.slow_step_size * xp.astype(after == 0, xp.float64)
        last = xp.asarray(after[:, -1:], copy=True)
        return state._replace(n_steps=last), shares

    def eval_params(self, state: LookaheadState, params: Params) -> Params:
        """Return where fast weights would return to."""
        return self._returned(state.slow, params)

    def _returned(self, slow: Params, fast: Params) -> Params:
        """Return a point on the way from slow weights to fast ones, with the zeros of these."""
        (share,) = like(fast, self.slow_step_size)
        return namespace(fast).where(fast == 0, fast, slow + share * (fast - slow))
