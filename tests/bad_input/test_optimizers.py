"""What an optimizer cannot do is refused before training; a fit that diverges is an error."""

import re

import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GridSearchCV

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.exceptions import DivergenceError
from skopt_suite.losses import Hinge, Huber
from skopt_suite.optimizers import AverageWeights
from skopt_suite.penalties import L2
from skopt_suite.schedules import OneCycle, Warmup


class Doubled(L2):
    """A penalty whose curvature is not known."""

    def smooth_value(self, weights):
        return 2 * super().smooth_value(weights)

    def gradient(self, weights):
        return 2 * super().gradient(weights)


class Kinked(Hinge):
    """A loss that nobody knows how to smooth."""

    def value_and_gradient(self, y, raw):
        return super().value_and_gradient(y, raw)


X, y = make_classification(n_samples=100, random_state=0)
ALL = [LinearClassifier(), LinearRegressor(), MLPClassifier((10,)), MLPRegressor((10,))]
CANNOT = [
    (
        {"optimizer": "lbfgs", "penalty": "l1"},
        "optimizer 'lbfgs' needs a smooth penalty, and L1() is not. Change one of these: "
        "optimizer to 'gradient_descent'",
    ),
    (
        {"optimizer": "lbfgs", "loss": Kinked()},
        "optimizer 'lbfgs' needs a smooth loss, and 'kinked' has kinks. Change one of these: "
        "optimizer to 'gradient_descent'",
    ),
    (
        {"optimizer": "fista", "loss": Kinked()},
        "optimizer 'fista' needs a smooth loss, and 'kinked'",
    ),
    (
        {"optimizer": "lbfgs", "schedule": "cosine"},
        "'lbfgs' finds its own step size, so schedule must be 'constant'; got 'cosine'",
    ),
    (
        {"optimizer": "sgd", "schedule": Warmup(OneCycle(cycle_momentum=True))},
        "optimizer 'sgd' has no momentum, which the schedule moves as cycle_momentum is True. "
        "Change one of these: optimizer to 'momentum', 'nesterov', 'rmsprop', 'adam', 'adamw', "
        "'amsgrad', 'adamax', 'nadam', 'radam', 'lion', 'muon', 'prodigy', 'clip_gradient', "
        "'average_weights' or 'lookahead'; cycle_momentum to 'auto' or False; schedule to "
        "'constant'.",
    ),
    (
        {"optimizer": AverageWeights("sgd"), "schedule": OneCycle(cycle_momentum=True)},
        "optimizer 'average_weights' has inner='sgd', which has no momentum",
    ),
    ({"optimizer": "fista", "schedule": "step"}, "schedule must be 'constant'; got 'step'"),
]


