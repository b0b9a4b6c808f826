"""Record what PyTorch computes, for reference tests that run without PyTorch.

Run it with a Python that has NumPy and PyTorch (the recordings here are from 2.13.0, CPU)::

    python -m venv /tmp/torch
    /tmp/torch/bin/pip install numpy torch
    /tmp/torch/bin/python tests/reference/record_torch.py

It writes these files into ``tests/reference/data/``, all in float64:

``optimizers.npz``
    ``initial_params`` (n_params,), ``gradients`` (n_steps, n_params); for each run ``NAME``:
    ``NAME/params`` (n_steps, n_params), the parameters after each step.
``mlp_classifier.npz``, ``mlp_regressor.npz``
    ``X`` (n_samples, n_features), ``y``; ``initial/W0``, ``initial/b0``, ``initial/W1`` …,
    a weight being (n_in, n_out); for each run ``NAME``: ``NAME/losses`` (n_steps + 1,), the loss
    before each step and the final loss; ``NAME/W0``, ``NAME/b0`` …, the final weights.
``schedules.npz``
    for each schedule ``NAME``: ``NAME/factors`` (n_epochs,), learning rate / base learning rate.
``activations.npz``
    ``x`` (n_points,); for each activation ``NAME``: ``NAME/value``, ``NAME/derivative``, like x.

``names`` lists the runs of a file, ``NAME/hyperparameters`` is a JSON text with PyTorch's own names
(``{"class": "Adam", "lr": 0.01, ...}``), ``torch_version`` says who computed it. No pickles.
"""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

DATA = Path(__file__).parent / "data"

RMSPROP = {"lr": 1e-2, "alpha": 0.9, "eps": 1e-8}
# A short memory: AMSGrad's largest mean square then differs from the last, and within 100 steps
# RAdam passes from steps of momentum to others.
ADAM = {"lr": 1e-2, "betas": [0.9, 0.95], "eps": 1e-8}

OPTIMIZERS = {
    "sgd": {"class": "SGD", "lr": 0.1},
    "momentum": {"class": "SGD", "lr": 0.1, "momentum": 0.9},
    "nesterov": {"class": "SGD", "lr": 0.1, "momentum": 0.9, "nesterov": True},
    "adam": {"class": "Adam", "lr": 1e-2, "betas": [0.9, 0.999], "eps": 1e-8},
    "adam_variant": {"class": "Adam", "lr": 3e-2, "betas": [0.8, 0.95], "eps": 1e-3},
    "adamw": {
        "class": "AdamW",
        "lr": 1e-2,
        "betas": [0.9, 0.999],
        "eps": 1e-8,
        "weight_decay": 0.05,
    },
    "adagrad": {"class": "Adagrad", "lr": 0.1, "eps": 1e-10},
    "adadelta": {"class": "Adadelta", "lr": 1.0, "rho": 0.95, "eps": 1e-6},
    "adadelta_variant": {"class": "Adadelta", "lr": 0.5, "rho": 0.8, "eps": 1e-3},
    "rmsprop": {"class": "RMSprop", **RMSPROP},
    "rmsprop_centered": {"class": "RMSprop", **RMSPROP, "centered": True},
    "rmsprop_momentum": {"class": "RMSprop", **RMSPROP, "momentum": 0.8},
    "rmsprop_both": {"class": "RMSprop", **RMSPROP, "centered": True, "momentum": 0.8},
    "amsgrad": {"class": "Adam", **ADAM, "amsgrad": True},
    "adamax": {"class": "Adamax", **ADAM},
    "nadam": {"class": "NAdam", **ADAM},
    "radam": {"class": "RAdam", **ADAM},
}

MLP_OPTIMIZERS = {
    "adam": {"class": "Adam", "lr": 1e-2, "betas": [0.9, 0.999], "eps": 1e-8},
    "sgd": {"class": "SGD", "lr": 0.1},
}

