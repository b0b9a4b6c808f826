"""Record what PyTorch, optax, schedulefree and prodigyopt compute, for tests that run without them.

Run it with a Python that has them (the recordings are from PyTorch 2.14.1, optax 0.2.8,
schedulefree 1.4.1 and prodigyopt 1.1.2, on a CPU)::

    python -m venv /tmp/authority
    /tmp/authority/bin/pip install numpy torch jax optax schedulefree prodigyopt
    /tmp/authority/bin/python tests/reference/record_wrappers.py

It writes ``tests/reference/data/wrappers.npz``, all in float64: ``initial_params`` (n_params,) and
``gradients`` (n_steps, n_params); for each run ``NAME``, ``NAME/params``, the parameters that train
after every fifth step, and, where predictions use others, ``NAME/shown``.
``sizes`` are the units of every layer of the network whose weights and biases `muon` moves.
"""

from itertools import pairwise
from pathlib import Path

import jax
import numpy as np
import optax
import prodigyopt
import schedulefree
import torch

DATA = Path(__file__).parent / "data"
SIZES = (3, 4, 2)


def main():
    torch.set_default_dtype(torch.float64)
    jax.config.update("jax_enable_x64", True)
    initial, gradients = draw()
    arrays = {"initial_params": initial, "gradients": gradients, "sizes": np.array(SIZES)}
    for name, record in RUNS.items():
        recorded = zip(*record(initial, gradients), strict=True)
        for what, values in zip(("params", "shown"), recorded, strict=False):
            arrays[f"{name}/{what}"] = np.array(values)[4::5]
    path = DATA / "wrappers.npz"
    np.savez_compressed(path, **arrays)
    print(f"{path}: {path.stat().st_size} bytes, {len(arrays)} arrays")


def draw(n_steps=100):
    """Gradients of several scales, with a drift, that shrink and turn as training goes on."""
    rng = np.random.default_rng(0)
    n_params = sum((n_in + 1) * n_out for n_in, n_out in pairwise(SIZES))
    initial = rng.normal(size=n_params)
    scales = 10.0 ** rng.uniform(-3, 1, n_params)
    fading = 1 / np.sqrt(1 + np.arange(n_steps))[:, None]
    return initial, (rng.normal(size=(n_steps, n_params)) + fading) * fading * scales


def by_torch(build, before=lambda param: None, shown=None):
    """Yield what an optimizer of PyTorch does to one tensor."""

    def run(initial, gradients):
        param = torch.tensor(initial, requires_grad=True)
        optimizer = build([param])
        for gradient in gradients:
            param.grad = torch.tensor(gradient)
            before(param)
            optimizer.step()
            now = param.detach().numpy().copy()
            yield (now,) if shown is None else (now, shown(optimizer, param))

    return run


def by_optax(transformation):
    def run(initial, gradients):
        params, state = jax.numpy.asarray(initial), transformation.init(initial)
        for gradient in gradients:
            updates, state = transformation.update(gradient, state, params)
            params = optax.apply_updates(params, updates)
            yield (np.asarray(params),)

    return run


def averaged_by_torch(initial, gradients):
    """Stochastic weight averaging of gradient descent."""
    model = torch.nn.Linear(len(initial), 1, bias=False)
    model.weight.data = torch.tensor(initial)[None, :]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    average = torch.optim.swa_utils.AveragedModel(model)
    for gradient in gradients:
        model.weight.grad = torch.tensor(gradient)[None, :]
        optimizer.step()
        average.update_parameters(model)
        yield tuple(one.detach().numpy()[0].copy() for one in (model.weight, average.module.weight))


def averaged_by_optax(initial, gradients):
    """The moving average of gradient descent, without a bias to its beginning."""
    descent, average = optax.sgd(0.1), optax.ema(0.9, debias=True)
    params, state = jax.numpy.asarray(initial), descent.init(initial)
    of_average = average.init(params)
    for gradient in gradients:
        updates, state = descent.update(gradient, state, params)
        params = optax.apply_updates(params, updates)
        shown, of_average = average.update(params, of_average)
        yield np.asarray(params), np.asarray(shown)


def lookahead(initial, gradients):
    """Slow weights are those of the last return: after five steps."""
    transformation = optax.lookahead(optax.sgd(0.1, momentum=0.9), 5, 0.5)
    params = optax.LookaheadParams.init_synced(jax.numpy.asarray(initial))
    state = transformation.init(params)
    for gradient in gradients:
        updates, state = transformation.update(gradient, state, params)
        params = optax.apply_updates(params, updates)
        yield np.asarray(params.fast), np.asarray(params.slow)


def average_of_schedule_free(optimizer, param):
    optimizer.eval()
    shown = param.detach().numpy().copy()
    optimizer.train()
    return shown


def schedule_free(kind, **settings):
    def build(params):
        optimizer = kind(params, foreach=False, **settings)
        optimizer.train()
        return optimizer

    return by_torch(build, shown=average_of_schedule_free)


def muon(initial, gradients):
    """Hidden weights by Muon, all else by AdamW; the orthogonalisation in float64, not bfloat16."""
    torch.Tensor.bfloat16 = lambda tensor: tensor
    matrix, output, biases = map(torch.nn.Parameter, parts(initial))
    of_matrix = torch.optim.Muon([matrix], lr=0.02, weight_decay=0.05, momentum=0.95)
    of_output = torch.optim.AdamW([output], lr=0.003, weight_decay=0.05)
    of_biases = torch.optim.Adam([biases], lr=0.003)
    for gradient in gradients:
        matrix.grad, output.grad, biases.grad = parts(gradient)
        for optimizer in (of_matrix, of_output, of_biases):
            optimizer.step()
        now = [part.detach().numpy() for part in (matrix.T, output, biases)]
        yield (np.concatenate([part.ravel() for part in now]),)


def parts(row):
    """Return the weights of the hidden layer, (n_out, n_in), those of the output, and biases."""
    n_in, n_hidden, n_out = SIZES
    n_muon, n_weights = n_in * n_hidden, n_hidden * (n_in + n_out)
    matrix = row[:n_muon].reshape(n_in, n_hidden).T
    return [torch.tensor(part.copy()) for part in (matrix, row[n_muon:n_weights], row[n_weights:])]


def clip_value(param):
    torch.nn.utils.clip_grad_value_([param], 0.1)


RUNS = {
    "clip_value": by_torch(lambda params: torch.optim.Adam(params, lr=0.01), clip_value),
    "clip_norm": by_optax(optax.chain(optax.clip_by_global_norm(0.5), optax.adam(0.01))),
    "average": averaged_by_torch,
    "moving_average": averaged_by_optax,
    "lookahead": lookahead,
    "schedule_free_sgd": schedule_free(schedulefree.SGDScheduleFree, lr=0.1, warmup_steps=10),
    "schedule_free_adamw": schedule_free(
        schedulefree.AdamWScheduleFree, lr=0.01, warmup_steps=10, weight_decay=0.05
    ),
    "prodigy": by_torch(lambda params: prodigyopt.Prodigy(params, d0=1e-3, weight_decay=0.05)),
    "prodigy_d_coef": by_torch(lambda params: prodigyopt.Prodigy(params, d0=0.01, d_coef=0.5)),
    "muon": muon,
}


if __name__ == "__main__":
    main()
