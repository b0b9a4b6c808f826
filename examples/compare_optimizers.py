"""
==================================
Optimizers compared on one problem
==================================

Logistic regression has one optimum, so the distance of the objective from it says how far an
optimizer has come. Here all optimizers get the same data, the same penalty and 30 passes over the
data; only the way of stepping differs.
"""

import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

from skopt_suite import LinearClassifier
from skopt_suite.optimizers import SGD, Adam, GradientDescent, Momentum, Nesterov
from skopt_suite.penalties import L2
from skopt_suite.plotting import LossCurveDisplay

X, y = load_breast_cancer(return_X_y=True)
X = StandardScaler().fit_transform(X)

# %%
# The optimum
# -----------
#
# L-BFGS, which the linear models use by default for smooth problems, finds it to many digits.

problem = LinearClassifier(penalty=L2(alpha=0.01), random_state=0)
exact = clone(problem).set_params(tol=1e-10, max_iter=1000).fit(X, y)
print(
    f"optimum {exact.loss_:.8f}, found by {exact.optimizer_.name} in {exact.n_iter_} iterations\n"
)

# %%
# The contestants
# ---------------
#
# The first three see all rows in every step, the others 32 at a time. (An iteration of the two
# solvers may look at the data more than once.) Stochastic optimizers rattle about the optimum, at a
# distance that shrinks with the learning rate: a schedule brings them closer.

contestants = {
    "gradient_descent": {"optimizer": GradientDescent(learning_rate=0.5)},
    "fista": {"optimizer": "fista"},
    "lbfgs": {"optimizer": "lbfgs"},
    "sgd": {"optimizer": SGD(learning_rate=0.5)},
    "sgd, cosine": {"optimizer": SGD(learning_rate=0.5), "schedule": "cosine"},
    "momentum, cosine": {"optimizer": Momentum(learning_rate=0.1), "schedule": "cosine"},
    "nesterov, cosine": {"optimizer": Nesterov(learning_rate=0.1), "schedule": "cosine"},
    "adam, cosine": {"optimizer": Adam(learning_rate=0.03), "schedule": "cosine"},
}

curves = {}
for name, params in contestants.items():
    clf = clone(problem).set_params(
        max_iter=30, tol=0, batch_size=32, n_iter_no_change=30, **params
    )
    with warnings.catch_warnings():  # 30 iterations need not be enough
        warnings.simplefilter("ignore", ConvergenceWarning)
        clf.fit(X, y)
    excess = np.array(clf.loss_curve_) - exact.loss_
    curves[name] = (np.maximum(excess, 1e-12), None)
    print(f"{name:<18}{clf.n_iter_:>3} passes, objective - optimum = {excess[-1]:.1e}")

# %%
# A display can also be made from numbers: here from what is left of each objective.

display = LossCurveDisplay(curves=curves).plot(yscale="log")
display.ax_.set(xlabel="pass over the data", ylabel="objective - optimum")
display.ax_.grid(alpha=0.3)

path = Path("demo_output") / "optimizers.png"
path.parent.mkdir(exist_ok=True)
display.figure_.savefig(path, dpi=150)
print(f"\n{path}")
plt.show()
