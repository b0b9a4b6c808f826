"""What searches are compared on."""

import numpy as np
import pytest
from sklearn.datasets import load_digits, make_classification, make_regression
from sklearn.model_selection import GridSearchCV

from skopt_suite.model_selection import FusedGridSearchCV

CLASSES = make_classification(
    150, 6, n_informative=4, n_redundant=0, n_classes=3, flip_y=0.1, random_state=0
)
NUMBERS = make_regression(150, 6, n_informative=4, noise=20.0, random_state=0)
NUMBERS = NUMBERS[0], NUMBERS[1] / NUMBERS[1].std()
WEIGHTS = np.random.default_rng(0).integers(1, 4, 150).astype(float)
GROUPS = np.arange(150) % 7


def digits():
    X, y = load_digits(return_X_y=True)
    return X[:400] / 16, y[:400]


def both(estimator, grid, data=CLASSES, fit_params=None, **settings):
    """Return our search and scikit-learn's, fitted in the same way."""
    settings = {"cv": 3, **settings}
    fused = FusedGridSearchCV(estimator, grid, **settings).fit(*data, **(fit_params or {}))
    plain = GridSearchCV(estimator, grid, **settings).fit(*data, **(fit_params or {}))
    return fused, plain


def assert_same_results(fused, plain, tolerance=1e-9):
    """Everything in ``cv_results_`` but the times is the same."""
    ours, theirs = fused.cv_results_, plain.cv_results_
    assert list(ours) == list(theirs)
    assert ours["params"] == theirs["params"]
    for key in ours:
        if key == "params" or key.endswith("_time"):
            continue
        assert ours[key].dtype == theirs[key].dtype, key
        if key.startswith("param_"):
            assert list(map(str, ours[key])) == list(map(str, theirs[key]))
        else:
            np.testing.assert_allclose(ours[key], theirs[key], atol=tolerance, err_msg=key)
    for name in ("best_index_", "best_score_", "best_params_", "n_splits_", "multimetric_"):
        assert hasattr(fused, name) == hasattr(plain, name)
        same = getattr(plain, name, None)
        assert getattr(fused, name, None) == (
            pytest.approx(same) if name == "best_score_" else same
        )
