"""Scale does not matter to models that standardise."""

import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import make_classification, make_regression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.estimators._column_moments import column_moments_of
from skopt_suite.losses import Huber, Quantile
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.optimizers import Adam

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.default_rng(0)
X, y = make_regression(90, 5, noise=5.0, random_state=0)
Y = np.column_stack([y, 1e3 + y**2])
_, classes = make_classification(90, 5, random_state=0)
SCALES, SHIFTS = np.array([1e6, 1e-6, 1.0, 3e3, 1e-3]), np.array([0.0, 1e-3, 1e3, -1e6, 5.0])
TRAINING = {"max_iter": 6, "batch_size": 16, "tol": None, "random_state": 0}
FITTED = {"dtype": "float64", **TRAINING}


class Interpreted(Adam):
    """The same steps by their definition, as an optimizer of a user would make them."""

    name = "interpreted"

    def step(self, state, params, problem, factor):
        return super().step(state, params, problem, factor)


def regressor(**settings):
    return MLPRegressor((8, 4)).set_params(**FITTED | settings)


def classifier(**settings):
    return MLPClassifier((8, 4)).set_params(**FITTED | settings)


def steps_of(optimizer):
    return pytest.mark.parametrize("optimizer", optimizer, ids=str)


every_way = steps_of(["adam", Interpreted(), "lbfgs"])


@every_way
@pytest.mark.parametrize("normalization", ["none", "batch"])
def test_the_scales_of_columns_do_not_matter(optimizer, normalization):
    settings = {"optimizer": optimizer, "normalization": normalization}
    for model, target in ((regressor(**settings), y), (classifier(**settings), classes)):
        one, other = clone(model).fit(X, target), clone(model).fit(X * SCALES + SHIFTS, target)
        rows = rng.normal(size=(20, 5))
        predicted = [
            one._raw_predictions(rows)[0],
            other._raw_predictions(rows * SCALES + SHIFTS)[0],
        ]
        np.testing.assert_allclose(*predicted, rtol=1e-6, atol=1e-6 * np.ptp(predicted[0]))
        np.testing.assert_allclose(one.loss_curve_, other.loss_curve_, rtol=1e-6)


@every_way
@pytest.mark.parametrize("factor", [1e6, 1e-6])
@pytest.mark.parametrize(
    "loss",
    ["squared_error", "absolute_error", Huber(0.5), Quantile([0.2, 0.8]), "log_cosh"],
    ids=lambda loss: getattr(loss, "name", loss),
)
def test_the_scale_of_targets_does_not_matter(loss, factor, optimizer):
    model = regressor(loss=loss, optimizer=optimizer)
    one, other = clone(model).fit(X, Y), clone(model).fit(X, factor * (Y - 7))
    expected = factor * (one.predict(X) - 7)
    np.testing.assert_allclose(other.predict(X), expected, rtol=1e-5, atol=1e-5 * np.ptp(expected))
    assert one.loss_ == pytest.approx(other.loss_, rel=1e-5)


def test_networks_learn_targets_of_any_scale():
    for factor in (1e6, 1e-6):
        model = regressor(max_iter=100, optimizer__learning_rate=0.01)
        assert model.fit(X * SCALES, factor * y).score(X * SCALES, factor * y) > 0.9


def test_it_is_what_scalers_around_a_model_do():
    inside = regressor(loss="huber")
    around = TransformedTargetRegressor(
        make_pipeline(StandardScaler(), clone(inside).set_params(standardize=False)),
        transformer=StandardScaler(),
    )
    rows = 5 + 3 * X
    np.testing.assert_allclose(
        inside.fit(rows, y).predict(rows), around.fit(rows, y).predict(rows), rtol=1e-8
    )
    network, scaler = around.regressor_[-1], around.regressor_[0]
    np.testing.assert_allclose(
        inside.coefs_[0], network.coefs_[0] / scaler.scale_[:, None], rtol=1e-7
    )


