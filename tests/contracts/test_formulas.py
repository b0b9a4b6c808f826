"""Epochs of rules that no kernel was written for are compiled from their formulas."""

import pytest

from skopt_suite.backends import like, namespace
from skopt_suite.backends.kernels._numba import _compose
from skopt_suite.backends.kernels._numba._body import Body, rule_type
from skopt_suite.backends.kernels._numba._written import written
from skopt_suite.losses import (
    SquaredError,
)
from skopt_suite.optimizers import (
    SGD,
    Adam,
    NAdam,
)
from skopt_suite.penalties import (
    L1,
    ElasticNet,
)
from skopt_suite.schedules import SCHEDULES
from skopt_suite.training._rule_texts import rule_texts

from .compiled_fits import FACTORS, assert_steps_are_those_of_the_definition, plain

WITH_TEXTS = [rule for rule in FACTORS["rule"] if rule_texts(rule, "float64")]


def test_all_rules_but_one_have_texts():
    without = [type(rule) for rule in FACTORS["rule"] if rule not in WITH_TEXTS]
    assert without == [NAdam]  # it sums a series


@pytest.mark.parametrize("rule", WITH_TEXTS[::2], ids=repr)
def test_rules_that_have_no_body_are_compiled_from_their_formulas(rule, monkeypatch):
    monkeypatch.setattr(_compose, "_RULES", {})
    combination = {
        "rule": rule,
        "loss": (SquaredError(), "numbers", 2),
        "penalty": ElasticNet(0.02),
        **plain(model="one layer", dtype=("float32", "float64")[WITH_TEXTS.index(rule) % 4 // 2]),
    }
    combination |= {"schedule": SCHEDULES.resolve("one_cycle", owner="Test")}
    assert_steps_are_those_of_the_definition(combination, monkeypatch)


class OverNorm(SGD):
    """Sums over all parameters: a fit in several threads could not."""

    def formula(params, gradient, moments, n_steps, rate, numbers, n_weights):
        norm = namespace(params).sum(gradient * gradient, axis=1, keepdims=True) ** 0.5
        return params - rate * gradient / norm, moments


class InDouble(SGD):
    """Its rate is in double precision, and so is what it returns."""

    def formula(params, gradient, moments, n_steps, rate, numbers, n_weights):
        return params - rate * gradient, moments


class FirstMoves(SGD):
    """Parameters move by the gradient of another one."""

    def formula(params, gradient, moments, n_steps, rate, numbers, n_weights):
        (rate,) = like(params, rate)
        return params - rate * gradient[:, :1], moments


class ByValue(SGD):
    """What it does depends on how many steps there were."""

    def formula(params, gradient, moments, n_steps, rate, numbers, n_weights):
        return (params, moments) if n_steps[0, 0] < 3 else (params - gradient, moments)


class OfManyParts(SGD):
    """A rule of a user, whose formula has most of what texts can have."""

    def formula(params, gradient, moments, n_steps, rate, numbers, n_weights):
        xp, (rate, share) = namespace(params), like(params, rate, 1 / (1 + n_steps))
        step = xp.where(~xp.isnan(gradient) & (abs(gradient) > 0.1), gradient, share * gradient)
        step = xp.clip(xp.sign(step) * xp.log1p(xp.sqrt(abs(step))), -0.4, 0.6)
        params[:, :n_weights] -= rate * step[:, :n_weights]
        params[:, n_weights:] -= 0.5 * rate * step[:, n_weights:]
        return params, moments


@pytest.mark.parametrize("rule", [OverNorm, InDouble, FirstMoves, ByValue])
def test_what_is_not_of_each_parameter_alone_has_no_text(rule):
    assert rule_texts(rule(), "float32") == ()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_formulas_of_users_are_compiled(dtype, monkeypatch):
    combination = plain(model="one layer", dtype=dtype) | {
        "rule": OfManyParts(0.05),
        "loss": (SquaredError(), "numbers", 2),
        "penalty": L1(0.02),
    }
    assert_steps_are_those_of_the_definition(combination, monkeypatch)


class Farther(Adam):
    """It says that Adam moves twice as far as it does, which is twice as strong an L1."""

    def step_size(self, state, learning_rate):
        return 2 * super().step_size(state, learning_rate)


def test_a_reach_of_users_is_theirs(monkeypatch):
    others = {"loss": (SquaredError(), "numbers", 2), "penalty": L1(0.02)}
    combination = plain(rule=Farther(0.05), model="one layer", **others)
    assert_steps_are_those_of_the_definition(combination, monkeypatch)


def test_what_was_compiled_from_text_is_found_again():
    text, _ = rule_texts(Adam(), "float32")
    written(text, rule_type).compile("float32")
    written.cache_clear()
    again = written(text, rule_type)
    again.compile("float32")
    assert sum(again.function.stats.cache_hits.values()) == 1
    assert again not in Body.made  # which `warm_up` compiles
