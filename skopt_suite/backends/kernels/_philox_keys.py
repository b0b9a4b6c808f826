"""Constants of Philox4x32-10, which its definition and its kernel share."""

from __future__ import annotations

import numpy as np

MULTIPLIERS = np.array([0xD2511F53, 0xCD9E8D57], dtype=np.uint64)
N_ROUNDS = 10
WORD = 0xFFFFFFFF
_WEYL = np.array([0x9E3779B9, 0xBB67AE85], dtype=np.uint64)


def round_keys(seed: int) -> np.ndarray:
    """Return the key of every round, (10, 2)."""
    key = np.array([seed & WORD, seed >> 32 & WORD], dtype=np.uint64)
    rounds = np.arange(N_ROUNDS, dtype=np.uint64)[:, None]
    return (key + rounds * _WEYL) & np.uint64(WORD)
