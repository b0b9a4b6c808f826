"""Forward and back through stacked networks on a device, by kernels and products of a library."""

from __future__ import annotations

from typing import Any

import numpy as np

from skopt_suite._layout import DenseLayout
from skopt_suite.backends import Array, Params, namespace
from skopt_suite.backends.kernels._tracing import norms
from skopt_suite.models import Network
from skopt_suite.models._normalization import EPSILON, SHARE
from skopt_suite.training._batch_programs import BatchPrograms
from skopt_suite.training._device_buffers import Buffers, n_parts, new_buffers
from skopt_suite.training._rows import Rows

FEW_PRODUCTS = 2**22
"""Of numbers, in a layer of all fits: so many are multiplied while a library begins."""
_MANY_PRODUCTS = 2**29
"""Of numbers, in a layer of all fits: so many are faster in half precision, with the rounding."""

_MANY_ROWS, _FEW_ENTRIES = 2**15, 2**14
"""Of so many rows, products of few entries are found side by side for blocks of them."""
BLOCK_ROWS = 2048


class DeviceBatch:
    """Writes gradients of mean losses by parameters to where they are taken from.

    All of it is what an engine is asked for within `Engine.graph`.

    Parameters
    ----------
    engine : Engine
        What computes.
    network : Network
        The model.
    params, gradient : array of shape (n_fits, n_params)
        What is read and what is written.
    rows : Rows
        All rows: targets are read from them, and their weights.
    programs : BatchPrograms
        The kernels.
    most_rows : int
        Of a batch.
    dropout : object, optional
        What is dropped of hidden layers.
    moments : array of shape (n_fits, n_buffers), optional
        What normalisations keep of batches, which is moved.
    many_rows : int
        From so many rows on, sums over them are by blocks, which is also more precise.
    """

    def __init__(
        self,
        engine: Any,
        network: Network,
        params: Params,
        gradient: Params,
        rows: Rows,
        programs: BatchPrograms,
        most_rows: int,
        dropout: Any = None,
        moments: Array | None = None,
        many_rows: int = _MANY_ROWS,
    ) -> None:
        self.engine, self.network, self.dropout = engine, network, dropout
        self.layers, self.norms, self.moments = network.layout.layers, network.layout.norms, moments
        self.many_rows = many_rows
        self.drops_input = dropout is not None and dropout.drops_input(network.n_hidden)
        self.params, self.gradient, self.rows = params, gradient, rows
        self.of_loss, self.loss_arrays, self.hidden, self.output = programs
        xp, n_fits = namespace(params), len(params)
        shape = n_fits, n_parts(most_rows, n_fits)
        self.total = xp.zeros(shape, dtype=xp.float64, device=params.device)
        """To which mean losses are added, in parts."""
        self.shares: dict[int, Array] = {}
        self.buffers: dict[int, Buffers] = {}
        self.halves: dict[tuple[str, int, int], Array] = {}
        self.blocks: dict[tuple[int, int], tuple[Array, Array]] = {}

    def buffers_for(self, rows: int) -> Buffers:
        """Return where a batch of so many rows is computed."""
        if rows not in self.buffers:
            keeps_slope = [layer.keeps_slope for layer in self.hidden]
            given = self.params, self.network, keeps_slope, rows
            self.buffers[rows] = new_buffers(*given, has_own_inputs=self.drops_input)
        return self.buffers[rows]

    def lengths(self, rows: int, n_out: int) -> dict[str, int]:
        """Return what kernels are told of a batch and a layer."""
        return {"K": len(self.params), "B": rows, "N": n_out, "C": n_out, "entries": rows * n_out}

    def forward(self, buffers: Buffers, rows: int, count: Array | None = None) -> None:
        """Find raw predictions; `count` of steps, (1,), says which bits dropout draws."""
        x = buffers.x
        for i, out in enumerate(buffers.outputs):
            if i < len(self.hidden):
                self._hidden(i, x, buffers, rows, count)
            else:
                self._multiply(i, x, out, rows)
            x = out

    def _hidden(self, i: int, x: Array, buffers: Buffers, rows: int, count: Array | None) -> None:
        """Find the output of a hidden layer."""
        layer, programs = self.layers[i], self.hidden[i]
        arrays, more = self._of_layer(i, x, buffers, count)
        lengths = self.lengths(rows, layer.n_out)
        if self.norms:
            self._multiply(i, x, buffers.values[i], rows)
            self._normalise(i, buffers, lengths)
        elif self._multiplies(layer, rows):
            arrays, lengths = arrays | {"x": x, "w": layer.weights(self.params)}, dict(lengths)
            lengths["M"] = layer.n_in
            self.engine.call_dots(programs.dense_forward, arrays, lengths, *more)
            return
        else:
            self._multiply(i, x, buffers.outputs[i], rows)
        self.engine.call(programs.forward, arrays, lengths, *more)

    def _multiply(self, i: int, x: Array, out: Array, rows: int) -> None:
        """Write the products of inputs and weights of a layer."""
        layer, weights = self.layers[i], self.layers[i].weights(self.params)
        if self._multiplies(layer, rows):
            lengths = self.lengths(rows, layer.n_out) | {"M": layer.n_in}
            self.engine.call_dots(self.output, {"z": out, "x": x, "w": weights}, lengths)
        else:
            factors = self._round("x", i, rows, x), self._round("weights", i, rows, weights)
            self.engine.matmul(out, *factors)

    def _normalise(self, i: int, buffers: Buffers, lengths: dict[str, int]) -> None:
        """Normalise the sums of a hidden layer where they are."""
        values, dtype = buffers.values[i], str(self.params.dtype)
        arrays = {"values": values, "scale": buffers.scales[i]}
        if self.network.normalization == "layer":
            self.engine.call_for_lines(norms.normalise_layer(dtype, EPSILON), arrays, lengths)
            return
        program = norms.normalise_batch(dtype, EPSILON, SHARE)
        kept = self.norms[i].mean(self.moments), self.norms[i].variance(self.moments)
        arrays["mean"], arrays["variance"] = (part[:, 0, :] for part in kept)
        self.engine.call_for_columns(program, arrays, lengths)

    def _back_through_norm(self, i: int, buffers: Buffers, lengths: dict[str, int]) -> None:
        """Find gradients by gain and bias, and by what was normalised from those by the result."""
        norm, dtype = self.norms[i], str(self.params.dtype)
        is_batch = self.network.normalization == "batch"
        arrays = {
            "delta": buffers.deltas[i],
            "values": buffers.values[i],
            "scale": buffers.scales[i],
            "gain": norm.gain(self.params)[:, 0, :],
            "gain_gradient": norm.gain(self.gradient)[:, 0, :],
            "bias_gradient": norm.bias(self.gradient)[:, 0, :],
        }
        program = norms.back_through_columns(dtype, is_batch)
        self.engine.call_for_columns(program, arrays, lengths)
        if not is_batch:
            self.engine.call_for_lines(norms.back_through_layer(dtype), arrays, lengths)

    def _of_layer(
        self, i: int, x: Array, buffers: Buffers, count: Array | None
    ) -> tuple[dict[str, Any], list]:
        """Return what the kernels of a hidden layer are called with."""
        layer = self.layers[i]
        arrays: dict[str, Any] = {
            "z": buffers.outputs[i],
            "slope": buffers.slopes[i],
            "step": count,
            "bias": layer.bias(self.params),
            "skip": x,
        }
        if self.norms:
            arrays |= {"values": buffers.values[i], "gain": self.norms[i].gain(self.params)}
        more = []
        if self.dropout is not None:
            arrays["rate"], seed = self.drawn(i)
            more = [seed]
        return arrays, more

    def drawn(self, i: int) -> tuple[Array, np.uint64]:
        """Return the rates of a layer's dropout, and the seed of its draws."""
        return self.dropout.rates[:, i : i + 1], np.uint64(self.dropout.seed & (2**64 - 1))

    def loss(self, buffers: Buffers, rows: int, order: Array) -> None:
        """Turn raw predictions into the gradient by them, and add their mean loss."""
        last = self.layers[-1]
        _, y, weight = self.rows
        arrays = {**self.loss_arrays, "raw": buffers.outputs[-1], "y": y, "order": order}
        if last.has_bias:
            arrays["bias"] = last.bias(self.params)
        if weight is not None:
            arrays["weight"] = weight
        arrays["total"], arrays["share"] = self.total, self._share(rows)
        self.engine.call_for_rows(self.of_loss, arrays, self.lengths(rows, last.n_out))

    def _share(self, rows: int) -> Array:
        """Return the share of all rows that a batch is."""
        if rows not in self.shares:
            xp, device = namespace(self.total), self.total.device
            share = [rows / len(self.rows.y)]
            self.shares[rows] = xp.asarray(share, dtype=xp.float64, device=device)
        return self.shares[rows]

    def backward(self, buffers: Buffers, rows: int, with_gradient: bool) -> None:
        """Find gradients by the sums of layers, and by parameters; what can wait, aside."""
        for i in reversed(range(len(self.layers))):
            self._round("delta", i, rows, buffers.deltas[i])
            if with_gradient and i > 0:
                with self.engine.aside():
                    self._gradients(i, buffers, rows)
            elif with_gradient:
                self._gradients(i, buffers, rows)
            if i > 0:
                self._back_to(i - 1, buffers, rows)

    def _round(self, name: str, i: int, rows: int, array: Array) -> Array:
        """Return a factor of products of a layer as they take it: rounded, or as it is."""
        layer = self.layers[i]
        n_products = len(self.params) * rows * layer.n_weights
        if not self.engine.takes_halves or n_products < _MANY_PRODUCTS or array.itemsize > 4:
            return array
        key = name, i, rows
        if key not in self.halves:
            self.halves[key] = self.engine.half_of(array)
        self.engine.round(self.halves[key], array)
        return self.halves[key]

    def _rounded(self, name: str, i: int, rows: int, array: Array) -> Array:
        """Return the same, of a factor that is as it was when it was rounded."""
        return self.halves.get((name, i, rows), array)

    def _gradients(self, i: int, buffers: Buffers, rows: int) -> None:
        """Write the gradient by the parameters of a layer."""
        layer, delta = self.layers[i], buffers.deltas[i]
        x = self._rounded("x", i, rows, buffers.outputs[i - 1] if i else buffers.x)
        transposed = namespace(x).matrix_transpose(x)
        factors = transposed, self._rounded("delta", i, rows, delta)
        if self._is_tall(layer, rows):
            self._sum_of_blocks(i, rows, x[0, ...], delta[0, ...])
        else:
            self.engine.matmul(layer.weights(self.gradient), *factors)
        if layer.has_bias and not (self.norms and i < len(self.hidden)):
            self.engine.sum_of_rows(layer.bias(self.gradient), delta, buffers.sums[i])

    def _is_tall(self, layer: DenseLayout, rows: int) -> bool:
        """Whether a product of few entries over all rows would keep next to nothing busy."""
        is_small = len(self.params) == 1 and layer.n_weights <= _FEW_ENTRIES
        return is_small and rows >= self.many_rows

    def _sum_of_blocks(self, i: int, rows: int, x: Array, delta: Array) -> None:
        """Write the gradient by the weights of a layer, by products of blocks of rows."""
        xp, layer = namespace(x), self.layers[i]
        n_blocks, n_left = divmod(rows, BLOCK_ROWS)
        if (i, rows) not in self.blocks:
            n_products, device = n_blocks + (n_left > 0), x.device
            products = xp.empty((n_products, layer.n_in, layer.n_out), dtype=x.dtype, device=device)
            shape = 1, n_parts(n_products, 1), layer.n_weights
            self.blocks[i, rows] = products, xp.empty(shape, dtype=xp.float64, device=device)
        products, sums = self.blocks[i, rows]
        end = rows - n_left
        for at, out in (
            (slice(0, end), products[:n_blocks]),
            (slice(end, rows), products[n_blocks:]),
        ):
            if len(out):
                blocked = len(out), -1
                of_x, of_delta = (
                    xp.reshape(one[at, :], (*blocked, one.shape[1])) for one in (x, delta)
                )
                self.engine.matmul(out, xp.matrix_transpose(of_x), of_delta)
        whole = xp.reshape(products, (1, len(products), layer.n_weights))
        weights = slice(layer.weights_at, layer.weights_at + layer.n_weights)
        self.engine.sum_of_rows(self.gradient[:, None, weights], whole, sums)

    def _back_to(self, i: int, buffers: Buffers, rows: int) -> None:
        """Find the gradient by the sums of a hidden layer from that of the layer above."""
        hidden, above, delta = self.hidden[i], self.layers[i + 1], buffers.deltas[i]
        arrays = {"delta": delta, "z": buffers.outputs[i], "slope": buffers.slopes[i]}
        arrays |= {"passed": buffers.passed[i], "above": [*buffers.passed, None][i + 1]}
        weights, lengths = above.weights(self.params), self.lengths(rows, above.n_in)
        if self._multiplies(above, rows):
            given = arrays | {"x": buffers.deltas[i + 1], "w": weights}
            self.engine.call_dots(hidden.dense_backward, given, lengths | {"M": above.n_out})
        else:
            weights = self._rounded("weights", i + 1, rows, weights)
            transposed = namespace(weights).matrix_transpose(weights)
            factors = self._rounded("delta", i + 1, rows, buffers.deltas[i + 1]), transposed
            self.engine.matmul(delta, *factors)
            self.engine.call(hidden.backward, arrays, lengths)
        if self.norms:
            self._back_through_norm(i, buffers, lengths)

    def _multiplies(self, layer: DenseLayout, rows: int) -> bool:
        """Whether kernels of layers multiply: a product of a library takes longer to begin."""
        n_products = len(self.params) * rows * layer.n_weights
        return n_products <= FEW_PRODUCTS and self.engine.precision == "highest"
