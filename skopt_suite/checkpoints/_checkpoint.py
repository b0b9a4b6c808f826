"""What users say of checkpoints: where they are, and how often they are written."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any, ClassVar


@dataclass(frozen=True)
class Checkpoint:
    """Where a fit or a search keeps how far it is, and how often.

    What is killed and called again, with the same parameters and the same data, goes on from what
    was written last, and ends with the same numbers as if it had not stopped.

    Parameters
    ----------
    path : str or path-like
        A folder, which `fit` makes. It is for one fit or one search.
    every : float, default=30.0
        Seconds after which an epoch that ends is written; 0: every epoch is.

    See Also
    --------
    skopt_suite.exceptions.CheckpointWarning : What nothing could be written for.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.datasets import load_iris
    >>> from skopt_suite import Checkpoint, MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = MLPClassifier(random_state=0)
    >>> with TemporaryDirectory() as folder:
    ...     fitted = clf.fit(X, y, checkpoint=Checkpoint(f"{folder}/run1", every=60))
    ...     again = MLPClassifier(random_state=0).fit(X, y, checkpoint=f"{folder}/run1")
    >>> again.loss_curve_ == fitted.loss_curve_
    True
    """

    path: str | os.PathLike[str]
    every: float = 30.0
    starts_anew: ClassVar[bool] = False
    """Whether what the folder has of another fit is removed, in place of an error."""

    def __post_init__(self) -> None:
        name = type(self).__name__
        _check_path(self.path, f"{name}: path", "")
        is_number = isinstance(self.every, Real) and not isinstance(self.every, bool)
        if not is_number or math.isnan(self.every) or self.every < 0:
            raise ValueError(
                f"{name}: every must be a number of seconds, 0 or more; got {self.every!r}."
            )

    @property
    def folder(self) -> Path:
        """The folder, wherever the process goes."""
        return Path(self.path).expanduser().absolute()


class PartOfAnother(Checkpoint):
    """Of a fit in a search, which has been found to be the same."""

    starts_anew = True


def checkpoint_of(given: Any, owner: str) -> Checkpoint | None:
    """Return what a user gives as ``checkpoint``; raise if it is neither that nor a path."""
    if given is None or isinstance(given, Checkpoint):
        return given
    _check_path(given, f"{owner}: checkpoint", ", a Checkpoint or None")
    return Checkpoint(given)


def _check_path(value: Any, name: str, others: str) -> None:
    """Raise unless it is a path; `others` says what else is accepted under that name."""
    what = f"{name} must be the path of a folder{others}; got {value!r}"
    if not value or not isinstance(value, (str, os.PathLike)):
        raise TypeError(f"{what} of type {type(value).__name__}.")
    if "\0" in os.fsdecode(value):
        raise ValueError(f"{what}, and no file system has null characters in paths.")
