"""Time linear models to the same objective, beside scikit-learn and, where it is installed, skglm.

Every contestant fits the same X; its objective is evaluated by one function for all of them, and
stands in the table as a relative distance from the lowest. See ``benchmarks/README.md``.
"""

import argparse
import functools
import os
import statistics
import time
import warnings

import numpy as np
import scipy.sparse
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.linear_model import (
    ElasticNet,
    Lasso,
    LassoCV,
    LogisticRegression,
    LogisticRegressionCV,
    PoissonRegressor,
    QuantileRegressor,
    Ridge,
)
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.svm import LinearSVC, LinearSVR

from skopt_suite import LinearClassifier, LinearRegressor
from skopt_suite.losses import EpsilonInsensitive, Quantile
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.penalties import L1, L2, MCP, GroupLasso
from skopt_suite.penalties import ElasticNet as OurElasticNet

try:
    import skglm
    from skglm.datafits import Logistic, LogisticGroup, Quadratic, QuadraticGroup
    from skglm.penalties import L1 as SkglmL1
    from skglm.penalties import MCPenalty, WeightedGroupL2
    from skglm.solvers import AndersonCD, GroupBCD, GroupProxNewton, ProxNewton
    from skglm.utils.data import grp_converter
except ImportError:
    skglm = None

TOL = 1e-7
GROUP_SIZE = 10


def regression(n_samples, n_features, density=1.0, seed=0):
    """Return X and y of which ten features matter."""
    rng = np.random.default_rng(seed)
    if density < 1:
        X = scipy.sparse.random_array((n_samples, n_features), density=density, rng=rng)
        X = X.tocsc()
    else:
        X = np.asfortranarray(rng.normal(size=(n_samples, n_features)))
    weights = np.zeros(n_features)
    weights[:10] = rng.normal(size=10)
    y = X @ weights
    return X, y + 0.5 * y.std() * rng.normal(size=n_samples) + 1


def diabetes():
    """Return ten columns of real data."""
    return load_diabetes(return_X_y=True)


def cancer():
    """Return thirty columns of real data, scaled, and labels."""
    X, y = load_breast_cancer(return_X_y=True)
    return (X - X.mean(axis=0)) / X.std(axis=0), y


def labels(y):
    """Return two classes: whether a target is at least the median."""
    return (y >= np.median(y)).astype(int)


def counts(y):
    """Return counts whose means follow a target."""
    rate = np.exp(np.clip((y - y.mean()) / y.std(), -3, 3))
    return np.random.default_rng(2).poisson(rate).astype(float)


def largest_alpha(X, y):
    """Return the least strength of L1 for which nothing is used, of squared errors."""
    return np.abs(X.T @ (y - y.mean())).max() / len(y)


def squared_error(X, y, coef, intercept):
    """Return half the mean squared error."""
    return ((y - X @ coef - intercept) ** 2).mean() / 2


def log_loss(X, y, coef, intercept):
    """Return the mean logistic loss of signs."""
    return np.logaddexp(0, -(2 * y - 1) * (X @ coef + intercept)).mean()


def mcp(coef, alpha, gamma=3.0):
    """Return the penalty."""
    size = np.minimum(np.abs(coef), gamma * alpha)
    return (alpha * size - size**2 / (2 * gamma)).sum()


def lasso_case(X, y, share):
    alpha = largest_alpha(X, y) / share
    yield "ours", LinearRegressor(penalty=L1(alpha), tol=TOL)
    yield "scikit-learn", Lasso(alpha, tol=TOL, max_iter=100_000)
    if skglm:
        yield "skglm", skglm.Lasso(alpha, tol=TOL * largest_alpha(X, y))
    yield lambda coef, b: squared_error(X, y, coef, b) + alpha * np.abs(coef).sum()


def elastic_net_case(X, y, share):
    alpha = largest_alpha(X, y) / share
    yield "ours", LinearRegressor(penalty=OurElasticNet(alpha, l1_ratio=0.8), tol=TOL)
    yield "scikit-learn", ElasticNet(alpha, l1_ratio=0.8, tol=TOL, max_iter=100_000)
    if skglm:
        yield "skglm", skglm.ElasticNet(alpha, l1_ratio=0.8, tol=TOL * largest_alpha(X, y))
    yield (
        lambda coef, b: (
            squared_error(X, y, coef, b) + alpha * (0.8 * np.abs(coef).sum() + 0.1 * coef @ coef)
        )
    )


