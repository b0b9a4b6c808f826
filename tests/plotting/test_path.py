"""PathDisplay draws coefficients over strengths, and which strength scores best."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from skopt_suite import LinearClassifier, LinearRegressor, regularization_path
from skopt_suite.plotting import PathDisplay

FRAME, Y = load_diabetes(return_X_y=True, as_frame=True)
X = FRAME.to_numpy()
LASSO = LinearRegressor(penalty="l1")


def test_lines_are_the_coefficients_of_the_path():
    display = PathDisplay.from_estimator(LASSO, FRAME, Y, alphas=6, eps=0.01)
    path = regularization_path(LASSO, FRAME, Y, alphas=6, eps=0.01)
    for j, line in enumerate(display.lines_):
        np.testing.assert_array_equal(line.get_xdata(), path.alphas)
        np.testing.assert_array_equal(line.get_ydata(), path.coefs[:, j])
    assert [line.get_label() for line in display.lines_] == list(FRAME.columns)
    assert (display.ax_.get_xscale(), display.ax_.get_xlabel()) == ("log", "alpha")
    assert display.ax_.xaxis.get_inverted()
    assert display.score_ax_ is display.score_line_ is display.best_line_ is None


def test_scores_have_their_own_axis_and_the_best_is_marked():
    pipe = make_pipeline(StandardScaler(), LASSO)
    how = {"alphas": 8, "cv": 3, "scoring": "neg_mean_absolute_error"}
    display = PathDisplay.from_estimator(pipe, X, Y, **how)
    path = regularization_path(pipe, X, Y, **how)
    np.testing.assert_array_equal(display.score_line_.get_ydata(), path.test_scores.mean(axis=1))
    best = path.alphas[path.best_index]
    np.testing.assert_array_equal(display.best_line_.get_xdata(), [best, best])
    assert display.best_line_.get_label() == f"best: alpha = {best:.3g}"
    assert display.score_ax_.get_ylabel() == "neg_mean_absolute_error (dashed)"
    assert display.lines_[0].get_label() == "x0"


def test_a_feature_has_one_colour_in_all_outputs():
    clf = LinearClassifier(penalty="group_lasso", tol=1e-2)
    display = PathDisplay.from_estimator(clf, X[:, :3], np.digitize(Y, [100, 200]), alphas=3)
    assert len(display.lines_) == 9
    assert len({line.get_color() for line in display.lines_}) == 3
    assert len({line.get_linestyle() for line in display.lines_}) == 3
    assert display.lines_[4].get_label() == "x1, output 1"


def test_the_legend_names_the_largest_coefficients():
    pipe = make_pipeline(PolynomialFeatures(2), StandardScaler(), LASSO)
    display = PathDisplay.from_estimator(pipe, FRAME, Y, alphas=3)
    names = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert len(display.lines_) == 66
    assert len(names) == 10
    assert "bmi" in names


def test_draws_where_it_is_told_with_the_style_it_is_given():
    figure, ax = plt.subplots()
    display = PathDisplay.from_estimator(LASSO, X, Y, alphas=3, ax=ax, linewidth=3)
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert display.lines_[0].get_linewidth() == 3
    display.plot(ax)
    assert ax.xaxis.get_inverted()


def test_a_display_can_be_made_from_numbers():
    coefs = [[0.0, 0.0], [1.0, 0.0], [2.0, -1.0]]
    scores = [[0.0, 0.0], [0.9, 0.7], [1.0, np.nan]]
    display = PathDisplay(alphas=[1.0, 0.1, 0.01], coefs=coefs, test_scores=scores).plot()
    assert [line.get_label() for line in display.lines_] == ["x0", "x1"]
    assert display.best_line_.get_xdata()[0] == 0.1


def test_what_the_path_does_not_accept_is_said():
    with pytest.raises(TypeError, match="estimator must be a LinearClassifier"):
        PathDisplay.from_estimator(Ridge(), X, Y)
