"""The check of penalties."""

from __future__ import annotations

import numpy as np

from skopt_suite._layout import Layout
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
from skopt_suite.training import AUTO_STRENGTH

_N_FITS, _N_WEIGHTS = 3, 8
_VANISHING = 1e-20  # a step size with which a proximal operator is a projection


def check_penalty(penalty: Penalty) -> None:
    """Check that a penalty keeps the contract of `skopt_suite.penalties.Penalty`.

    It stores its parameters and does nothing else; values, gradients and proximal operators have
    the documented shapes and the precision of the weights; the gradient agrees with finite
    differences of the smooth part, and with ``curvature`` if that is declared; no point of a fine
    grid is better than the proximal operator, by its definition, for one step size and for one per
    coordinate; all agrees with ``separable`` if that is declared; the value is the sum of the two
    parts; and a fit in a stack gets the same as alone. It is tried on a linear model of 8 features
    and on a network with two features, hidden units and outputs, if ``check_layout`` allows.

    Parameters
    ----------
    penalty : Penalty
        Object of your own class.

    Raises
    ------
    AssertionError
        If it does not; the message says what was expected.

    See Also
    --------
    check_optimizer : The same for optimizers.
    check_schedule : The same for schedules.
    check_loss : The same for losses.

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
        resolved = PENALTIES.resolve(penalty, owner="check_penalty").with_strength(AUTO_STRENGTH)
        # Strengths that are seen next to weights of about 1, whatever the default.
        specifications = variants(resolved, factors=(1.0, 30.0, 1000.0))
        for layout in _layouts_for(resolved):
            _check_on(layout, specifications)


def _layouts_for(penalty: Penalty) -> list[Layout]:
    """Return those of the layouts, of as many weights each, that the penalty is meant for."""
    errors, suited = [], []
    for layout in (Layout.dense((_N_WEIGHTS, 1)), Layout.dense((2, 2, 2))):
        try:
            penalty.check_layout(layout)
        except ValueError as error:
            errors.append(error)
        else:
            suited.append(layout)
    if not suited:
        raise errors[0]
    return suited


def _check_on(layout: Layout, specifications: list[Penalty]) -> None:
    for dtype in ("float32", "float64"):
        _check_arrays(_on(layout, specifications), dtype)
    _check_sum(_on(layout, specifications))
    _check_stack(layout, specifications)
    for k, specification in enumerate(specifications):
        weights, one = _weights()[k], _on(layout, [specification])
        if specification.has_gradient:
            _check_gradient(one, _on(layout, [specification] * _N_WEIGHTS), weights)
        _check_curvature(one, weights)
        _check_separable(one, weights[None, :])
        if specification.has_prox:
            for step_size in _step_sizes():
                _check_prox(layout, specification, weights, step_size[k])


def _on(layout: Layout, specifications: list[Penalty]) -> Penalty:
    return stacked(specifications).on(layout)


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


def _check_arrays(penalty: Penalty, dtype: str) -> None:
    weights = _weights().astype(dtype)
    with unchanged(penalty):
        parts = _parts(penalty, weights)
    for name, array in parts.items():
        shape = weights.shape if name.startswith(("gradient", "prox")) else weights.shape[:1]
        expect_array(array, f"{type(penalty).__name__}.{name}", shape, dtype)


def _check_sum(penalty: Penalty) -> None:
    parts, owner = _parts(penalty, _weights()), type(penalty).__name__
    expect_close(
        parts["value"],
        parts.get("smooth_value", 0.0) + parts.get("nonsmooth_value", np.zeros(_N_FITS)),
        f"{owner}.value must be smooth_value + nonsmooth_value.",
        rtol=1e-12,
    )
    if "gradient" in parts:
        expect_close(
            parts["gradient added"],
            1.0 + parts["gradient"],
            f"{owner}.add_gradient(total, weights) must be total + "
            "gradient(weights). A subclass that changes one of the two has to change the other.",
            rtol=1e-12,
        )


def _check_stack(layout: Layout, specifications: list[Penalty]) -> None:
    together = _parts(_on(layout, specifications), _weights())
    for k, specification in enumerate(specifications):
        alone = _parts(_on(layout, [specification]), _weights()[k : k + 1])
        for name, array in together.items():
            expect_close(
                array[k],
                alone[name][0],
                f"{type(specification).__name__}.{name}: a fit in a stack must get the same as "
                "alone. Hyperparameters are arrays of shape (n_fits, 1).",
                rtol=1e-10,
                atol=1e-14,
            )


def _check_gradient(penalty: Penalty, repeated: Penalty, weights: np.ndarray) -> None:
    step = 1e-6 * np.eye(_N_WEIGHTS)
    difference = repeated.smooth_value(weights + step) - repeated.smooth_value(weights - step)
    gradient = penalty.gradient(weights[None, :].copy())[0]
    expect_close(
        gradient,
        difference / 2e-6,
        f"{type(penalty).__name__}.gradient must be that of smooth_value, and finite "
        "differences disagree.",
        rtol=1e-5,
        atol=1e-7 * np.abs(gradient).max(),
    )


def _check_curvature(penalty: Penalty, weights: np.ndarray) -> None:
    owner = type(penalty).__name__
    curvature = penalty.curvature()
    if curvature is None:
        return
    expect(
        np.shape(curvature) in ((), (1, 1)),
        f"{owner}.curvature must be a number or an array of shape "
        f"(n_fits, 1), or None; got {curvature!r}.",
    )
    expect_close(
        penalty.gradient(weights[None, :]) if penalty.has_gradient else np.zeros_like(weights),
        curvature * weights,
        f"{owner}.curvature must be c where the gradient is c * weights, "
        "and None for other penalties.",
        rtol=1e-10,
    )


def _check_separable(penalty: Penalty, weights: np.ndarray) -> None:
    """Compare all that a penalty computes with what it says as data."""
    separable = penalty.separable()
    if separable is None:
        return
    expected = _separable_parts(separable, weights)
    for name, array in _parts(penalty, weights).items():
        expect_close(
            array,
            expected[name],
            f"{type(penalty).__name__}.{name} must be that of Σ l1 |w| + l2 / 2 w², on w ≥ 0 "
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


def _check_prox(
    layout: Layout, specification: Penalty, weights: np.ndarray, step_size: np.ndarray
) -> None:
    """Compare the proximal operator with many points, by its definition."""
    owner = type(specification).__name__
    prox = _on(layout, [specification]).prox(weights[None, :].copy(), step_size[None, :])[0]
    points = np.vstack([prox, _candidates(prox, weights)])
    penalty = _on(layout, [specification] * len(points))
    # Constraints count for nothing in the value; a projection leaves alone what is within them.
    projected = penalty.prox(points.copy(), np.full((len(points), 1), _VANISHING))
    allowed = np.abs(projected - points).max(axis=1) < 1e-13
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
