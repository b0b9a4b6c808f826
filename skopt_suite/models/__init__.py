"""Models: parameters and input → raw predictions, and back to gradients."""

from skopt_suite.models._activations import ACTIVATIONS, Activation
from skopt_suite.models._network import Network

__all__ = ["ACTIVATIONS", "Activation", "Network"]
