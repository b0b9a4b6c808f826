"""LossCurveDisplay draws what the fitted estimators kept."""

import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skopt_suite import LinearClassifier, MLPClassifier
from skopt_suite.plotting import LossCurveDisplay

X, Y = load_iris(return_X_y=True)


def mlp(**params):
    return MLPClassifier((8,), **{"max_iter": 5, "random_state": 0, **params})


def test_the_line_is_the_loss_curve():
    clf = mlp().fit(X, Y)
    display = LossCurveDisplay.from_estimator(clf)
    (line,) = display.lines_
    np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3, 4, 5])
    np.testing.assert_array_equal(line.get_ydata(), clf.loss_curve_)
    assert line.get_label() == "MLPClassifier"
    assert display.ax_.get_xlabel() == "epoch"
    assert display.score_ax_ is None
    assert display.score_lines_ == []


def test_validation_scores_have_their_own_axis():
    clf = mlp(early_stopping=True).fit(X, Y)
    display = LossCurveDisplay.from_estimator(clf, name="iris")
    (line,), (scores,) = display.lines_, display.score_lines_
    np.testing.assert_array_equal(scores.get_ydata(), clf.validation_scores_)
    assert display.score_ax_ is not display.ax_
    assert scores.get_color() == line.get_color()
    assert (line.get_linestyle(), scores.get_linestyle()) == ("-", "--")
    assert (line.get_label(), scores.get_label()) == ("iris", "iris, validation")


def test_several_estimators_share_axes_with_a_legend():
    fitted = {
        "plain": mlp().fit(X, Y),
        "stopped early": mlp(early_stopping=True).fit(X, Y),
        "solver": LinearClassifier().fit(X, Y),
    }
    display = LossCurveDisplay.from_estimators(fitted, yscale="log")
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == list(fitted)
    assert display.ax_.get_xlabel() == "epoch or iteration"
    assert display.ax_.get_yscale() == "log"
    assert len({line.get_color() for line in display.lines_}) == 3
    assert len(display.score_lines_) == 1


@pytest.mark.parametrize(
    "wrap",
    [
        lambda clf: make_pipeline(StandardScaler(), clf),
        lambda clf: GridSearchCV(clf, {"max_iter": [5]}, cv=2),
        lambda clf: GridSearchCV(
            make_pipeline(StandardScaler(), clf), {"mlpclassifier__max_iter": [5]}, cv=2
        ),
    ],
    ids=["pipeline", "search", "search over a pipeline"],
)
def test_finds_the_estimator_inside(wrap):
    display = LossCurveDisplay.from_estimator(wrap(mlp()).fit(X, Y))
    assert [line.get_label() for line in display.lines_] == ["MLPClassifier"]
    assert len(display.lines_[0].get_ydata()) == 5


def test_draws_where_it_is_told_with_the_style_it_is_given():
    figure, ax = plt.subplots()
    display = LossCurveDisplay.from_estimator(mlp().fit(X, Y), ax=ax, color="red", linewidth=3)
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert display.lines_[0].get_color() == "red"
    assert display.lines_[0].get_linewidth() == 3


def test_a_display_can_be_made_from_numbers():
    display = LossCurveDisplay(curves={"mine": ([3.0, 2.0], None), "yours": ([1.0], [0.5])}).plot()
    assert [len(line.get_ydata()) for line in display.lines_] == [2, 1]
    assert len(display.score_lines_) == 1


def test_the_label_can_be_given_to_plot():
    display = LossCurveDisplay.from_estimator(mlp().fit(X, Y)).plot(label="another")
    assert display.lines_[0].get_label() == "another"


def test_full_batch_optimizers_count_iterations():
    display = LossCurveDisplay.from_estimator(LinearClassifier().fit(X, Y))
    assert display.ax_.get_xlabel() == "iteration"


def test_refuses_what_is_not_fitted():
    with pytest.raises(NotFittedError):
        LossCurveDisplay.from_estimator(mlp())


def test_refuses_what_keeps_no_loss_curve():
    with pytest.raises(TypeError, match=r"keeps its loss_curve_.*got Ridge"):
        LossCurveDisplay.from_estimator(Ridge().fit(X, Y))


def test_without_matplotlib_the_error_names_the_command(monkeypatch):
    clf = mlp().fit(X, Y)
    for module in [name for name in sys.modules if name.startswith("matplotlib")]:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=r"pip install 'skopt-suite\[plot\]'"):
        LossCurveDisplay.from_estimator(clf)


def test_a_stream_that_forgot_its_first_epochs_ends_at_its_last():
    fitted = mlp().partial_fit(X, Y, classes=np.unique(Y))
    fitted.n_iter_, fitted.loss_curve_ = 10_002, [0.5] * 10_000
    display = LossCurveDisplay.from_estimator(fitted)
    np.testing.assert_array_equal(display.lines_[0].get_xdata()[[0, -1]], [3, 10_002])
