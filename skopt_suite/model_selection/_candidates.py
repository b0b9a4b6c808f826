"""From parameters to estimators that can be trained together, or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import joblib
from sklearn import get_config
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from skopt_suite.estimators._base import TrainableEstimator


@dataclass
class Candidate:
    """One setting of the search."""

    index: int
    params: dict[str, Any]
    estimator: Any
    """The search's estimator with the setting, not fitted."""
    reason: str
    """Why it must be trained alone; empty if it can be fused."""
    preprocessing: tuple
    """What candidates share that share their preceding steps."""

    @property
    def last_step(self) -> Any:
        """The estimator itself, or the last step of the (nested) Pipeline."""
        return last_step(self.estimator)


def make_candidates(
    base_estimator: Any, params: list[dict[str, Any]], fit_params: dict[str, Any], seed: int
) -> list[Candidate]:
    """Return the candidates of a search; those without a ``random_state`` get the same seed."""
    return [
        _make_candidate(index, base_estimator, setting, fit_params, seed)
        for index, setting in enumerate(params)
    ]


def last_step(estimator: Any) -> Any:
    """Return the estimator itself, or the last step of a (nested) Pipeline."""
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return estimator


def preceding_steps(estimator: Any) -> list[Pipeline]:
    """Return what precedes the last step, outer Pipeline first."""
    parts = []
    while isinstance(estimator, Pipeline):
        if len(estimator.steps) > 1:
            parts.append(estimator[:-1])
        estimator = estimator.steps[-1][1]
    return parts


def last_step_name(estimator: Any) -> str:
    """Return the prefix of the last step's parameters, empty outside of a Pipeline."""
    names = []
    while isinstance(estimator, Pipeline):
        name, estimator = estimator.steps[-1]
        names.append(name)
    return "__".join(names)


def _make_candidate(
    index: int, base_estimator: Any, setting: dict[str, Any], fit_params: dict[str, Any], seed: int
) -> Candidate:
    estimator = clone(base_estimator).set_params(**clone(setting, safe=False))
    reason = _reason_to_train_alone(estimator, fit_params)
    name = last_step_name(estimator)
    if not reason and last_step(estimator).random_state is None:
        last_step(estimator).random_state = seed
    preprocessing = tuple(
        (key, joblib.hash(value))
        for key, value in sorted(setting.items())
        if name and key != name and not key.startswith(f"{name}__")
    )
    return Candidate(index, setting, estimator, reason, preprocessing)


def _reason_to_train_alone(estimator: Any, fit_params: dict[str, Any]) -> str:
    model, name = last_step(estimator), last_step_name(estimator)
    if not isinstance(model, TrainableEstimator) or type(model).fit is not TrainableEstimator.fit:
        return f"{type(model).__name__} is not an estimator of skopt_suite"
    if model.verbose:
        return f"verbose={model.verbose!r} prints a line per epoch of every fit"
    if getattr(model, "_skl_callbacks", None):
        return "the estimator has callbacks of its own"
    if fit_params and name and get_config()["enable_metadata_routing"]:
        return "metadata is routed through the Pipeline"
    known = f"{name}__sample_weight" if name else "sample_weight"
    others = sorted(set(fit_params) - {known})
    return f"fit parameters {others} are not weights of samples" if others else ""
