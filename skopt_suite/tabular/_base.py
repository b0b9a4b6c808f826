"""What both estimators of raw tables are: an encoder, a stack of networks, held-out rows."""

from __future__ import annotations

import time
from abc import abstractmethod
from typing import Any, NamedTuple, Self

import numpy as np
from scipy import sparse
from sklearn.base import clone
from sklearn.utils import Bunch, Tags, check_consistent_length
from sklearn.utils.validation import check_is_fitted

from skopt_suite._completion import listing_params
from skopt_suite._component import Parametrised
from skopt_suite.domains import Anything, Integer, Real
from skopt_suite.ensemble._training import train_members
from skopt_suite.estimators._ensemble import Members
from skopt_suite.estimators._fused import is_trainable
from skopt_suite.estimators._inputs import check_sample_weight
from skopt_suite.estimators._members import PlannedMembers
from skopt_suite.estimators._parameters import draw_seed
from skopt_suite.estimators._rollback import unchanged_by_errors
from skopt_suite.estimators._settled import ENOUGH_ROWS
from skopt_suite.estimators._split import split_rows
from skopt_suite.tabular._encoder import TabularEncoder
from skopt_suite.tabular._tables import accept_tables, checked_table
from skopt_suite.tabular._time import within


class Encoded(NamedTuple):
    """Rows as networks take them."""

    X: Any
    y: np.ndarray
    weight: np.ndarray | None

    def take(self, index: np.ndarray) -> Encoded:
        """Return some of them."""
        weight = None if self.weight is None else self.weight[index]
        return Encoded(self.X[index], self.y[index], weight)

    def that_count(self) -> Encoded:
        """Return those that have a weight above 0."""
        return self if self.weight is None else self.take(np.flatnonzero(self.weight))


