"""Texts that are the same for what is the same in every process: parameters and data."""

from __future__ import annotations

import functools
import hashlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType, MethodType
from typing import Any

import joblib
import numpy as np

from skopt_suite.backends import is_device_array, is_sparse, to_numpy
from skopt_suite.chunks import Reader, as_tuple, reader_of
from skopt_suite.cluster import said_of_partitions

_LONGEST = 200  # characters; of longer texts there is a hash
_DEEPEST = 10
_N_HEX = 16
_AT_ONCE = 2**24  # bytes of an array that are hashed


def described(value: Any) -> str:
    """Return a text of a parameter: what it is, or what it is and a hash of it."""
    text = _text(value, _DEEPEST)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]}… ({hashed(text.encode())})"


def described_data(value: Any) -> str:
    """Return a text of rows, targets or weights: their type, shape, and a hash of numbers."""
    if value is None:
        return "None"
    if is_sparse(value):
        return _of_sparse(value)
    if is_device_array(value):
        value = to_numpy(value)
    texts = said_of_partitions(described_data, value)
    if texts is not None:
        return f"rows on a cluster ({hashed(' '.join(texts).encode())})"
    reader = None if isinstance(value, np.ndarray) else reader_of(value)
    if reader is not None:
        return _of_chunks(reader)
    if hasattr(value, "columns") and hasattr(value, "shape"):
        return _of_frame(value)
    try:
        array = np.asarray(value)
    except (TypeError, ValueError):  # lists of unequal lengths, which fits refuse
        return described(value)
    return _of_array(array) if array.ndim else described(value)


def _of_array(array: np.ndarray) -> str:
    if array.dtype.hasobject:
        found = hashed(repr(array.tolist()).encode())
    else:
        found = hashed(*map(np.ascontiguousarray, _blocks(array)))
    return f"{array.dtype} of shape {array.shape} ({found})"


def _blocks(array: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the rows in order, of maps of files without copies of all."""
    size = max(1, _AT_ONCE * len(array) // max(1, array.nbytes))
    return (array[start : start + size] for start in range(0, len(array), size))


def _of_sparse(X: Any) -> str:
    parts = [to_numpy(part) for part in _parts_of(X)]
    found = hashed("".join(map(_of_array, parts)).encode())
    return f"sparse {X.format} {X.dtype} of shape {X.shape} ({found})"


def _parts_of(X: Any) -> list[Any]:
    """Return the arrays of a sparse one, whatever its format."""
    if not hasattr(X, "indptr"):
        X = X.tocsr()
    return [X.data, X.indices, X.indptr]


def _of_chunks(reader: Reader) -> str:
    """Return a text of rows that are read chunk by chunk, once more."""
    parts = [described_data(part) for chunk in reader.sweep() for part in as_tuple(chunk)]
    return f"rows in chunks ({hashed(' '.join(parts).encode())})"


def _of_frame(frame: Any) -> str:
    columns = [f"{name}: {_of_array(np.asarray(frame[name]))}" for name in frame.columns]
    return f"frame of shape {frame.shape} ({hashed(' '.join(columns).encode())})"


def _text(value: Any, depth: int) -> str:
    """Return a text of anything that parameters may be."""
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes, range)):
        return repr(value)
    if depth == 0:
        return _name(type(value))
    if isinstance(value, np.generic):
        return repr(value.item())
    if isinstance(value, np.ndarray) or is_sparse(value) or hasattr(value, "columns"):
        return described_data(value)
    for kind, text in _KINDS.items():
        if isinstance(value, kind):
            return text(value, depth - 1)
    return _of_object(value, depth - 1)


def _of_object(value: Any, depth: int) -> str:
    if callable(getattr(value, "get_params", None)):
        return f"{_name(type(value))}({_pairs(value.get_params(deep=False), depth)})"
    if callable(getattr(value, "get_state", None)):  # a source of random numbers
        return f"{_name(type(value))}({_text(value.get_state(), depth)})"
    if all(hasattr(value, name) for name in ("dist", "args", "kwds")):  # SciPy's, frozen
        return f"{value.dist.name}{_text(value.args, depth)}({_pairs(value.kwds, depth)})"
    if hasattr(value, "__dict__"):
        return f"{_name(type(value))}({_pairs(vars(value), depth)})"
    try:
        return f"{_name(type(value))}({joblib.hash(value)})"
    except Exception:  # what cannot be pickled, such as a generator
        return _name(type(value))


def _of_function(function: Any, depth: int) -> str:
    """Return a text of what a function does, wherever in a file it stands."""
    code = function.__code__
    constants = [one for one in code.co_consts if not inspect.iscode(one)]
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    does = [code.co_code.hex(), code.co_names, constants, function.__defaults__, cells]
    return f"{_name(function)}({hashed(_text(does, depth).encode())})"


def _of_dict(value: Mapping[Any, Any], depth: int) -> str:
    return f"{{{_pairs(value, depth)}}}"


def _of_sequence(value: Any, depth: int) -> str:
    parts = ", ".join(_text(part, depth) for part in value)
    return f"[{parts}]" if isinstance(value, list) else f"({parts})"


def _of_partial(value: Any, depth: int) -> str:
    return f"partial{_text((value.func, value.args, value.keywords), depth)}"


def _of_generator(value: np.random.Generator, depth: int) -> str:
    return f"Generator({_text(value.bit_generator.state, depth)})"


_KINDS: dict[Any, Callable[[Any, int], str]] = {
    type: lambda value, depth: _name(value),
    dict: _of_dict,
    (list, tuple): _of_sequence,
    (set, frozenset): lambda value, depth: _of_sequence(sorted(value, key=repr), depth),
    functools.partial: _of_partial,
    np.random.Generator: _of_generator,
    np.ufunc: lambda value, depth: f"ufunc {value.__name__}",
    FunctionType: _of_function,
    MethodType: lambda value, depth: _text((value.__func__, value.__self__), depth),
}


def _pairs(values: Mapping[Any, Any], depth: int) -> str:
    return ", ".join(f"{name}={_text(value, depth)}" for name, value in values.items())


def _name(thing: Any) -> str:
    return f"{thing.__module__}.{thing.__qualname__}"


def hashed(*contents: Any) -> str:
    """Return a hash of bytes, in hexadecimal digits."""
    found = hashlib.blake2b(digest_size=_N_HEX // 2)
    for content in contents:
        found.update(content)
    return found.hexdigest()
