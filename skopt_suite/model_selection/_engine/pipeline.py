"""The parts of a (nested) Pipeline: what precedes its last step, and that."""

from __future__ import annotations

from typing import Any

from sklearn.pipeline import Pipeline


def last_step(estimator: Any) -> Any:
    """Return the estimator itself, or the last step of a (nested) Pipeline."""
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return estimator


def is_plain(estimator: Any) -> bool:
    """Whether all Pipelines are scikit-learn's own; others may do more than transform."""
    while isinstance(estimator, Pipeline):
        if type(estimator) is not Pipeline:
            return False
        estimator = estimator.steps[-1][1]
    return True


def last_step_name(estimator: Any) -> str:
    """Return the prefix of the last step's parameters, empty outside of a Pipeline."""
    names = []
    while isinstance(estimator, Pipeline):
        name, estimator = estimator.steps[-1]
        names.append(name)
    return "__".join(names)


def preceding_steps(estimator: Any) -> list[Pipeline]:
    """Return what precedes the last step, outer Pipeline first.

    Each ends with ``"passthrough"`` in place of the last step, so that a Pipeline's ``memory``
    keeps all that precedes it.
    """
    parts = []
    while isinstance(estimator, Pipeline):
        name, last = estimator.steps[-1]
        if len(estimator.steps) > 1:
            steps = [*estimator.steps[:-1], (name, "passthrough")]
            parts.append(Pipeline(**estimator.get_params(deep=False) | {"steps": steps}))
        estimator = last
    return parts


def whole(estimator: Any, steps: list[Pipeline], model: Any) -> Any:
    """Return `estimator`, a Pipeline or the model itself, with all of its steps fitted.

    Parameters
    ----------
    estimator : estimator object
        What was to be fitted.
    steps : list of Pipeline
        Its preceding steps, fitted.
    model : estimator object
        Its last step, fitted.
    """
    if not isinstance(estimator, Pipeline):
        return model
    has_steps = len(estimator.steps) > 1
    before, rest = (steps[0].steps[:-1], steps[1:]) if has_steps else ([], steps)
    name, inner = estimator.steps[-1]
    settings = estimator.get_params(deep=False)
    return Pipeline(**settings | {"steps": [*before, (name, whole(inner, rest, model))]})
