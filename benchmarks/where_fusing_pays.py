"""Draw where a fused search pays: its speed-up over width and batch size.

The same estimator of this package in FusedGridSearchCV and in scikit-learn's GridSearchCV, both in
two processes: 10 learning rates × 3 folds of a network with one hidden layer. Prints a table as CSV
and draws it as a heat map. See ``benchmarks/README.md`` for the commands.
"""

import argparse
import os
import sys
import warnings
from pathlib import Path
from time import perf_counter

import matplotlib
import numpy as np
from joblib import parallel_config
from reference_network import PLAIN
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV

from skopt_suite import MLPClassifier
from skopt_suite.model_selection import FusedGridSearchCV

matplotlib.use("Agg")
import matplotlib.pyplot as plt

N_SAMPLES, N_FEATURES, N_CLASSES, N_FOLDS = 4_000, 64, 10, 3
FULL = N_SAMPLES  # more rows than a fold trains on
WIDTHS = [8, 16, 32, 64, 128, 256, 512, 1024]
BATCH_SIZES = [8, 16, 32, 64, 128, 256, 512, 1024, FULL]
GRID = {"optimizer__learning_rate": np.logspace(-4, -2, 10)}
MIN_EPOCHS, MIN_STEPS = 2, 10
FIGURE = Path(__file__).parents[1] / "docs" / "_static" / "where_fusing_pays.png"


def main():
    options = parse_arguments()
    warnings.simplefilter("ignore")
    os.environ["PYTHONWARNINGS"] = "ignore"  # of joblib's processes
    widths, batch_sizes = (WIDTHS, BATCH_SIZES) if not options.quick else ([8, 64], [64, FULL])
    print(f"# load average before: {os.getloadavg()[0]:.1f}; the best of {options.rounds} rounds")
    speed_ups = measure(widths, batch_sizes, options.rounds)
    options.figure.parent.mkdir(parents=True, exist_ok=True)
    draw(speed_ups, widths, batch_sizes).savefig(options.figure, dpi=160)
    print(f"# {where_it_stops(speed_ups, widths, batch_sizes)}")
    print(f"# {options.figure}", file=sys.stderr)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="four cells, to try the script")
    parser.add_argument("--figure", type=Path, default=FIGURE, help="where the PNG goes")
    return parser.parse_args()


def measure(widths: list[int], batch_sizes: list[int], rounds: int) -> np.ndarray:
    """Return seconds of plain over seconds of fused, of shape (n_batch_sizes, n_widths)."""
    X, y = make_classification(
        N_SAMPLES, N_FEATURES, n_informative=32, n_classes=N_CLASSES, random_state=0
    )
    X = X.astype(np.float32)
    for search in searches(widths[0], batch_sizes[-1]):
        fit(search, X, y)  # loads compiled kernels and starts the worker processes
    speed_ups = np.empty((len(batch_sizes), len(widths)))
    print("batch_size,hidden,fused,plain,speed_up")
    for i, batch_size in enumerate(batch_sizes):
        for j, width in enumerate(widths):
            fused, plain = np.min(
                [[seconds(s, X, y) for s in searches(width, batch_size)] for _ in range(rounds)],
                axis=0,
            )
            speed_ups[i, j] = plain / fused
            row = f"{label(batch_size)},{width},{fused:.3f},{plain:.3f},{speed_ups[i, j]:.2f}"
            print(row, flush=True)
    return speed_ups


