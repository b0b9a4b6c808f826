"""Broken losses are told what is wrong with them."""

import numpy as np
import pytest

from skopt_suite._component import Component
from skopt_suite.losses import (
    AbsoluteError,
    Huber,
    LogLoss,
    SquaredError,
)
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
    def probability(self, raw, exclusive):
        return super().probability(raw, exclusive=False)


class PerSample(SquaredError):
    def value_and_gradient(self, y, raw):
        value, gradient = super().value_and_gradient(y, raw)
        return value.mean(axis=1), gradient


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
        (Neither(), r"expected an object of a subclass of Loss"),
    ],
    ids=repr,
)
def test_broken_loss(loss, message):
    with pytest.raises(AssertionError, match=message):
        check_loss(loss)
