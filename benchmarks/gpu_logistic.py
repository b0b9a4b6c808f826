"""Logistic regression with L2 in `gpu.py`: scikit-learn's optimum on both sides.

The objective of all of them is the mean log loss and ``alpha / 2 * ‖w‖²`` with ``alpha = 1 / n``,
which is scikit-learn's with ``C=1``.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from gpu_machine import Found, Machine, Sheet, Sizes
from reference_network import quietly

AT_ONCE = 10**6  # rows in float64
WITHIN = 1e-6  # of our objective PyTorch is to come


class Problem(NamedTuple):
    """Rows on the device, and what measures a solution."""

    machine: Machine
    X: Any
    y: Any

    @property
    def alpha(self) -> float:
        return 1 / len(self.X)

    def objective(self, weights: Any, intercept: Any) -> float:
        """In float64, on the device."""
        xp, total = self.machine.xp, 0.0
        weights, intercept = (xp.asarray(part, xp.float64) for part in (weights, intercept))
        for start in range(0, len(self.X), AT_ONCE):
            rows = slice(start, start + AT_ONCE)
            raw = self.X[rows].astype(xp.float64) @ weights.ravel() + intercept
            total += float(xp.logaddexp(0, xp.where(self.y[rows], -raw, raw)).sum())
        return total / len(self.X) + self.alpha / 2 * float(weights.ravel() @ weights.ravel())

    def one_pass(self) -> float:
        """Seconds of the two products of an evaluation."""
        weights, slopes = (self.machine.xp.ones(n, self.X.dtype) for n in self.X.shape[::-1])
        return self.machine.steady(lambda: (self.X @ weights, slopes @ self.X))


def logistic(sheet: Sheet, machine: Machine, sizes: Sizes) -> None:
    """Time ours and PyTorch first: a time limit is to take no more than scikit-learn away."""
    peers = [beside_pytorch(sheet, machine, shape) for shape in sizes.logistic]
    for measure_peer in peers:
        measure_peer()


def beside_pytorch(sheet: Sheet, machine: Machine, shape: tuple[int, int]) -> Callable[[], Found]:
    """Measure all but scikit-learn, and return what measures it."""
    problem = make_problem(machine, *shape)
    case = "logistic, {:,} × {}".format(*shape)

    def measure(role: str, who: str, call: Callable[[], Found]) -> Found:
        return sheet.measure(case, role, who, "s", call)

    on_host = machine.host(problem.X), machine.host(problem.y)
    ours = measure("ours", "arrays of the card", lambda: our_fit(problem, problem.X, problem.y))
    measure("ours", "arrays of the host", lambda: our_fit(problem, *on_host))
    goal = ours.get("objective", 0.0) * (1 + WITHIN)
    measure("peer", "PyTorch L-BFGS", lambda: their_fit(problem, goal))
    measure("floor", "products of ours", lambda: floor(problem, ours))
    return partial(measure, "peer", "scikit-learn", lambda: cpu_fit(problem, *on_host))


def make_problem(machine: Machine, n: int, n_features: int) -> Problem:
    """Return columns that correlate, of different scale, and labels by a noisy linear rule."""
    xp = machine.xp
    rng = xp.random.RandomState(0)
    mixing = xp.eye(n_features) + 0.5 / n_features**0.5 * rng.standard_normal((n_features,) * 2)
    mixing = (mixing * xp.linspace(0.5, 2, n_features)).astype(xp.float32)
    X = xp.empty((n, n_features), xp.float32)
    for start in range(0, n, AT_ONCE):
        part = X[start : start + AT_ONCE]
        part[...] = rng.standard_normal(part.shape).astype(xp.float32) @ mixing
    raw = X @ rng.standard_normal(n_features).astype(xp.float32) / n_features**0.5
    noise = rng.logistic(size=n)
    return Problem(machine, X, (raw + noise > 0).astype(xp.int32))


def our_fit(problem: Problem, X: Any, y: Any) -> Found:
    from skopt_suite import LinearClassifier
    from skopt_suite.penalties import L2

    backend = {"backend": problem.machine.backend}
    model = LinearClassifier(optimizer="lbfgs", penalty=L2(alpha=problem.alpha), **backend)
    figure = problem.machine.fastest(lambda: quietly(model.fit, X, y))
    return at(problem, figure, model.coef_, model.intercept_, int(model.n_iter_))


def cpu_fit(problem: Problem, X: np.ndarray, y: np.ndarray) -> Found:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1.0, max_iter=1000)
    figure = problem.machine.seconds(lambda: quietly(model.fit, X, y))
    return at(problem, figure, model.coef_, model.intercept_, int(model.n_iter_[0]))


def their_fit(problem: Problem, goal: float) -> Found:
    from gpu_torch import lbfgs

    tensor = problem.machine.tensor
    X, y = tensor(problem.X), tensor(problem.y).float()
    lbfgs(X, y, problem.alpha, goal)
    found = lbfgs(X, y, problem.alpha, goal)
    solution = (part.cpu().numpy() for part in (found.weights, found.intercept))
    outcome = at(problem, found.seconds, *solution, found.n_evaluations, "evaluations")
    missed = "" if found.objective <= goal else "; never came to our objective"
    return outcome | {"note": outcome["note"] + missed}


def at(
    problem: Problem, seconds: float, weights: Any, intercept: Any, n: int, of: str = "iterations"
) -> Found:
    objective = problem.objective(weights, intercept)
    note = f"objective {objective:.8f}, {n} {of}"
    return {"figure": seconds, "objective": objective, "n": n, "note": note}


def floor(problem: Problem, ours: Found) -> Found:
    return {"figure": ours["n"] * problem.one_pass(), "note": "two of X per iteration"}
