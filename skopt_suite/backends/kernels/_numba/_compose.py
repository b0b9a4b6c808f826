"""Bodies put together for one kind of fit."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from skopt_suite.backends.kernels._numba._activations import ACTIVATIONS
from skopt_suite.backends.kernels._numba._adagrad_epoch import run_adagrad
from skopt_suite.backends.kernels._numba._around import FOLLOWS, LEADS
from skopt_suite.backends.kernels._numba._body import Body, reach_type, rule_type
from skopt_suite.backends.kernels._numba._clip import CLIP
from skopt_suite.backends.kernels._numba._concave import TANGENTS
from skopt_suite.backends.kernels._numba._dropout import DROP
from skopt_suite.backends.kernels._numba._epoch import (
    Fits,
    How,
    Keys,
    Network,
    Rows,
    SparseRows,
    run_dense,
    space_for,
)
from skopt_suite.backends.kernels._numba._gemm import gemm_address
from skopt_suite.backends.kernels._numba._layers import BACKWARD, FORWARD
from skopt_suite.backends.kernels._numba._linear_epoch import run_linear
from skopt_suite.backends.kernels._numba._loss_bodies import LOSSES, body_of
from skopt_suite.backends.kernels._numba._pay import DAMP, PAY
from skopt_suite.backends.kernels._numba._prodigy import ESTIMATE, MOVE, PRODIGY, REACH
from skopt_suite.backends.kernels._numba._projections import PROJECTIONS
from skopt_suite.backends.kernels._numba._rules import ADAGRAD, DESCEND, REACHES, RULES
from skopt_suite.backends.kernels._numba._sparse_epoch import run_lazily, run_sparse
from skopt_suite.backends.kernels._numba._team import Team, most_threads, run_together, team_of
from skopt_suite.backends.kernels._numba._turn import ADD_SLOPES, TURN
from skopt_suite.backends.kernels._numba._united import UNITED
from skopt_suite.backends.kernels._numba._waiting import room_to_wait
from skopt_suite.backends.kernels._numba._written import written
from skopt_suite.backends.kernels._philox_keys import MULTIPLIERS, round_keys
from skopt_suite.backends.kernels._steps import Batches, Moved, Recipe
from skopt_suite.backends.resources import blas_threads_for, threads_for_fit

_READ = (
    "rates",
    "shares",
    "numbers",
    "limits",
    "loss_numbers",
    "l2",
    "l1",
    "formula_numbers",
    "dropout",
)
_RULES = {**RULES, PRODIGY: MOVE}
_REACHES = {**REACHES, PRODIGY: REACH}
_DEAR = 32  # how much longer AdaGrad takes for a value of a row than for a weight among all
_OFTEN = 4  # a weight among all sees what it has not in this share of the time of a value
_NO_KEYS = np.empty((0, 2), dtype=np.uint64)
_keys = lru_cache(round_keys)


class ComposedSteps:
    """A range of steps of one kind of fit, in one call; see `skopt_suite.backends.kernels._steps`.

    Parameters
    ----------
    recipe : Recipe
        What fits are; all that it names has a body here.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.network = Network(
            layers=np.array(recipe.layers, dtype=np.int64),
            slopes=np.array(recipe.slopes, dtype=np.float64),
            activations=np.array([self._activation(name) for name in recipe.activations]),
        )
        self.n_units = sum(layer[1] for layer in recipe.layers)
        self.addresses = self._addresses()

    def _addresses(self) -> dict[str, Any]:
        """Return where bodies are, which are compiled if they are not yet."""
        recipe, dtype = self.recipe, self.recipe.dtype
        rule, reach = _bodies_of_rule(recipe)
        pays = recipe.has_prox and recipe.penalty not in (*PROJECTIONS, *UNITED)
        needs_reach = pays or recipe.penalty in UNITED
        bend = ADD_SLOPES if recipe.has_slopes else DAMP if recipe.has_implicit_l2 else None
        return {
            "rule": rule.address(dtype),
            "reach": reach.address(dtype) if needs_reach else 0,
            "estimate": ESTIMATE.address(dtype) if recipe.rule == PRODIGY else 0,
            "clip": CLIP.address(dtype) if recipe.is_clipped else 0,
            "tangent": _address(TANGENTS, recipe.penalty, dtype),
            "bend": bend.address(dtype) if bend else 0,
            "pay": (TURN if recipe.has_slopes else PAY).address(dtype) if pays else 0,
            "unite": _address(UNITED, recipe.penalty, dtype),
            "project": _address(PROJECTIONS, recipe.penalty, dtype),
            "lead": LEADS[recipe.around].address(dtype) if recipe.around in LEADS else 0,
            "follow": FOLLOWS[recipe.around].address(dtype) if recipe.around else 0,
            "forward": FORWARD.address(dtype),
            "backward": BACKWARD.address(dtype),
            "drop": DROP.address(dtype) if recipe.has_dropout else 0,
            "gemm": gemm_address(dtype),
        }

    def __call__(self, moved: Moved, batches: Batches, start: int, stop: int) -> None:
        """Make the steps from `start` to `stop` of an epoch."""
        keys = _keys(batches.seed) if self.recipe.has_dropout else _NO_KEYS
        how = How(
            **self.addresses,
            loss=self._loss(moved),
            batch_size=batches.batch_size,
            n_weights=self.recipe.n_weights,
            n_units=self.n_units,
            is_positive=self.recipe.is_positive,
            has_implicit_l2=self.recipe.has_implicit_l2,
            first_count=batches.first_count,
        )
        read = {name: _read(getattr(moved, name)) for name in _READ}
        groups = {name: _read(getattr(moved, name)[0]) for name in ("members", "starts")}
        fits = Fits(*moved)._replace(**read, **groups)
        others = _read(batches.y), _read(batches.weight), _read(batches.order)
        space = space_for(fits, batches, self.network, how)
        arguments = self.network, how, Keys(keys, MULTIPLIERS), space
        if isinstance(batches.x, np.ndarray):
            scaling = _read(batches.mean), _read(batches.factor)
            rows = Rows(_read(batches.x), *scaling, _read(batches.columns), *others)
            n_threads = self._n_threads(moved, batches)
            self._run_dense(n_threads, fits, rows, *arguments, span=(start, stop))
        else:
            x = batches.x
            data, indices, indptr = _read(x.data), _read(x.indices), _read(x.indptr)
            sparse = SparseRows(data, indices, indptr, *others)
            (alone,) = team_of(1, self.recipe.layers, moved.params.shape[1])
            is_lazy = self._is_lazy(moved, batches)
            self._run_sparse(is_lazy, fits, sparse, *arguments, alone, start, stop)

    def _loss(self, moved: Moved) -> int:
        """Return where the loss is."""
        return body_of(self.recipe.loss, moved.loss_numbers).address(self.recipe.dtype)

    def n_worth_a_call(self, moved: Moved, batches: Batches) -> int:
        """Return how many steps take about as long as it takes to let all weights see them."""
        is_dense = isinstance(batches.x, np.ndarray)
        if is_dense or not (self.recipe.has_prox and self._is_lazy(moved, batches)):
            return 1
        return 1 + int(self.recipe.n_weights / (_OFTEN * max(1, _values_of_batch(batches))))

    def _n_threads(self, moved: Moved, batches: Batches) -> int:
        """Return in how many threads steps are made; several only for a fit that is alone."""
        most = most_threads(len(batches.x), batches.batch_size, moved.params.shape[1])
        is_alone = len(moved.params) == 1 and most > 1 and self.recipe.penalty not in UNITED
        return min(most, self._allowed) if is_alone else 1

    @cached_property
    def _allowed(self) -> int:
        return threads_for_fit()

    def _run_dense(self, n_threads: int, *arguments: Any, span: tuple[int, int]) -> None:
        """Make steps on dense rows."""

        def run(member: Team) -> None:
            run_dense(*arguments, member, *span)

        def run_with_others(member: Team) -> None:
            with blas_threads_for(0):
                run(member)

        layers, n_params = self.recipe.layers, arguments[0].params.shape[1]
        together = n_threads > 1 and run_together(
            run_with_others, team_of(n_threads, layers, n_params)
        )
        if not together:
            run(*team_of(1, layers, n_params))

    def _run_sparse(self, is_lazy: bool, fits: Fits, rows: SparseRows, *arguments: Any) -> None:
        network, how, _, space, team, start, stop = arguments
        if not is_lazy:
            run_sparse(fits, rows, *arguments)
        elif len(self.recipe.layers) > 1:
            run_lazily(fits, rows, *arguments)
        else:
            n_waiting = self.recipe.layers[0][0] if self.recipe.has_prox else 0
            waiting = room_to_wait(n_waiting, stop - start)
            run = run_linear if self.recipe.rule == DESCEND else run_adagrad
            run(fits, rows, network, how, space, waiting, start, stop)

    def _is_lazy(self, moved: Moved, batches: Batches) -> bool:
        """Whether weights without a gradient wait: what happens to them is made up for later."""
        recipe, is_linear = self.recipe, len(self.recipe.layers) == 1
        if recipe.around or recipe.is_clipped or recipe.penalty:
            return False
        shrinks_at_once = recipe.has_implicit_l2 or not moved.l2.any()
        can_wait = is_linear or (recipe.rule == DESCEND and not recipe.has_prox)
        if recipe.rule == ADAGRAD and _values_of_batch(batches) * _DEAR > recipe.n_weights:
            return False
        is_plain = recipe.rule in (DESCEND, ADAGRAD) and moved.l2.shape[1] == 1
        return is_plain and shrinks_at_once and can_wait

    def _activation(self, name: str) -> int:
        return ACTIVATIONS[name].address(self.recipe.dtype) if name else 0


