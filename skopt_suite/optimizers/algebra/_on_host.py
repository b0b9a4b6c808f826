"""Solvers of few parameters compute on the host, and ask a device for the objective alone.

A device takes longer to begin a kernel than the host to compute with some thousand numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from skopt_suite.backends import Array, Params, PerFit, State, is_device_array, namespace, to_numpy
from skopt_suite.optimizers.algebra._curvature import Curvature

if TYPE_CHECKING:
    from skopt_suite.optimizers._base import Problem

_FEW = 2**14  # parameters, of all fits together


def is_for_host(params: Params) -> bool:
    """Whether parameters are on a device, and so few that the host is faster with them."""
    n_fits, n_params = params.shape
    return is_device_array(params) and n_fits * n_params <= _FEW


def on_host(state: State) -> Any:
    """Return the NamedTuple of a solver with its arrays on the host."""
    return type(state)(*map(to_numpy, state))


class HostProblem:
    """A smooth problem on a device, for arrays on the host.

    Parameters
    ----------
    problem : Problem
        What is computed on the device.
    params : array
        Any array there.
    """

    __slots__ = ("_params", "_problem")

    def __init__(self, problem: Problem, params: Params) -> None:
        self._problem, self._params = problem, params

    def placed(self, array: np.ndarray) -> Array:
        """Return an array of the host on the device."""
        return namespace(self._params).asarray(array, device=self._params.device)

    def value_and_gradient(self, params: Params) -> tuple[PerFit, Params]:
        """Return the value, (n_fits,), and its gradient, (n_fits, n_params), in one transfer."""
        value, gradient = self._problem.value_and_gradient(self.placed(params))
        both = to_numpy(namespace(value).concat([gradient, value[:, None]], axis=1))
        return both[:, -1].copy(), both[:, :-1].copy()

    def curvature(self) -> Curvature | None:
        """Return the bound of the problem, which is moved to the host once."""
        bound = self._problem.curvature()
        return None if bound is None else bound.on_host

    def optimality(self, params: Params, gradient: Params) -> PerFit:
        """Return about how much the objective can still fall, (n_fits,)."""
        bound = self.curvature()
        if bound is not None:  # as smooth objectives do
            return bound.remaining(params, gradient)
        found = self._problem.optimality(self.placed(params), self.placed(gradient))
        return to_numpy(found)

    def take(self, index: np.ndarray) -> HostProblem:
        """Return the problem of the fits that `index` names."""
        return HostProblem(self._problem.take(self.placed(index)), self._params)
