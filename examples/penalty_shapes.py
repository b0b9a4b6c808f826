"""
=====================================
Shapes of penalties, and what they do
=====================================

A penalty of one weight is a curve, and its proximal operator says where a weight goes after a step:
nearer to 0, by how much, and whether to 0 exactly. For groups of weights, the points where the
penalty is the same show which weights become 0 together.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from skopt_suite.penalties import L1, L2, MCP, SCAD, ElasticNet

# %%
# Penalties of single weights
# ---------------------------
#
# `MCP` and `SCAD` rise like L1 at 0, so they give zeros, and are flat where weights are large, so
# they leave these alone. L2 shrinks all weights in proportion and none to 0; it acts by its
# gradient, so no proximal operator is drawn.

weights = np.linspace(-4, 4, 801)


def moved(penalty):
    """Return where weights go in a step of size 1."""
    return penalty.prox(weights[None].copy(), np.ones((1, 1)))[0]


single = [L1(1.0), L2(1.0), ElasticNet(1.0), MCP(1.0), SCAD(1.0)]
figure, axes = plt.subplots(1, 3, figsize=(14, 4.5), layout="constrained")
for penalty in single:
    axes[0].plot(weights, penalty.value(weights[:, None]), label=penalty.name)
    axes[1].plot(weights, moved(penalty) if penalty.has_prox else np.nan * weights)
axes[0].set(ylim=(0, 5), xlabel="weight", title="penalty, alpha=1")
axes[0].legend()
axes[1].plot(weights, weights, ":", color="grey")
axes[1].set(xlabel="weight", title="proximal operator, step size 1")

for penalty in single:
    if penalty.has_prox:
        share = (moved(penalty) == 0).mean()
        largest = weights[-1] - moved(penalty)[-1]
        print(f"{penalty.name}: {share:.0%} become 0, the largest is shrunk by {largest:.2f}")

# %%
# Penalties of groups
# -------------------
#
# Two weights of one feature, in a model with two outputs: the lines where the penalty is 1. Corners
# are where the optimum of a problem likes to be. L1 has them on the axes; the group lasso is round,
# and its only corner is 0, for both weights together.

angles = np.linspace(0, 2 * np.pi, 721)
circle = np.column_stack([np.cos(angles), np.sin(angles)])
absolute, norm = np.abs(circle).sum(axis=1), np.linalg.norm(circle, axis=1)
balls = {"l1": absolute, "group_lasso": norm, "sparse_group_lasso": (absolute + norm) / 2}
for name, values in balls.items():
    axes[2].plot(*(circle / values[:, None]).T, label=name)
axes[2].set(xlabel="first weight", ylabel="second weight", title="where the penalty is 1")
axes[2].set_aspect("equal")
axes[2].set(xticks=[-1, 0, 1], yticks=[-1, 0, 1])
axes[2].legend(loc="center", fontsize="small")
for ax in axes:
    ax.grid(alpha=0.3)

path = Path("demo_output") / "penalty_shapes.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=150)
print(path)
plt.show()
