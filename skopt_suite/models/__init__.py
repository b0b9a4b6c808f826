"""Models: parameters and input → raw predictions, and back to gradients."""

from skopt_suite.models._activations import ACTIVATIONS, WORDS_FOR_ACTIVATIONS, LeakyReLU
from skopt_suite.models._initialisers import INITIALISERS, WORDS_FOR_INITIALISERS
from skopt_suite.models._layer import Context, DropoutDraws, Layer
from skopt_suite.models._network import Network

__all__ = [
    "ACTIVATIONS",
    "INITIALISERS",
    "WORDS_FOR_ACTIVATIONS",
    "WORDS_FOR_INITIALISERS",
    "Context",
    "DropoutDraws",
    "Layer",
    "LeakyReLU",
    "Network",
]
