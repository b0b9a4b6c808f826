"""Strengths of penalties, spread over weights, are what NumPy's broadcasting makes of them."""

import math

import numpy as np
import pytest

from skopt_suite.optimizers.algebra._strengths import spread

SHAPE = N_FITS, N_FEATURES, N_OUTPUTS = 3, 4, 2
PER_FIT = np.arange(2.0 * N_FITS)[:, None]
PER_WEIGHT = np.arange(float(math.prod(SHAPE))).reshape(N_FITS, -1)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (None, 0.0),
        (0.5, 0.5),
        (-math.inf, -math.inf),
        (PER_FIT[:N_FITS], PER_FIT[:N_FITS, :, None]),
        (PER_FIT[::2], PER_FIT[::2, :, None]),
        (PER_FIT[1:2], 1.0),
        (PER_FIT[:N_FITS].astype(np.float32), PER_FIT[:N_FITS, :, None]),
        (PER_WEIGHT, PER_WEIGHT.reshape(SHAPE)),
        (PER_WEIGHT[:1], PER_WEIGHT[0].reshape(SHAPE[1:])),
    ],
)
def test_strengths_are_spread_and_not_copied(values, expected):
    found = spread(values, SHAPE)
    np.testing.assert_array_equal(found, np.broadcast_to(expected, SHAPE), strict=True)
    assert not found.flags.writeable
