"""Problems that are another one but for a part."""

from __future__ import annotations

from typing import Any

from skopt_suite.optimizers._base import Problem


class Changed:
    """The problem of one step, which answers for all that a subclass does not.

    Parameters
    ----------
    problem : Problem
        What is asked for everything else.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    def __getattr__(self, name: str) -> Any:
        return getattr(self.problem, name)
