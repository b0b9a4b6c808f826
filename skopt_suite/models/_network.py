"""The fully connected network; with no hidden layer it is the linear model.

Where weights and biases lie in a row of parameters, its `Layout` knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from skopt_suite._layout import Layout
from skopt_suite.backends import Array, is_plain_batch, namespace
from skopt_suite.models._activations import ACTIVATIONS, Activation
from skopt_suite.models._dense import InputLayer, Run


class Stage(NamedTuple):
    """What `backward` needs of a run of layers, and of the activation and dropout behind it."""

    run: Run | InputLayer
    x: Any  # its input: (n_samples, n_features), or (n_fits, n_samples, n_in)
    outputs: Array
    activation: Activation | None
    saved: Array | None
    mask: Array | None


class Trace(NamedTuple):
    """What the forward pass leaves for the backward pass."""

    params: Array  # (n_fits, n_params)
    stages: list[Stage]


@dataclass(frozen=True)
class Network:
    """A fully connected network.

    Parameters
    ----------
    sizes : tuple of int
        Units of every layer: ``(n_features, *hidden, n_outputs)``.
    activations : tuple of str
        Activation of every hidden layer.
    output_bias : bool
        Whether the output layer has a bias (hidden layers always do).
    """

    sizes: tuple[int, ...]
    activations: tuple[str, ...] = ()
    output_bias: bool = True

    @property
    def n_hidden(self) -> int:
        """Number of hidden layers."""
        return len(self.sizes) - 2

    @cached_property
    def layout(self) -> Layout:
        """Where the weights and biases of every layer lie in a row of parameters."""
        return Layout.dense(self.sizes, self.output_bias)

    @property
    def n_params(self) -> int:
        """Number of parameters of one fit."""
        return self.layout.n_params

    def initialise(self, random_state: np.random.RandomState) -> np.ndarray:
        """Return parameters of shape (n_params,) to start from.

        Zeros for the linear model, whose objective is convex; else Glorot and Bengio's uniform
        distribution for weights ("Understanding the difficulty of training deep feedforward
        neural networks", AISTATS 2010), and zeros for biases.
        """
        params = np.zeros(self.n_params)
        if self.n_hidden:
            for layer in self.layout.layers:
                weights = layer.weights(params[None])
                bound = np.sqrt(6.0 / (weights.shape[1] + weights.shape[2]))
                weights[...] = random_state.uniform(-bound, bound, weights.shape)
        return params

    def forward(
        self, params: Array, x: Any, masks: Sequence[Array | None] | None = None
    ) -> tuple[Array, Trace]:
        """Return raw predictions and what `backward` needs.

        Parameters
        ----------
        params : array of shape (n_fits, n_params)
            Parameters.
        x : array or sparse container of shape (n_samples, n_features)
            Input, the same for all fits.
        masks : list of arrays of shape (n_fits or 1, n_samples, n_units), optional
            What the outputs of every hidden layer are multiplied by (dropout).

        Returns
        -------
        raw : array of shape (n_fits, n_samples, n_outputs)
            Raw predictions.
        trace : Trace
            For `backward`.
        """
        trace = Trace(params, [])
        is_apart = not is_plain_batch(x, params, self.sizes[1])
        for run, stop in self._runs(is_apart, masks is not None):
            z, outputs = run.forward(params, x)
            stage = Stage(run, x, outputs, None, None, None)
            if stop <= self.n_hidden:
                activation = ACTIVATIONS[self.activations[stop - 1]]
                z, saved = activation.forward(z)
                mask = None if masks is None else masks[stop - 1]
                z = z if mask is None else z * mask
                stage = Stage(run, x, outputs, activation, saved, mask)
            trace.stages.append(stage)
            x = z
        return x, trace

    def backward(self, trace: Trace, delta: Array) -> Array:
        """Return the gradient with respect to the parameters.

        Parameters
        ----------
        trace : Trace
            From `forward`.
        delta : array of shape (n_fits, n_samples, n_outputs)
            Gradient with respect to the raw predictions; may be overwritten.

        Returns
        -------
        gradient : array of shape (n_fits, n_params)
            Summed over samples.
        """
        params, xp = trace.params, namespace(trace.params)
        gradient = xp.empty(params.shape, dtype=params.dtype, device=params.device)
        for stage in reversed(trace.stages):
            if stage.mask is not None:
                delta = delta * stage.mask
            if stage.activation is not None:
                delta = stage.activation.backward(delta, stage.saved)
            delta = stage.run.backward(gradient, params, stage.x, stage.outputs, delta)
        return gradient

    def _runs(self, is_apart: bool, has_masks: bool) -> list[tuple[Run | InputLayer, int]]:
        """Return runs of layers, each with the number of layers up to its end.

        Parameters
        ----------
        is_apart : bool
            Whether the first layer has its own way to multiply.
        has_masks : bool
            Whether there is dropout behind every hidden layer.
        """
        key = (is_apart, has_masks)
        if key not in self._known_runs:
            self._known_runs[key] = list(self._find_runs(*key))
        return self._known_runs[key]

    def _find_runs(self, is_apart: bool, has_masks: bool) -> Iterator[tuple[Run | InputLayer, int]]:
        layers, start = self.layout.layers, 0
        leaks = [*(ACTIVATIONS[name].leak for name in self.activations), 1.0]
        if is_apart:
            yield InputLayer(layers[0], leaks[0]), 1
            start = 1
        for stop in range(start + 1, len(layers) + 1):
            is_output = stop == len(layers)
            if is_output or has_masks or ACTIVATIONS[self.activations[stop - 1]].has_curve:
                yield Run(layers[start:stop], leaks[start:stop]), stop
                start = stop

    @cached_property
    def _known_runs(self) -> dict[tuple[bool, bool], list[tuple[Run | InputLayer, int]]]:
        return {}
