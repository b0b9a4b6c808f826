"""Input on devices is checked without arrays of its size."""

import array_api_strict as strict
import numpy as np
import pytest

from skopt_suite import LinearClassifier, LinearRegressor

X = np.random.default_rng(0).normal(size=(40, 3))
y = np.arange(40) % 2


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite(bad):
    spoilt = X.copy()
    spoilt[17, 1] = bad
    for model in (LinearClassifier(), LinearRegressor()):
        with pytest.raises(ValueError, match="Input X contains NaN or infinity"):
            model.fit(strict.asarray(spoilt), strict.asarray(y))
    spoilt[18, 1] = -np.inf  # the sum is no number, either
    with pytest.raises(ValueError, match="Input X contains NaN or infinity"):
        LinearClassifier().fit(strict.asarray(spoilt), strict.asarray(y))


@pytest.mark.parametrize("sign", [1, -1])
def test_finite_numbers_whose_sum_is_not(sign):
    large = strict.asarray(np.full((40, 3), sign * 3e38, dtype="float32"))
    with pytest.raises(ValueError, match=r"X must not exceed .* in float32; got 3e\+38"):
        LinearClassifier().fit(large, strict.asarray(y))
    model = LinearClassifier().fit(strict.asarray(X.astype("float32")), strict.asarray(y))
    assert model.predict(large).shape == (40,)
