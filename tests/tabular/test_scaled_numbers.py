"""Numbers are scaled robustly, and encoded by bins."""

import numpy as np
import pytest

from skopt_suite.tabular import PiecewiseLinearEncoder, SmoothClipScaler

RANDOM = np.random.default_rng(0)
X = RANDOM.standard_normal((101, 2)) * [1.0, 1e6] + [3.0, -1e6]


def test_the_quartiles_are_one_apart_and_outliers_near_three():
    scaler = SmoothClipScaler().fit(X)
    z = (X - np.median(X, axis=0)) * scaler.scale_
    np.testing.assert_allclose(np.diff(np.quantile(z, [0.25, 0.75], axis=0), axis=0), 1)
    np.testing.assert_allclose(scaler.transform(X), z / np.sqrt(1 + (z / 3) ** 2))
    np.testing.assert_allclose(scaler.transform([[1e300, -1e300]]), [[3, -3]])


def test_columns_without_quartiles_are_scaled_by_their_range():
    column = np.r_[np.zeros(20), 5.0][:, None]
    assert SmoothClipScaler().fit(column).scale_ == pytest.approx([0.4])
    np.testing.assert_array_equal(SmoothClipScaler().fit_transform(np.full((5, 1), 7.0)), 0)


def test_outputs_say_how_far_a_number_has_come():
    encoder = PiecewiseLinearEncoder(4).fit(X)
    assert encoder.get_feature_names_out().tolist() == [
        f"x{j}_bin{t}" for j in (0, 1) for t in range(4)
    ]
    first = encoder.transform(X)[np.argsort(X[:, 0])][:, :4]
    assert (np.diff(first, axis=0) >= 0).all()
    np.testing.assert_array_equal(first[[0, -1]], [[0] * 4, [1] * 4])
    assert ((first > 0) & (first < 1)).sum(axis=1).max() == 1


def test_a_linear_function_of_outputs_is_any_piecewise_linear_one():
    encoder = PiecewiseLinearEncoder(4).fit(X[:, :1])
    edges = np.r_[encoder.low_, encoder.low_[-1] + encoder.width_[-1]]
    heights = np.array([1.0, -2.0, 5.0, 0.0, 3.0])
    found = heights[0] + encoder.transform(X[:, :1]) @ np.diff(heights)
    np.testing.assert_allclose(found, np.interp(X[:, 0], edges, heights), atol=1e-12)


def test_columns_of_two_values_have_no_bins():
    both = np.c_[np.arange(10) % 2, np.arange(10) % 3]
    encoder = PiecewiseLinearEncoder(8).fit(both)
    assert encoder.column_.tolist() == [1, 1]
    assert PiecewiseLinearEncoder(8).fit_transform(both[:, :1]).shape == (10, 0)


def test_n_bins_is_checked():
    with pytest.raises(ValueError, match="PiecewiseLinearEncoder: n_bins must"):
        PiecewiseLinearEncoder(1).fit(X)
