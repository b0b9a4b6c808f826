"""Losses are told what their targets are, and say what they take."""

import numpy as np
import pytest

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.domains import Real
from skopt_suite.losses import (
    ClassificationLoss,
    Hessian,
    Hinge,
    Huber,
    LogLoss,
    RegressionLoss,
    SquaredError,
    TargetType,
)
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.testing import check_loss

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
POSITIVE = np.exp(X @ [0.3, -0.2, 0.1] + 0.1 * RNG.normal(size=60))


class Relative(RegressionLoss):
    """Half the square of log(y) - raw: what is predicted is exp(raw)."""

    def prediction(self, raw):
        return np.exp(raw)

    def check_targets(self, y):
        if (y <= 0).any():
            raise ValueError(f"loss {self.name!r} takes targets > 0; got {y.min():g}.")

    def value_and_gradient(self, y, raw):
        residual = raw - np.log(y)
        return (residual**2).sum(axis=-1) / 2, residual


class Interval(RegressionLoss):
    """A lower and an upper quantile of every target, next to each other; predicts their middle."""

    parameters = {"level": Real(0, 0.5, open_low=True, open_high=True)}
    n_raw = 2
    is_smooth = False

    def __init__(self, level=0.1):
        self.level = level

    def prediction(self, raw):
        return (raw[..., ::2] + raw[..., 1::2]) / 2

    def value_and_gradient(self, y, raw):
        both = np.repeat(y, 2, axis=-1)
        is_lower = np.arange(raw.shape[-1]) % 2 == 0
        level = np.where(is_lower, self.level, 1 - self.level).astype(raw.dtype)
        slope = np.where(raw < both, -level, 1 - level)
        return (slope * (raw - both)).sum(axis=-1), slope


class Binary(ClassificationLoss):
    """The exponential loss of boosting, for two classes or labels only."""

    kinds = ("labels",)

    def value_and_gradient(self, y, raw):
        sign = self.signs(y, raw)
        value = np.exp(-sign * raw)
        return value.sum(axis=-1), -sign * value


def test_a_loss_of_classes_must_be_told():
    with pytest.raises(TypeError, match=r"'log_loss' has not been told what targets it is on"):
        LogLoss().value_and_gradient(np.zeros((4, 1)), np.zeros((1, 4, 1)))


def test_being_told_leaves_the_specification_alone():
    loss = LogLoss()
    assert loss.on(TargetType("classes", 3)).targets == ("classes", 3)
    with pytest.raises(TypeError, match="has not been told"):
        _ = loss.targets
    clf = LinearClassifier(loss=loss).fit(X, POSITIVE > 1)
    assert vars(clf.loss_function_) == vars(loss) == {"label_smoothing": 0.0}


@pytest.mark.parametrize("loss, other", [(Hinge(), "numbers"), (Huber(), "labels")], ids=repr)
def test_losses_refuse_other_kinds(loss, other):
    with pytest.raises(ValueError, match=rf"loss {loss.name!r} takes .*; got "):
        loss.on(TargetType(other, 2))


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_columns(n_outputs):
    assert TargetType("labels", n_outputs).n_columns == n_outputs
    assert TargetType("classes", 3).n_columns == 1


def test_one_class_index_is_no_number():
    """The same array is something else to a loss that was told something else."""
    y, raw = np.array([[0.0], [1.0]]), np.array([[[0.5, 2.0], [0.5, 2.0]]])
    indices = y.astype(int)
    of_classes, _ = LogLoss().on(TargetType("classes", 2)).value_and_gradient(indices, raw.copy())
    of_label, _ = LogLoss().on(TargetType("labels", 1)).value_and_gradient(y, raw[..., :1].copy())
    np.testing.assert_allclose(of_classes[0, 0], np.log1p(np.exp(1.5)))
    np.testing.assert_allclose(of_label[0, 0], np.log1p(np.exp(0.5)))


