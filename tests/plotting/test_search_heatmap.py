"""SearchHeatmapDisplay draws the mean scores of a search over two parameters."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgba
from scipy.stats import loguniform
from sklearn.model_selection import RandomizedSearchCV

from skopt_suite.plotting import SearchHeatmapDisplay

from .searches import FAILS, A, mean_score, searched


def tick_labels(ax):
    return [[text.get_text() for text in axis.get_ticklabels()] for axis in (ax.xaxis, ax.yaxis)]


def test_cells_have_the_mean_scores():
    search = searched({"a": A, "b": [2, 1, 0]})
    display = SearchHeatmapDisplay.from_search(search, "a", "b")
    expected = [[mean_score(a, b) for a in A] for b in (0, 1, 2)]
    np.testing.assert_allclose(display.image_.get_array(), expected, atol=1e-12)
    assert tick_labels(display.ax_) == [["0.0001", "0.001", "0.01", "0.1"], ["0", "1", "2"]]
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("a", "b")
    assert display.colorbar_.ax.get_ylabel() == "mean test score"


def test_the_best_cell_is_framed_in_red():
    display = SearchHeatmapDisplay.from_search(searched({"a": A, "b": [2, 1, 0]}), "a", "b")
    assert display.best_mark_.get_xy() == (1.5, -0.5)  # around column 2, row 0
    assert display.best_mark_.get_edgecolor() == to_rgba("tab:red")
    assert display.ax_.get_legend().get_texts()[0].get_text() == "best: 0.1"


def test_few_cells_are_annotated_so_that_it_can_be_read():
    display = SearchHeatmapDisplay.from_search(searched({"a": A, "b": [1, 0]}), "a", "b")
    assert display.text_.shape == (2, 4)
    assert display.text_[0, 2].get_text() == "0.100"
    assert display.text_[0, 2].get_color() == "black"  # on yellow
    assert display.text_[1, 0].get_color() == "white"  # on dark blue
    display.plot(values_format=".1f")
    assert display.text_[0, 2].get_text() == "0.1"
    many = searched({"a": A, "b": list(range(20))})
    assert SearchHeatmapDisplay.from_search(many, "a", "b").text_ is None


def test_cells_are_the_best_over_the_others_or_what_where_says():
    search = searched({"a": A, "b": [2, 1], "c": ["odd", "plain"]})
    display = SearchHeatmapDisplay.from_search(search, "a", "b")
    assert display.image_.get_array()[0, 2] == pytest.approx(mean_score(0.01, 1))
    assert display.colorbar_.ax.get_ylabel() == "mean test score\n(best over the other parameters)"
    display = SearchHeatmapDisplay.from_search(search, "a", "b", where={"c": "odd"})
    assert display.image_.get_array()[0, 2] == pytest.approx(mean_score(0.01, 1, "odd"))
    assert display.colorbar_.ax.get_ylabel() == "mean test score\n(c=odd)"


def test_what_failed_or_was_not_tried_is_blank():
    search = searched([{"a": [0.01, FAILS], "b": [0, 1]}, {"a": [0.1], "b": [0]}])
    display = SearchHeatmapDisplay.from_search(search, "a", "b")
    mask = np.ma.getmaskarray(display.image_.get_array())
    np.testing.assert_array_equal(mask, [[False, False, True], [False, True, True]])
    assert display.text_[1, 2] is None


def test_lists_of_a_randomised_search_make_cells():
    grid = {"a": A, "c": ["plain", "odd", None]}
    search = searched(grid, RandomizedSearchCV, n_iter=6, random_state=0)
    display = SearchHeatmapDisplay.from_search(search, "a", "c")
    assert np.ma.count(display.image_.get_array()) == 6


@pytest.mark.parametrize("other", [loguniform(1, 10), [0, 1, 2]], ids=["drawn", "listed"])
def test_draws_make_points(other):
    draws = {"a": loguniform(1e-4, 0.5), "b": other}
    search = searched(draws, RandomizedSearchCV, n_iter=12, random_state=0)
    display = SearchHeatmapDisplay.from_search(search, "a", "b")
    results = search.cv_results_
    order = np.argsort(results["mean_test_score"])
    points = np.column_stack([results["param_a"], results["param_b"]]).astype(float)
    np.testing.assert_allclose(display.image_.get_offsets(), points[order])
    np.testing.assert_allclose(display.image_.get_array(), results["mean_test_score"][order])
    np.testing.assert_allclose(display.best_mark_.get_offsets(), points[[search.best_index_]])
    assert (display.ax_.get_xscale(), display.ax_.get_yscale()) == ("log", "linear")
    assert display.text_ is None


def test_points_that_failed_are_grey_crosses():
    display = SearchHeatmapDisplay(x=[1, 2, 3], y=[5, 6, 7], scores=[0.1, np.nan, 0.3])
    display.plot(kind="points")
    np.testing.assert_array_equal(display.image_.get_array(), [0.1, 0.3])
    crosses = display.ax_.collections[0]
    np.testing.assert_array_equal(crosses.get_offsets(), [[2, 6]])
    np.testing.assert_array_equal(crosses.get_edgecolor()[0], to_rgba("0.7"))


def test_the_kind_can_be_given():
    search = searched({"a": A, "c": ["plain", "odd"]})
    display = SearchHeatmapDisplay.from_search(search, "a", "c", kind="points")
    assert len(display.image_.get_offsets()) == 8
    assert tick_labels(display.ax_)[1] == ["plain", "odd"]
    with pytest.raises(ValueError, match="kind must be 'auto', 'cells' or 'points'; got 'squares'"):
        display.plot(kind="squares")


def test_many_rows_have_fewer_labels():
    search = searched({"a": A, "b": list(range(60))})
    display = SearchHeatmapDisplay.from_search(search, "a", "b")
    assert tick_labels(display.ax_)[1] == [str(b) for b in range(0, 60, 3)]


def test_draws_where_it_is_told_with_the_style_it_is_given():
    figure, ax = plt.subplots()
    search = searched({"a": A, "b": [0, 1]})
    display = SearchHeatmapDisplay.from_search(
        search, "a", "b", ax=ax, cmap="magma", vmin=-1, colorbar=False
    )
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert display.image_.get_cmap().name == "magma"
    assert display.image_.norm.vmin == -1
    assert display.colorbar_ is None
    assert len(figure.axes) == 1


def test_the_parameters_must_differ():
    with pytest.raises(ValueError, match="parameters must differ; got a, a"):
        SearchHeatmapDisplay.from_search(searched({"a": A}), "a", "a")
