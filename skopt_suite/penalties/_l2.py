"""The squared Euclidean norm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from skopt_suite._separable import Separable
from skopt_suite.domains import Boolean, LogUniform, Real, Vector
from skopt_suite.penalties._separable import SeparablePenalty


class L2(SeparablePenalty):
    """Half the squared Euclidean norm: ridge, weight decay.

    ``alpha / 2 * ‖w‖²``, added to the mean loss.

    Parameters
    ----------
    alpha : "auto", float >= 0, or a sequence of them, default="auto"
        Strength; of networks also one for each layer, the first of them for the input, of
        linear models one for each output. "auto" makes `LinearClassifier` logistic regression
        with ``C=1`` and `LinearRegressor` ridge regression with ``alpha=1``, as scikit-learn has
        them: ``1 / Σw``, but at most 1, w being the weights of the rows to train on and Σw their
        number if all are 1. It is 1e-4 in MLPs and where training begins with ``partial_fit``,
        which never sees all rows; after ``fit`` that goes on with the same.
    positive : bool, default=False
        Whether weights are kept from being negative.

    See Also
    --------
    ElasticNet : With exact zeros.
    MaxNorm : A bound on norms in place of a price.
    skopt_suite.optimizers.AdamW : Weight decay that the objective does not have.

    Examples
    --------
    >>> from skopt_suite import LinearRegressor
    >>> from skopt_suite.penalties import L2
    >>> reg = LinearRegressor(penalty=L2(alpha=0.1))
    """

    scratch_arrays = 0
    parameters = {
        "alpha": Vector(Real(0, search=LogUniform(1e-6, 1)), per="layer", also=("auto",)),
        "positive": Boolean(),
    }

    def __init__(
        self, alpha: str | float | Sequence[float] = "auto", positive: bool = False
    ) -> None:
        self.alpha: Any = alpha
        self.positive = positive

    @property
    def has_gradient(self) -> bool:
        """True."""
        return True

    @property
    def has_prox(self) -> bool:
        """Whether weights are kept from being negative."""
        return self.positive

    def _strengths(self) -> Separable:
        return Separable(None, self.alpha, self.positive)
