"""An interior-point method for losses with kinks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from skopt_suite._layout import DenseLayout
from skopt_suite.backends import Array, FitColumn, Params
from skopt_suite.optimizers._base import Optimizer, Problem, Step
from skopt_suite.optimizers._demands import Demands
from skopt_suite.optimizers.algebra._interior import Interior, Iterate, Seen
from skopt_suite.optimizers.algebra._interior_design import Design
from skopt_suite.optimizers.algebra._interior_rows import Kinks
from skopt_suite.optimizers.algebra._strengths import spread


class InteriorPointState(NamedTuple):
    """Where fits are, in float64, for every output; nothing is known before the first step."""

    theta: Array  # (n_fits, n_outputs, n_features + 1): centred, so with another intercept
    over: Array  # (n_fits, n_outputs, n_kinks)
    under: Array
    dual: Array
    reach: Array  # (n_fits, n_outputs), as of `Iterate`
    before: Array
    pull: Array  # (n_fits, n_outputs, ...) as of `Seen`
    products: Array
    value: Array
    left: Array
    n_steps: int = 0


class InteriorPoint(Optimizer):
    """Primal-dual interior-point method, with predictor and corrector.

    A full-batch solver for linear models whose losses are linear between kinks (hinge,
    absolute_error, quantile, epsilon_insensitive), with L2, L1, elastic net or no penalty, on dense
    X. The kinks make the problem a linear or quadratic program. Every iteration is a step of
    Newton's method, with second moments of features that are weighted by how near rows are to their
    kinks; 4 to 20 of them are enough, whatever the units of X and y. Time grows with the square of
    the number of features, or of rows where these are fewer. Where there are many times as many
    rows as features, it begins at the optimum of some, and rows that are far from their kinks are
    left out of the steps, though never of the proof.

    It stops where the objective is proven to be near the optimum, as the dual problem, which it
    solves at the same time, is a lower bound.

    See Also
    --------
    LBFGS : Trains on losses that are smoothed; takes sparse X.
    FISTA : The same for any penalty.
    skopt_suite.losses.Hinge : A loss with a kink.
    skopt_suite.losses.Quantile : Another one.

    References
    ----------
    R. Koenker and S. Portnoy, "The Gaussian Hare and the Laplacian Tortoise: Computability of
    Squared-error versus Absolute-error Estimators", Statistical Science 12, 1997; M. C. Ferris and
    T. S. Munson, "Interior-Point Methods for Massive Support Vector Machines", SIAM Journal on
    Optimization 13, 2002; S. Mehrotra, "On the Implementation of a Primal-Dual Interior Point
    Method", SIAM Journal on Optimization 2, 1992; J. Gondzio, "Multiple Centrality Corrections in a
    Primal-Dual Method for Linear Programming", Computational Optimization and Applications 6, 1996.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skopt_suite import LinearRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> reg = LinearRegressor(loss="absolute_error", penalty="none", optimizer="interior_point")
    >>> reg.fit(X, y).stop_reason_
    'converged'
    """

    scratch_arrays = 9
    is_full_batch = True
    proves_optimality = True
    is_incremental = False
    takes_schedule = False
    takes_sparse = False
    takes_chunks = False
    takes_clusters = False
    takes_devices = False
    only_linear = True

    def refusal(self, demands: Demands) -> str | None:
        """Return why it cannot do a job, in words that go on from its name; None if it can."""
        return super().refusal(demands) or next(_refusals(demands), None)

    def init(self, params: Params, problem: Problem) -> InteriorPointState:
        """Return a state in which nothing is known."""
        (layer,), has_l1 = problem.layout.layers, _has_l1(problem)
        n_weights = layer.n_in * has_l1
        n_kinks, n_samples = problem.linear_rows().kinks(0).at[0].shape
        shape, n_theta = (len(params), layer.n_out), layer.n_in + 1
        of_kinks = (n_kinks * n_samples + n_weights,)
        sizes = (n_theta,), *[of_kinks] * 3, (), (), (n_theta,), (), (), ()
        parts: list[Any] = [np.zeros(shape + size) for size in sizes]
        return InteriorPointState(*parts)

    def step(
        self,
        state: InteriorPointState,
        params: Params,
        problem: Problem,
        factor: FitColumn,
    ) -> Step:
        """Return where one step of Newton's method leads, output by output."""
        (layer,), shown = problem.layout.layers, np.empty_like(state.theta)
        stalled, mean = np.ones(len(params), dtype=bool), _centred(problem)[0]
        loss, optimality = np.zeros((2, *shown.shape[:2]))
        for k, output in np.ndindex(loss.shape):
            fit, begin, seen = _interior(problem, k, output), *_known(state, k, output)
            if not state.n_steps:
                begin = fit.start()
                seen = fit.look(begin)
            end = fit.advance(begin, seen) if seen.left > 0 else begin
            found = fit.look(end)
            is_nearer = found.left < seen.left  # or it is proven to be
            is_same = state.n_steps > 0 and (end.theta == begin.theta).all()
            stalled[k] &= is_same and not is_nearer
            _keep(state, end, found, k, output)
            end, found = fit.sparse(end, found)
            shown[k, output], loss[k, output], optimality[k, output] = end.theta, *found[-2:]
        weights = shown[..., :-1].transpose(0, 2, 1)
        layer.weights(params)[...] = weights
        if layer.has_bias:
            layer.bias(params)[...] = (shown[..., -1] - mean @ weights)[:, None]
        value, left = (part.sum(axis=1).astype(params.dtype) for part in (loss, optimality))
        state = state._replace(n_steps=state.n_steps + 1)
        return Step(params, state, value, left, stalled, optimality)


