"""The check of losses."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from skopt_suite._target_type import TargetType
from skopt_suite.losses import (
    CLASSIFICATION_LOSSES,
    REGRESSION_LOSSES,
    ClassificationLoss,
    Loss,
    RegressionLoss,
)
from skopt_suite.losses._baseline import best_constant
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
_NEARLY = 1e-3  # 0, where a loss only tends to it
_BEST = 1e-5  # how much better a constant may be, as a share of the loss of predicting 0


def check_loss(loss: Loss) -> None:
    """Check that a loss keeps the contract of `skopt_suite.losses.Loss`.

    It stores its parameters and does nothing else; value and gradient have the documented shapes
    and the precision of the raw predictions; the value is at least 0, and 0 at a perfect fit; the
    gradient agrees with finite differences of the value, is continuous where ``is_smooth`` says so,
    and changes no more than a declared ``curvature`` allows; a ``hessian`` agrees with finite
    differences of the gradient; the value is the sum of ``kinks``; no constant is better
    than ``baseline``, which is finite; a fit in a stack gets the same as alone; probabilities, if
    there are any, lie in [0, 1].
    Classification losses are tried on two classes, several classes and labels (those of them that
    are among their ``kinds``), regression losses on one and several positive targets.

    Parameters
    ----------
    loss : ClassificationLoss or RegressionLoss
        Object of your own class.

    Raises
    ------
    AssertionError
        If it does not; the message says what was expected.

    See Also
    --------
    check_optimizer : The same for optimizers.
    check_schedule : The same for schedules.
    check_penalty : The same for penalties.

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
        for trial in _trials(loss, specifications):
            _check_trial(trial)


class _Trial(NamedTuple):
    """A loss on targets of one kind."""

    what: str
    specifications: list[Loss]  # on the targets, one for every fit
    y: np.ndarray  # (n_samples, n_columns)

    @property
    def loss(self) -> Loss:
        """The first specification."""
        return self.specifications[0]

    @property
    def stacked(self) -> Loss:
        """All of them as one."""
        return stacked(self.specifications, ndim=3)

    @property
    def n_outputs(self) -> int:
        """Number of raw predictions per sample."""
        return self.loss.targets.n_outputs * self.loss.n_raw

    @property
    def raw(self) -> np.ndarray:
        """Raw predictions, (n_fits, n_samples, n_outputs)."""
        rng = np.random.default_rng(1)
        return rng.normal(scale=1.5, size=(_N_FITS, _N_SAMPLES, self.n_outputs))


def _check_trial(trial: _Trial) -> None:
    _check_arrays(trial)
    _check_gradient(trial)
    _check_stack(trial)
    _check_perfect_fit(trial)
    _check_baseline(trial)
    if trial.loss.is_smooth:
        _check_continuity(trial)
    if trial.loss.curvature() is not None:
        _check_curvature(trial, trial.loss.curvature())
    if trial.loss.has_hessian:
        _check_hessian(trial)
    if trial.loss.is_piecewise_linear:
        _check_kinks(trial)
    if trial.loss.is_quadratic:
        _check_quadratic(trial, trial.loss.curvature())


def _trials(loss: Loss, specifications: list[Loss]) -> Iterator[_Trial]:
    """Yield the loss on all targets that it takes."""
    expect(
        not isinstance(loss, ClassificationLoss) or loss.n_raw == 1,
        f"{type(loss).__name__}: n_raw must be 1, as classifiers decide by raw predictions.",
    )
    rng = np.random.default_rng(0)
    numbers = rng.uniform(0.5, 2.0, (_N_SAMPLES, 2))
    labels = rng.integers(0, 2, (_N_SAMPLES, 3)).astype(float)
    trials = [
        ("two classes", TargetType("labels", 1), labels[:, :1]),
        ("three classes", TargetType("classes", 3), rng.integers(0, 3, (_N_SAMPLES, 1))),
        ("three labels", TargetType("labels", 3), labels),
        ("one target", TargetType("numbers", 1), numbers[:, :1]),
        ("two targets", TargetType("numbers", 2), numbers),
    ]
    for what, targets, y in trials:
        if targets.kind in loss.kinds:
            on_targets = [one.on(targets) for one in specifications]
            yield _Trial(f"{type(loss).__name__} ({what})", on_targets, y)


