"""What a name that is not known may have meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any


def did_you_mean(given: Any, known: Iterable[str], words: Mapping[str, str]) -> str:
    """Return `` Did you mean ...?`` for an unknown name, an empty text if nothing is near.

    Parameters
    ----------
    given : object
        The unknown name.
    known : iterable of str
        The names that there are.
    words : mapping
        Words of other libraries, in plain lower case, and what they are called here.
    """
    plain = {_plain(name): name for name in known}
    names = {**words, **plain}
    near = get_close_matches(_plain(given), names, n=1, cutoff=0.75)
    return f" Did you mean {names[near[0]]!r}?" if near else ""


def _plain(name: Any) -> str:
    return "".join(filter(str.isalnum, str(name).lower()))
