"""What files of skops may hold."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

import sklearn.model_selection
from sklearn.base import BaseEstimator
from sklearn.metrics import get_scorer, get_scorer_names

import skopt_suite
from skopt_suite import ensemble, model_selection, tabular
from skopt_suite.losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES
from skopt_suite.optimizers import OPTIMIZERS
from skopt_suite.penalties import PENALTIES
from skopt_suite.schedules import SCHEDULES

_PACKAGES = skopt_suite, ensemble, model_selection, tabular
_REGISTRIES = CLASSIFICATION_LOSSES, REGRESSION_LOSSES, OPTIMIZERS, PENALTIES, SCHEDULES
_BY_NAME = (  # what encoders, searches and their spaces keep beside that
    "numpy.dtype",
    "scipy.stats._continuous_distns.reciprocal_gen",
    "scipy.stats._continuous_distns.uniform_gen",
    "scipy.stats._distn_infrastructure.rv_continuous_frozen",
    "sklearn.metrics._scorer._PassthroughScorer",
)


def _estimators() -> Iterable[type]:
    shown = (getattr(package, name) for package in _PACKAGES for name in package.__all__)
    return (one for one in shown if inspect.isclass(one) and issubclass(one, BaseEstimator))


def _components() -> Iterable[type]:
    return (registry[name] for registry in _REGISTRIES for name in registry)


def _splitters() -> Iterable[type]:
    """Return what scikit-learn makes folds with."""
    shown = filter(inspect.isclass, vars(sklearn.model_selection).values())
    return (one for one in shown if hasattr(one, "split") and not inspect.isabstract(one))


def _scorers() -> Iterable[Any]:
    """Return the scorers that scikit-learn has by name, and the metrics that they compute."""
    scorers = [get_scorer(name) for name in get_scorer_names()]
    return (part for scorer in scorers for part in (type(scorer), scorer._score_func))


def _names() -> set[str]:
    ours = *_estimators(), *_components(), model_selection.FusionReport, model_selection.SearchCost
    parts = *ours, *_splitters(), *_scorers()
    return {*_BY_NAME, *(f"{part.__module__}.{part.__name__}" for part in parts)}


TRUSTED_TYPES: list[str] = sorted(_names())
"""What ``skops.io.load(file, trusted=TRUSTED_TYPES)`` needs for models, ensembles and searches.

These are the names of the estimators and components of this package and of what searches keep:
scikit-learn's scorers and splitters, and continuous distributions of SciPy's. Classes and functions
of your own are not among them: add their names if you trust the file.
"""
