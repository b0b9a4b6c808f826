"""Record the learning rates of PyTorch's schedulers, for tests that run without PyTorch.

Run it with a Python that has NumPy and PyTorch (the recordings here are from 2.13.0, CPU)::

    python -m venv /tmp/torch
    /tmp/torch/bin/pip install numpy torch
    /tmp/torch/bin/python tests/reference/record_schedules.py

It writes ``tests/reference/data/more_schedules.npz``, in float64: for each schedule ``NAME`` of
``names``, ``NAME/factors`` (n_epochs,), the learning rate in force during each epoch over the
largest one; ``NAME/hyperparameters`` is a JSON text with PyTorch's own names. Rates among them are
shares of the largest one.
"""

import numpy as np
import torch
from record_torch import build, save

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


def main():
    torch.set_default_dtype(torch.float64)
    factors = {f"{name}/factors": rates(scheduler) for name, scheduler in SCHEDULES.items()}
    save("more_schedules", SCHEDULES, factors)


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
