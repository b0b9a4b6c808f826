"""Parameters that all estimators share, and how `"auto"` is resolved."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, cast

import numpy as np
from sklearn.utils import check_random_state

from skopt_suite._component import Registry, fixed_content
from skopt_suite._hashable import Recent
from skopt_suite.domains import Anything, Boolean, Choice, Domain, Integer, Named, Real
from skopt_suite.losses import Loss
from skopt_suite.optimizers import OPTIMIZERS, Demands, Optimizer
from skopt_suite.penalties import PENALTIES, Penalty
from skopt_suite.schedules import SCHEDULES, Schedule
from skopt_suite.training import AUTO_STRENGTH, has_cheap_spectrum

_BEST_FIRST = (
    "interior_point",
    "dual_coordinate_descent",
    "lbfgs",
    "coordinate_descent",
    "fista",
    "adam",
)
"""What `"auto"` tries; the last takes every loss and penalty."""
_SMALL = 2**19
"""Multiplications for a matrix of second derivatives that take less time than what they save."""


def common_parameters(
    losses: Registry, auto_optimizer: Callable[[], Optimizer] | None = None
) -> dict[str, Domain]:
    """Return the domains of the parameters that all estimators have.

    Parameters
    ----------
    losses : Registry
        Of the kind of estimator.
    auto_optimizer : callable, optional
        Returns what ``optimizer="auto"`` stands for; None: it is chosen for loss and penalty.
    """
    return {
        "loss": Named(lambda: losses),
        "penalty": Named(lambda: PENALTIES),
        "optimizer": Named(lambda: OPTIMIZERS, also=("auto",), stands_for=auto_optimizer),
        "schedule": Named(lambda: SCHEDULES, also=("auto",)),
        "max_iter": Integer(1),
        "tol": Real(0, optional=True),
        "batch_size": Choice(("auto",), (Integer(1),)),
        "shuffle": Boolean(),
        "early_stopping": Choice(("auto",), (Boolean(),)),
        "scoring": Anything(),
        "validation_fraction": Real(0, 1, open_low=True, open_high=True),
        "n_iter_no_change": Integer(1, infinite=True),
        "warm_start": Boolean(),
        "standardize": Anything(),
        "backend": Choice(("auto", "numpy", "cupy")),
        "dtype": Choice(("auto", "float32", "float64")),
        "random_state": Anything(),
        "verbose": Choice((), (Boolean(), Integer(0))),
    }


class Shape(NamedTuple):
    """How large the problem of a linear model is."""

    n_samples: int
    n_features: int
    n_outputs: int


def best_optimizer(
    loss: Loss,
    penalty: Penalty,
    shape: Shape | None = None,
    is_sparse: bool = False,
    **facts: Any,
) -> Optimizer:
    """Return the best optimizer for what `Demands` says: what `"auto"` means.

    It does not depend on how many fits there are: one in a stack takes the steps that it takes
    alone. None as a shape leaves out those that are best for some only.
    """
    first = () if shape is None else tuple(_best_for(shape, penalty, is_sparse))
    said, facts = (fixed_content(loss), fixed_content(penalty)), {"is_sparse": is_sparse, **facts}
    key = None if None in said else (said, first, *facts.items())

    def find() -> Optimizer:
        kind = _Unnamed(penalty.with_strength(AUTO_STRENGTH))  # how strong it is does not matter
        return _first_able((*first, *_BEST_FIRST), Demands(loss, cast(Penalty, kind), **facts))

    return _CHOICES.found(key, find)


_CHOICES: Recent[Optimizer] = Recent()
"""Of what was asked for before."""


def _first_able(names: Sequence[str], demands: Demands) -> Optimizer:
    """Return the first optimizer that can do a job and is for it, or the last."""
    for name in names:
        optimizer: Any = OPTIMIZERS.named(name)
        if optimizer.refusal(demands) is None and optimizer.suits(demands):
            break
    return optimizer


class _Unnamed:
    """A penalty in reasons that nobody reads, as scikit-learn takes long to print one."""

    def __init__(self, penalty: Penalty) -> None:
        self.penalty = penalty

    def __getattr__(self, name: str) -> Any:
        return getattr(self.penalty, name)


def _best_for(shape: Shape, penalty: Penalty, is_sparse: bool) -> Iterator[str]:
    """Yield what is best for problems of a shape, where it can do them.

    Newton's method does not end at the smallest weights where many are optimal. With a spectrum,
    L-BFGS is there in one step.
    """
    n_samples, n_features, n_outputs = shape
    has_spectrum = not is_sparse and has_cheap_spectrum(*shape)
    if n_features <= n_samples and has_spectrum:
        yield "closed_form"
    if penalty.has_ridge and n_samples * (n_features * n_outputs) ** 2 <= _SMALL:
        yield "newton_cholesky"
    if not has_spectrum:
        yield "newton_cg"


def resolve_schedule(value: Any, optimizer: Optimizer | None, owner: str) -> Schedule:
    """Return the schedule; `"auto"` lets the rate of an optimizer fall that has one.

    `optimizer` is None where nobody knows how long training will last.
    """
    if isinstance(value, str) and value == "auto":
        is_constant = (
            optimizer is None or optimizer.is_schedule_free or not optimizer.takes_schedule
        )
        value = "constant" if is_constant else "cosine"
    return SCHEDULES.resolve(value, owner=owner, name="schedule", also=("auto",))


def draw_seed(owner: str, random_state: Any) -> int:
    """Return the seed of a fit, drawn from the parameter ``random_state``."""
    try:
        return _drawn(random_state) if isinstance(random_state, int) else _draw(random_state)
    except ValueError as error:
        raise ValueError(
            f"{owner}: random_state must be None, a whole number in [0, 2**32 - 1] or a "
            f"numpy.random.RandomState; got {random_state!r}."
        ) from error


_LARGEST_SEED = np.iinfo(np.int32).max


def _draw(random_state: Any) -> int:
    return int(check_random_state(random_state).randint(_LARGEST_SEED))


_drawn = functools.lru_cache(maxsize=256, typed=True)(_draw)
"""What is drawn from a whole number, always the same."""


def takes_sparse(optimizer: Optimizer, loss: Loss, penalty: Penalty) -> bool:
    """Whether it is not for sparse X if models cannot be trained on it."""
    demands, takes = Demands(loss, penalty), optimizer.refusal
    return optimizer.takes_sparse and takes(replace(demands, is_sparse=True)) == takes(demands)
