"""A fit that fails leaves the estimator as it was."""

from __future__ import annotations

from typing import Any

_LEARNT = frozenset(["n_features_in_", "feature_names_in_"])
"""What checking the data stores on an estimator, before there is a model of them."""


class unchanged_by_errors:
    """A context that puts back what was learnt of earlier data if the fit in it fails.

    So it goes with the model.

    Parameters
    ----------
    estimator : object
        Whose fit it is.
    """

    def __init__(self, estimator: Any) -> None:
        self.attributes = estimator.__dict__

    def __enter__(self) -> None:
        attributes = self.attributes
        self.before = {name: attributes[name] for name in _LEARNT if name in attributes}

    def __exit__(self, kind: type[BaseException] | None, *of_error: Any) -> None:
        if kind is None:
            return
        for name in _LEARNT & self.attributes.keys():
            del self.attributes[name]
        self.attributes.update(self.before)
