"""What holds another optimizer."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Self

from skopt_suite._component import Registry
from skopt_suite.backends import FitColumn, Params, State
from skopt_suite.domains import Named
from skopt_suite.optimizers._base import Optimizer, Problem
from skopt_suite.optimizers._demands import Demands


class Wrapper(Optimizer):
    """Base class of what changes the steps of another optimizer, `inner`.

    Its state has a field ``inner``: the state of that optimizer. What `inner` cannot do, it cannot
    do either.

    See Also
    --------
    FirstOrder : The base class of rules.
    Optimizer : The base class of all optimizers.
    skopt_suite.testing.check_optimizer : Says what is wrong with one of your own.
    """

    parameters = {"inner": Named(lambda: _optimizers())}
    inner: Any

    @property
    def learning_rate(self) -> FitColumn:
        """The learning rate of `inner`."""
        return self._resolved_inner().learning_rate

    @property
    def is_schedule_free(self) -> bool:
        """Whether `inner` is."""
        return bool(self._resolved_inner().is_schedule_free)

    @property
    def has_momentum(self) -> bool:
        """Whether `inner` has one."""
        return self._resolved_inner().has_momentum

    def with_momentum(self, momentum: FitColumn) -> Self:
        """Return a copy whose `inner` has another momentum."""
        changed = copy.copy(self)
        changed.inner = self.inner.with_momentum(momentum)
        return changed

    def refusal(self, demands: Demands) -> str | None:
        """Return why `inner` cannot do a job."""
        inner = self._resolved_inner()
        reason = inner.refusal(demands)
        return None if reason is None else f"has inner={inner.name!r}, which {reason}"

    def resume(self, state: State, params: Params, problem: Problem) -> State:
        """Return the state with which `inner` goes on."""
        return state._replace(inner=self.inner.resume(state.inner, params, problem))

    def eval_params(self, state: State, params: Params) -> Params:
        """Return what `inner` shows."""
        return self.inner.eval_params(state.inner, params)

    def objection(self, inner: Any) -> str | None:
        """Return why an optimizer cannot be `inner`, in words that go on from its name.

        Parameters
        ----------
        inner : Optimizer
            The other optimizer.
        """
        return "takes all rows at once" if inner.is_full_batch else None

    def _resolved_inner(self) -> Any:
        return _resolved(self.inner) if isinstance(self.inner, str) else self.inner

    def _check_parameters(self) -> None:
        """Raise unless `inner` is an optimizer that this one can be around."""
        super()._check_parameters()
        inner = self._resolved_inner()
        reason = self.objection(inner)
        if reason is not None:
            accepted = [name for name in _optimizers() if not self.objection(_resolved(name))]
            raise ValueError(
                f"{type(self).__name__}: inner must be {', '.join(map(repr, accepted))} or an "
                f"optimizer of your own that takes minibatches; got {inner.name!r}, which {reason}."
            )


def beside_inner(n_arrays: int | Callable[[Any], int]) -> Any:
    """Return the `scratch_arrays` of a wrapper that takes so many beside those of `inner`."""

    def scratch_arrays(wrapper: Wrapper) -> int | None:
        of_inner = wrapper._resolved_inner().scratch_arrays
        own = n_arrays(wrapper) if callable(n_arrays) else n_arrays
        return None if of_inner is None else of_inner + own

    return property(scratch_arrays)


def shows_what_trains(optimizer: Any) -> bool:
    """Whether predictions use the parameters that train, not an average, say."""
    own = type(optimizer).eval_params
    if own is Wrapper.eval_params:
        return shows_what_trains(optimizer._resolved_inner())
    return own is Optimizer.eval_params


def _resolved(name: str) -> Any:
    return _optimizers().resolve(name, owner="inner")


def _optimizers() -> Registry:
    from skopt_suite.optimizers import OPTIMIZERS

    return OPTIMIZERS
