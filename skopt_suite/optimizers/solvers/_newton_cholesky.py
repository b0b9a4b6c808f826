"""Newton's method with Cholesky factors of the Hessian."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from skopt_suite.backends import Array, Params, PerFit
from skopt_suite.optimizers._base import Problem
from skopt_suite.optimizers.algebra._design import Design, Hessian, dot
from skopt_suite.optimizers.algebra._factor import Factor
from skopt_suite.optimizers.solvers._newton import Newton, NewtonState

_MOST_COLUMNS = 10_000  # of a Hessian, which is 800 MB then


class NewtonCholesky(Newton):
    """Newton's method with the Hessian of all coefficients, for few features.

    A full-batch solver for linear models with smooth losses and no penalty or L2. It needs few
    iterations, whatever the scale and the correlations of features, each of which takes about
    ``n_samples * n_features**2`` multiplications, by BLAS; times the square of the number of
    classes of a softmax, whose outputs depend on each other. Where the Hessian is singular its
    diagonal is made larger. Names: ``"newton_cholesky"``.

    With H the Hessian and g the gradient of the objective by all coefficients w, a step is
    ``w - t H⁻¹ g``: t is 1, or less where that does not lower the objective. The objective can
    still fall by about ``gᵀ H⁻¹ g / 2``.

    See Also
    --------
    NewtonCG : Never has the Hessian, so takes many features.
    LBFGS : Cheap iterations, and networks.
    ClosedForm : Least squares in one step.

    References
    ----------
    J. Nocedal and S. Wright, "Numerical Optimization", 2nd edition, 2006, section 3.4.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from skopt_suite import LinearClassifier
    >>> from skopt_suite.penalties import L2
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> clf = LinearClassifier(penalty=L2(0.01), optimizer="newton_cholesky", tol=1e-10)
    >>> clf.fit(X, y).n_iter_ < 20
    True
    """

    name = "newton_cholesky"
    scratch_squares = 1

    def init(self, params: Params, problem: Problem) -> NewtonState:
        """Return a state in which nothing is known but the parameters."""
        state = super().init(params, problem)
        _, n_columns, n_outputs = state.coef.shape
        if n_columns * n_outputs > _MOST_COLUMNS:
            raise ValueError(
                f"optimizer 'newton_cholesky' needs the matrix of second derivatives by all "
                f"coefficients; got {n_columns} per output and {n_outputs} outputs, accepted are "
                f"up to {_MOST_COLUMNS} in all. Change optimizer to 'newton_cg' or 'lbfgs'."
            )
        return state

    def _model(
        self, state: NewtonState, design: Design, hessian: Hessian, ridge: Array
    ) -> _Factored:
        factors = list(map(_factors, design.grams(hessian), ridge))
        direction = -_solve(factors, state.gradient)
        if hessian.has_shift:
            is_free = (ridge == 0).all(axis=2, keepdims=True)
            direction -= is_free * direction.mean(axis=2, keepdims=True)
        return _Factored(direction, factors)


class _Factored(NamedTuple):
    """The quadratic model, whose Hessian may be block by block one of outputs."""

    direction: Array
    factors: list[list[Factor]]

    def remaining(self, gradient: Array) -> PerFit:
        """Return what the model, moved there, falls by."""
        return dot(gradient, _solve(self.factors, gradient)) / 2


def _factors(matrices: Array, ridge: Array) -> list[Factor]:
    """Return the factor of every output of a fit, or of all of them together."""
    by_output = ridge.T if len(matrices) > 1 else ridge.reshape(1, -1)
    np.einsum("oii->oi", matrices)[...] += by_output
    return [Factor.of(matrix) for matrix in matrices]


def _solve(factors: list[list[Factor]], values: Array) -> Array:
    """Return the inverse of Hessians times values, (n_fits, n_columns, n_outputs)."""
    solved = np.empty_like(values)
    for k, of_fit in enumerate(factors):
        if len(of_fit) == 1:
            solved[k] = of_fit[0].solve(values[k].ravel()).reshape(values[k].shape)
        for output, factor in enumerate(of_fit if len(of_fit) > 1 else []):
            solved[k, :, output] = factor.solve(values[k, :, output])
    return solved
