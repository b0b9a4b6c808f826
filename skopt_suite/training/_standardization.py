"""Between what a fit sees, inputs and targets of deviation 1, and the units they came in."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from skopt_suite.backends import Array, RawPredictions, namespace
from skopt_suite.models import Network
from skopt_suite.training._scaling import Scaling


class Standardization(NamedTuple):
    """How the rows of a fit are standardised, with arrays on the host.

    With ``z = (x - m) f`` and ``y = t + s r`` for raw predictions r of what is seen, a network is
    the same with ``f W`` and ``b - m f W`` in its first layer and ``s W``, ``t + s b`` in its last.
    """

    inputs: Scaling
    targets: Scaling | None
    """None: targets stay as they are."""

    def folded(self, network: Network, params: Array) -> Array:
        """Return the parameters of the network in the units of the rows, in float64.

        Parameters
        ----------
        network : Network
            What the parameters are of.
        params : array of shape (n_params + n_buffers,)
            Parameters and buffers of a fit.
        """
        row = _row_of(params)
        inputs, targets = self._like(row, network.sizes[-1])
        if targets is not None:
            for part in _last_layer(network, row):
                part[...] = part / targets.factor
            _shift_outputs(network, row, targets.mean)
        weights = network.layout.layers[0].weights(row)
        weights[...] = weights * inputs.factor[None, :, None]
        if inputs.mean is not None:
            _shift(network, row, -inputs.mean)
        return row[0, ...]

    def unfolded(self, network: Network, params: Array) -> Array:
        """Return the parameters that `folded` makes these of, in float64."""
        row = _row_of(params)
        inputs, targets = self._like(row, network.sizes[-1])
        if inputs.mean is not None:
            _shift(network, row, inputs.mean)
        weights = network.layout.layers[0].weights(row)
        weights[...] = weights / inputs.factor[None, :, None]
        if targets is not None:
            _shift_outputs(network, row, None if targets.mean is None else -targets.mean)
            for part in _last_layer(network, row):
                part[...] = part * targets.factor
        return row[0, ...]

    def of_columns(self, columns: np.ndarray) -> Standardization:
        """Return how the rows of a fit are standardised that sees some columns of the inputs."""
        return self._replace(inputs=self.inputs.taken(columns))

    def centred(self, network: Network, params: Array) -> Array:
        """Return folded parameters as those of inputs whose mean is taken off, in float64."""
        row = _row_of(params)
        _shift(network, row, self._like(row, network.sizes[-1]).inputs.mean)
        return row[0, ...]

    def moved(self, X: Array) -> Array:
        """Return a copy of dense inputs whose mean is taken off, in their precision."""
        inputs = _moved(self.inputs, X)
        return inputs._replace(factor=namespace(X).ones_like(inputs.factor))(X, X.dtype)

    def restored(self, raw: RawPredictions) -> RawPredictions:
        """Return raw predictions of standardised targets in the units of the targets."""
        targets = self._like(raw, raw.shape[-1]).targets
        return raw if targets is None else targets.undone(raw)

    def _like(self, array: Array, n_outputs: int) -> Standardization:
        """Return it with arrays where another one is, of targets once for every raw prediction."""
        inputs, targets = _moved(self.inputs, array), self.targets
        if targets is None:
            return Standardization(inputs, None)
        repeated = targets.repeated(n_outputs // targets.factor.shape[0])
        return Standardization(inputs, _moved(repeated, array))


def are_alike(one: Standardization | None, other: Standardization | None) -> bool:
    """Whether rows are standardised in the same way, or both times not."""
    if one is None or other is None:
        return one is other
    pairs = list(zip(one, other, strict=True))
    if any((a is None) != (b is None) for a, b in pairs):
        return False
    return all(a.is_like(b) for a, b in pairs if a is not None and b is not None)


def _moved(scaling: Scaling, to: Array) -> Scaling:
    xp = namespace(to)
    return Scaling(*(None if one is None else xp.asarray(one, device=to.device) for one in scaling))


def _row_of(params: Array) -> Array:
    """Return a copy of parameters in float64, (1, n_params + n_buffers)."""
    xp = namespace(params)
    return xp.reshape(xp.astype(params, xp.float64, copy=True), (1, -1))


def _last_layer(network: Network, row: Array) -> list[Array]:
    layer = network.layout.layers[-1]
    return [layer.weights(row), *([layer.bias(row)] if layer.has_bias else [])]


def _shift_outputs(network: Network, row: Array, by: Array | None) -> None:
    if by is not None:
        bias = network.layout.layers[-1].bias(row)
        bias[...] = bias + by


def _shift(network: Network, row: Array, by: Array) -> None:
    """Let the first layer see inputs that are further by a vector, (n_features,).

    Where weighted sums are normalised over batches, their means move, as biases come behind it.
    """
    xp, layer = namespace(row), network.layout.layers[0]
    moved = xp.matmul(by[None, :], layer.weights(row)[0, ...])
    if network.n_buffers:
        mean = network.layout.norms[0].mean(row[:, network.n_params :])
        mean[...] = mean - moved
    else:
        bias = layer.bias(row)
        bias[...] = bias + moved
