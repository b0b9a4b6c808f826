"""Optimizers, schedules, activations and whole trainings agree with PyTorch.

The recordings are made by ``record_torch.py`` and ``record_layers.py``, which say what they hold.
Those of Lion, which PyTorch lacks, are by ``record_optax.py``.
"""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from skopt_suite._component import stack
from skopt_suite._layout import Layout
from skopt_suite.backends import Placement
from skopt_suite.losses import LogLoss, SquaredError
from skopt_suite.models import ACTIVATIONS, Context, Network
from skopt_suite.optimizers import OPTIMIZERS as OPTIMIZERS_HERE
from skopt_suite.optimizers import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    AMSGrad,
    Lion,
    Momentum,
    NAdam,
    Nesterov,
    RAdam,
    RMSprop,
    Rule,
)
from skopt_suite.penalties import NoPenalty
from skopt_suite.schedules import Constant, Cosine, Exponential, Polynomial, Step, Warmup
from skopt_suite.testing._common import job_of
from skopt_suite.training import Data, Rows, train

NUMPY = Placement(np)
DATA = Path(__file__).parent / "data"


def load(name):
    with np.load(DATA / f"{name}.npz") as recording:
        return dict(recording)


OPTIMIZERS, SCHEDULES, FUNCTIONS = map(load, ("optimizers", "schedules", "activations"))
MORE_FUNCTIONS = load("more_activations")
LION = load("lion")
CLASSIFIER, REGRESSOR = map(load, ("mlp_classifier", "mlp_regressor"))


def hyperparameters(recording, run):
    return json.loads(str(recording[f"{run}/hyperparameters"]))


OF_TORCH = {
    "Adagrad": Adagrad,
    "Adadelta": Adadelta,
    "RMSprop": RMSprop,
    "Adam": Adam,
    "AdamW": AdamW,
    "Adamax": Adamax,
    "NAdam": NAdam,
    "RAdam": RAdam,
}
NAMES = {"lr": "learning_rate", "eps": "epsilon", "alpha": "rho"}


def as_optimizer(torch_params):
    """Return our optimizer for PyTorch's class and arguments."""
    given = {NAMES.get(name, name): value for name, value in torch_params.items()}
    kind, _ = given.pop("class"), given.pop("activation", None)
    if "betas" in given:
        given["beta1"], given["beta2"] = given.pop("betas")
    if given.pop("amsgrad", False):
        return AMSGrad(**given)
    if kind == "SGD":
        has_momentum, is_nesterov = "momentum" in given, given.pop("nesterov", False)
        return (Nesterov if is_nesterov else Momentum if has_momentum else SGD)(**given)
    return OF_TORCH[kind](**given)


@pytest.mark.parametrize("run", OPTIMIZERS["names"])
def test_optimizer_follows_the_trajectory(run):
    """100 steps on the same gradients, whose scales go down to Adam's epsilon."""
    optimizer = as_optimizer(hyperparameters(OPTIMIZERS, run))
    assert_follows(optimizer, OPTIMIZERS[f"{run}/params"])


@pytest.mark.parametrize("run", LION["names"])
def test_lion_follows_the_trajectory_of_optax(run):
    given = hyperparameters(LION, run)
    given["beta1"], given["beta2"] = given.pop("b1"), given.pop("b2")
    assert_follows(Lion(**given), LION[f"{run}/params"])


def assert_follows(optimizer, expected):
    gradients = OPTIMIZERS["gradients"]
    stacked = stack([optimizer] * 2, NUMPY)
    params = np.tile(OPTIMIZERS["initial_params"], (2, 1))
    layout = Layout.dense((params.shape[1], 1), output_bias=False)
    state, steps = stacked.init(params, SimpleNamespace(layout=layout, has_prox=False)), []
    for gradient in gradients:
        params, state = stacked.update(
            state, params, np.tile(gradient, (2, 1)), stacked.learning_rate, layout
        )
        steps.append(params.copy())
    assert len(steps) == 100
    for k in range(2):
        np.testing.assert_allclose(np.array(steps)[:, k], expected, rtol=1e-11, atol=1e-13)


DECAYING = [
    OPTIMIZERS_HERE[name]
    for name in OPTIMIZERS_HERE
    if issubclass(OPTIMIZERS_HERE[name], Rule)
    and "weight_decay" in OPTIMIZERS_HERE[name].parameters
]


@pytest.mark.parametrize("rule", DECAYING)
def test_weights_decay_and_biases_do_not(rule):
    """The last parameters are biases; in each step weights first lose their share."""
    plain, decaying = (stack([rule(0.1, weight_decay=share)], NUMPY) for share in (0.0, 0.5))
    layout = Layout.dense((2, 1, 2))  # 4 weights, 3 biases
    params, one_by_one = (OPTIMIZERS["initial_params"][None, :].copy() for _ in range(2))
    assert params.shape == (1, layout.n_params)
    problem = SimpleNamespace(layout=layout, has_prox=False)
    state, other = decaying.init(params, problem), plain.init(params, problem)
    for gradient in OPTIMIZERS["gradients"]:
        both = [gradient[None, :].copy() for _ in range(2)]
        params, state = decaying.update(state, params, both[0], decaying.learning_rate, layout)
        one_by_one[:, :4] *= 1 - 0.1 * 0.5
        one_by_one, other = plain.update(other, one_by_one, both[1], plain.learning_rate, layout)
    np.testing.assert_allclose(params, one_by_one, rtol=1e-12)


