"""Random searches: of ranges that components declare, and for as long as there is time."""

import itertools
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import loguniform
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    ParameterSampler,
    RandomizedSearchCV,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skopt_suite.model_selection._engine.time_limit as time_limit
from skopt_suite import LinearClassifier, MLPClassifier, MLPRegressor
from skopt_suite.model_selection import FusedRandomizedSearchCV, search_space
from skopt_suite.model_selection._space import with_other_sizes

from .problems import CLASSES, NUMBERS, assert_same_results

MLP = MLPClassifier((8,), batch_size=32, max_iter=3, random_state=0)
RATES = {"optimizer__learning_rate": loguniform(1e-4, 1e-1)}


def search(estimator=MLP, space=RATES, data=CLASSES, **settings):
    settings = {"n_iter": 11, "cv": 3, "random_state": 0, **settings}
    return FusedRandomizedSearchCV(estimator, space, **settings).fit(*data)


class Clock:
    """A clock on which every candidate takes a second."""

    def __init__(self, monkeypatch, seconds=1.0):
        self.now, self.seconds = 0.0, seconds
        monkeypatch.setattr(time_limit, "time", SimpleNamespace(monotonic=lambda: self.now))
        run_search = FusedRandomizedSearchCV._in_rounds
        self.rounds = []

        def in_rounds(owner, candidates):
            for some in run_search(owner, candidates):
                self.rounds.append(len(some))
                yield some
                self.now += len(some) * self.seconds

        monkeypatch.setattr(FusedRandomizedSearchCV, "_in_rounds", in_rounds)


@pytest.mark.parametrize(
    "estimator",
    [MLP, make_pipeline(StandardScaler(), MLP), LinearClassifier(optimizer="adam", max_iter=3)],
)
def test_automatic_space(estimator):
    found = search(estimator, "auto", n_iter=5)
    plain = RandomizedSearchCV(
        estimator, search_space(estimator), n_iter=5, cv=3, random_state=0
    ).fit(*CLASSES)
    assert_same_results(found, plain, tolerance=1e-6)
    assert list(found.param_distributions_) == list(search_space(estimator))
    assert found.get_params()["param_distributions"] == "auto"
    assert found.fusion_report_.n_groups == 1


def test_automatic_space_of_a_regressor():
    found = search(MLPRegressor(max_iter=3, loss="huber", random_state=0), "auto", NUMBERS)
    assert "loss__delta" in found.best_params_


def test_some_candidates_have_layers_of_another_size():
    for estimator, name in [
        (MLP, "hidden_layer_sizes"),
        (OneVsRestClassifier(MLP), "estimator__hidden_layer_sizes"),
    ]:
        found = search(estimator, "auto", n_iter=19, cv=2, refit=False)
        sizes = [one.pop(name, (8,)) for one in found.cv_results_["params"]]
        assert sizes[:8] == [(8,)] * 8
        assert len(set(sizes[8:16])) == len(set(sizes[16:])) == 1
        assert set(sizes[8:]) < {(4,), (16,), (8, 8)}
        assert found.fusion_report_.n_groups == 3
        drawn = ParameterSampler(search_space(estimator), 19, random_state=0)
        assert found.cv_results_["params"] == list(drawn)


@pytest.mark.parametrize(
    ("estimator", "is_searched"),
    [
        (MLPClassifier((8, 8), dropout=[0.1, 0.2]), {(4, 4), (16, 16)}),
        (MLPClassifier((2,), normalization="layer"), {(4,), (2, 2)}),
        (LinearClassifier(), set()),
    ],
)
def test_only_sizes_that_are_accepted_are_searched(estimator, is_searched):
    drawn = with_other_sizes([{} for _ in range(800)], estimator, random_state=0)
    assert {one.get("hidden_layer_sizes") for one in drawn} == {None, *is_searched}


def test_what_was_given_is_what_was_drawn_from():
    assert search(n_iter=2).param_distributions_ is RATES


