"""Data, wherever its rows are."""

from __future__ import annotations

from typing import Any

import numpy as np

from skopt_suite.chunks import is_chunked
from skopt_suite.training._chunked import Chunked
from skopt_suite.training._cluster import Cluster, is_on_cluster
from skopt_suite.training._rows import Data, InMemory, Rows, Scorer, Source
from skopt_suite.training._scaling import Scaling
from skopt_suite.training._shared_moments import Parts


def data_of(
    train: Rows,
    validation: Rows | None = None,
    precision: Any = None,
    scaling: Scaling | None = None,
    scorer: Scorer | None = None,
) -> Data:
    """Return data wherever it is; weights of the training rows are a job's."""
    return Data(_source_of(train, precision, scaling), validation, scaling, scorer)


def share_moments(data: Data, parts: Parts) -> None:
    """Let data find its moments from those of parts of its rows, where these are as they are given.

    Rows on a device, sparse ones, and those of which some are held out have them for themselves.
    """
    source = data.train
    if not (isinstance(source, InMemory) and isinstance(source.X, np.ndarray)):
        return
    if source.scaling is None and source.n_samples == parts.n_samples:
        source.shared = parts


def _source_of(train: Rows, precision: Any, scaling: Scaling | None) -> Source:
    if is_on_cluster(train.X):
        X = train.X.made(precision=precision, inputs=scaling)
        return Cluster(X, train.y, precision, scaling)
    kind = Chunked if is_chunked(train.X) else InMemory
    return kind(train.X, train.y, precision, scaling)
