"""Lookahead."""

from __future__ import annotations

from typing import Any, NamedTuple

from skopt_suite.backends import Array, FitColumn, Params, State, like, namespace
from skopt_suite.domains import Integer, Real, Uniform, UniformInteger
from skopt_suite.optimizers._base import Optimizer, Problem, Step
from skopt_suite.optimizers.wrappers._base import Wrapper, beside_inner, shows_what_trains


class LookaheadState(NamedTuple):
    """The state of the inner optimizer, steps since the last return, and the slow weights."""

    inner: State
    n_steps: int
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
        return LookaheadState(inner, 0, namespace(params).asarray(params, copy=True))

    def step(
        self, state: LookaheadState, params: Params, problem: Problem, factor: FitColumn
    ) -> Step:
        """Return a step of the inner optimizer, and part of the way back if it is time."""
        step = self.inner.step(state.inner, params, problem, factor)
        n_steps, params, slow = state.n_steps + 1, step.params, state.slow
        if n_steps >= self.n_steps:
            n_steps, params = 0, self._returned(slow, params)
            slow = namespace(params).asarray(params, copy=True)
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
        wait = max(k - state.n_steps, 1) - 1  # steps before the first that returns
        after = xp.arange(n_more, device=state.slow.device) - wait
        returns = xp.astype((after >= 0) & (after % k == 0), xp.float64)
        n_steps = state.n_steps + n_more if n_more <= wait else (n_more - wait - 1) % k
        shares = self.slow_step_size * xp.ones_like(state.slow[:, :1], dtype=xp.float64)
        return state._replace(n_steps=n_steps), shares * returns

    def eval_params(self, state: LookaheadState, params: Params) -> Params:
        """Return where fast weights would return to."""
        return self._returned(state.slow, params)

    def _returned(self, slow: Params, fast: Params) -> Params:
        """Return a point on the way from slow weights to fast ones, with the zeros of these."""
        (share,) = like(fast, self.slow_step_size)
        return namespace(fast).where(fast == 0, fast, slow + share * (fast - slow))