def _bodies_of_rule(recipe: Recipe) -> tuple[Body, Body]:
    """Return those of a rule and of its reach."""
    if recipe.texts:
        rule, reach = recipe.texts
        return written(rule, rule_type), written(reach, reach_type)
    return _RULES[recipe.rule], _REACHES[recipe.rule]


def _address(bodies: dict[str, Body], name: str, dtype: str) -> int:
    """Return where the body of that name is, or 0."""
    return bodies[name].address(dtype) if name in bodies else 0


def _values_of_batch(batches: Batches) -> float:
    """Return how many values that are not zero a batch of sparse rows has."""
    return batches.x.data.size * batches.batch_size / max(len(batches.y), 1)


def _read(array: np.ndarray) -> np.ndarray:
    """Return a view that cannot be written to: kernels are compiled for no other."""
    view = array.view()
    view.flags.writeable = False
    return view


def knows(recipe: Recipe) -> bool:
    """Whether all that a recipe names has a body."""
    named = {name for name in recipe.activations if name}
    has_rule = bool(recipe.rule in _RULES or recipe.texts) and recipe.around in ("", *FOLLOWS)
    bends_once = not (recipe.has_slopes and recipe.has_implicit_l2)
    has_penalty = recipe.penalty in ("", *TANGENTS, *PROJECTIONS, *UNITED)
    has_parts = has_rule and has_penalty and recipe.loss in LOSSES
    return has_parts and bends_once and named <= ACTIVATIONS.keys()
