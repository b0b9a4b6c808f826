"""What is saved holds arrays, specifications and public names; models of earlier versions load."""

import copy
import importlib
import io
import json
import pickle
from pathlib import Path

import joblib
import numpy as np
import pytest
import skops.io
from sklearn.base import BaseEstimator
from sklearn.datasets import make_classification

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.optimizers import OPTIMIZERS
from skopt_suite.schedules import Cosine, ReduceOnPlateau, Step, Warmup

DATA = Path(__file__).parents[1] / "data"
VERSIONS = sorted(path.stem.removeprefix("models-") for path in DATA.glob("models-*.pkl"))
X, y = make_classification(n_samples=60, n_features=5, random_state=0)
KINKED = ("interior_point", "dual_coordinate_descent")
SETTINGS = {"max_iter": 4, "tol": 1.0, "random_state": 0}
MODELS = [
    *(
        LinearRegressor(optimizer=name, tol=1.0, random_state=0)
        for name in OPTIMIZERS
        if name not in KINKED
    ),
    *(LinearRegressor(optimizer=name, loss="absolute_error", tol=1.0) for name in KINKED),
    LinearClassifier(optimizer="nesterov", schedule=Cosine(), **SETTINGS),
    MLPClassifier((6, 3), schedule=Step(2), early_stopping=True, **SETTINGS),
    MLPRegressor((6,), dropout=0.2, schedule=Warmup(ReduceOnPlateau(patience=1)), **SETTINGS),
]
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def _through_joblib(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    return joblib.load(file)


def _through_skops(model):
    text = skops.io.dumps(model)
    return skops.io.loads(text, trusted=skops.io.get_untrusted_types(data=text))


WAYS = {
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "twice": lambda model: pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(model)))),
    "joblib": _through_joblib,
    "deepcopy": copy.deepcopy,
    "skops": _through_skops,
}


class _Names(pickle.Unpickler):
    """Collects the names of the classes that a pickle refers to."""

    def __init__(self, text):
        super().__init__(io.BytesIO(text))
        self.found = set()

    def find_class(self, module, name):
        self.found.add(f"{module}.{name}")
        return super().find_class(module, name)


def _names_in(model):
    names = _Names(pickle.dumps(model))
    names.load()
    return names.found


def _fitted(model):
    return copy.copy(model).fit(X, y)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("model", MODELS, ids=str)
def test_a_saved_model_predicts_and_goes_on(model, way):
    fitted = _fitted(model)
    loaded = WAYS[way](fitted)
    np.testing.assert_array_equal(loaded.predict(X), fitted.predict(X))
    assert loaded.get_params(deep=False).keys() == fitted.get_params(deep=False).keys()
    if not hasattr(fitted, "partial_fit"):
        return
    for _ in range(2):
        fitted.partial_fit(X, y)
        loaded.partial_fit(X, y)
    expected = fitted.coef_ if hasattr(fitted, "coef_") else fitted.coefs_[0]
    got = loaded.coef_ if hasattr(loaded, "coef_") else loaded.coefs_[0]
    np.testing.assert_allclose(got, expected, rtol=1e-6)
    assert loaded.loss_curve_ == pytest.approx(fitted.loss_curve_)


@pytest.mark.parametrize("way", WAYS)
def test_a_saved_model_starts_warm(way):
    fitted = _fitted(MLPRegressor((6,), warm_start=True, **SETTINGS))
    loaded = WAYS[way](fitted)
    assert loaded.fit(X, y).loss_curve_ == pytest.approx(fitted.fit(X, y).loss_curve_)


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_pickles_name_what_is_public(model):
    ours = {name for name in _names_in(_fitted(model)) if name.startswith("skopt_suite")}
    assert ours
    assert not [name for name in ours if "._" in name]


def test_pickles_of_searches_name_what_is_public():
    grid = {"penalty__alpha": [0.1, 0.2]}
    search = FusedGridSearchCV(LinearClassifier(), grid, cv=2).fit(X, y)
    names = _names_in(search)
    assert pickle.loads(pickle.dumps(search)).fusion_report_ == search.fusion_report_
    assert not [name for name in names if name.startswith("skopt_suite") and "._" in name]


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_pickles_hold_no_random_state(model):
    assert not [name for name in _names_in(_fitted(model)) if "random" in name]


def test_a_pickle_is_little_larger_than_parameters_and_moments():
    model = MLPRegressor((200,), **SETTINGS).fit(X, y)
    n_bytes = sum(part.nbytes for part in [*model.coefs_, *model.intercepts_])
    assert len(pickle.dumps(model)) < 3 * n_bytes + 3000


@pytest.mark.parametrize(
    "package", ["", ".losses", ".model_selection", ".optimizers", ".penalties", ".schedules"]
)
def test_public_classes_are_of_their_package(package):
    module = importlib.import_module(f"skopt_suite{package}")
    shown = [getattr(module, name) for name in module.__all__]
    classes = [one for one in shown if isinstance(one, type) and issubclass(one, BaseEstimator)]
    assert classes
    shows = [] if package else ["losses", "optimizers", "penalties", "schedules"]
    homes = {module.__name__, *(f"skopt_suite.{folder}" for folder in shows)}
    assert {one.__module__ for one in classes} == homes


def test_a_model_of_a_newer_version_is_refused():
    state = LinearRegressor().fit(X, y).__getstate__()
    with pytest.raises(ValueError, match="LinearRegressor: the model was saved by a newer"):
        LinearRegressor().__setstate__(state | {"_format": state["_format"] + 1})


def test_a_state_with_other_parts_begins_anew():
    """As that of an optimizer which a later version has given another moment."""
    model = _fitted(LinearRegressor(optimizer="adam", **SETTINGS))
    state = model.__getstate__()
    del state["_memory"]["optimizer"]["moments"]
    loaded = LinearRegressor()
    loaded.__setstate__(state)
    assert loaded.partial_fit(X, y).n_iter_ == model.n_iter_ + 1


@pytest.mark.parametrize("kind", ["pkl", "skops"])
@pytest.mark.parametrize("version", VERSIONS)
def test_models_of_earlier_versions_load(version, kind):
    text = (DATA / f"models-{version}.{kind}").read_bytes()
    if kind == "pkl":
        models = pickle.loads(text)
    else:
        models = skops.io.loads(text, trusted=skops.io.get_untrusted_types(data=text))
    stored = json.loads((DATA / f"models-{version}.json").read_text())
    rows = np.array(stored["X"])
    assert models.keys() == stored["predicted"].keys()
    for name, model in models.items():
        expected, predicted = np.array(stored["predicted"][name]), model.predict(rows)
        if expected.dtype.kind == "f":
            np.testing.assert_allclose(predicted, expected, rtol=1e-4)
        else:
            np.testing.assert_array_equal(predicted, expected)
        if hasattr(model, "partial_fit"):
            assert model.partial_fit(rows, expected).n_iter_ > 1


def test_there_is_a_model_of_an_earlier_version():
    assert "0.1.0" in VERSIONS
