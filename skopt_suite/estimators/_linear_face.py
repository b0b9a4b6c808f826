"""What both linear models are."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Self

import numpy as np

from skopt_suite.backends import namespace, to_numpy
from skopt_suite.estimators._base import TrainableEstimator
from skopt_suite.estimators._callbacks import with_callbacks
from skopt_suite.estimators._initial_layer import initial_layer
from skopt_suite.estimators._kept_fit import Given
from skopt_suite.estimators._named_alone import named_alone
from skopt_suite.estimators._words import WORDS_FOR_LINEAR_MODELS
from skopt_suite.models import Network
from skopt_suite.training import Job, Result


class LinearFace(TrainableEstimator):
    """How a linear model shows its parameters."""

    fit_intercept: bool
    coef_: Any
    intercept_: Any
    dual_gap_: float | np.ndarray | None
    _shares_penalty = True
    _elsewhere = WORDS_FOR_LINEAR_MODELS

    @with_callbacks
    @named_alone
    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        X_val: Any = None,
        y_val: Any = None,
        coef_init: Any = None,
        intercept_init: Any = None,
        checkpoint: Any = None,
    ) -> Self:
        """Train on (X, y).

        Parameters
        ----------
        X : {array-like, sparse container} of shape (n_samples, n_features)
            Input. CSR of SciPy or of cupyx stays sparse; other sparse formats, CSC too, are
            converted to it once. Every optimizer takes it but ``"closed_form"``. Or chunks of more
            rows than memory holds: see :doc:`/out_of_memory`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Target values; left out where `X` is chunks that have their own.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of every sample in the mean loss; None: all 1.
        X_val : {array-like, sparse container} of shape (n_val_samples, n_features), default=None
            Held-out input that is scored after every epoch; with ``early_stopping=True`` it
            replaces the split by ``validation_fraction``.
        y_val : array-like of shape (n_val_samples,) or (n_val_samples, n_outputs), default=None
            Targets of `X_val`.
        coef_init : array-like of the shape of ``coef_``, default=None
            Coefficients to start from; of shape (n_features,) where there is one output. None:
            those of the last fit with ``warm_start=True``, else zeros. ``"closed_form"`` does not
            start anywhere.
        intercept_init : array-like of the shape of ``intercept_``, default=None
            Intercepts to start from; a number where there is one output.
        checkpoint : str, path-like or Checkpoint, default=None
            A folder for what a fit that is killed goes on from, see `skopt_suite.Checkpoint`: call
            `fit` again with the same parameters and data. None: there is no such folder.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            If a parameter or the data is not what is accepted, before any work starts.
        DivergenceError
            If the objective becomes infinite, not a number, or absurdly large.
        """
        initial = initial_layer(type(self).__name__, coef_init, intercept_init)
        return self._fit(Given(X, y, sample_weight, X_val, y_val), initial, checkpoint)

    def _architecture(self) -> tuple:
        return (self.fit_intercept,)

    def _network(self, n_features: int, n_outputs: int) -> Network:
        return _linear(n_features, n_outputs, bool(self.fit_intercept))

    def _layers(self) -> tuple[list, list]:
        coef = to_numpy(self.coef_)
        return [np.atleast_2d(coef).T], [np.atleast_1d(to_numpy(self.intercept_))]

    def _show(self, job: Job, targets: Any, result: Result) -> None:
        super()._show(job, targets, result)
        gap = result.dual_gap
        self.dual_gap_ = None if gap is None else float(gap[0]) if len(gap) == 1 else gap

    def _model_attributes(self, network: Network, targets: Any, params: Any) -> dict[str, Any]:
        (layer,) = network.layout.layers
        xp = namespace(params)
        stack = params[None, ...]
        weights = layer.weights(stack)[0, ...].T
        intercepts = layer.bias(stack)[0, 0, :] if layer.has_bias else xp.zeros_like(weights[:, 0])
        return {"coef_": weights, "intercept_": intercepts}


@lru_cache(maxsize=256)
def _linear(n_features: int, n_outputs: int, has_intercept: bool) -> Network:
    """Return the network without hidden layers, which keeps what it finds out about itself."""
    return Network((n_features, n_outputs), output_bias=has_intercept)
