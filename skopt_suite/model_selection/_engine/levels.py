"""What is around a model, level by level: Pipelines and other wrappers, the outermost first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from skopt_suite.model_selection._engine.wrappers import InPipeline, Rows, Wrapper, wrapper_of


def _levels(estimator: Any) -> Iterator[tuple[Wrapper, Any]]:
    """Yield the wrappers, the outermost first."""
    while (wrapper := wrapper_of(estimator)) is not None:
        yield wrapper, estimator
        estimator = wrapper.inner(estimator)


def innermost(estimator: Any) -> Any:
    """Return the estimator itself, or what all wrappers are around."""
    for wrapper, around in _levels(estimator):
        estimator = wrapper.inner(around)
    return estimator


def innermost_name(estimator: Any) -> str:
    """Return the prefix of the innermost estimator's parameters, empty if there is no wrapper."""
    return "__".join(wrapper.name(around) for wrapper, around in _levels(estimator))


def innermost_params(estimator: Any, fit_params: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of ``fit`` that reach the innermost estimator; raise if they cannot."""
    for wrapper, around in _levels(estimator):
        fit_params = wrapper.inner_params(around, fit_params)
    return fit_params


def fits_once(estimator: Any) -> bool:
    """Whether the innermost estimator is fitted once, whatever the rows."""
    return all(wrapper.fits_once for wrapper, _ in _levels(estimator))


def unknown_wrapper(estimator: Any) -> str:
    """Return what a class of a user's is derived from, which may do anything; empty: none is."""
    unknown = (wrapper for wrapper, around in _levels(estimator) if not wrapper.is_known(around))
    return next((wrapper.kind.__name__ for wrapper in unknown), "")


def without_pipelines(estimator: Any) -> Any:
    """Return what the outermost Pipelines end with."""
    for wrapper, around in _levels(estimator):
        if not isinstance(wrapper, InPipeline):
            return around
    return innermost(estimator)


@dataclass(frozen=True)
class Leaf:
    """A fit of the innermost estimator."""

    rows: Rows

    def leaves(self) -> list[Rows]:
        """Return the rows of all fits."""
        return [self.rows]

    def around(self, estimator: Any, models: Iterator[Any]) -> Any:
        """Return the next model."""
        return next(models)


@dataclass(frozen=True)
class Level:
    """A wrapper, and what it fits."""

    wrapper: Wrapper
    shell: Any
    rows: Rows
    inner: list[Opened]

    def leaves(self) -> list[Rows]:
        """Return the rows of all fits of the innermost estimator, in order."""
        return [rows for one in self.inner for rows in one.leaves()]

    def around(self, estimator: Any, models: Iterator[Any]) -> Any:
        """Return an estimator, fitted, with the next models as what is innermost."""
        inside = self.wrapper.inner(estimator)
        fitted = [one.around(inside, models) for one in self.inner]
        return self.wrapper.closed(estimator, self.shell, self.rows, fitted)


Opened = Leaf | Level


def opened(estimator: Any, rows: Rows, check: Callable[[], None]) -> Opened:
    """Return the levels around the innermost estimator, fitted in all but that.

    `check` is called before each and may raise.
    """
    wrapper = wrapper_of(estimator)
    if wrapper is None:
        return Leaf(rows)
    check()
    shell, given = wrapper.opened(estimator, rows)
    inner = wrapper.inner(estimator)
    return Level(wrapper, shell, rows, [opened(inner, one, check) for one in given])


def beneath_pipelines(level: Opened) -> tuple[list[Any], Opened]:
    """Return the transformations of the outermost Pipelines, and what those end with."""
    steps = []
    while isinstance(level, Level) and isinstance(level.wrapper, InPipeline):
        if len(level.shell.steps) > 1:
            steps.append(level.wrapper.preceding(level.shell))
        (level,) = level.inner
    return steps, level
