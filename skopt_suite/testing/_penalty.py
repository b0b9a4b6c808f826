"""The check of penalties."""

from __future__ import annotations

import numpy as np

from skopt_suite._separable import Separable
from skopt_suite.penalties import PENALTIES, Penalty
from skopt_suite.testing._common import (
    check_specification,
    expect,
    expect_array,
    expect_close,
    stacked,
    unchanged,
    variants,
)

_N_FITS, _N_WEIGHTS = 3, 8
_VANISHING = 1e-14  # a step size with which a proximal operator is a projection


def check_penalty(penalty: Penalty) -> None:
    """Check that a penalty keeps the contract of `skopt_suite.penalties.Penalty`.

    It stores its parameters and does nothing else; values, gradients and proximal operators have
    the documented shapes and the precision of the weights; the gradient agrees with finite
    differences of the smooth part, and with ``curvature`` if that is declared; no point of a fine
    grid is better than the proximal operator, by its definition, for one step size and for one per
    coordinate; all agrees with ``separable`` if that is declared; the value is the sum of the two
    parts; and a fit in a stack gets the same as alone.

    Parameters
    ----------
    penalty : Penalty
        Object of your own class.

    Raises
    ------
    AssertionError
        If it does not; the message says what was expected.

    Examples
    --------
    >>> from skopt_suite.penalties import L1
    >>> from skopt_suite.testing import check_penalty
    >>> check_penalty(L1(alpha=0.1))

    >>> class Halved(L1):
    ...     def prox(self, weights, step_size):
    ...         return super().prox(weights, step_size / 2)
    >>> check_penalty(Halved(alpha=0.1))
    Traceback (most recent call last):
        ...
    AssertionError: Halved.prox must return argmin over u of ...
    """
    check_specification(penalty, Penalty)
    with unchanged(penalty):
        resolved = PENALTIES.resolve(penalty, owner="check_penalty")
        # Strengths that are seen next to weights of about 1, whatever the default.
        specifications = variants(resolved, factors=(1.0, 30.0, 1000.0))
        for dtype in ("float32", "float64"):
            _check_arrays(specifications, dtype)
        _check_sum(specifications)
        _check_stack(specifications)
        for k, specification in enumerate(specifications):
            if penalty.has_gradient:
                _check_gradient(specification, _weights()[k])
            _check_curvature(specification, _weights()[k])
            _check_separable(specification, _weights()[k : k + 1])
            if penalty.has_prox:
                for step_size in _step_sizes():
                    _check_prox(specification, _weights()[k], step_size[k])


def _weights() -> np.ndarray:
    """Return weights of several sizes and both signs, some zero, (n_fits, n_weights)."""
    weights = np.random.default_rng(0).normal(size=(_N_FITS, _N_WEIGHTS))
    weights[:, 1] *= 1e-3
    weights[:, 2] *= 3
    weights[:, 3] = 0.0
    return weights


def _step_sizes() -> list[np.ndarray]:
    """Return step sizes for all coordinates, (n_fits, 1), and one for each."""
    per_coordinate = np.random.default_rng(1).uniform(0.01, 1.0, _N_WEIGHTS)
    sizes = [np.array([0.01]), np.array([0.3]), np.array([1.0]), per_coordinate]
    return [np.tile(size, (_N_FITS, 1)) for size in sizes]


