"""Kill fits and searches at random moments until they are done: the bits must be the same.

Each is a process of its own that is ended by SIGKILL, many times while it writes, as writing is
slowed down there. ``python benchmarks/kill.py [n_kills] [seed]`` prints what was hit.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from sklearn.base import clone
from sklearn.datasets import make_classification

from skopt_suite import Checkpoint, LinearClassifier, MLPClassifier
from skopt_suite.model_selection import FusedGridSearchCV, FusedHalvingGridSearchCV

X, Y = make_classification(400, 10, n_informative=6, random_state=0)
NETWORK = MLPClassifier(
    (16, 8), max_iter=400, batch_size=32, random_state=0, dropout=0.2, tol=None, schedule="cosine"
)
SMALL = clone(NETWORK).set_params(max_iter=30)
ALPHAS = {"penalty__alpha": np.logspace(-5, 0, 6)}
MODELS = {
    "fit of a network": NETWORK,
    "fit by FISTA": LinearClassifier(optimizer="fista", tol=1e-15, max_iter=300),
    "grid search": FusedGridSearchCV(SMALL, {"activation": ["relu", "tanh"], **ALPHAS}, cv=3),
    "halving": FusedHalvingGridSearchCV(
        SMALL, ALPHAS, resource="max_iter", min_resources=5, max_resources=40, factor=2, cv=3
    ),
}
READY = "ready"


def fit_slowly(name: str, folder: str) -> None:
    """Fit in a process that spends much of its time writing."""
    fsync, replace = os.fsync, os.replace
    os.fsync = lambda number: (time.sleep(0.05), fsync(number))  # type: ignore[assignment]
    os.replace = lambda *paths: (time.sleep(0.001), replace(*paths))  # type: ignore[assignment]
    print(READY, flush=True)
    clone(MODELS[name]).fit(X, Y, checkpoint=Checkpoint(folder, every=0))


def kill_until_done(name: str, folder: Path, n_kills: int, random: np.random.Generator) -> None:
    """Kill that many processes, let one end, and compare; print what became of them."""
    n_killed, n_writing, patience = 0, 0, 1.5
    while n_killed < n_kills:
        command = [sys.executable, __file__, "--child", name, str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            child.stdout.readline()
            try:
                child.wait(random.uniform(0.0, patience))
                break
            except subprocess.TimeoutExpired:
                child.kill()
        n_killed += 1
        n_writing += bool(list(folder.rglob("*.tmp")))
    again = clone(MODELS[name]).fit(X, Y, checkpoint=Checkpoint(folder, every=0))
    whole = clone(MODELS[name]).fit(X, Y)
    np.testing.assert_array_equal(again.predict_proba(X), whole.predict_proba(X))
    for key in getattr(whole, "cv_results_", {}):
        if "score" in key and "time" not in key:
            np.testing.assert_array_equal(again.cv_results_[key], whole.cv_results_[key])
    print(f"{name}: {n_killed} killed, {n_writing} of them while they wrote; the same bits")


def main() -> None:
    """Kill all of them."""
    if sys.argv[1:2] == ["--child"]:
        fit_slowly(*sys.argv[2:])
        return
    given = [int(text) for text in sys.argv[1:]]
    n_kills, seed = given + [20, 0][len(given) :]
    random = np.random.default_rng(seed)
    for name in MODELS:
        with tempfile.TemporaryDirectory() as folder:
            kill_until_done(name, Path(folder) / "run", n_kills, random)


if __name__ == "__main__":
    main()
