"""A network is a fold over its layers; runs of them in one kernel give the same."""

import pickle

import numpy as np
import pytest
import scipy.sparse

from skopt_suite.backends import KERNELS, Placement, to_numpy
from skopt_suite.backends.kernels._numba import FUSED
from skopt_suite.models import ACTIVATIONS, Context, DropoutDraws, Network

NUMPY = Placement(np)
N_SAMPLES = 9


def by_definition(network, params, X, context, delta):
    """Raw predictions and gradient, one layer after the other."""
    x, kept = X if scipy.sparse.issparse(X) else X[None], []
    for layer in network.layers:
        x, saved = layer.forward(params, x, context)
        kept.append(saved)
    gradient, below = np.full_like(params, np.nan), delta.copy()
    for layer, saved in zip(network.layers[::-1], kept[::-1], strict=True):
        below = layer.backward(gradient, params, saved, below)
    assert below is None
    return x, gradient


def by_network(network, params, X, context, delta):
    raw, trace = network.forward(params, X, context)
    return raw, network.backward(trace, delta.copy())


def draw(network, n_fits, dtype="float64"):
    rng = np.random.default_rng(0)
    params = rng.normal(scale=0.5, size=(n_fits, network.n_params)).astype(dtype)
    X = rng.normal(size=(N_SAMPLES, network.sizes[0])).astype(dtype)
    return params, X, rng.normal(size=(n_fits, N_SAMPLES, network.sizes[-1])).astype(dtype)


def dropping(network, n_fits, step=4, with_input=False, place=NUMPY):
    n_rates = network.n_hidden + with_input
    rates = np.linspace(0.1, 0.6, n_fits * n_rates).reshape(n_fits, n_rates)
    return Context(DropoutDraws(place.asarray(rates), seed=7, step=step))


NETWORKS = {
    **{name: Network((4, 17, 5, 3), (name, name)) for name in ACTIVATIONS},
    "linear": Network((4, 3)),
    "without output bias": Network((4, 18, 3), ("relu",), output_bias=False),
    "linear without bias": Network((4, 3), output_bias=False),
    "narrow": Network((4, 5, 6, 3), ("relu", "leaky_relu")),
    "curve between runs": Network((4, 16, 6, 5, 7, 1), ("relu", "tanh", "leaky_relu", "identity")),
    "curve first": Network((4, 16, 6, 1), ("gelu", "relu")),
    **{
        f"batch normalization, {kind}": Network(
            (4, width, 5, 5, 3), ("relu", "tanh", "elu"), residual=True, normalization="batch"
        )
        for kind, width in (("wide", 17), ("narrow", 6))
    },
    "layer normalization": Network((4, 17, 5, 3), ("relu", "tanh"), normalization="layer"),
    "layer normalization, narrow": Network(
        (4, 6, 5, 3), ("leaky_relu", "identity"), normalization="layer"
    ),
    "layer normalization, residual": Network(
        (4, 7, 7, 5, 5, 3), ("relu", "tanh", "relu", "elu"), residual=True, normalization="layer"
    ),
    "residual": Network(
        (4, 7, 7, 7, 5, 5, 3), ("relu", "tanh", "relu", "elu", "leaky_relu"), residual=True
    ),
}


@pytest.mark.parametrize("n_fits", [1, 3])
@pytest.mark.parametrize("drops", [False, True], ids=["", "dropout"])
@pytest.mark.parametrize("kind", ["dense", "csr", "fortran"])
@pytest.mark.parametrize("name", NETWORKS)
def test_runs_of_layers_equal_the_layers(name, kind, drops, n_fits):
    network = NETWORKS[name]
    params, X, delta = draw(network, n_fits)
    X = {"dense": X, "csr": scipy.sparse.csr_array(X), "fortran": np.asfortranarray(X)}[kind]
    context = dropping(network, n_fits) if drops and network.n_hidden else Context()
    expected = by_definition(network, params, X, context, delta)
    for got, wanted in zip(by_network(network, params, X, context, delta), expected, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-13)


def test_connections_are_around_hidden_layers_of_the_same_width():
    network = Network((5, 5, 5, 4, 4, 4), ("relu",) * 4, residual=True)
    assert [network.adds_input(index) for index in range(4)] == [False, True, False, True]
    params, X, _ = draw(network, 1)
    x, layers = X, network.layout.layers
    for index, layer in enumerate(layers):
        z = x @ layer.weights(params)[0] + layer.bias(params)[0]
        is_output = index == len(layers) - 1
        x = z if is_output else np.maximum(z, 0) + (x if network.adds_input(index) else 0)
    np.testing.assert_allclose(network.forward(params, X)[0][0], x, rtol=1e-12)


