"""What breaks the conventions of a specification is told so."""

import pytest

from skopt_suite.domains import Real
from skopt_suite.optimizers import (
    SGD,
)
from skopt_suite.penalties import L1, L2
from skopt_suite.testing import check_penalty


class Undeclared(L2):
    parameters = {"alpha": Real(0)}


class Converting(L2):
    def __init__(self, alpha=1e-4, positive=False):
        self.alpha = float(alpha)
        self.positive = positive


class Renaming(L2):
    def __init__(self, alpha=1e-4, positive=False):
        self.alpha = positive
        self.positive = alpha


class Busy(L2):
    def __init__(self, alpha=1e-4, positive=False):
        self.alpha = alpha
        self.positive = positive
        self.cache = {}


class BadDefault(L2):
    def __init__(self, alpha=-1.0, positive=False):
        self.alpha = alpha
        self.positive = positive


class Unstored(L2):
    def __init__(self, alpha=1e-4, positive=False):
        self.positive = positive


@pytest.mark.parametrize(
    "penalty, message",
    [
        (Undeclared(), r"parameters must declare .* \['alpha', 'positive'\]; got \['alpha'\]"),
        (Converting(), "must store its parameters and do nothing else; given placeholders"),
        (Busy(), r"must store its parameters and nothing else; it also sets \['cache'\]"),
        (BadDefault(1.0), r"the default of BadDefault\.alpha is outside .* \[0, inf\); got -1\.0"),
        (L2(alpha=-2.0), r"L2\.alpha is outside its own domain: .* got -2\.0"),
        (Unstored(), "must name its parameters and store each of them"),
        (L1, "expected an object of a subclass of Penalty; got <class"),
        (SGD(), "expected an object of a subclass of Penalty; got SGD"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_broken_specification(penalty, message):
    with pytest.raises(AssertionError, match=message):
        check_penalty(penalty)


def test_parameters_stored_under_the_wrong_name():
    with pytest.raises(AssertionError, match=r"must store (alpha as self\.alpha|positive as)"):
        check_penalty(Renaming(alpha=1.0))
