"""The best constant of every loss: where networks start, and what there is to learn."""

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from skopt_suite import LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.backends import Placement
from skopt_suite.losses import (
    CLASSIFICATION_LOSSES,
    REGRESSION_LOSSES,
    AbsoluteError,
    EpsilonInsensitive,
    Focal,
    Hinge,
    Huber,
    LogLoss,
    Quantile,
    RegressionLoss,
    SquaredEpsilonInsensitive,
    SquaredError,
    SquaredHinge,
    TargetType,
)
from skopt_suite.losses._baseline import best_constant, centre_of_clipped, zero_of_slopes
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.models import Network
from skopt_suite.optimizers import GradientDescent
from skopt_suite.penalties import NoPenalty
from skopt_suite.schedules import Constant
from skopt_suite.testing._common import job_of
from skopt_suite.training._constants import Constants
from skopt_suite.training._rows import InMemory
from skopt_suite.training._stack import build_stack

RNG = np.random.default_rng(0)
N_SAMPLES = 60
NUMBERS = RNG.gamma(2.0, size=(N_SAMPLES, 2)) - 1
LABELS = (RNG.random((N_SAMPLES, 3)) < [0.1, 0.4, 0.9]).astype(float)
CLASSES = RNG.choice(4, p=[0.1, 0.5, 0.2, 0.2], size=(N_SAMPLES, 1))
TARGETS = {
    "numbers": (TargetType("numbers", 2), NUMBERS),
    "labels": (TargetType("labels", 3), LABELS),
    "classes": (TargetType("classes", 4), CLASSES),
}
SMOOTHED = [
    AbsoluteError().smoothed(0.3),
    EpsilonInsensitive(0.2).smoothed(0.3),
    Quantile([0.1, 0.8]).smoothed(0.3),
    Hinge().smoothed(0.3),
    Hinge().smoothed(3.0),
]
LOSSES = [
    pytest.param(registry[name]().on(targets), y + registry[name].has_link, id=f"{name}-{kind}")
    for registry in (CLASSIFICATION_LOSSES, REGRESSION_LOSSES)
    for name in registry
    for kind, (targets, y) in TARGETS.items()
    if kind in registry[name].kinds
]
LOSSES += [
    pytest.param(loss.on(targets), y, id=f"{loss!r}-{kind}")
    for loss in (
        *SMOOTHED,
        LogLoss(0.2),
        Focal(0.5),
        Quantile(0.7),
        Quantile([0.1, 0.8]),
        EpsilonInsensitive(1.0),
    )
    for kind, (targets, y) in TARGETS.items()
    if kind in loss.kinds
]


class Exponential(RegressionLoss):
    """Deviance of counts whose mean is exp(raw): a loss that says no best constant."""

    def prediction(self, raw):
        return np.exp(raw)

    def value_and_gradient(self, y, raw):
        mean = np.exp(raw)
        return (mean - y * raw - y + y * np.log(y)).sum(axis=-1), mean - y


def mean_loss(loss, y, raw, weight=None):
    value, _ = loss.value_and_gradient(y, np.tile(raw, (1, len(y), 1)))
    return np.average(value[0], weights=weight)


@pytest.mark.parametrize("loss, y", LOSSES)
def test_no_constant_is_better(loss, y):
    weight = RNG.uniform(0.1, 2.0, N_SAMPLES)
    for w in (None, weight):
        raw = loss.baseline(y, w)
        least = mean_loss(loss, y, raw, w)
        for direction in RNG.normal(size=(40, len(raw))):
            for size in (1e-3, 0.1, 1.0):
                assert least <= mean_loss(loss, y, raw + size * direction, w) + 1e-12


