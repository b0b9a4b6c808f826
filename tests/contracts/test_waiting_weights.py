"""Steps in proportion to the values that are not zero are the steps of the definition.

Weights without a gradient wait: what the penalty does to them is made up for later.
"""

import numpy as np
import pytest
import scipy.sparse

from skopt_suite import LinearClassifier, LinearRegressor
from skopt_suite.backends.kernels._numba import _compose
from skopt_suite.optimizers import SGD, Adagrad
from skopt_suite.penalties import L1, L2, ElasticNet, WeightedL1
from skopt_suite.testing._pairwise import pairwise
from skopt_suite.training._compiled import CompiledSteps

N_SAMPLES, N_FEATURES = 203, 40


def made():
    rng = np.random.default_rng(0)
    X = scipy.sparse.random_array((N_SAMPLES, N_FEATURES), density=0.1, rng=rng, format="csr")
    X.data = rng.normal(size=X.data.size)
    truth = rng.normal(size=(N_FEATURES, 3)) * (rng.random((N_FEATURES, 3)) < 0.3)
    return X, X @ truth + 0.1 * rng.normal(size=(N_SAMPLES, 3))


X, RAW = made()
TARGETS = {
    "numbers": (LinearRegressor, RAW[:, 0]),
    "many numbers": (LinearRegressor, RAW),
    "two classes": (LinearClassifier, (RAW[:, 0] > 0).astype(int)),
    "three classes": (LinearClassifier, RAW.argmax(axis=1)),
}
FACTORS = {
    "optimizer": [SGD(0.2, bias_factor=0.3), Adagrad(0.2)],
    "penalty": [
        L1(0.01),
        L1(0.1),
        L1(0.01, positive=True),
        L2(0.01, positive=True),
        ElasticNet(0.02),
        ElasticNet(0.5),  # shrinks what is stored until it is stored anew
        L2(0.5),
        "none",
        WeightedL1(0.05, feature_weights=np.linspace(0, 2, N_FEATURES).tolist()),
    ],
    "target": list(TARGETS),
    "batch_size": [1, 7, 32],
    "schedule": ["polynomial", "constant", "inverse_time"],  # the first ends at a step of 0
    "fit_intercept": [True, False],
    "steps_at_once": [1, 13, 10_000],
    "dtype": ["float32", "float64"],
}


def can_wait(optimizer, penalty):
    """Of what is L2 no more than SGD takes implicitly waits."""
    return not (isinstance(optimizer, Adagrad) and isinstance(penalty, (L2, ElasticNet)))


COMBINATIONS = pairwise(FACTORS, can_wait)


def fitted(rows, target, dtype, **options):
    """A model after five epochs, and five more of partial_fit."""
    estimator, y = TARGETS[target]
    model = estimator(max_iter=4, tol=0, n_iter_no_change=100, **options)
    weight = np.random.default_rng(1).uniform(0.2, 2, N_SAMPLES)
    model.set_params(random_state=0).fit(rows.astype(dtype), y, sample_weight=weight)
    return model.partial_fit(rows.astype(dtype), y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("combination", COMBINATIONS, ids=lambda c: "-".join(map(str, c.values())))
def test_weights_that_waited_are_those_of_the_definition(combination, monkeypatch):
    options = dict(combination)
    steps_at_once, runs = options.pop("steps_at_once"), []
    name = "run_linear" if isinstance(options["optimizer"], SGD) else "run_adagrad"
    run = getattr(_compose, name)
    monkeypatch.setattr(CompiledSteps, "_n_at_once", lambda self: steps_at_once)
    monkeypatch.setattr(_compose, "_DEAR", 0)
    monkeypatch.setattr(_compose, "_OFTEN", np.inf)
    monkeypatch.setattr(_compose, name, lambda *given: runs.append(run(*given)))
    ours = fitted(X, **options)
    monkeypatch.setenv("SKOPT_SUITE_FUSED_KERNELS", "0")
    theirs = fitted(X.toarray(), **options)
    assert runs
    rtol = 1e-3 if options["dtype"] == "float32" else 1e-9
    for name in ("coef_", "intercept_", "loss_curve_"):
        one, other = getattr(ours, name), getattr(theirs, name)
        np.testing.assert_allclose(one, other, rtol=rtol, atol=rtol / 10)
    if options["dtype"] == "float64":
        np.testing.assert_array_equal(ours.coef_ == 0, theirs.coef_ == 0)


@pytest.mark.parametrize(
    ("optimizer", "penalty"), [(SGD(0.1), L1(0.01)), (SGD(0.1), L2(0.01)), (Adagrad(0.1), L1(0.01))]
)
def test_what_is_not_finite_stays_so(optimizer, penalty, monkeypatch):
    """A weight whose value is NaN is not 0 because a penalty would have made it so."""
    model = LinearRegressor(optimizer=optimizer, penalty=penalty, batch_size=1, max_iter=1)
    model.fit(X, RAW[:, 0])
    model.coef_[3] = np.nan
    monkeypatch.setattr(_compose, "_DEAR", 0)
    with pytest.raises(ValueError, match="diverged"):
        model.partial_fit(X, RAW[:, 0])
