"""Proximal operators are the minima that SciPy finds, and values are the formulas as they stand."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import minimize, minimize_scalar

from skopt_suite._component import stack
from skopt_suite._layout import Layout
from skopt_suite.backends import Placement
from skopt_suite.penalties import MCP, SCAD, GroupLasso, MaxNorm, SparseGroupLasso

NUMPY = Placement(np)
LAYOUT = Layout.dense((6, 1))
LABELS = ["a", "b", "a", "b", "b", "c"]
MEMBERS = [[0, 2], [1, 3, 4], [5]]


def on(penalty, layout=LAYOUT):
    return stack([penalty], NUMPY).on(layout)


def step_sizes(rng, size):
    """Equal ones, different ones, and some of many orders of magnitude, 0 among them."""
    yield np.full((1, 1), rng.uniform(0.1, 2))
    yield rng.uniform(0.1, 2, (1, size))
    wild = 10 ** rng.uniform(-6, 3, (1, size))
    wild[0, 0] = 0
    yield wild


def mcp(u, alpha, gamma):
    return alpha * u - u**2 / (2 * gamma) if u < gamma * alpha else gamma * alpha**2 / 2


def scad(u, alpha, gamma):
    if u <= alpha:
        return alpha * u
    if u <= gamma * alpha:
        return (2 * gamma * alpha * u - u**2 - alpha**2) / (2 * (gamma - 1))
    return alpha**2 * (gamma + 1) / 2


@pytest.mark.parametrize("step", [0.5, 1.4, 2.9, 6.0, 30.0])
@pytest.mark.parametrize("cls, formula, gamma", [(MCP, mcp, 1.5), (SCAD, scad, 3.0)])
def test_folded_concave(cls, formula, gamma, step):
    alpha, weights = 0.7, np.linspace(-8, 8, 41)
    penalty = on(cls(alpha, gamma), Layout.dense((41, 1)))
    expected = sum(formula(abs(w), alpha, gamma) for w in weights)
    assert penalty.nonsmooth_value(weights[None])[0] == pytest.approx(expected, rel=1e-12)

    def objective(u, w):
        return formula(abs(u), alpha, gamma) + (u - w) ** 2 / (2 * step)

    ours = penalty.prox(weights[None].copy(), np.full((1, 1), step))[0]
    for u, w in zip(ours, weights, strict=True):
        ends = [0, *np.sign(w) * np.array([alpha, gamma * alpha]), w]
        pieces = [(min(a, b), max(a, b)) for a, b in pairwise(ends)]
        best = (
            min(
                minimize_scalar(objective, bounds=piece, args=(w,), method="bounded").fun
                for piece in pieces
                if piece[0] < piece[1]
            )
            if w
            else 0.0
        )
        best = min([best, *(objective(end, w) for end in ends)])
        assert objective(u, w) <= best + 1e-9


@pytest.mark.parametrize("cls, gamma", [(MCP, 1.5), (SCAD, 3.0)])
def test_the_tangent_is_the_slope(cls, gamma):
    size = np.linspace(0.01, 3, 57)
    penalty = on(cls(0.7, gamma), Layout.dense((57, 1)))
    ends = [np.diag(size + shift) for shift in (1e-6, -1e-6)]
    values = [stack([cls(0.7, gamma)] * 57, NUMPY).on(LAYOUT).nonsmooth_value(end) for end in ends]
    slope = penalty.linearised(-size[None]).l1[0]
    np.testing.assert_allclose(slope, (values[0] - values[1]) / 2e-6, atol=1e-6)
    assert penalty.linearised(np.zeros((1, 57))).l1[0, 0] == pytest.approx(0.7)


def group_value(u, alpha, l1_ratio):
    norms = sum(np.sqrt(len(of) + 0.0) * np.linalg.norm(u[of]) for of in MEMBERS)
    return alpha * (l1_ratio * abs(u).sum() + (1 - l1_ratio) * norms)


@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("seed", range(4))
def test_group_lasso(seed, l1_ratio, positive):
    """By the conditions of optimality, group by group."""
    rng, alpha = np.random.default_rng(seed), 0.6
    options = {"alpha": alpha, "groups": LABELS, "positive": positive}
    one = SparseGroupLasso(l1_ratio=l1_ratio, **options) if l1_ratio else GroupLasso(**options)
    penalty, weights = on(one), 2 * rng.normal(size=(1, 6))
    value = penalty.nonsmooth_value(weights)[0]
    assert value == pytest.approx(group_value(weights[0], alpha, l1_ratio), rel=1e-12)
    for step in step_sizes(rng, 6):
        u = penalty.prox(weights.copy(), step)[0]
        assert not (positive and (u < 0).any())
        for of in MEMBERS:
            assert_optimal(
                u[of],
                weights[0, of],
                np.broadcast_to(step, (1, 6))[0, of],
                alpha * l1_ratio,
                alpha * (1 - l1_ratio) * np.sqrt(len(of)),
                positive,
            )


def assert_optimal(u, w, step, l1, l2, positive):
    """``u`` minimises ``l1 ‖u‖₁ + l2 ‖u‖ + Σ (u - w)² / (2 step)``, maybe on ``u >= 0``."""
    moves = step > 0
    np.testing.assert_array_equal(u[~moves], np.clip(w[~moves], 0 if positive else None, None))
    pull = (w - u)[moves] / step[moves]
    u = u[moves]
    rest = pull - l1 if positive else np.sign(pull) * np.clip(abs(pull) - l1, 0, None)
    if not u.any() and moves.all():
        assert np.linalg.norm(np.clip(rest, 0 if positive else None, None)) <= l2 * (1 + 1e-9)
        return
    direction = u / np.linalg.norm(u) if moves.all() else None
    if direction is None:
        return  # some coordinates are fixed: the next test
    at_zero = u == 0
    sign = np.ones_like(u) if positive else np.sign(u)
    expected = l1 * sign + l2 * direction
    np.testing.assert_allclose(pull[~at_zero], expected[~at_zero], rtol=1e-7, atol=1e-9)
    bound = pull if positive else abs(pull)
    assert (bound[at_zero] <= l1 + 1e-9).all()


@pytest.mark.parametrize("seed", range(5))
def test_prox_of_groups_is_what_scipy_finds(seed):
    rng = np.random.default_rng(seed)
    weights, step = 2 * rng.normal(size=(1, 6)), rng.uniform(0.05, 1.5, (1, 6))
    u = on(SparseGroupLasso(0.6, 0.4, LABELS)).prox(weights.copy(), step)[0]

    def objective(x):
        return group_value(x, 0.6, 0.4) + ((x - weights[0]) ** 2 / (2 * step[0])).sum()

    found = minimize(objective, weights[0], method="Powell", options={"xtol": 1e-10, "ftol": 1e-14})
    assert objective(u) <= found.fun + 1e-9


@pytest.mark.parametrize("seed", range(5))
def test_max_norm_is_what_scipy_finds(seed):
    rng = np.random.default_rng(seed)
    weights = 2 * rng.normal(size=(1, 6))
    for step in [*step_sizes(rng, 6)][:2]:
        u = on(MaxNorm(1.5)).prox(weights.copy(), step)[0]
        assert np.linalg.norm(u) <= 1.5 * (1 + 1e-12)

        def objective(x, step=step):
            return ((x - weights[0]) ** 2 / (2 * step[0])).sum()

        ball = {"type": "ineq", "fun": lambda x: 1.5**2 - x @ x}
        found = minimize(objective, np.zeros(6), constraints=ball, tol=1e-12)
        assert objective(u) <= found.fun + 1e-6


def test_what_is_short_enough_stays():
    weights = np.random.default_rng(0).normal(size=(1, 6))
    for step in (np.ones((1, 1)), np.ones((1, 6))):
        np.testing.assert_array_equal(on(MaxNorm(100.0)).prox(weights.copy(), step), weights)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("fixed", [0.6, 1.5, 1.5 + 1e-6, 40.0, 1200.0])
def test_max_norm_holds_whatever_does_not_step(dtype, fixed):
    weights = np.array([[fixed, 1.0, -2.0, 0.1, 0.0, 3.0]], dtype=dtype)
    step = np.array([[0.0, 1e-6, 0.1, 0.2, 0.3, 10.0]], dtype=dtype)
    u = on(MaxNorm(1.5)).prox(weights.copy(), step)[0]
    assert np.linalg.norm(u) == pytest.approx(1.5, rel=1e-5)
    assert u[0] == pytest.approx(min(fixed, 1.5), rel=1e-4)


@pytest.mark.parametrize("penalty", [GroupLasso(0.3), MaxNorm(0.5)], ids=repr)
def test_without_a_step_weights_stay(penalty):
    weights = np.random.default_rng(0).normal(size=(1, 6))
    step = np.zeros((1, 6))
    np.testing.assert_array_equal(on(penalty).prox(weights.copy(), step), weights)


@pytest.mark.parametrize(
    "penalty",
    [MCP(0.3), SCAD(0.3), GroupLasso(0.3, LABELS), SparseGroupLasso(0.3, 0.5), MaxNorm(0.5)],
    ids=repr,
)
@pytest.mark.parametrize("step", [np.full((1, 1), 0.1), np.linspace(0.1, 0.2, 6)[None]])
def test_nan_comes_through(penalty, step):
    weights = np.array([[1.0, 1.0, np.nan, 1.0, 1.0, 1.0]])
    stacked = on(penalty)
    assert np.isnan(stacked.prox(weights.copy(), step)[0, 2])
    if stacked.debts(6)[0] == 1:
        owed = np.zeros((1, *stacked.debts(6)))
        assert np.isnan(stacked.pay(weights.copy(), owed, step)[0][0, 2])
