"""
=======================
Components of your own
=======================

An optimizer and a penalty that the library does not have, in some twenty lines each. They go where
its own go: into every estimator, next to every other component, and into a search.
"""

from typing import NamedTuple

from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skopt_suite import LinearClassifier, MLPClassifier
from skopt_suite.backends import Params, like, namespace
from skopt_suite.domains import Real
from skopt_suite.optimizers import FirstOrder
from skopt_suite.penalties import Penalty
from skopt_suite.testing import check_optimizer, check_penalty

# %%
# An optimizer
# ------------
#
# SignDescent looks at the sign of each gradient only (Riedmiller and Braun 1993; Bernstein et al.
# 2018), so that all coordinates move by the learning rate. Arrays have a row for each of the fits
# that are trained together; hyperparameters are columns.


class SignState(NamedTuple):
    """The size of the last gradient."""

    size: Params


class SignDescent(FirstOrder):
    """Move every parameter by the learning rate, against the sign of its gradient."""

    parameters = {"learning_rate": Real(0, open_low=True)}

    def __init__(self, learning_rate=0.001):
        self.learning_rate = learning_rate

    def init(self, params, problem):
        return SignState(namespace(params).ones_like(params))

    def update(self, state, params, gradient, learning_rate, layout):
        xp = namespace(params)
        (rate,) = like(params, learning_rate)
        return params - rate * xp.sign(gradient), SignState(xp.abs(gradient))

    def step_size(self, state, learning_rate):
        # A step of learning_rate · sign(g) is learning_rate / |g| per unit of gradient.
        (rate,) = like(state.size, learning_rate)
        return rate / namespace(state.size).clip(state.size, 1e-12, None)


check_optimizer(SignDescent(learning_rate=0.001))

# %%
# A penalty
# ---------
#
# L0 counts the weights that are not zero. To keep a weight costs alpha, to drop it costs
# w² / (2 step_size): its proximal operator takes the cheaper.


class L0(Penalty):
    """The number of weights that are not zero, times alpha."""

    parameters = {"alpha": Real(0)}
    has_prox = True

    def __init__(self, alpha=1e-4):
        self.alpha = alpha

    def nonsmooth_value(self, weights):
        xp = namespace(weights)
        (alpha,) = like(weights, self.alpha)
        return xp.sum(alpha * xp.astype(weights != 0, weights.dtype), axis=-1)

    def prox(self, weights, step_size):
        (threshold,) = like(weights, (2 * self.alpha * step_size) ** 0.5)
        return namespace(weights).where(abs(weights) > threshold, weights, 0.0)


check_penalty(L0(alpha=0.1))
print("both keep the contract\n")

# %%
# Use them
# --------

X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

linear = make_pipeline(StandardScaler(), LinearClassifier(penalty=L0(), max_iter=5000))
search = GridSearchCV(linear, {"linearclassifier__penalty__alpha": [0.003, 0.01, 0.03, 0.1]})
search.fit(X_train, y_train)
for params, score in zip(
    search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
):
    (alpha,) = params.values()
    n_used = (linear.set_params(**params).fit(X_train, y_train)[-1].coef_ != 0).sum()
    print(f"L0(alpha={alpha}) uses {n_used:>2} of 30 features, accuracy {score:.3f}")

mlp = MLPClassifier(
    optimizer=SignDescent(learning_rate=0.002), schedule="cosine", max_iter=50, random_state=0
)
network = make_pipeline(StandardScaler(), mlp).fit(X_train, y_train)
print(f"\nMLP trained by {mlp.optimizer}, test accuracy {network.score(X_test, y_test):.3f}")