@pytest.mark.parametrize("form", [np.ascontiguousarray, np.asfortranarray, scipy.sparse.csr_array])
@pytest.mark.parametrize("estimator", [LinearClassifier, MLPClassifier])
def test_compiled_steps_are_those_of_the_definition(estimator, form):
    model = estimator().set_params(**FITTED | {"standardize": True, "optimizer": "adam"})
    rows, weight = form(X * SCALES + 1), rng.uniform(size=90)
    compiled = clone(model).fit(rows, classes, sample_weight=weight)
    defined = clone(model).set_params(optimizer=Interpreted())
    defined.fit(rows, classes, sample_weight=weight)
    np.testing.assert_allclose(compiled.loss_curve_, defined.loss_curve_, rtol=1e-9)
    predicted = [one.decision_function(rows) for one in (compiled, defined)]
    np.testing.assert_allclose(*predicted, rtol=1e-7)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("hidden_layer_sizes", [(), (8, 4)])
def test_attributes_are_the_network_in_the_units_of_the_data(activation, hidden_layer_sizes):
    model = regressor(activation=activation, hidden_layer_sizes=hidden_layer_sizes)
    model.fit(X * SCALES, Y)
    hidden = X * SCALES
    functions = {"relu": lambda z: np.maximum(z, 0), "tanh": np.tanh}
    for weights, bias in list(zip(model.coefs_, model.intercepts_, strict=True))[:-1]:
        hidden = functions[activation](hidden @ weights + bias)
    expected = hidden @ model.coefs_[-1] + model.intercepts_[-1]
    np.testing.assert_allclose(model.predict(X * SCALES), expected, rtol=1e-8)


def test_digits_of_columns_far_from_zero_are_kept():
    shifted = X + 1e6
    model = MLPRegressor((8, 4), **TRAINING)
    near, far = clone(model).fit(X, y), clone(model).fit(shifted, y + 1e7)
    scale = np.ptp(near.predict(X))
    np.testing.assert_allclose(
        far.predict(shifted) - 1e7, near.predict(X), rtol=0, atol=1e-5 * scale
    )
    single = shifted.astype(np.float32)
    rounded = single.astype(np.float64) - 1e6
    same = clone(model).fit(single, y).predict(single)
    np.testing.assert_allclose(
        same, clone(model).fit(rounded, y).predict(rounded), atol=1e-4 * scale
    )


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_linear_models_standardise_if_asked_to(fit_intercept):
    common = {"fit_intercept": fit_intercept, "tol": 1e-12, "max_iter": 5000}
    common |= {"penalty": "elastic_net", "penalty__alpha": 0.1}
    plain = LinearRegressor().set_params(**common)
    scaled = clone(plain).set_params(standardize=True)
    scaler = StandardScaler(with_mean=fit_intercept)
    target = StandardScaler(with_mean=fit_intercept)
    around = TransformedTargetRegressor(make_pipeline(scaler, clone(plain)), transformer=target)
    rows = X * SCALES + fit_intercept * SHIFTS
    expected = around.fit(rows, y).predict(rows)
    np.testing.assert_allclose(scaled.fit(rows, y).predict(rows), expected, rtol=1e-5)
    assert fit_intercept or not scaled.intercept_
    as_it_is = clone(plain).fit(X, y)
    np.testing.assert_array_equal(
        as_it_is.coef_, clone(plain).set_params(standardize=False).fit(X, y).coef_
    )


@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_targets_of_losses_with_a_link_stay_as_they_are(loss):
    counts = 1.0 + rng.poisson(3, size=90)
    model = regressor(loss=loss).fit(X * SCALES, counts)
    assert model._standardization.targets is None
    assert (model.predict(X * SCALES) > 0).all()
    np.testing.assert_allclose(
        model.predict(X * SCALES), regressor(loss=loss).fit(X, counts).predict(X), rtol=1e-6
    )


def test_constant_columns_and_targets():
    constant = np.column_stack([X, np.full(90, 0.1), np.full(90, 1e6)])
    for dtype in ("float32", "float64"):
        model = regressor().fit(constant.astype(dtype), np.full(90, 3e5))
        assert model._standardization.inputs.factor[-2:].tolist() == [1, 1]
        np.testing.assert_allclose(model.predict(constant), 3e5, rtol=1e-4)


