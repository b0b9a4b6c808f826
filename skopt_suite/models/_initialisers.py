"""Distributions of weights to start from, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Initialiser = Callable[[np.random.RandomState, int, int], np.ndarray]
"""Takes a random state and the numbers of inputs and outputs; returns weights (n_in, n_out)."""


@dataclass(frozen=True)
class Scaled:
    """Independent weights with mean 0 and variance ``gain / fan``."""

    gain: float
    counts_outputs: bool
    """Whether the fan is ``n_in + n_out``; else it is ``n_in``."""
    is_normal: bool
    """Whether the distribution is normal; else it is uniform."""

    def __call__(self, random_state: np.random.RandomState, n_in: int, n_out: int) -> np.ndarray:
        """Return weights (n_in, n_out)."""
        fan = n_in + n_out if self.counts_outputs else n_in
        if self.is_normal:
            return random_state.normal(scale=np.sqrt(self.gain / fan), size=(n_in, n_out))
        bound = np.sqrt(3 * self.gain / fan)
        return random_state.uniform(-bound, bound, (n_in, n_out))


def orthogonal(random_state: np.random.RandomState, n_in: int, n_out: int) -> np.ndarray:
    """Return weights with orthonormal rows, or columns where there are fewer of these.

    A. M. Saxe, J. L. McClelland and S. Ganguli, "Exact solutions to the nonlinear dynamics of
    learning in deep linear neural networks", ICLR 2014.
    """
    tall = random_state.normal(size=(max(n_in, n_out), min(n_in, n_out)))
    q, r = np.linalg.qr(tall)
    q = q * np.where(np.diag(r) < 0, -1.0, 1.0)  # uniform among all such matrices
    return q if n_in >= n_out else q.T


INITIALISERS: dict[str, Initialiser] = {
    "glorot_uniform": Scaled(2, counts_outputs=True, is_normal=False),
    "glorot_normal": Scaled(2, counts_outputs=True, is_normal=True),
    "he_uniform": Scaled(2, counts_outputs=False, is_normal=False),
    "he_normal": Scaled(2, counts_outputs=False, is_normal=True),
    "lecun_uniform": Scaled(1, counts_outputs=False, is_normal=False),
    "lecun_normal": Scaled(1, counts_outputs=False, is_normal=True),
    "orthogonal": orthogonal,
}
"""By name. X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward
neural networks", AISTATS 2010; K. He et al., "Delving deep into rectifiers", ICCV 2015; Y. LeCun et
al., "Efficient BackProp", 1998."""

WORDS_FOR_INITIALISERS = {
    "glorot": "glorot_uniform",
    "xavier": "glorot_uniform",
    "xavieruniform": "glorot_uniform",
    "xaviernormal": "glorot_normal",
    "he": "he_normal",
    "kaiming": "he_normal",
    "kaiminguniform": "he_uniform",
    "kaimingnormal": "he_normal",
    "lecun": "lecun_normal",
}
"""What others call them."""


def initialiser_for(init: str, activation: str) -> Initialiser:
    """Return the initialiser of that name; ``"auto"`` is the one for the activation behind.

    Layers before selu, whose outputs normalise themselves, need the variance ``1 / n_in``
    (Klambauer et al., 2017); all others begin as Glorot and Bengio's.
    """
    if init == "auto":
        init = "lecun_normal" if activation == "selu" else "glorot_uniform"
    return INITIALISERS[init]