def mcp_case(X, y, share):
    alpha = largest_alpha(X, y) / share
    yield "ours", LinearRegressor(penalty=MCP(alpha), tol=TOL)
    if skglm:
        solver = AndersonCD(tol=TOL * largest_alpha(X, y), fit_intercept=True)
        yield "skglm", skglm.GeneralizedLinearEstimator(Quadratic(), MCPenalty(alpha, 3), solver)
    yield lambda coef, b: squared_error(X, y, coef, b) + mcp(coef, alpha)


def logistic_case(X, y, share):
    y = labels(y)
    alpha = largest_alpha(X, y) / share
    yield "ours", LinearClassifier(penalty=L1(alpha), tol=TOL)
    strength = {"C": 1 / alpha / len(y), "l1_ratio": 1.0, "random_state": 0}
    yield "liblinear", LogisticRegression(solver="liblinear", tol=1e-6, max_iter=1000, **strength)
    if skglm:
        solver = ProxNewton(tol=TOL * largest_alpha(X, y), fit_intercept=True)
        yield "skglm", skglm.GeneralizedLinearEstimator(Logistic(), SkglmL1(alpha), solver)
    yield lambda coef, b: log_loss(X, y, coef, b) + alpha * np.abs(coef).sum()


def group_case(X, y, share):
    yield from _group_case(X, y, share, LinearRegressor, squared_error)


def group_logistic_case(X, y, share):
    yield from _group_case(X, y, share, LinearClassifier, log_loss)


def _group_case(X, y, share, cls, loss):
    y = y if loss is squared_error else labels(y)
    norms = np.linalg.norm((X.T @ (y - y.mean())).reshape(-1, GROUP_SIZE), axis=1)
    largest = norms.max() / len(y) / np.sqrt(GROUP_SIZE)
    alpha, groups = largest / share, np.arange(X.shape[1]) // GROUP_SIZE
    yield "ours", cls(penalty=GroupLasso(alpha, groups=groups), tol=TOL)
    if skglm:
        yield from _skglm_groups(X.shape[1], alpha, loss, TOL * largest)
    yield (
        lambda coef, b: (
            loss(X, y, coef, b)
            + alpha
            * np.sqrt(GROUP_SIZE)
            * np.linalg.norm(coef.reshape(-1, GROUP_SIZE), axis=1).sum()
        )
    )


def _skglm_groups(n_features, alpha, loss, tol):
    places, starts = grp_converter(GROUP_SIZE, n_features)
    weights = np.full(len(starts) - 1, np.sqrt(GROUP_SIZE))
    penalty = WeightedGroupL2(alpha, weights, starts, places)
    datafit = (QuadraticGroup if loss is squared_error else LogisticGroup)(starts, places)
    # GroupBCD of skglm has no intercepts with the logistic loss
    solver = GroupBCD if loss is squared_error else GroupProxNewton
    solver = solver(tol=tol, fit_intercept=True)
    yield "skglm", skglm.GeneralizedLinearEstimator(datafit, penalty, solver)


def hinge_case(X, y, alpha):
    signs = 2.0 * labels(y) - 1
    yield "ours", LinearClassifier(loss="hinge", penalty=L2(alpha))
    for tol in (1e-2, 1e-4, 1e-6):
        svc = LinearSVC(loss="hinge", C=1 / alpha / len(y), tol=tol, max_iter=1_000_000)
        yield f"LinearSVC, tol={tol:g}", svc.set_params(intercept_scaling=10.0)
    yield (
        lambda coef, b: np.maximum(1 - signs * (X @ coef + b), 0).mean() + alpha / 2 * (coef @ coef)
    )


def quantile_case(X, y, alpha):
    yield "ours", LinearRegressor(loss=Quantile(0.7), penalty=L1(alpha))
    yield "QuantileRegressor", QuantileRegressor(quantile=0.7, alpha=alpha)

    def objective(coef, b):
        error = y - X @ coef - b
        return np.maximum(0.7 * error, -0.3 * error).mean() + alpha * np.abs(coef).sum()

    yield objective


