"""What users see of a loss: which targets it takes, in what unit it predicts, how it is scored."""

import re

import numpy as np
import pytest
from sklearn.linear_model import QuantileRegressor
from sklearn.metrics import d2_pinball_score, d2_tweedie_score, r2_score
from sklearn.model_selection import GridSearchCV

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.losses import (
    CLASSIFICATION_LOSSES,
    REGRESSION_LOSSES,
    Focal,
    LogLoss,
    Poisson,
    Quantile,
    TargetType,
    Tweedie,
)
from skopt_suite.model_selection import FusedGridSearchCV

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 3))
COUNTS = RNG.poisson(np.exp(X @ [0.5, -0.3, 0.2] + 0.5)).astype(float)
CLASSES = np.argmax(X + 0.3 * RNG.normal(size=X.shape), axis=1)
WEIGHT = RNG.uniform(0.5, 2.0, len(X))

REFUSED = [
    ("poisson", -1.0, "loss 'poisson' takes targets >= 0; got -1."),
    ("gamma", 0.0, "loss 'gamma' takes targets > 0; got 0."),
    (Tweedie(1.5), -1.0, "loss 'tweedie' with power=1.5 takes targets >= 0; got -1."),
    (Tweedie(2.5), 0.0, "loss 'tweedie' with power=2.5 takes targets > 0; got 0."),
]


@pytest.mark.parametrize("family", [LinearRegressor, MLPRegressor])
@pytest.mark.parametrize("loss, wrong, text", REFUSED, ids=[str(one[0]) for one in REFUSED])
def test_targets_outside_of_the_range(family, loss, wrong, text):
    model, y = family(loss=loss), COUNTS + 1
    bad = np.where(np.arange(len(y)) == 7, wrong, y)
    with pytest.raises(ValueError, match=re.escape(text)):
        model.fit(X, bad)
    with pytest.raises(ValueError, match=re.escape(text)):
        model.set_params(early_stopping=True).fit(X, y, X_val=X, y_val=bad)
    with pytest.raises(ValueError, match=re.escape(text)):
        model.set_params(early_stopping=False, optimizer="adam").partial_fit(X, bad)


def test_parameters_outside_of_their_domain():
    for loss, text in (
        (Tweedie(0.5), "Tweedie: power must be a number <= 0 or >= 1; got 0.5."),
        (Quantile([0.5, 0.1]), "Quantile: quantile must increase from entry to entry; got"),
        (Quantile(1.0), "Quantile: quantile must be a number in (0, 1)"),
    ):
        with pytest.raises(ValueError, match=re.escape(text)):
            LinearRegressor(loss=loss).fit(X, COUNTS)
    with pytest.raises(ValueError, match=re.escape("label_smoothing must be a number in [0, 1)")):
        LinearClassifier(loss=LogLoss(1.0)).fit(X, CLASSES)


def test_the_closed_form_is_of_the_squared_error_only():
    message = "needs the squared error; got loss 'poisson'.*Change one of these: optimizer to "
    with pytest.raises(ValueError, match=message):
        LinearRegressor(loss="poisson", optimizer="closed_form").fit(X, COUNTS)


def test_predictions_are_in_the_unit_of_the_targets():
    for loss in ("poisson", "gamma", "tweedie"):
        model = LinearRegressor(loss=loss, penalty="none").fit(X, COUNTS + 1)
        np.testing.assert_allclose(model.predict(X), np.exp(X @ model.coef_ + model.intercept_))
    model = LinearRegressor(loss="poisson", penalty="none").fit(X, COUNTS, sample_weight=WEIGHT)
    mean = np.average(model.predict(X), weights=WEIGHT)
    assert mean == pytest.approx(np.average(COUNTS, weights=WEIGHT), rel=1e-3)


def test_all_counts_zero_have_a_finite_start():
    assert np.isfinite(Poisson().baseline(np.zeros((20, 1)), None)).all()


