"""What both multilayer perceptrons are."""

from __future__ import annotations

from itertools import chain
from typing import Any

from sklearn.base import clone

from skopt_suite.backends import namespace
from skopt_suite.domains import Choice, Range, Uniform
from skopt_suite.estimators._architecture import (
    check_architecture,
    check_init,
    check_normalization,
    per_layer,
    widths,
)
from skopt_suite.estimators._base import TrainableEstimator
from skopt_suite.estimators._prune import Prunable
from skopt_suite.estimators._words import WORDS_FOR_NETWORKS
from skopt_suite.models import Network
from skopt_suite.optimizers import AdamW, Optimizer


def network_optimizer() -> AdamW:
    """Return what ``optimizer="auto"`` stands for in networks."""
    return AdamW(learning_rate=0.003, weight_decay=0.02)


AUTO_DROPOUT = 0.2
FEWEST_DROPPED = 64
"""Units of a layer that ``dropout="auto"`` drops some of; narrow ones need all."""
_MATMUL_PRECISION = Choice(("highest", "high", "medium"))


class MLPFace(Prunable, TrainableEstimator):
    """How a multilayer perceptron takes its architecture and shows its parameters."""

    hidden_layer_sizes: Any
    activation: Any
    optimizer: Any
    dropout: Any
    input_dropout: float
    init: Any
    residual: bool
    normalization: str
    dtype: str
    matmul_precision: str
    _is_network = True
    _elsewhere = WORDS_FOR_NETWORKS
    coefs_: list
    intercepts_: list
    gains_: list
    means_: list
    variances_: list

    def _check_parameters(self) -> None:
        super()._check_parameters()
        owner = type(self).__name__
        check_architecture(owner, self.hidden_layer_sizes, self.activation, self.dropout)
        check_init(owner, self.init)
        check_normalization(owner, self.normalization, self.hidden_layer_sizes)
        _MATMUL_PRECISION.check(owner, "matmul_precision", self.matmul_precision)

    def _architecture(self) -> tuple:
        hidden = widths(self.hidden_layer_sizes)
        kinds = bool(self.residual), self.normalization
        return hidden, per_layer(self.activation, len(hidden)), *kinds

    def _network(self, n_features: int, n_outputs: int) -> Network:
        hidden, activations, *kinds = self._architecture()
        return Network((n_features, *hidden, n_outputs), activations, True, *kinds)

    def _optimizer(self, **facts: Any) -> Optimizer:
        if super()._chooses_optimizer():
            return network_optimizer()
        return super()._optimizer(**facts)

    def _chooses_optimizer(self) -> bool:
        return False  # "auto" is the same for all rows

    def _dropout_rates(self) -> tuple[float, ...]:
        sizes = widths(self.hidden_layer_sizes)
        given = per_layer(self.dropout, len(sizes))
        return tuple(
            self._auto_dropout(size) if rate == "auto" else rate
            for rate, size in zip(given, sizes, strict=True)
        )

    def _auto_dropout(self, n_units: int) -> float:
        drops = n_units >= FEWEST_DROPPED and not self._optimizer().is_full_batch
        return AUTO_DROPOUT if drops else 0.0

    def _input_dropout_rate(self) -> float:
        return float(self.input_dropout)

    def _accepts_sparse(self) -> bool:
        return super()._accepts_sparse() and not self.input_dropout

    def _initialiser(self) -> str:
        return self.init

    def _precision(self) -> str:
        return "float32" if self.dtype == "auto" else self.dtype

    def _precision_of_products(self) -> str:
        return self.matmul_precision

    def _search_ranges(self) -> dict[str, Range]:
        """Add rates of dropout, one for all layers, where there is any: 0 means to do without."""
        ranges = super()._search_ranges()
        if any(self._dropout_rates()):
            ranges["dropout"] = Uniform(0, 0.5)
        if self.input_dropout:
            ranges["input_dropout"] = Uniform(0, 0.5)
        return ranges

    def _other_sizes(self) -> list[tuple[int, ...]]:
        """Return half and twice the width, and a layer more or less; not what others contradict."""
        own = widths(self.hidden_layer_sizes)
        half, twice = tuple(-(-size // 2) for size in own), tuple(2 * size for size in own)
        found = [half, twice, own + own[-1:], own[:-1], half[:-1], twice[:-1]]
        return [sizes for sizes in found if sizes and self._accepts_sizes(sizes)]

    def _accepts_sizes(self, sizes: tuple[int, ...]) -> bool:
        try:
            clone(self).set_params(hidden_layer_sizes=sizes)._check_parameters()
        except (TypeError, ValueError):  # something is given per layer
            return False
        return True

    def _layers(self) -> tuple[list, list]:
        return self.coefs_, self.intercepts_

    def _others(self) -> list:
        # there are none in files of earlier versions
        names = ("gains_", "means_", "variances_")
        gains, means, variances = (getattr(self, name, []) for name in names)
        return [*gains, *chain.from_iterable(zip(means, variances, strict=True))]

    def _model_attributes(self, network: Network, targets: Any, params: Any) -> dict[str, Any]:
        stack, layers = namespace(params).reshape(params, (1, -1)), network.layout.layers
        norms, buffers = network.layout.norms, stack[:, network.n_params :]
        kept = norms if network.n_buffers else ()
        return {
            "coefs_": [layer.weights(stack)[0, ...] for layer in layers],
            "intercepts_": [layer.bias(stack)[0, 0, :] for layer in layers],
            "gains_": [norm.gain(stack)[0, 0, :] for norm in norms],
            "means_": [norm.mean(buffers)[0, 0, :] for norm in kept],
            "variances_": [norm.variance(buffers)[0, 0, :] for norm in kept],
            "n_layers_": len(network.sizes),
            "n_outputs_": network.sizes[-1],
        }
