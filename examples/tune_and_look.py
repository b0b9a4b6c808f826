"""
=========================
Tune, and look at the map
=========================

A fused search trains all candidates of a fold together. Four displays show what it found: how the
score depends on one parameter, on two, on all, and how every candidate learned.
"""

import warnings
from pathlib import Path
from time import perf_counter

from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler

from skopt_suite import MLPClassifier
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.plotting import (
    ParallelCoordinatesDisplay,
    ParameterCurveDisplay,
    SearchHeatmapDisplay,
    SearchLossCurvesDisplay,
)

warnings.simplefilter("ignore", ConvergenceWarning)  # few epochs are enough to compare

# %%
# The search
# ----------
#
# Optimizers and widths make a pass each; learning rates and penalties share one.

X, y = load_digits(return_X_y=True)
network = MLPClassifier((32,), batch_size=64, max_iter=12, random_state=0)
grid = {
    "mlp__optimizer": ["adam", "nesterov"],
    "mlp__hidden_layer_sizes": [(16,), (64,)],
    "mlp__optimizer__learning_rate": [1e-4, 1e-3, 1e-2, 1e-1],
    "mlp__penalty__alpha": [1e-4, 1e-2, 1e-1],
}
pipe = Pipeline([("scale", MinMaxScaler()), ("mlp", network)])
search = FusedGridSearchCV(pipe, grid, cv=3, scoring="accuracy", return_train_score=True)
start = perf_counter()
search.fit(X, y)
seconds = perf_counter() - start

n_candidates = len(search.cv_results_["params"])
print(f"{n_candidates} candidates in {search.n_splits_} folds: {seconds:.1f} s")
print(search.fusion_report_)
print(f"best accuracy {search.best_score_:.3f} with")
print(*(f"  {name} = {value}" for name, value in search.best_params_.items()), sep="\n")

# %%
# The displays
# ------------
#
# The first shows the best over all other parameters; ``where`` fixes some instead. Losses of
# different passes can differ in kind, so the last shows one pass.

displays = {
    "parameter_curve": ParameterCurveDisplay.from_search(search, "mlp__optimizer__learning_rate"),
    "heatmap": SearchHeatmapDisplay.from_search(
        search,
        "mlp__optimizer__learning_rate",
        "mlp__penalty__alpha",
        where={"mlp__optimizer": "adam"},
    ),
    "parallel_coordinates": ParallelCoordinatesDisplay.from_search(search),
    "all_losses": SearchLossCurvesDisplay.from_search(
        search, pass_number=0, color_by="mlp__optimizer__learning_rate", yscale="log"
    ),
}

folder = Path("demo_output")
folder.mkdir(exist_ok=True)
for name, display in displays.items():
    path = folder / f"{name}.png"
    display.figure_.savefig(path, dpi=150)
    print(path)
