"""Successive halving: scikit-learn's rungs, and survivors that go on instead of beginning anew."""

from itertools import product

import joblib
import numpy as np
import pytest
from scipy.stats import loguniform
from sklearn.datasets import make_classification
from sklearn.exceptions import FitFailedWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 (makes the next import work)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import HalvingGridSearchCV, HalvingRandomSearchCV, KFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

import skopt_suite.model_selection._engine.passes as passes
from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.model_selection import FusedHalvingGridSearchCV, FusedHalvingRandomSearchCV
from skopt_suite.optimizers import OPTIMIZERS

from .problems import CLASSES, NUMBERS, WEIGHTS, assert_same_results

MLP = {"hidden_layer_sizes": (6,), "schedule": "constant", "batch_size": 32, "random_state": 0}
RATES = {"optimizer__learning_rate": [1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1]}
ALPHAS = {"penalty__alpha": [1e-4, 1e-3, 1e-2, 1e-1, 1.0]}
EPOCHS = {"resource": "max_iter", "min_resources": 2, "max_resources": 8, "factor": 2, "cv": 3}
ROWS = {"resource": "n_samples", "min_resources": 40, "factor": 2, "cv": 3, "random_state": 0}


def both(estimator, grid, data, fit_params=None, **settings):
    fused = FusedHalvingGridSearchCV(estimator, grid, **settings).fit(*data, **(fit_params or {}))
    plain = HalvingGridSearchCV(estimator, grid, **settings).fit(*data, **(fit_params or {}))
    return fused, plain


def assert_same_halving(fused, plain, tolerance=1e-6):
    assert_same_results(fused, plain, tolerance)
    for name in (
        "n_resources_",
        "n_candidates_",
        "n_remaining_candidates_",
        "n_iterations_",
        "n_possible_iterations_",
        "n_required_iterations_",
        "min_resources_",
        "max_resources_",
    ):
        assert getattr(fused, name) == getattr(plain, name), name


def count_epochs(monkeypatch):
    """Return a list that gets the epochs of every fit that is trained."""
    epochs = []

    def counting(jobs, *args, **settings):
        results = train(jobs, *args, **settings)
        for job, result in zip(jobs, results, strict=True):
            epochs.append(result.n_iter - (job.paused.epoch if job.paused else 0))
        return results

    train = passes.train
    monkeypatch.setattr(passes, "train", counting)
    return epochs


