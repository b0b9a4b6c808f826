"""Random numbers that are a function of where they are used, not of what was drawn before.

Philox4x32-10 turns a counter of four words of 32 bits and a key of two into four random words
(J. K. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011). It is written in
unsigned integers of 64 bits, so every backend gives the same bits.
"""

from __future__ import annotations

from skopt_suite.backends._arrays import namespace
from skopt_suite.backends._shapes import Array
from skopt_suite.backends.kernels._philox_keys import MULTIPLIERS, N_ROUNDS, WORD, round_keys


def uniform(like: Array, n_samples: int, n_units: int, seed: int, step: int, layer: int) -> Array:
    """Return numbers of the interval [0, 1) for every row and unit, (n_samples, n_units).

    They are multiples of 2⁻²⁴, which both precisions hold exactly, and depend on nothing but
    `seed`, `step`, `layer`, row and unit.

    Parameters
    ----------
    like : array
        Whose namespace, device and precision they are to have.
    n_samples, n_units : int
        How many rows and units there are.
    seed, step, layer : int
        Of seeds the lower 64 bits count, of steps and layers the lower 32.
    """
    xp, device = namespace(like), like.device
    n_blocks = -(-n_samples // 4)  # one counter for four rows of a unit
    zero = xp.zeros((1, n_blocks, n_units), dtype=xp.uint64, device=device)
    unit = xp.arange(n_units, dtype=xp.uint64, device=device)
    block = xp.arange(n_blocks, dtype=xp.uint64, device=device)[:, None]
    counter = xp.concat(
        [zero + unit, zero + block, zero + (step & WORD), zero + (layer & WORD)], axis=0
    )
    words = xp.permute_dims(philox(counter, seed), (1, 0, 2))
    words = xp.reshape(words, (4 * n_blocks, n_units))[:n_samples, :]
    return xp.astype(words >> 8, like.dtype) * 2.0**-24


def philox(counter: Array, seed: int) -> Array:
    """Return four random words for every counter: (4, n_blocks, n_units), in 64 bits each."""
    xp, device = namespace(counter), counter.device
    multipliers = xp.asarray(MULTIPLIERS[:, None, None], device=device)
    keys = xp.asarray(round_keys(seed)[:, :, None, None], device=device)
    even, odd = counter[0::2, ...], counter[1::2, ...]  # words 0 and 2, 1 and 3
    for i in range(N_ROUNDS):
        product = xp.flip(multipliers * even, axis=0)
        even, odd = (product >> 32) ^ odd ^ keys[i, ...], product & WORD
    return xp.stack([even[0, ...], odd[0, ...], even[1, ...], odd[1, ...]])
