"""Robust scaling with a smooth limit."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

_LIMIT = 3.0


class SmoothClipScaler(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    r"""Scale columns by median and quartiles, and bring what is far out smoothly below 3.

    .. math::
        z = \frac{x - \text{median}}{q_{75} - q_{25}}, \qquad
        \text{output} = \frac{z}{\sqrt{1 + (z / 3)^2}}

    Where the quartiles are the same, half of the range is in the place of their distance, and a
    column that is constant becomes 0 [1]_.

    Attributes
    ----------
    center_ : ndarray of shape (n_features,)
        Medians.
    scale_ : ndarray of shape (n_features,)
        What deviations from them are multiplied with.
    n_features_in_ : int
        Number of features of X.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X has text as column names.

    See Also
    --------
    PiecewiseLinearEncoder : Many columns for one.
    TabularEncoder : Takes tables in which not all is numbers.

    References
    ----------
    .. [1] Holzmüller, Grinsztajn, Steinwart, "Better by Default: Strong Pre-Tuned MLPs and Boosted
       Trees on Tabular Data", NeurIPS 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from skopt_suite.tabular import SmoothClipScaler
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0], [1e6]])
    >>> SmoothClipScaler().fit_transform(X).round(2).ravel()
    array([-0.95, -0.49,  0.  ,  0.49,  3.  ])
    """

    center_: np.ndarray
    scale_: np.ndarray

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn medians and quartiles.

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
        X = validate_data(self, X, dtype=np.float64)
        low, self.center_, high = np.quantile(X, [0.25, 0.5, 0.75], axis=0)
        half_range = (X.max(axis=0) - X.min(axis=0)) / 2
        distance = np.where(high > low, high - low, half_range)
        self.scale_ = np.divide(1.0, distance, out=np.zeros_like(distance), where=distance > 0)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return scaled numbers between -3 and 3.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Numbers.

        Returns
        -------
        scaled : ndarray of shape (n_samples, n_features)
            In float64.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        z = (X - self.center_) * self.scale_
        return z / np.hypot(1.0, z / _LIMIT)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = False
        return tags
