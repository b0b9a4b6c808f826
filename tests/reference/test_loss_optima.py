"""Every convex loss with every convex penalty: the optimum is the one that SciPy finds."""

from itertools import product

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import xlogy
from sklearn.linear_model import (
    GammaRegressor,
    PoissonRegressor,
    QuantileRegressor,
    TweedieRegressor,
)
from sklearn.metrics import mean_poisson_deviance

from skopt_suite import LinearClassifier, LinearRegressor
from skopt_suite.losses import (
    EpsilonInsensitive,
    LogLoss,
    Quantile,
    SquaredEpsilonInsensitive,
    Tweedie,
)
from skopt_suite.penalties import L1, L2, ElasticNet

RNG = np.random.default_rng(0)
N, P = 40, 4
X = RNG.normal(size=(N, P))
CURVE = X @ [0.6, -0.4, 0.3, 0.0] + RNG.normal(scale=0.4, size=N)
COUNTS = RNG.poisson(np.exp(CURVE)).astype(float)
CLASSES = (CURVE > 0.1).astype(float)
PENALTIES = {
    "none": ("none", 0.0, 0.0),
    "l2": (L2(0.1), 0.0, 0.1),
    "l1": (L1(0.02), 0.02, 0.0),
    "elastic net": (ElasticNet(0.05, 0.4), 0.02, 0.03),
}


def half_tweedie(y, raw, p):
    mean = np.exp(raw)
    perfect = np.maximum(y, 0) ** (2 - p) / ((1 - p) * (2 - p))
    return perfect - y * mean ** (1 - p) / (1 - p) + mean ** (2 - p) / (2 - p)


# ours, the formula as it is printed, targets
SMOOTH = {
    "log_cosh": ("log_cosh", lambda y, f: np.log(np.cosh(f - y)), CURVE),
    "squared_epsilon": (
        SquaredEpsilonInsensitive(0.3),
        lambda y, f: np.maximum(0, np.abs(f - y) - 0.3) ** 2,
        CURVE,
    ),
    "poisson": ("poisson", lambda y, f: np.exp(f) - y * f + xlogy(y, y) - y, COUNTS),
    "gamma": ("gamma", lambda y, f: y / np.exp(f) - np.log(y / np.exp(f)) - 1, np.exp(CURVE)),
    "tweedie 1.5": ("tweedie", lambda y, f: half_tweedie(y, f, 1.5), COUNTS),
    "tweedie 1": (Tweedie(1.0), lambda y, f: np.exp(f) - y * f + xlogy(y, y) - y, COUNTS),
    "modified_huber": (
        "modified_huber",
        lambda y, f: np.where(
            (2 * y - 1) * f >= -1, np.maximum(0, 1 - (2 * y - 1) * f) ** 2, -4 * (2 * y - 1) * f
        ),
        CLASSES,
    ),
    "smoothed labels": (
        LogLoss(0.2),
        lambda y, f: (
            np.logaddexp(0, f) - (0.8 * y + 0.1) * f + 0.9 * np.log(0.9) + 0.1 * np.log(0.1)
        ),
        CLASSES,
    ),
}
KINKED = {
    **{f"quantile {level}": (Quantile(level), (-level, 1 - level), 0.0) for level in (0.3, 0.5)},
    "epsilon_insensitive": (EpsilonInsensitive(0.3), (-1.0, 1.0), 0.3),
}


def fitted(loss, penalty, y, tol):
    family = LinearClassifier if y is CLASSES else LinearRegressor
    return family(loss=loss, penalty=penalty, tol=tol, max_iter=20_000).fit(X, y)


def split(theta):
    """Weights as differences of numbers >= 0, so that L1 is linear, and the intercept."""
    positive, negative = theta[:P], theta[P : 2 * P]
    return positive, negative, positive - negative, theta[2 * P]


def penalty_of(theta, l1, l2):
    positive, negative, w, _ = split(theta)
    return l1 * (positive + negative).sum() + l2 / 2 * w @ w


BOUNDS = [(0, None)] * 2 * P + [(None, None)]


@pytest.mark.parametrize("name, penalty", [*product(SMOOTH, PENALTIES)])
def test_smooth_losses(name, penalty):
    (loss, formula, y), (penalty, l1, l2) = SMOOTH[name], PENALTIES[penalty]

    def objective(theta):
        _, _, w, intercept = split(theta)
        return formula(y, X @ w + intercept).mean() + penalty_of(theta, l1, l2)

    start = np.full(2 * P + 1, 0.1)
    options = {"ftol": 1e-14, "gtol": 1e-9, "maxfun": 10**5, "maxiter": 10**4}
    found = minimize(objective, start, bounds=BOUNDS, method="L-BFGS-B", options=options)
    ours = fitted(loss, penalty, y, 1e-9)
    at_ours = np.r_[np.clip(ours.coef_.ravel(), 0, None), np.clip(-ours.coef_.ravel(), 0, None)]
    value = objective(np.r_[at_ours, np.ravel(ours.intercept_)])
    assert ours.loss_ == pytest.approx(value, rel=1e-9)
    assert value == pytest.approx(found.fun, rel=1e-6)


