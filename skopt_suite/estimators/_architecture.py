"""The architecture of a multilayer perceptron, as constructor parameters give it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral
from typing import Any

import numpy as np

from skopt_suite._words import did_you_mean
from skopt_suite.domains import Choice, Real
from skopt_suite.models import (
    ACTIVATIONS,
    INITIALISERS,
    NORMALIZATIONS,
    WORDS_FOR_ACTIVATIONS,
    WORDS_FOR_INITIALISERS,
    WORDS_FOR_NORMALIZATIONS,
)

_RATE_OR_AUTO = Choice(("auto",), (Real(0, 1, open_high=True),))


def check_architecture(owner: str, sizes: Any, activation: Any, dropout: Any) -> None:
    """Raise `ValueError` or `TypeError` if the parameters do not describe a network."""
    if not all(_is_whole(size) for size in _as_sequence(sizes)):
        raise TypeError(
            f"{owner}: hidden_layer_sizes must be a whole number or a sequence of them; got "
            f"{sizes!r}."
        )
    if any(size < 1 for size in _as_sequence(sizes)):
        raise ValueError(f"{owner}: hidden_layer_sizes must be >= 1; got {sizes!r}.")
    n_hidden = len(widths(sizes))
    for name in _checked_length(owner, "activation", activation, n_hidden):
        _check_name(owner, "activation", name, ACTIVATIONS, WORDS_FOR_ACTIVATIONS)
    for rate in _checked_length(owner, "dropout", dropout, n_hidden):
        _RATE_OR_AUTO.check(owner, "dropout", rate)


def check_init(owner: str, init: Any) -> None:
    """Raise `ValueError` if that is no name of a distribution of initial weights."""
    _check_name(owner, "init", init, ["auto", *INITIALISERS], WORDS_FOR_INITIALISERS)


def check_normalization(owner: str, normalization: Any, sizes: Any) -> None:
    """Raise `ValueError` if that is no name, or leaves nothing of a hidden layer."""
    known = ["none", *NORMALIZATIONS]
    _check_name(owner, "normalization", normalization, known, WORDS_FOR_NORMALIZATIONS)
    if normalization == "layer" and 1 in widths(sizes):
        raise ValueError(
            f"{owner}: normalization='layer' is over the units of a hidden layer, so there must be "
            f"at least 2; got hidden_layer_sizes={sizes!r}."
        )


def widths(sizes: Any) -> tuple[int, ...]:
    """Return the units of every hidden layer."""
    return tuple(int(size) for size in _as_sequence(sizes))


def per_layer(value: Any, n_hidden: int) -> tuple:
    """Return one value for every hidden layer."""
    return tuple(value) if _is_sequence(value) else (value,) * n_hidden


def _check_name(
    owner: str, parameter: str, name: Any, known: Iterable[str], words: Mapping[str, str]
) -> None:
    if not isinstance(name, str) or name not in known:
        listed, hint = ", ".join(map(repr, known)), did_you_mean(name, known, words)
        raise ValueError(f"{owner}: unknown {parameter} {name!r}; known: {listed}.{hint}")


def _checked_length(owner: str, name: str, value: Any, n_hidden: int) -> tuple:
    if _is_sequence(value) and len(value) != n_hidden:
        raise ValueError(
            f"{owner}: {name} must be one value, or one for each of the {n_hidden} hidden layers; "
            f"got {len(value)}."
        )
    return tuple(value) if _is_sequence(value) else (value,)


def _is_whole(size: Any) -> bool:
    return isinstance(size, Integral) and not isinstance(size, bool)


def _as_sequence(sizes: Any) -> Sequence:
    return sizes if _is_sequence(sizes) else [sizes]


def _is_sequence(value: Any) -> bool:
    if isinstance(value, (str, int, float)):  # first, as it takes longest to tell of them
        return False
    return isinstance(value, Sequence) or (isinstance(value, np.ndarray) and value.ndim > 0)