@every_way
def test_integer_weights_are_repeated_rows(optimizer):
    count = rng.integers(0, 3, size=90)
    rows = X * SCALES
    rows[count == 0] = 1e3  # which nobody is to see
    settings = {"optimizer": optimizer, "batch_size": 400, "shuffle": False}
    for model, target in ((regressor(**settings), y), (classifier(**settings), classes)):
        weighted = clone(model).fit(rows, target, sample_weight=count)
        repeated = clone(model).fit(np.repeat(rows, count, axis=0), np.repeat(target, count))
        for one, other in zip(weighted.coefs_, repeated.coefs_, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6 * np.abs(other).max())


@every_way
@pytest.mark.parametrize("estimator", [regressor(), classifier()], ids=["numbers", "classes"])
def test_sparse_columns_are_scaled_only(estimator, optimizer):
    dense = X * (rng.uniform(size=X.shape) < 0.4)
    target = classes if hasattr(estimator, "predict_proba") else y
    model = clone(estimator).set_params(optimizer=optimizer)
    one = clone(model).fit(scipy.sparse.csr_array(dense), target)
    other = clone(model).fit(scipy.sparse.csr_array(dense * SCALES), target)
    np.testing.assert_allclose(
        one._raw_predictions(dense)[0], other._raw_predictions(dense * SCALES)[0], rtol=1e-6
    )
    assert one._standardization.inputs.mean is None
    scale = 1 / one._standardization.inputs.factor
    np.testing.assert_allclose(scale, dense.std(axis=0), rtol=1e-12)
    given = clone(model).set_params(standardize={"X": (None, scale)})
    np.testing.assert_allclose(
        given.fit(dense, target)._raw_predictions(dense)[0],
        one._raw_predictions(dense)[0],
        rtol=1e-6,
    )


def test_layers_normalised_over_units_are_not_centred():
    model = regressor(normalization="layer")
    one, other = clone(model).fit(X, y), clone(model).fit(X * SCALES, y)
    np.testing.assert_allclose(one.predict(X), other.predict(X * SCALES), rtol=1e-6)
    assert one._standardization.inputs.mean is None


def test_partial_fit_goes_on_with_the_moments_of_the_first_rows():
    rows = X * SCALES + SHIFTS
    model, whole = regressor(), regressor()
    for start in range(0, 90, 30):
        model.partial_fit(rows[start : start + 30], y[start : start + 30])
        first = {"X": (rows[:30].mean(0), rows[:30].std(0)), "y": (y[:30].mean(), y[:30].std())}
        whole.set_params(standardize=first)
        whole.partial_fit(rows[start : start + 30], y[start : start + 30])
        whole = pickle.loads(pickle.dumps(whole))
    np.testing.assert_allclose(model.predict(rows), whole.predict(rows), rtol=1e-8)
    assert model._standardization.inputs.mean == pytest.approx(rows[:30].mean(axis=0))


@steps_of(["adam", "schedule_free_adamw", "lookahead"])
def test_a_saved_model_goes_on_as_if_it_had_not_been_saved(optimizer):
    model = regressor(optimizer=optimizer, dtype="float32").partial_fit(X * SCALES, y)
    saved = pickle.loads(pickle.dumps(model))
    for one in (model, saved):
        one.partial_fit(X * SCALES, y)
    np.testing.assert_array_equal(model.coefs_[0], saved.coefs_[0])


def test_a_warm_start_goes_on_or_begins_at_the_same_predictions():
    rows = X * SCALES + SHIFTS
    model = regressor(warm_start=True, optimizer="sgd", optimizer__learning_rate=1e-25)
    model.set_params(penalty="none").fit(rows, y)
    before = model.predict(rows)
    model.fit(rows[:40] * 3, y[:40] * 100)
    np.testing.assert_allclose(model.predict(rows), before, rtol=1e-6)
    through = regressor(schedule="constant", max_iter=12).fit(rows, y)
    halves = regressor(schedule="constant", warm_start=True).fit(rows, y).fit(rows, y)
    np.testing.assert_allclose(halves.predict(rows), through.predict(rows), rtol=1e-6)


