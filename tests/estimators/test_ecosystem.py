"""The estimators inside scikit-learn's tools, with components as parameters to tune."""

import pickle

import joblib
import numpy as np
import pytest
import sklearn
from scipy.stats import loguniform
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    cross_val_score,
    cross_validate,
    learning_curve,
    validation_curve,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_html_repr

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.optimizers import SGD, Adam
from skopt_suite.penalties import L1, L2
from skopt_suite.schedules import Cosine, Warmup

X, y = load_breast_cancer(return_X_y=True)
X, y = X[:200], y[:200]


def _pipeline(**parameters):
    mlp = MLPClassifier((8,), max_iter=10, batch_size=32, random_state=0, **parameters)
    return Pipeline([("scale", StandardScaler()), ("mlp", mlp)])


def _search(grid, **options):
    return GridSearchCV(_pipeline(), grid, cv=2, **options).fit(X, y)


# ----------------------------------------------------------------------------- searches


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_grid_over_every_component(n_jobs):
    grid = {
        "mlp__optimizer__learning_rate": [1e-5, 1e-2],
        "mlp__penalty__alpha": [0.0, 1e-2],
        "mlp__schedule": ["constant", Cosine(), Warmup("step")],
    }
    search = _search(grid, n_jobs=n_jobs)
    assert len(search.cv_results_["params"]) == 12
    assert search.best_params_["mlp__optimizer__learning_rate"] == 1e-2
    best = search.best_estimator_["mlp"]
    assert (best.optimizer_.name, best.optimizer_.learning_rate) == ("adamw", 1e-2)
    assert best.penalty_.alpha == search.best_params_["mlp__penalty__alpha"]
    assert search.score(X, y) > 0.9
    assert isinstance(search.estimator["mlp"].optimizer, str)  # what the user gave is as it was


def test_grid_of_names_and_objects():
    search = _search({"mlp__optimizer": ["sgd", Adam(learning_rate=3e-4)]})
    names = [type(value).__name__ for value in search.cv_results_["param_mlp__optimizer"]]
    assert names == ["str", "Adam"]
    assert len(set(search.cv_results_["mean_test_score"])) == 2


@pytest.mark.parametrize("optimizers", [["sgd", "adam"], [SGD(), Adam()]], ids=["name", "object"])
def test_grid_of_optimizers_and_their_rates(optimizers):
    grid = {"mlp__optimizer": optimizers, "mlp__optimizer__learning_rate": [1e-4, 0.05]}
    search = _search(grid)
    scores = search.cv_results_["mean_test_score"]
    alone = [
        cross_val_score(_pipeline(optimizer=optimizer(learning_rate=rate)), X, y, cv=2).mean()
        for optimizer in (SGD, Adam)
        for rate in (1e-4, 0.05)
    ]
    np.testing.assert_allclose(scores, alone)  # rates went to the right optimizers, in each fit
    assert [getattr(o, "learning_rate", None) for o in optimizers] in ([None] * 2, [0.01, 0.001])


def test_randomized_search():
    distributions = {
        "mlp__optimizer__learning_rate": loguniform(1e-4, 1e-1),
        "mlp__penalty": [L1(1e-3), "none"],
    }
    search = RandomizedSearchCV(_pipeline(), distributions, n_iter=4, cv=2, random_state=0)
    assert search.fit(X, y).best_score_ > 0.8


def test_halving_search_over_epochs():
    search = HalvingGridSearchCV(
        _pipeline(),
        {"mlp__optimizer__learning_rate": [1e-5, 1e-4, 1e-3, 1e-2]},
        resource="mlp__max_iter",
        min_resources=3,
        max_resources=12,
        factor=2,
        cv=2,
        random_state=0,
    ).fit(X, y)
    assert search.n_resources_ == [3, 6, 12]
    assert search.best_estimator_["mlp"].n_iter_ == 12


# ----------------------------------------------------------------------- model selection


def test_cross_validation():
    assert cross_val_score(_pipeline(), X, y, cv=3).shape == (3,)
    result = cross_validate(
        _pipeline(), X, y, cv=2, scoring=["accuracy", "roc_auc"], return_estimator=True
    )
    assert np.all(result["test_roc_auc"] > 0.6)
    assert result["estimator"][0]["mlp"].n_iter_ == 10


