"""What all displays of searches share: which searches they take, and what they refuse."""

import sys

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, RandomizedSearchCV

from skopt_suite import LinearClassifier
from skopt_suite.model_selection import FusedGridSearchCV, FusedRandomizedSearchCV
from skopt_suite.optimizers import Adam
from skopt_suite.plotting import (
    ParallelCoordinatesDisplay,
    ParameterCurveDisplay,
    SearchHeatmapDisplay,
)
from skopt_suite.plotting._values import MISSING, label, scale_of, short_names

from .searches import FAILS, A, Known, mean_score, searched

DISPLAYS = {
    "curve": lambda search, **kwargs: ParameterCurveDisplay.from_search(search, "a", **kwargs),
    "heat map": lambda search, **kwargs: SearchHeatmapDisplay.from_search(
        search, "a", "b", **kwargs
    ),
    "parallel": ParallelCoordinatesDisplay.from_search,
}
each_display = pytest.mark.parametrize("draw", DISPLAYS.values(), ids=DISPLAYS)
GRID = {"a": A, "b": [0, 1]}


def two_metrics(estimator, X, y):
    score = estimator.score(X, y)
    return {"up": score, "down": -score}


@each_display
def test_refuses_a_search_that_is_not_fitted(draw):
    with pytest.raises(NotFittedError):
        draw(GridSearchCV(Known(), GRID))


@each_display
def test_refuses_what_is_not_a_search(draw):
    with pytest.raises(TypeError, match=r"Display needs a fitted search, .* got Ridge"):
        draw(Ridge().fit([[0.0], [1.0]], [0.0, 1.0]))


@each_display
def test_refuses_a_search_of_which_everything_failed(draw):
    search = searched({"a": [0.1, FAILS], "b": [0, 1]}, refit=False, error_score=np.nan)
    search.cv_results_["mean_test_score"][:] = np.nan
    with pytest.raises(ValueError, match="none of the 4 candidates to draw has a finite score"):
        draw(search)


def test_refuses_unknown_parameters_with_those_that_were_searched():
    search = searched(GRID)
    message = "Display: unknown parameter 'alpha'; searched were: a, b"
    with pytest.raises(ValueError, match=message):
        ParameterCurveDisplay.from_search(search, "alpha")
    with pytest.raises(ValueError, match=message):
        ParameterCurveDisplay.from_search(search, "a", where={"alpha": 1})
    with pytest.raises(ValueError, match=message):
        SearchHeatmapDisplay.from_search(search, "a", "alpha")
    with pytest.raises(ValueError, match=message):
        ParallelCoordinatesDisplay.from_search(search, params=["alpha"])


def test_refuses_where_nothing_is():
    with pytest.raises(ValueError, match=r"no candidate has b=5, .*; there are: 0, 1"):
        ParameterCurveDisplay.from_search(searched(GRID), "a", where={"b": 5})


@each_display
def test_the_metric_is_that_of_refit(draw):
    search = searched(GRID, scoring=two_metrics, refit="down")
    names = [ax.get_ylabel() for ax in draw(search).figure_.axes]
    names += [text.get_text() for text in draw(search).ax_.get_xticklabels()]
    assert "down" in " ".join(names)


def test_another_metric_can_be_given():
    search = searched({"a": A}, scoring=two_metrics, refit="down")
    display = ParameterCurveDisplay.from_search(search, "a", metric="up")
    np.testing.assert_allclose(display.line_.get_ydata(), [mean_score(a) for a in A])
    assert display.ax_.get_ylabel() == "up"
    assert display.best_point_.get_xdata() == [0.01]
    display = ParameterCurveDisplay.from_search(search, "a")
    np.testing.assert_allclose(display.line_.get_ydata(), [-mean_score(a) for a in A])
    assert display.best_point_.get_xdata() == [0.0001]


@each_display
def test_several_metrics_without_a_refit_have_to_be_chosen_from(draw):
    search = searched(GRID, scoring=two_metrics, refit=False)
    with pytest.raises(ValueError, match="has several metrics; give metric= one of: up, down"):
        draw(search)
    with pytest.raises(ValueError, match="unknown metric='r2'; give metric= one of: up, down"):
        draw(search, metric="r2")


def test_the_one_metric_has_the_name_of_the_scoring():
    search = searched({"a": A}, scoring="neg_mean_squared_error")
    display = ParameterCurveDisplay.from_search(search, "a")
    assert display.ax_.get_ylabel() == "neg_mean_squared_error"