def _refusals(demands: Demands) -> Iterator[str]:
    loss, penalty = demands.loss, demands.penalty
    if not loss.is_piecewise_linear:
        yield f"needs a loss that is linear between kinks; got {loss.name!r}"
    if not penalty.is_elastic_net:
        yield f"needs L2, L1, both or no penalty, without positive=True; got {penalty!r}"


def _has_l1(problem: Problem) -> bool:
    assert problem.separable is not None
    return problem.separable.l1 is not None


def _centred(problem: Problem) -> tuple[Array | float, Array]:
    """Return the means of features, and inputs without them; 0 where there is no intercept."""
    (layer,), columns = problem.layout.layers, problem.linear_rows().columns
    return columns.centred if layer.has_bias else (np.zeros(layer.n_in), columns.as_rows)


def _interior(problem: Problem, fit: int, output: int) -> Interior:
    """Return the problem of one fit and output."""
    (layer,), penalty = problem.layout.layers, problem.separable
    assert penalty is not None
    l1, l2 = (_strength(part, layer, fit, output) for part in penalty[:2])
    at, below, above = (part[output] for part in problem.linear_rows().kinks(fit))
    design = Design(_centred(problem)[1], layer.has_bias, _has_l1(problem))
    parts = [(at, np.zeros_like(l1)), (below, -l1), (above, l1)]
    kinks = [np.append(a, b) if design.has_l1 else a.ravel() for a, b in parts]
    return Interior(design, Kinks(*kinks), np.append(l2, 0.0))


def _strength(values: Any, layer: DenseLayout, fit: int, output: int) -> Array:
    """Return numbers for the weights of one fit and output."""
    n_fits = len(values) if isinstance(values, np.ndarray) else 1
    spread_out = spread(values, (n_fits, layer.n_in, layer.n_out))
    return np.ascontiguousarray(spread_out[fit if n_fits > 1 else 0, :, output])


def _known(state: InteriorPointState, fit: int, output: int) -> tuple[Iterate, Seen]:
    parts = [part[fit, output] for part in state[:-1]]
    return Iterate(*parts[:6]), Seen(*parts[6:])


def _keep(state: InteriorPointState, at: Iterate, seen: Seen, fit: int, output: int) -> None:
    for part, values in zip(state[:-1], (*at, *seen), strict=True):
        part[fit, output] = values
