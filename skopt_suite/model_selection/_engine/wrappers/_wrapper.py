"""What every wrapper says of itself: which rows it fits what it wraps to, and what that makes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from sklearn import get_config
from sklearn.base import clone
from sklearn.utils.metadata_routing import process_routing

from skopt_suite.model_selection._engine.wrappers._stand_in import Rows, becoming, noting


class Wrapper(ABC):
    """How an estimator of another package fits the one that it wraps."""

    kind: ClassVar[type]
    """The class."""
    fits_once: ClassVar[bool] = False
    """Whether what it wraps is fitted once, whatever the rows."""

    def is_known(self, estimator: Any) -> bool:
        """Whether all that it does is known; classes that are derived may do anything."""
        return type(estimator) is self.kind

    def name(self, estimator: Any) -> str:
        """Return the parameter that holds what is wrapped."""
        return "estimator"

    def inner(self, estimator: Any) -> Any:
        """Return what is wrapped."""
        return getattr(estimator, self.name(estimator))

    def inner_params(self, estimator: Any, params: dict[str, Any]) -> dict[str, Any]:
        """Return parameters of ``fit`` that reach what is wrapped; raise if they do not."""
        if params and get_config()["enable_metadata_routing"]:
            return dict(process_routing(estimator, "fit", **params)[self.name(estimator)].fit)
        return params

    def opened(self, estimator: Any, rows: Rows) -> tuple[Any, list[Rows]]:
        """Return the wrapper, fitted around a stand-in, and what that was given to fit."""
        notes: list[Rows] = []
        return rows.fit(self._around(estimator, noting(self.inner(estimator), notes))), notes

    @abstractmethod
    def closed(self, estimator: Any, shell: Any, rows: Rows, models: Sequence[Any]) -> Any:
        """Return a wrapper, fitted.

        Parameters
        ----------
        estimator : estimator object
            The wrapper, not fitted; what it wraps may differ from that of `shell`.
        shell : estimator object
            The wrapper that was fitted around a stand-in.
        rows : Rows
            What it was given.
        models : sequence of estimator objects
            What it wraps, fitted, in the order in which `opened` gives rows.
        """

    def _around(self, estimator: Any, inner: Any) -> Any:
        return clone(estimator).set_params(**{self.name(estimator): inner})


class Refitting(Wrapper):
    """A wrapper whose own ``fit`` is cheap once what it wraps is fitted: it is run again."""

    def closed(self, estimator: Any, shell: Any, rows: Rows, models: Sequence[Any]) -> Any:
        """Return the wrapper, fitted around models."""
        stand_in = becoming(self.inner(estimator), iter(models))
        fitted = rows.fit(self._around(estimator, stand_in))
        fitted.estimator, fitted.n_jobs = estimator.estimator, estimator.n_jobs
        return fitted

    def _around(self, estimator: Any, inner: Any) -> Any:
        return super()._around(estimator, inner).set_params(n_jobs=1)  # fits have an order
