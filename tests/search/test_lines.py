"""The lines that ``verbose`` asks for are scikit-learn's, beside one for every pass."""

import pickle
import re

import pytest
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skopt_suite import MLPClassifier
from skopt_suite.model_selection import (
    FusedGridSearchCV,
    FusedRandomizedSearchCV,
    fused_cross_validate,
)
from skopt_suite.model_selection._engine import countdown

from .problems import CLASSES

MLP = MLPClassifier((4,), batch_size=32, max_iter=3, random_state=0)
RATES = {"optimizer__learning_rate": [1e-3, 1e-2, 1e-1]}
TWO_PASSES = RATES | {"batch_size": [32, 64]}
PASS = r"\[CV \d/\d\] pass \d: \d candidates?, [\d.]+ s, [\d,.]+( million)? rows/s"
VERBOSITIES = [1, 2, 3, 10]


def printed(capsys, run):
    """Return the lines of a run, without times and in an order that threads do not change."""
    run()
    out, err = capsys.readouterr()
    return [sorted(re.sub(r"[\d.]+(s|min)", "…", text).splitlines()) for text in (out, err)]


def searched(search_class, estimator, grid, verbose, **settings):
    search = search_class(estimator, grid, cv=2, refit=False, verbose=verbose, **settings)
    return lambda: search.fit(*CLASSES)


def both(capsys, *arguments, **settings):
    (ours, _), (theirs, _) = (
        printed(capsys, searched(cls, *arguments, **settings))
        for cls in (FusedGridSearchCV, GridSearchCV)
    )
    return ours, theirs


@pytest.mark.parametrize("verbose", VERBOSITIES)
@pytest.mark.parametrize("train", [False, True])
@pytest.mark.parametrize("scoring", [None, ["accuracy", "f1_macro"]])
def test_lines_of_fits_of_other_packages(capsys, verbose, train, scoring):
    settings = {"return_train_score": train, "scoring": scoring}
    ours, theirs = both(capsys, LogisticRegression(), {"C": [0.1, 1.0]}, verbose, **settings)
    assert ours == theirs


@pytest.mark.parametrize("verbose", [3, 10])
@pytest.mark.parametrize("train", [False, True])
@pytest.mark.parametrize("scoring", [None, ["accuracy", "f1_macro"]])
def test_lines_of_fits_in_passes_from_3_on(capsys, verbose, train, scoring):
    settings = {"return_train_score": train, "scoring": scoring}
    ours, theirs = both(capsys, MLP, TWO_PASSES, verbose, **settings)
    passes = [line for line in ours if " pass " in line]
    assert [line for line in ours if line not in passes] == theirs
    assert len(passes) == 2 * 2


def test_a_line_for_every_pass_at_2(capsys):
    search = searched(FusedGridSearchCV, MLP, TWO_PASSES, 2, n_jobs=2)
    search()
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == "Fitting 2 folds for each of 6 candidates, totalling 12 fits"
    assert all(re.fullmatch(PASS + r"(, about \d+ s left)?", line) for line in lines)
    assert sum(line.endswith(" left") for line in lines) == 3  # after the last none is
    assert sorted(line.partition(",")[0] for line in lines) == [
        f"[CV {split}/2] pass {number}: 3 candidates" for split in (1, 2) for number in (0, 1)
    ]


def test_what_is_left_is_told_of_the_fits_that_are_done(monkeypatch):
    now = iter([0.0, 10.0, 14.0])
    monkeypatch.setattr(countdown, "perf_counter", lambda: next(now))
    fits = countdown.Countdown(12)
    assert [fits.after(n) for n in (2, 5, 5)] == [", about 50 s left", ", about 10 s left", ""]


def test_fits_of_other_packages_count(capsys):
    grid = [{"model": [LogisticRegression()]}, {"model__penalty__alpha": [0.1, 1.0]}]
    searched(FusedGridSearchCV, Pipeline([("model", MLP)]), grid, 2)()
    first, last = (line for line in capsys.readouterr().out.splitlines() if " pass " in line)
    assert first.endswith(" left")
    assert re.fullmatch(PASS, last)


def test_processes_do_not_tell_what_is_left():
    assert pickle.loads(pickle.dumps(countdown.Countdown(12))).after(2) == ""


@pytest.mark.parametrize("verbose", VERBOSITIES)
def test_a_candidate_alone_in_its_pass_has_only_its_own_line(capsys, verbose):
    ours, theirs = both(capsys, MLP, {"hidden_layer_sizes": [(2,), (4,)]}, verbose)
    assert ours == theirs


def failing(X):
    raise ValueError("of the step")


@pytest.mark.filterwarnings("ignore:.*scores are non-finite")
@pytest.mark.parametrize("verbose", [3, 10])
def test_lines_of_fits_that_fail(capsys, verbose):
    grid = [
        {"model__optimizer__learning_rate": [1e-2, 1e-3, -1.0]},
        {"scale": [FunctionTransformer(failing)]},
    ]
    pipeline = Pipeline([("scale", StandardScaler()), ("model", MLP)])
    with pytest.warns(FitFailedWarning):
        ours, theirs = both(capsys, pipeline, grid, verbose, return_train_score=True)
    assert [line for line in ours if " pass " not in line] == theirs
    assert sum("(train=nan, test=nan)" in line for line in ours) == 4


def test_passes_are_numbered_over_the_rounds_of_a_search(capsys):
    grid = {"batch_size": [16, 32, 64], "penalty__alpha": [1e-3, 1e-1]}
    settings = {"n_iter": 6, "random_state": 0, "max_time": 600}
    searched(FusedRandomizedSearchCV, MLP, grid, 2, **settings)()
    numbers = [int(number) for number in re.findall(r"pass (\d)", capsys.readouterr().out)]
    assert sorted(numbers) == sorted(2 * [*range(len({*numbers}))])


@pytest.mark.parametrize("estimator", [MLP, LogisticRegression()], ids=["fused", "alone"])
@pytest.mark.parametrize("verbose", [0, *VERBOSITIES])
def test_cross_validation_prints_what_scikit_learn_does(capsys, estimator, verbose):
    (ours, told), (theirs, told_by_them) = (
        printed(capsys, lambda run=run: run(estimator, *CLASSES, cv=3, verbose=verbose))
        for run in (fused_cross_validate, cross_validate)
    )
    assert ours == theirs
    assert told[-1:] == told_by_them[-1:]  # joblib's, which tells of some tasks by time