def searches(width: int, batch_size: int) -> tuple[FusedGridSearchCV, GridSearchCV]:
    n_steps = -(-N_SAMPLES * (N_FOLDS - 1) // (N_FOLDS * batch_size))  # per epoch
    network = MLPClassifier(
        (width,),
        **PLAIN,
        batch_size=batch_size,
        max_iter=max(MIN_EPOCHS, MIN_STEPS // n_steps),
        tol=0,
        n_iter_no_change=10**6,
        random_state=0,
    )
    options = {"cv": N_FOLDS, "n_jobs": 2, "refit": False}
    return FusedGridSearchCV(network, GRID, **options), GridSearchCV(network, GRID, **options)


def seconds(search: GridSearchCV, X: np.ndarray, y: np.ndarray) -> float:
    start = perf_counter()
    fit(search, X, y)
    return perf_counter() - start


def fit(search: GridSearchCV, X: np.ndarray, y: np.ndarray) -> None:
    """Search in processes, which is what the plain search does anyway."""
    with parallel_config("loky"):
        clone(search).fit(X, y)


def label(batch_size: int) -> str:
    return "full" if batch_size == FULL else str(batch_size)


def where_it_stops(speed_ups: np.ndarray, widths: list[int], batch_sizes: list[int]) -> str:
    """Tell in words which networks are faster alone, batch size by batch size."""
    slower = {
        label(batch_size): [width for width, value in zip(widths, row, strict=True) if value < 1]
        for batch_size, row in zip(batch_sizes, speed_ups, strict=True)
    }
    found = [f"batch {size}: widths {hidden}" for size, hidden in slower.items() if hidden]
    return f"fusing costs time at {'; '.join(found)}" if found else "fusing pays everywhere"


def draw(speed_ups: np.ndarray, widths: list[int], batch_sizes: list[int]) -> plt.Figure:
    """Return the heat map: blue where fusing pays, red where it costs time."""
    doublings = np.log2(speed_ups)
    limit = max(1.0, np.abs(doublings).max())
    figure, ax = plt.subplots(figsize=(8, 6), layout="constrained")
    image = ax.pcolormesh(doublings, cmap="RdBu", vmin=-limit, vmax=limit)
    for (i, j), value in np.ndenumerate(speed_ups):
        is_dark = abs(doublings[i, j]) > 0.6 * limit
        text = f"{value:.{0 if value >= 9.95 else 1 if value >= 0.1 else 2}f}×"
        ax.text(
            j + 0.5, i + 0.5, text, ha="center", va="center", color="white" if is_dark else "0.15"
        )
    mark_break_even(ax, speed_ups)
    ax.set_xticks(np.arange(len(widths)) + 0.5, widths)
    ax.set_yticks(np.arange(len(batch_sizes)) + 0.5, map(label, batch_sizes))
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_xlabel("units of the hidden layer")
    ax.set_ylabel("batch size")
    ax.set_title("FusedGridSearchCV beside GridSearchCV: how many times as fast", loc="left")
    bar = figure.colorbar(image, ax=ax, pad=0.02, aspect=30)
    ticks = np.arange(-np.floor(limit), np.floor(limit) + 1)
    bar.set_ticks(ticks, labels=[f"{2**t:.0f}×" if t >= 0 else f"1/{2**-t:.0f}" for t in ticks])
    bar.ax.set_ylim(doublings.min() - 0.2, doublings.max() + 0.2)
    bar.outline.set_visible(False)
    return figure


def mark_break_even(ax: plt.Axes, speed_ups: np.ndarray) -> None:
    """Draw the line between cells where fusing pays and cells where it costs time."""
    pays = speed_ups >= 1
    style = {"color": "black", "linewidth": 2.5, "solid_capstyle": "round"}
    lines = []
    for i, j in zip(*np.nonzero(pays[:, 1:] != pays[:, :-1]), strict=True):
        lines += ax.plot([j + 1, j + 1], [i, i + 1], **style)
    for i, j in zip(*np.nonzero(pays[1:] != pays[:-1]), strict=True):
        lines += ax.plot([j, j + 1], [i + 1, i + 1], **style)
    if lines:
        lines[0].set_label("fusing stops paying")
        ax.legend(handles=lines[:1], loc="lower right", bbox_to_anchor=(1, -0.14), frameon=False)


if __name__ == "__main__":
    main()