SCHEDULES = {
    "step": {"class": "StepLR", "step_size": 5, "gamma": 0.5},
    "exponential": {"class": "ExponentialLR", "gamma": 0.9},
    "cosine": {"class": "CosineAnnealingLR", "T_max": 20, "eta_min": 0.0},
    "cosine_floor": {"class": "CosineAnnealingLR", "T_max": 20, "eta_min": 0.1},
    "polynomial": {"class": "PolynomialLR", "total_iters": 20, "power": 2.0},
    "polynomial_short": {"class": "PolynomialLR", "total_iters": 10, "power": 1.0},
    "warmup": {"class": "LinearLR", "start_factor": 0.1, "end_factor": 1.0, "total_iters": 5},
}

ACTIVATIONS = {
    "identity": lambda x: x * 1.0,
    "relu": functional.relu,
    "leaky_relu": lambda x: functional.leaky_relu(x, negative_slope=0.01),
    "elu": lambda x: functional.elu(x, alpha=1.0),
    "gelu": lambda x: functional.gelu(x, approximate="none"),
    "silu": functional.silu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    # PyTorch replaces softplus by x above its threshold; 20, the default, is an error of 2e-9.
    "softplus": lambda x: functional.softplus(x, threshold=40.0),
}


def main():
    torch.set_default_dtype(torch.float64)
    DATA.mkdir(exist_ok=True)
    save("optimizers", OPTIMIZERS, record_optimizers())
    save("mlp_classifier", *record_classifier())
    save("mlp_regressor", *record_regressor())
    save("schedules", SCHEDULES, record_schedules())
    save("activations", dict.fromkeys(ACTIVATIONS), record_activations(ACTIVATIONS))


def save(name, runs, arrays):
    for run, hyperparameters in runs.items():
        if hyperparameters is not None:
            arrays[f"{run}/hyperparameters"] = np.array(json.dumps(hyperparameters))
    path = DATA / f"{name}.npz"
    np.savez_compressed(path, names=list(runs), torch_version=torch.__version__, **arrays)
    print(f"{path}: {path.stat().st_size} bytes, {len(arrays)} arrays")


def record_optimizers(n_steps=100, n_params=7):
    rng = np.random.default_rng(0)
    initial = rng.normal(size=n_params)
    # Scales down to Adam's eps, so that a misplaced eps (inside the root, or before the bias
    # correction) shows; and a drift, so that momentum accumulates.
    scales = np.array([1e-8, 1e-4, 1e-2, 0.1, 1.0, 10.0, 1e3])
    gradients = (rng.normal(size=(n_steps, n_params)) + 0.3) * scales
    arrays = {"initial_params": initial, "gradients": gradients}
    for name, hyperparameters in OPTIMIZERS.items():
        arrays[f"{name}/params"] = trajectory(hyperparameters, initial, gradients)
    return arrays


def trajectory(hyperparameters, initial, gradients):
    params = torch.tensor(initial, requires_grad=True)
    optimizer = build(torch.optim, hyperparameters, [params])
    after_each_step = []
    for gradient in gradients:
        params.grad = torch.tensor(gradient)
        optimizer.step()
        after_each_step.append(params.detach().numpy().copy())
    return np.array(after_each_step)


def record_classifier(n_samples=60, n_features=8, n_classes=3):
    """Pixel-like data: counts from 0 to 16 around one prototype per class, scaled to [0, 1]."""
    rng = np.random.default_rng(1)
    y = np.arange(n_samples) % n_classes
    prototypes = rng.integers(0, 17, size=(n_classes, n_features))
    pixels = prototypes[y] + rng.normal(scale=4.0, size=(n_samples, n_features))
    X = np.clip(np.round(pixels), 0, 16) / 16
    initial = initial_layers(rng, [n_features, 12, 9, n_classes])
    runs, arrays = {}, {"X": X, "y": y, **named("initial", initial)}
    for activation in ["relu", "tanh"]:
        for optimizer, hyperparameters in MLP_OPTIMIZERS.items():
            name = f"{activation}_{optimizer}"
            runs[name] = {"activation": activation, **hyperparameters}
            arrays |= train(name, X, y, initial, runs[name], functional.cross_entropy)
    return runs, arrays


