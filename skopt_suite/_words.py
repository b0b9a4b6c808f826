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


def what_to_use(name: str, known: Iterable[str], elsewhere: Mapping[str, str]) -> str:
    """Return what to write in place of an unknown parameter, an empty text if nothing is near.

    Parameters
    ----------
    name : str
        What is no parameter.
    known : iterable of str
        The parameters that there are.
    elsewhere : mapping
        Names of other libraries, in plain lower case, and what to write here, or a sentence; a
        parameter is counted only if it is among the known.
    """
    plain = {_plain(one): one for one in known}
    usable = {
        word: use for word, use in elsewhere.items() if use in known or not use.isidentifier()
    }
    near = get_close_matches(_plain(name), {**usable, **plain}, n=1, cutoff=0.75)
    if not near:
        return ""
    if near[0] in plain:
        return f"Did you mean {plain[near[0]]!r}?"
    use = usable[near[0]]
    return use if use.endswith(".") else f"In place of {name!r}, write {use}."


def by_word(words: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Return the name of every word, from the words of every name."""
    return {word: name for name, others in words.items() for word in others}


WORDS_FOR_HYPERPARAMETERS = by_word(
    {
        "learning_rate": ("lr", "eta", "eta0", "stepsize", "learningrateinit"),
        "alpha": ("l1", "l2", "lam", "lmbda", "lambda", "reglambda", "regalpha", "strength"),
        "beta1": ("betas", "b1"),
        "beta2": ("b2",),
        "epsilon": ("eps",),
        "momentum": ("mu",),
        "decay": ("rho",),
        "weight_decay": ("wd",),
        "history_size": ("m", "maxcor"),
        "power": ("powert",),
        "gamma": ("decayrate",),
        "period": ("t0", "tmax"),
        "patience": ("nepochsnochange",),
        "quantile": ("tau", "q"),
    }
)
"""What hyperparameters of components are called in scikit-learn, Keras and PyTorch."""


def _plain(name: Any) -> str:
    return "".join(filter(str.isalnum, str(name).lower()))