def test_automatic_space_needs_an_estimator_that_declares_one():
    for estimator in (RandomForestClassifier(), make_pipeline(StandardScaler(), "passthrough")):
        with pytest.raises(TypeError, match="estimator must be one of skopt_suite, or a Pipeline"):
            search(estimator, "auto", scoring="accuracy")
    with pytest.raises(ValueError, match="nothing to search"):
        search(LinearClassifier(penalty="none"), "auto")


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("max_time", 0),
        ("max_time", -1),
        ("max_time", "x"),
        ("max_time", np.nan),
        ("param_distributions", "automatic"),
        ("param_distributions", None),
        ("n_iter", 0),
    ],
)
def test_bad_settings_are_refused_first(name, bad):
    settings = {"param_distributions": RATES, name: bad}
    with pytest.raises(
        ValueError, match=f"The '{name}' parameter of FusedRandomizedSearchCV must be"
    ):
        FusedRandomizedSearchCV(MLP, **settings).fit(*CLASSES)


@pytest.mark.parametrize("max_time", [1e6, 1e300, np.float64(1e9), 10**9])
def test_with_enough_time_nothing_changes(max_time):
    assert_same_results(search(max_time=max_time), search())


def test_time_that_is_up(monkeypatch):
    """Rounds of 4 and 8 take 12 of 16 seconds, and the next has only 4 of its 16 candidates."""
    clock = Clock(monkeypatch)
    message = "max_time=16 seconds were used up after 16 of 40 candidates; the best of those"
    with pytest.warns(UserWarning, match=message):
        found = search(n_iter=40, max_time=16)
    assert clock.rounds == [4, 8, 4]
    assert_same_results(found, _first(16, of=40))
    assert len(found.fusion_report_.entries) == len(found.loss_curves_) == 16


def _first(n, of):
    """A search of scikit-learn with the first candidates of a longer one."""
    drawn = itertools.islice(ParameterSampler(RATES, of, random_state=0), n)
    grid = [{name: [value] for name, value in one.items()} for one in drawn]
    return GridSearchCV(MLP, grid, cv=3).fit(*CLASSES)


def test_the_first_round_is_tried_in_any_case(monkeypatch):
    clock = Clock(monkeypatch, seconds=100)
    with pytest.warns(UserWarning, match="max_time=0.5 seconds were used up after 4 of 11"):
        search(max_time=0.5)
    assert clock.rounds == [4]


def test_time_that_is_up_with_the_last_candidate_is_enough(monkeypatch):
    Clock(monkeypatch)
    assert len(search(n_iter=4, max_time=1e-3).cv_results_["params"]) == 4


def test_a_clock_that_does_not_move(monkeypatch):
    clock = Clock(monkeypatch, seconds=0)
    search(max_time=1)
    assert clock.rounds == [4, 7]


@pytest.mark.parametrize("cv", [KFold(3, shuffle=True), 3])
def test_all_rounds_have_the_same_splits(monkeypatch, cv):
    """Also of a splitter that shuffles anew with every call."""
    Clock(monkeypatch)
    splits = []

    class Recorded(FusedRandomizedSearchCV):
        def _splits(self, *args):
            splits.append(super()._splits(*args))
            return splits[-1]

    Recorded(MLP, RATES, n_iter=11, cv=cv, max_time=1e6).fit(*CLASSES)
    assert len(splits) == 1


def test_fits_without_a_seed_share_it_in_all_rounds(monkeypatch):
    Clock(monkeypatch)
    unseeded = MLPClassifier((8,), batch_size=32, max_iter=3)
    space = {"penalty__alpha": [1e-3] * 11}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = search(unseeded, space, n_iter=9, max_time=1e6)
    assert len(set(found.cv_results_["mean_test_score"])) == 1


@pytest.mark.filterwarnings("ignore:.*test scores are non-finite")
@pytest.mark.parametrize("scoring", [None, lambda e, X, y: {"a": e.score(X, y), "b": 1.0}])
def test_a_first_round_that_fails_altogether(scoring):
    """Is no error if later rounds do not, and failures are counted once over all rounds."""
    space = {"optimizer__learning_rate": [-1.0] * 5 + [1e-2] * 4}
    refit = "a" if scoring else True
    settings = {"n_iter": 9, "scoring": scoring, "refit": refit}
    outcomes = []
    for max_time in (None, 1e6):
        with pytest.warns(FitFailedWarning, match="15 fits failed out of a total of 27"):
            outcomes.append(search(space=space, max_time=max_time, **settings))
    assert_same_results(*outcomes)
    scores = outcomes[0].cv_results_["mean_test_a" if scoring else "mean_test_score"]
    assert np.isnan(scores[:4]).all()


def test_all_rounds_failing_is_an_error():
    with pytest.raises(ValueError, match="All the 33 fits failed"):
        search(space={"optimizer__learning_rate": [-1.0] * 11}, max_time=1e6)
