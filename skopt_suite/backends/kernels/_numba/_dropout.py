"""Dropout."""

from __future__ import annotations

import numpy as np
from numba import uint32, uint64
from numba.types import UniTuple

from skopt_suite.backends._shapes import Activations, FitColumn
from skopt_suite.backends.kernels._numba._body import Body, drop_type
from skopt_suite.backends.kernels._numba._entry import entry
from skopt_suite.backends.kernels._numba._jit import jit, jit_inner_views
from skopt_suite.backends.kernels._numba._types import array, given, whole
from skopt_suite.backends.kernels._philox_keys import MULTIPLIERS, round_keys


def dropout_mask(
    rate: FitColumn, n_samples: int, n_units: int, seed: int, step: int, layer: int
) -> Activations:
    mask = np.empty((rate.shape[0], n_samples, n_units), dtype=rate.dtype)
    words = np.empty((4, n_units), dtype=np.uint32)
    where, rate = (step & 0xFFFFFFFF, layer & 0xFFFFFFFF), np.ascontiguousarray(rate)
    _dropout_mask(mask, rate, words, where, round_keys(seed), MULTIPLIERS)
    return mask


def _with_words(kind):
    keys = given(uint64, 2), given(uint64, 1)
    return array(kind, 3), given(kind, 2), array(uint32, 2), UniTuple(whole, 2), *keys


@entry(_with_words)
def _dropout_mask(mask, rate, words, where, keys, multipliers):
    n_fits, n_samples, n_units = mask.shape
    one, zero, unit = mask.dtype.type(1), mask.dtype.type(0), mask.dtype.type(2.0**-24)
    for start in range(0, n_samples, 4):
        _philox(words, start // 4, where, keys, multipliers)
        for k in range(n_fits):
            kept, dropped = one / (one - rate[k, 0]), zero / (one - rate[k, 0])
            for i in range(start, start + 4 if start + 4 < n_samples else n_samples):
                for j in range(n_units):
                    draw = mask.dtype.type(words[i - start, j] >> np.uint32(8)) * unit
                    mask[k, i, j] = kept if draw >= rate[k, 0] else dropped


@jit_inner_views
def _philox(words, block, where, keys, multipliers):
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    for j in range(words.shape[1]):
        a, b, c, d = np.uint64(j), np.uint64(block), np.uint64(where[0]), np.uint64(where[1])
        for i in range(10):  # written out, so that the loop over units is vectorised
            p, q = multipliers[0] * a, multipliers[1] * c
            a, b, c, d = (
                (q >> half) ^ b ^ keys[i, 0],
                q & low,
                (p >> half) ^ d ^ keys[i, 1],
                p & low,
            )
        words[0, j], words[1, j], words[2, j], words[3, j] = a, b, c, d


@jit
def _drop(z, derivative, rate, step, layer, first, keys, multipliers):
    """Drop units of one fit, (n_samples, n_units), and derivatives of what made them, if any."""
    n_samples, n_units = z.shape
    words = np.empty((4, n_units), dtype=np.uint32)
    where = step & 0xFFFFFFFF, layer & 0xFFFFFFFF
    kind = z.dtype.type
    one, unit, rate = kind(1), kind(2.0**-24), kind(rate)
    kept, dropped = one / (one - rate), kind(0) / (one - rate)
    for start in range(0, n_samples, 4):
        _philox(words, (first + start) // 4, where, keys, multipliers)
        for i in range(start, start + 4 if start + 4 < n_samples else n_samples):
            for j in range(n_units):
                draw = kind(words[i - start, j] >> np.uint32(8)) * unit
                factor = kept if draw >= rate else dropped
                z[i, j] *= factor
                if derivative.size:
                    derivative[i, j] *= factor


DROP = Body(_drop, drop_type)
