"""Figures as people say them."""

from __future__ import annotations

_WORDS = ((1e9, "billion"), (1e6, "million"))
_SIZES = ((2**40, "TB"), (2**30, "GB"), (2**20, "MB"))
_TIMES = ((3600.0, "h"), (60.0, "min"))


def short(number: float) -> str:
    """Return 0.24, 3.1 or 45,000."""
    if number < 1:
        return f"{number:.2g}"
    return f"{number:.1f}" if number < 100 else f"{number:,.0f}"


def many(number: float) -> str:
    """Return 950, 12,345 or 2.4 million."""
    for unit, word in _WORDS:
        if number >= unit:
            return f"{number / unit:,.1f} {word}"
    return f"{number:,.0f}"


def size(n_bytes: int) -> str:
    """Return 310 MB or 30 GB."""
    unit, word = next((one for one in _SIZES if n_bytes >= 10 * one[0]), _SIZES[-1])
    return f"{n_bytes / unit:,.0f} {word}"


def duration(seconds: float) -> str:
    """Return 12 s, 3.5 min or 2.0 h."""
    for unit, word in _TIMES:
        if seconds >= 2 * unit:
            return f"{seconds / unit:.1f} {word}"
    return f"{seconds:.0f} s"