@pytest.mark.parametrize(
    "loss, theirs",
    [
        ("poisson", lambda y, p, w: d2_tweedie_score(y, p, sample_weight=w, power=1)),
        (Tweedie(1.3), lambda y, p, w: d2_tweedie_score(y, p, sample_weight=w, power=1.3)),
        ("squared_error", lambda y, p, w: r2_score(y, p, sample_weight=w)),
    ],
)
def test_what_early_stopping_watches(loss, theirs):
    held_out, y_val = X[60:], COUNTS[60:]
    model = LinearRegressor(loss=loss, optimizer="adam", max_iter=3)
    model.set_params(batch_size=60, tol=0.0, penalty="none")
    seen = [model.partial_fit(X[:60], COUNTS[:60]).predict(held_out) for _ in range(3)]
    with pytest.warns(match="max_iter"):
        model.set_params(early_stopping=True).fit(X[:60], COUNTS[:60], X_val=held_out, y_val=y_val)
    expected = [theirs(y_val, prediction, None) for prediction in seen]
    np.testing.assert_allclose(model.validation_scores_, expected, atol=1e-9)


def test_the_score_is_r2_whatever_the_loss():
    for loss in ("poisson", "quantile", "log_cosh"):
        model = LinearRegressor(loss=loss).fit(X, COUNTS)
        assert model.score(X, COUNTS, WEIGHT) == r2_score(
            COUNTS, model.predict(X), sample_weight=WEIGHT
        )


def test_several_quantiles():
    levels = [0.2, 0.5, 0.8]
    model = LinearRegressor(loss=Quantile(levels), penalty="none").fit(X, COUNTS)
    predicted = model.predict(X)
    assert predicted.shape == (90, 3)
    assert model.coef_.shape == (3, 3)
    np.testing.assert_allclose((predicted >= COUNTS[:, None]).mean(axis=0), levels, atol=0.07)
    for k, level in enumerate(levels):
        alone = QuantileRegressor(quantile=level, alpha=0).fit(X, COUNTS).predict(X)
        theirs, ours = (d2_pinball_score(COUNTS, p, alpha=level) for p in (alone, predicted[:, k]))
        assert ours == pytest.approx(theirs, abs=2e-3)
    assert 0 < model.score(X, COUNTS) < 1
    only_one = LinearRegressor(loss=Quantile([0.5])).fit(X, COUNTS)
    assert only_one.predict(X).shape == (90,)


def test_quantiles_do_not_cross():
    loss = Quantile([0.1, 0.9]).on(TargetType("numbers", 2))
    raw = np.array([[[1.0, 2.0, 5.0, 3.0]]])
    np.testing.assert_array_equal(loss.prediction(raw), [[[1.0, 2.0, 3.0, 5.0]]])


def test_networks_learn_several_quantiles_with_early_stopping():
    model = MLPRegressor((8,), loss=Quantile([0.1, 0.9]), early_stopping=True, max_iter=200)
    model.set_params(random_state=0, optimizer__learning_rate=0.02).fit(X, COUNTS)
    low, high = model.predict(X).T
    assert 0.6 < ((low <= COUNTS) & (high >= COUNTS)).mean() < 1
    assert model.best_validation_score_ < 1


@pytest.mark.parametrize(
    "loss, grid",
    [
        ("poisson", {"penalty__alpha": [0.01, 0.1]}),
        (Tweedie(), {"loss__power": [1.2, 1.7]}),
        (Quantile([0.2, 0.8]), {"penalty__alpha": [0.01, 0.1]}),
        ("quantile", {"loss__quantile": [0.2, 0.8, [0.2, 0.8]]}),
    ],
    ids=str,
)
def test_fused_searches_score_like_plain_ones(loss, grid):
    model = LinearRegressor(loss=loss)
    fused = FusedGridSearchCV(model, grid, cv=3).fit(X, COUNTS)
    plain = GridSearchCV(model, grid, cv=3).fit(X, COUNTS)
    key = "mean_test_score"
    # passes of smoothed losses end where steps are as small as rounding
    atol = 1e-9 if REGRESSION_LOSSES.resolve(loss, owner="Test").is_smooth else 1e-3
    np.testing.assert_allclose(fused.cv_results_[key], plain.cv_results_[key], atol=atol)


def test_fused_searches_of_losses_of_classifiers():
    for loss, grid in (
        ("log_loss", {"loss__label_smoothing": [0.0, 0.1, 0.3]}),
        ("focal", {"loss__gamma": [0.0, 1.0, 2.0]}),
    ):
        model = LinearClassifier(loss=loss)
        fused = FusedGridSearchCV(model, grid, cv=3).fit(X, CLASSES)
        plain = GridSearchCV(model, grid, cv=3).fit(X, CLASSES)
        assert fused.fusion_report_.n_groups == 1
        key = "mean_test_score"
        np.testing.assert_allclose(fused.cv_results_[key], plain.cv_results_[key], atol=1e-9)