def test_curves():
    sizes, train, _ = learning_curve(_pipeline(), X, y, cv=2, train_sizes=[0.5, 1.0])
    assert train.shape == (len(sizes), 2)
    _, online, _ = learning_curve(
        MLPClassifier((4,), random_state=0),
        StandardScaler().fit_transform(X),
        y,
        cv=2,
        train_sizes=[0.5, 1.0],
        exploit_incremental_learning=True,
    )
    assert online.shape == (2, 2)
    alphas = [1e-4, 1e3]
    train, _ = validation_curve(
        make_pipeline(StandardScaler(), LinearClassifier()),
        X,
        y,
        param_name="linearclassifier__penalty__alpha",
        param_range=alphas,
        cv=2,
    )
    assert train[0].mean() > train[1].mean()


@pytest.mark.parametrize(
    "model",
    [
        LinearClassifier(penalty=L1(0.01)),
        LinearRegressor(optimizer="adam", schedule=Warmup("cosine"), max_iter=10),
        MLPClassifier((8,), optimizer=Adam(0.01), max_iter=5),
        MLPRegressor((8,), penalty="elastic_net", max_iter=5),
    ],
    ids=lambda model: type(model).__name__,
)
def test_copies(model, tmp_path):
    scaled = StandardScaler().fit_transform(X)
    fitted = model.fit(scaled, y)
    copy = clone(fitted)
    assert repr(copy) == repr(fitted)
    assert not hasattr(copy, "n_iter_")
    pickled = pickle.loads(pickle.dumps(fitted))
    joblib.dump(fitted, tmp_path / "model.joblib")
    for loaded in (pickled, joblib.load(tmp_path / "model.joblib")):
        np.testing.assert_array_equal(loaded.predict(X), fitted.predict(X))
    if hasattr(fitted, "partial_fit"):  # the state of the optimizer is saved too
        for going_on in (fitted, pickled):
            going_on.partial_fit(scaled, y)
        np.testing.assert_array_equal(pickled.predict(X), fitted.predict(X))


# -------------------------------------------------------------------------- meta-estimators


@pytest.mark.parametrize(
    "meta",
    [
        CalibratedClassifierCV(LinearClassifier(loss="squared_hinge"), cv=2),
        VotingClassifier(
            [("a", LinearClassifier()), ("b", _pipeline()), ("c", LogisticRegression())],
            voting="soft",
        ),
        BaggingClassifier(LinearClassifier(penalty="l1"), n_estimators=3, random_state=0),
        OneVsRestClassifier(MLPClassifier((4,), optimizer=Adam(0.01), random_state=0)),
    ],
    ids=lambda meta: type(meta).__name__,
)
def test_in_meta_estimators(meta):
    fitted = make_pipeline(StandardScaler(), meta).fit(X, y)
    assert fitted.score(X, y) > 0.9
    assert fitted.predict_proba(X).shape == (200, 2)


def test_permutation_importance():
    diabetes = load_diabetes(return_X_y=True)
    fitted = make_pipeline(StandardScaler(), LinearRegressor()).fit(*diabetes)
    importance = permutation_importance(fitted, *diabetes, n_repeats=2, random_state=0)
    assert importance.importances_mean.argmax() in (4, 8)  # s1, s5


def test_html_in_a_notebook():
    search = GridSearchCV(_pipeline(optimizer=Adam(0.01), penalty=L2(0.5)), {})
    for html in (
        estimator_html_repr(search),
        LinearClassifier().fit(X / X.max(0), y)._repr_html_(),
    ):
        assert "<style" in html
    assert "MLPClassifier" in estimator_html_repr(search)
    assert "Adam(learning_rate=0.01)" in estimator_html_repr(search)


# ------------------------------------------------------------------------- metadata routing


@pytest.fixture
def _routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.mark.usefixtures("_routing")
def test_weights_are_routed_through_search_and_pipeline():
    weight = np.where(y == 1, 100.0, 1.0)

    def search(request):
        model = _pipeline()
        model["scale"].set_fit_request(sample_weight=False)
        model["mlp"].set_fit_request(sample_weight=request).set_score_request(sample_weight=True)
        grid = {"mlp__optimizer__learning_rate": [1e-3]}
        return GridSearchCV(model, grid, cv=2).fit(X, y, sample_weight=weight)

    positives = [search(request).predict(X).mean() for request in (True, False)]
    assert positives[0] > positives[1] + 0.05


@pytest.mark.usefixtures("_routing")
def test_validation_data_are_routed():
    mlp = MLPClassifier((4,), max_iter=3, scoring="accuracy").set_fit_request(
        X_val=True, y_val=True
    )
    model = Pipeline([("scale", StandardScaler()), ("mlp", mlp)], transform_input=["X_val"])
    model.fit(X, y, X_val=X[:50], y_val=y[:50])
    last = model["mlp"].validation_scores_[-1]
    assert last == pytest.approx(model.score(X[:50], y[:50]), abs=1e-6)
