"""Random numbers that are functions of a counter."""

import array_api_strict
import numpy as np
import pytest
from scipy.stats import chisquare

from skopt_suite.backends import KERNELS, to_numpy, uniform
from skopt_suite.backends._philox import philox
from skopt_suite.backends.kernels._numba import FUSED

# counters, key and words of the authors' known answers (Random123, kat_vectors)
ONES = 0xFFFFFFFF
KNOWN = [
    ([0] * 4, [0, 0], [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([ONES] * 4, [ONES] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    (
        [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
        [0xA4093822, 0x299F31D0],
        [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
    ),
]
LIKE = np.zeros(1)
SHAPES = [(1, 1), (4, 7), (9, 33), (130, 5)]


@pytest.mark.parametrize("counter, key, words", KNOWN)
@pytest.mark.parametrize("xp", [np, array_api_strict], ids=["numpy", "strict"])
def test_known_answers(xp, counter, key, words):
    counter = xp.asarray(np.array(counter, dtype=np.uint64)[:, None, None])
    found = philox(counter, key[0] + (key[1] << 32))
    assert to_numpy(found).ravel().tolist() == words


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("seed, step, layer", [(0, 0, 0), (2**63 + 5, 2**32 - 1, 3), (7, 2**40, 1)])
@pytest.mark.parametrize("shape", SHAPES)
def test_bits_are_those_of_every_backend_and_of_the_kernel(shape, seed, step, layer, dtype):
    rate = np.array([[0.3], [0.5]], dtype=dtype)
    where = (*shape, seed, step, layer)
    definition = KERNELS["skopt_suite.models._dropout.dropout_mask"].definition
    expected = definition(rate, *where)
    np.testing.assert_array_equal(
        FUSED["skopt_suite.models._dropout.dropout_mask"](rate, *where), expected
    )
    strict = definition(array_api_strict.asarray(rate), *where)
    np.testing.assert_array_equal(to_numpy(strict), expected)


def test_precisions_draw_the_same_numbers():
    single = uniform(LIKE.astype("float32"), 9, 33, 1, 2, 3)
    np.testing.assert_array_equal(single, uniform(LIKE, 9, 33, 1, 2, 3))
    assert single.dtype == np.float32


@pytest.mark.parametrize("n_samples, n_units", SHAPES)
def test_a_draw_depends_on_its_row_and_unit_only(n_samples, n_units):
    whole = uniform(LIKE, 131, 40, 1, 2, 3)
    part = uniform(LIKE, n_samples, n_units, 1, 2, 3)
    np.testing.assert_array_equal(part, whole[:n_samples, :n_units])


def test_draws_are_uniform():
    draws = uniform(LIKE, 1000, 256, 0, 0, 0)
    assert draws.min() >= 0
    assert draws.max() < 1
    assert draws.mean() == pytest.approx(0.5, abs=4 / np.sqrt(12 * draws.size))
    counts, _ = np.histogram(draws, bins=256, range=(0, 1))
    assert chisquare(counts).pvalue > 0.01
    low_bits = np.bincount((draws.ravel() * 2**24).astype(int) % 256, minlength=256)
    assert chisquare(low_bits).pvalue > 0.01


def neighbours():
    draws = uniform(LIKE, 400, 256, 0, 0, 0)
    changed = [(1, 0, 0), (2**32, 0, 0), (0, 1, 0), (0, 0, 1)]
    return {
        "rows": (draws[1:], draws[:-1]),
        "rows of one counter and the next": (draws[4:], draws[:-4]),
        "units": (draws[:, 1:], draws[:, :-1]),
        **{
            f"seed, step, layer {where}": (draws, uniform(LIKE, 400, 256, *where))
            for where in changed
        },
    }


@pytest.mark.parametrize("name", neighbours())
def test_neighbours_do_not_correlate(name):
    one, other = neighbours()[name]
    correlation = np.corrcoef(one.ravel(), other.ravel())[0, 1]
    assert abs(correlation) < 4 / np.sqrt(one.size)
