"""Fits on one and two workers of a cluster: what an epoch takes, and bytes that come back.

Workers are processes of this machine, with one thread each: what is measured is what a round costs,
and how the work on rows is shared. Processor time counts all processes.
"""

import argparse
import os
import pickle
import signal
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import psutil

N_FEATURES, BLOCK = 50, 50_000
N_FITS = 2
FEW, MANY = 5, 15  # epochs: their difference is what epochs take
N_ROUNDS = 200  # of tasks that do nothing


def models(n_epochs: int) -> dict[str, Any]:
    from skopt_suite import LinearClassifier, MLPClassifier

    often: Any = {"tol": None, "random_state": 0, "max_iter": n_epochs}
    return {
        "linear, gradient descent": LinearClassifier(optimizer="gradient_descent", **often),
        "linear, sgd": LinearClassifier(optimizer="sgd", batch_size=256, **often),
        "network (64,), adamw": MLPClassifier((64,), batch_size=256, early_stopping=False, **often),
    }


@contextmanager
def cluster(n_workers: int) -> Iterator[Any]:
    """Begin workers, and kill them in the end: they need not say goodbye."""
    import distributed

    options: Any = {"threads_per_worker": 1, "processes": True, "dashboard_address": ":0"}
    with (
        distributed.LocalCluster(n_workers=n_workers, silence_logs=50, **options) as workers,
        distributed.Client(workers) as client,
    ):
        yield client
        for pid in client.run(os.getpid).values():
            os.kill(pid, signal.SIGKILL)


def block(number: int) -> tuple[np.ndarray, np.ndarray]:
    """Return some rows and their targets."""
    rng, weights = np.random.default_rng(number), np.random.default_rng(1).normal(size=N_FEATURES)
    X = rng.standard_normal((BLOCK, N_FEATURES), np.float32)
    return X, (X @ weights + 3 * rng.standard_normal(BLOCK) > 0).astype(np.int8)


def rows_on(n_rows: int) -> tuple[Any, Any]:
    """Return rows and targets that workers make and keep."""
    import dask
    import dask.array

    made = [dask.delayed(block)(number) for number in range(n_rows // BLOCK)]
    X = [dask.array.from_delayed(one[0], (BLOCK, N_FEATURES), np.float32) for one in made]
    y = [dask.array.from_delayed(one[1], (BLOCK,), np.int8) for one in made]
    return dask.persist(dask.array.concatenate(X), dask.array.concatenate(y))


class Meter:
    """Counts what comes back to the client, in bytes, and how often it asks."""

    def __init__(self, client: Any) -> None:
        self.client, self.gather = client, client.gather
        self.sizes: list[list[int]] = []
        client.gather = self

    def __call__(self, futures: Any, **options: Any) -> Any:
        found = self.gather(futures, **options)
        answers = found if isinstance(found, list) else [found]
        self.sizes.append([len(pickle.dumps(one)) for one in answers])
        return found


def processor_seconds() -> float:
    """Return those of this process and of all that it has begun."""
    me = psutil.Process()
    times = [one.cpu_times() for one in (me, *me.children(recursive=True))]
    return sum(one.user + one.system for one in times)


def measure(client: Any, name: str, n_rows: int) -> dict[str, float]:
    """Fit for a few epochs and for more; return what one takes, and what comes before the first."""
    X, y = rows_on(n_rows)
    few, many = (models(n)[name] for n in (FEW, MANY))
    few.fit(X, y)  # compiles what is needed
    times = np.array([[_timed(one, X, y) for one in (few, many)] for _ in range(N_FITS)])
    (few_wall, few_cpu), (wall, cpu) = times.min(axis=0)
    meter = Meter(client)
    few.fit(X, y)
    client.gather = meter.gather
    n_epochs = MANY - FEW
    return {
        "wall": (wall - few_wall) / n_epochs,
        "cpu": (cpu - few_cpu) / n_epochs,
        "before": few_wall - FEW * (wall - few_wall) / n_epochs,
        "n_bytes": max(map(max, meter.sizes[-FEW:])),
    }


def round_of_nothing(client: Any) -> tuple[float, float]:
    """Return what a task for every worker takes that does nothing, in seconds.

    By the clock, and of this process, of which the scheduler is part.
    """
    workers = list(client.nthreads())
    for _ in range(2):  # the first time is not counted
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(N_ROUNDS):
            client.gather([client.submit(int, workers=[one], pure=False) for one in workers])
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return wall / N_ROUNDS, cpu / N_ROUNDS


def _timed(model: Any, X: Any, y: Any) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), processor_seconds()
    model.fit(X, y)
    return time.perf_counter() - wall, processor_seconds() - cpu


def report(n_rows: int, names: list[str]) -> None:
    print("| fit | workers | rows | ms an epoch | ms of all processors | s before | bytes back |")
    print("|---|---|---|---|---|---|---|")
    for n_workers, size in ((1, n_rows), (2, n_rows), (2, 2 * n_rows)):
        with cluster(n_workers) as client:
            wall, cpu = round_of_nothing(client)
            nothing = f"{1e3 * wall:.1f} | {1e3 * cpu:.1f} | | |"
            print(f"| tasks that do nothing | {n_workers} | | {nothing}", flush=True)
            for name in names:
                found = measure(client, name, size)
                print(
                    f"| {name} | {n_workers} | {size} | {1e3 * found['wall']:.0f} | "
                    f"{1e3 * found['cpu']:.0f} | {found['before']:.2f} | {found['n_bytes']} |",
                    flush=True,
                )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--only", nargs="*", default=list(models(1)))
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    report(options.rows, options.only)


if __name__ == "__main__":
    main()
