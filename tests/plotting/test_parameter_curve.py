"""ParameterCurveDisplay draws the scores of a search over one parameter."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy.stats import loguniform
from sklearn.model_selection import RandomizedSearchCV

from skopt_suite.optimizers import Adam, Nesterov
from skopt_suite.plotting import ParameterCurveDisplay

from .searches import FAILS, A, known_score, mean_score, searched


def legend_of(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


def test_draws_every_fold_their_mean_and_the_best():
    display = ParameterCurveDisplay.from_search(searched({"a": A}), "a")
    np.testing.assert_array_equal(display.line_.get_xdata(), A)
    np.testing.assert_allclose(display.line_.get_ydata(), [mean_score(a) for a in A])
    assert len(display.fold_lines_) == 3
    for fold, line in enumerate(display.fold_lines_):
        np.testing.assert_allclose(line.get_ydata(), [known_score(a) + 0.1 * fold for a in A])
        assert line.get_color() == display.line_.get_color()
        assert line.get_linewidth() < display.line_.get_linewidth()
    np.testing.assert_allclose(display.best_point_.get_xydata(), [[0.01, mean_score(0.01)]])
    assert legend_of(display) == ["test", "best: 0.01 (0.1)"]
    assert display.ax_.get_xscale() == "log"
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("a", "score")
    assert display.train_line_ is None
    assert display.train_fold_lines_ == []
    assert display.failed_points_ is None


def test_train_scores_are_drawn_if_the_search_has_them():
    search = searched({"a": A}, return_train_score=True)
    display = ParameterCurveDisplay.from_search(search, "a")
    np.testing.assert_allclose(display.train_line_.get_ydata(), [known_score(a) + 1 for a in A])
    assert len(display.train_fold_lines_) == 3
    assert display.train_line_.get_color() != display.line_.get_color()
    assert legend_of(display) == ["train", "test", "best: 0.01 (0.1)"]


def test_folds_can_be_left_out():
    search = searched({"a": A}, return_train_score=True)
    display = ParameterCurveDisplay.from_search(search, "a", folds=False)
    assert display.fold_lines_ == display.train_fold_lines_ == []
    assert len(display.ax_.lines) == 3


def test_values_show_the_best_over_the_other_parameters():
    display = ParameterCurveDisplay.from_search(searched({"a": A, "b": [2, 1]}), "a")
    np.testing.assert_allclose(display.line_.get_ydata(), [mean_score(a, 1) for a in A])
    assert display.ax_.get_xlabel() == "a\n(best over the other parameters)"


def test_where_fixes_the_other_parameters():
    search = searched({"a": A, "b": [2, 1], "c": ["plain", "odd"]})
    display = ParameterCurveDisplay.from_search(search, "a", where={"b": 2})
    np.testing.assert_allclose(display.line_.get_ydata(), [mean_score(a, 2) for a in A])
    assert display.ax_.get_xlabel() == "a\n(b=2, best over the other parameters)"
    display = ParameterCurveDisplay.from_search(search, "a", where={"b": 2, "c": "odd"})
    np.testing.assert_allclose(display.line_.get_ydata(), [mean_score(a, 2, "odd") for a in A])
    assert display.ax_.get_xlabel() == "a\n(b=2, c=odd)"


def test_numbers_are_in_order_on_a_linear_axis_if_they_are_close():
    display = ParameterCurveDisplay.from_search(searched({"b": [3, 1, 2]}), "b")
    np.testing.assert_array_equal(display.line_.get_xdata(), [1, 2, 3])
    np.testing.assert_allclose(
        display.line_.get_ydata(), [mean_score(0.01, b) for b in (1, 2, 3)], atol=1e-12
    )
    assert display.ax_.get_xscale() == "linear"
    assert all(float(tick).is_integer() for tick in display.ax_.get_xticks())


def test_other_values_are_evenly_spaced_and_labelled():
    values = ["plain", None, (64, 64), Adam(learning_rate=0.01), Nesterov(), len]
    display = ParameterCurveDisplay.from_search(searched({"c": values}), "c")
    np.testing.assert_array_equal(display.line_.get_xdata(), range(6))
    labels = [text.get_text() for text in display.ax_.get_xticklabels()]
    assert labels == ["plain", "None", "(64, 64)", "Adam(learning_rate=0.01)", "Nesterov()", "len"]
    assert legend_of(display)[-1] == "best: plain (0.1)"
    assert display.ax_.get_xticklabels()[0].get_rotation() == 30


def test_what_failed_is_a_gap_with_a_cross():
    display = ParameterCurveDisplay.from_search(searched({"a": [*A, FAILS, 10.0]}), "a")
    assert np.isnan(display.line_.get_ydata()).tolist() == [False] * 4 + [True, False]
    np.testing.assert_array_equal(display.failed_points_.get_xdata(), [FAILS])
    assert legend_of(display)[-1] == "failed"


def test_values_drawn_with_those_of_others_are_not_connected():
    draws = {"a": loguniform(1e-4, 0.5), "b": [1, 2, 3]}
    search = searched(draws, RandomizedSearchCV, n_iter=8, random_state=0)
    display = ParameterCurveDisplay.from_search(search, "a")
    assert display.line_.get_linestyle() == display.fold_lines_[0].get_linestyle() == "None"
    np.testing.assert_array_equal(display.line_.get_xdata(), np.sort(search.cv_results_["param_a"]))
    search = searched({"a": draws["a"]}, RandomizedSearchCV, n_iter=8, random_state=0)
    assert ParameterCurveDisplay.from_search(search, "a").line_.get_linestyle() == "-"


def test_candidates_without_the_parameter_are_left_out():
    search = searched([{"a": A}, {"b": [1, 2]}])
    display = ParameterCurveDisplay.from_search(search, "b")
    np.testing.assert_array_equal(display.line_.get_xdata(), [1, 2])
    assert display.ax_.get_xlabel() == "b"


def test_draws_where_it_is_told_with_the_style_it_is_given():
    figure, ax = plt.subplots()
    display = ParameterCurveDisplay.from_search(searched({"a": A}), "a", ax=ax, color="black")
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert display.line_.get_color() == display.fold_lines_[0].get_color() == "black"


def test_a_display_can_be_made_from_numbers():
    display = ParameterCurveDisplay(values=["x", "y"], test_scores=[[1, 2], [3, 4]]).plot()
    np.testing.assert_array_equal(display.line_.get_ydata(), [1.5, 3.5])
    np.testing.assert_array_equal(display.best_point_.get_xydata(), [[1, 3.5]])


def test_numbers_that_are_all_nan_have_no_best():
    display = ParameterCurveDisplay(values=[1, 2], test_scores=[[np.nan], [np.nan]])
    with pytest.raises(ValueError, match="None of the 2 scores is finite"):
        display.plot()
