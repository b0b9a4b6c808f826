"""The layers that drop units and features in training."""

from __future__ import annotations

from typing import NamedTuple

from skopt_suite.backends import (
    Activations,
    FeatureMatrix,
    FitColumn,
    Params,
    kernel,
    namespace,
    uniform,
)
from skopt_suite.models._layer import Context


class Dropout(NamedTuple):
    """0 with probability `rate`, else ``x / (1 - rate)``, so that the mean is x.

    (Inverted dropout; N. Srivastava et al., "Dropout", Journal of Machine Learning Research 15,
    2014, section 10.) All fits share the draws, so a fit drops the same units in a stack as alone.
    """

    layer: int
    """Number of the hidden layer that it is behind."""

    def forward(
        self, params: Params, x: Activations, context: Context
    ) -> tuple[Activations, Activations | None]:
        """Return the output, and what `x` was multiplied by."""
        if context.dropout is None:
            return x, None
        rates, seed, step = context.dropout
        rate = rates[:, self.layer : self.layer + 1]
        mask = dropout_mask(rate, x.shape[1], x.shape[2], seed, step, self.layer)
        return x * mask, mask

    def backward(
        self, gradient: Params, params: Params, saved: Activations | None, delta: Activations
    ) -> Activations:
        """Return the gradient with respect to the input."""
        return delta if saved is None else delta * saved


class InputDropout(NamedTuple):
    """The same for the features of a dense input."""

    n_hidden: int
    """Number of hidden layers: what they drop is drawn with smaller numbers of layers."""

    def forward(
        self, params: Params, x: Activations | FeatureMatrix, context: Context
    ) -> tuple[Activations | FeatureMatrix, None]:
        """Return the output."""
        if context.dropout is None or not context.dropout.drops_input(self.n_hidden):
            return x, None
        rates, seed, step = context.dropout
        rate = rates[:, self.n_hidden :]
        output = dropout_mask(rate, x.shape[1], x.shape[2], seed, step, self.n_hidden)
        output *= x
        return output, None

    def backward(
        self, gradient: Params, params: Params, saved: None, delta: Activations | None
    ) -> None:
        """Return nothing: no gradient is asked for by the input."""


@kernel
def dropout_mask(
    rate: FitColumn, n_samples: int, n_units: int, seed: int, step: int, layer: int
) -> Activations:
    """What units are multiplied by, (n_fits, n_samples, n_units); `rate` is (n_fits, 1)."""
    draws, rate = uniform(rate, n_samples, n_units, seed, step, layer), rate[:, :, None]
    return namespace(rate).astype(draws >= rate, rate.dtype) / (1 - rate)
