"""The signature of ``set_params``, which notebooks read at the tab key, names all it takes."""

import inspect
import pickle

import pytest
from sklearn.base import clone

from skopt_suite import LinearRegressor, MLPClassifier
from skopt_suite.optimizers import Adam, ClipGradient
from skopt_suite.schedules import Warmup
from skopt_suite.tabular import TabularMLPClassifier


def listed(one):
    """Return the values of named parameters by name."""
    parameters = inspect.signature(one.set_params).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}


@pytest.mark.parametrize(
    "one",
    [
        LinearRegressor(penalty="l1", optimizer="saga"),
        MLPClassifier((2,), optimizer=ClipGradient("adam"), schedule=Warmup("cosine")),
        TabularMLPClassifier(),
    ],
    ids=lambda one: type(one).__name__,
)
def test_all_that_are_listed_can_be_set_and_stay_without(one):
    before = str(one.set_params(**listed(one)))
    assert str(clone(one).set_params(**listed(one))) == before
    assert listed(one).keys() >= one.get_params().keys()


def test_names_of_what_is_chosen_by_name():
    clf = MLPClassifier(optimizer="adam", penalty="l1", schedule="warmup")
    assert listed(clf)["optimizer__learning_rate"] == Adam().learning_rate
    assert {"optimizer__beta1", "penalty__alpha", "schedule__schedule"} <= listed(clf).keys()
    assert "optimizer__momentum" not in listed(clf)
    clf.set_params(optimizer="sgd")
    assert "optimizer__beta1" not in listed(clf)
    clf.set_params(optimizer__learning_rate=0.5)
    assert listed(clf)["optimizer__learning_rate"] == 0.5


def test_names_are_not_parameters():
    clf = MLPClassifier(optimizer="adam")
    assert "optimizer__beta1" not in clf.get_params()
    assert MLPClassifier(**clf.get_params()).optimizer == "adam"


def test_it_is_a_method_like_others():
    clf = MLPClassifier()
    assert [*inspect.signature(MLPClassifier.set_params).parameters] == ["self", "params"]
    assert inspect.ismethod(clf.set_params)
    assert clf.set_params.__doc__ == MLPClassifier.set_params.__doc__
    assert pickle.loads(pickle.dumps(clf.set_params))(max_iter=3).max_iter == 3
    assert MLPClassifier.set_params(clf, max_iter=4) is clf
    assert clf.max_iter == 4
