"""The residual connection."""

from __future__ import annotations

from typing import Any, NamedTuple

from skopt_suite.backends import Activations, FeatureMatrix, Params, namespace
from skopt_suite.models._layer import Context, Layer


class Residual(NamedTuple):
    """``x + f(x)``, where `f` is layer after layer and has as many outputs as inputs.

    (K. He et al., "Deep residual learning for image recognition", CVPR 2016.)
    """

    layers: tuple[Layer, ...]

    def forward(
        self, params: Params, x: Activations | FeatureMatrix, context: Context
    ) -> tuple[Activations, list[Any]]:
        """Return the output, and what the layers leave."""
        output, kept = x, []
        for layer in self.layers:
            output, saved = layer.forward(params, output, context)
            kept.append(saved)
        return x + output, kept

    def backward(
        self, gradient: Params, params: Params, saved: list[Any], delta: Activations
    ) -> Activations | None:
        """Write the gradients of the layers, return that by the input."""
        below: Any = namespace(delta).asarray(delta, copy=True)  # layers overwrite it
        for layer, kept in zip(reversed(self.layers), reversed(saved), strict=True):
            below = layer.backward(gradient, params, kept, below)
        below += delta
        return below
