"""Broken losses are told what is wrong with them."""

import numpy as np
import pytest

from skopt_suite._component import Component
from skopt_suite.losses import (
    AbsoluteError,
    Hessian,
    Hinge,
    Huber,
    LogLoss,
    SquaredError,
)
from skopt_suite.losses._log_loss import logistic
from skopt_suite.testing import check_loss


class Flipped(LogLoss):
    def value_and_gradient(self, y, raw):
        value, gradient = super().value_and_gradient(y, raw)
        return value, -gradient


class Kinked(AbsoluteError):
    is_smooth = True


class MeanOverOutputs(SquaredError):
    """Value and gradient disagree only where there are several targets."""

    def value_and_gradient(self, y, raw):
        value, gradient = super().value_and_gradient(y, raw)
        return value / raw.shape[-1], gradient


class SingleDelta(Huber):
    def value_and_gradient(self, y, raw):
        residual = raw - y
        clipped = np.minimum(abs(residual), self.delta.max().astype(raw.dtype))
        value = clipped * (abs(residual) - clipped / 2)
        return value.sum(axis=-1), np.sign(residual) * clipped


class Centring(SquaredError):
    def value_and_gradient(self, y, raw):
        y -= y.mean()
        return super().value_and_gradient(y, raw)


class Unnormalised(LogLoss):
    def probability(self, raw):
        return logistic(raw)


class PerSample(SquaredError):
    def value_and_gradient(self, y, raw):
        value, gradient = super().value_and_gradient(y, raw)
        return value.mean(axis=1), gradient


class LooseHuber(Huber):
    """A subclass that changes the loss declares a curvature of its own, or none."""

    def value_and_gradient(self, y, raw):
        value, gradient = super().value_and_gradient(y, raw)
        return 3 * value, 3 * gradient


class TightHuber(LooseHuber):
    def curvature(self):
        return 2.9


class TightLogistic(LogLoss):
    def curvature(self):
        return 0.5 if self.targets.kind == "classes" else 0.24


class TightSoftmax(LogLoss):
    def curvature(self):
        return 0.49


class Flat(LogLoss):
    def curvature(self):
        return 0.0


class TwiceSquared(SquaredError):
    is_quadratic = True

    def curvature(self):
        return 2.0


class Smoothed(Huber):
    is_quadratic = True


class Shifted(SquaredError):
    def value_and_gradient(self, y, raw):
        value, gradient = super().value_and_gradient(y, raw)
        return value - 1, gradient


class Raised(SquaredError):
    def value_and_gradient(self, y, raw):
        value, gradient = super().value_and_gradient(y, raw)
        return value + 1, gradient


class Start(AbsoluteError):
    def baseline(self, y, weight):
        return y.mean(axis=0)


class Unweighted(SquaredError):
    def baseline(self, y, weight):
        return y.mean(axis=0)


class Infinite(LogLoss):
    def baseline(self, y, weight):
        if self.targets.kind == "labels":
            return super().baseline(y, weight)
        with np.errstate(divide="ignore"):
            return np.log(self.shares(y, weight))


class Diagonal(LogLoss):
    def hessian(self, y, raw):
        return Hessian(super().hessian(y, raw).diagonal)


class Overwriting(SquaredError):
    def hessian(self, y, raw):
        raw[...] = 1
        return Hessian(raw)


class OneSided(Hinge):
    def kinks(self, y, raw):
        return (super().kinks(y, raw)[0]._replace(below=0.0),)


class TwoRaw(Hinge):
    n_raw = 2


class Neither(Component):
    pass


@pytest.mark.parametrize(
    "loss, message",
    [
        (Flipped(), r"Flipped \(two classes\): the gradient must be that of the value"),
        (Kinked(), r"the gradient jumps by 2, so the loss is not smooth; set is_smooth = False"),
        (MeanOverOutputs(), r"MeanOverOutputs \(two targets\): the gradient must be that"),
        (SingleDelta(), r"a fit in a stack must get the same (value|gradient) as alone"),
        (Centring(), r"the targets must not be overwritten"),
        (Unnormalised(), r"\(three classes\): the probabilities of the classes must add up to 1"),
        (PerSample(), r"the value must be an array of shape \(3, 24\); got \(3,\)"),
        (TightHuber(), r"curvature must bound the eigenvalues .*; got 2\.9, and one is 3"),
        (TightLogistic(), r"\(two classes\): curvature must bound .*; got 0\.24, and one is 0\.2"),
        (TightSoftmax(), r"\(three classes\): curvature must bound .*; got 0\.49, and one is 0"),
        (Flat(), r"curvature must be a number > 0, or None; got 0\.0"),
        (TwiceSquared(), r"with is_quadratic the value must be curvature / 2 \* \(raw - y\)²"),
        (Smoothed(), r"with is_quadratic the value must be curvature / 2 \* \(raw - y\)²"),
        (Shifted(), r"the value must not be negative; got -0\.[\d]+\. Subtract the constant"),
        (Raised(), r"the value must be 0 for a perfect prediction; got 1 for the best one"),
        (Start(), r"baseline must be the best raw prediction for all samples; the mean loss of"),
        (Unweighted(), r"baseline must be the best raw prediction for all samples; the mean loss"),
        (Infinite(), r"\(three classes\): the baseline must be finite"),
        (Diagonal(), r"\(three classes\): the hessian must be the derivative of the gradient"),
        (Overwriting(), r"hessian must not overwrite what it is given"),
        (OneSided(), r"\(two classes\): the value must be the sum of kinks"),
        (TwoRaw(), r"TwoRaw: n_raw must be 1"),
        (Neither(), r"expected an object of a subclass of Loss"),
    ],
    ids=repr,
)
def test_broken_loss(loss, message):
    with pytest.raises(AssertionError, match=message):
        check_loss(loss)


def test_what_a_loss_declares_is_not_inherited_by_another_one():
    check_loss(LooseHuber())
    assert LooseHuber().curvature() is None
    assert SquaredError().is_quadratic
    assert not MeanOverOutputs().is_quadratic
