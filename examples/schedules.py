"""
==============================================
All schedules, and what they do for optimizers
==============================================

A schedule multiplies the learning rate by a factor that depends on time. The first drawing shows
all of them; the second what they do on the way down a narrow valley, where minibatches are noisy:
a constant rate rattles about the minimum, a schedule that falls comes to rest there.
"""

import warnings
from itertools import product
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skopt_suite import LinearRegressor
from skopt_suite.optimizers import SGD, Adam, Momentum
from skopt_suite.plotting import ScheduleDisplay
from skopt_suite.schedules import SCHEDULES, Exponential, FromFunction, OneCycle, Step, Then, Warmup

OUTPUT = Path("demo_output")
OUTPUT.mkdir(exist_ok=True)

# %%
# All of them
# -----------
#
# By their names, with their defaults, over 100 epochs. Those that react to the loss are shown one
# that falls for 30 epochs and then no more. The last two are compositions.


def square_root(time, horizon):
    """Return the factor at a time, both in epochs; it could depend on the horizon, too."""
    return (1 + time) ** -0.5


shown = {name: name for name in SCHEDULES}
shown["FromFunction(square_root)"] = FromFunction(square_root)
shown['Warmup(Then("linear", ...))'] = Warmup(Then("linear", Exponential(0.9), at=50), n_epochs=10)
falls_for_a_while = np.maximum(1 - np.arange(100) / 40, 0.25)

n_columns = 5
n_rows = -(-len(shown) // n_columns)
figure, axes = plt.subplots(
    n_rows, n_columns, figsize=(13, 2.1 * n_rows), sharex=True, sharey=True, layout="constrained"
)
for ax, (name, schedule) in zip(axes.flat, shown.items(), strict=False):
    ScheduleDisplay.from_schedule(schedule, name=name, loss_curve=falls_for_a_while, ax=ax)
    ax.set(title=name, xlabel="", ylabel="", ylim=(-0.05, 1.05))
    ax.title.set_fontsize(9)
    ax.get_legend().remove()
for ax in axes.flat[len(shown) :]:
    ax.set_axis_off()
figure.supxlabel("epoch")
figure.supylabel("factor on the learning rate")
figure.savefig(OUTPUT / "schedules.png", dpi=150)
print(f"{len([*SCHEDULES])} schedules have a name\n{OUTPUT / 'schedules.png'}\n")

# %%
# Optimizer × schedule
# --------------------
#
# Least squares with two features, one of them small, is a valley four times as long as it is
# wide. Every combination gets 20 passes over the same noisy rows, 8 at a time; `partial_fit` makes
# one pass, so that we see where it is after each.

rng = np.random.default_rng(0)
X = rng.normal(size=(80, 2)) * [1.0, 0.25]
y = X @ [2.0, 6.0] + rng.normal(size=80)
minimum = np.linalg.lstsq(X, y)[0]

optimizers = {
    "sgd": SGD(learning_rate=0.8),
    "momentum": Momentum(learning_rate=0.1),
    "adam": Adam(learning_rate=0.3),
}
schedules = {
    "constant": "constant",
    "step": Step(8, gamma=0.3),
    "cosine": "cosine",
    "one_cycle": OneCycle(start_factor=0.1),
}
N_EPOCHS = 20


def way(optimizer, schedule):
    """Return the coefficients after every pass, (n_epochs + 1, 2)."""
    model = LinearRegressor(
        optimizer=optimizer,
        schedule=schedule,
        penalty="none",
        fit_intercept=False,
        batch_size=8,
        max_iter=N_EPOCHS,
        random_state=0,
    )
    points = [np.zeros(2)]
    for _ in range(N_EPOCHS):
        points.append(np.ravel(model.partial_fit(X, y).coef_))
    return np.array(points)


def excess(weights):
    """Return how far the loss is above its minimum."""
    away = (weights - minimum) @ X.T
    return (away**2).mean(axis=-1) / 2


figure, axes = plt.subplots(
    len(optimizers), len(schedules), figsize=(13, 9), sharex=True, sharey=True, layout="constrained"
)
grid = np.stack(np.meshgrid(np.linspace(-0.5, 3.7, 80), np.linspace(-0.5, 9, 80)), axis=-1)
print("excess of the loss over its minimum, on average over the last 3 passes")
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)
    for ax, (optimizer, schedule) in zip(axes.flat, product(optimizers, schedules), strict=True):
        points = way(optimizers[optimizer], schedules[schedule])
        left = excess(points[-3:]).mean()
        print(f"{optimizer:<9} {schedule:<10} {left:.1e}")
        ax.contour(*np.moveaxis(grid, -1, 0), excess(grid), levels=np.geomspace(0.01, 5, 8),
                   colors="0.8", linewidths=1)  # fmt: skip
        ax.plot(*points.T, ".-", linewidth=1)
        ax.plot(*minimum, "k*", markersize=10)
        ax.set_title(f"{optimizer}, {schedule}: {left:.0e}", fontsize=10)
figure.savefig(OUTPUT / "valley.png", dpi=150)
print(f"\n{OUTPUT / 'valley.png'}")
plt.show()