def test_scores_that_are_infinite_count_as_failed():
    search = searched({"a": A})
    search.cv_results_["mean_test_score"][0] = np.inf
    search.cv_results_["split0_test_score"][0] = np.inf
    display = ParameterCurveDisplay.from_search(search, "a")
    assert np.isnan(display.line_.get_ydata()[0])
    assert display.best_point_.get_xdata() == [0.01]


def test_of_a_halving_search_the_last_round_counts():
    class Growing(Known):
        """Scores less in the later rounds, which have more rows."""

        def score(self, X, y):
            return super().score(X[:1], y) - len(X)

    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 1)), np.arange(60) % 2
    search = HalvingGridSearchCV(Growing(), {"a": A}, cv=3, factor=2, min_resources=12)
    search.fit(X, y)
    assert search.n_iterations_ > 1
    display = ParameterCurveDisplay.from_search(search, "a")
    np.testing.assert_array_equal(display.line_.get_xdata(), A)
    assert display.best_point_.get_xdata() == [search.best_params_["a"]]
    assert display.best_point_.get_ydata() == pytest.approx(search.best_score_)


@pytest.mark.parametrize(
    "search",
    [
        FusedGridSearchCV(LinearClassifier(), {"penalty__alpha": [1e-3, 1e-1]}, cv=2),
        FusedRandomizedSearchCV(
            LinearClassifier(), {"penalty__alpha": [1e-3, 1e-1]}, n_iter=2, cv=2, random_state=0
        ),
        RandomizedSearchCV(
            LinearClassifier(), {"penalty__alpha": [1e-3, 1e-1]}, n_iter=2, cv=2, random_state=0
        ),
    ],
    ids=lambda search: type(search).__name__,
)
def test_takes_all_searches(search):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 2))
    search.fit(X, X[:, 0] > 0)
    display = ParameterCurveDisplay.from_search(search, "penalty__alpha")
    means = search.cv_results_["mean_test_score"]
    order = np.argsort(search.cv_results_["param_penalty__alpha"].astype(float))
    np.testing.assert_allclose(display.line_.get_ydata(), means[order])


@each_display
def test_matplotlib_is_asked_for_when_something_is_drawn(draw, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ValueError, match="unknown metric"):
        draw(searched(GRID), metric="unknown")
    with pytest.raises(ImportError, match=r"pip install 'skopt-suite\[plot\]'"):
        draw(searched(GRID))


@pytest.mark.parametrize(
    "values, kind, order",
    [
        ([3, 1, 2.0, 3], "linear", [1, 2, 3]),
        ([1, 90], "linear", [1, 90]),
        ([1, 0.01], "log", [0.01, 1]),
        ([0.1, 0, 1e-3], "category", [0, 1e-3, 0.1]),  # zero has no place on a log axis
        ([0, 5, 10], "linear", [0, 5, 10]),
        ([-1000, 1000], "linear", [-1000, 1000]),
        ([True, False], "category", [False, True]),
        ([float("inf"), 1.0], "category", [1.0, float("inf")]),
        ([(64,), (16, 16), 32], "category", [(16, 16), 32, (64,)]),
        (["b", "a", "b"], "category", ["b", "a"]),
        ([None, 1, "auto"], "category", [None, 1, "auto"]),
        ([MISSING, 2, 1], "linear", [1, 2]),
    ],
)
def test_scales(values, kind, order):
    assert scale_of(values) == (kind, order)


def test_equal_objects_are_one_category():
    scale = scale_of([Adam(learning_rate=0.1), Adam(learning_rate=0.1), Adam()])
    assert scale.labels() == ["Adam(learning_rate=0.1)", "Adam()"]


@pytest.mark.parametrize(
    "value, text",
    [
        (0.1 + 0.2, "0.3"),
        (np.float32(0.1), "0.1"),
        (123, "123"),
        (1e-05, "1e-05"),
        (True, "True"),
        (None, "None"),
        (np.str_("adam"), "adam"),
        ((64, 64), "(64, 64)"),
        (np.tanh, "tanh"),
        (object(), "object"),
        ("x" * 20 + "y" * 20, "x" * 15 + "…" + "y" * 15),
        (MISSING, "–"),
    ],
)
def test_labels_are_short(value, text):
    assert label(value) == text


def test_names_lose_leading_steps_only_if_they_are_long_and_stay_distinct():
    names = [
        "mlp__optimizer__learning_rate",
        "columntransformer__pipeline__mlp__penalty__alpha",
        "first_of_two_long_step_names__penalty__beta",
        "other_of_two_long_step_names__penalty__beta",
    ]
    assert list(short_names(names).values()) == [
        "mlp__optimizer__learning_rate",
        "pipeline__mlp__penalty__alpha",
        *names[2:],
    ]
