"""Record what optax computes where PyTorch has no such optimizer, for tests that run without optax.

Run it with a Python that has NumPy and optax (the recording here is from 0.2.8, CPU), after
``record_torch.py``, whose gradients it takes::

    python -m venv /tmp/optax
    /tmp/optax/bin/pip install numpy optax
    /tmp/optax/bin/python tests/reference/record_optax.py

It writes ``tests/reference/data/lion.npz``, in float64, as ``optimizers.npz``: for each run
``NAME``: ``NAME/params`` (n_steps, n_params), the parameters after each step, and
``NAME/hyperparameters``, a JSON text with optax's names. ``names`` lists the runs,
``optax_version`` says who computed it.
"""

import json
from pathlib import Path

import jax
import numpy as np
import optax

DATA = Path(__file__).parent / "data"

RUNS = {
    "lion": {"learning_rate": 1e-2, "b1": 0.9, "b2": 0.99, "weight_decay": 0.0},
    "lion_decay": {"learning_rate": 3e-2, "b1": 0.8, "b2": 0.95, "weight_decay": 0.1},
}


def main():
    jax.config.update("jax_enable_x64", True)
    with np.load(DATA / "optimizers.npz") as recording:
        initial, gradients = recording["initial_params"], recording["gradients"]
    arrays = {f"{run}/params": trajectory(RUNS[run], initial, gradients) for run in RUNS}
    for run, hyperparameters in RUNS.items():
        arrays[f"{run}/hyperparameters"] = np.array(json.dumps(hyperparameters))
    path = DATA / "lion.npz"
    np.savez_compressed(path, names=list(RUNS), optax_version=optax.__version__, **arrays)
    print(f"{path}: {path.stat().st_size} bytes, {len(arrays)} arrays")


def trajectory(hyperparameters, initial, gradients):
    optimizer, params = optax.lion(**hyperparameters), jax.numpy.asarray(initial)
    state, after_each_step = optimizer.init(params), []
    for gradient in gradients:
        updates, state = optimizer.update(jax.numpy.asarray(gradient), state, params)
        params = optax.apply_updates(params, updates)
        after_each_step.append(np.asarray(params))
    return np.array(after_each_step)


if __name__ == "__main__":
    main()
