"""Raw tables become numbers that a network can be trained on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.base import TransformerMixin
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import MaxAbsScaler, OneHotEncoder
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from skopt_suite._component import Parametrised
from skopt_suite.domains import Integer
from skopt_suite.tabular._columns import (
    Column,
    columns_of,
    date_parts,
    is_missing,
    kind_of,
    numbers,
    words,
)
from skopt_suite.tabular._piecewise_linear import PiecewiseLinearEncoder
from skopt_suite.tabular._smooth_clip import SmoothClipScaler
from skopt_suite.tabular._tables import accept_tables, checked_table


class TabularEncoder(TransformerMixin, Parametrised):
    """Find out what every column of a raw table holds, and make numbers of all.

    =============================================  ==============================================
    a column of                                    becomes
    =============================================  ==============================================
    numbers, booleans, durations                   one that is scaled by median and quartiles and
                                                   smoothly limited: `SmoothClipScaler`; missing
                                                   values become the median and are marked
    texts, categories                              one per category; rare ones share one, which
                                                   unknown ones join; missing is a category
    dates and times, ISO texts of them too         year, month, day, weekday, hour and the time
                                                   that has passed, as numbers
    whole numbers of few values                    both
    =============================================  ==============================================

    Columns of one value and texts that are all different, such as ids, are left out.

    Parameters
    ----------
    min_frequency : int, default=5
        Categories of fewer rows are rare.
    max_categories : int, default=64
        Most columns for the categories of a column, with that of the rare ones.
    max_integers : int, default=12
        Whole numbers of at most as many values are categories, too; 0: none are.
    n_bins : int, default=8
        Bins of numbers, which `PiecewiseLinearEncoder` puts beside them; 0: none.

    Attributes
    ----------
    kinds_ : dict of str to str
        "number", "date", "category" or "dropped" by name of the column; not for sparse X.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, where X has text as column names.

    See Also
    --------
    SmoothClipScaler : What becomes of numbers.
    PiecewiseLinearEncoder : What `n_bins` puts beside them.
    TabularMLPClassifier : Has an encoder inside.
    TabularMLPRegressor : Has one, too.

    Notes
    -----
    Sparse X holds numbers, which are divided by the largest magnitude of their column and stay
    sparse.

    Examples
    --------
    >>> import pandas as pd
    >>> from skopt_suite.tabular import TabularEncoder
    >>> X = pd.DataFrame({"size": [1.5, None, 3.0], "colour": ["red", "blue", "red"], "unit": "cm"})
    >>> encoder = TabularEncoder(min_frequency=1, n_bins=2).fit(X)
    >>> encoder.kinds_
    {'size': 'number', 'colour': 'category', 'unit': 'dropped'}
    >>> encoder.get_feature_names_out().tolist()
    ['size', 'missingindicator_size', 'size_bin0', 'size_bin1', 'colour_blue', 'colour_red']
    """

    parameters = {
        "min_frequency": Integer(1),
        "max_categories": Integer(2),
        "max_integers": Integer(0),
        "n_bins": Integer(0),
    }
    kinds_: dict[str, str]
    n_features_in_: int

    def __init__(
        self,
        min_frequency: int = 5,
        max_categories: int = 64,
        max_integers: int = 12,
        n_bins: int = 8,
    ) -> None:
        self.min_frequency = min_frequency
        self.max_categories = max_categories
        self.max_integers = max_integers
        self.n_bins = n_bins

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn what columns hold.

        Parameters
        ----------
        X : frame, array-like or sparse container of shape (n_samples, n_features)
            The table.
        y : None, default=None
            Ignored.

        Returns
        -------
        self : object
            The transformer.
        """
        self._check_parameters()
        X = checked_table(self, X, reset=True)
        if sparse.issparse(X):
            self._scaler: Any = MaxAbsScaler().set_output(transform="default").fit(X)
            return self
        self._scaler = None
        columns = columns_of(X, getattr(self, "feature_names_in_", None))
        self._kinds = [_kept_kind(column) for column in columns]
        self.kinds_ = {c.name: kind for c, kind in zip(columns, self._kinds, strict=True)}
        self._learn(columns)
        return self

    def _learn(self, columns: list[Column]) -> None:
        found = list(self._numbers(columns))
        self._varying = [i for i, one in enumerate(found) if not _is_constant(one.values)]
        varying = [found[i] for i in self._varying]
        self._discrete = [i for i, one in enumerate(varying) if self._is_discrete(one.values)]
        self._parts: list[tuple[Any, list[str]]] = []
        makers = self._number_pipeline, self._category_encoder
        for make, part in zip(makers, self._split(columns), strict=True):
            fitted = make().set_output(transform="default").fit(_matrix(part)) if part else None
            self._parts.append((fitted, [column.name for column in part]))
        if not any(names for _, names in self._parts):
            raise ValueError(
                f"{type(self).__name__}: no column tells anything; each of the "
                f"{len(columns)} has a single value, or texts that are all different."
            )

    def _split(self, columns: list[Column]) -> tuple[list[Column], list[Column]]:
        """Return what is a number, and what is a category; some are both."""
        found = list(self._numbers(columns))
        varying = [found[i] for i in self._varying]
        pairs = zip(columns, self._kinds, strict=True)
        categories = [column for column, kind in pairs if kind == "category"]
        both = [varying[i] for i in self._discrete]
        return varying, [one._replace(values=words(one)) for one in [*categories, *both]]

    def transform(self, X: Any) -> Any:
        """Return numbers.

        Parameters
        ----------
        X : frame, array-like or sparse container of shape (n_samples, n_features)
            A table with the same columns.

        Returns
        -------
        numbers : {ndarray, sparse container} of shape (n_samples, n_outputs)
            In float32.
        """
        check_is_fitted(self)
        X = checked_table(self, X, reset=False)
        if self._scaler is not None:
            return self._scaler.transform(sparse.csr_array(X)).astype(np.float32)
        X = X.toarray() if sparse.issparse(X) else X
        parts = self._split(columns_of(X, getattr(self, "feature_names_in_", None)))
        fitted = [one for one, _ in self._parts]
        outputs = [
            np.asarray(one.transform(_matrix(part)), dtype=np.float32)
            for one, part in zip(fitted, parts, strict=True)
            if one is not None
        ]
        return np.hstack(outputs)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the numbers.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Ignored: columns have the names that they had in `fit`.

        Returns
        -------
        names : ndarray of str
            One for every column that `transform` returns.
        """
        check_is_fitted(self)
        if self._scaler is not None:
            return self._scaler.get_feature_names_out(getattr(self, "feature_names_in_", None))
        fitted = [(one, names) for one, names in self._parts if one is not None]
        return np.concatenate([one.get_feature_names_out(names) for one, names in fitted])

    def _numbers(self, columns: list[Column]) -> Iterator[Column]:
        for column, kind in zip(columns, self._kinds, strict=True):
            if kind == "number":
                yield column._replace(values=numbers(column))
            elif kind == "date":
                for name, part in date_parts(column).items():
                    yield Column(f"{column.name}_{name}", part)

    def _is_discrete(self, values: np.ndarray) -> bool:
        known = np.unique(values[~np.isnan(values)])
        return 2 < len(known) <= self.max_integers and bool((known == np.floor(known)).all())

    def _number_pipeline(self) -> Pipeline:
        imputer = SimpleImputer(strategy="median", add_indicator=True)
        if not self.n_bins:
            return make_pipeline(imputer, SmoothClipScaler())
        both = FeatureUnion(
            [("scaled", SmoothClipScaler()), ("bins", PiecewiseLinearEncoder(self.n_bins))],
            verbose_feature_names_out=False,
        )
        return make_pipeline(imputer, both)

    def _category_encoder(self) -> OneHotEncoder:
        return OneHotEncoder(
            handle_unknown="infrequent_if_exist",
            min_frequency=self.min_frequency,
            max_categories=self.max_categories,
            sparse_output=False,
            dtype=np.float32,
        )

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether columns are known."""
        return hasattr(self, "_scaler")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        accept_tables(tags)
        tags.transformer_tags.preserves_dtype = []
        return tags


def _kept_kind(column: Column) -> str:
    """Return what a column holds; "dropped" if it tells nothing."""
    kind = kind_of(column)
    if kind != "category":
        return "dropped" if _is_constant(column.values) else kind
    known = set(words(column))
    is_id = len(known) == len(column.values) and not column.is_category
    return "dropped" if len(known) < 2 or is_id else kind


def _is_constant(values: np.ndarray) -> bool:
    """Whether values are all the same, or all missing."""
    missing = is_missing(values)
    known = values[~missing]
    return len(known) == 0 or (not missing.any() and bool((known == known[0]).all()))


def _matrix(columns: list[Column]) -> np.ndarray:
    return np.column_stack([column.values for column in columns])