@pytest.mark.parametrize("loss", [Relative(), Interval(), Binary()], ids=repr)
def test_losses_of_users_pass(loss):
    check_loss(loss)


@pytest.mark.parametrize("estimator", [LinearClassifier, MLPClassifier])
def test_a_loss_for_two_classes(estimator):
    clf = estimator(loss=Binary(), random_state=0)
    assert clf.fit(X, POSITIVE > 1).score(X, POSITIVE > 1) > 0.9
    text = "loss 'binary' takes two classes or labels; got more than two classes"
    with pytest.raises(ValueError, match=text):
        clf.fit(X, np.digitize(POSITIVE, [0.9, 1.1]))


@pytest.mark.parametrize("estimator", [LinearRegressor, MLPRegressor])
def test_targets_that_a_loss_does_not_take(estimator):
    reg = estimator(loss=Relative(), optimizer="adam", max_iter=3, tol=1.0, random_state=0)
    text = r"loss 'relative' takes targets > 0; got -1"
    with pytest.raises(ValueError, match=text):
        reg.fit(X, np.append(POSITIVE[1:], -1.0))
    with pytest.raises(ValueError, match=text):
        reg.fit(X, POSITIVE, X_val=X[:2], y_val=[1.0, -1.0])
    with pytest.raises(ValueError, match=text):
        reg.partial_fit(X[:2], [1.0, -1.0])
    search = FusedGridSearchCV(reg, {"penalty__alpha": [0.1, 1.0]}, cv=2, error_score="raise")
    with pytest.raises(ValueError, match=text):
        search.fit(X, np.append(POSITIVE[1:], -1.0))


def test_predictions_through_a_link():
    reg = LinearRegressor(loss=Relative(), penalty="none").fit(X, POSITIVE)
    expected = LinearRegressor(penalty="none").fit(X, np.log(POSITIVE)).predict(X)
    np.testing.assert_allclose(reg.predict(X), np.exp(expected), rtol=1e-4)


@pytest.mark.parametrize("shape", [(60,), (60, 1), (60, 2)])
@pytest.mark.parametrize("estimator", [LinearRegressor, MLPRegressor])
def test_several_raw_predictions_for_a_target(estimator, shape):
    y = np.resize(X[:, 0] + RNG.normal(size=60), shape)
    reg = estimator(loss=Interval(), optimizer="adam", max_iter=3, tol=1.0, random_state=0)
    assert reg.fit(X, y).predict(X).shape == shape
    n_targets = 1 if len(shape) == 1 else shape[1]
    last = reg.coef_ if estimator is LinearRegressor else reg.coefs_[-1].T
    assert last.shape == (2 * n_targets, last.shape[1])
    search = FusedGridSearchCV(reg, {"loss__level": [0.1, 0.3]}, cv=2, error_score="raise")
    assert search.fit(X, y).predict(X).shape == shape


def test_quantiles_of_a_constant():
    y = RNG.normal(size=(400, 1))
    raw = Interval(0.1).baseline(y, None)
    np.testing.assert_allclose(raw, np.quantile(y, [0.1, 0.9]), atol=0.05)


def test_products_with_a_hessian():
    rng = np.random.default_rng(1)
    diagonal, root, direction = rng.normal(size=(3, 2, 5, 4))
    for hessian in (Hessian(diagonal), Hessian(diagonal, root)):
        expected = np.einsum("fsij,fsj->fsi", hessian.matrices(), direction)
        np.testing.assert_allclose(hessian.times(direction), expected)


def test_what_a_loss_knows_of_itself_is_not_inherited_by_another_one():
    class Doubled(SquaredError):
        def value_and_gradient(self, y, raw):
            value, gradient = super().value_and_gradient(y, raw)
            return 2 * value, 2 * gradient

    assert SquaredError().has_hessian
    assert not Doubled().has_hessian
    with pytest.raises(NotImplementedError, match="Doubled gives no second derivative"):
        Doubled().hessian(np.zeros((2, 1)), np.zeros((1, 2, 1)))
