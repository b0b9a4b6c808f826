"""Numbers as how far they have come through bins."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import TransformerMixin
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted, validate_data

from skopt_suite._component import Parametrised
from skopt_suite.domains import Integer


class PiecewiseLinearEncoder(TransformerMixin, Parametrised):
    r"""Encode every number by how far it has come through each of some bins.

    Bins :math:`[b_{t-1}, b_t]` end at quantiles of the column; of each there is an output

    .. math::
        e_t(x) = \min(1, \max(0, \frac{x - b_{t-1}}{b_t - b_{t-1}})),

    so that a linear function of the outputs is any continuous piecewise linear function of the
    number [1]_. Quantiles that are the same are one, and columns with less than two bins have no
    output, so that it stands beside the numbers themselves, in a ``FeatureUnion``.

    Parameters
    ----------
    n_bins : int, default=16
        Bins of every column, at most.

    Attributes
    ----------
    low_, width_ : ndarray of shape (n_outputs,)
        Where the bin of every output begins, and how wide it is.
    column_ : ndarray of shape (n_outputs,)
        The column that it is of.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, where X has text as column names.

    See Also
    --------
    SmoothClipScaler : One column for one.
    TabularEncoder : Puts these beside numbers, and takes what is not a number, too.

    References
    ----------
    .. [1] Gorishniy, Rubachev, Babenko, "On Embeddings for Numerical Features in Tabular Deep
       Learning", NeurIPS 2022, section 3.2.

    Examples
    --------
    >>> import numpy as np
    >>> from skopt_suite.tabular import PiecewiseLinearEncoder
    >>> PiecewiseLinearEncoder(n_bins=2).fit_transform(np.array([[0.0], [2.0], [3.0], [6.0]]))
    array([[0.  , 0.  ],
           [1.  , 0.  ],
           [1.  , 0.25],
           [1.  , 1.  ]])
    """

    parameters = {"n_bins": Integer(2)}
    low_: np.ndarray
    width_: np.ndarray
    column_: np.ndarray

    def __init__(self, n_bins: int = 16) -> None:
        self.n_bins = n_bins

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn where bins end.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Numbers.
        y : None, default=None
            Ignored.

        Returns
        -------
        self : object
            The transformer.
        """
        self._check_parameters()
        X = validate_data(self, X, dtype=np.float64)
        shares = np.linspace(0, 1, self.n_bins + 1)
        quantiles = np.quantile(X, shares, axis=0, method="inverted_cdf")  # values of the column
        edges = [np.unique(column) for column in quantiles.T]
        edges = [one if len(one) > 2 else one[:1] for one in edges]
        self.low_ = np.concatenate([one[:-1] for one in edges])
        self.width_ = np.concatenate([np.diff(one) for one in edges])
        self.column_ = np.repeat(np.arange(len(edges)), [len(one) - 1 for one in edges])
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return how far numbers have come.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Numbers.

        Returns
        -------
        encoded : ndarray of shape (n_samples, n_outputs)
            From 0 to 1, the bins of a column after each other.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return np.clip((X[:, self.column_] - self.low_) / self.width_, 0.0, 1.0)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return names: that of the column, and the number of its bin.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns; None: those that they had in `fit`, or x0, x1 and so on.

        Returns
        -------
        names : ndarray of str
            One for every column that `transform` returns.
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        numbers = np.arange(len(self.column_)) - np.searchsorted(self.column_, self.column_)
        pairs = zip(names[self.column_], numbers, strict=True)
        return np.array([f"{name}_bin{t}" for name, t in pairs], dtype=object)
