"""What networks start from."""

import numpy as np
import pytest

from skopt_suite import MLPClassifier, MLPRegressor
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.models import INITIALISERS, Network

from .problems import CLASSES, NUMBERS

VARIANCES = {
    "glorot_uniform": 2 / 500,
    "glorot_normal": 2 / 500,
    "he_uniform": 2 / 300,
    "he_normal": 2 / 300,
    "lecun_uniform": 1 / 300,
    "lecun_normal": 1 / 300,
}


def drawn(name, n_in=300, n_out=200, seed=0):
    return INITIALISERS[name](np.random.RandomState(seed), n_in, n_out)


@pytest.mark.parametrize("name", VARIANCES)
def test_variances_are_those_published(name):
    weights, variance = drawn(name), VARIANCES[name]
    assert weights.shape == (300, 200)
    assert np.mean(weights) == pytest.approx(0, abs=4 * np.sqrt(variance / weights.size))
    assert np.var(weights) == pytest.approx(variance, rel=0.03)
    fourth = np.mean(weights**4) / variance**2  # 3 where normal, 9/5 where uniform
    assert fourth == pytest.approx(3 if "normal" in name else 1.8, rel=0.05)
    assert ("uniform" in name) == (np.max(np.abs(weights)) <= np.sqrt(3 * variance))


@pytest.mark.parametrize("n_in, n_out", [(8, 5), (5, 8), (6, 6), (4, 1)])
def test_orthogonal_weights(n_in, n_out):
    weights = drawn("orthogonal", n_in, n_out)
    product = weights.T @ weights if n_in >= n_out else weights @ weights.T
    np.testing.assert_allclose(product, np.eye(min(n_in, n_out)), atol=1e-12)


def test_orthogonal_weights_are_drawn_uniformly():
    first = [drawn("orthogonal", 2, 2, seed)[0, 0] for seed in range(400)]
    assert np.mean(first) == pytest.approx(0, abs=4 * np.sqrt(0.5 / 400))


def test_auto_suits_the_activation():
    network, state = Network((30, 20, 10, 2), ("selu", "relu")), np.random.RandomState(3)
    first, second, last = network.layout.layers
    params = network.initialise(3)[None]
    expected = [
        INITIALISERS[name](state, layer.n_in, layer.n_out)
        for name, layer in (
            ("lecun_normal", first),
            ("glorot_uniform", second),
            ("glorot_uniform", last),
        )
    ]
    for layer, weights in zip((first, second, last), expected, strict=True):
        np.testing.assert_array_equal(layer.weights(params)[0], weights)
    assert not network.layout.biases(params).any()


@pytest.mark.parametrize("init", INITIALISERS)
def test_fits_start_there_and_can_be_repeated(init):
    settings = {"init": init, "optimizer": "sgd", "max_iter": 1, "dtype": "float64"}
    model = MLPRegressor((7, 5), standardize=False, random_state=0, **settings)
    model.set_params(optimizer__learning_rate=1e-12, penalty="none")
    first, again = model.fit(*NUMBERS).coefs_, model.fit(*NUMBERS).coefs_
    seed = np.random.RandomState(0).randint(np.iinfo(np.int32).max)
    state = np.random.RandomState(seed)
    for weights, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(weights, same)
        expected = INITIALISERS[init](state, *weights.shape)
        np.testing.assert_allclose(weights, expected, atol=1e-8)
    assert MLPRegressor((), init=init, max_iter=2, random_state=0).fit(*NUMBERS).loss_ > 0


def test_searches_over_initial_weights_are_one_pass_with_the_same_results():
    model = MLPClassifier((8,), max_iter=3, batch_size=64, random_state=0)
    search = FusedGridSearchCV(model, {"init": ["auto", "he_normal", "orthogonal"]}, cv=2)
    report = search.fit(*CLASSES).fusion_report_
    assert (report.n_groups, report.n_alone) == (1, 0)
    half = len(CLASSES[1]) // 2
    splits = [(np.arange(half), np.arange(half, 2 * half))]
    search = FusedGridSearchCV(model, search.param_grid, cv=splits, refit=False).fit(*CLASSES)
    for init, (curve,) in zip(search.param_grid["init"], search.loss_curves_, strict=True):
        alone = model.set_params(init=init).fit(CLASSES[0][:half], CLASSES[1][:half])
        np.testing.assert_allclose(curve, alone.loss_curve_, rtol=1e-5)
