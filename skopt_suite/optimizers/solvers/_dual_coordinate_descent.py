"""Coordinate descent on the dual of linear models whose losses have kinks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from skopt_suite.backends import Array, FitColumn, Params
from skopt_suite.optimizers._base import LinearRows, Optimizer, Problem, Step
from skopt_suite.optimizers._demands import Demands
from skopt_suite.optimizers.algebra._dual_coordinates import Dual, Kinks, ascend_dual, lower_bound
from skopt_suite.optimizers.algebra._stacked_terms import StackedTerms

_PASSES = 5  # of an iteration; only the first one is through all rows
_APART = 128  # bits: what is drawn in one iteration does not overlap with the next
_LEAST = 1e-12  # strength of L2 that weights are found with


class DualState(NamedTuple):
    """Where fits are, in float64, for every output."""

    variables: Array  # (n_fits, n_outputs, n_kinks * n_samples)
    weights: Array  # (n_fits, n_outputs, n_features), which follow from them
    bias: Array  # (n_fits, n_outputs): the multipliers, not the best intercepts
    furthest: Array  # (n_fits, n_outputs): see `Dual`
    bound: Array  # (n_fits, n_outputs): no objective is lower
    n_steps: int = 0


class DualCoordinateDescent(Optimizer):
    """Coordinate descent on the dual, for losses with kinks, L2 and sparse rows.

    A full-batch solver for linear models whose losses are linear between kinks (hinge,
    absolute_error, quantile, epsilon_insensitive) with L2. Each row has a dual variable for every
    kink of its loss; one after the other, in random order, goes to where the dual is highest along
    it, which costs in proportion to the values of the row that are not 0. Variables at a bound that
    they are far from leaving are left out until the next iteration. It is the method of LIBLINEAR,
    but for the intercept, which is not penalised here: it is the multiplier of a constraint.
    The weaker the penalty, the longer it takes. Rows are gone through in the same order in every
    fit, whatever ``random_state``. Names: ``"dual_coordinate_descent"``.

    It stops where the objective is proven to be near the optimum, as the dual is a lower bound.

    See Also
    --------
    InteriorPoint : The same losses on dense data, also with L1.
    CoordinateDescent : Smooth losses with penalties that are not smooth.
    FISTA : Any other penalty, with losses that are made smooth.

    References
    ----------
    C.-J. Hsieh et al., "A Dual Coordinate Descent Method for Large-scale Linear SVM", ICML 2008;
    C.-H. Ho and C.-J. Lin, "Large-scale Linear Support Vector Regression", Journal of Machine
    Learning Research 13, 2012.

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> from sklearn.datasets import load_digits
    >>> from skopt_suite import LinearClassifier
    >>> from skopt_suite.penalties import L2
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = LinearClassifier(loss="hinge", penalty=L2(0.1), optimizer="dual_coordinate_descent")
    >>> clf.fit(csr_array(X / 16), y).stop_reason_
    'converged'
    """

    scratch_arrays = 8
    name = "dual_coordinate_descent"
    is_full_batch = True
    proves_optimality = True
    is_incremental = False
    takes_prox = False
    takes_schedule = False
    takes_chunks = False
    takes_clusters = False
    takes_devices = False
    only_linear = True

    def refusal(self, demands: Demands) -> str | None:
        """Return why it cannot do a job, in words that go on from its name; None if it can."""
        return super().refusal(demands) or next(_refusals(demands), None)

    def init(self, params: Params, problem: Problem) -> DualState:
        """Return a state in which all dual variables are 0, which their bounds allow.

        The multiplier begins at the best constant, and has not far to go where L2 is strong.
        """
        (layer,), rows = problem.layout.layers, problem.linear_rows()
        shape, raw = (len(params), layer.n_out), np.zeros(rows.X.shape[0])
        variables = np.zeros((*shape, rows.kinks(0).at[0].size))
        unknown = np.full(shape, np.inf)
        weights, bias = np.zeros((*shape, layer.n_in)), np.zeros(shape)
        for place in np.ndindex(shape if layer.has_bias else (0,)):
            bias[place] = _kinks(rows, *place).intercept(raw)
        return DualState(variables, weights, bias, unknown, -unknown)

    def step(self, state: DualState, params: Params, problem: Problem, factor: FitColumn) -> Step:
        """Return where a few passes through the rows lead, output by output."""
        (layer,), rows = problem.layout.layers, problem.linear_rows()
        weights, bias = layer.weights(params), layer.bias(params)
        terms = StackedTerms.of(problem.blockwise(params), weights.shape, is_coupled=False)
        order = _order(rows.X.shape[0], state.n_steps)
        value = np.zeros(state.bound.shape)
        for place in np.ndindex(value.shape):
            k, output = place
            strengths = np.maximum(terms.l2[k, :, output], _LEAST)
            fit = _Fit(rows, _kinks(rows, k, output), strengths, bool(bias.size))
            at = fit.improved(Dual(*(part[place] for part in state[:4])), order)
            intercept, value[place], bound = fit.seen(at)
            for part, new in zip(state[:4], at, strict=True):
                part[place] = new
            state.bound[place] = max(bound, state.bound[place])
            weights[k, :, output] = at.weights
            if bias.size:
                bias[k, 0, output] = intercept
        left = np.maximum(value - state.bound, 0.0)
        loss, optimality = (part.sum(axis=1).astype(params.dtype) for part in (value, left))
        state = state._replace(n_steps=state.n_steps + 1)
        return Step(params, state, loss, optimality, dual_gap=left)


def _refusals(demands: Demands) -> Iterator[str]:
    if not demands.loss.is_piecewise_linear:
        yield f"needs a loss that is linear between kinks; got {demands.loss.name!r}"
    if not (demands.penalty.is_elastic_net and demands.penalty.has_ridge):
        yield f"needs L2 with alpha > 0, without positive=True; got {demands.penalty!r}"


def _order(n_samples: int, n_steps: int) -> np.ndarray:
    bits = np.random.Philox(key=1, counter=n_steps << _APART)
    return np.random.Generator(bits).permutation(n_samples)


def _kinks(rows: LinearRows, fit: int, output: int) -> Kinks:
    return Kinks(*(part[output].ravel() for part in rows.kinks(fit)))


class _Fit(NamedTuple):
    """One fit and output."""

    rows: LinearRows
    kinks: Kinks
    strengths: Array
    has_bias: bool

    def improved(self, at: Dual, order: np.ndarray) -> Dual:
        """Return where passes lead."""
        x = self.rows.columns.by_sparse_row
        rest = self.kinks, order, at, self.strengths, self.has_bias, _PASSES
        return ascend_dual(x.data, x.indices, x.indptr, *rest)

    def seen(self, at: Dual) -> tuple[float, float, float]:
        """Return the best intercept, the objective with it, and a bound of all objectives."""
        x = self.rows.columns.by_sparse_row
        raw = x @ at.weights
        bias = self.kinks.intercept(raw) if self.has_bias else 0.0
        value = self.kinks.loss(raw + bias) + float(self.strengths @ at.weights**2) / 2
        return bias, value, lower_bound(x, self.kinks, at.variables, self.strengths, self.has_bias)
