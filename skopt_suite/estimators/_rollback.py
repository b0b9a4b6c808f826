"""A fit that fails leaves the estimator as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_LEARNT = frozenset(["n_features_in_", "feature_names_in_"])
"""What checking the data stores on an estimator, before there is a model of them."""


@contextmanager
def unchanged_by_errors(estimator: Any) -> Iterator[None]:
    """Put back what was learnt of earlier data if the fit fails, so that it goes with the model."""
    attributes = estimator.__dict__
    before = {name: attributes[name] for name in _LEARNT & attributes.keys()}
    try:
        yield
    except BaseException:
        for name in _LEARNT & attributes.keys():
            del attributes[name]
        attributes.update(before)
        raise
