"""
==========
Quickstart
==========

Train a neural network on images of handwritten digits, tune it beside scikit-learn on the same
grid, tune *how it is optimised* in the time that is left, and look at what the optimizers did.

The digits are the 1,797 images of 8×8 pixels that ship with scikit-learn.
"""

import warnings
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.callback import ProgressBar
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.neural_network import MLPClassifier as SklearnMLP
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skopt_suite import MLPClassifier
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.optimizers import SGD, Adam, AdamW, Nesterov
from skopt_suite.plotting import LossCurveDisplay

# Ten epochs are what is wanted here, whether or not a fit could go on.
warnings.simplefilter("ignore", ConvergenceWarning)

# %%
# The data
# --------

X, y = load_digits(return_X_y=True)
X = (X / 16).astype("float32")  # pixels are 0 … 16
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

# %%
# A network
# ---------
#
# Two hidden layers of 128 rectified linear units, a softmax, batches of 32 and 10 epochs: the first
# network of many a Keras tutorial. The softmax comes with the classes. By default AdamW trains it
# at a learning rate that falls to 0 along a cosine, and each step drops a fifth of the units.
#
# The first fits on a machine compile what they need, once: here before anything is timed.

clf = MLPClassifier((128, 128), batch_size=32, max_iter=10, random_state=0)
clone(clf).fit(X_train[:100], y_train[:100])

start = perf_counter()
clf.fit(X_train, y_train)
seconds = perf_counter() - start
print("1. The reference network: 128 relu, 128 relu, softmax; batch 32, 10 epochs")
print(f"   test accuracy {clf.score(X_test, y_test):.3f} after {seconds:.2f} s of training\n")

# %%
# The same search, here and in scikit-learn
# -----------------------------------------
#
# What scikit-learn's network can tune as well: two optimizers, constant learning rates, strengths
# of an L2 penalty (it divides ``alpha`` by the batch size). The same network, epochs, folds and
# cores. FusedGridSearchCV takes and gives what scikit-learn's GridSearchCV does, but candidates
# that differ only in numbers are trained together.

JOBS = 2
FOLDS = StratifiedKFold(3, shuffle=True, random_state=0)
NETWORK = {"hidden_layer_sizes": (64,), "batch_size": 32, "max_iter": 10, "random_state": 0}
ALPHAS = [1e-4, 1e-3, 1e-2]
RATES = {"nesterov": [0.01, 0.02, 0.05, 0.1], "adam": [0.001, 0.002, 0.005, 0.01]}

pipe = Pipeline([("scale", StandardScaler()), ("mlp", MLPClassifier(**NETWORK, dropout=0.0))])
grid = [
    {
        "mlp__optimizer": [optimizer],
        "mlp__optimizer__learning_rate": rates,
        "mlp__schedule": ["constant"],
        "mlp__penalty": ["l2"],
        "mlp__penalty__alpha": ALPHAS,
    }
    for optimizer, rates in RATES.items()
]

their_pipe = Pipeline([("scale", StandardScaler()), ("mlp", SklearnMLP(**NETWORK))])
their_grid = [
    {
        "mlp__solver": [{"nesterov": "sgd", "adam": "adam"}[optimizer]],
        "mlp__learning_rate_init": rates,
        "mlp__alpha": [NETWORK["batch_size"] * alpha for alpha in ALPHAS],
    }
    for optimizer, rates in RATES.items()
]


def timed_fit(search):
    """Fit a search, print how long it took and what it found; return its seconds."""
    start = perf_counter()
    search.fit(X_train, y_train)
    seconds = perf_counter() - start
    scores = search.cv_results_["mean_test_score"]
    print(
        f"   {type(search).__name__}: {len(scores)} candidates in {seconds:.1f} s, "
        f"{1e3 * seconds / (len(scores) * FOLDS.n_splits):.0f} ms per fit; "
        f"accuracy in the folds: best {scores.max():.4f}, mean {scores.mean():.4f}"
    )
    return seconds


same = FusedGridSearchCV(pipe, grid, cv=FOLDS, n_jobs=JOBS)
theirs = GridSearchCV(their_pipe, their_grid, cv=FOLDS, n_jobs=JOBS)
FusedGridSearchCV(pipe, grid, cv=2, n_jobs=JOBS).fit(X_train[:200], y_train[:200])  # compiles

