"""The layers of a network as nodes: writing them is a fold, as computing them is."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from skopt_suite.export._onnx_graph import Graph
from skopt_suite.models import (
    EPSILON,
    SELU_ALPHA,
    SELU_SCALE,
    BatchNormalization,
    Dense,
    Dropout,
    Elementwise,
    InputDropout,
    Layer,
    LayerNormalization,
    LeakyReLU,
    Residual,
)


class Values(NamedTuple):
    """The numbers of one network."""

    params: np.ndarray  # (1, n_params)
    buffers: np.ndarray  # (1, n_buffers)


def write_layers(graph: Graph, layers: Sequence[Layer], values: Values, x: str) -> str:
    """Add the nodes of layers in inference, and return the name of the output."""
    for layer in layers:
        x = _WRITERS[type(layer)](graph, layer, values, x)
    return x


def _write_nothing(graph: Graph, layer: Layer, values: Values, x: str) -> str:
    return x


def _write_dense(graph: Graph, layer: Dense, values: Values, x: str) -> str:
    weights = graph.numbers(layer.layout.weights(values.params)[0])
    if not layer.layout.has_bias:
        return graph.add("MatMul", x, weights)
    return graph.add("Gemm", x, weights, graph.numbers(layer.layout.bias(values.params)[0, 0]))


def _write_leaky_relu(graph: Graph, layer: LeakyReLU, values: Values, x: str) -> str:
    if layer.negative_slope == 1:
        return x
    if layer.negative_slope == 0:
        return graph.add("Relu", x)
    return graph.add("Max", x, graph.add("Mul", x, layer.negative_slope))


def _write_elementwise(graph: Graph, layer: Elementwise, values: Values, x: str) -> str:
    return _CURVES[layer.name](graph, x)


def _write_layer_normalization(
    graph: Graph, layer: LayerNormalization, values: Values, x: str
) -> str:
    gain, bias = (part(values.params)[0, 0] for part in (layer.layout.gain, layer.layout.bias))
    constants = graph.numbers(gain), graph.numbers(bias)
    return graph.add("LayerNormalization", x, *constants, axis=-1, epsilon=EPSILON)


def _write_batch_normalization(
    graph: Graph, layer: BatchNormalization, values: Values, x: str
) -> str:
    layout = layer.layout
    learnt = layout.gain(values.params), layout.bias(values.params)
    kept = layout.mean(values.buffers), layout.variance(values.buffers)
    constants = [graph.numbers(part[0, 0]) for part in (*learnt, *kept)]
    return graph.add("BatchNormalization", x, *constants, epsilon=EPSILON)


def _write_residual(graph: Graph, layer: Residual, values: Values, x: str) -> str:
    return graph.add("Add", x, write_layers(graph, layer.layers, values, x))


def _elu(graph: Graph, z: str, alpha: float = 1.0) -> str:
    below = graph.add("Sub", graph.add("Exp", graph.add("Min", z, 0.0)), 1.0)
    return graph.add("Add", graph.add("Relu", z), graph.add("Mul", below, alpha))


def _selu(graph: Graph, z: str) -> str:
    return graph.add("Mul", _elu(graph, z, SELU_ALPHA), SELU_SCALE)


def _softplus(graph: Graph, z: str) -> str:
    small = graph.add("Exp", graph.add("Neg", graph.add("Abs", z)))
    return graph.add("Add", graph.add("Relu", z), graph.add("Log", graph.add("Add", small, 1.0)))


def _gelu(graph: Graph, z: str) -> str:
    """Return ``z (1 + erf(z / √2)) / 2``; onnxruntime has erf in single precision only."""
    scaled = graph.cast(graph.add("Mul", z, math.sqrt(0.5)), "float32")
    erf = graph.cast(graph.add("Erf", scaled), graph.dtype)
    return graph.add("Mul", graph.add("Mul", z, 0.5), graph.add("Add", erf, 1.0))


def _hard_sigmoid(graph: Graph, z: str) -> str:
    return graph.add("Clip", graph.add("Add", graph.add("Mul", z, 1 / 6), 0.5), 0.0, 1.0)


def _node(operator: str, *bounds: float) -> Callable[[Graph, str], str]:
    return lambda graph, z: graph.add(operator, z, *bounds)


def _times(function: Callable[[Graph, str], str]) -> Callable[[Graph, str], str]:
    return lambda graph, z: graph.add("Mul", z, function(graph, z))


# composed of operators that runtimes have in single and double precision
_CURVES: dict[str, Callable[[Graph, str], str]] = {
    "elu": _elu,
    "gelu": _gelu,
    "silu": _times(_node("Sigmoid")),
    "tanh": _node("Tanh"),
    "logistic": _node("Sigmoid"),
    "softplus": _softplus,
    "selu": _selu,
    "mish": _times(lambda graph, z: graph.add("Tanh", _softplus(graph, z))),
    "hard_sigmoid": _hard_sigmoid,
    "hard_tanh": _node("Clip", -1.0, 1.0),
    "hard_swish": _times(_hard_sigmoid),
}

_WRITERS: dict[type, Callable[[Graph, Any, Values, str], str]] = {
    InputDropout: _write_nothing,
    Dropout: _write_nothing,
    Dense: _write_dense,
    LeakyReLU: _write_leaky_relu,
    Elementwise: _write_elementwise,
    LayerNormalization: _write_layer_normalization,
    BatchNormalization: _write_batch_normalization,
    Residual: _write_residual,
}
