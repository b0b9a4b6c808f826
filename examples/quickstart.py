"""
==========
Quickstart
==========

Train a neural network on images of handwritten digits, tune *how it is optimised* with
scikit-learn's own grid search, and look at what the optimizers did.

The digits are the 1,797 images of 8×8 pixels that ship with scikit-learn.
"""

from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
from sklearn.base import clone
from sklearn.callback import ProgressBar
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skopt_suite import MLPClassifier
from skopt_suite.optimizers import SGD, Adam, AdamW, Nesterov
from skopt_suite.penalties import L1, L2
from skopt_suite.plotting import LossCurveDisplay

# %%
# The data
# --------

X, y = load_digits(return_X_y=True)
X = X / 16  # pixels are 0 … 16
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

# %%
# A network
# ---------
#
# Two hidden layers of 128 rectified linear units, a softmax, Adam, batches of 32 and 10 epochs: the
# first network of many a Keras tutorial. The softmax comes with the classes.

clf = MLPClassifier((128, 128), optimizer="adam", batch_size=32, max_iter=10, random_state=0)
start = perf_counter()
clf.fit(X_train, y_train)
seconds = perf_counter() - start
print("1. The reference network: 128 relu, 128 relu, softmax; Adam, batch 32, 10 epochs")
print(f"   test accuracy {clf.score(X_test, y_test):.3f} after {seconds:.2f} s of training\n")

# %%
# Tune the optimisation
# ---------------------
#
# Optimizer, schedule and penalty are parameters like any other. Each can be a name or an object:
# here every optimizer brings learning rates that suit it.

pipe = Pipeline([("scale", StandardScaler()), ("mlp", clone(clf))])
grid = {
    "mlp__optimizer": [
        SGD(learning_rate=0.1),
        Nesterov(learning_rate=0.03),
        Adam(learning_rate=0.003),
        Adam(learning_rate=0.01),
        AdamW(learning_rate=0.003, weight_decay=0.1),
    ],
    "mlp__schedule": ["constant", "exponential", "cosine"],
    "mlp__penalty": ["none", L2(alpha=0.003), L1(alpha=0.001)],
}
search = GridSearchCV(pipe, grid, cv=3)

# Callbacks are scikit-learn's (experimental in 1.9; they do not reach into a Pipeline yet).
search.set_callbacks(ProgressBar(max_propagation_depth=0))

print("2. 5 optimizers × 3 schedules × 3 penalties, by GridSearchCV in 3 folds")
search.fit(X_train, y_train)

# %%
# The ranking: accuracy in the folds (mean and standard deviation), seconds per fit, and what was
# tried.

results = search.cv_results_
ranking = results["mean_test_score"].argsort()[::-1]


def row(candidate):
    """Return the line of the table for one candidate."""
    rank, mean, std, seconds = (
        results[key][candidate]
        for key in ("rank_test_score", "mean_test_score", "std_test_score", "mean_fit_time")
    )
    optimizer, schedule, penalty = (str(results["params"][candidate][key]) for key in grid)
    return (
        f"{rank:>7}   {mean:.4f} ± {std:.4f}   {seconds:5.2f} s   "
        f"{optimizer:<45}{schedule:<13}{penalty}"
    )


header = f"{'rank':>7}   {'accuracy':<15}   {'fit':<7}   {'optimizer':<45}{'schedule':<13}penalty"
print(f"\n{header}")
print(*map(row, ranking[:10]), "    ...", *map(row, ranking[-3:]), sep="\n")
print(f"\n   the best, on the test set: accuracy {search.score(X_test, y_test):.3f}\n")

# %%
# Loss curves
# -----------
#
# On the left the optimizers at a constant learning rate, on the right one of them under three
# schedules. A point is the objective, averaged over the steps of an epoch, and here without a
# penalty, so that curves can be compared.

X_scaled = StandardScaler().fit_transform(X_train)
network = clone(clf).set_params(penalty="none", max_iter=20)


def fitted(optimizer, schedule="constant"):
    """Return the network, trained in the given way."""
    return clone(network).set_params(optimizer=optimizer, schedule=schedule).fit(X_scaled, y_train)


figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.5), sharey=True, layout="constrained")
LossCurveDisplay.from_estimators(
    {str(optimizer): fitted(optimizer) for optimizer in grid["mlp__optimizer"]},
    ax=left,
    yscale="log",
)
left.set_title("Optimizers, constant schedule")
LossCurveDisplay.from_estimators(
    {name: fitted(Adam(learning_rate=0.01), name) for name in grid["mlp__schedule"]},
    ax=right,
    yscale="log",
)
right.set_title("Schedules, Adam(learning_rate=0.01)")
left.set_ylim(top=30)  # room for the legends
for ax in (left, right):
    ax.grid(alpha=0.3)
    ax.label_outer()
    ax.set_xticks(range(0, 21, 5))

path = Path("demo_output") / "loss_curves.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=150)
print(f"3. Loss curves: {path}")
