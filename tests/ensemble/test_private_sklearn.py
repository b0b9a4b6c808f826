"""What ensembles use of scikit-learn that has no public name is what it was.

If a test fails here after an update of scikit-learn, compare `FusedBagging` with what
``BaseBagging._fit`` does now.
"""

import inspect

import pytest
from sklearn.ensemble import BaggingClassifier, BaggingRegressor

from skopt_suite.ensemble import _private_sklearn

METHODS = {
    "_fit": (
        "(self, X, y, max_samples=None, max_depth=None, check_input=True, sample_weight=None, "
        "**fit_params)"
    ),
    "_get_estimator": "(self)",
    "_make_estimator": "(self, append=True, random_state=None)",
    "_parallel_args": "(self)",
    "_set_oob_score": "(self, X, y)",
}


@pytest.mark.parametrize("cls", [BaggingClassifier, BaggingRegressor])
@pytest.mark.parametrize("name, signature", METHODS.items())
def test_methods_that_are_overridden(cls, name, signature):
    assert str(inspect.signature(getattr(cls, name))) == signature


def test_functions():
    assert _private_sklearn.__all__ == ["consumes_sample_weight"]
    assert str(inspect.signature(_private_sklearn.consumes_sample_weight)) == "(estimator)"
