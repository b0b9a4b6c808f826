"""Where a regularisation path begins: the strength of a penalty that leaves no weight.

Weights of 0 are optimal where the slope of the loss there, times -1, is a subgradient of the
penalty; then its proximal operator maps that to 0. So it is for penalties of any shape.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from skopt_suite._component import stack as stack_components
from skopt_suite.backends import Params, Placement, to_numpy
from skopt_suite.training._constants import baseline_on
from skopt_suite.training._job import Job
from skopt_suite.training._loop import train
from skopt_suite.training._objective import Objective
from skopt_suite.training._rows import Data
from skopt_suite.training._stack import build_stack

_TRIED = np.geomspace(1e-8, 1e8, 33)  # strengths, in units of the largest slope
_ROUNDS = 8  # in each of which there are as many between the two that are next to the one sought
_SMOOTH = 10.0  # times the curvature: there weights are a tenth of what they are without a penalty
_BESIDE = 1e-6  # of what targets deviate by: how far from a kink its sides are
_LEAST = 1e-15  # where there is nothing to learn


def with_alpha(job: Job, alpha: float) -> Job:
    """Return a job whose penalty has another strength."""
    penalty: Any = copy.copy(job.plan.penalty)
    penalty.alpha = float(alpha)
    return replace(job, plan=replace(job.plan, penalty=penalty))


def strongest_alpha(job: Job, data: Data, placement: Placement) -> float:
    """Return the least ``alpha`` that leaves no weight but those that are free of the penalty.

    Of losses with kinks it may be a larger one. If every ``alpha`` leaves weights, it is one that
    makes them about ten times as small as they are without a penalty.

    Parameters
    ----------
    job : Job
        A fit of a linear model.
    data : Data
        The rows.
    placement : Placement
        Where to compute.
    """
    null = _NullModel(job, data, placement)
    alpha = _SMOOTH * null.curvature if null.is_free.all() else null.least_that_holds()
    return max(alpha * (1 + float(np.finfo(job.dtype).eps) ** 0.5), _LEAST)


@dataclass
class _NullModel:
    """The model without the weights that the penalty takes away."""

    job: Job
    data: Data
    placement: Placement

    @cached_property
    def is_free(self) -> np.ndarray:
        """Whether no strength takes a weight away, (n_weights,)."""
        return ~self._held(_TRIED[-1:], np.ones(self.job.network.layout.n_weights))[0]

    @property
    def curvature(self) -> float:
        """The largest curvature of the loss along a weight."""
        objective = self._objective(self.params[None])
        values = self.job.network.layout.weights(objective.diagonal().values)
        bound = self.job.loss.curvature() or 1.0
        share = self._secant() / bound if self.job.network.output_bias else 1.0
        return float(to_numpy(values).max()) * share

    def least_that_holds(self) -> float:
        """Return the least alpha that holds the weights at 0."""
        slope = np.where(self.is_free, 0.0, self._slope())
        tried = _TRIED * np.abs(slope).max()
        for _ in range(_ROUNDS):
            holds = self._held(tried, -slope).all(axis=1)
            first = int(holds.argmax()) if holds.any() else len(tried) - 1
            tried = np.linspace(tried[max(first - 1, 0)], tried[first], len(tried))
        return float(tried[-1])

    def _held(self, alphas: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return which weights the prox with every alpha maps to 0, (n_alphas, n_weights)."""
        penalties = [with_alpha(self.job, alpha).penalty for alpha in alphas]
        penalty = stack_components(penalties, self.placement).on(self.job.network.layout)
        rows = np.tile(weights, (len(alphas), 1))
        if penalty.has_prox:
            steps = self.placement.asarray(np.ones((len(alphas), 1)))
            rows = np.asarray(to_numpy(penalty.prox(self.placement.asarray(rows), steps)))
        return rows == 0

    @cached_property
    def params(self) -> np.ndarray:
        """The parameters, (n_params,)."""
        constant = np.zeros(self.job.network.n_params)
        if self.job.network.output_bias:
            bias = self.job.network.layout.layers[-1].bias(constant[None])
            bias[...] = baseline_on(self.data.train, self.job)
        if not self.is_free.any() or self.is_free.all():
            return constant
        strength = _TRIED[-1] * np.abs(self._gradients(constant[None])).max()
        strong = with_alpha(self.job, strength)
        (result,) = train([strong], self.data, self.placement, keep="nothing")
        return np.asarray(to_numpy(result.params), dtype=np.float64)

    def _slope(self) -> np.ndarray:
        """Return the slope of the loss by weights, (n_weights,).

        At kinks it is the mixture of those on both sides that is 0 by intercepts.
        """
        (layer,) = self.job.network.layout.layers
        if self.job.loss.is_smooth or not layer.has_bias:
            return self._gradients(self.params[None])[0, : layer.n_weights]
        both = self._gradients(self._beside(_BESIDE * self._unit))
        below, above = layer.bias(both)[:, 0]
        rise = np.where(above > below, above - below, 1.0)
        share = np.clip(-below / rise, 0.0, 1.0)
        at_below, at_above = layer.weights(both)
        return ((1 - share) * at_below + share * at_above).ravel()

    def _secant(self) -> float:
        """Return the curvature of the mean loss by an intercept, over what targets deviate by."""
        (layer,), sides = self.job.network.layout.layers, self._beside(self._unit)
        change = np.diff(layer.bias(self._gradients(sides)), axis=0)
        return float((change / np.diff(layer.bias(sides), axis=0)).max())

    def _beside(self, width: float) -> np.ndarray:
        """Return parameters with intercepts that are lower and higher, (2, n_params)."""
        sides = np.stack([self.params, self.params])
        bias = self.job.network.layout.layers[-1].bias(sides)
        bias += np.array([-width, width])[:, None, None]
        return sides

    @cached_property
    def _unit(self) -> float:
        """The standard deviation of targets where predictions are in their units, or else 1."""
        source = self.data.train
        if not self.job.loss.is_of_residuals:
            return 1.0
        return float(to_numpy(source.some_targets(source.n_samples)).std()) or 1.0

    def _gradients(self, params: np.ndarray) -> np.ndarray:
        """Return those of the loss where weights that are not free are 0, (n_fits, n_params)."""
        objective = self._objective(params)
        gradient = objective.value_and_gradient(self._placed(params))[1]
        return np.asarray(to_numpy(gradient), dtype=np.float64)

    def _objective(self, params: np.ndarray) -> Objective:
        jobs = [replace(with_alpha(self.job, 0.0), start=row) for row in params]
        stack = build_stack(jobs, self.placement)
        return stack.terms.on_all(self.data.train, stack.weights)

    def _placed(self, params: np.ndarray) -> Params:
        return self.placement.asarray(params, dtype=self.job.dtype)
