"""ParallelCoordinatesDisplay draws a line per candidate through all parameters."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgba
from scipy.stats import loguniform
from sklearn.model_selection import RandomizedSearchCV

from skopt_suite.plotting import ParallelCoordinatesDisplay

from .searches import FAILS, A, searched


def ticks(ax):
    """Labels of a parallel axis and where they are."""
    labels = [text.get_text() for text in ax.get_yticklabels()]
    return dict(zip(labels, ax.get_yticks().tolist(), strict=True))


def heights(collection):
    return np.array([segment[:, 1] for segment in collection.get_segments()])


def test_lines_cross_the_axes_at_their_values():
    search = searched({"a": [1e-4, 1e-3, 1e-2], "b": [0, 1, 4], "c": ["plain", "odd", None]})
    display = ParallelCoordinatesDisplay.from_search(search)
    assert ticks(display.axes_[0]) == pytest.approx({"0.0001": 0, "0.001": 0.5, "0.01": 1})  # log
    assert ticks(display.axes_[1]) == {"0": 0.0, "1": 0.25, "4": 1.0}  # linear
    assert ticks(display.axes_[2]) == {"plain": 0.0, "odd": 0.5, "None": 1.0}  # evenly spaced
    results = search.cv_results_
    scores = results["mean_test_score"]
    order = np.argsort(scores)  # the best is on top
    expected = np.column_stack(
        [
            (np.log10(results["param_a"].astype(float)) + 4) / 2,
            results["param_b"].astype(float) / 4,
            [{"plain": 0.0, "odd": 0.5, None: 1.0}[c] for c in results["param_c"]],
            (scores - scores.min()) / np.ptp(scores),
        ]
    )
    np.testing.assert_allclose(heights(display.lines_), expected[order], atol=1e-12)
    np.testing.assert_allclose(display.lines_.get_array(), scores[order])
    labels = [text.get_text() for text in display.ax_.get_xticklabels()]
    assert labels == ["a", "b", "c", "mean test score"]


def test_the_best_is_red_and_thick():
    search = searched({"a": A, "b": [0, 1]})
    display = ParallelCoordinatesDisplay.from_search(search)
    np.testing.assert_allclose(display.best_line_.get_ydata(), [2 / 3, 0, 1])
    assert display.best_line_.get_color() == "tab:red"
    assert display.best_line_.get_linewidth() > display.lines_.get_linewidth()[0]
    assert display.ax_.get_legend().get_texts()[0].get_text() == "best: 0.1"
    assert display.failed_lines_ is None


def test_candidates_that_failed_end_before_the_score():
    search = searched({"a": [*A, FAILS], "b": [0, 1]})
    display = ParallelCoordinatesDisplay.from_search(search)
    assert len(display.lines_.get_segments()) == 8
    np.testing.assert_array_equal(heights(display.failed_lines_), [[1, 0], [1, 1]])
    np.testing.assert_array_equal(display.failed_lines_.get_color(), [to_rgba("0.6")])
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == ["best: 0.1", "failed"]


def test_what_a_candidate_does_not_have_is_at_the_bottom():
    search = searched([{"a": [1e-3, 1e-2]}, {"c": ["odd", "plain"]}])
    display = ParallelCoordinatesDisplay.from_search(search)
    on_a, on_c = ticks(display.axes_[0]), ticks(display.axes_[1])
    assert on_a == {"–": 0.0, "0.001": 0.12, "0.01": 1.0}
    assert on_c == {"–": 0.0, "odd": 0.5, "plain": 1.0}
    drawn = {tuple(line) for line in heights(display.lines_)[:, :2]}
    assert drawn == {(0.12, 0.0), (1.0, 0.0), (0.0, 0.5), (0.0, 1.0)}


def test_parameters_that_do_not_vary_have_no_axis_unless_it_is_asked_for():
    search = searched({"a": A, "b": [0], "c": ["plain", "odd"]})
    assert len(ParallelCoordinatesDisplay.from_search(search).axes_) == 3
    display = ParallelCoordinatesDisplay.from_search(search, params=["b", "a"])
    assert [text.get_text() for text in display.ax_.get_xticklabels()][:2] == ["b", "a"]
    assert ticks(display.axes_[0]) == {"0": 0.5}
    assert len(ParallelCoordinatesDisplay.from_search(searched({"c": ["odd"]})).axes_) == 2


def test_draws_have_round_ticks_inside_of_their_range():
    draws = {"a": loguniform(1e-4, 0.5), "b": loguniform(1, 10)}
    search = searched(draws, RandomizedSearchCV, n_iter=30, random_state=0)
    display = ParallelCoordinatesDisplay.from_search(search)
    assert list(ticks(display.axes_[0])) == ["0.001", "0.01", "0.1"]
    assert list(ticks(display.axes_[1])) == ["2", "4", "6", "8"]
    a = np.log(search.cv_results_["param_a"].astype(float))
    at = (np.log(0.001) - a.min()) / np.ptp(a)
    np.testing.assert_allclose(ticks(display.axes_[0])["0.001"], at)


def test_names_of_nested_parameters_are_broken_into_lines():
    params = [{"optimizer__learning_rate": 1}, {"optimizer__learning_rate": 2}]
    display = ParallelCoordinatesDisplay(params=params, scores=[0, 1], score_name="r2").plot()
    labels = [text.get_text() for text in display.ax_.get_xticklabels()]
    assert labels == ["optimizer__\nlearning_rate", "r2"]


def test_draws_where_it_is_told_with_the_style_it_is_given():
    figure, ax = plt.subplots()
    display = ParallelCoordinatesDisplay.from_search(
        searched({"a": A}), ax=ax, cmap="magma", linewidth=5
    )
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert display.lines_.get_cmap().name == "magma"
    assert display.lines_.get_linewidth() == [5]
