"""SearchLossCurvesDisplay draws the losses of all candidates of a fused search."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.colors import LogNorm, Normalize, to_rgba
from sklearn.exceptions import NotFittedError

from skopt_suite import LinearClassifier
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.model_selection._report import Entry, FusionReport
from skopt_suite.plotting import SearchLossCurvesDisplay

PARAMS = [
    {"rate": 1e-4, "c": "p"},
    {"rate": 1e-2, "c": "p"},
    {"rate": 1.0, "c": "p"},
    {"rate": 1e-2, "c": "q"},
    {"c": "r"},
]
CURVES = [
    [np.array([3.0, 2.0]), np.array([3.1, 2.1])],
    [np.array([3.0, 1.0, 0.5]), np.array([3.1, 1.1])],
    [None, None],  # failed
    [np.array([4.0, 1.5]), np.array([4.1, 1.6])],
    [np.array([5.0]), np.array([5.1])],
]


@pytest.fixture
def search():
    """What a fused search of two passes has, one fit having failed."""
    scores = np.array([0.5, 0.9, np.nan, 0.7, np.nan])
    entries = [Entry(0, 3, "")] * 3 + [Entry(1, 1, ""), Entry(2, 1, "")]
    return SimpleNamespace(
        cv_results_={"params": PARAMS, "mean_test_score": scores, "split0_test_score": scores},
        loss_curves_=CURVES,
        fusion_report_=FusionReport(PARAMS, entries),
    )


def colors(display):
    return [to_rgba(line.get_color()) for line in display.lines_]


def test_lines_are_the_curves_coloured_by_score(search):
    display = SearchLossCurvesDisplay.from_search(search)
    drawn = [CURVES[i][0] for i in (0, 1, 3, 4)]
    for line, curve in zip(display.lines_, drawn, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), curve)
        np.testing.assert_array_equal(line.get_xdata(), np.arange(1, len(curve) + 1))
    viridis = colormaps["viridis"]
    assert colors(display) == [
        viridis(0.0),
        viridis(1.0),
        viridis((0.7 - 0.5) / (0.9 - 0.5)),
        to_rgba("0.7"),
    ]
    assert isinstance(display.colorbar_.norm, Normalize)
    assert (display.colorbar_.norm.vmin, display.colorbar_.norm.vmax) == (0.5, 0.9)
    assert display.colorbar_.ax.get_ylabel() == "mean test score"
    assert display.ax_.get_xlabel() == "epoch or iteration"
    assert display.legend_ is None


def test_numbers_that_span_decades_have_logarithmic_colours(search):
    display = SearchLossCurvesDisplay.from_search(search, color_by="rate", candidates=[0, 1, 4])
    assert isinstance(display.colorbar_.norm, LogNorm)
    assert display.colorbar_.ax.get_ylabel() == "rate"
    viridis = colormaps["viridis"]
    assert colors(display) == [viridis(0.0), viridis(1.0), to_rgba("0.7")]  # the last has no rate


def test_other_values_have_a_legend(search):
    display = SearchLossCurvesDisplay.from_search(search, color_by="c")
    assert colors(display) == [to_rgba(color) for color in ("C0", "C0", "C1", "C2")]
    assert display.legend_.get_title().get_text() == "c"
    assert [text.get_text() for text in display.legend_.get_texts()] == ["p", "q", "r"]
    assert display.colorbar_ is None


def test_more_than_ten_values_have_colours_of_the_map():
    names = [chr(97 + i) for i in range(12)]
    display = SearchLossCurvesDisplay(curves=[[1.0]] * 12, color_values=names).plot()
    assert len(set(colors(display))) == 12
    assert colors(display)[-1] == pytest.approx(colormaps["viridis"](1.0))


def test_one_pass_one_split_some_candidates(search):
    def first_losses(**choice):
        display = SearchLossCurvesDisplay.from_search(search, **choice)
        return [line.get_ydata()[0] for line in display.lines_]

    assert first_losses(pass_number=0) == [3.0, 3.0]
    assert first_losses(pass_number=0, candidates=[1, 3]) == [3.0]
    assert first_losses(split=1) == [3.1, 3.1, 4.1, 5.1]
    assert first_losses(split=None, candidates=[3, 0]) == [4.0, 4.1, 3.0, 3.1]


def test_draws_where_it_is_told_with_the_style_it_is_given(search):
    figure, ax = plt.subplots()
    display = SearchLossCurvesDisplay.from_search(search, ax=ax, yscale="log", linewidth=4)
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert ax.get_yscale() == "log"
    assert {line.get_linewidth() for line in display.lines_} == {4}


def test_numbers_alone_have_one_colour():
    display = SearchLossCurvesDisplay(curves=[[2.0, 1.0], [3.0]]).plot()
    assert colors(display) == [to_rgba("C0")] * 2
    assert display.colorbar_ is None


@pytest.mark.parametrize(
    "choice, message",
    [
        ({"pass_number": 7}, r"pass_number must be one of 0, 1, 2, .* got 7"),
        ({"split": 2}, r"split must be from 0 to 1, or None for all; got 2"),
        ({"candidates": [0, 5]}, r"candidates must be from 0 to 4; got 5"),
        ({"candidates": [2]}, r"none of the 1 candidates has a loss curve"),
        ({"color_by": "speed"}, r"unknown parameter 'speed'; searched were: rate, c"),
    ],
)
def test_refuses_what_there_is_not(search, choice, message):
    with pytest.raises(ValueError, match=message):
        SearchLossCurvesDisplay.from_search(search, **choice)


def test_other_searches_keep_no_loss_curves(search):
    del search.loss_curves_
    with pytest.raises(
        TypeError, match=r"FusedGridSearchCV or FusedRandomizedSearchCV; got Simple"
    ):
        SearchLossCurvesDisplay.from_search(search)


def test_refuses_a_search_that_is_not_fitted():
    with pytest.raises(NotFittedError):
        SearchLossCurvesDisplay.from_search(FusedGridSearchCV(LinearClassifier(), {}))
