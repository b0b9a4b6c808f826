"""
==========
Quickstart
==========

Train a neural network on images of handwritten digits, tune *how it is optimised* in a fused
grid search, time that beside scikit-learn's, and look at what the optimizers did.

The digits are the 1,797 images of 8×8 pixels that ship with scikit-learn.
"""

import warnings
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
from sklearn.base import clone
from sklearn.callback import ProgressBar
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, train_test_split
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

clf = MLPClassifier((128, 128), batch_size=32, max_iter=10, random_state=0)
start = perf_counter()
clf.fit(X_train, y_train)
seconds = perf_counter() - start
print("1. The reference network: 128 relu, 128 relu, softmax; batch 32, 10 epochs")
print(f"   test accuracy {clf.score(X_test, y_test):.3f} after {seconds:.2f} s of training\n")

# %%
# Tune the optimisation
# ---------------------
#
# Optimizer, schedule and penalty are parameters like any other, and so are the numbers in them:
# here every optimizer has learning rates that suit it. FusedGridSearchCV takes and gives what
# scikit-learn's GridSearchCV does. Candidates that differ only in numbers are trained together.
# One hidden layer of 64 units is enough to compare them.

FOLDS, JOBS = 3, 2
NETWORK = {"hidden_layer_sizes": (64,), "batch_size": 32, "max_iter": 10, "random_state": 0}
ALPHAS = [1e-4, 1e-3, 1e-2]
RATES = {"nesterov": [0.01, 0.02, 0.05, 0.1], "adam": [0.001, 0.002, 0.005, 0.01]}

pipe = Pipeline([("scale", StandardScaler()), ("mlp", MLPClassifier(**NETWORK, dropout=0.0))])
grid = [
    {
        "mlp__optimizer": [optimizer],
        "mlp__optimizer__learning_rate": rates,
        "mlp__schedule": ["constant", "cosine"],
        "mlp__penalty": ["l2", "l1"],
        "mlp__penalty__alpha": ALPHAS,
    }
    for optimizer, rates in RATES.items()
]
search = FusedGridSearchCV(pipe, grid, cv=FOLDS, n_jobs=JOBS)

# Callbacks are scikit-learn's (experimental in 1.9; they do not reach into a Pipeline yet).
search.set_callbacks(ProgressBar(max_propagation_depth=0))


def timed_fit(search):
    """Fit a search, and print how long it took and the best that it found."""
    start = perf_counter()
    search.fit(X_train, y_train)
    seconds = perf_counter() - start
    n_candidates = len(search.cv_results_["params"])
    print(
        f"   {n_candidates} candidates in {seconds:.1f} s, "
        f"{1e3 * seconds / (n_candidates * FOLDS):.0f} ms per fit; "
        f"best mean accuracy in the folds: {search.best_score_:.4f}"
    )


print("2. 2 optimizers × 4 learning rates × 2 schedules × 2 penalties × 3 alphas, in 3 folds")
timed_fit(search)
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
# Beside scikit-learn alone
# -------------------------
#
# Its network has neither schedules for Adam nor L1. So both tune the quarter of the candidates that
# is left: constant learning rates and L2, the same rates and strengths (it divides ``alpha`` by the
# batch size), the same network, epochs, folds and cores.

their_grid = [
    {
        "mlp__solver": [{"nesterov": "sgd", "adam": "adam"}[optimizer]],
        "mlp__learning_rate_init": rates,
        "mlp__alpha": [NETWORK["batch_size"] * alpha for alpha in ALPHAS],
    }
    for optimizer, rates in RATES.items()
]
their_pipe = Pipeline([("scale", StandardScaler()), ("mlp", SklearnMLP(**NETWORK))])
our_grid = [part | {"mlp__schedule": ["constant"], "mlp__penalty": ["l2"]} for part in grid]
print("3. Those with a constant rate and L2, which scikit-learn's MLPClassifier can do as well")
print("   skopt_suite, FusedGridSearchCV:")
timed_fit(FusedGridSearchCV(pipe, our_grid, cv=FOLDS, n_jobs=JOBS))
print("   scikit-learn, GridSearchCV:")
timed_fit(GridSearchCV(their_pipe, their_grid, cv=FOLDS, n_jobs=JOBS))

# %%
# Loss curves
# -----------
#
# On the left the optimizers at a constant learning rate, on the right one of them under three
# schedules. A point is the objective, averaged over the steps of an epoch, and here without a
# penalty and dropout, so that curves can be compared.

OPTIMIZERS = [
    SGD(learning_rate=0.1),
    Nesterov(learning_rate=0.03),
    Adam(learning_rate=0.003),
    Adam(learning_rate=0.01),
    AdamW(learning_rate=0.003, weight_decay=0.1),
]
SCHEDULES = ["constant", "exponential", "cosine"]

X_scaled = StandardScaler().fit_transform(X_train)
network = clone(clf).set_params(penalty="none", dropout=0.0, early_stopping=False, max_iter=20)


def fitted(optimizer, schedule="constant"):
    """Return the network, trained in the given way."""
    return clone(network).set_params(optimizer=optimizer, schedule=schedule).fit(X_scaled, y_train)


figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.5), sharey=True, layout="constrained")
LossCurveDisplay.from_estimators(
    {str(optimizer): fitted(optimizer) for optimizer in OPTIMIZERS},
    ax=left,
    yscale="log",
)
left.set_title("Optimizers, constant schedule")
LossCurveDisplay.from_estimators(
    {name: fitted(Adam(learning_rate=0.01), name) for name in SCHEDULES},
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
print(f"\n4. Loss curves: {path}")
