"""Grids and halvings that end when their time is up; random searches are with their own tests."""

from types import SimpleNamespace

import numpy as np
import pytest

import skopt_suite.model_selection._engine.time_limit as time_limit
from skopt_suite import MLPClassifier
from skopt_suite.model_selection import (
    FusedGridSearchCV,
    FusedHalvingGridSearchCV,
    FusedHalvingRandomSearchCV,
)
from skopt_suite.model_selection._engine.tasks import Runner

from .problems import CLASSES, assert_same_results

MLP = MLPClassifier((4,), batch_size=32, max_iter=2, random_state=0)
GRID = {"optimizer__learning_rate": [1e-3, 1e-2, 0.1], "penalty__alpha": [1e-4, 1e-2, 0.1, 1.0]}


@pytest.fixture
def sizes(monkeypatch):
    """Numbers of candidates per round, each of which takes a second on a clock that is patched."""
    rounds = []
    run = Runner.run

    def counted(self, candidates, *args):
        rounds.append(len(candidates))
        return run(self, candidates, *args)

    monkeypatch.setattr(Runner, "run", counted)
    monkeypatch.setattr(time_limit, "time", SimpleNamespace(monotonic=lambda: sum(rounds)))
    return rounds


def grid_search(**settings):
    return FusedGridSearchCV(MLP, GRID, cv=3, **settings).fit(*CLASSES)


def halving(**settings):
    return FusedHalvingGridSearchCV(
        MLP,
        {"optimizer__learning_rate": [1e-3, 1e-2, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0]},
        factor=2,
        resource="max_iter",
        min_resources=1,
        max_resources=8,
        cv=3,
        random_state=0,
        **settings,
    ).fit(*CLASSES)


def test_a_grid_with_enough_time_is_in_order(sizes):
    assert_same_results(grid_search(max_time=1e6), grid_search())
    assert sizes == [4, 8, 12]


def test_a_grid_whose_time_is_up(sizes):
    message = "FusedGridSearchCV: max_time=9 seconds were used up after 9 of 12 candidates"
    with pytest.warns(UserWarning, match=message):
        found = grid_search(max_time=9)
    assert sizes == [4, 5]
    every = grid_search()
    tried = [every.cv_results_["params"].index(one) for one in found.cv_results_["params"]]
    assert tried == sorted(tried) != list(range(9))
    scores = every.cv_results_["mean_test_score"][tried]
    np.testing.assert_array_equal(found.cv_results_["mean_test_score"], scores)
    assert found.best_score_ == max(scores)
    assert len(found.loss_curves_) == len(found.fusion_report_.entries) == 9
    assert found.fusion_report_.params == found.cv_results_["params"]


def test_halving_with_enough_time(sizes):
    timed, untimed = halving(max_time=1e6), halving()
    assert_same_results(timed, untimed)
    assert sizes == [8, 4, 2, 1] * 2


def test_halving_whose_time_is_up(sizes, monkeypatch):
    """A rung is expected to take as long as the one before: 10 seconds, of which 5 are left."""
    monkeypatch.setattr(time_limit, "time", SimpleNamespace(monotonic=lambda: 10 * len(sizes)))
    message = "FusedHalvingGridSearchCV: max_time=25 seconds were used up after 2 rungs; the best"
    with pytest.warns(UserWarning, match=message):
        found = halving(max_time=25)
    assert sizes == found.n_candidates_ == [8, 4]
    assert found.n_resources_ == [1, 2]
    every = halving()
    for name in ("n_required_iterations_", "n_possible_iterations_"):
        assert getattr(found, name) == getattr(every, name)
    assert (found.n_iterations_, found.n_remaining_candidates_) == (2, 2)
    scores = every.cv_results_["mean_test_score"][:12]
    np.testing.assert_array_equal(found.cv_results_["mean_test_score"], scores)
    assert found.best_score_ == max(scores[8:])


def test_the_first_rung_is_done_in_any_case(sizes):
    with pytest.warns(UserWarning, match="used up after 1 rung;"):
        halving(max_time=1e-3)
    assert sizes == [8]


@pytest.mark.parametrize(
    "search", [FusedGridSearchCV, FusedHalvingGridSearchCV, FusedHalvingRandomSearchCV]
)
@pytest.mark.parametrize("bad", [0, "x"])
def test_bad_times_are_refused_first(search, bad):
    message = f"The 'max_time' parameter of {search.__name__} must be"
    with pytest.raises(ValueError, match=message):
        search(MLP, GRID, max_time=bad).fit(*CLASSES)
