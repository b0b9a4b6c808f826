"""Models: parameters and input → raw predictions, and back to gradients."""

from skopt_suite.models._activations import ACTIVATIONS, WORDS_FOR_ACTIVATIONS, LeakyReLU
from skopt_suite.models._initialisers import INITIALISERS, WORDS_FOR_INITIALISERS
from skopt_suite.models._layer import Context, DropoutDraws, Layer
from skopt_suite.models._network import Network
from skopt_suite.models._normalization import NORMALIZATIONS, WORDS_FOR_NORMALIZATIONS

__all__ = [
    "ACTIVATIONS",
    "INITIALISERS",
    "NORMALIZATIONS",
    "WORDS_FOR_ACTIVATIONS",
    "WORDS_FOR_INITIALISERS",
    "WORDS_FOR_NORMALIZATIONS",
    "Context",
    "DropoutDraws",
    "Layer",
    "LeakyReLU",
    "Network",
]
