"""Schedules inside of schedules."""

from __future__ import annotations

from collections.abc import Iterator

from skopt_suite._component import Registry
from skopt_suite.backends import FitColumn, State, namespace
from skopt_suite.domains import Named
from skopt_suite.schedules._base import Schedule


class Composed(Schedule):
    """Base of the schedules that others are parameters of."""

    @property
    def moves_momentum(self) -> bool:
        """Whether one of them does."""
        return any(schedule.moves_momentum for schedule in self._inner())

    @property
    def needs_momentum(self) -> bool:
        """Whether one of them does."""
        return any(schedule.needs_momentum for schedule in self._inner())

    def _inner(self) -> Iterator[Schedule]:
        """Yield the others, those given by name as objects."""
        for name, domain in self.parameters.items():
            if isinstance(domain, Named):
                value = getattr(self, name)
                yield _schedules()[value]() if isinstance(value, str) else value


def any_schedule() -> Named:
    """Return the domain of a parameter that is a schedule, by name or as an object."""
    return Named(_schedules)


def _schedules() -> Registry:
    from skopt_suite.schedules import SCHEDULES

    return SCHEDULES


def chosen(mask: FitColumn, these: State, those: State) -> State:
    """Return one state where `mask` holds, the other elsewhere."""
    if isinstance(these, tuple):
        parts = [chosen(mask, *pair) for pair in zip(these, those, strict=True)]
        return type(these)(*parts) if hasattr(these, "_fields") else tuple(parts)
    return these if these is None else namespace(mask).where(mask, these, those)
