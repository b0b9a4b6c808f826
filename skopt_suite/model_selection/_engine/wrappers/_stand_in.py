"""Stand-ins of a wrapped estimator: the same in all but what their ``fit`` does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone, is_classifier


class Rows(NamedTuple):
    """What a fit is given."""

    X: Any
    y: Any
    fit_params: dict[str, Any]

    def fit(self, estimator: Any) -> Any:
        """Fit an estimator to them and return it."""
        targets = () if self.y is None else (self.y,)
        return estimator.fit(self.X, *targets, **self.fit_params)


def noting(estimator: Any, notes: list[Rows]) -> Any:
    """Return a stand-in that is not fitted, but notes what it is given."""

    def fit(self: Any, X: Any, y: Any = None, **params: Any) -> Any:
        notes.append(Rows(X, y, params))
        if is_classifier(self):
            self.classes_ = np.unique(y)  # some wrappers ask at once
        return self

    return _stand_in(estimator, fit)


def becoming(estimator: Any, models: Iterator[Any]) -> Any:
    """Return a stand-in whose clones become, one after the other, models that are fitted."""

    def fit(self: Any, X: Any, y: Any = None, **params: Any) -> Any:
        model = next(models)
        self.__class__, self.__dict__ = type(model), vars(model)
        return self

    return _stand_in(estimator, fit)


def _stand_in(estimator: Any, fit: Callable) -> Any:
    """Return a clone of the estimator, which may be cloned in turn, with another ``fit``.

    Its class is derived, so that all else holds: parameters, tags, signatures, metadata requests.
    """
    cls, new = type(estimator), clone(estimator)
    own = {"fit": wraps(cls.fit)(fit), "classes_": None, "__module__": cls.__module__}
    new.__class__ = type(cls.__name__, (cls,), own)
    return new
