"""How fast rows come to the card in `gpu.py`, and how much memory training takes there."""

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from epoch_contestants import Net, classes
from gpu_machine import Found, Machine, Sheet, Sizes
from reference_network import PLAIN, quietly

N_FEATURES = 250


def transfer(sheet: Sheet, machine: Machine, sizes: Sizes) -> None:
    rng = np.random.default_rng(0)
    X = rng.random((sizes.n_bytes // 4 // N_FEATURES, N_FEATURES), dtype=np.float32)
    to_card(partial(sheet.measure, f"{X.nbytes / 1e9:g} GB to the card"), machine, X)
    to_host(partial(sheet.measure, f"{X.nbytes / 1e9:g} GB to the host"), machine, X)


def to_card(measure: Callable[..., Found], machine: Machine, X: np.ndarray) -> None:
    """Time ours by difference: the same fit on rows of the host and of the card."""
    from skopt_suite import LinearClassifier

    y = np.arange(len(X)) % 2
    model = LinearClassifier(optimizer="gradient_descent", max_iter=1, backend=machine.backend)

    def ours() -> Found:
        there = machine.xp.asarray(X), machine.xp.asarray(y)
        on_card, on_host = (
            machine.fastest(lambda data=data: quietly(model.fit, *data)) for data in (there, (X, y))
        )
        moved = on_host - on_card
        return speed(X, moved) | {"note": f"the fit itself {1e3 * on_card:.1f} ms"}

    measure("ours", "a fit, checks included", "ms", ours)
    measure("peer", "asarray", "ms", lambda: speed(X, machine.fastest(lambda: copy(machine, X))))
    measure("floor", "asarray, pinned", "ms", lambda: speed(X, pinned(machine, X)))


def to_host(measure: Callable[..., Found], machine: Machine, X: np.ndarray) -> None:
    from skopt_suite.backends import to_numpy

    there = machine.xp.asarray(X)
    ours, theirs = partial(to_numpy, there), partial(machine.host, there)
    measure("ours", "results", "ms", lambda: speed(X, machine.fastest(ours)))
    measure("peer", "get", "ms", lambda: speed(X, machine.fastest(theirs)))


def copy(machine: Machine, X: np.ndarray) -> Any:
    return machine.xp.array(X)


def pinned(machine: Machine, X: np.ndarray) -> float:
    """Seconds of the copy from memory that the card reads by itself."""
    if machine.dry:
        return machine.fastest(lambda: copy(machine, X))
    import cupyx

    source = cupyx.empty_like_pinned(X)
    source[...] = X
    there = machine.xp.empty_like(X)
    return machine.fastest(lambda: there.set(source))


def speed(X: np.ndarray, seconds: float) -> Found:
    return {"figure": 1e3 * seconds, "note": f"{X.nbytes / seconds / 1e9:.1f} GB/s"}


# Memory.


def memory(sheet: Sheet, machine: Machine, sizes: Sizes) -> None:
    """Measure the pass with the highest peak of a search over one network, and over many."""
    net = Net((784, *[sizes.width] * 4, 10), sizes.wide_batch, sizes.n_wide)
    cases = {
        f"peak of one fit, 4 layers of {sizes.width:,}": partial(wide_fit, machine, net),
        f"peak of a pass, {sizes.n_candidates:,} candidates": partial(many_fits, machine, sizes),
    }
    for case, run in cases.items():
        passes: list[dict[str, float]] = []
        sheet.measure(case, "ours", "measured", "MB", partial(highest, machine, run, passes))
        sheet.measure(case, "peer", "our estimate", "MB", partial(estimate_of, passes))


def wide_fit(machine: Machine, net: Net) -> None:
    from skopt_suite import MLPClassifier
    from skopt_suite.model_selection import FusedGridSearchCV

    X, y = classes(net)
    settings = {"max_iter": 1, "backend": machine.backend, "random_state": 0}
    model = MLPClassifier(net.sizes[1:-1], **PLAIN, batch_size=net.batch_size, **settings)
    rows = np.arange(len(X))
    search = FusedGridSearchCV(model, {"tol": [1e-4]}, cv=[(rows, rows[:100])], refit=False)
    quietly(search.fit, X, y)


def many_fits(machine: Machine, sizes: Sizes) -> None:
    from fused_search import digits
    from large_search import make_search

    search = make_search(argparse.Namespace(candidates=sizes.n_candidates, epochs=1))
    search.set_params(n_jobs=None, refit=False)
    search.estimator.set_params(hidden_layer_sizes=(64,), backend=machine.backend)
    quietly(search.fit, *digits())


def highest(machine: Machine, run: Callable[[], None], passes: list[dict[str, float]]) -> Found:
    """Run what calls `train`, and measure every call."""
    import skopt_suite.model_selection._engine.passes as engine
    from skopt_suite.training import bytes_per_fit

    train = engine.train

    def measured(jobs: Any, data: Any, placement: Any, *args: Any, **settings: Any) -> Any:
        estimate = len(jobs) * bytes_per_fit(jobs[0], data, placement)
        peak = Peak(machine)
        results = peak.of(partial(train, jobs, data, placement, *args, **settings))
        passes.append({"peak": peak.bytes, "estimate": estimate, "n": len(jobs)})
        return results

    run()  # what is loaded and compiled once is not counted
    engine.train = measured
    try:
        run()
    finally:
        engine.train = train
    most = max(passes, key=lambda one: one["peak"])
    pool = "" if machine.dry else f", pool {held(machine) / 1e6:.0f} MB"
    return {"figure": most["peak"] / 1e6, "note": f"{most['n']} fits at once{pool}"}


def estimate_of(passes: list[dict[str, float]]) -> Found:
    most = max(passes, key=lambda one: one["peak"])
    return {"figure": most["estimate"] / 1e6}


def held(machine: Machine) -> int:
    """Return what CuPy's pool has taken of the card, and not given back."""
    return machine.xp.get_default_memory_pool().total_bytes()


class Peak:
    """The most memory that a call takes beside what there was before.

    Parameters
    ----------
    machine : Machine
        Where it is taken.
    """

    def __init__(self, machine: Machine) -> None:
        self.machine, self.bytes = machine, 0

    def of(self, call: Callable[[], Any]) -> Any:
        return self._on_host(call) if self.machine.dry else self._on_card(call)

    def _on_host(self, call: Callable[[], Any]) -> Any:
        import tracemalloc

        tracemalloc.start()
        try:
            value = call()
            self.bytes = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        return value

    def _on_card(self, call: Callable[[], Any]) -> Any:
        from cupy.cuda import MemoryHook

        class Hook(MemoryHook):
            name, now, most = "peak", 0, 0

            def malloc_postprocess(self, **given: int) -> None:
                self.now += given["mem_size"]
                self.most = max(self.most, self.now)

            def free_postprocess(self, **given: int) -> None:
                self.now -= given["mem_size"]

        with Hook() as hook:
            value = call()
        self.bytes = hook.most
        return value
