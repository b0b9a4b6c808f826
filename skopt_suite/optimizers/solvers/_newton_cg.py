"""Newton's method with directions by conjugate gradients."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from skopt_suite.backends import Array, FitColumn, Params, PerFit
from skopt_suite.optimizers._base import Problem, Step
from skopt_suite.optimizers._demands import Demands
from skopt_suite.optimizers.algebra._design import Design, Hessian, dot
from skopt_suite.optimizers.algebra._truncated_cg import Solved, System, truncated_cg
from skopt_suite.optimizers.solvers._conjugate_gradients import (
    QuadraticState,
    begin_quadratic,
    step_of_quadratic,
)
from skopt_suite.optimizers.solvers._newton import Newton, NewtonState, relative_fall

_LOOSEST, _TIGHTEST = 0.1, 1e-6
_MOST_PRODUCTS = 500


class NewtonCG(Newton):
    """Newton's method with directions by conjugate gradients, for many features and sparse X.

    A full-batch solver for linear models with smooth losses and no penalty or L2. It never has the
    Hessian, only products with it, which take two passes over X. They are preconditioned by
    about the diagonal, so the scale of features does not matter, and as exact as is worth it: the
    nearer the optimum, the more. Names: ``"newton_cg"``.

    With ``Q(d) = gᵀ d + dᵀ H d / 2`` the quadratic model of what a step d adds to the objective,
    conjugate gradients end after j iterations where ``j (Q_{j-1} - Q_j) <= η |Q_j|``. η is about
    the share of the objective that is yet to fall, but 0.1 at most. With the squared error Q is
    the objective; the first step is four iterations, and later ones, a quarter of what there were
    before, go on from there.

    See Also
    --------
    NewtonCholesky : Directions are exact; for few features.
    LBFGS : Learns curvature from gradients alone.
    ClosedForm : Least squares in one step.

    References
    ----------
    S. Nash and A. Sofer, "Assessing a search direction within a truncated-Newton method",
    Operations Research Letters 9, 1990; S. Eisenstat and H. Walker, "Choosing the forcing terms in
    an inexact Newton method", SIAM Journal on Scientific Computing 17, 1996.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from skopt_suite import LinearClassifier
    >>> from skopt_suite.penalties import L2
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> clf = LinearClassifier(penalty=L2(0.01), optimizer="newton_cg", tol=1e-10)
    >>> clf.fit(X, y).n_iter_ < 15
    True
    """

    name = "newton_cg"
    reads_columns = True

    def suits(self, demands: Demands) -> bool:
        """Whether `"auto"` may choose it: for least squares with L2 and X in memory, it may."""
        return demands.loss.is_quadratic and demands.penalty.has_ridge and not demands.is_chunked

    def init(self, params: Params, problem: Problem) -> NewtonState | QuadraticState:
        """Return a state in which nothing is known but the parameters."""
        is_quadratic = problem.linear_rows().loss.is_quadratic
        return begin_quadratic(params, problem) if is_quadratic else super().init(params, problem)

    def step(
        self,
        state: NewtonState | QuadraticState,
        params: Params,
        problem: Problem,
        factor: FitColumn,
    ) -> Step:
        """Return the end of a line search along Newton's direction, or of a few iterations."""
        if isinstance(state, QuadraticState):
            return step_of_quadratic(state, params, problem)
        return super().step(state, params, problem, factor)

    def _model(
        self, state: NewtonState, design: Design, hessian: Hessian, ridge: Array
    ) -> _Truncated:
        system = System.of(design, hessian, ridge)
        forcing = np.clip(relative_fall(state), _TIGHTEST, _LOOSEST)
        found = truncated_cg(system, state.gradient, forcing, _MOST_PRODUCTS)
        return _Truncated(found.direction, found, system.inverse, _square(system.inverse, state))


class _Truncated(NamedTuple):
    """The quadratic model and how near its minimum the direction leads."""

    direction: Array
    solved: Solved
    inverse: Array  # of about the diagonal of the Hessian
    square: PerFit  # of the gradient, in that

    def remaining(self, gradient: Array) -> PerFit:
        """Return what conjugate gradients have left, or as the gradient has become smaller."""
        square = dot(self.inverse * gradient, gradient)
        ratio = square / np.where(self.square > 0, self.square, 1.0)
        return np.maximum(self.solved.rest, self.solved.fall * ratio)


def _square(inverse: Array, state: NewtonState) -> PerFit:
    return dot(inverse * state.gradient, state.gradient)