@pytest.mark.parametrize("name, penalty", [*product(KINKED, PENALTIES)])
def test_losses_with_kinks(name, penalty):
    """A slack per row is at least both lines of its loss."""
    (loss, slopes, epsilon), (penalty, l1, l2) = KINKED[name], PENALTIES[penalty]
    x, y, n, n_weights = X[:24], CURVE[:24], 24, 2 * P + 1
    design = np.c_[x, -x, np.ones(n)]
    rows = np.vstack([np.c_[-slope * design, np.eye(n)] for slope in slopes])
    offsets = np.concatenate([slope * y + epsilon for slope in slopes])

    def objective(z):
        return z[n_weights:].mean() + penalty_of(z[:n_weights], l1, l2)

    def gradient(z):
        w = split(z)[2]
        l2_part = np.r_[l2 * w, -l2 * w, 0]
        return np.r_[np.r_[np.full(2 * P, l1), 0] + l2_part, np.full(n, 1 / n)]

    found = minimize(
        objective,
        np.r_[np.zeros(n_weights), np.full(n, 5.0)],
        jac=gradient,
        bounds=[*BOUNDS, *[(0, None)] * n],
        constraints={"type": "ineq", "fun": lambda z: rows @ z + offsets, "jac": lambda z: rows},
        method="SLSQP",
        options={"ftol": 1e-12, "maxiter": 500},
    )
    ours = LinearRegressor(loss=loss, penalty=penalty, optimizer="fista", tol=1e-4)
    ours.set_params(max_iter=5000).fit(x, y)
    assert ours.loss_ == pytest.approx(found.fun, rel=2e-4)


THEIRS = {
    "poisson": (1, lambda alpha: PoissonRegressor(alpha=alpha)),
    "gamma": (2, lambda alpha: GammaRegressor(alpha=alpha)),
    **{
        Tweedie(power): (power, lambda alpha, p=power: TweedieRegressor(power=p, alpha=alpha))
        for power in (1.5, 1.9, 3.0)
    },
    Tweedie(0.0): (0, lambda alpha: TweedieRegressor(power=0, link="log", alpha=alpha)),
}


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("loss, theirs", THEIRS.items(), ids=map(str, THEIRS))
def test_generalised_linear_models_in_all_units(loss, theirs, scale):
    """The deviance has a unit, and so has alpha; scikit-learn's solvers take y as it is."""
    power, theirs = theirs
    y, alpha = np.exp(CURVE) if power >= 2 else COUNTS + 0.1, 0.1
    solver = "newton-cholesky" if 0 < power <= 2 else "lbfgs"  # for not convex ones
    theirs = theirs(alpha).set_params(solver=solver, tol=1e-9, max_iter=1000).fit(X, y)
    ours = LinearRegressor(loss=loss, penalty=L2(alpha * scale ** (2 - power)), tol=1e-9)
    ours.fit(X, scale * y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(ours.predict(X), scale * theirs.predict(X), rtol=1e-5)


@pytest.mark.parametrize("loss", ["poisson", "gamma", Tweedie(3.0)], ids=str)
def test_single_precision_knows_no_units_either(loss):
    settings = {"penalty": "none", "dtype": "float32"}
    one, other = (
        LinearRegressor(loss=loss, **settings).fit(X, unit * np.exp(CURVE)) for unit in (1.0, 1e6)
    )
    assert one.stop_reason_ == other.stop_reason_ == "converged"
    np.testing.assert_allclose(other.coef_, one.coef_, atol=1e-2)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
@pytest.mark.parametrize(
    "loss",
    [
        lambda scale: Quantile(0.3),
        lambda scale: Quantile([0.3, 0.6]),
        lambda scale: EpsilonInsensitive(0.3 * scale),
        lambda scale: SquaredEpsilonInsensitive(0.3 * scale),
    ],
    ids=["quantile", "quantiles", "epsilon", "squared epsilon"],
)
def test_losses_of_residuals_in_all_units(loss, scale):
    one, other = (
        LinearRegressor(loss=loss(unit), penalty="none").fit(X, unit * CURVE)
        for unit in (1.0, scale)
    )
    assert other.stop_reason_ == one.stop_reason_
    np.testing.assert_allclose(other.coef_ / scale, one.coef_, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_networks_and_minibatches_begin_where_counts_are(scale):
    ours = LinearRegressor(loss="poisson", penalty="none", optimizer="adam", random_state=0)
    ours.fit(X, scale * COUNTS)
    theirs = PoissonRegressor(alpha=0).fit(X, COUNTS)
    least = mean_poisson_deviance(COUNTS, theirs.predict(X)) / 2
    assert ours.loss_ / scale == pytest.approx(least, rel=0.02)


@pytest.mark.parametrize("alpha", [0.0, 0.01])
def test_many_quantiles_are_those_of_single_fits(alpha):
    levels = [0.3, 0.5, 0.6]
    penalty = L1(alpha) if alpha else "none"
    both = np.c_[CURVE, -0.5 * CURVE]
    ours = LinearRegressor(loss=Quantile(levels), penalty=penalty, optimizer="fista")
    ours.set_params(tol=1e-3, max_iter=5000).fit(X, both)
    assert ours.predict(X).shape == (N, 2, 3)
    assert (np.diff(ours.predict(X), axis=-1) >= 0).all()
    best = 0.0
    for y, level in product(both.T, levels):
        theirs = QuantileRegressor(quantile=level, alpha=alpha).fit(X, y)
        residual = y - theirs.predict(X)
        loss = np.maximum(level * residual, (level - 1) * residual).mean()
        best += loss + alpha * np.abs(theirs.coef_).sum()
    assert ours.loss_ == pytest.approx(best, rel=2e-4)


@pytest.mark.parametrize("penalty", [L2(1e-3), L1(1e-2)], ids=str)
def test_a_first_step_into_an_exponential_is_not_taken_for_the_end(penalty):
    """At a mean of 50 the slope by raw predictions is so, and they are logarithms."""
    y, settings = 50 * COUNTS, {"loss": "poisson", "penalty": penalty, "tol": 1e-9}
    model = LinearRegressor(optimizer="fista", **settings).fit(X, y)
    best = LinearRegressor(optimizer="coordinate_descent", **settings).fit(X, y)
    assert model.stop_reason_ == "converged"
    assert model.loss_ == pytest.approx(best.loss_, rel=1e-7)
