"""A file of a checkpoint: a line that says what it is, JSON, arrays, and a checksum of all that.

Nothing that is read is run. A file gets its name when all of it is on the disk.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from skopt_suite.backends import is_device_array, to_numpy

UNFINISHED = "*checkpoint*.tmp"
"""Names of files that are being written."""
_FIRST = b"skopt_suite checkpoint 1\n"
_LENGTH = 8  # bytes of the number of bytes of JSON
_DIGEST = 32  # bytes
_ARRAY, _AXES = "array of the file", "axes"
_AT_ONCE = 2**20


class Damaged(ValueError):
    """A file that is not what was written."""


def write(path: Path, tree: Any) -> None:
    """Write nested dicts, lists, tuples, arrays, numbers, texts and None, in place of what was.

    Parameters
    ----------
    path : Path
        Where it goes when all of it is written.
    tree : object
        What to write; tuples become lists, those with names dicts. `TypeError` names what it
        cannot be.
    """
    arrays: list[np.ndarray] = []
    text = json.dumps(_plain(tree, arrays)).encode()
    with replaced(path) as file:
        hashing = _Hashing(file)
        for part in (_FIRST, len(text).to_bytes(_LENGTH, "little"), text):
            hashing.write(part)
        for array in arrays:
            np.lib.format.write_array(hashing, array, allow_pickle=False)
        file.write(hashing.digest())


def read(path: Path) -> Any:
    """Return what was written, tuples as lists; raise `Damaged` if it is not that."""
    with path.open("rb") as file:
        end = _checked_end(file, path)
        file.seek(len(_FIRST))
        length = int.from_bytes(file.read(_LENGTH), "little")
        plain, arrays = json.loads(file.read(length)), []
        while file.tell() < end:
            arrays.append(np.lib.format.read_array(file, allow_pickle=False))
    return _tree(plain, arrays)


class replaced:
    """A context with a new file that takes the place of another one when it is on the disk.

    Parameters
    ----------
    path : Path
        Of the other one, which need not be there.
    is_first : bool, default=False
        Whether there must be none: `FileExistsError` if another process has made one meanwhile.
    """

    def __init__(self, path: Path, is_first: bool = False) -> None:
        self.path, self.is_first = path, is_first
        own = f"{path.name}.{os.getpid()}.{threading.get_ident()}.tmp"
        self.temporary = path.with_name(own)

    def __enter__(self) -> BinaryIO:
        self.file = self.temporary.open("wb")
        return self.file

    def __exit__(self, kind: Any, *_: Any) -> None:
        try:
            with self.file:
                if kind is None:
                    self.file.flush()
                    os.fsync(self.file.fileno())
            if kind is None:
                self._take_place()
        finally:
            with suppress(OSError):
                self.temporary.unlink(missing_ok=True)

    def _take_place(self) -> None:
        if self.is_first:
            try:
                return os.link(self.temporary, self.path)
            except FileExistsError:
                raise
            except OSError:  # where files have one name
                pass
        os.replace(self.temporary, self.path)


class _Hashing:
    """Writes to a file, and makes a checksum of what is written."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.hash = file, hashlib.blake2b(digest_size=_DIGEST)

    def write(self, data: Any) -> int:
        self.hash.update(data)
        return self.file.write(data)

    def digest(self) -> bytes:
        return self.hash.digest()


def _checked_end(file: BinaryIO, path: Path) -> int:
    """Return where the checksum begins, which is right."""
    end = os.fstat(file.fileno()).st_size - _DIGEST
    found = hashlib.blake2b(digest_size=_DIGEST)
    left = end
    while left > 0 and (part := file.read(min(left, _AT_ONCE))):
        found.update(part)
        left -= len(part)
    file_digest = file.read()
    file.seek(0)
    if end < len(_FIRST) or file.read(len(_FIRST)) != _FIRST or file_digest != found.digest():
        raise Damaged(f"{path} is damaged: it is not what was written.")
    return end


def _plain(tree: Any, arrays: list[np.ndarray]) -> Any:
    """Return what JSON takes, with numbers in place of the arrays that are put into the list."""
    if isinstance(tree, (np.ndarray, np.generic)) or is_device_array(tree):
        return _kept_array(np.asarray(to_numpy(tree)), arrays)
    if tree is None or isinstance(tree, (bool, int, float, str)):
        return tree
    if isinstance(tree, tuple) and hasattr(tree, "_asdict"):
        tree = tree._asdict()
    if isinstance(tree, dict):
        return {str(name): _plain(part, arrays) for name, part in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [_plain(part, arrays) for part in tree]
    raise TypeError(f"{tree!r} of type {type(tree).__name__} is no array and no plain data")


def _kept_array(array: np.ndarray, arrays: list[np.ndarray]) -> dict[str, Any]:
    """Remember the order of axes in memory, too: results of products may depend on it."""
    if array.dtype.hasobject:
        raise TypeError(f"an array of {array.dtype} is no array of numbers or texts")
    axes = sorted(range(array.ndim), key=lambda axis: -abs(array.strides[axis]))
    arrays.append(np.ascontiguousarray(array.transpose(axes)) if array.ndim else array)
    return {_ARRAY: len(arrays) - 1, _AXES: axes}


def _tree(plain: Any, arrays: list[np.ndarray]) -> Any:
    if isinstance(plain, list):
        return [_tree(part, arrays) for part in plain]
    if not isinstance(plain, dict):
        return plain
    if _ARRAY in plain:
        return arrays[plain[_ARRAY]].transpose(np.argsort(plain[_AXES]))[()]
    return {name: _tree(part, arrays) for name, part in plain.items()}
