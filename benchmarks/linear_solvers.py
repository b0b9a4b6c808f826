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
from sklearn.datasets import load_diabetes
from sklearn.linear_model import (
    ElasticNet,
    Lasso,
    LassoCV,
    LogisticRegression,
    LogisticRegressionCV,
)
from sklearn.model_selection import GridSearchCV, KFold

from skopt_suite import LinearClassifier, LinearRegressor
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.penalties import L1, MCP, GroupLasso
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
    y = (y > np.median(y)).astype(int)
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
    y = y if loss is squared_error else (y > np.median(y)).astype(int)
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
    targets = (y > np.median(y)).astype(int) if "logistic" in name else y
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
