"""
=================================
Regularisation paths, on diabetes
=================================

An L1 penalty removes one feature after the other as its strength grows. `regularization_path` fits
a model for every strength, all in one pass, and `PathDisplay` draws what becomes of the
coefficients.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import lasso_path
from sklearn.preprocessing import StandardScaler

from skopt_suite import LinearRegressor, regularization_path
from skopt_suite.penalties import GroupLasso
from skopt_suite.plotting import PathDisplay

X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
X = StandardScaler().set_output(transform="pandas").fit_transform(X)

# %%
# The path of the lasso
# ---------------------
#
# The objective is that of scikit-learn's `Lasso`, with the same ``alpha``, so the paths agree.

path = regularization_path(LinearRegressor(penalty="l1", tol=1e-8), X, y)
theirs = lasso_path(X, y, alphas=path.alphas, tol=1e-10, max_iter=10_000)[1].T
print(f"largest difference of a coefficient: {np.abs(path.coefs - theirs).max():.1e}")
print(f"an objective is at most {path.dual_gaps.max():.1e} above its minimum")

entry = (path.coefs != 0).argmax(axis=0)  # position of the first alpha with which it is used
order = X.columns[entry.argsort(kind="stable")]
print(f"features in the order in which they enter: {', '.join(order)}")

# %%
# Other losses and penalties
# --------------------------
#
# Loss and penalty are chosen independently, and there is a path for every pair of them. Huber's
# loss trusts outliers less; a group lasso lets the six measurements of the blood serum enter
# together. With ``cv`` the display shows which strength predicts best.

serum = [name for name in X.columns if name.startswith("s")]
groups = ["serum" if name in serum else name for name in X.columns]
models = {
    "L1": LinearRegressor(penalty="l1"),
    "Huber's loss, L1": LinearRegressor(loss="huber", penalty="l1"),
    "group lasso": LinearRegressor(penalty=GroupLasso(groups=groups)),
}
figure, axes = plt.subplots(1, 3, figsize=(15, 4.5), layout="constrained")
for ax, (title, model) in zip(axes, models.items(), strict=True):
    display = PathDisplay.from_estimator(model, X, y, cv=5, alphas=25, ax=ax)
    ax.set_title(title)
    print(f"{title}: {display.best_line_.get_label()}")

path = Path("demo_output") / "regularisation_path.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=150)
print(path)
plt.show()
