"""The check of losses."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from numbers import Real
from typing import Any

import numpy as np

from skopt_suite.losses import (
    CLASSIFICATION_LOSSES,
    REGRESSION_LOSSES,
    ClassificationLoss,
    Loss,
    RegressionLoss,
)
from skopt_suite.testing._common import (
    check_specification,
    expect,
    expect_array,
    expect_close,
    stacked,
    unchanged,
    variants,
)

_N_FITS, _N_SAMPLES = 3, 24


def check_loss(loss: Loss) -> None:
    """Check that a loss keeps the contract of `skopt_suite.losses.Loss`.

    It stores its parameters and does nothing else; value and gradient have the documented shapes
    and the precision of the raw predictions; the gradient agrees with finite differences of the
    value, is continuous where ``is_smooth`` says so, and changes no more than a declared
    ``curvature`` allows; a fit in a stack gets the same as alone; probabilities, where there are
    any, lie in [0, 1]. Classification losses are tried on two classes, several classes and labels,
    regression losses on one and several positive targets.

    Parameters
    ----------
    loss : ClassificationLoss or RegressionLoss
        Object of your own class.

    Raises
    ------
    AssertionError
        If it does not; the message says what was expected.

    Examples
    --------
    >>> from skopt_suite.losses import Huber
    >>> from skopt_suite.testing import check_loss
    >>> check_loss(Huber(delta=2.0))

    >>> class Tripled(Huber):
    ...     def value_and_gradient(self, y, raw):
    ...         value, gradient = super().value_and_gradient(y, raw)
    ...         return 3 * value, gradient
    >>> check_loss(Tripled())
    Traceback (most recent call last):
        ...
    AssertionError: Tripled (one target): the gradient must be that of the value ...
    """
    check_specification(loss, Loss)
    expect(
        isinstance(loss, (ClassificationLoss, RegressionLoss)),
        f"{type(loss).__name__} must be a subclass of ClassificationLoss or RegressionLoss.",
    )
    is_classification = isinstance(loss, ClassificationLoss)
    registry = CLASSIFICATION_LOSSES if is_classification else REGRESSION_LOSSES
    with unchanged(loss):
        specifications = variants(registry.resolve(loss, owner="check_loss"))
        for task, y, n_outputs in _tasks(is_classification):
            what = f"{type(loss).__name__} ({task})"
            _check_arrays(specifications, what, y, n_outputs)
            _check_gradient(specifications, what, y, n_outputs)
            _check_stack(specifications, what, y, n_outputs)
            if loss.is_smooth:
                _check_continuity(specifications, what, y, n_outputs)
            bound = loss.curvature(y)
            if bound is not None:
                _check_curvature(specifications, what, y, n_outputs, bound)
            if loss.is_quadratic:
                _check_quadratic(specifications, what, y, n_outputs, bound)


def _tasks(is_classification: bool) -> list[tuple[str, np.ndarray, int]]:
    """Return what the targets are, the targets, and the number of raw predictions."""
    rng = np.random.default_rng(0)
    if is_classification:
        return [
            ("two classes", rng.integers(0, 2, (_N_SAMPLES, 1)).astype(float), 1),
            ("three classes", rng.integers(0, 3, _N_SAMPLES), 3),
            ("three labels", rng.integers(0, 2, (_N_SAMPLES, 3)).astype(float), 3),
        ]
    return [
        ("one target", rng.uniform(0.5, 2.0, (_N_SAMPLES, 1)), 1),
        ("two targets", rng.uniform(0.5, 2.0, (_N_SAMPLES, 2)), 2),
    ]


def _raw(n_outputs: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    return rng.normal(scale=1.5, size=(_N_FITS, _N_SAMPLES, n_outputs))


def _evaluate(loss: Any, y: np.ndarray, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return value and gradient; the loss may overwrite what it is given."""
    return loss.value_and_gradient(y, raw.copy())


def _check_arrays(specifications: list, what: str, y: np.ndarray, n_outputs: int) -> None:
    loss = stacked(specifications, ndim=3)
    for dtype in ("float32", "float64"):
        raw = _raw(n_outputs).astype(dtype)
        targets = y if y.ndim == 1 else y.astype(dtype)
        given = targets.copy()
        with unchanged(loss):
            value, gradient = _evaluate(loss, targets, raw)
        expect((targets == given).all(), f"{what}: the targets must not be overwritten.")
        expect_array(value, f"{what}: the value", raw.shape[:2], dtype)
        expect_array(gradient, f"{what}: the gradient", raw.shape, dtype)
        score = loss.score(targets, raw.copy(), None)
        expect_array(score, f"{what}: the score", (_N_FITS,), dtype)
        if isinstance(loss, ClassificationLoss) and loss.has_probability:
            _check_probability(loss, what, raw, exclusive=y.ndim == 1 or n_outputs == 1)
        if isinstance(loss, RegressionLoss):
            expect_array(loss.prediction(raw.copy()), f"{what}: the prediction", raw.shape, dtype)


