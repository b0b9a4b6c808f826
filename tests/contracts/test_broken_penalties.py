"""Broken penalties are told what is wrong with them."""

import numpy as np
import pytest

from skopt_suite.penalties import L1, L2, MCP, Box
from skopt_suite.testing import check_penalty


class WrongGradient(L2):
    def gradient(self, weights):
        return 2 * super().gradient(weights)

    def add_gradient(self, total, weights):
        return total + self.gradient(weights)


class WrongSum(L2):
    def add_gradient(self, total, weights):
        return total + 2 * self.gradient(weights)


class Doubled(L2):
    """Overrides `gradient` only: training must not go on with the `add_gradient` of L2."""

    def smooth_value(self, weights):
        return 2 * super().smooth_value(weights)

    def gradient(self, weights):
        return 2 * super().gradient(weights)


class WrongCurvature(L2):
    def curvature(self):
        return 2 * self.alpha


class SquaredCurvature(L2):
    """Declares a curvature where there is none."""

    def smooth_value(self, weights):
        return (weights**4).sum(axis=1)

    def gradient(self, weights):
        return 4 * weights**3

    def curvature(self):
        return 12.0


class RowOfCurvatures(L2):
    def curvature(self):
        return self.alpha[:, 0]


class WrongStrengths(L1):
    def separable(self):
        return super().separable()._replace(l1=2 * self.alpha)


class WrongProx(L1):
    def prox(self, weights, step_size):
        return super().prox(weights, 0.99 * step_size)


class StepIgnored(L1):
    def prox(self, weights, step_size):
        return super().prox(weights, np.ones_like(step_size))


class AllZero(L1):
    def prox(self, weights, step_size):
        return np.zeros_like(weights)


class MeanStep(L1):
    """Right for one step size, wrong for one per coordinate."""

    def prox(self, weights, step_size):
        return super().prox(weights, step_size.mean(axis=1, keepdims=True))


class DoubledValue(L2):
    def value(self, weights):
        return 2 * super().value(weights)


class WidePrecision(L1):
    def nonsmooth_value(self, weights):
        return super().nonsmooth_value(weights).astype("float64")


class SumOverFits(L2):
    def smooth_value(self, weights):
        return np.full(len(weights), super().smooth_value(weights).sum())


class FirstAlpha(L1):
    def prox(self, weights, step_size):
        threshold = self.alpha[0, 0] * step_size * np.ones_like(self.alpha)
        return np.sign(weights) * np.clip(np.abs(weights) - threshold, 0, None).astype(
            weights.dtype
        )


@pytest.mark.parametrize(
    "penalty, message",
    [
        (WrongGradient(), r"gradient must be that of smooth_value, and finite differences"),
        (WrongStrengths(), r"WrongStrengths.\w+ must be that of Σ l1 \|w\|"),
        (WrongSum(), r"add_gradient\(total, weights\) must be total \+ gradient"),
        (WrongCurvature(), r"curvature must be c where the gradient is c \* weights"),
        (SquaredCurvature(), r"curvature must be c where the gradient is c \* weights"),
        (RowOfCurvatures(), r"curvature must be a number or an array of shape \(n_fits, 1\)"),
        (WrongProx(), r"prox must return argmin over u of"),
        (StepIgnored(), r"StepIgnored\.prox"),
        (AllZero(), r"must leave points that the penalty allows where they are"),
        (MeanStep(), r"prox must return argmin over u of"),
        (DoubledValue(), r"value must be smooth_value \+ nonsmooth_value"),
        (WidePrecision(), r"WidePrecision\.value must keep the precision of its input, float32"),
        (SumOverFits(), r"a fit in a stack must get the same as alone"),
        (FirstAlpha(), r"a fit in a stack must get the same as alone"),
    ],
    ids=repr,
)
def test_broken_penalty(penalty, message):
    with pytest.raises(AssertionError, match=message):
        check_penalty(penalty)


def test_gradient_may_be_overridden_alone():
    check_penalty(Doubled())
    assert Doubled().curvature() is Doubled().separable() is None
    assert WrongProx().separable() is None


def test_compiled_steps_know_no_class_that_says_otherwise_what_happens_to_weights():
    class Steeper(MCP):
        def linearised(self, weights):
            return super().linearised(weights)._replace(l1=1.0)

    class Wider(Box):
        def prox(self, weights, step_size):
            return weights

    assert MCP().description().formula is MCP._slope
    for known, changed in ((MCP(), Steeper()), (Box(), Wider()), (L2(), Doubled())):
        assert known.description() is not None
        assert changed.description() is None
