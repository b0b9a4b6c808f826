"""From a fitted model and X to raw predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skopt_suite.backends import Placement, blas_threads_for, is_sparse, to_numpy
from skopt_suite.chunks import as_tuple, is_chunked, may_be_empty, reader_of
from skopt_suite.estimators._chunk_errors import named_chunk, no_chunks
from skopt_suite.estimators._inputs import check_X
from skopt_suite.models import Network
from skopt_suite.training import Standardization

if TYPE_CHECKING:
    from skopt_suite.estimators._base import TrainableEstimator


def raw_predictions(model: TrainableEstimator, X: Any) -> tuple[Any, Placement]:
    """Return raw predictions of shape (1, n_samples, n_outputs), and where they are."""
    check_is_fitted(model)
    if is_chunked(X):
        parts = [_raw_predictions(model, part)[0] for _, part in X.blocks()]
        return np.concatenate(parts, axis=1), Placement(np)
    reader = reader_of(X)
    if reader is None:
        return _raw_predictions(model, X)
    owner, parts = type(model).__name__, []
    for i, chunk in enumerate(reader.sweep()):
        rows = as_tuple(chunk)[0]
        if may_be_empty(reader) and rows.shape[0] == 0:
            continue
        with named_chunk(owner, i):
            parts.append(_raw_predictions(model, rows)[0])
    if not parts:
        raise no_chunks(owner)
    return np.concatenate(parts, axis=1), Placement(np)


def _raw_predictions(model: TrainableEstimator, X: Any) -> tuple[Any, Placement]:
    """Return those of rows in memory."""
    X, placement, dtype = seen_X(model, X, "as_X")  # as precise as X allows
    network = model._trained_network
    if is_sparse(X):
        params = shown_params(model, network)
    else:
        params, moving = params_for_dense(model, dtype)
        X = X if moving is None else moving.moved(X)
    params = placement.asarray(params[None, :], dtype=dtype)
    with blas_threads_for(2.0 * X.shape[0] * network.layout.largest_layer):
        raw = network.predict(params, X)
    return raw, placement


def params_for_dense(model: Any, dtype: str) -> tuple[np.ndarray, Standardization | None]:
    """Return parameters and buffers of dense input in a precision, on the host.

    Where they are those of input whose mean is taken off, what takes it off is returned, too: so
    rounding is that of the deviations from the means, not that of the means.
    """
    network, standardization = model._trained_network, model._standardization
    params = shown_params(model, network)
    if standardization is None or dtype != "float32" or not standardization.inputs.has_far_means:
        return params, None
    return standardization.centred(network, params), standardization


def seen_X(
    model: TrainableEstimator,
    X: Any,
    dtype: str,
    reset: bool = False,
    formats: Sequence[str] = ("csr",),
    limits_size: bool = False,
) -> tuple[Any, Placement, str]:
    """Return the input as a model takes it, where that is, and its precision."""
    return check_X(
        model,
        X,
        dtype=dtype,
        backend=model.backend,
        reset=reset,
        formats=formats,
        limits_size=limits_size,
    )


def shown_params(model: Any, network: Network) -> np.ndarray:
    """Return parameters and buffers that a model shows, (n_params + n_buffers,) on the host."""
    coefs, intercepts = model._layers()
    parts = [[*map(to_numpy, part)] for part in (coefs, intercepts, model._others())]
    return network.layout.flatten(*parts)