def tube_case(X, y, alpha):
    yield "ours", LinearRegressor(loss=EpsilonInsensitive(0.1), penalty=L2(alpha))
    for tol in (1e-2, 1e-4, 1e-6):
        svr = LinearSVR(epsilon=0.1, C=1 / alpha / len(y), tol=tol, max_iter=1_000_000)
        yield f"LinearSVR, tol={tol:g}", svr.set_params(intercept_scaling=10.0)
    yield (
        lambda coef, b: (
            np.maximum(np.abs(y - X @ coef - b) - 0.1, 0).mean() + alpha / 2 * (coef @ coef)
        )
    )


def ridge_case(X, y, alpha):
    yield "ours", LinearRegressor(penalty=L2(alpha), tol=TOL)
    for solver in ("lsqr", "sparse_cg", "sag"):
        yield f"Ridge, {solver}", Ridge(alpha * len(y), solver=solver, tol=1e-6, max_iter=10_000)
    yield lambda coef, b: squared_error(X, y, coef, b) + alpha / 2 * (coef @ coef)


def l2_logistic_case(X, y, alpha):
    y = labels(y)
    yield "ours", LinearClassifier(penalty=L2(alpha), tol=TOL)
    of_them = {"C": 1 / alpha / len(y), "max_iter": 1000}
    for solver, tol in (("lbfgs", 1e-6), ("newton-cg", 1e-5), ("liblinear", 1e-5)):
        yield solver, LogisticRegression(solver=solver, tol=tol, **of_them)
    yield lambda coef, b: log_loss(X, y, coef, b) + alpha / 2 * (coef @ coef)


def poisson_case(X, y, alpha):
    y = counts(y)
    yield "ours", LinearRegressor(loss="poisson", penalty=L2(alpha), tol=TOL)
    for solver in ("lbfgs", "newton-cholesky"):
        yield solver, PoissonRegressor(alpha=alpha, solver=solver, tol=1e-7, max_iter=1000)

    def objective(coef, b):
        raw = X @ coef + b
        return (np.exp(raw) - y * raw).mean() + alpha / 2 * (coef @ coef)

    yield objective


def grid_case(X, y, share):
    alphas = largest_alpha(X, y) * np.geomspace(1, 1 / share, 100)
    cv, grid = KFold(5), {"penalty__alpha": alphas}
    yield "ours", FusedGridSearchCV(LinearRegressor(penalty="l1", tol=1e-4), grid, cv=cv)
    yield "GridSearchCV(Lasso)", GridSearchCV(Lasso(max_iter=100_000), {"alpha": alphas}, cv=cv)
    yield "LassoCV", LassoCV(alphas=alphas, cv=cv, max_iter=100_000)
    yield None


def logistic_grid_case(X, y, share, l1_ratio=0.0):
    alphas = largest_alpha(X, y) * np.geomspace(1, 1 / share, 20)
    penalty, cv = "l1" if l1_ratio else "l2", KFold(5)
    search = FusedGridSearchCV(
        LinearClassifier(penalty=penalty), {"penalty__alpha": alphas}, cv=cv, scoring="accuracy"
    )
    yield "ours", search
    yield (
        "LogisticRegressionCV",
        LogisticRegressionCV(
            Cs=1 / alphas / (0.8 * len(y)),
            l1_ratios=(l1_ratio,),
            solver="liblinear" if l1_ratio else "lbfgs",
            cv=cv,
            scoring="accuracy",
            max_iter=1000,
            use_legacy_attributes=False,
        ),
    )
    yield None