@pytest.mark.parametrize("loss, y", LOSSES)
def test_a_weight_is_so_many_samples(loss, y):
    weight = RNG.integers(0, 4, N_SAMPLES).astype(float)
    weighted = loss.baseline(y, weight)
    repeated = loss.baseline(np.repeat(y, weight.astype(int), axis=0), None)
    np.testing.assert_allclose(weighted, repeated, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("loss, y", LOSSES)
def test_the_search_finds_what_is_known_in_closed_form(loss, y):
    known = mean_loss(loss, y, loss.baseline(y, None))
    found = mean_loss(loss, y, best_constant(loss, y, None))
    np.testing.assert_allclose(found, known, rtol=1e-9)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_the_search_knows_no_units(scale):
    y = scale * (NUMBERS + 3)
    np.testing.assert_allclose(best_constant(SquaredError(), y, None), y.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(Exponential().baseline(y, None), np.log(y.mean(axis=0)), rtol=1e-5)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
@pytest.mark.parametrize(
    "loss_of",
    [
        lambda scale: AbsoluteError(),
        lambda scale: Huber(0.3 * scale),
        lambda scale: Quantile([0.2, 0.9]),
        lambda scale: EpsilonInsensitive(0.3 * scale),
        lambda scale: SquaredEpsilonInsensitive(0.3 * scale),
    ],
    ids=["l1", "huber", "quantile", "epsilon", "squared epsilon"],
)
def test_best_constants_have_the_unit_of_the_targets(loss_of, scale):
    expected = scale * loss_of(1.0).baseline(NUMBERS, None)
    np.testing.assert_allclose(loss_of(scale).baseline(scale * NUMBERS, None), expected, rtol=1e-9)


@pytest.mark.parametrize("loss", [LogLoss(), Hinge(), SquaredHinge()], ids=repr)
def test_what_never_occurs_has_a_finite_baseline(loss):
    on_classes, on_labels = loss.on(TargetType("classes", 6)), loss.on(TargetType("labels", 2))
    assert np.isfinite(on_classes.baseline(CLASSES, None)).all()
    never, always = on_labels.baseline(np.tile([0.0, 1.0], (10, 1)), None)
    assert np.isfinite([never, always]).all()
    assert never == -always < 0


def test_a_search_for_what_never_occurs_ends():
    for targets, y in ((TargetType("classes", 6), CLASSES), (TargetType("labels", 3), 0 * LABELS)):
        loss = LogLoss().on(targets)
        raw = best_constant(loss, y, None)
        assert -50 < raw.min() < -10
        assert mean_loss(loss, y, raw) < mean_loss(loss, y, loss.baseline(y, None)) + 1e-6


def test_log_frequencies():
    share = np.bincount(CLASSES[:, 0]) / N_SAMPLES
    raw = LogLoss().on(TargetType("classes", 4)).baseline(CLASSES, None)
    np.testing.assert_allclose(raw, np.log(share))
    odds = LABELS.mean(axis=0) / (1 - LABELS.mean(axis=0))
    raw = LogLoss().on(TargetType("labels", 3)).baseline(LABELS, None)
    np.testing.assert_allclose(raw, np.log(odds))


def test_classifiers_start_at_the_frequencies_of_classes():
    X, names = RNG.normal(size=(N_SAMPLES, 3)), np.array(list("abcd"))[CLASSES[:, 0]]
    weight = RNG.uniform(0.5, 2.0, N_SAMPLES)
    clf = MLPClassifier((4,), optimizer=GradientDescent(1e-12), max_iter=1, random_state=0)
    with pytest.warns(UserWarning, match="max_iter"):
        clf.fit(X, names, sample_weight=weight)
    share = np.bincount(CLASSES[:, 0], weight) / weight.sum()
    np.testing.assert_allclose(clf.intercepts_[-1], np.log(share), atol=1e-6)


@pytest.mark.parametrize(
    "loss, centre", [("absolute_error", np.median), ("squared_error", np.mean)]
)
def test_regressors_start_at_their_own_centre(loss, centre):
    X, y = RNG.normal(size=(61, 3)), RNG.gamma(1.0, size=61)
    settings = {"optimizer": GradientDescent(1e-12), "max_iter": 1, "random_state": 0}
    reg = MLPRegressor((4,), loss=loss, **settings)
    with pytest.warns(UserWarning, match="max_iter"):
        reg.fit(X, y)
    np.testing.assert_allclose(reg.intercepts_[-1], centre(y), rtol=1e-6)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_candidates_start_at_the_baseline_of_their_own_loss():
    X, y = RNG.normal(size=(N_SAMPLES, 3)), RNG.gamma(1.0, size=N_SAMPLES)
    settings = {"optimizer": GradientDescent(1e-6), "max_iter": 2, "random_state": 0}
    reg = MLPRegressor((4,), loss=Huber(), **settings)
    grid = {"loss__delta": [1e-3, 1.0, 10.0]}
    fused = FusedGridSearchCV(reg, grid, cv=3).fit(X, y)
    plain = GridSearchCV(reg, grid, cv=3).fit(X, y)
    assert fused.fusion_report_.n_groups == 1
    scores = fused.cv_results_["mean_test_score"]
    np.testing.assert_allclose(scores, plain.cv_results_["mean_test_score"], rtol=1e-9)
    assert len(set(scores)) == 3


@pytest.mark.parametrize("size", [1e-3, 0.3, 1.35, 1e3])
@pytest.mark.parametrize("shift", [0.0, 1e6])
@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("n_samples", [1, 2, 7, 400])
def test_the_centre_of_clipped_residuals(n_samples, is_weighted, shift, size):
    """Few steps find what halving an interval does, with heavy tails, ties and outliers, too."""
    rng = np.random.default_rng(n_samples)
    kinds = (
        rng.normal(size=n_samples),
        rng.standard_cauchy(n_samples),
        rng.integers(3, size=n_samples),
    )
    y = np.column_stack([*kinds, np.where(np.arange(n_samples), kinds[0], 1e9)]) + shift
    weight = rng.integers(1, 9, size=n_samples) / 8 if is_weighted else None

    def clipped(residual):
        return np.clip(residual, -size, size)

    def loss(raw):
        distance = abs(raw - y)
        near = np.minimum(distance, size)
        return np.average(near * (distance - near / 2), axis=0, weights=weight)

    found, halved = centre_of_clipped(y, weight, size), zero_of_slopes(clipped, y, weight)
    assert (loss(found) <= loss(halved) * (1 + 1e-9) + 1e-12 * size**2).all()


@pytest.mark.parametrize("n_samples", [60, 40_001])
@pytest.mark.parametrize(
    "kinds",
    [
        [(Huber(0.1), False), (Huber(2.0), False), (Huber(0.1), True)],
        [(Huber(0.1), False)] * 3,
        [(Huber(0.1), True)] * 3,
        [(Huber(0.1), False), (Huber(0.1), True)],
        [(Huber(2.0), True)],
    ],
    ids=["of each", "of all", "of all, weighted", "of two", "of one"],
)
@pytest.mark.parametrize("has_intercept", [True, False])
def test_the_loss_of_the_null_model(has_intercept, kinds, n_samples):
    """Every fit of a stack has its own loss and weights."""
    weight = RNG.uniform(0.5, 1.5, n_samples)
    weight *= n_samples / weight.sum()
    fits = [(loss, weight if is_weighted else None) for loss, is_weighted in kinds]
    jobs = [
        job_of(
            network=Network((3, 2), output_bias=has_intercept),
            loss=loss,
            penalty=NoPenalty(),
            optimizer=GradientDescent(),
            schedule=Constant(),
            max_iter=1,
            tol=0.0,
            n_iter_no_change=1,
            batch_size=10,
            shuffle=False,
            early_stopping=False,
            dropout=(),
            seed=0,
            dtype="float64",
            sample_weight=one_weight,
        )
        for loss, one_weight in fits
    ]
    source = InMemory(RNG.normal(size=(n_samples, 3)), RNG.gamma(2.0, size=(n_samples, 2)) + 4)
    found = Constants(jobs, build_stack(jobs, Placement(np)), source, 10).null_losses
    for k, (loss, one_weight) in enumerate(fits):
        raw = loss.baseline(source.y, one_weight) if has_intercept else np.zeros(2)
        np.testing.assert_allclose(found[k], mean_loss(loss, source.y, raw, one_weight), rtol=1e-12)


def test_what_constants_cost_is_found_once(monkeypatch):
    """Progress, and divergence, are measured by the losses of 0 and of the best constant."""
    calls, define = [], SquaredError.value_and_gradient

    def counted(self, y, raw):
        calls.extend(np.unique(raw).tolist())
        return define(self, y, raw)

    monkeypatch.setattr(SquaredError, "value_and_gradient", counted)
    X, y = RNG.normal(size=(N_SAMPLES, 3)), RNG.normal(size=N_SAMPLES) + 5
    LinearRegressor(optimizer="closed_form").fit(X, y)
    assert calls == [0.0, pytest.approx(y.mean())]
