"""Time epochs of minibatch steps beside peers, and beside the products that a step consists of.

Each contestant runs in a process of its own, and those of a case take turns, round after round.
Ours also times its floor, in the same process: the matrix products of a step alone, or one pass
over the data. See ``benchmarks/README.md`` for the commands.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from itertools import chain
from statistics import median
from typing import NamedTuple

import numpy as np
from epoch_contestants import (
    Figures,
    Linear,
    Net,
    curve_of,
    dense,
    epochs_of,
    first_fit,
    made,
    many_candidates,
    memory,
    our_linear,
    our_network,
    our_search,
    pytorch,
    their_linear,
    their_network,
    their_search,
    tweets,
)
from threadpoolctl import threadpool_info

UNITS = {"µs/step": 1e6, "ms/epoch": 1e3, "ms": 1e3, "s": 1.0, "× (X + batch)": 1.0}


class Claim(NamedTuple):
    """How much our figure may be of another, of the floor, or as it stands."""

    ours: str
    beside: str  # a contestant, "floor" or ""
    wanted: float


class Case(NamedTuple):
    """Contestants that do the same."""

    name: str
    unit: str
    contestants: dict[str, Callable[[], Figures]]
    claims: list[Claim]
    threads: int = 1
    has_own_cache: bool = False  # of kernels, empty at the start of a round
    within: float = 1e-3  # how close to the goal curves are to come


def main():
    options = parse_arguments()
    cases = [case for case in CASES if any(word in case.name for word in options.only)]
    if options.worker:
        case, contestant = options.worker
        print(json.dumps(next(c for c in CASES if c.name == case).contestants[contestant]()))
        return
    print(f"{os.cpu_count()} cores; medians (least) of {options.rounds} rounds; ", end="")
    print(f"load average before: {os.getloadavg()[0]:.1f}; ", end="")
    kernels = {library.get("architecture", "unknown") for library in threadpool_info()}
    print(f"kernels of BLAS: {', '.join(sorted(kernels))}\n")
    columns = "case | ours | time | floor | beside | time | ratio (of the least) | wanted | met"
    print(f"| {columns} | |\n{'|---' * 10}|", flush=True)
    for case in cases:
        report(case, measure(case, options))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", default=[""], help="words in the names of cases")
    parser.add_argument("--without-ours", action="store_true", help="time the peers only")
    parser.add_argument("--torch-python", default=sys.executable, help="a Python that has torch")
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


def measure(case: Case, options: argparse.Namespace) -> dict[str, list[Figures]]:
    """Return the figures of every round; a contestant that fails is left out from then on."""
    skipped = "ours" if options.without_ours else ()
    runs = {name: [] for name in case.contestants if not name.startswith(skipped)}
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as empty:
            for name in list(runs):
                done = run_worker(case, name, options.torch_python, empty)
                print(
                    f"{case.name}: {name}: {(done.stdout or done.stderr).strip()}", file=sys.stderr
                )
                if done.returncode:
                    del runs[name]
                else:
                    runs[name].append(json.loads(done.stdout.splitlines()[-1]))
    settle(runs, case.within)
    return runs


def run_worker(
    case: Case, name: str, torch_python: str, cache: str
) -> subprocess.CompletedProcess[str]:
    python = torch_python if name.startswith("PyTorch") else sys.executable
    variables = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]
    environment = os.environ | dict.fromkeys(variables, str(case.threads))
    environment |= {"PYTHONWARNINGS": "ignore"}  # of joblib's processes
    environment |= {"NUMBA_CACHE_DIR": cache} if case.has_own_cache else {}
    command = [python, __file__, "--worker", case.name, name]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def settle(runs: dict[str, list[Figures]], within: float) -> None:
    """Turn curves into times to the same objective: the best of who ends worse, and a little."""
    curves = [run["curve"] for figures in runs.values() for run in figures if "curve" in run]
    if not curves:
        return
    goal = (1 + within) * max(min(objective for *_, objective in curve) for curve in curves)
    for run in chain.from_iterable(runs.values()):
        epochs, run["figure"], _ = next(point for point in run["curve"] if point[-1] <= goal)
        run["note"] = f"{goal:.5f} after {epochs} epochs"


def report(case: Case, runs: dict[str, list[Figures]]) -> None:
    """Print one row for every claim."""
    for claim in case.claims:
        ours, floor = column(claim.ours, runs), column("floor", runs, claim.ours)
        beside = column(claim.beside, runs, claim.ours)
        cells = [case.name, claim.ours, shown(ours, case), shown(floor, case)]
        cells += [claim.beside, shown(beside, case)]
        cells += verdict(ours, beside if claim.beside else [1.0] * len(ours), claim)
        cells.append("; ".join(filter(None, [notes(claim.ours, runs), notes(claim.beside, runs)])))
        print(f"| {' | '.join(cells)} |", flush=True)


def column(name: str, runs: dict[str, list[Figures]], ours: str = "") -> list[float]:
    """Return the figures of a contestant, or the floors of ours."""
    key, name = ("floor", ours) if name == "floor" else ("figure", name)
    return [run[key] for run in runs.get(name, []) if key in run]


def shown(figures: list[float], case: Case) -> str:
    if not figures:
        return ""
    scaled = UNITS[case.unit] * np.array(figures)
    return f"{median(scaled):.3g} ({scaled.min():.3g}) {case.unit}"


def verdict(ours: list[float], beside: list[float], claim: Claim) -> list[str]:
    """Return the ratio, what is wanted, and whether it is met."""
    wanted = f"{claim.wanted:.3g}"
    if not (ours and beside):
        return ["", wanted, ""]
    ratio = median(np.divide(ours, beside))
    least = f"{ratio:.3g} ({min(ours) / min(beside):.3g})"
    return [least, wanted, "yes" if ratio <= claim.wanted else "no"]


def notes(name: str, runs: dict[str, list[Figures]]) -> str:
    """Return what the fastest round of a contestant says."""
    fastest = min(runs.get(name, []), key=lambda run: run["figure"], default={})
    return f"{name}: {fastest['note']}" if "note" in fastest else ""


# The cases.


def one_fit(sizes: tuple[int, ...], batch_size: int, wanted: float) -> Case:
    net = Net(sizes, batch_size)
    contestants = {"ours": partial(our_network, net), "scikit-learn": partial(their_network, net)}
    name = f"MLP {dashed(sizes)}, batch {batch_size}"
    return Case(name, "µs/step", contestants, [Claim("ours", "scikit-learn", wanted)])


def beside_pytorch(net: Net, threads: int, wanted: dict[str, float]) -> Case:
    contestants = {"ours": partial(our_network, net), "PyTorch": partial(pytorch, net, threads)}
    name = f"{dashed(net.sizes)}, batch {net.batch_size}, threads {threads}"
    claims = [Claim("ours", beside, limit) for beside, limit in wanted.items()]
    return Case(name, "µs/step", contestants, claims, threads)


def activations() -> Case:
    net = Net((64, 128, 128, 3), 128)
    others = {name: {"activation": name} for name in ("tanh", "silu", "elu", "gelu")}
    others |= {"dropout 0.1": {"dropout": 0.1}}
    contestants = {"ours, relu": partial(our_network, net)}
    contestants |= {
        f"ours, {name}": partial(our_network, net, **changes) for name, changes in others.items()
    }
    claims = [Claim(f"ours, {name}", "ours, relu", 1.3) for name in others]
    return Case(f"activations, {dashed(net.sizes)}, batch 128", "µs/step", contestants, claims)


def linear(
    name: str, how: Callable[..., Figures], problem: Linear, wanted: float, within: float = 1e-3
) -> Case:
    contestants = {
        "ours": partial(how, our_linear, problem),
        "SGDClassifier": partial(how, their_linear, problem),
    }
    claims = [Claim("ours", "SGDClassifier", wanted)]
    return Case(name, "ms", contestants, claims, within=within)


def grid(batch_size: int, wanted: float) -> Case:
    contestants = {
        "ours, n_jobs=2": partial(our_search, batch_size, 2),
        "ours, n_jobs=1": partial(our_search, batch_size, 1),
        "GridSearchCV": partial(their_search, batch_size),
    }
    claims = [
        Claim("ours, n_jobs=2", "GridSearchCV", wanted),
        Claim("ours, n_jobs=2", "ours, n_jobs=1", 1 / 1.8),
    ]
    name = f"search, MLP (100,) on digits, 10 candidates × 5 folds, batch {batch_size}"
    return Case(name, "s", contestants, claims)


def first(name: str, wanted: float, **given: str) -> Case:
    fit = partial(first_fit, name, **given)
    contestants = {"ours, empty cache": fit, "ours, second process": fit}
    claims = [Claim("ours, empty cache", "", wanted), Claim("ours, second process", "", 0.3)]
    words = " ".join(["first fit,", name, *given.values()])
    return Case(words, "s", contestants, claims, has_own_cache=True)


def alone(name: str, unit: str, contestant: Callable[[], Figures], wanted: float) -> Case:
    return Case(name, unit, {"ours": contestant}, [Claim("ours", "", wanted)])


def dashed(sizes: tuple[int, ...]) -> str:
    return "-".join(map(str, sizes))


# Of a small grid for each side, the rates and batch size that came lowest in as many epochs.
INVERSE_ROOT = {"learning_rate": "invscaling", "eta0": 0.1, "power_t": 0.5}
OPTIMAL = {"learning_rate": "optimal"}
DENSE = Linear(dense, 1e-4, 32, {"learning_rate": 0.03}, None, INVERSE_ROOT, (1, 2, 3, 5, 8))
TWEETS = Linear(
    *(tweets, 1e-5, 4, {"learning_rate": 8.0, "bias_factor": 0.03}, None),
    *(OPTIMAL, (1, 2, 3, 5, 8, 13, 20)),
)
MADE = Linear(
    *(made, 1e-5, 1, {"learning_rate": 2.0, "bias_factor": 0.01}, 4.0, OPTIMAL, (1, 2, 3, 5, 8))
)

REFERENCE = Net((784, 128, 128, 10), 32, n_rows=20_000, epochs=(1, 4))
WIDE = Net((100, 256, 256, 3), 256)

CASES = [
    one_fit((4, 10, 3), 32, 0.08),
    one_fit((64, 100, 3), 32, 0.16),
    one_fit((64, 100, 3), 200, 0.25),
    beside_pytorch(REFERENCE, 1, {"floor": 1.35, "PyTorch": 0.6}),
    beside_pytorch(REFERENCE, 2, {"floor": 1.35, "PyTorch": 0.6}),
    beside_pytorch(WIDE, 2, {"PyTorch": 0.75}),
    activations(),
    linear("linear, dense 100,000 × 50, an epoch", epochs_of, DENSE._replace(epochs=(5, 20)), 0.4),
    linear("linear, dense 100,000 × 50, to an objective", curve_of, DENSE, 0.5),
    linear("linear, dense 100,000 × 50, to + 0.01 %", curve_of, DENSE, 0.5, within=1e-4),
    linear("linear, tweets, to an objective", curve_of, TWEETS, 1.0),
    linear("linear, sparse 200,000 × 100,000, to an objective", curve_of, MADE, 1.0),
    grid(32, 1 / 7.5),
    grid(200, 1 / 5.5),
    alone("search, 5,000 candidates × 5 folds", "s", many_candidates, 15.0),
    alone("peak memory, float64 rows in float32", "× (X + batch)", memory, 1.05),
    first("MLPClassifier", 3.0),
    first("LinearClassifier", 1.5, optimizer="sgd"),
    first("LinearClassifier", 1.5, optimizer="auto"),
]


if __name__ == "__main__":
    main()
