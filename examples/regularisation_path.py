"""
================================
The path of a lasso, on diabetes
================================

An L1 penalty removes one feature after the other as its strength grows. `LinearRegressor` with
``penalty="l1"`` minimises the same objective as scikit-learn's `Lasso`, with the same ``alpha``, so
their paths agree; the way there is another, and other losses and penalties have such paths too.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import lasso_path
from sklearn.preprocessing import scale

from skopt_suite import LinearRegressor

frame = load_diabetes(as_frame=True)
X, y = scale(frame.data), scale(frame.target)

# %%
# Both paths
# ----------
#
# With ``warm_start=True`` each fit goes on from the one before, as scikit-learn's path does.

alphas = np.geomspace(0.6, 0.001, 40)
reg = LinearRegressor(penalty="l1", warm_start=True, tol=1e-8, max_iter=2000)
ours = np.array([reg.set_params(penalty__alpha=alpha).fit(X, y).coef_ for alpha in alphas])
theirs = lasso_path(X, y, alphas=alphas, tol=1e-10, max_iter=10_000)[1].T

print(f"largest difference of a coefficient: {np.abs(ours - theirs).max():.1e}")
print(f"the same features are zero: {bool(((ours == 0) == (theirs == 0)).all())}")

entry = (ours != 0).argmax(axis=0)  # position of the first alpha with which a feature is used
order = [frame.feature_names[j] for j in entry.argsort(kind="stable")]
print(f"features in the order in which they enter: {', '.join(order)}")

# %%
# Another loss
# ------------
#
# Loss and penalty are chosen independently, so there is a path for every pair of them. Huber's loss
# trusts outliers less.

robust = LinearRegressor(loss="huber", penalty="l1", warm_start=True, tol=1e-6, max_iter=2000)
robust_path = np.array([robust.set_params(penalty__alpha=a).fit(X, y).coef_ for a in alphas])

figure, axes = plt.subplots(1, 2, figsize=(11, 4.5), sharey=True, layout="constrained")
for ax, path, title in zip(
    axes, (ours, robust_path), ("squared_error (dots: lasso_path)", "huber"), strict=True
):
    ax.plot(alphas, path, label=frame.feature_names)
    ax.set(xscale="log", xlabel="alpha", title=title)
    ax.invert_xaxis()
    ax.grid(alpha=0.3)
axes[0].set_prop_cycle(None)
axes[0].plot(alphas, theirs, ".", markersize=4)
axes[0].set_ylabel("coefficient")
axes[0].legend(axes[0].lines[:10], frame.feature_names, ncols=2, loc="lower left")

path = Path("demo_output") / "lasso_path.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=150)
print(path)
plt.show()