print("2. 2 optimizers × 4 learning rates × 3 alphas, in 3 folds")
seconds = {"same": timed_fit(same), "theirs": timed_fit(theirs)}
print(f"   the same grid in 1/{seconds['theirs'] / seconds['same']:.0f} of the time\n")

# %%
# How it is optimised
# -------------------
#
# Schedules and penalties are parameters like any other: four times the candidates, in a part of
# the time still. Callbacks are scikit-learn's (experimental in 1.9).

wide_grid = [
    part | {"mlp__schedule": ["constant", "cosine"], "mlp__penalty": ["l2", "l1"]} for part in grid
]
search = FusedGridSearchCV(pipe, wide_grid, cv=FOLDS, n_jobs=JOBS)
search.set_callbacks(ProgressBar(max_propagation_depth=0))

print("3. The same with 2 schedules × 2 penalties")
seconds["wide"] = timed_fit(search)
print(f"   {str(search.fusion_report_).splitlines()[0]}\n")

# %%
# The ranking: accuracy in the folds (mean and standard deviation), and what was tried.

results = search.cv_results_
ranking = results["mean_test_score"].argsort()[::-1]


def row(candidate):
    """Return the line of the table for one candidate."""
    rank, mean, std, params = (
        results[key][candidate]
        for key in ("rank_test_score", "mean_test_score", "std_test_score", "params")
    )
    tried = "".join(f"{params[key]:<15}" for key in grid[0])
    return f"{rank:>7}   {mean:.4f} ± {std:.4f}   {tried}".rstrip()


names = ["optimizer", "learning rate", "schedule", "penalty", "alpha"]
print(f"{'rank':>7}   {'accuracy':<15}   {''.join(f'{name:<15}' for name in names)}".rstrip())
print(*map(row, ranking[:10]), "    ...", *map(row, ranking[-3:]), sep="\n")
print(f"\n   the best, on the test set: accuracy {search.score(X_test, y_test):.3f}\n")

# %%
# What was known when
# -------------------
#
# On the left the best candidate by then. On the right what optimizers did at a constant learning
# rate: a point is the objective, averaged over the steps of an epoch, here without a penalty and
# dropout, so that curves can be compared.

OPTIMIZERS = [
    SGD(learning_rate=0.1),
    Nesterov(learning_rate=0.03),
    Adam(learning_rate=0.003),
    Adam(learning_rate=0.01),
    AdamW(learning_rate=0.003, weight_decay=0.1),
]
SEARCHES = {
    "theirs": (theirs, "scikit-learn, GridSearchCV"),
    "same": (same, "skopt_suite, the same grid"),
    "wide": (search, "skopt_suite, also schedules and L1"),
}

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
for color, (name, (fitted, label)) in enumerate(SEARCHES.items()):
    scores = fitted.cv_results_["mean_test_score"]
    # Of the time of a search, a candidate took what its fits did.
    shares = np.cumsum(fitted.cv_results_["mean_fit_time"])
    when, best = seconds[name] * shares / shares[-1], np.maximum.accumulate(scores)
    label = f"{label}: {len(scores)} candidates in {seconds[name]:.1f} s"
    left.step(when, best, f"C{color}", where="post", label=label)
    left.plot(when[-1], best[-1], f"oC{color}")
left.set(
    xlabel="seconds, two cores",
    ylabel="best accuracy in the folds so far",
    title="A grid search of a small network on digits",
)

network = clone(clf).set_params(
    penalty="none", dropout=0.0, early_stopping=False, schedule="constant", max_iter=20
)
X_scaled = StandardScaler().fit_transform(X_train)
LossCurveDisplay.from_estimators(
    {
        str(optimizer): clone(network).set_params(optimizer=optimizer).fit(X_scaled, y_train)
        for optimizer in OPTIMIZERS
    },
    ax=right,
    yscale="log",
)
right.set(title="What optimizers do", ylim=(None, 30), xticks=range(0, 21, 5))  # room for a legend
left.legend(loc="lower right")
for ax in (left, right):
    ax.grid(alpha=0.3)

path = Path("demo_output") / "quickstart.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=150)
print(f"4. The best by then, and loss curves: {path}")