class TabularMLP(Parametrised):
    """Base of both; they say what targets are, and what held-out rows are good for."""

    parameters = {
        "estimator": Anything(),
        "encoder": Anything(),
        "n_estimators": Integer(1),
        "validation_fraction": Real(0, 1, open_low=True, open_high=True),
        "max_time": Real(0, open_low=True, optional=True),
        "n_jobs": Anything(),
        "random_state": Anything(),
    }
    estimator: Any
    encoder: Any
    n_estimators: int
    validation_fraction: float
    max_time: float | None
    n_jobs: int | None
    random_state: Any
    estimators_: list[Any]
    encoder_: Any
    n_held_out_: int
    n_features_in_: int

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on a raw table.

        Parameters
        ----------
        X : frame, array-like or sparse container of shape (n_samples, n_features)
            The table: of pandas, polars or pyarrow, or an array.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets; classifiers take one per row.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of every sample; None: all 1. Rows of weight 0 are not trained on.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        started = time.perf_counter()
        self._check_parameters()
        network = self._checked_network()
        with unchanged_by_errors(self):
            table = checked_table(self, X, reset=True)
            y = self._checked_targets(y)
            check_consistent_length(table, y)
            weight = check_sample_weight(sample_weight, len(y))
            encoder = TabularEncoder() if self.encoder is None else clone(self.encoder)
            rows = Encoded(_array(encoder.fit_transform(table, y)), y, weight).that_count()
            targets = self._learnt_targets(rows.y)
            kept, held_out = self._split(targets, rows)
            members = self._train(network, kept, held_out, started)
        self.encoder_, self.estimators_ = encoder, members
        self.n_held_out_ = 0 if held_out is None else len(held_out.y)
        self._learn_from(targets, held_out)
        return self

    @listing_params
    def set_params(self, **params: Any) -> Self:
        """Set parameters; nested ones such as ``estimator__dropout`` reach the network.

        Parameters
        ----------
        **params : dict
            Parameters of this object; those of the network as ``estimator__<parameter>``, those of
            the encoder as ``encoder__<parameter>``. Where these are None, they become the default.

        Returns
        -------
        self : object
            This object.
        """
        for name in ("estimator", "encoder"):
            if any(key.startswith(f"{name}__") for key in params):
                value = params.get(name, getattr(self, name))
                params = {**params, name: self._whose_params(name, value)}
        super().set_params(**params)
        return self

    def _whose_params(self, name: str, value: Any) -> Any:
        defaults: dict[str, Any] = {"estimator": self._network, "encoder": TabularEncoder}
        return defaults[name]() if value is None and name in defaults else value

    def permutation_importance(
        self, X: Any, y: Any, *, n_repeats: int = 5, scoring: Any = None
    ) -> Bunch:
        """Return by how much the score falls when a column of the raw table is shuffled.

        Parameters
        ----------
        X : frame or array-like of shape (n_samples, n_features)
            Rows that were not trained on.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their targets.
        n_repeats : int, default=5
            How often every column is shuffled.
        scoring : str or callable, default=None
            What is to fall, as in scikit-learn; None: `score`.

        Returns
        -------
        importances : Bunch
            ``importances_mean`` and ``importances_std`` of shape (n_features,), and
            ``importances`` of shape (n_features, n_repeats): see
            `sklearn.inspection.permutation_importance`.
        """
        from sklearn.inspection import permutation_importance

        check_is_fitted(self)
        X = X.to_pandas() if hasattr(X, "to_pandas") else X  # scikit-learn keeps names of these
        seed = draw_seed(type(self).__name__, self.random_state)
        return permutation_importance(
            self, X, y, n_repeats=n_repeats, scoring=scoring, random_state=seed
        )

    def _checked_network(self) -> Any:
        network = self._network() if self.estimator is None else clone(self.estimator)
        if not is_trainable(network) or not isinstance(network, type(self._network())):
            raise TypeError(
                f"{type(self).__name__}: estimator must be None or an object of "
                f"{type(self._network()).__name__}; got {self.estimator!r}."
            )
        network._check_parameters()
        return network

    def _split(self, targets: Any, rows: Encoded) -> tuple[Encoded, Encoded | None]:
        """Return rows to train on, and those to choose, calibrate and measure with."""
        y, owner = rows.y, type(self).__name__
        if len(y) < ENOUGH_ROWS:
            return rows, None
        seed, fraction = draw_seed(owner, self.random_state), self.validation_fraction
        encoded = targets.encode(y, owner)
        kept, held_out = split_rows(encoded, fraction, seed, owner, targets.is_stratified)
        return rows.take(kept), rows.take(held_out)

    def _train(
        self, network: Any, kept: Encoded, held_out: Encoded | None, started: float
    ) -> list[Any]:
        if held_out is None:
            network.set_params(early_stopping=False)
        seed = draw_seed(type(self).__name__, self.random_state)

        def train(network: Any, n_members: int) -> list[Any]:
            seeds = np.random.RandomState(seed).randint(2**31 - 1, size=n_members)
            models = [clone(network).set_params(random_state=int(one)) for one in seeds]
            X, y, weight = kept
            planned = PlannedMembers(models, X, y, [weight] * n_members)
            return train_members(planned, self.n_jobs, held_out=held_out)

        if self.max_time is None:
            return train(network, self.n_estimators)
        return within(self.max_time, started, train, network, self.n_estimators)

    def _members(self) -> Members:
        every = np.arange(self.estimators_[0].n_features_in_)
        return Members(self.estimators_, [every] * len(self.estimators_))

    def _encoded(self, X: Any) -> Any:
        check_is_fitted(self)
        encoded = _array(self.encoder_.transform(checked_table(self, X, reset=False)))
        return encoded.astype(np.float64)  # else rounding depends on the other rows

    @abstractmethod
    def _network(self) -> Any:
        """Return the network that ``estimator=None`` is."""

    @abstractmethod
    def _checked_targets(self, y: Any) -> np.ndarray:
        """Return targets, checked."""

    @abstractmethod
    def _learnt_targets(self, y: np.ndarray) -> Any:
        """Return what checked targets are."""

    @abstractmethod
    def _learn_from(self, targets: Any, held_out: Encoded | None) -> None:
        """Learn what the trained members and held-out rows tell."""

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether there are members."""
        return hasattr(self, "estimators_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        accept_tables(tags)
        tags.target_tags.required = True
        return tags


def _array(encoded: Any) -> Any:
    """Return what an encoder gives, which may be a frame, as an array or CSR."""
    return sparse.csr_array(encoded) if sparse.issparse(encoded) else np.asarray(encoded)
