"""Record the learning rates of PyTorch's schedulers, for tests that run without PyTorch.

Run it with a Python that has NumPy and PyTorch (the recordings here are from 2.13.0, CPU)::

    python -m venv /tmp/torch
    /tmp/torch/bin/pip install numpy torch
    /tmp/torch/bin/python tests/reference/record_schedules.py

It writes ``tests/reference/data/more_schedules.npz``, in float64: for each schedule ``NAME`` of
``names``, ``NAME/factors`` (n_epochs,), the learning rate in force during each epoch over the
largest one; ``NAME/hyperparameters`` is a JSON text with PyTorch's own names. Rates among them are
shares of the largest one.

And ``tests/reference/data/momentum_cycles.npz``, in float64: ``X`` (n_samples, n_features), ``y``
(n_samples,); for each optimizer ``NAME`` of ``names``, with which a linear model without a penalty
learns half the squared error of ``y`` from zero, in batches as they come, in one cycle that ends
with the last step: ``NAME/momenta`` (n_steps,) in force during each step, and ``NAME/params``
(n_features + 1,), coefficients and intercept in the end.
"""

import numpy as np
import torch
from record_torch import build, half_squared_error, save

N_EPOCHS = 101
RATE = 0.3
RATES = {"eta_min", "base_lr", "max_lr"}
CYCLIC = {"class": "CyclicLR", "base_lr": 0.2, "max_lr": 1.0, "cycle_momentum": False}
ONE_CYCLE = {"class": "OneCycleLR", "max_lr": 1.0, "total_steps": 101, "cycle_momentum": False}

SCHEDULES = {
    "multi_step": {"class": "MultiStepLR", "milestones": [30, 60, 80], "gamma": 0.1},
    "linear": {"class": "LinearLR", "start_factor": 1 / 3, "end_factor": 1.0, "total_iters": 5},
    "linear_down": {"class": "LinearLR", "start_factor": 1.0, "end_factor": 0.1, "total_iters": 80},
    "restarts": {"class": "CosineAnnealingWarmRestarts", "T_0": 10, "T_mult": 1, "eta_min": 0.1},
    "restarts_growing": {"class": "CosineAnnealingWarmRestarts", "T_0": 3, "T_mult": 2},
    "restarts_by_three": {"class": "CosineAnnealingWarmRestarts", "T_0": 1, "T_mult": 3},
    "one_cycle": {**ONE_CYCLE, "pct_start": 0.3},
    "one_cycle_linear": {
        **ONE_CYCLE,
        "pct_start": 0.45,
        "anneal_strategy": "linear",
        "div_factor": 10.0,
        "final_div_factor": 100.0,
    },
    "triangular": {**CYCLIC, "step_size_up": 8, "mode": "triangular"},
    "triangular2": {**CYCLIC, "step_size_up": 8, "mode": "triangular2"},
    "exp_range": {**CYCLIC, "step_size_up": 7, "mode": "exp_range", "gamma": 0.97},
    "then": {
        "class": "SequentialLR",
        "schedulers": [
            {"class": "ExponentialLR", "gamma": 0.9},
            {"class": "CosineAnnealingLR", "T_max": 80},
        ],
        "milestones": [20],
    },
    "product": {
        "class": "ChainedScheduler",
        "schedulers": [
            {"class": "ExponentialLR", "gamma": 0.97},
            {"class": "StepLR", "step_size": 25, "gamma": 0.5},
        ],
    },
}

CYCLE = {"anneal_strategy": "linear", "base_momentum": 0.7, "max_momentum": 0.9, "pct_start": 0.4}
BATCH, N_CYCLE = 8, 40
OPTIMIZERS = {
    "momentum": {"class": "SGD", "lr": 0.05, "momentum": 0.5},
    "nesterov": {"class": "SGD", "lr": 0.05, "momentum": 0.5, "nesterov": True},
    "rmsprop": {"class": "RMSprop", "lr": 0.01, "alpha": 0.9, "eps": 1e-8},
    "adam": {"class": "Adam", "lr": 0.1, "betas": [0.5, 0.95], "eps": 1e-8},
    "adamw": {
        "class": "AdamW",
        "lr": 0.1,
        "betas": [0.5, 0.95],
        "eps": 1e-8,
        "weight_decay": 0.05,
    },
    "amsgrad": {
        "class": "Adam",
        "lr": 0.1,
        "betas": [0.5, 0.95],
        "eps": 1e-8,
        "amsgrad": True,
    },
    "adamax": {"class": "Adamax", "lr": 0.1, "betas": [0.5, 0.95], "eps": 1e-8},
    "radam": {"class": "RAdam", "lr": 0.1, "betas": [0.5, 0.95], "eps": 1e-8},
}


def main():
    torch.set_default_dtype(torch.float64)
    factors = {f"{name}/factors": rates(scheduler) for name, scheduler in SCHEDULES.items()}
    save("more_schedules", SCHEDULES, factors)
    save("momentum_cycles", {name: {**CYCLE, **of} for name, of in OPTIMIZERS.items()}, cycles())


def cycles(n_samples=40, n_features=3):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, n_features))
    y = X @ rng.normal(size=n_features) + 0.3 * rng.normal(size=n_samples) + 1
    arrays = {"X": X, "y": y}
    for name, hyperparameters in OPTIMIZERS.items():
        arrays |= cycle(name, torch.tensor(X), torch.tensor(y)[:, None], hyperparameters)
    return arrays


def cycle(run, X, y, hyperparameters):
    weight, bias = torch.zeros(X.shape[1], 1), torch.zeros(1)
    groups = [{"params": [weight.requires_grad_()]}, {"params": [bias.requires_grad_()]}]
    if "weight_decay" in hyperparameters:
        groups[1]["weight_decay"] = 0.0
    optimizer = build(torch.optim, hyperparameters, groups)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, hyperparameters["lr"], N_CYCLE, **CYCLE
    )
    momenta = []
    for step in range(N_CYCLE):
        group = optimizer.param_groups[0]
        momenta.append(group["momentum"] if "momentum" in group else group["betas"][0])
        rows = slice(step * BATCH % len(X), step * BATCH % len(X) + BATCH)
        optimizer.zero_grad()
        half_squared_error(X[rows] @ weight + bias, y[rows]).backward()
        optimizer.step()
        if step < N_CYCLE - 1:
            scheduler.step()
    params = torch.cat([weight[:, 0], bias]).detach().numpy()
    return {f"{run}/momenta": np.array(momenta), f"{run}/params": params}


def rates(hyperparameters):
    """Learning rate in force during each epoch, relative to the largest."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=RATE)
    scheduler = scheduler_of(optimizer, hyperparameters)
    in_force = []
    for _ in range(N_EPOCHS - 1):
        in_force.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    in_force.append(optimizer.param_groups[0]["lr"])
    return np.array(in_force) / RATE


def scheduler_of(optimizer, hyperparameters):
    arguments = {
        name: RATE * value if name in RATES else value for name, value in hyperparameters.items()
    }
    kinds, module = arguments.get("schedulers"), torch.optim.lr_scheduler
    if kinds is None:
        return build(module, arguments, optimizer)
    arguments["schedulers"] = [scheduler_of(optimizer, kind) for kind in kinds]
    if arguments["class"] == "ChainedScheduler":
        return module.ChainedScheduler(arguments["schedulers"])
    return build(module, arguments, optimizer)


if __name__ == "__main__":
    main()
