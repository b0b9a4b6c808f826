"""Hidden units that say nothing, taken out of a network."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any, NamedTuple, Self

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from skopt_suite.backends import Array, namespace, to_numpy
from skopt_suite.estimators._architecture import per_layer
from skopt_suite.models import ACTIVATIONS, Context, Network
from skopt_suite.training import Memory


class Weights(NamedTuple):
    """Weights (n_in, n_out) and biases (n_out,) of every layer, from the input to the output."""

    coefs: list[Array]
    intercepts: list[Array]


class Prunable:
    """Networks that can be had without the units that say nothing."""

    hidden_layer_sizes: Any
    activation: Any
    dropout: Any
    coefs_: list
    intercepts_: list
    _trained_network: Network
    _memory: Memory | None

    def prune(self) -> Self:
        """Return a smaller network that predicts the same, to rounding.

        It lacks the hidden units whose incoming or outgoing weights are all exactly 0, as
        `skopt_suite.penalties.GroupLasso` makes them. What units without incoming weights give is
        the same for all rows; it goes into the biases of the next layer. At least one unit of every
        layer remains.

        Returns
        -------
        pruned : object
            A fitted estimator with smaller ``hidden_layer_sizes``, which predicts and can be
            trained further; an optimizer begins anew. This one is left as it is.

        Raises
        ------
        ValueError
            If there are residual connections or normalisations, through which units say something
            to others whatever their weights.

        Examples
        --------
        >>> from sklearn.datasets import load_digits
        >>> from skopt_suite import MLPClassifier
        >>> from skopt_suite.penalties import GroupLasso
        >>> X, y = load_digits(return_X_y=True)
        >>> clf = MLPClassifier((64,), penalty=GroupLasso(1e-2), max_iter=50, random_state=0)
        >>> small = clf.fit(X / 16, y).prune()
        >>> small.hidden_layer_sizes[0] < 64
        True
        >>> bool((small.predict(X / 16) == clf.predict(X / 16)).mean() > 0.999)
        True
        """
        check_is_fitted(self)
        network = self._trained_network
        self._check_prunable()
        weights = pruned(Weights(self.coefs_, self.intercepts_), network.activations)
        smaller = copy.copy(self)
        vars(smaller).update(clone(self).get_params(deep=False))  # components are its own
        sizes = tuple(int(coef.shape[0]) for coef in weights.coefs)
        smaller.hidden_layer_sizes = sizes[1:]
        smaller.activation = network.activations
        smaller.dropout = per_layer(self.dropout, network.n_hidden)
        smaller.coefs_, smaller.intercepts_ = weights
        smaller._trained_network = replace(network, sizes=(*sizes, network.sizes[-1]))
        smaller._memory = None
        return smaller

    def _check_prunable(self) -> None:
        network = self._trained_network
        if network.residual or network.normalization != "none":
            raise ValueError(
                f"{type(self).__name__}.prune() takes networks without residual connections and "
                "normalisation, residual=False and normalization='none'; got "
                f"residual={network.residual!r} and normalization={network.normalization!r}."
            )


def pruned(weights: Weights, activations: tuple[str, ...]) -> Weights:
    """Return weights without the hidden units whose incoming or outgoing weights are all 0.

    What a unit without incoming weights gives is the same for all rows, and goes into the biases
    of the next layer. One unit of every layer remains.

    Parameters
    ----------
    weights : Weights
        Of all layers.
    activations : tuple of str
        Activation of every hidden layer.
    """
    smaller = Weights(_copied(weights.coefs), _copied(weights.intercepts))
    n_hidden, n_before = len(activations), -1
    while n_before != (n_before := sum(coef.shape[1] for coef in smaller.coefs)):
        for index in [*range(n_hidden), *reversed(range(n_hidden))]:
            _prune_layer(smaller, index, activations[index])
    return smaller


def _prune_layer(weights: Weights, index: int, activation: str) -> None:
    """Take units out of one hidden layer, in place."""
    coefs, intercepts = weights
    xp = namespace(coefs[index])
    has_input = to_numpy(xp.any(coefs[index] != 0, axis=0))
    has_output = to_numpy(xp.any(coefs[index + 1] != 0, axis=1))
    kept = np.flatnonzero(has_input & has_output)
    kept = kept if len(kept) else np.flatnonzero(~has_input | ~has_output)[:1]
    constant = np.setdiff1d(np.flatnonzero(~has_input & has_output), kept)
    if len(constant):
        level = _levels(_taken(intercepts[index], constant, 0), activation)
        intercepts[index + 1] = intercepts[index + 1] + xp.matmul(
            level, _taken(coefs[index + 1], constant, 0)
        )
    coefs[index] = _taken(coefs[index], kept, 1)
    intercepts[index] = _taken(intercepts[index], kept, 0)
    coefs[index + 1] = _taken(coefs[index + 1], kept, 0)


def _levels(intercept: Array, activation: str) -> Array:
    """Return the output of units that see nothing, (n_units,)."""
    z = namespace(intercept).asarray(intercept, copy=True)[None, None, :]
    return ACTIVATIONS[activation].forward(z, z, Context())[0][0, 0, :]


def _copied(arrays: list[Array]) -> list[Array]:
    return [namespace(array).asarray(array, copy=True) for array in arrays]


def _taken(array: Array, index: np.ndarray, axis: int) -> Any:
    xp = namespace(array)
    return xp.take(array, xp.asarray(index, device=array.device), axis=axis)
