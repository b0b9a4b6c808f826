"""Models: parameters and input → raw predictions, and back to gradients."""

from skopt_suite.models._activations import (
    ACTIVATIONS,
    SELU_ALPHA,
    SELU_SCALE,
    WORDS_FOR_ACTIVATIONS,
    Elementwise,
    LeakyReLU,
)
from skopt_suite.models._dense import Dense
from skopt_suite.models._dropout import Dropout, InputDropout
from skopt_suite.models._initialisers import INITIALISERS, WORDS_FOR_INITIALISERS
from skopt_suite.models._layer import Context, DropoutDraws, Layer
from skopt_suite.models._network import Network
from skopt_suite.models._normalization import (
    EPSILON,
    NORMALIZATIONS,
    WORDS_FOR_NORMALIZATIONS,
    BatchNormalization,
    LayerNormalization,
)
from skopt_suite.models._residual import Residual

__all__ = [
    "ACTIVATIONS",
    "EPSILON",
    "INITIALISERS",
    "NORMALIZATIONS",
    "SELU_ALPHA",
    "SELU_SCALE",
    "WORDS_FOR_ACTIVATIONS",
    "WORDS_FOR_INITIALISERS",
    "WORDS_FOR_NORMALIZATIONS",
    "BatchNormalization",
    "Context",
    "Dense",
    "Dropout",
    "DropoutDraws",
    "Elementwise",
    "InputDropout",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Network",
    "Residual",
]
