"""
=========================================
The shapes of losses, and what they learn
=========================================

A loss is what a wrong prediction costs, and by that it decides what is predicted: a mean, a median,
a quantile, an expected count. The first drawing shows all losses; the second what they make of the
same skewed data.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from skopt_suite import MLPRegressor
from skopt_suite.losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES, Quantile, TargetType

OUTPUT = Path("demo_output")
OUTPUT.mkdir(exist_ok=True)

# %%
# All of them
# -----------
#
# By their names, with their defaults. Losses with a logarithmic link are drawn over the prediction,
# which is the exponential of the raw one.


def values(loss, raw, y):
    """Return the loss of raw predictions for one target."""
    on_target = loss.on(TargetType(loss.kinds[-1], 1))
    return on_target.value_and_gradient(np.full((len(raw), 1), y), raw[None, :, None].copy())[0][0]


figure, axes = plt.subplots(1, 3, figsize=(12, 5), sharey=True, layout="constrained")
raw, mean = np.linspace(-3, 3, 301), np.linspace(0.1, 4, 301)
for name in CLASSIFICATION_LOSSES:
    style = "--" if name == "modified_huber" else "-"  # it lies on squared_hinge from -1 on
    axes[0].plot(raw, values(CLASSIFICATION_LOSSES[name](), raw, 1.0), style, label=name)
for name in REGRESSION_LOSSES:
    loss = REGRESSION_LOSSES[name]()
    if loss.has_link:
        axes[2].plot(mean, values(loss, np.log(mean), 1.0), label=name)
    else:
        axes[1].plot(raw, values(loss, raw, 0.0), label=name)
axes[0].set(xlabel="raw prediction, of a sample of the class", ylabel="loss", ylim=(-0.1, 6))
axes[1].set(xlabel="prediction − target")
axes[2].set(xlabel="prediction, for a target of 1")
for ax in axes:
    ax.legend(fontsize=8, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.15))
figure.savefig(OUTPUT / "losses.png", dpi=150)
n_losses = len([*CLASSIFICATION_LOSSES, *REGRESSION_LOSSES])
print(f"{n_losses} losses have a name\n{OUTPUT / 'losses.png'}\n")

# %%
# What they learn
# ---------------
#
# Waiting times that grow with x, and scatter the more the longer they are. Means and medians
# differ, and three quantiles, of one network with three outputs, say how far times are spread.

rng = np.random.default_rng(0)
x = np.sort(rng.uniform(0, 3, 600))
y = rng.gamma(1.5, np.exp(0.6 * x) / 1.5)
X = x[:, None]

settings = {"hidden_layer_sizes": (16,), "activation": "tanh", "optimizer": "lbfgs"}
settings |= {"random_state": 0, "dtype": "float64", "max_iter": 2000, "tol": 1e-3}
models = {
    name: MLPRegressor(loss=name, **settings).fit(X, y)
    for name in ("squared_error", "gamma", "absolute_error")
}
quantiles = MLPRegressor(loss=Quantile([0.1, 0.5, 0.9]), **settings).fit(X, y)

figure, ax = plt.subplots(figsize=(8, 5), layout="constrained")
ax.scatter(x, y, s=5, color="lightgrey")
for name, model in models.items():
    ax.plot(x, model.predict(X), label=name)
low, median, high = quantiles.predict(X).T
ax.fill_between(x, low, high, alpha=0.2, label="from the 0.1 to the 0.9 quantile")
ax.set(xlabel="x", ylabel="waiting time")
ax.legend()
figure.savefig(OUTPUT / "losses_learnt.png", dpi=150)

for name, model in models.items():
    print(f"{name:15} is above {np.mean(y < model.predict(X)):.0%} of the times")
print(f"between the quantiles are {np.mean((low < y) & (y < high)):.0%}")
print(OUTPUT / "losses_learnt.png")
