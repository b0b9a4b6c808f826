"""Sparse input: SciPy's containers on the host, those of cupyx on a GPU."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import scipy.sparse

from skopt_suite.backends._shapes import Array, FeatureMatrix


def is_sparse(X: Any) -> bool:
    """Whether `X` is a sparse container of SciPy or of cupyx."""
    if type(X) is np.ndarray:  # of abstract classes it takes long to tell
        return False
    return scipy.sparse.issparse(X) or is_device_sparse(X)


def is_device_sparse(X: Any) -> bool:
    """Whether `X` is a sparse container of cupyx."""
    cupyx_sparse = sys.modules.get("cupyx.scipy.sparse")  # there are none before it is imported
    return cupyx_sparse is not None and cupyx_sparse.issparse(X)


def with_data(X: FeatureMatrix, data: Array) -> FeatureMatrix:
    """Return CSR with other numbers in the same places, which are shared, not copied."""
    new = type(X)((data, X.indices, X.indptr), shape=X.shape)
    if is_device_sparse(X):  # it would be looked for again, and the GPU waited for
        new.has_canonical_format = X.has_canonical_format
    return new


def canonical(X: FeatureMatrix) -> FeatureMatrix:
    """Return CSR with sorted indices, each once in a row; itself if it is, or is an array."""
    if not is_sparse(X) or X.has_canonical_format:
        return X
    X = X.copy()
    X.sum_duplicates()
    return X


def on_gpu(X: FeatureMatrix) -> FeatureMatrix:
    """Return CSR of SciPy on the current GPU, canonical."""
    from cupyx.scipy.sparse import csr_matrix

    return csr_matrix(canonical(X))
