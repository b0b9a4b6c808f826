"""scikit-learn's own checks, all of them, on estimators that compute on the GPU."""

import pytest
from sklearn.utils.estimator_checks import check_estimator

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.optimizers import Adam

pytestmark = pytest.mark.gpu

# Training is not random: the batch is all rows, nothing is dropped, and precision is double.
NETWORK = {
    "hidden_layer_sizes": (16,),
    "optimizer": Adam(0.02),
    "max_iter": 30,
    "dropout": 0.0,
    "dtype": "float64",
}
N_CHECKS = [
    (LinearClassifier(), 64),
    (LinearRegressor(), 61),
    (MLPClassifier(**NETWORK), 69),
    (MLPRegressor(**NETWORK), 61),
]
IDS = [type(estimator).__name__ for estimator, _ in N_CHECKS]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("estimator, n_checks", N_CHECKS, ids=IDS)
def test_all_checks_pass(estimator, n_checks):
    results = check_estimator(estimator.set_params(backend="cupy"), on_fail=None, on_skip=None)
    failed = {r["check_name"]: r["exception"] for r in results if r["status"] == "failed"}
    assert not failed
    skipped = [result["check_name"] for result in results if result["status"] == "skipped"]
    assert skipped == ["check_array_api_input"]
    assert len(results) == n_checks
