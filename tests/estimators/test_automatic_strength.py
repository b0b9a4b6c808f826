"""``alpha="auto"`` of penalties is chosen where the rows to train on are known."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import scale

from skopt_suite import LinearClassifier, LinearRegressor, MLPRegressor
from skopt_suite.domains import Real, Vector
from skopt_suite.ensemble import FusedBaggingRegressor
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.penalties import L1, L2, Penalty, Sum

X, y = load_diabetes(return_X_y=True)
X, y = scale(X)[:120], scale(y)[:120]
WEIGHT = np.random.default_rng(0).integers(1, 4, len(y))


def classes(load):
    rows, target = load(return_X_y=True)
    return scale(rows), target


@pytest.mark.parametrize("load", [load_breast_cancer, load_iris])
@pytest.mark.parametrize("n_rows", [20, 150])
@pytest.mark.parametrize("class_weight", [None, {0: 2.0, 1: 0.5}, "balanced"], ids=str)
def test_classifiers_are_logistic_regression(load, n_rows, class_weight):
    rows, target = classes(load)
    index = np.random.default_rng(0).permutation(len(rows))[:n_rows]
    rows, target = rows[index], target[index]
    weight = np.linspace(0.5, 2, n_rows)
    theirs = LogisticRegression(tol=1e-8, max_iter=2000, class_weight=class_weight)
    ours = LinearClassifier(tol=1e-10, class_weight=class_weight)
    theirs.fit(rows, target, sample_weight=weight)
    ours.fit(rows, target, sample_weight=weight)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-4)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-4)


@pytest.mark.parametrize("n_rows", [8, 100], ids=["fewer rows than columns", "more"])
@pytest.mark.parametrize("optimizer", ["auto", "closed_form"])
def test_regressors_are_ridge(n_rows, optimizer):
    target = np.column_stack([y, 1e3 * X[:, 0] - y])[:n_rows]
    theirs = Ridge().fit(X[:n_rows], target, sample_weight=WEIGHT[:n_rows])
    ours = LinearRegressor(optimizer=optimizer, tol=1e-12)
    ours.fit(X[:n_rows], target, sample_weight=WEIGHT[:n_rows])
    np.testing.assert_allclose(ours.coef_[0], theirs.coef_[0], atol=1e-4)
    np.testing.assert_allclose(ours.coef_[1], theirs.coef_[1], atol=0.1)


def test_defaults_end_where_scikit_learn_does():
    rows, target = classes(load_breast_cancer)
    theirs, ours = LogisticRegression().fit(rows, target), LinearClassifier().fit(rows, target)
    probabilities = ours.predict_proba(rows)
    np.testing.assert_allclose(probabilities, theirs.predict_proba(rows), atol=0.01)
    ours, theirs = LinearRegressor().fit(X, y), Ridge().fit(X, y)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), atol=0.02)


def test_penalty_shows_the_number():
    model = LinearRegressor().fit(X, y)
    assert model.penalty == "l2"
    assert model.penalty_.alpha == 1 / len(y)
    assert model.fit(X, y, sample_weight=WEIGHT).penalty_.alpha == 1 / WEIGHT.sum()
    assert LinearRegressor(penalty=Sum(L2(), L1(0.1))).fit(X, y).penalty_.smooth.alpha == 1 / len(y)


def test_constructor_parameters_stay():
    model = LinearRegressor(penalty=L2()).fit(X, y)
    assert model.penalty.alpha == "auto"


def test_rows_that_are_held_out_do_not_count():
    model = LinearRegressor(early_stopping=True, validation_fraction=0.25, random_state=0)
    assert model.fit(X, y).penalty_.alpha == pytest.approx(1 / 90)


def test_weights_that_vanish_are_no_penalty_without_bounds():
    assert LinearRegressor().fit(X, y, sample_weight=1e-310 * WEIGHT).penalty_.alpha == 1.0
    assert LinearRegressor().fit(X, y, sample_weight=1e307 * WEIGHT).penalty_.alpha == 0.0


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_networks_do_not_count_rows():
    model = MLPRegressor((3,), max_iter=1, random_state=0).fit(X, y)
    assert model.penalty_.alpha == 1e-4


def test_partial_fit_does_not_count_rows_and_goes_on_with_what_fit_had():
    model = LinearRegressor(optimizer="adam", random_state=0, max_iter=500)
    stream = clone(model).partial_fit(X[:50], y[:50]).partial_fit(X[50:], y[50:])
    assert stream.penalty_.alpha == 1e-4
    fitted = model.fit(X[:50], y[:50])
    assert fitted.partial_fit(X[50:], y[50:]).penalty_.alpha == 1 / 50


def test_warm_starts_go_on_until_alpha_changes():
    model = LinearRegressor(loss="huber", warm_start=True, tol=1e-10).fit(X, y)
    assert model.fit(X, y).n_iter_ == 1
    assert model.set_params(penalty__alpha=0.5).fit(X, y).n_iter_ > 1
    assert model.penalty_.alpha == 0.5


def test_searches_fuse_it_with_numbers():
    grid = {"penalty__alpha": ["auto", 1e-3, 1.0]}
    fused = FusedGridSearchCV(LinearRegressor(tol=1e-10), grid, cv=3).fit(X, y)
    plain = GridSearchCV(LinearRegressor(tol=1e-10), grid, cv=3).fit(X, y)
    for key in ("mean_test_score", "split0_test_score"):
        np.testing.assert_allclose(fused.cv_results_[key], plain.cv_results_[key], atol=1e-6)
    assert fused.fusion_report_.n_groups == 1
    chosen = fused.set_params(param_grid={"penalty__alpha": ["auto"]}).fit(X, y)
    assert chosen.best_estimator_.penalty_.alpha == 1 / len(y)


def test_members_of_an_ensemble_count_the_rows_that_they_drew():
    bagging = FusedBaggingRegressor(LinearRegressor(), n_estimators=3, random_state=0).fit(X, y)
    assert {member.penalty_.alpha for member in bagging.estimators_} == {1 / len(y)}


class Squares(Penalty):
    """A penalty of a user's."""

    parameters = {"alpha": Vector(Real(0), per="layer", also=("auto",))}
    has_gradient = True

    def __init__(self, alpha="auto"):
        self.alpha = alpha

    def smooth_value(self, weights):
        return (self.alpha * weights**2).sum(axis=1) / 2

    def gradient(self, weights):
        return self.alpha * weights


def test_penalties_of_users_may_have_it():
    theirs = LinearRegressor(tol=1e-12).fit(X, y)
    ours = LinearRegressor(penalty=Squares(), tol=1e-12).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)


@pytest.mark.parametrize("alpha", ["automatic", "", -1.0, None, ["auto"]])
def test_what_is_accepted_is_said(alpha):
    with pytest.raises(
        (TypeError, ValueError), match=r"L2: .*alpha must be .*number in \[0, inf\)"
    ):
        LinearRegressor(penalty=L2(alpha)).fit(X, y)
    with pytest.raises(ValueError, match="'auto', a number"):
        LinearRegressor(penalty=L2("automatic")).fit(X, y)


def test_other_penalties_have_no_such_word():
    with pytest.raises(TypeError, match="L1: alpha must be a number"):
        LinearRegressor(penalty=L1("auto")).fit(X, y)
