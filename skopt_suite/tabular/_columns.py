"""Columns of raw tables as NumPy arrays, whatever library the table is of."""

from __future__ import annotations

import datetime
import re
from typing import Any, NamedTuple

import numpy as np

_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_DATE_TYPES = (datetime.date, np.datetime64)  # a datetime is a date
_N_PARSED = 100  # texts that are looked at before all are read as dates


class Column(NamedTuple):
    """One column of a table."""

    name: str
    values: np.ndarray
    """Shape (n_samples,)."""
    is_category: bool = False
    """Whether the table itself says that values are categories."""


def is_frame(X: Any) -> bool:
    """Whether X has columns of different types: frames of pandas and polars, tables of pyarrow."""
    return hasattr(X, "column_names") or (hasattr(X, "columns") and hasattr(X, "dtypes"))


def columns_of(X: Any, names: Any = None) -> list[Column]:
    """Return the columns of a frame or an array.

    Parameters
    ----------
    X : frame or array of shape (n_samples, n_features)
        The table.
    names : sequence of str or None
        What columns of an array are called; None: x0, x1 and so on.
    """
    if not is_frame(X):
        names = [f"x{j}" for j in range(X.shape[1])] if names is None else names
        return [Column(str(name), X[:, j]) for j, name in enumerate(names)]
    frame = X.to_pandas() if hasattr(X, "column_names") else X
    return [_of_frame(frame, j, name) for j, name in enumerate(frame.columns)]


def _of_frame(frame: Any, j: int, name: Any) -> Column:
    series = frame.iloc[:, j] if hasattr(frame, "iloc") else frame.to_series(j)
    is_category = str(series.dtype).lower().startswith(("category", "categorical", "enum"))
    return Column(str(name), _values(series, is_category), is_category)


def _values(series: Any, is_category: bool) -> np.ndarray:
    """Return a column as NumPy has it; numbers that may be missing are floats."""
    if isinstance(series.dtype, np.dtype) or not hasattr(series.dtype, "kind"):  # as in polars
        return np.asarray(series.to_numpy())
    kind = "O" if is_category else series.dtype.kind
    if kind in "iufb":
        return series.to_numpy(dtype=np.float64, na_value=np.nan)
    return series.to_numpy(dtype="datetime64[ns]" if kind == "M" else object)


def is_missing(values: np.ndarray) -> np.ndarray:
    """Return which values are missing: None, NaN, NaT and pandas' NA."""
    if values.dtype.kind in "fmM":
        return np.isnan(values)
    if values.dtype.kind != "O":
        return np.zeros(len(values), dtype=bool)
    return np.array([_is_missing(value) for value in values], dtype=bool)


def _is_missing(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, (float, np.floating, np.datetime64)) and value != value


def kind_of(column: Column) -> str:
    """Return what a column holds: "number", "date" or "category"."""
    kind = column.values.dtype.kind
    if column.is_category:
        return "category"
    if kind in "biufm":
        return "number"
    return "date" if kind == "M" else _kind_of_objects(column.values)


def _kind_of_objects(values: np.ndarray) -> str:
    known = values[~is_missing(values)]
    types = set(map(type, known))
    if types and all(issubclass(one, (int, float, np.number, np.bool_)) for one in types):
        return "number"
    if types and all(issubclass(one, _DATE_TYPES) for one in types):
        return "date"
    return "date" if types and _are_iso_dates(known) else "category"


def _are_iso_dates(known: np.ndarray) -> bool:
    """Whether values are texts such as 2026-01-31, or with a time of day after it."""
    if not all(_ISO_DATE.match(str(value)) for value in known[:_N_PARSED]):
        return False
    try:
        known.astype("datetime64[us]")
    except (TypeError, ValueError):
        return False
    return True


def numbers(column: Column) -> np.ndarray:
    """Return a column as float64; raise if there is something else, or infinity."""
    values = column.values
    if values.dtype.kind == "m":
        return np.where(np.isnat(values), np.nan, values / np.timedelta64(1, "s"))
    try:
        found = np.where(is_missing(values), np.nan, values).astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"Column {column.name!r} held numbers in training: {error}.") from error
    if np.isinf(found).any():
        raise ValueError(
            f"Column {column.name!r} has infinite values. Missing ones are NaN or None; of "
            "numbers, finite ones are accepted."
        )
    return found


def words(column: Column) -> np.ndarray:
    """Return a column as texts, None where they are missing; 1.0 is 1."""
    missing = is_missing(column.values)
    texts = [None if gone else _word(v) for v, gone in zip(column.values, missing, strict=True)]
    found = np.empty(len(texts), dtype=object)
    found[:] = texts
    return found


def _word(value: Any) -> str:
    is_whole = isinstance(value, (float, np.floating)) and value == np.floor(value)
    return str(int(value)) if is_whole and np.isfinite(value) else str(value)


def date_parts(column: Column) -> dict[str, np.ndarray]:
    """Return numbers by what they are of a date: its parts, and the seconds since 1970."""
    time = _times(column)
    day, month = time.astype("datetime64[D]"), time.astype("datetime64[M]")
    parts = {
        "year": time.astype("datetime64[Y]").astype(np.int64) + 1970,
        "month": month.astype(np.int64) % 12 + 1,
        "day": (day - month.astype("datetime64[D]")).astype(np.int64) + 1,
        "weekday": (day.astype(np.int64) + 3) % 7,  # the first day of 1970 was a Thursday
        "hour": (time - day).astype("timedelta64[h]").astype(np.int64),
        "seconds": time.astype(np.int64) / 1e6,
    }
    missing = np.isnat(time)
    return {name: np.where(missing, np.nan, part) for name, part in parts.items()}


def _times(column: Column) -> np.ndarray:
    """Return dates in microseconds; those with a time zone in UTC."""
    values = column.values
    if values.dtype.kind != "M":
        missing = is_missing(values)
        values = np.array([None if m else _naive(v) for v, m in zip(values, missing, strict=True)])
    try:
        return values.astype("datetime64[us]")
    except (TypeError, ValueError) as error:
        raise ValueError(f"Column {column.name!r} held dates in training: {error}.") from error


def _naive(value: Any) -> Any:
    if getattr(value, "tzinfo", None) is None:
        return value
    return value.astimezone(datetime.UTC).replace(tzinfo=None)