@pytest.mark.parametrize("name", ["relu", "tanh", "linear", "narrow", "residual"])
@pytest.mark.parametrize("kind", ["dense", "fortran"])
def test_dropout_of_the_input_is_that_of_every_fit(name, kind):
    network = NETWORKS[name]
    params, X, delta = draw(network, 3)
    context = dropping(network, 3, with_input=True)
    rates, seed, step = context.dropout
    mask = KERNELS["skopt_suite.models._dropout.dropout_mask"](
        rates[:, -1:], *X.shape, seed, step, network.n_hidden
    )
    hidden = Context(context.dropout._replace(rates=rates[:, :-1])) if network.n_hidden else None
    X = np.asfortranarray(X) if kind == "fortran" else X
    raw, gradient = by_network(network, params, X, context, delta)
    for k in range(3):
        mine = hidden.take(np.array([k])) if hidden else Context()
        one, its = by_network(network, params[k : k + 1], X * mask[k], mine, delta[k : k + 1])
        np.testing.assert_allclose(raw[k], one[0], rtol=1e-12)
        np.testing.assert_allclose(gradient[k], its[0], rtol=1e-11, atol=1e-12)
    for got, wanted in zip(
        (raw, gradient), by_definition(network, params, X, context, delta), strict=True
    ):
        np.testing.assert_allclose(got, wanted, rtol=1e-11, atol=1e-13)


def n_layers(network, context):
    params, X, _ = draw(network, 1)
    return len(network.forward(params, X, context)[1].layers)


def test_what_becomes_one_layer():
    assert n_layers(NETWORKS["relu"], Context()) == 1
    assert n_layers(NETWORKS["relu"], dropping(NETWORKS["relu"], 1)) == 5  # 2 × dropout between
    assert (
        n_layers(NETWORKS["narrow"], Context()) == 2
    )  # the first layer by products made for the input
    assert n_layers(NETWORKS["curve between runs"], Context()) == 3
    assert n_layers(NETWORKS["tanh"], Context()) == 5
    assert len(NETWORKS["relu"].layers) == 8


@pytest.mark.parametrize("name", NETWORKS)
def test_the_gradient_is_that_of_the_predictions(place, name):
    network = NETWORKS[name]
    params, X, delta = draw(network, 2)
    context = dropping(network, 2, place=place) if network.n_hidden else Context()
    way = np.random.default_rng(1).normal(size=params.shape)

    def raw(step):
        moved = place.asarray(params + step * way)
        return to_numpy(network.forward(moved, place.asarray(X), context)[0])

    there = (place.asarray(array.copy()) for array in (params, X))
    _, trace = network.forward(*there, context)
    gradient = to_numpy(network.backward(trace, place.asarray(delta.copy())))
    slope = np.sum(gradient * way, axis=1)
    differences = np.sum((raw(1e-6) - raw(-1e-6)) * delta, axis=(1, 2)) / 2e-6
    np.testing.assert_allclose(differences, slope, rtol=1e-6)


def dropped(rates, step=0, seed=3, layer=0, n_samples=50, n_units=20):
    mask = KERNELS["skopt_suite.models._dropout.dropout_mask"](
        np.array(rates)[:, None], n_samples, n_units, seed, step, layer
    )
    return mask == 0


def test_a_fit_drops_the_same_units_in_a_stack_as_alone():
    together = dropped([0.2, 0.5, 0.7])
    np.testing.assert_array_equal(together[1:2], dropped([0.5]))
    assert (together[1:] >= together[:-1]).all()  # where a smaller rate drops, so does a larger


def test_what_is_dropped_depends_on_step_seed_and_layer():
    draws = [dropped([0.5], **changed) for changed in ({}, {"step": 1}, {"seed": 4}, {"layer": 1})]
    for i, one in enumerate(draws):
        for other in draws[:i]:
            assert 0.4 < np.mean(one == other) < 0.6


def test_dropout_keeps_the_mean():
    mask = KERNELS["skopt_suite.models._dropout.dropout_mask"](
        np.array([[0.0], [0.25]]), 400, 250, 1, 0, 0
    )
    assert (mask[0] == 1).all()
    assert {0.0, 4 / 3} == set(np.unique(mask[1]))
    assert np.mean(mask[1]) == pytest.approx(1, abs=4 * np.sqrt(1 / 3 / mask[1].size))


def test_gradients_of_biases_are_right_to_rounding_however_many_rows():
    n_samples = 300_000
    delta = np.full((1, n_samples, 1), 0.1, dtype="float32")
    x, outputs = np.ones_like(delta), np.ones(n_samples, dtype="float32")
    params = np.zeros((1, 2), dtype="float32")
    layout = np.array([[1, 1, 0, 1]]), np.array([1.0])
    gradient, _ = FUSED["skopt_suite.models._fused.run_backward"](
        params, params.copy(), x, outputs, delta, *layout, False
    )
    assert gradient[0, 1] == pytest.approx(0.1 * n_samples, rel=1e-6)


def test_networks_are_equal_by_what_they_are_and_pickle_small():
    network = Network((4, 17, 3), ("relu",))
    new = pickle.dumps(network)
    by_network(network, *draw(network, 2)[:2], Context(), draw(network, 2)[2])
    assert pickle.dumps(network) == new
    assert pickle.loads(new) == network
    assert hash(pickle.loads(new)) == hash(network)
    assert network != Network((4, 17, 3), ("tanh",))
