"""The closed form of least squares."""

from __future__ import annotations

from skopt_suite.backends import FitColumn, Params, namespace
from skopt_suite.optimizers._base import Optimizer, Problem, Step


class ClosedForm(Optimizer):
    """Least squares and ridge regression solved at once, from the eigenvalues of the covariance.

    For linear models with a squared error and no penalty or L2, on dense data. With
    ``Cov(x) = V diag(λ) Vᵀ`` the weights are ``V diag(1 / (λ + alpha)) Vᵀ Cov(x, y)``, so any
    number of penalties, of fits or of outputs, costs little more than one. Where many weights are
    optimal (fewer samples than features, columns that depend on each other, ``alpha=0``) the
    smallest are taken.

    It counts as one iteration, whatever ``max_iter`` and ``tol`` are, and where it starts does not
    matter. If columns depend on each other *and* differ in scale by more than about 1e6, rounding
    hides some of them, and the fit warns that the data should be scaled. Names:
    ``"closed_form"``.

    See Also
    --------
    NewtonCholesky : Any smooth loss.
    NewtonCG : Many features and sparse X.
    CoordinateDescent : L1 and its kin.

    References
    ----------
    T. Hastie, R. Tibshirani and J. Friedman, "The Elements of Statistical Learning", 2nd edition,
    2009, section 3.4.1.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skopt_suite import LinearRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> reg = LinearRegressor(optimizer="closed_form").fit(X, y)
    >>> reg.n_iter_
    1
    """

    scratch_arrays = 7
    is_full_batch = True
    is_incremental = False
    takes_prox = False
    takes_schedule = False
    takes_sparse = False
    only_linear = True
    only_quadratic = True

    def init(self, params: Params, problem: Problem) -> tuple[()]:
        """Return an empty state."""
        return ()

    def step(self, state: tuple[()], params: Params, problem: Problem, factor: FitColumn) -> Step:
        """Return the minimum; there is no further progress from there."""
        xp, quadratic = namespace(params), problem.quadratic()
        minimum, is_unsolved = quadratic.minimum(params.shape)
        params = xp.astype(minimum, params.dtype)
        rounded = xp.astype(params, xp.float64)
        loss = xp.astype(quadratic.value(rounded), params.dtype)
        optimality = xp.where(is_unsolved, xp.inf, xp.zeros_like(loss))
        return Step(params, state, loss, optimality, stalled=xp.ones_like(is_unsolved))