FROM_WHERE_THEY_ARE = {
    "shuffling": (MLPClassifier(**MLP), RATES),
    "dropout": (MLPClassifier(**MLP, dropout=0.3), RATES),
    "momentum": (MLPClassifier(**MLP, optimizer="momentum"), RATES),
    "AdamW with L1": (
        MLPClassifier(**MLP, optimizer="adamw", penalty="l1"),
        {"optimizer__learning_rate": [1e-3, 1e-2], "penalty__alpha": [1e-4, 1e-2]},
    ),
    "early stopping, which keeps the best parameters": (
        MLPClassifier(**MLP, early_stopping=True, n_iter_no_change=3, validation_fraction=0.3),
        {"optimizer__learning_rate": [1e-2, 3e-2, 1e-1, 3e-1, 1.0]},
    ),
    "patience": (
        LinearClassifier(optimizer="sgd", random_state=0, batch_size=32, n_iter_no_change=2),
        {"optimizer__learning_rate": [1e-2, 1e-1, 1.0], "tol": [1e-3, 3e-2]},
    ),
    "weights of classes": (
        MLPClassifier(**MLP),
        {"class_weight": [None, "balanced", {0: 5, 1: 1, 2: 1}], **RATES},
    ),
    "schedules without an end": (
        MLPClassifier(**MLP),
        {"schedule": ["step", "exponential", "inverse_time", "reduce_on_plateau"],
         "optimizer__learning_rate": [1e-2, 1e-1]},
    ),
    "several passes": (
        MLPClassifier(**MLP),
        {"optimizer": ["adam", "nesterov"], "hidden_layer_sizes": [(4,), (8, 4)],
         "optimizer__learning_rate": [1e-3, 1e-2]},
    ),
    "L-BFGS": (LinearClassifier(optimizer="lbfgs", tol=1e-12), ALPHAS),
    "FISTA": (LinearClassifier(optimizer="fista", penalty="l1", tol=1e-12), ALPHAS),
    "gradient descent": (LinearClassifier(optimizer="gradient_descent"), RATES),
    "solvers that converge in a rung": (LinearClassifier(optimizer="lbfgs", tol=0.05), ALPHAS),
    "float32": (MLPClassifier(**MLP, dtype="float32"), RATES),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("case", FROM_WHERE_THEY_ARE)
def test_survivors_get_the_results_of_fits_that_begin_anew(case, monkeypatch):
    epochs = count_epochs(monkeypatch)
    fused, plain = both(*FROM_WHERE_THEY_ARE[case], CLASSES, **EPOCHS, refit=False)
    assert_same_halving(fused, plain)
    assert len(fused.n_resources_) > 1
    n_new = np.diff([0, *fused.n_resources_])  # epochs that a rung adds to those before
    assert sum(epochs) <= 3 * np.dot(fused.n_candidates_, n_new)


def test_survivors_are_not_trained_anew(monkeypatch):
    epochs = count_epochs(monkeypatch)
    search = FusedHalvingGridSearchCV(MLPClassifier(**MLP), RATES, **EPOCHS, refit=False)
    search.fit(*CLASSES)
    assert (search.n_candidates_, search.n_resources_) == ([6, 3, 2], [2, 4, 8])
    assert sorted(epochs) == sorted([2] * 6 * 3 + [2] * 3 * 3 + [4] * 2 * 3)


def test_a_rung_with_patience_enough_to_hold_rows_out_begins_anew():
    """Whether "auto" stops early depends on epochs, too, and before all rows were trained on."""
    data = make_classification(1600, 6, n_informative=4, n_redundant=0, n_classes=3, random_state=0)
    estimator = MLPClassifier(**MLP, n_iter_no_change=3)
    fused, plain = both(estimator, RATES, data, **{**EPOCHS, "cv": 2}, refit=False)
    assert_same_halving(fused, plain)
    assert fused.n_resources_ == [2, 4, 8]


def test_a_fit_that_has_converged_is_not_trained_further(monkeypatch):
    epochs = count_epochs(monkeypatch)
    estimator = LinearClassifier(optimizer="lbfgs", tol=1e-2)
    grid = {"penalty__alpha": [0.1, 0.2, 0.3, 0.4]}
    settings = {**EPOCHS, "min_resources": 100, "max_resources": 400}
    fused, plain = both(estimator, grid, CLASSES, **settings)
    assert_same_halving(fused, plain)
    assert len(epochs) == 4 * 3  # only in the first rung
    last = len(fused.cv_results_["params"]) - 1
    assert fused.loss_curves_[last][0] is not None


@pytest.mark.parametrize("name", list(OPTIMIZERS))
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_state_of_every_optimizer_goes_on(name):
    of_kinks = ("interior_point", "dual_coordinate_descent")
    loss = "absolute_error" if name in of_kinks else "squared_error"
    estimator = LinearRegressor(optimizer=name, loss=loss, random_state=0, batch_size=32, tol=0)
    settings = {**EPOCHS, "min_resources": 3, "max_resources": 12}
    fused, plain = both(estimator, ALPHAS, NUMBERS, **settings, refit=False)
    assert_same_halving(fused, plain)


@pytest.mark.filterwarnings("ignore:.*(test|train) scores are non-finite")
def test_a_fit_that_diverged_does_not_come_back():
    estimator = LinearClassifier(optimizer="sgd", random_state=0, batch_size=32)
    grid = {"optimizer__learning_rate": [1e6, 1e-1, 1e7, 1e8]}
    settings = {**EPOCHS, "max_resources": 4}
    with pytest.warns(FitFailedWarning, match="The fit diverged"):
        fused, plain = both(estimator, grid, CLASSES, **settings)
    assert fused.n_candidates_ == [4, 2]
    assert np.isnan(fused.cv_results_["mean_test_score"]).tolist() == [
        True, False, True, True, True, False,
    ]  # fmt: skip
    assert_same_halving(fused, plain)
    assert fused.loss_curves_[4] == [None] * 3


def test_schedules_with_an_end_are_stretched():
    """In a rung the factor is that of a schedule over the epochs of that rung."""
    estimator = MLPClassifier(**{**MLP, "schedule": "cosine"})
    fused, plain = both(estimator, RATES, CLASSES, **EPOCHS, refit=False)
    first = fused.cv_results_["iter"] == 0
    for key in ("mean_test_score", "mean_train_score"):
        np.testing.assert_allclose(fused.cv_results_[key][first], plain.cv_results_[key][first])
    curves = [curve[0] for curve in fused.loss_curves_]
    for k, params in enumerate(fused.cv_results_["params"]):
        assert len(curves[k]) == params["max_iter"]
    best_first = fused.cv_results_["params"].index({**fused.best_params_, "max_iter": 2})
    np.testing.assert_array_equal(curves[fused.best_index_][:2], curves[best_first])
    alone = MLPClassifier(**{**MLP, "schedule": "cosine"}).set_params(**fused.best_params_)
    train_rows, _ = next(iter(fused._checked_cv_orig.split(*CLASSES)))
    alone.fit(CLASSES[0][train_rows], CLASSES[1][train_rows])
    assert not np.allclose(curves[fused.best_index_], alone.loss_curve_)


@pytest.mark.parametrize("case", ["scale changes", "sample weights", "last steps of other kinds"])
def test_epochs_of_the_last_step_of_a_pipeline(case, monkeypatch):
    pipeline = Pipeline([("scale", StandardScaler()), ("mlp", MLPClassifier(**MLP))])
    grid = {f"mlp__{name}": values for name, values in RATES.items()}
    settings = {**EPOCHS, "resource": "mlp__max_iter"}
    fit_params = None
    if case == "scale changes":
        grid["scale"] = [StandardScaler(), "passthrough"]
    elif case == "sample weights":
        fit_params = {"mlp__sample_weight": WEIGHTS}
    else:
        grid = [
            {"mlp": [LogisticRegression(C=1e-9), MLPClassifier(**MLP)]},
            {"mlp": [MLPClassifier(**MLP)], "mlp__optimizer__learning_rate": [1e-2, 1e-1]},
        ]
        settings |= {"min_resources": 30, "max_resources": 60}
    epochs = count_epochs(monkeypatch)
    fused, plain = both(pipeline, grid, CLASSES, fit_params, **settings)
    assert_same_halving(fused, plain)
    n_new = np.diff([0, *fused.n_resources_])
    assert sum(epochs) <= 3 * np.dot(fused.n_candidates_, n_new)


@pytest.mark.parametrize(
    ("estimator", "data"),
    [
        (MLPClassifier(**MLP, max_iter=4), CLASSES),
        (MLPRegressor(**MLP, max_iter=4), NUMBERS),
        (Pipeline([("scale", StandardScaler()), ("mlp", MLPClassifier(**MLP, max_iter=4))]),
         CLASSES),
    ],
)  # fmt: skip
def test_more_rows_at_every_rung(estimator, data):
    prefix = "mlp__" if isinstance(estimator, Pipeline) else ""
    grid = {prefix + name: values for name, values in RATES.items()}
    fused, plain = both(estimator, grid, data, **ROWS)
    assert_same_halving(fused, plain)
    assert fused.n_resources_[0] < fused.n_resources_[-1]


BY_RESOURCE = {
    "aggressive elimination": {"aggressive_elimination": True, "max_resources": 4},
    "exhausted resources": {"min_resources": "exhaust"},
    "another factor": {"factor": 1.5},
}
SETTINGS = {
    **BY_RESOURCE,
    "a score": {"scoring": "f1_macro"},
    "no training scores": {"return_train_score": False},
    "refit by function": {"refit": lambda results: 0},
    "no refit": {"refit": False},
    "a splitter": {"cv": KFold(3, shuffle=True, random_state=3)},
}


@pytest.mark.parametrize(
    ("case", "resource"), [*product(SETTINGS, ["max_iter"]), *product(BY_RESOURCE, ["n_samples"])]
)
def test_settings(case, resource):
    settings = {**(EPOCHS if resource == "max_iter" else ROWS), **SETTINGS[case]}
    if resource == "n_samples" and "max_resources" in settings:
        settings["max_resources"] = 80
    estimator = MLPClassifier(**MLP, **({} if resource == "max_iter" else {"max_iter": 3}))
    assert_same_halving(*both(estimator, RATES, CLASSES, **settings))


@pytest.mark.parametrize("resource", ["max_iter", "n_samples"])
def test_random_search(resource):
    settings = {**(EPOCHS if resource == "max_iter" else ROWS), "random_state": 0}
    settings["n_candidates"] = 9
    estimator = MLPClassifier(**MLP, **({} if resource == "max_iter" else {"max_iter": 3}))
    space = {"optimizer__learning_rate": loguniform(1e-4, 1e-1), "dropout": [0.0, 0.2]}
    fused = FusedHalvingRandomSearchCV(estimator, space, **settings).fit(*CLASSES)
    plain = HalvingRandomSearchCV(estimator, space, **settings).fit(*CLASSES)
    assert_same_halving(fused, plain)


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_parallel(backend):
    search = FusedHalvingGridSearchCV(MLPClassifier(**MLP), RATES, **EPOCHS)
    one = search.fit(*CLASSES).cv_results_
    with joblib.parallel_config(backend=backend, n_jobs=2):
        two = search.fit(*CLASSES).cv_results_
    np.testing.assert_allclose(one["mean_test_score"], two["mean_test_score"])


def test_fits_without_a_seed_go_on():
    """They share one that holds for all rungs."""
    estimator = MLPClassifier(**{**MLP, "random_state": None})
    search = FusedHalvingGridSearchCV(estimator, RATES, **EPOCHS, refit=False).fit(*CLASSES)
    n_first = search.n_candidates_[0]
    rates = [params["optimizer__learning_rate"] for params in search.cv_results_["params"]]
    for k in range(n_first, len(rates)):
        before = max(j for j in range(k) if rates[j] == rates[k])
        shorter, longer = search.loss_curves_[before][0], search.loss_curves_[k][0]
        np.testing.assert_array_equal(longer[: len(shorter)], shorter)


def test_values_that_cannot_be_pickled():
    class Local(StandardScaler):
        pass

    pipeline = Pipeline([("scale", StandardScaler()), ("mlp", MLPClassifier(**MLP))])
    grid = {"scale": [Local(), Local(with_mean=False)], "mlp__penalty__alpha": [1e-3, 1e-1]}
    fused, plain = both(pipeline, grid, CLASSES, **{**EPOCHS, "resource": "mlp__max_iter"})
    np.testing.assert_allclose(
        fused.cv_results_["mean_test_score"], plain.cv_results_["mean_test_score"]
    )


def test_report_and_curves_have_an_entry_per_rung():
    search = FusedHalvingGridSearchCV(MLPClassifier(**MLP), RATES, **EPOCHS).fit(*CLASSES)
    n_entries = sum(search.n_candidates_)
    assert len(search.fusion_report_.entries) == len(search.loss_curves_) == n_entries
    for params, curves in zip(search.cv_results_["params"], search.loss_curves_, strict=True):
        assert [len(curve) for curve in curves] == [params["max_iter"]] * 3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"resource": "n_epochs", "max_resources": 8}, "Cannot use resource=n_epochs"),
        ({"resource": "max_iter"}, "resource can only be 'n_samples' when max_resources='auto'"),
        ({"factor": 0}, "The 'factor' parameter of FusedHalvingGridSearchCV must be"),
        ({"max_memory": "much"}, "FusedHalvingGridSearchCV: max_memory must be"),
        ({"cv": KFold(3, shuffle=True)}, "must yield consistent folds across calls"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        FusedHalvingGridSearchCV(MLPClassifier(**MLP), RATES, **settings).fit(*CLASSES)