def test_gamma_of_0_and_labels_as_they_are_give_the_log_loss():
    plain = LinearClassifier(tol=1e-8).fit(X, CLASSES).predict_proba(X)
    for loss in (Focal(gamma=0.0), LogLoss(label_smoothing=0.0)):
        same = LinearClassifier(loss=loss, tol=1e-8).fit(X, CLASSES).predict_proba(X)
        np.testing.assert_allclose(same, plain, atol=1e-4)


def test_smoothed_labels_keep_probabilities_from_the_ends():
    y = CLASSES == 1
    for family in (LinearClassifier, MLPClassifier):
        model = family(loss=LogLoss(0.2), random_state=0, penalty="none").fit(10 * X, y)
        other = family(random_state=0, penalty="none").fit(10 * X, y)
        spread = [np.abs(one.predict_proba(X)[:, 1] - 0.5).mean() for one in (model, other)]
        assert spread[0] < spread[1]


@pytest.mark.parametrize("classes", [[0, 1], [0, 1, 2]])
def test_probabilities(classes):
    kept = np.isin(CLASSES, classes)
    for loss in ("modified_huber", "focal"):
        model = LinearClassifier(loss=loss, penalty="none").fit(X[kept], CLASSES[kept])
        probability = model.predict_proba(X[kept])
        np.testing.assert_allclose(probability.sum(axis=1), 1)
        assert model.score(X[kept], CLASSES[kept]) > 0.7


@pytest.mark.parametrize("raw", [1e4, -1e4])
@pytest.mark.parametrize("name", [*CLASSIFICATION_LOSSES, *REGRESSION_LOSSES])
def test_predictions_that_are_far_off(name, raw):
    """Single precision gives what double precision gives, or infinity where that is too large."""
    registry = CLASSIFICATION_LOSSES if name in CLASSIFICATION_LOSSES else REGRESSION_LOSSES
    loss, y = registry[name](), np.array([[1.0]] * 2)
    loss = loss.on(TargetType(loss.kinds[-1], 1))
    raw = np.array([[[raw], [-raw]]])
    with np.errstate(over="ignore", invalid="ignore"):
        exact = loss.value_and_gradient(y, raw.copy())
        single = loss.value_and_gradient(y.astype("f4"), raw.astype("f4"))
    for one, other in zip(exact, single, strict=True):
        assert not np.isnan(other).any()
        np.testing.assert_allclose(other, one.astype("f4"), rtol=1e-5)


@pytest.mark.parametrize("power", [-1.0, 0.0, 1.0, 1.5, 2.0, 3.0])
def test_tweedie_never_gives_nan(power):
    raw, y = np.array([[[1e4], [-1e4], [1e4], [-1e4]]]), np.array([[2.0], [2.0], [0.0], [0.0]])
    loss = Tweedie(power).on(TargetType("numbers", 1))
    y = y + (power >= 2)
    with np.errstate(over="ignore", invalid="ignore"):
        value, gradient = loss.value_and_gradient(y, raw)
    assert not np.isnan(value).any()
    assert not np.isnan(gradient).any()
    assert (value >= 0).all()


@pytest.mark.parametrize("power", [-3.0, 0.0, 1.0, 1.001, 1.5, 1.999, 3.0])
def test_tweedie_in_single_precision(power):
    """Also of targets that are next to nothing."""
    y = np.array([[1e-12], [1e-8], [1e-3], [1.0], [1e3]], dtype="f4")
    raw = np.array([[[-0.3], [0.0], [-9.0], [1e-3], [5.0]]], dtype="f4")
    loss = Tweedie(power).on(TargetType("numbers", 1))
    with np.errstate(over="ignore", invalid="ignore"):
        single = loss.value_and_gradient(y, raw.copy())
        exact = loss.value_and_gradient(y.astype("f8"), raw.astype("f8"))
    for one, other in zip(single, exact, strict=True):
        np.testing.assert_allclose(one, other.astype("f4"), rtol=2e-4)
