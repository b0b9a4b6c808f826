"""Parameters and components under names of other libraries: errors say what to write here."""

import inspect
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import ExtraTreeRegressor

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.ensemble import FusedBaggingClassifier
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.optimizers import Adam
from skopt_suite.penalties import L2, NoPenalty
from skopt_suite.schedules import Constant, Warmup
from skopt_suite.tabular import TabularMLPClassifier

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 3))
y = (X[:, 0] > 0).astype(int)
ALL = [LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor]


def _text_of(kind, call, *args, **kwargs):
    with pytest.raises(kind) as caught:
        call(*args, **kwargs)
    return str(caught.value)


@pytest.mark.parametrize("names", ["a.npy", ["a.npy", "b.npy"], [Path("a.npy")]])
def test_names_of_files_are_no_rows(names):
    for call in (
        lambda model: model.fit(names, [0, 1]),
        lambda model: model.fit(X, y).predict(names),
    ):
        assert "LinearClassifier: X must be rows of numbers, not names of files; got " in _text_of(
            TypeError, call, LinearClassifier()
        )


@pytest.mark.parametrize(
    "name, use",
    [
        ("alpha", "penalty=L2(alpha=...), or penalty__alpha where parameters are set"),
        ("C", "penalty=L2(alpha=1 / (C * n_samples))"),
        ("l1_ratio", "penalty=ElasticNet(l1_ratio=...)"),
        ("solver", "optimizer"),
        ("lr", "optimizer=Adam(learning_rate=...), or optimizer__learning_rate"),
        ("learning_rate_init", "optimizer=Adam(learning_rate=...), or optimizer__learning_rate"),
        ("eta0", "optimizer=Adam(learning_rate=...), or optimizer__learning_rate"),
        ("learning_rate", "optimizer=Adam(learning_rate=...) for a number, or schedule=..."),
        ("beta_1", "optimizer=Adam(beta1=...)"),
        ("nesterovs_momentum", "optimizer='nesterov'"),
        ("epochs", "max_iter"),
        ("n_iter", "max_iter"),
        ("max_epochs", "max_iter"),
        ("validation_split", "validation_fraction"),
        ("validation_data", "X_val and y_val of fit"),
        ("patience", "n_iter_no_change"),
        ("criterion", "loss"),
        ("seed", "random_state"),
    ],
)
@pytest.mark.parametrize("estimator", ALL)
def test_parameters_of_others(estimator, name, use):
    expected = f"{estimator.__name__} has no parameter {name!r}. In place of {name!r}, write {use}"
    assert _text_of(TypeError, estimator, **{name: 1}).startswith(expected)
    text = _text_of(ValueError, estimator().set_params, **{name: 1})
    assert text.startswith(f"Invalid parameter {name!r} for estimator {estimator.__name__}()")
    assert f"In place of {name!r}, write {use}" in text


@pytest.mark.parametrize(
    "call, name, hint",
    [
        (MLPClassifier, "hidden_units", "write hidden_layer_sizes."),
        (MLPRegressor, "units", "write hidden_layer_sizes."),
        (MLPRegressor, "epsilon", "write optimizer=Adam(epsilon=...)."),
        (MLPRegressor, "batch_norm", "write normalization='batch'."),
        (MLPRegressor, "class_weight", "write sample_weight of fit."),
        (MLPClassifier, "fit_intercept", "All layers have intercepts."),
        (LinearClassifier, "hidden_units", "Hidden layers are those of MLPClassifier and"),
        (LinearClassifier, "activation", "Hidden layers are those of MLPClassifier and"),
        (LinearRegressor, "epsilon", "write loss=Huber(delta=...) or loss=EpsilonInsensitive("),
        (LinearClassifier, "dual", "it is not needed."),
        (LinearClassifier, "n_jobs", "Parallel are searches and ensembles"),
        (LinearClassifier, "max_itr", "Did you mean 'max_iter'?"),
        (TabularMLPClassifier, "n_estimator", "Did you mean 'n_estimators'?"),
        (LinearClassifier, "colour", "Valid parameters are: backend, batch_size, class_weight,"),
        (Adam, "lr", "Adam has no parameter 'lr'. In place of 'lr', write learning_rate."),
        (Adam, "beta_1", "Did you mean 'beta1'?"),
        (Adam, "eps", "write epsilon."),
        (L2, "learning_rate", "Valid parameters are: alpha, positive."),
    ],
)
def test_unknown_parameters(call, name, hint):
    assert hint in _text_of(TypeError, call, **{name: 1})


def test_all_unknown_parameters_are_named():
    text = _text_of(TypeError, LinearClassifier, solver="saga", C=1.0, max_iter=3)
    assert text == (
        "LinearClassifier has no parameter 'solver' and 'C'. In place of 'solver', write "
        "optimizer. In place of 'C', write penalty=L2(alpha=1 / (C * n_samples))."
    )


def test_unknown_nested_parameters():
    clf = make_pipeline(StandardScaler(), MLPClassifier(optimizer="adam", penalty="none"))
    text = _text_of(ValueError, clf.set_params, mlpclassifier__optimizer__lr=0.1)
    assert text == (
        "Invalid parameter 'lr' for estimator Adam(). In place of 'lr', write learning_rate."
    )
    text = _text_of(ValueError, clf.set_params, mlpclassifier__penalty__alpha=0.1)
    assert text.endswith("Valid parameters are: none.")
    text = _text_of(ValueError, clf.set_params, mlpclassifier__tol__abs=0.1)
    assert "Invalid parameter 'tol__abs'" in text
    assert text.endswith("tol=0.0001 has none.")