def _check_probability(loss: Any, what: str, raw: np.ndarray, exclusive: bool) -> None:
    probability = loss.probability(raw.copy(), exclusive)
    expect_array(probability, f"{what}: the probability", raw.shape, str(raw.dtype))
    inside = (probability >= 0) & (probability <= 1)
    expect(inside.all(), f"{what}: probabilities must lie in [0, 1]; got {probability[~inside]}.")
    if exclusive and raw.shape[-1] > 1:
        message = f"{what}: the probabilities of the classes must add up to 1."
        expect_close(probability.sum(axis=-1), 1.0, message, rtol=1e-5)


def _check_gradient(specifications: list, what: str, y: np.ndarray, n_outputs: int) -> None:
    loss, raw, step = stacked(specifications, ndim=3), _raw(n_outputs), 1e-6
    _, gradient = _evaluate(loss, y, raw)
    for output in range(n_outputs):
        shift = np.zeros(n_outputs)
        shift[output] = step
        above, _ = _evaluate(loss, y, raw + shift)
        below, _ = _evaluate(loss, y, raw - shift)
        expect_close(
            gradient[..., output],
            (above - below) / (2 * step),
            f"{what}: the gradient must be that of the value with respect to the raw predictions, "
            "and finite differences of the value disagree.",
            rtol=1e-5,
            atol=1e-6,
        )


def _check_stack(specifications: list, what: str, y: np.ndarray, n_outputs: int) -> None:
    raw = _raw(n_outputs)
    together = _evaluate(stacked(specifications, ndim=3), y, raw)
    for k, specification in enumerate(specifications):
        alone = _evaluate(stacked([specification], ndim=3), y, raw[k : k + 1])
        for part, values, expected in zip(("value", "gradient"), together, alone, strict=True):
            expect_close(
                values[k],
                expected[0],
                f"{what}: a fit in a stack must get the same {part} as alone. Hyperparameters are "
                "arrays of shape (n_fits, 1, 1).",
                rtol=1e-10,
                atol=1e-12,
            )


def _check_continuity(specifications: list, what: str, y: np.ndarray, n_outputs: int) -> None:
    """Look for jumps of the gradient along a line through all raw predictions from -3 to 3."""
    spacing = 1e-3
    loss = stacked(specifications[:1], ndim=3)
    for target in np.unique(y, axis=0)[:4]:
        line = np.arange(-3.0, 3.0, spacing)
        raw = _raw(n_outputs)[:1, :1, :] + np.zeros((1, len(line), n_outputs))
        raw[0, :, 0] = line
        _, gradient = _evaluate(loss, np.repeat(target[None, ...], len(line), axis=0), raw)
        jump = np.abs(np.diff(gradient, axis=1)).max()
        expect(
            jump < 100 * spacing,
            f"{what}: the gradient jumps by {jump:.3g}, so the loss is not smooth; set "
            "is_smooth = False.",
        )


def _check_curvature(
    specifications: list, what: str, y: np.ndarray, n_outputs: int, bound: float
) -> None:
    """Compare the eigenvalues of Hessians, from differences of the gradient, with the bound."""
    expect(
        isinstance(bound, Real) and bound > 0,
        f"{what}: curvature must be a number > 0, or None; got {bound!r}.",
    )
    loss, step = stacked(specifications, ndim=3), 1e-5
    for raw in (_raw(n_outputs), *_lattice(n_outputs)):
        shifts = step * np.eye(n_outputs)
        columns = [
            _evaluate(loss, y, raw + shift)[1] - _evaluate(loss, y, raw - shift)[1]
            for shift in shifts
        ]
        hessian = np.stack(columns, axis=-1) / (2 * step)
        largest = np.linalg.eigvalsh((hessian + hessian.swapaxes(-1, -2)) / 2).max()
        expect(
            largest <= bound * (1 + 1e-4),
            f"{what}: curvature must bound the eigenvalues of the Hessian by the raw predictions; "
            f"got {bound:.6g}, and one is {largest:.6g}.",
        )


def _lattice(n_outputs: int) -> Iterator[np.ndarray]:
    """Yield raw predictions for all samples that are far apart, near, and equal."""
    for point in product((-8.0, -0.5, 0.0, 0.5, 8.0), repeat=n_outputs):
        yield np.tile(point, (_N_FITS, _N_SAMPLES, 1))


def _check_quadratic(
    specifications: list, what: str, y: np.ndarray, n_outputs: int, bound: float | None
) -> None:
    raw = _raw(n_outputs)
    value, _ = _evaluate(stacked(specifications, ndim=3), y, raw)
    expect(
        bound is not None and y.ndim == 2,
        f"{what}: is_quadratic needs numbers as targets, and a curvature.",
    )
    expect_close(
        value,
        (bound or 0.0) / 2 * ((raw - y) ** 2).sum(axis=-1),
        f"{what}: with is_quadratic the value must be curvature / 2 * (raw - y)², summed over "
        "outputs.",
        rtol=1e-10,
    )
