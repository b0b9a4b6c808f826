"""Linear models that start from what the user gives."""

from __future__ import annotations

from typing import Any

import numpy as np

from skopt_suite.backends import to_numpy
from skopt_suite.estimators._continuing import Initial, Start
from skopt_suite.models import Network


def initial_layer(owner: str, coef: Any, intercept: Any) -> Initial | None:
    """Return what makes the start of a fit from given coefficients; None if there are none.

    A part that is not given is that of a warm start, or zero.

    Parameters
    ----------
    owner : str
        Whose fit it is, for messages.
    coef, intercept : array-like or None
        ``coef_init`` and ``intercept_init``.
    """
    if coef is None and intercept is None:
        return None

    def start(network: Network, warm: Start | None) -> Start:
        params = np.zeros(network.n_params) if warm is None else np.array(warm.params, dtype=float)
        _set(network, params[None], coef, intercept, owner)
        return Start(params)

    return start


def _set(network: Network, row: np.ndarray, coef: Any, intercept: Any, owner: str) -> None:
    """Write what is given into parameters, (1, n_params)."""
    (layer,) = network.layout.layers
    if coef is not None:
        shape = (layer.n_out, layer.n_in)
        layer.weights(row)[0] = _checked(owner, "coef_init", coef, shape).T
    if intercept is not None and not layer.has_bias:
        raise ValueError(f"{owner}: with fit_intercept=False, intercept_init must be None.")
    if intercept is not None:
        layer.bias(row)[0, 0] = _checked(owner, "intercept_init", intercept, (layer.n_out,))


def _checked(owner: str, name: str, value: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return an array of that shape; where there is one output, its axis may be left out."""
    shapes = [shape, shape[1:]] if shape[0] == 1 else [shape]
    wanted = f"{owner}: {name} must hold finite numbers in the shape {_listed(shapes)}"
    array = _numbers(value)
    if array is None:
        raise ValueError(f"{wanted}; got {value!r}.")
    if array.shape not in shapes:
        raise ValueError(f"{wanted}; got one of shape {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError(f"{wanted}; got NaN or infinity.")
    return array.reshape(shape)


def _numbers(value: Any) -> np.ndarray | None:
    """Return an array in float64; None if that is none of real numbers."""
    try:
        array = np.asarray(to_numpy(value))
        return array.astype(np.float64) if array.dtype.kind in "iufO" else None
    except (TypeError, ValueError):
        return None


def _listed(shapes: list[tuple[int, ...]]) -> str:
    return " or ".join(map(str, shapes))
