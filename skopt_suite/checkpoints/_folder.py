"""The files of a checkpoint; training goes on where they cannot be written."""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from skopt_suite.checkpoints._files import UNFINISHED, Damaged, read, write
from skopt_suite.exceptions import CheckpointWarning

_SUFFIX, _BEFORE = ".checkpoint", ".before"


class Folder:
    """A folder with files that are known by their names.

    Parameters
    ----------
    path : Path
        Where it is.
    told : list of str, optional
        What has been warned of; folders share it that warn once for all of them.
    """

    def __init__(self, path: Path, told: list[str] | None = None) -> None:
        self.path = path
        self._told = [] if told is None else told

    def read(self, name: str, is_needed: bool = False) -> Any:
        """Return what was written last, or before that if it is damaged; None if there is none.

        Raise `Damaged` in place of a warning if nothing goes on without it.
        """
        path = self._of(name)
        for candidate in (path, _before(path)):
            try:
                return read(candidate)
            except FileNotFoundError:
                continue
            except Damaged as error:
                if is_needed:
                    raise
                warnings.warn(f"checkpoint: {error} It is left out.", CheckpointWarning, 2)
        return None

    def write(self, name: str, tree: Any, keeps_last: bool = False) -> bool:
        """Write a file, and keep the one before it if asked to; warn once if it cannot be.

        Return whether it is written.
        """
        path = self._of(name)
        try:
            if keeps_last and path.exists():
                os.replace(path, _before(path))
            write(path, tree)
            if not keeps_last:
                _before(path).unlink(missing_ok=True)
        except (OSError, TypeError) as error:
            self._warn(error)
            return False
        return True

    def clear(self) -> None:
        """Remove what was not written to the end when a process was killed."""
        for path in self.path.rglob(UNFINISHED):
            with suppress(OSError):
                path.unlink()

    def inner(self, name: str) -> Folder:
        """Return a folder in this one, which is made if it is not there."""
        folder = Folder(self.path / name, self._told)
        try:
            folder.path.mkdir(exist_ok=True)
        except OSError as error:
            self._warn(error)
        return folder

    def names(self) -> Iterator[str]:
        """Yield the names of the files that were written."""
        for path in sorted(self.path.glob(f"*{_SUFFIX}")):
            yield path.name.removesuffix(_SUFFIX)

    def remove(self) -> None:
        """Remove the folder and what is in it."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _of(self, name: str) -> Path:
        return self.path / f"{name}{_SUFFIX}"

    def _warn(self, error: Exception) -> None:
        if not self._told:
            self._told.append(str(error))
            warnings.warn(
                f"checkpoint: nothing was written to {self.path}: {error}. Training goes on, and "
                "what was written before stays.",
                CheckpointWarning,
                stacklevel=3,
            )


def _before(path: Path) -> Path:
    return path.with_name(path.name + _BEFORE)