def _evaluate(loss: Loss, y: np.ndarray, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return value and gradient; the loss may overwrite what it is given."""
    return loss.value_and_gradient(y, raw.copy())


def _check_arrays(trial: _Trial) -> None:
    loss, what, y = trial.stacked, trial.what, trial.y
    for dtype in ("float32", "float64"):
        raw = trial.raw.astype(dtype)
        targets = y.astype(dtype) if y.dtype.kind == "f" else y
        given = targets.copy()
        for specification in trial.specifications:
            specification.check_targets(targets)
        with unchanged(loss):
            value, gradient = _evaluate(loss, targets, raw)
        expect((targets == given).all(), f"{what}: the targets must not be overwritten.")
        expect_array(value, f"{what}: the value", raw.shape[:2], dtype)
        expect_array(gradient, f"{what}: the gradient", raw.shape, dtype)
        expect(
            (value >= 0).all(),
            f"{what}: the value must not be negative; got {value.min():.6g}. Subtract the constant "
            "that it is for a perfect prediction.",
        )
        if isinstance(loss, ClassificationLoss) and loss.has_probability:
            _check_probability(loss, what, raw)
        if isinstance(loss, RegressionLoss):
            shape = (*raw.shape[:2], loss.targets.n_outputs * loss.n_predictions)
            expect_array(loss.prediction(raw.copy()), f"{what}: the prediction", shape, dtype)


def _check_probability(loss: ClassificationLoss, what: str, raw: np.ndarray) -> None:
    probability = loss.probability(raw.copy())
    expect_array(probability, f"{what}: the probability", raw.shape, str(raw.dtype))
    inside = (probability >= 0) & (probability <= 1)
    expect(inside.all(), f"{what}: probabilities must lie in [0, 1]; got {probability[~inside]}.")
    if loss.targets.kind == "classes":
        message = f"{what}: the probabilities of the classes must add up to 1."
        expect_close(probability.sum(axis=-1), 1.0, message, rtol=1e-5)


def _check_gradient(trial: _Trial) -> None:
    loss, y, raw, step = trial.stacked, trial.y, trial.raw, 1e-6
    _, gradient = _evaluate(loss, y, raw)
    for output, shift in enumerate(step * np.eye(trial.n_outputs)):
        above, _ = _evaluate(loss, y, raw + shift)
        below, _ = _evaluate(loss, y, raw - shift)
        expect_close(
            gradient[..., output],
            (above - below) / (2 * step),
            f"{trial.what}: the gradient must be that of the value with respect to the raw "
            "predictions, and finite differences of the value disagree.",
            rtol=1e-5,
            atol=1e-6,
        )


def _check_stack(trial: _Trial) -> None:
    y, raw = trial.y, trial.raw
    together = _evaluate(trial.stacked, y, raw)
    for k, specification in enumerate(trial.specifications):
        alone = _evaluate(stacked([specification], ndim=3), y, raw[k : k + 1])
        for part, values, expected in zip(("value", "gradient"), together, alone, strict=True):
            expect_close(
                values[k],
                expected[0],
                f"{trial.what}: a fit in a stack must get the same {part} as alone. "
                "Hyperparameters are arrays of shape (n_fits, 1, 1).",
                rtol=1e-10,
                atol=1e-12,
            )


def _check_perfect_fit(trial: _Trial) -> None:
    """Search for the best raw prediction of some samples, each for itself."""
    loss = stacked([trial.loss], ndim=3)
    for y in np.unique(trial.y, axis=0)[:4, None, :]:
        raw = best_constant(trial.loss, y, None)
        (least,) = _evaluate(loss, y, raw[None, None, :])[0][0]
        expect(
            least <= _NEARLY,
            f"{trial.what}: the value must be 0 for a perfect prediction; got {least:.3g} for the "
            f"best one that was found for {y[0].tolist()}. Subtract what is left there.",
        )


def _check_baseline(trial: _Trial) -> None:
    for specification in trial.specifications:
        for weight in (None, np.linspace(0.1, 3.0, _N_SAMPLES)):
            _check_constant(trial, specification, weight)
        alone = specification.baseline(trial.y[:1], None)  # all but one class without a sample
        expect_array(alone, f"{trial.what}: the baseline", (trial.n_outputs,), "float64")


def _check_constant(trial: _Trial, loss: Loss, weight: np.ndarray | None) -> None:
    """Compare the best constant with what a search finds."""
    raw, searched = loss.baseline(trial.y, weight), best_constant(loss, trial.y, weight)
    expect_array(raw, f"{trial.what}: the baseline", (trial.n_outputs,), "float64")
    constants = np.stack([raw, searched, 0 * raw])[:, None, :]
    everywhere = np.tile(constants, (1, _N_SAMPLES, 1))
    values, _ = _evaluate(stacked([loss] * 3, ndim=3), trial.y, everywhere)
    mean, best, at_zero = np.average(values, axis=1, weights=weight)
    expect(
        mean <= best + _BEST * at_zero,
        f"{trial.what}: baseline must be the best raw prediction for all samples; the mean loss of "
        f"{raw.tolist()} is {mean:.6g}, and that of {searched.tolist()} is {best:.6g}.",
    )


def _check_continuity(trial: _Trial) -> None:
    """Look for jumps of the gradient along a line through all raw predictions from -3 to 3."""
    spacing = 1e-3
    loss = stacked(trial.specifications[:1], ndim=3)
    for target in np.unique(trial.y, axis=0)[:4]:
        line = np.arange(-3.0, 3.0, spacing)
        raw = trial.raw[:1, :1, :] + np.zeros((1, len(line), trial.n_outputs))
        raw[0, :, 0] = line
        _, gradient = _evaluate(loss, np.repeat(target[None, ...], len(line), axis=0), raw)
        jumps = np.abs(np.diff(gradient, axis=1))
        expect(
            (jumps < 100 * spacing * (1 + np.abs(gradient[:, 1:]))).all(),
            f"{trial.what}: the gradient jumps by {jumps.max():.3g}, so the loss is not smooth; "
            "set is_smooth = False.",
        )


def _check_curvature(trial: _Trial, bound: Any) -> None:
    """Compare the eigenvalues of Hessians, from differences of the gradient, with the bound."""
    expect(
        isinstance(bound, Real) and float(bound) > 0,
        f"{trial.what}: curvature must be a number > 0, or None; got {bound!r}.",
    )
    for raw in (trial.raw, *_lattice(trial.n_outputs)):
        hessian = _differences(trial, raw)
        largest = np.linalg.eigvalsh((hessian + hessian.swapaxes(-1, -2)) / 2).max()
        expect(
            largest <= bound * (1 + 1e-4),
            f"{trial.what}: curvature must bound the eigenvalues of the Hessian by the raw "
            f"predictions; got {bound:.6g}, and one is {largest:.6g}.",
        )


def _differences(trial: _Trial, raw: np.ndarray) -> np.ndarray:
    """Return Hessians from the gradient, (n_fits, n_samples, n_outputs, n_outputs)."""
    loss, y, step = trial.stacked, trial.y, 1e-5
    columns = [
        _evaluate(loss, y, raw + shift)[1] - _evaluate(loss, y, raw - shift)[1]
        for shift in step * np.eye(trial.n_outputs)
    ]
    return np.stack(columns, axis=-1) / (2 * step)


def _check_hessian(trial: _Trial) -> None:
    loss, y = trial.stacked, trial.y
    for dtype in ("float32", "float64"):
        raw = trial.raw.astype(dtype)
        given = raw.copy()
        hessian = loss.hessian(y.astype(dtype) if y.dtype.kind == "f" else y, raw)
        expect((raw == given).all(), f"{trial.what}: hessian must not overwrite what it is given.")
        for part, array in hessian._asdict().items():
            if array is not None:
                expect_array(array, f"{trial.what}: the hessian's {part}", raw.shape, dtype)
    expect_close(
        hessian.matrices(),
        _differences(trial, raw),
        f"{trial.what}: the hessian must be the derivative of the gradient, and finite differences "
        "disagree.",
        rtol=1e-4,
        atol=1e-5,
    )


def _check_kinks(trial: _Trial) -> None:
    total = np.zeros_like(trial.raw)
    for at, below, above in trial.stacked.kinks(trial.y, trial.raw):
        expect(
            np.all(below <= np.zeros(1)) and np.all(above >= np.zeros(1)),
            f"{trial.what}: kinks must have slopes below <= 0 <= above.",
        )
        total += np.maximum(above * (trial.raw - at), below * (trial.raw - at))
    expect_close(
        total.sum(axis=-1),
        _evaluate(trial.stacked, trial.y, trial.raw)[0],
        f"{trial.what}: the value must be the sum of kinks.",
        rtol=1e-10,
        atol=1e-10,
    )


def _lattice(n_outputs: int) -> Iterator[np.ndarray]:
    """Yield raw predictions for all samples that are far apart, near, and equal."""
    for point in product((-8.0, -0.5, 0.0, 0.5, 8.0), repeat=n_outputs):
        yield np.tile(point, (_N_FITS, _N_SAMPLES, 1))


def _check_quadratic(trial: _Trial, bound: float | None) -> None:
    y, raw = trial.y, trial.raw
    value, _ = _evaluate(trial.stacked, y, raw)
    expect(
        bound is not None and trial.loss.targets.kind == "numbers",
        f"{trial.what}: is_quadratic needs numbers as targets, and a curvature.",
    )
    expect_close(
        value,
        (bound or 0.0) / 2 * ((raw - y) ** 2).sum(axis=-1),
        f"{trial.what}: with is_quadratic the value must be curvature / 2 * (raw - y)², summed "
        "over outputs.",
        rtol=1e-10,
    )
