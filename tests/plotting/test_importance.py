"""ImportanceDisplay draws by how much scores fall."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression

from skopt_suite.plotting import ImportanceDisplay

X = np.random.default_rng(0).standard_normal((60, 3))
Y = X @ [1.0, 5.0, 0.0]
MODEL = LinearRegression().fit(X, Y)


def labels(display):
    return [label.get_text() for label in display.ax_.get_yticklabels()]


def test_boxes_are_the_falls_and_the_largest_is_at_the_top():
    display = ImportanceDisplay.from_estimator(MODEL, X, Y, random_state=0)
    expected = permutation_importance(MODEL, X, Y, random_state=0).importances
    np.testing.assert_array_equal(display.importances, expected)
    assert labels(display) == ["x2", "x0", "x1"]
    medians = [line.get_xdata()[0] for line in display.boxes_["medians"]]
    np.testing.assert_allclose(medians, np.median(expected, axis=1)[[2, 0, 1]])


def test_columns_have_names_and_the_most_important_are_drawn():
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    model = LinearRegression().fit(frame, Y)
    display = ImportanceDisplay.from_estimator(model, frame, Y, random_state=0, max_features=2)
    assert labels(display) == ["a", "b"]


def test_scores_and_axes_are_the_users():
    _, ax = plt.subplots()
    display = ImportanceDisplay.from_estimator(
        MODEL,
        X,
        Y,
        scoring="neg_mean_absolute_error",
        n_repeats=3,
        random_state=0,
        ax=ax,
        notch=False,
    )
    assert display.ax_ is ax
    assert display.importances.shape == (3, 3)
    assert display.importances.max() > 1  # of errors, not of R²


def test_an_estimator_that_is_not_fitted_is_refused():
    with pytest.raises(NotFittedError):
        ImportanceDisplay.from_estimator(LinearRegression(), X, Y)