def _parts(penalty: Penalty, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Return everything that a stacked penalty computes, by name."""
    parts = {"value": penalty.value(weights.copy())}
    if penalty.has_gradient:
        parts["smooth_value"] = penalty.smooth_value(weights.copy())
        parts["gradient"] = penalty.gradient(weights.copy())
        parts["gradient added"] = penalty.add_gradient(np.ones_like(weights), weights.copy())
    if penalty.has_prox:
        parts["nonsmooth_value"] = penalty.nonsmooth_value(weights.copy())
        for sizes in _step_sizes():
            step_size = sizes[: len(weights)].astype(weights.dtype)
            parts[f"prox, step_size={step_size[0]}"] = penalty.prox(weights.copy(), step_size)
    return parts


def _check_arrays(specifications: list[Penalty], dtype: str) -> None:
    penalty, weights = stacked(specifications), _weights().astype(dtype)
    with unchanged(penalty):
        parts = _parts(penalty, weights)
    for name, array in parts.items():
        shape = weights.shape if name.startswith(("gradient", "prox")) else weights.shape[:1]
        expect_array(array, f"{type(penalty).__name__}.{name}", shape, dtype)


def _check_sum(specifications: list[Penalty]) -> None:
    parts = _parts(stacked(specifications), _weights())
    expect_close(
        parts["value"],
        parts.get("smooth_value", 0.0) + parts.get("nonsmooth_value", np.zeros(_N_FITS)),
        f"{type(specifications[0]).__name__}.value must be smooth_value + nonsmooth_value.",
        rtol=1e-12,
    )
    if "gradient" in parts:
        expect_close(
            parts["gradient added"],
            1.0 + parts["gradient"],
            f"{type(specifications[0]).__name__}.add_gradient(total, weights) must be total + "
            "gradient(weights). A subclass that changes one of the two has to change the other.",
            rtol=1e-12,
        )


def _check_stack(specifications: list[Penalty]) -> None:
    together = _parts(stacked(specifications), _weights())
    for k, specification in enumerate(specifications):
        alone = _parts(stacked([specification]), _weights()[k : k + 1])
        for name, array in together.items():
            expect_close(
                array[k],
                alone[name][0],
                f"{type(specification).__name__}.{name}: a fit in a stack must get the same as "
                "alone. Hyperparameters are arrays of shape (n_fits, 1).",
                rtol=1e-10,
                atol=1e-14,
            )


def _check_gradient(specification: Penalty, weights: np.ndarray) -> None:
    step = 1e-6 * np.eye(_N_WEIGHTS)
    penalty = stacked([specification] * _N_WEIGHTS)
    difference = penalty.smooth_value(weights + step) - penalty.smooth_value(weights - step)
    gradient = stacked([specification]).gradient(weights[None, :].copy())[0]
    expect_close(
        gradient,
        difference / 2e-6,
        f"{type(specification).__name__}.gradient must be that of smooth_value, and finite "
        "differences disagree.",
        rtol=1e-5,
        atol=1e-7 * np.abs(gradient).max(),
    )


def _check_curvature(specification: Penalty, weights: np.ndarray) -> None:
    penalty = stacked([specification])
    curvature = penalty.curvature()
    if curvature is None:
        return
    expect(
        np.shape(curvature) in ((), (1, 1)),
        f"{type(specification).__name__}.curvature must be a number or an array of shape "
        f"(n_fits, 1), or None; got {curvature!r}.",
    )
    expect_close(
        penalty.gradient(weights[None, :]) if penalty.has_gradient else np.zeros_like(weights),
        curvature * weights,
        f"{type(specification).__name__}.curvature must be c where the gradient is c * weights, "
        "and None for other penalties.",
        rtol=1e-10,
    )


def _check_separable(specification: Penalty, weights: np.ndarray) -> None:
    """Compare all that a penalty computes with what it says as data."""
    penalty = stacked([specification])
    separable = penalty.separable()
    if separable is None:
        return
    expected = _separable_parts(separable, weights)
    for name, array in _parts(penalty, weights).items():
        expect_close(
            array,
            expected[name],
            f"{type(specification).__name__}.{name} must be that of Σ l1 |w| + l2 / 2 w², on w ≥ 0 "
            f"if is_positive, with what separable returned, {separable!r}; it may return None.",
            rtol=1e-10,
            atol=1e-14,
        )


def _separable_parts(separable: Separable, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Return what `_parts` is for a separable penalty."""
    l1 = 0.0 if separable.l1 is None else separable.l1
    gradient = (0.0 if separable.l2 is None else separable.l2) * weights
    smooth, rest = (gradient * weights).sum(axis=1) / 2, (l1 * abs(weights)).sum(axis=1)
    parts = {"value": smooth + rest, "smooth_value": smooth, "nonsmooth_value": rest}
    parts |= {"gradient": gradient, "gradient added": 1 + gradient}
    for sizes in _step_sizes():
        left = np.clip(weights - l1 * sizes[:1], 0, None)
        if not separable.is_positive:
            left += np.clip(weights + l1 * sizes[:1], None, 0)
        parts[f"prox, step_size={sizes[0]}"] = left
    return parts


def _check_prox(specification: Penalty, weights: np.ndarray, step_size: np.ndarray) -> None:
    """Compare the proximal operator with many points, by its definition."""
    owner = type(specification).__name__
    prox = stacked([specification]).prox(weights[None, :].copy(), step_size[None, :])[0]
    points = np.vstack([prox, _candidates(prox, weights)])
    penalty = stacked([specification] * len(points))
    # Constraints count for nothing in the value; a projection leaves alone what is within them.
    projected = penalty.prox(points.copy(), np.full((len(points), 1), _VANISHING))
    allowed = np.abs(projected - points).max(axis=1) < 1e-9
    expect(
        allowed[0],
        f"{owner}.prox with a step size of nearly 0 must leave alone what prox returned.",
    )
    expect(
        (allowed & (points != 0).any(axis=1)).any(),
        f"{owner}.prox with a step size of nearly 0 must leave points that the penalty allows "
        "where they are, but it moved all of them.",
    )
    squares = ((points - weights) ** 2 / (2 * step_size)).sum(axis=1)
    objective = np.where(allowed, penalty.nonsmooth_value(points.copy()) + squares, np.inf)
    best = objective.argmin()
    expect(
        objective[0] <= objective[best] + 1e-12 * (1 + abs(objective[best])),
        f"{owner}.prox must return argmin over u of nonsmooth_value(u) + Σ (u - weights)² / "
        f"(2 step_size). For weights {weights.tolist()} and step_size {step_size.tolist()} it "
        f"returned {prox.tolist()}, where this is {objective[0]:.9g}; at {points[best].tolist()} "
        f"it is {objective[best]:.9g}.",
    )


def _candidates(prox: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return points along every coordinate through `prox`, on segments, and at random around."""
    small = np.outer([-1, 1], [1e-5, 1e-4, 1e-3, 1e-2]).ravel()
    grid = np.linspace(-4.0, 4.0, 161)
    points = []
    for j in range(_N_WEIGHTS):
        for value in [*grid, *(prox[j] + small), weights[j], 0.0]:
            point = prox.copy()
            point[j] = value
            points.append(point)
    share = np.linspace(-0.5, 2.0, 101)[:, None]
    noise = np.random.default_rng(2).normal(size=(200, _N_WEIGHTS))
    size = 10.0 ** np.random.default_rng(3).uniform(-5, 0, (200, 1))
    return np.vstack([points, share * prox, prox + share * (weights - prox), prox + size * noise])
