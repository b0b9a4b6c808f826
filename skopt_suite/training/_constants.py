"""The losses of raw predictions that are the same for all rows: what fits are measured by."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

import numpy as np

from skopt_suite._component import take
from skopt_suite.backends import Array, PerFit, namespace, sum_in_double, to_numpy, weighted_sum
from skopt_suite.chunks import found_once
from skopt_suite.training._blocks import rows_in_cache
from skopt_suite.training._job import Job
from skopt_suite.training._numbers import is_varied
from skopt_suite.training._rows import Source, Targets, Weights, blocks
from skopt_suite.training._stack import Stack

_AT_ONCE = 2**14  # rows that few constants are tried on, at the least


class Constants:
    """The mean losses of constant raw predictions on all rows, found when they are asked for.

    Parameters
    ----------
    jobs : sequence of Job
        The fits.
    stack : Stack
        Of them.
    source : Source
        The rows.
    n_at_once : int
        How many of them it looks at, where fits have different losses.
    wants_null : bool
        Whether `null_losses` are going to be asked for.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        stack: Stack,
        source: Source,
        n_at_once: int,
        wants_null: bool = True,
    ) -> None:
        self.jobs, self.stack, self.source, self.n_at_once = jobs, stack, source, n_at_once
        has_bias = stack.terms.network.output_bias
        self._is_linked = has_bias and jobs[0].loss.has_link
        self._wants_best = has_bias and (wants_null or self._is_linked)
        self._is_varied = len(jobs) > 1 and is_varied(stack.terms.loss)

    @property
    def null_losses(self) -> np.ndarray:
        """The lowest ones, (n_fits,), in which progress is measured.

        A model without an intercept has 0 for all rows and no other.
        """
        lowest, *others = self._losses
        for loss in others:
            lowest = np.minimum(lowest, loss)
        return lowest + np.zeros(len(self.jobs))

    @property
    def of_no_model(self) -> np.ndarray:
        """Raw predictions of no model at all, (n_fits or 1, n_outputs).

        Where predictions have a link, they are the best ones in place of 0, which may be far away.
        """
        return self._best if self._is_linked else np.zeros((1, self.stack.n_outputs))

    @property
    def loss_of_no_model(self) -> np.ndarray:
        """The losses of these, (n_fits,) or (1,)."""
        return self._losses[self._is_linked]

    @found_once
    def _targets(self) -> list[Targets]:
        stack = self.stack
        return list(self.source.targets(stack.weights, stack.terms.loss.targets))

    @found_once
    def _losses(self) -> list[np.ndarray]:
        """Those of 0 and, where they are wanted, of the best: each (n_fits,) or (1,)."""
        constants = [np.zeros((1, self.stack.n_outputs))]
        if self._wants_best:
            constants.append(self._best)
        if not self._are_shared(constants[-1]):
            return [self._loss_of(constant) for constant in constants]
        losses = self._loss_of(np.concatenate(constants))
        return [losses[i : i + 1] for i in range(len(losses))]

    def _are_shared(self, constant: np.ndarray) -> bool:
        """Whether a constant, (n_fits or 1, n_outputs), has the same loss in all fits."""
        weight = self.stack.weights.values
        has_one = weight is None or weight.shape[0] == 1
        return has_one and constant.shape[0] == 1 and not self._is_varied

    @found_once
    def _best(self) -> np.ndarray:
        """The best raw predictions, (n_fits or 1, n_outputs), each found once."""
        first, *others = self.jobs
        if not others:
            return baseline_on(self.source, first)[None]
        known: dict[Hashable, np.ndarray] = {}
        keys = [(job.plan.loss_content, id(job.sample_weight)) for job in self.jobs]
        for key, job in zip(keys, self.jobs, strict=True):
            if key not in known:
                known[key] = baseline_on(self.source, job)
        return np.stack([known[key] for key in (keys if len(known) > 1 else keys[:1])])

    def _loss_of(self, raw: np.ndarray) -> np.ndarray:
        """Return the mean losses of raw predictions, (n_fits,) or as many as there are of these."""
        params = self.stack.params
        constant = namespace(params).asarray(
            raw[:, None, :], dtype=params.dtype, device=params.device
        )
        total: PerFit = 0.0
        for part in self._targets:
            for block in self._sums(constant, part):
                total = total + np.asarray(to_numpy(block), dtype=np.float64)
        return total / self.source.n_samples

    def _sums(self, constant: Array, targets: Targets) -> Iterator[Array]:
        """Yield weighted sums of the losses of some rows each, (n_fits,) or (n_constants,)."""
        # Only the hyperparameters of the loss can differ, so mostly one fit stands for all.
        xp, loss, n_fits = namespace(constant), self.stack.terms.loss, constant.shape[0]
        if self._is_varied:
            n_fits = len(self.jobs)
        elif len(self.jobs) > 1:
            loss = take(loss, xp.zeros(1, dtype=xp.int64, device=constant.device))
        for block in blocks(targets.y.shape[0], self._rows_at_once(n_fits, targets.y.shape[0])):
            y = targets.y[block, ...]
            zeros = xp.zeros((n_fits, y.shape[0], 1), dtype=constant.dtype, device=constant.device)
            values = loss.value_and_gradient(y, zeros + constant)[0]
            if targets.weight is None:
                yield sum_in_double(values, axis=-1)
            else:
                yield weighted_sum(values, targets.weight[:, block])

    def _rows_at_once(self, n_fits: int, n_samples: int) -> int:
        """Return how many rows so many fits look at: many of them no more than in a step."""
        network, params = self.stack.terms.network, self.stack.params
        if n_fits <= 2:  # which may stand for all
            return max(_AT_ONCE, -(-n_samples // n_fits))
        if type(params) is not np.ndarray:
            return self.n_at_once
        in_cache = rows_in_cache(network, len(params), params.itemsize, n_samples)
        return min(self.n_at_once, in_cache)


def baseline_on(source: Source, job: Job) -> np.ndarray:
    """Return the best constant of the loss of a job, (n_outputs,)."""
    weight, loss = job.sample_weight, job.loss
    parts = [] if weight is not None else [*source.targets(Weights(), loss.targets)]
    if len(parts) == 1 and parts[0].weight is not None:
        return loss.baseline(to_numpy(parts[0].y), to_numpy(parts[0].weight)[0])
    return loss.baseline(to_numpy(source.some_targets(source.n_samples)), weight)
