"""How time and memory grow with rows, columns and candidates, with rows in a file: exponents.

Each fit or search runs in a process of its own, on a map of a file; an exponent is the slope of
logarithms, by least squares. See ``benchmarks/README.md``.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from scale import models, write

from skopt_suite.backends import peak_memory

AXES = {
    "rows": [(n, 50, 1) for n in (500_000, 1_000_000, 3_000_000, 10_000_000)],
    "columns": [(1_000_000, d, 1) for d in (25, 50, 100, 200)],
    "candidates": [(500_000, 50, c) for c in (1, 4, 16, 64)],
}
MODELS = {
    "linear, sgd": {"max_iter": 2},
    "linear, lbfgs": {"max_iter": 10, "tol": 1e-12},
    "network (64,)": {"max_iter": 2},
}


def model_of(name):
    """Return a model of ``scale.py`` with fewer epochs."""
    return models()[name].set_params(**MODELS[name])


def search_of(name, n_candidates):
    from skopt_suite.model_selection import FusedGridSearchCV

    grid = {"penalty__alpha": np.logspace(-6, -2, n_candidates)}
    return FusedGridSearchCV(model_of(name).set_params(penalty="l2"), grid, cv=3, refit=False)


def measure(folder, name, n_candidates):
    """Fit or search once, after a small one that compiles what is needed."""
    warnings.simplefilter("ignore")
    X, y = np.load(folder / "X.npy", mmap_mode="r"), np.load(folder / "y.npy")
    model = model_of(name) if n_candidates == 1 else search_of(name, n_candidates)
    model.fit(np.array(X[:2000]), y[:2000])
    wall, cpu = time.perf_counter(), time.process_time()
    model.fit(X, y)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"wall": wall, "cpu": cpu, "memory": peak_memory() / 2**20}


def in_process(option, *arguments):
    """Return what a process of its own prints, which inherits no peak of memory from this one."""
    command = [sys.executable, __file__, option, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def exponent(sizes, values):
    """Return the power of sizes that values grow with."""
    slope, _ = np.polyfit(np.log(sizes), np.log(np.maximum(values, 1e-9)), 1)
    return slope


def run(axis, points, names):
    """Measure all models along one axis, and print what they took."""
    position = ["rows", "columns", "candidates"].index(axis)
    found = {name: [] for name in names}
    for point in points:
        with tempfile.TemporaryDirectory() as folder:
            in_process("--write", folder, *point[:2])
            for name in names:
                found[name].append(json.loads(in_process("--one", folder, name, point[2])))
    sizes = [point[position] for point in points]
    for name, results in found.items():
        seconds, memory = ([one[key] for one in results] for key in ("cpu", "memory"))
        growth = exponent(sizes, seconds), exponent(sizes, memory)
        print(
            f"{axis:11} {name:14} "
            + "  ".join(f"{s:7.2f} s {m:5.0f} MB" for s, m in zip(seconds, memory, strict=True))
            + f"   time ^{growth[0]:.2f}  memory ^{growth[1]:.2f}",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--axes", nargs="*", default=list(AXES), choices=list(AXES))
    parser.add_argument("--models", nargs="*", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--write", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        folder, *shape = options.write
        write(Path(folder), *map(int, shape))
        return
    if options.one:
        folder, name, n_candidates = options.one
        print(json.dumps(measure(Path(folder), name, int(n_candidates))))
        return
    for axis in options.axes:
        print(axis, [point[("rows", "columns", "candidates").index(axis)] for point in AXES[axis]])
        run(axis, AXES[axis], options.models)


if __name__ == "__main__":
    main()