CASES = {
    "lasso 1,000 × 10,000, /10": (lasso_case, lambda: regression(1000, 10_000), 10),
    "lasso 1,000 × 10,000, /100": (lasso_case, lambda: regression(1000, 10_000), 100),
    "lasso 20,000 × 100,000 sparse, /10": (
        lasso_case,
        lambda: regression(20_000, 100_000, density=1e-3),
        10,
    ),
    "elastic net 1,000 × 10,000, /100": (elastic_net_case, lambda: regression(1000, 10_000), 100),
    "MCP 1,000 × 10,000, /10": (mcp_case, lambda: regression(1000, 10_000), 10),
    "lasso diabetes, /10": (lasso_case, diabetes, 10),
    "L1 logistic 1,000 × 10,000, /10": (logistic_case, lambda: regression(1000, 10_000), 10),
    "L1 logistic 1,000 × 10,000, /50": (logistic_case, lambda: regression(1000, 10_000), 50),
    "group lasso 1,000 × 10,000, /10": (group_case, lambda: regression(1000, 10_000), 10),
    "group logistic 1,000 × 10,000, /10": (
        group_logistic_case,
        lambda: regression(1000, 10_000),
        10,
    ),
    "hinge cancer": (hinge_case, cancer, 1e-2),
    "hinge 20,000 × 20": (hinge_case, lambda: regression(20_000, 20), 1e-2),
    "hinge 20,000 × 50,000 sparse": (
        hinge_case,
        lambda: regression(20_000, 50_000, density=1.6e-3),
        1e-4,
    ),
    "quantile 2,000 × 10": (quantile_case, lambda: regression(2000, 10), 1e-3),
    "quantile 20,000 × 20": (quantile_case, lambda: regression(20_000, 20), 1e-3),
    "epsilon-insensitive 20,000 × 20": (tube_case, lambda: regression(20_000, 20), 1e-2),
    "epsilon-insensitive 20,000 × 50,000 sparse": (
        tube_case,
        lambda: regression(20_000, 50_000, density=1.6e-3),
        1e-4,
    ),
    "ridge 20,000 × 20,000 sparse": (
        ridge_case,
        lambda: regression(20_000, 20_000, density=1.5e-3),
        1e-3,
    ),
    "logistic 50,000 × 50,000 sparse": (
        l2_logistic_case,
        lambda: regression(50_000, 50_000, density=1.6e-3),
        1e-5,
    ),
    "logistic 200,000 × 500": (l2_logistic_case, lambda: regression(200_000, 500), 1e-4),
    "Poisson 20,000 × 50": (poisson_case, lambda: regression(20_000, 50), 1e-3),
    "100 alphas × 5 folds, 20,000 × 100": (grid_case, lambda: regression(20_000, 100), 1000),
    "100 alphas × 5 folds, 1,000 × 5,000": (grid_case, lambda: regression(1000, 5000), 10),
    "logistic, 20 alphas × 5 folds, 20,000 × 100": (
        logistic_grid_case,
        lambda: regression(20_000, 100),
        1e4,
    ),
    "L1 logistic, 20 alphas × 5 folds, 20,000 × 100": (
        functools.partial(logistic_grid_case, l1_ratio=1.0),
        lambda: regression(20_000, 100),
        1e2,
    ),
}


def main():
    options = parse_arguments()
    print(f"load average {os.getloadavg()[0]:.1f}; skglm: {skglm and skglm.__version__}")
    warnings.simplefilter("ignore")
    for name, (case, make, share) in CASES.items():
        if all(word in name for word in options.only):
            run(name, case, *make(), share, options.rounds)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=[], help="words that a case must have")
    return parser.parse_args()


def run(name, case, X, y, share, rounds):
    """Let contestants take turns; the first fit of each is not counted."""
    *contestants, objective = case(X, y, share)
    is_binary = any(word in name for word in ("logistic", "hinge"))
    targets = labels(y) if is_binary else counts(y) if "Poisson" in name else y
    times = {label: [] for label, _ in contestants}
    for turn in range(rounds + 1):
        for label, model in contestants:
            start = time.perf_counter()
            model.fit(X, targets)
            if turn:
                times[label].append(time.perf_counter() - start)
    reached = {label: value_of(model, objective) for label, model in contestants}
    lowest = min(reached.values())
    print(f"\n{name}")
    for label, taken in times.items():
        ratio = statistics.median(a / b for a, b in zip(times["ours"], taken, strict=True))
        print(
            f"  {label:22} {1e3 * statistics.median(taken):9.1f} ms   ours/it {ratio:6.2f}   "
            f"above the lowest {(reached[label] - lowest) / abs(lowest):.0e}"
        )


def value_of(model, objective):
    """Return the objective, or minus the best mean score of a search."""
    if objective is not None:
        return objective(np.ravel(model.coef_), np.ravel(model.intercept_)[0])
    if hasattr(model, "best_score_"):
        return -model.best_score_
    if hasattr(model, "mse_path_"):
        return model.mse_path_.mean(axis=-1).min()
    return -model.scores_.mean(axis=0).max()


if __name__ == "__main__":
    main()