@pytest.mark.parametrize("parameters, text", CANNOT)
@pytest.mark.parametrize("estimator", [LinearClassifier, MLPClassifier])
def test_what_an_optimizer_cannot_do(estimator, parameters, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        estimator(**parameters).fit(X, y)


def test_auto_does_not_take_a_schedule():
    text = "optimizer 'newton_cholesky' finds its own step size, so schedule must be 'constant'"
    with pytest.raises(ValueError, match=text):
        LinearClassifier(schedule="cosine").fit(X, y)


@pytest.mark.parametrize("parameter", ["dropout", "input_dropout"])
@pytest.mark.parametrize("optimizer", ["lbfgs", "fista"])
def test_solvers_do_not_take_dropout(optimizer, parameter):
    text = (
        f"'{optimizer}' needs an objective that does not change .* {parameter} must be 0; got 0.5"
        rf".*; {parameter} to 0\."
    )
    with pytest.raises(ValueError, match=text):
        MLPClassifier(optimizer=optimizer).set_params(**{parameter: 0.5}).fit(X, y)


LEAST_SQUARES_ONLY = [
    (LinearClassifier(), "needs the squared error; got loss 'log_loss'. Change optimizer to 'gr"),
    (
        LinearRegressor(loss="huber"),
        "needs the squared error; got loss 'huber'. .*'newton_cg' or 'saga'; "
        "loss to 'squared_error'",
    ),
    (LinearRegressor(loss="absolute_error"), r"; loss to 'squared_error'\."),
    (
        LinearRegressor(penalty="l1"),
        r"needs a smooth penalty, and L1\(\) is not.*penalty to 'none' or 'l2'",
    ),
    (LinearRegressor(penalty="elastic_net"), r"needs a smooth penalty, and ElasticNet\(\) is not"),
    (LinearRegressor(penalty=L2(positive=True)), "needs a smooth penalty"),
    (LinearRegressor(penalty=Doubled(0.1)), "needs a quadratic penalty .*; got Doubled"),
    (LinearRegressor(schedule="cosine"), "schedule must be 'constant'; got 'cosine'"),
    (
        MLPRegressor((10, 5)),
        r"needs a linear model; got hidden layers of \[10, 5\] units. Change one of these: .*"
        r"; hidden_layer_sizes to \(\)\.",
    ),
    (MLPClassifier(), "needs the squared error; got loss 'log_loss'"),
]


@pytest.mark.parametrize("estimator, text", LEAST_SQUARES_ONLY, ids=lambda value: str(value)[:40])
def test_the_closed_form_is_for_least_squares(estimator, text):
    with pytest.raises(ValueError, match=f"optimizer 'closed_form' .*{text}"):
        estimator.set_params(optimizer="closed_form").fit(X, y)
    assert not hasattr(estimator, "n_iter_")


def test_the_closed_form_does_not_take_sparse_data():
    sparse = scipy.sparse.csr_array(X)
    text = r"'closed_form' needs the covariance of X.*'sgd', .*'newton_cg' or 'saga'\."
    with pytest.raises(ValueError, match=text):
        LinearRegressor(optimizer="closed_form").fit(sparse, y)
    assert not LinearRegressor(optimizer="closed_form").__sklearn_tags__().input_tags.sparse


@pytest.mark.parametrize(
    "parameters, reason",
    [
        ({"optimizer": "lbfgs"}, "partial_fit needs an optimizer that goes on from where it was"),
        ({"optimizer": "closed_form"}, "'closed_form' (optimizer='closed_form') starts anew"),
        ({"optimizer": "sgd", "early_stopping": True}, "early_stopping must be False or 'auto'"),
        ({"optimizer": "sgd", "class_weight": "balanced"}, "class_weight must be a dict or None"),
    ],
)
def test_partial_fit_that_cannot_be_is_no_attribute(parameters, reason):
    with pytest.raises(AttributeError, match="has no attribute 'partial_fit'") as caught:
        LinearClassifier(**parameters).partial_fit(X, y, classes=[0, 1])
    assert reason in str(caught.value)
    assert not hasattr(LinearClassifier(**parameters), "partial_fit")


def test_probabilities_of_a_loss_that_has_none():
    fitted = LinearClassifier(loss="squared_hinge").fit(X, y)
    with pytest.raises(AttributeError, match="has no attribute 'predict_proba'") as caught:
        fitted.predict_proba(X)
    assert "take loss='log_loss', or wrap" in str(caught.value)
    assert not hasattr(fitted, "predict_proba")


def test_a_gpu_that_is_not_there():
    if _has_gpu():
        pytest.skip("there is a GPU")
    text = r"backend='cupy' needs .*pip install 'skopt-suite\[cuda13\]'"
    with pytest.raises((ImportError, RuntimeError), match=text):
        LinearClassifier(backend="cupy").fit(X, y)


def _has_gpu():
    try:
        import cupy

        cupy.zeros(1)
    except Exception:  # CuPy missing, driver missing, no card
        return False
    return True


DESCENTS = ["gradient_descent", "sgd", "momentum", "nesterov", "adam", "adamw"]


@pytest.mark.parametrize("optimizer", DESCENTS)
@pytest.mark.parametrize("estimator", ALL, ids=lambda e: type(e).__name__)
def test_a_fit_that_diverges_names_optimizer_and_rate(estimator, optimizer):
    wild = type(estimator)(optimizer=optimizer).set_params(optimizer__learning_rate=1e6)
    text = rf"The fit diverged: optimizer '{optimizer}' with learning_rate=1e\+06 reached a loss of"
    with pytest.raises(DivergenceError, match=text):
        wild.fit(X, y)
    assert not hasattr(wild, "n_iter_")


@pytest.mark.parametrize("optimizer", DESCENTS)
@pytest.mark.parametrize("estimator", ALL, ids=lambda e: type(e).__name__)
def test_a_fit_ruined_by_its_only_step_is_an_error(estimator, optimizer):
    """The loss of a step is from before it, so the last one needs a look of its own."""
    wild = clone(estimator).set_params(optimizer=optimizer, max_iter=1, batch_size=len(X))
    with pytest.raises(DivergenceError, match=r"reached a loss of \d.*e\+"):
        wild.set_params(penalty="none", optimizer__learning_rate=1e6).fit(X, y)


@pytest.mark.parametrize(
    "estimator",
    [
        LinearClassifier(loss="hinge"),
        LinearClassifier(loss="squared_hinge"),
        LinearRegressor(loss="absolute_error"),
        LinearRegressor(loss=Huber()),
        MLPClassifier((10, 10), "tanh", loss="hinge"),
        MLPRegressor((10,), "logistic", dtype="float64"),
    ],
    ids=lambda e: " ".join(repr(e).split()),
)
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("is_incremental", [False, True])
def test_other_losses_diverge_no_more_silently(estimator, optimizer, is_incremental):
    # from some starts, saturated units make a hinge of 0
    estimator = clone(estimator).set_params(optimizer=optimizer, random_state=2)
    estimator.set_params(optimizer__learning_rate=1e6)
    classes = {"classes": [0, 1]} if hasattr(estimator, "class_weight") else {}

    def train():
        for _ in range(20 if is_incremental else 1):
            estimator.partial_fit(X, y, **classes) if is_incremental else estimator.fit(X, y)

    with pytest.raises(DivergenceError, match=rf"'{optimizer}' with learning_rate=1e\+06"):
        train()


@pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.FitFailedWarning", "ignore:.*test scores are non-finite"
)
def test_in_a_search_the_others_go_on():
    grid = {"optimizer__learning_rate": [0.1, 1e6]}
    search = GridSearchCV(LinearClassifier(optimizer="momentum"), grid, cv=3).fit(X, y)
    assert search.best_params_ == {"optimizer__learning_rate": 0.1}
    assert np.isnan(search.cv_results_["mean_test_score"]).tolist() == [False, True]


def test_in_a_search_the_warning_has_the_reason():
    grid = {"optimizer__learning_rate": [0.1, 1e6]}
    search = GridSearchCV(LinearClassifier(optimizer="momentum"), grid, cv=3, error_score=-1)
    with pytest.warns(FitFailedWarning, match="The fit diverged: optimizer 'momentum'"):
        search.fit(X, y)
    assert search.cv_results_["mean_test_score"][1] == -1
