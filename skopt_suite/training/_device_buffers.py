"""Where the steps on a device read and write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from skopt_suite.backends import Array, Params, namespace
from skopt_suite.models import Network

MOST_AT_ONCE = 2**31  # entries of a layer: kernels count them in 32 bits
_ROWS_OF_A_PART, _MOST_PARTS = 256, 512


class Buffers(NamedTuple):
    """Where steps with batches of one size compute."""

    x: Array  # (1 or n_fits, batch_size, n_features): a copy of these rows, or all themselves
    outputs: list[Array]  # of layers, (n_fits, batch_size, n_out)
    deltas: list[Array]  # gradients by them; that of the last is where its outputs are
    slopes: list[Array]  # of hidden layers; None where they are not kept
    sums: list[Array]  # over some rows, (n_fits, n_parts, n_out), float64
    values: list[Array]  # of hidden layers that are normalised: what is scaled
    scales: list[Array]  # of those, (n_fits, n_out) of batches or (n_fits, batch_size)
    passed: list[Array]  # gradients by outputs to which inputs are added; else None


class Range(NamedTuple):
    """What the steps of a graph read of an epoch."""

    order: Array  # (n_steps * batch_size,)
    factors: Array  # (n_fits, n_steps)
    momenta: Array  # (n_fits, n_steps), NaN where fits have their own
    times: Array  # (n_steps,)
    counts: Array  # (n_steps,), of steps since the beginning of the fit


def n_parts(rows: int, n_fits: int) -> int:
    """Return in how many parts the rows of a batch are added up, so that few fits fill a card."""
    return min(_MOST_PARTS, max(1, rows // _ROWS_OF_A_PART // n_fits))


def new_buffers(
    params: Params,
    network: Network,
    keeps_slope: Sequence[bool],
    rows: int,
    x: Array | None = None,
    has_own_inputs: bool = False,
) -> Buffers:
    """Return buffers for the layers of stacked fits and batches of so many rows, or for `x`."""
    xp, n_fits, layers = namespace(params), len(params), network.layout.layers

    def empty(*shape: int, dtype: Any = params.dtype) -> Array:
        return xp.empty(shape, dtype=dtype, device=params.device)

    shapes = [(n_fits, rows, layer.n_out) for layer in layers]
    outputs = [empty(*shape) for shape in shapes]
    of_hidden = shapes[:-1]
    deltas = [*(empty(*shape) for shape in of_hidden), outputs[-1]]
    slopes = [
        empty(*shape) if is_kept else None
        for shape, is_kept in zip(of_hidden, keeps_slope, strict=True)
    ]
    n_sums = n_parts(rows, n_fits)
    sums = [empty(n_fits, n_sums, layer.n_out, dtype=xp.float64) for layer in layers]
    normalised = [] if network.normalization == "none" else of_hidden
    along = 2 if network.normalization == "batch" else 1
    return Buffers(
        empty(n_fits if has_own_inputs else 1, rows, layers[0].n_in) if x is None else x,
        outputs,
        deltas,
        slopes,
        sums,
        values=[empty(*shape) for shape in normalised],
        scales=[empty(n_fits, shape[along]) for shape in normalised],
        passed=[
            empty(*shape) if network.adds_input(i) else None for i, shape in enumerate(of_hidden)
        ],
    )


def new_range(params: Params, n_steps: int, rows: int) -> Range:
    """Return what a graph of so many steps reads, with batches of so many rows."""
    xp, device = namespace(params), params.device
    numbers = {"dtype": xp.float64, "device": device}
    whole, shape = {"dtype": xp.int64, "device": device}, (len(params), n_steps)
    return Range(
        order=xp.zeros(n_steps * rows, **whole),
        factors=xp.zeros(shape, **numbers),
        momenta=xp.full(shape, xp.nan, **numbers),
        times=xp.zeros(n_steps, **numbers),
        counts=xp.zeros(n_steps, **whole),
    )