def as_schedule(torch_params):
    kind = torch_params["class"]
    if kind == "StepLR":
        return Step(step_size=torch_params["step_size"], gamma=torch_params["gamma"])
    if kind == "ExponentialLR":
        return Exponential(gamma=torch_params["gamma"])
    if kind == "CosineAnnealingLR":
        return Cosine(final_factor=torch_params["eta_min"], n_epochs=torch_params["T_max"])
    if kind == "PolynomialLR":
        return Polynomial(power=torch_params["power"], n_epochs=torch_params["total_iters"])
    assert torch_params["class"] == "LinearLR"
    assert torch_params["end_factor"] == 1
    return Warmup(
        Constant(), n_epochs=torch_params["total_iters"], start_factor=torch_params["start_factor"]
    )


@pytest.mark.parametrize("run", SCHEDULES["names"])
def test_schedule(run):
    expected = SCHEDULES[f"{run}/factors"]
    schedule = stack([as_schedule(hyperparameters(SCHEDULES, run))], NUMPY)
    horizon = np.array([[float(len(expected))]])
    state = schedule.init(horizon)
    factors = [schedule.factor_at(state, float(t), horizon)[0, 0] for t in range(len(expected))]
    np.testing.assert_allclose(factors, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation(name):
    run = {"logistic": "sigmoid"}.get(name, name)
    recording = FUNCTIONS if run in FUNCTIONS["names"] else MORE_FUNCTIONS
    x = recording["x"]
    activation, z = ACTIVATIONS[name], x[None, :, None].copy()
    value, saved = activation.forward(None, z, Context())
    tolerance = {"rtol": 1e-12, "atol": 1e-14}
    np.testing.assert_allclose(value[0, :, 0], recording[f"{run}/value"], **tolerance)
    derivative = activation.backward(None, None, saved, np.ones_like(z))
    np.testing.assert_allclose(derivative[0, :, 0], recording[f"{run}/derivative"], **tolerance)


def test_every_recorded_activation_is_ours():
    assert {*ACTIVATIONS} - {"logistic"} | {"sigmoid"} == {
        *FUNCTIONS["names"],
        *MORE_FUNCTIONS["names"],
    }


def layers(recording, run):
    depths = range(3)
    return (
        [recording[f"{run}/W{depth}"] for depth in depths],
        [recording[f"{run}/b{depth}"] for depth in depths],
    )


def trained(recording, run, loss, y):
    """Return job, result and PyTorch's losses after 50 full-batch steps."""
    torch_params = hyperparameters(recording, run)
    weights, biases = layers(recording, "initial")
    sizes = (*(weight.shape[0] for weight in weights), weights[-1].shape[1])
    network = Network(sizes, (torch_params["activation"],) * (len(sizes) - 2))
    X, expected = recording["X"], recording[f"{run}/losses"]
    job = job_of(
        network=network,
        loss=loss,
        penalty=NoPenalty(),
        optimizer=as_optimizer(torch_params),
        schedule=Constant(),
        max_iter=len(expected) - 1,
        tol=0.0,
        n_iter_no_change=1000,
        batch_size=len(X),
        shuffle=True,
        early_stopping=False,
        dropout=(),
        seed=0,
        dtype="float64",
        start=network.layout.flatten(weights, biases),
    )
    (result,) = train([job], Data.in_memory(Rows(X, y)), NUMPY)
    return job, result, expected


def assert_agrees(recording, run, loss, y):
    job, result, expected = trained(recording, run, loss, y)
    assert result.n_iter == 50
    # The loss of an epoch is the one before its only step.
    np.testing.assert_allclose(result.loss_curve, expected[:-1], rtol=1e-6)
    raw, _ = job.network.forward(result.params[None, :], recording["X"])
    value, _ = job.loss.value_and_gradient(y, raw)
    np.testing.assert_allclose(value.mean(), expected[-1], rtol=1e-6)
    final = job.network.layout.flatten(*layers(recording, run))
    np.testing.assert_allclose(result.params, final, rtol=1e-6, atol=1e-9)
    assert expected[-1] < 0.9 * expected[0]


@pytest.mark.parametrize("run", CLASSIFIER["names"])
def test_mlp_classifier(run):
    assert_agrees(CLASSIFIER, run, LogLoss(), CLASSIFIER["y"][:, None])


@pytest.mark.parametrize("run", REGRESSOR["names"])
def test_mlp_regressor(run):
    assert_agrees(REGRESSOR, run, SquaredError(), REGRESSOR["y"])
