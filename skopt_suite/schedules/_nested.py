"""Schedules inside of schedules."""

from __future__ import annotations

from skopt_suite._component import Registry
from skopt_suite.domains import Named


def any_schedule() -> Named:
    """Return the domain of a parameter that is a schedule, by name or as an object."""
    return Named(_schedules)


def _schedules() -> Registry:
    from skopt_suite.schedules import SCHEDULES

    return SCHEDULES
