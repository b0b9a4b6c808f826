"""What is taken for export, and what is refused before any work starts."""

from __future__ import annotations

from typing import Any

from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skopt_suite.ensemble import FusedBaggingClassifier
from skopt_suite.estimators import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.export._links import link_of
from skopt_suite.tabular import TabularMLPClassifier, TabularMLPRegressor

CLASSIFIERS: Any = LinearClassifier, MLPClassifier
REGRESSORS: Any = LinearRegressor, MLPRegressor
TABULAR: Any = TabularMLPClassifier, TabularMLPRegressor


def found_by(model: Any) -> Any:
    """Return what a search has found, or the model itself."""
    return getattr(model, "best_estimator_", model)


def check_model(model: Any) -> None:
    """Raise if a model of this package cannot be exported."""
    check_is_fitted(model)
    link_of(model)


def check_labels(model: Any) -> None:
    """Raise if labels are something else than numbers and texts, such as dates."""
    if model.classes_.dtype.kind not in "biufUO":
        raise ValueError(
            f"{type(model).__name__}: labels must be numbers or texts to be exported to ONNX; got "
            f"classes_ of type {model.classes_.dtype}."
        )


def refuse_tabular(model: Any) -> None:
    """Raise for a model on raw tables."""
    raise TypeError(
        f"{type(model).__name__} cannot be exported to ONNX: its encoder of raw columns has no "
        "converter. Save it with pickle or skops, or train an MLP behind scikit-learn's "
        "transformers in a Pipeline."
    )


def check_ensemble(model: Any) -> None:
    """Raise if the converter of scikit-learn's ensembles cannot take one."""
    first, owner = model.estimators_[0], type(model).__name__
    if isinstance(model, FusedBaggingClassifier):
        if not hasattr(first, "predict_proba"):
            raise ValueError(f"{owner} is exported to ONNX only if its members give probabilities.")
    elif isinstance(first, REGRESSORS) and first._trained_network.sizes[-1] > 1:
        raise ValueError(f"{owner} is exported to ONNX only with one target and one quantile.")


def last_step(model: Any) -> Any:
    """Return what predicts in a pipeline."""
    return last_step(model.steps[-1][1]) if isinstance(model, Pipeline) else model
