"""Record what PyTorch's layers compute; see ``record_torch.py``, beside which it is run.

``more_activations.npz``
    As ``activations.npz``.
``normalization.npz``
    ``x`` (n_batches, n_samples, n_units), ``gain``, ``bias`` (n_units,), ``delta`` like a batch;
    for ``layer`` and ``batch``: ``NAME/output`` of every batch, in that order, and of the first
    ``NAME/by_x``, ``NAME/by_gain``, ``NAME/by_bias``, the gradients of ``sum(output * delta)``;
    ``batch/means``, ``batch/variances`` (n_batches, n_units), what is kept after every batch;
    ``batch/predicted``, the output of the first batch after all of them, where it predicts.
"""

import numpy as np
import torch
from record_torch import DATA, record_activations, save
from torch.nn import functional

ACTIVATIONS = {
    "selu": functional.selu,
    "mish": functional.mish,
    # the derivative of functional.hardsigmoid is 1/6 in single precision
    "hard_sigmoid": lambda x: functional.relu6(x + 3) / 6,
    "hard_tanh": functional.hardtanh,
    "hard_swish": functional.hardswish,
}


def main():
    torch.set_default_dtype(torch.float64)
    DATA.mkdir(exist_ok=True)
    save("more_activations", dict.fromkeys(ACTIVATIONS), record_activations(ACTIVATIONS))
    save("normalization", dict.fromkeys(["layer", "batch"]), record_normalization())


def record_normalization(n_batches=3, n_samples=7, n_units=5):
    rng = np.random.default_rng(0)
    offsets = 3.0 * rng.normal(size=n_units)
    arrays = {
        "x": 2.0 * rng.normal(size=(n_batches, n_samples, n_units)) + offsets,
        "gain": rng.uniform(0.5, 2.0, n_units),
        "bias": rng.normal(size=n_units),
        "delta": rng.normal(size=(n_samples, n_units)),
    }
    layer, batch = torch.nn.LayerNorm(n_units), torch.nn.BatchNorm1d(n_units)
    arrays |= outputs_and_gradients("layer", layer, arrays)
    means, variances = [], []
    batch.register_forward_hook(lambda one, *_: means.append(one.running_mean.numpy().copy()))
    batch.register_forward_hook(lambda one, *_: variances.append(one.running_var.numpy().copy()))
    arrays |= outputs_and_gradients("batch", batch, arrays)
    arrays["batch/means"], arrays["batch/variances"] = np.array(means), np.array(variances)
    arrays["batch/predicted"] = batch.eval()(torch.tensor(arrays["x"][0])).detach().numpy()
    return arrays


def outputs_and_gradients(name, module, arrays):
    with torch.no_grad():
        module.weight.copy_(torch.tensor(arrays["gain"]))
        module.bias.copy_(torch.tensor(arrays["bias"]))
    first, *others = (torch.tensor(x, requires_grad=True) for x in arrays["x"])
    output = module(first)
    (output * torch.tensor(arrays["delta"])).sum().backward()
    outputs = [output, *map(module, others)]
    return {
        f"{name}/output": np.array([one.detach().numpy() for one in outputs]),
        f"{name}/by_x": first.grad.numpy(),
        f"{name}/by_gain": module.weight.grad.numpy(),
        f"{name}/by_bias": module.bias.grad.numpy(),
    }


if __name__ == "__main__":
    main()