def test_initial_coefficients_are_in_the_units_of_the_data():
    rows, coef = X * SCALES, rng.normal(size=5) / SCALES
    model = LinearRegressor(standardize=True, optimizer="sgd", penalty="none", max_iter=1)
    model.set_params(optimizer__learning_rate=1e-14)
    model.fit(rows, y, coef_init=coef, intercept_init=3.0)
    np.testing.assert_allclose(model.coef_, coef, rtol=1e-6)
    assert model.intercept_ == pytest.approx(3.0)


@pytest.mark.parametrize("held_out", [True, False])
def test_rows_that_decide_when_to_stop_are_seen_as_the_others(held_out):
    rows = X * SCALES + SHIFTS
    given = (X[:30], y[:30]) if held_out else (None, None)
    scaled = (rows[:30], 1e6 * y[:30]) if held_out else (None, None)
    model = regressor(early_stopping=True)
    one = clone(model).fit(X, y, X_val=given[0], y_val=given[1])
    other = clone(model).fit(rows, 1e6 * y, X_val=scaled[0], y_val=scaled[1])
    np.testing.assert_allclose(one.validation_scores_, other.validation_scores_, rtol=1e-6)
    if held_out:
        assert one.best_validation_score_ == pytest.approx(one.score(*given))


@pytest.mark.parametrize("early_stopping", [True, False])
def test_fused_is_alone(early_stopping):
    rows = X * SCALES + SHIFTS
    grid = {"standardize": [True, False, "auto", {"y": (3.0, 50.0)}], "penalty__alpha": [1e-4, 1.0]}
    model = regressor(early_stopping=early_stopping, optimizer__learning_rate=0.01)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = np.where(np.abs(rows) > 1e4, rows / 1e6, rows)
        search = FusedGridSearchCV(model, grid, cv=3, return_train_score=True).fit(rows, y)
        alone = [
            clone(model).set_params(**setting).fit(rows[30:], y[30:]).score(rows[:30], y[:30])
            for setting in search.cv_results_["params"]
        ]
    np.testing.assert_allclose(search.cv_results_["split0_test_score"], alone, rtol=1e-6)
    groups = [entry.group for entry in search.fusion_report_.entries]
    assert [groups.count(group) for group in sorted(set(groups))] == [4, 2, 2]
    best = clone(model).set_params(**search.best_params_).fit(rows, y)
    np.testing.assert_allclose(search.predict(rows), best.predict(rows), rtol=1e-6)


@pytest.mark.parametrize(
    "value, message",
    [
        ("yes", "standardize must be 'auto', True, False, or a dict"),
        (3, "standardize must be 'auto', True, False, or a dict"),
        ({}, "standardize must be 'auto'"),
        ({"x": (0, 1)}, r"got one for \['x'\]"),
        ({"X": 3}, r"standardize\['X'\] must be a pair \(mean, scale\)"),
        ({"X": (0, [1, 1, 0, 1, 1])}, "the scale positive"),
        ({"X": (np.nan, 1)}, "finite numbers"),
        ({"X": ([0, 1], 1)}, "for 5 columns; got a mean of shape"),
    ],
)
def test_what_is_not_accepted(value, message):
    with pytest.raises((ValueError, TypeError), match=message):
        regressor(standardize=value).fit(X, y)


def test_moments_that_cannot_be_used():
    with pytest.raises(ValueError, match="must be None with sparse X"):
        regressor(standardize={"X": (1, 1)}).fit(scipy.sparse.csr_array(X), y)
    with pytest.raises(ValueError, match="must be None with fit_intercept=False"):
        LinearRegressor(fit_intercept=False, standardize={"y": (1, 1)}).fit(X, y)
    for model in (LinearClassifier(), MLPClassifier()):
        with pytest.raises(ValueError, match=r"standardize\['y'\] needs a loss of residuals"):
            model.set_params(standardize={"y": (1, 1)}).fit(X, classes)


def test_variances_of_sparse_constants_may_be_rounded_below_zero():
    weight = np.random.default_rng(0).uniform(0, 2, 300)
    moments = column_moments_of(scipy.sparse.csr_array(np.full((300, 1), 1e6)), weight)
    assert moments.mean == pytest.approx(1e6)
    assert moments.deviation == 1
