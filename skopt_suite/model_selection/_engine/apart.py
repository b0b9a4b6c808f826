"""Which parameters keep candidates out of one another's passes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from typing import Any

from skopt_suite.model_selection._engine.candidates import Candidate, hash_of, shared_with
from skopt_suite.model_selection._engine.levels import innermost_name
from skopt_suite.model_selection._engine.lines import counted


def what_keeps_apart(candidates: list[Candidate]) -> list[str]:
    """Return a line for every parameter that would have to vary less for fewer passes."""
    able = [one for one in candidates if one.is_fusable]
    if len({one.shared for one in able}) < 2:
        return []
    names = dict.fromkeys(name for one in able for name in one.params)
    return [_line(name, of_name) for name in names if (of_name := _kept_apart(name, able))]


def _kept_apart(name: str, candidates: list[Candidate]) -> list[Candidate]:
    """Return a candidate for every value of a parameter whose values need their own passes."""
    having = [one for one in candidates if name in one.params]
    in_pass: dict[Hashable, set[str]] = defaultdict(set)
    first_of: dict[str, Candidate] = {}
    for one in having:
        value = hash_of(one.params[name])
        in_pass[one.shared].add(value)
        first_of.setdefault(value, one)
    if len(first_of) < 2 or any(len(values) > 1 for values in in_pass.values()):
        return []
    first, second, *_ = first_of.values()
    return [*first_of.values()] if _differs(first, name, second.params[name]) else []


def _differs(candidate: Candidate, name: str, value: Any) -> bool:
    """Whether a candidate that had another value would be trained in another pass."""
    own = candidate.params[name]
    try:
        return shared_with(candidate, {name: own}) != shared_with(candidate, {name: value})
    except ValueError:  # of a component that has not the nested parameters of the other
        return True


def _line(name: str, of_values: list[Candidate]) -> str:
    own = innermost_name(of_values[0].estimator)
    is_own = not own or name == own or name.startswith(f"{own}__")
    why = "" if is_own else ", as what is around the estimator is fitted for each"
    return f"{name} varies: {counted(len(of_values), 'value')}; every value needs its own pass{why}"
