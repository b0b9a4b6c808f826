"""
==========
Quickstart
==========

Train a neural network on images of handwritten digits, tune *how it is optimised* with
scikit-learn's own grid search, and look at what the optimizers did.

The digits are the 1,797 images of 8×8 pixels that ship with scikit-learn.
"""

# %%
# The data
# --------

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

X, y = load_digits(return_X_y=True)
X = X / 16  # pixels are 0 … 16
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

# %%
# A network
# ---------
#
# Two hidden layers of 128 rectified linear units, a softmax, Adam, batches of 32 and 10 epochs: the
# first network of many a Keras tutorial. The softmax comes with the classes.

from time import perf_counter

from skopt_suite import MLPClassifier

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
# Optimizer, schedule and penalty are parameters like any other. Each can be a name or an object, and a
# grid may mix them: every optimizer below brings learning rates that suit it.

from sklearn.callback import ProgressBar
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skopt_suite.optimizers import SGD, Adam, AdamW, Nesterov
from skopt_suite.penalties import L1, L2

pipe = Pipeline(
    [
        ("scale", StandardScaler()),
        ("mlp", MLPClassifier((64,), batch_size=32, max_iter=20, random_state=0)),
    ]
)
grid = {
    "mlp__optimizer": [
        SGD(learning_rate=0.3),
        Nesterov(learning_rate=0.1),
        Adam(learning_rate=0.003),
        Adam(learning_rate=0.01),
        AdamW(learning_rate=0.01, weight_decay=0.1),
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
# The ranking: accuracy in the folds (mean and standard deviation), seconds per fit, and the candidate.

results = search.cv_results_
ranking = results["mean_test_score"].argsort()[::-1]


def row(candidate):
    """Return the line of the table for one candidate."""
    params = results["params"][candidate]
    return (
        f"{results['rank_test_score'][candidate]:>7}"
        f"   {results['mean_test_score'][candidate]:.4f} ± {results['std_test_score'][candidate]:.4f}"
        f"   {results['mean_fit_time'][candidate]:5.2f} s"
        f"   {params['mlp__optimizer']!s:<44}{params['mlp__schedule']:<13}{params['mlp__penalty']}"
    )


print(f"\n   {'rank':>4}   {'accuracy':<15}   {'fit':<7}   {'optimizer':<44}{'schedule':<13}penalty")
print(*map(row, ranking[:10]), "    ...", *map(row, ranking[-3:]), sep="\n")
print(f"\n   the best, on the test set: accuracy {search.score(X_test, y_test):.3f}\n")

# %%
# Loss curves
# -----------
#
# On the left the optimizers at a constant learning rate, on the right one of them under three
# schedules. A point is the objective, averaged over the steps of an epoch; without a penalty, so that
# curves can be compared.

from pathlib import Path

import matplotlib.pyplot as plt
from sklearn.base import clone

from skopt_suite.plotting import LossCurveDisplay

X_scaled = StandardScaler().fit_transform(X_train)
mlp = MLPClassifier((64,), batch_size=32, max_iter=20, penalty="none", random_state=0)


def fitted(optimizer, schedule="constant"):
    """Return the network, trained in the given way."""
    return clone(mlp).set_params(optimizer=optimizer, schedule=schedule).fit(X_scaled, y_train)


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
for ax in (left, right):
    ax.grid(alpha=0.3)
    ax.label_outer()
    ax.xaxis.get_major_locator().set_params(integer=True)

path = Path("demo_output") / "loss_curves.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=150)
print(f"3. Loss curves: {path}")