def record_regressor(n_samples=60, n_features=8, n_targets=2):
    rng = np.random.default_rng(2)
    X = rng.normal(size=(n_samples, n_features))
    y = np.sin(X @ rng.normal(size=(n_features, n_targets))) + 0.1 * rng.normal(
        size=(n_samples, n_targets)
    )
    initial = initial_layers(rng, [n_features, 12, 9, n_targets])
    runs = {"relu_adam": {"activation": "relu", **MLP_OPTIMIZERS["adam"]}}
    arrays = {"X": X, "y": y, **named("initial", initial)}
    arrays |= train("relu_adam", X, y, initial, runs["relu_adam"], half_squared_error)
    return runs, arrays


def half_squared_error(prediction, y):
    """Mean over samples of the sum over targets of ½(y − ŷ)²."""
    return (0.5 * (y - prediction) ** 2).sum(dim=1).mean()


def initial_layers(rng, sizes):
    """Glorot-uniform weights (n_in, n_out); biases that are not zero, so that they are tested."""
    layers = []
    for n_in, n_out in pairwise(sizes):
        bound = np.sqrt(6 / (n_in + n_out))
        layers.append((rng.uniform(-bound, bound, (n_in, n_out)), rng.uniform(-0.1, 0.1, n_out)))
    return layers


def named(run, layers):
    arrays = {}
    for i, (weight, bias) in enumerate(layers):
        arrays[f"{run}/W{i}"], arrays[f"{run}/b{i}"] = weight, bias
    return arrays


def train(run, X, y, initial, hyperparameters, loss_function, n_steps=50):
    """Full-batch training without a penalty."""
    hyperparameters = dict(hyperparameters)
    activation = getattr(torch, hyperparameters.pop("activation"))
    layers = [tuple(torch.tensor(part, requires_grad=True) for part in layer) for layer in initial]
    optimizer = build(torch.optim, hyperparameters, [part for layer in layers for part in layer])
    X, y, losses = torch.tensor(X), torch.tensor(y), []
    for step in range(n_steps + 1):
        loss = loss_function(forward(X, layers, activation), y)
        losses.append(loss.item())
        if step < n_steps:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    final = [tuple(part.detach().numpy() for part in layer) for layer in layers]
    return {f"{run}/losses": np.array(losses), **named(run, final)}


def forward(X, layers, activation):
    for weight, bias in layers[:-1]:
        X = activation(X @ weight + bias)
    weight, bias = layers[-1]
    return X @ weight + bias


def record_schedules(n_epochs=20, base_rate=0.3):
    return {
        f"{name}/factors": factors(hyperparameters, n_epochs, base_rate)
        for name, hyperparameters in SCHEDULES.items()
    }


def factors(hyperparameters, n_epochs, base_rate):
    """Learning rate in force during each epoch, relative to ``base_rate``."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=base_rate)
    hyperparameters = dict(hyperparameters)
    if "eta_min" in hyperparameters:  # PyTorch takes an absolute rate, the recording a factor
        hyperparameters["eta_min"] *= base_rate
    scheduler = build(torch.optim.lr_scheduler, hyperparameters, optimizer)
    rates = []
    for _ in range(n_epochs):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return np.array(rates) / base_rate


def record_activations(functions):
    # No point at 0, where relu has no derivative; far points, where a naive formula overflows.
    x = np.concatenate([[-800.0, -30.0], np.linspace(-6, 6, 50), [30.0, 800.0]])
    arrays = {"x": x}
    for name, activation in functions.items():
        points = torch.tensor(x, requires_grad=True)
        value = activation(points)
        value.sum().backward()
        arrays[f"{name}/value"] = value.detach().numpy()
        arrays[f"{name}/derivative"] = points.grad.numpy()
    return arrays


def build(module, hyperparameters, target):
    """``{"class": "Adam", "lr": 0.1}`` → ``module.Adam(target, lr=0.1)``."""
    arguments = dict(hyperparameters)
    return getattr(module, arguments.pop("class"))(target, **arguments)


if __name__ == "__main__":
    main()
