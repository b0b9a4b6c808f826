"""Record what PyTorch's layers compute; see ``record_torch.py``, beside which it is run.

``more_activations.npz``
    As ``activations.npz``.
"""

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


if __name__ == "__main__":
    main()
