"""Objects that workers hold, made of their partitions, and what is asked of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from skopt_suite.cluster._closed import told_if_closed
from skopt_suite.cluster._crew import Crew, Group

FAN_IN = 16
"""How many answers are added up at once: of more workers, some add up those of others."""
_LARGE = 2**20  # bytes of an array that go to workers once and from there to each other


class Held:
    """Objects for threads of workers: made anew where workers come or go, and where one is lost.

    Parameters
    ----------
    crew : Crew
        The workers.
    make : callable
        Makes the object from `args` and the partitions of a worker, on that worker; of objects
        that are held already, from one of these and `args`.
    args : tuple
        What it takes.
    base : Held, optional
        What objects are made of; None: of partitions.
    """

    def __init__(
        self, crew: Crew, make: Callable[..., Any], args: tuple[Any, ...], base: Held | None = None
    ) -> None:
        self.crew, self.make, self.args, self.base = crew, make, args, base
        self._version = 0
        self._futures: list[Any] = []

    @property
    def futures(self) -> list[Any]:
        """The objects, one for every thread that has partitions."""
        version = self.crew.look()
        if version != self._version:
            self._futures = self._of_partitions() if self.base is None else self._of_base()
            self._version = version
        return self._futures

    def then(self, make: Callable[..., Any], *args: Any) -> Held:
        """Return other objects, made of these where they are."""
        return Held(self.crew, make, args, self)

    def ask(self, function: Callable[..., Any], *args: Any) -> list[Any]:
        """Return what a function says of every object: one task and one answer each."""
        with told_if_closed(self.crew.client):
            return self.crew.client.gather(self._mapped(self.futures, function, args))

    def total(
        self, add: Callable[[list[Any]], Any], function: Callable[..., Any], *args: Any
    ) -> Any:
        """Return the sum of what a function says of every object.

        Parameters
        ----------
        add : callable
            From a list of answers to one.
        function : callable
            Takes an object and `args`.
        """
        client = self.crew.client
        with told_if_closed(client):
            found = self._mapped(self.futures, function, args)
            while len(found) > FAN_IN:
                starts = range(0, len(found), FAN_IN)
                found = [client.submit(add, found[i : i + FAN_IN], pure=False) for i in starts]
            answers = client.gather(found)
        return add(answers)

    def _of_partitions(self) -> list[Any]:
        partitions, groups = self.crew.partitions, self.crew.groups
        of_groups = ([partitions[i] for i in group.numbers] for group in groups)
        given = [(*self.args, *numbers) for numbers in of_groups]
        return [self._there(*pair, self.make) for pair in zip(groups, given, strict=True)]

    def _of_base(self) -> list[Any]:
        assert self.base is not None
        return self._mapped(self.base.futures, self.make, self.args)

    def _mapped(self, objects: Sequence[Any], function: Any, args: tuple[Any, ...]) -> list[Any]:
        submit = self.crew.client.submit
        args = tuple(submit(same, arg, pure=False) if _is_large(arg) else arg for arg in args)
        pairs = zip(self.crew.groups, objects, strict=True)
        return [self._there(group, (one, *args), function) for group, one in pairs]

    def _there(self, group: Group, args: tuple[Any, ...], function: Callable[..., Any]) -> Any:
        """Return what a function returns on the worker of a group, or on those that are left.

        Without a wish dask may take a worker that is idle, to which it would send what is held.
        """
        wish = {"workers": [group.worker], "allow_other_workers": True}
        return self.crew.client.submit(function, *args, **wish, pure=False)


def same(value: Any) -> Any:
    """Return a value: what goes to workers once, for all tasks that take it."""
    return value


def _is_large(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.nbytes > _LARGE