def test_other_errors_of_constructors_stay():
    assert "takes 1 positional argument" in _text_of(TypeError, LinearClassifier, "hinge")
    assert "multiple values for argument 'learning_rate'" in _text_of(
        TypeError, Adam, 0.1, learning_rate=0.1
    )


class Strict(Adam):
    """A component of a user whose constructor calls that of its base."""

    def __init__(self, learning_rate: float = 0.1) -> None:
        super().__init__(learning_rate)


def test_signatures_and_subclasses_are_as_written():
    assert list(inspect.signature(Adam).parameters) == [
        *("learning_rate", "beta1", "beta2", "epsilon"),
    ]
    assert list(inspect.signature(Strict).parameters) == ["learning_rate"]
    assert "Strict has no parameter 'beta1'" in _text_of(TypeError, Strict, beta1=0.1)
    assert pickle.loads(pickle.dumps(Strict(0.2))).learning_rate == 0.2


@pytest.mark.parametrize(
    "estimator, parameter, word, name",
    [
        (LinearRegressor, "loss", "mse", "squared_error"),
        (LinearRegressor, "loss", "mae", "absolute_error"),
        (LinearClassifier, "loss", "log", "log_loss"),
        (LinearClassifier, "loss", "cross_entropy", "log_loss"),
        (LinearClassifier, "loss", "binary_crossentropy", "log_loss"),
        (LinearClassifier, "loss", "sparse_categorical_crossentropy", "log_loss"),
        (LinearClassifier, "penalty", "elasticnet", "elastic_net"),
        (LinearClassifier, "penalty", "ridge", "l2"),
        (LinearClassifier, "penalty", "lasso", "l1"),
        (LinearClassifier, "penalty", "ElasticNet", "elastic_net"),
        (LinearClassifier, "optimizer", "Adam", "adam"),
        (LinearClassifier, "optimizer", "sag", "saga"),
        (LinearClassifier, "optimizer", "newton-cg", "newton_cg"),
        (LinearClassifier, "optimizer", "svd", "closed_form"),
        (LinearClassifier, "schedule", "CosineAnnealingLR", "cosine"),
        (MLPClassifier, "activation", "Swish", "silu"),
        (MLPClassifier, "activation", None, "identity"),
    ],
)
def test_words_for_components(estimator, parameter, word, name):
    text = _text_of(ValueError, estimator(**{parameter: word}).fit, X, y)
    assert f"unknown {parameter} {word!r}" in text
    assert text.endswith(f"Did you mean {name!r}?")


@pytest.mark.parametrize(
    "parameters, hint",
    [
        ({"optimizer": Adam}, "Did you mean Adam()?"),
        ({"penalty": L2}, "Did you mean L2()?"),
        ({"schedule": Warmup(Constant)}, "Did you mean Constant()?"),
    ],
)
def test_classes_in_place_of_objects(parameters, hint):
    assert _text_of(TypeError, LinearClassifier(**parameters).fit, X, y).endswith(hint)


def test_none_is_no_penalty_and_no_schedule():
    clf = LinearClassifier(penalty=None, schedule=None, max_iter=5, optimizer="sgd", tol=None)
    by_name = clone(clf).set_params(penalty="none", schedule="constant")
    clf.fit(X, y), by_name.fit(X, y)
    assert isinstance(clf.penalty_, NoPenalty)
    assert isinstance(clf.schedule_, Constant)
    assert clf.penalty is None
    assert clone(clf).schedule is None
    text = _text_of(ValueError, clf.set_params, penalty__alpha=0.1)
    assert text.startswith("Invalid parameter 'alpha' for estimator NoPenalty()")


def test_none_in_grids():
    grid = {"penalty": [None, "l1"], "schedule": [None, "cosine"]}
    clf = LinearClassifier(optimizer="sgd", max_iter=3, tol=None, random_state=0)
    fused = FusedGridSearchCV(clf, grid, cv=2).fit(X, y)
    plain = GridSearchCV(clf, grid, cv=2).fit(X, y)
    assert list(fused.cv_results_["param_penalty"]) == [None, None, "l1", "l1"]
    np.testing.assert_allclose(
        fused.cv_results_["mean_test_score"], plain.cv_results_["mean_test_score"]
    )


def test_parameters_make_the_same_estimator_again():
    mlp = MLPClassifier(optimizer="adam", schedule="warmup", loss="hinge")
    assert MLPClassifier(**mlp.get_params()).get_params() == mlp.get_params()


def test_missing_methods_say_why():
    clf = LinearClassifier(loss="hinge", optimizer="lbfgs")
    assert _text_of(AttributeError, getattr, clf, "predict_proba") == (
        "This 'LinearClassifier' has no attribute 'predict_proba': loss 'hinge' gives no "
        "probabilities; take loss='log_loss', or wrap the estimator in "
        "sklearn.calibration.CalibratedClassifierCV."
    )
    assert not hasattr(clf, "predict_proba")
    assert hasattr(LinearClassifier, "predict_proba")
    with pytest.raises(AttributeError, match="loss 'hinge' gives no probabilities"):
        LinearClassifier.predict_proba(clf, X)
    reason = re.escape("partial_fit needs an optimizer that goes on")
    with pytest.raises(AttributeError, match=f"has no attribute 'partial_fit': {reason}"):
        LinearRegressor(optimizer="lbfgs").partial_fit(X, y)
    trees = FusedBaggingClassifier(ExtraTreeRegressor())
    assert "'ExtraTreeRegressor' object has no attribute 'decision_function'" in _text_of(
        AttributeError, getattr, trees, "decision_function"
    )
