"""What estimators have in common is said in the same words."""

import pytest
from numpydoc.docscrape import NumpyDocString

# Private, but what scikit-learn holds its own docstrings with; nothing else is taken from there.
from sklearn.utils._testing import assert_docstring_consistency

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.ensemble import FusedBaggingClassifier, FusedBaggingRegressor

LINEAR = [LinearClassifier, LinearRegressor]
MLP = [MLPClassifier, MLPRegressor]
CLASSIFIERS, REGRESSORS = zip(LINEAR, MLP, strict=True)
CHOSEN_BY_KIND = ["optimizer", "schedule", "batch_size", "early_stopping"]
"""Their "auto" is something else in linear models than in networks."""


def shared(section, estimators, *, but=()):
    """Return the names of parameters or attributes that all estimators document."""
    texts = [NumpyDocString(estimator.__doc__)[section] for estimator in estimators]
    return sorted(set.intersection(*({item.name for item in text} for text in texts)) - {*but})


@pytest.mark.parametrize("estimators", [LINEAR, MLP], ids=["linear", "mlp"])
def test_classifier_and_regressor(estimators):
    of_other_shapes = ["coef_", "intercept_"]
    assert_docstring_consistency(
        estimators,
        include_params=shared("Parameters", estimators, but=["loss"]),
        include_attrs=shared("Attributes", estimators, but=of_other_shapes),
    )


@pytest.mark.parametrize("estimators", [CLASSIFIERS, REGRESSORS], ids=["classifiers", "regressors"])
def test_linear_model_and_network(estimators):
    others = [*CHOSEN_BY_KIND, "dtype", "random_state"]
    assert_docstring_consistency(
        estimators,
        include_params=shared("Parameters", estimators, but=others),
        include_attrs=shared(
            "Attributes", estimators, but=["classes_"]
        ),  # networks have labels too
        ignore_types=("max_iter",),
    )


def test_most_is_shared():
    assert len(shared("Parameters", LINEAR + MLP)) >= 16
    assert len(shared("Attributes", LINEAR + MLP)) >= 9


def test_ensembles():
    ensembles = [FusedBaggingClassifier, FusedBaggingRegressor]
    assert_docstring_consistency(
        ensembles,
        include_params=shared("Parameters", ensembles, but=["estimator"]),
        include_attrs=shared("Attributes", ensembles, but=["estimators_", "oob_score_"]),
    )
