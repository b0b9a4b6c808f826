"""From what a user gives to a fit that is ready to train: pure functions, in order.

They read the parameters of a model and, where training goes on, what it was trained to. All that
they leave on it are the number and names of the features, set by `validate_data`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from skopt_suite._component import fixed_content
from skopt_suite._hashable import Recent
from skopt_suite.backends import Placement, placed, to_numpy
from skopt_suite.cluster import client_for
from skopt_suite.estimators._class_codes import classes_near
from skopt_suite.estimators._cluster_rows import Lazy, rows_on_cluster, weighed
from skopt_suite.estimators._continuing import Initial, Start, continued_start
from skopt_suite.estimators._first_sweep import reader_for, swept
from skopt_suite.estimators._inputs import check_lengths, check_sample_weight, check_size
from skopt_suite.estimators._parameters import draw_seed
from skopt_suite.estimators._predict import seen_X
from skopt_suite.estimators._prepared import CheckedRows, GivenRows, Prepared, TrainingPart
from skopt_suite.estimators._settled import settled, settled_without_rows
from skopt_suite.estimators._standardize import standardizes
from skopt_suite.estimators._targets import Targets, loss_on, placed_targets
from skopt_suite.estimators._training_part import network_of, training_part
from skopt_suite.estimators._unread import refuse_lazy
from skopt_suite.losses import Loss
from skopt_suite.models import Network
from skopt_suite.penalties import PENALTIES
from skopt_suite.training import (
    AUTO_STRENGTH,
    Job,
    Plan,
    Rows,
    check_job,
    data_of,
    is_on_cluster,
    targets_for_baseline,
)

if TYPE_CHECKING:
    from skopt_suite.estimators._base import TrainableEstimator


def prepare(
    model: TrainableEstimator,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    X_val: Any = None,
    y_val: Any = None,
    classes: Any = None,
    is_incremental: bool = False,
    initial: Initial | None = None,
    seed: int | None = None,
) -> Prepared:
    """Check everything and return the fit as a job and its data.

    A seed is that of a fit which goes on, and which has drawn it.
    """
    goes_on = is_incremental and model._is_trained()
    plan = plan_of(model, is_incremental)
    plan = plan if seed is None else plan.changed(seed=seed)
    known = model._targets if goes_on else None
    formats = "csr", "csc"
    rows = checked_rows(model, X, y, sample_weight, known, classes, formats, takes_chunks=True)
    given = validation_rows(model, X_val, y_val, rows)
    plan = plan.changed(early_stopping=False) if is_incremental else plan
    plan = settled(model, plan, rows, given is not None)
    rows = _as_read(model, plan, rows)
    part = training_part(model, plan, rows, given, goes_on)
    part = weighed(model, part, rows) if is_on_cluster(rows.X) else part
    start = _given_start(model, plan, rows, part, is_incremental, initial)
    prepared = prepared_on(model, plan, rows, part, start, is_incremental)
    check_job(prepared.job, part.X, is_incremental=is_incremental)
    return prepared


def _given_start(
    model: TrainableEstimator,
    plan: Plan,
    rows: CheckedRows,
    part: TrainingPart,
    is_incremental: bool,
    initial: Initial | None,
) -> Start | None:
    """Return where a fit begins that goes on or is told to; None for a fresh start."""
    start, standardization = None, part.standardization
    if model._is_trained() and (is_incremental or model.warm_start):
        network = network_of(model, plan, rows)
        start = continued_start(model, network, plan, is_incremental, standardization)
    if initial is not None:
        start = initial(network_of(model, plan, rows), start)
    if start is None or standardization is None:
        return start
    params = standardization.unfolded(network_of(model, plan, rows), start.params)
    return start._replace(params=params)


_PLANS: Recent[Plan] = Recent()
"""Of parameters that were checked before, but for seeds."""


def plan_of(model: TrainableEstimator, is_incremental: bool = False) -> Plan:
    """Return what the parameters say, checked, whatever the data.

    Where none of them can be changed in place, that is found once. Plans share components then:
    nobody changes them, and users are shown copies.
    """
    said = fixed_content(model, but="random_state")
    key = None if said is None else (said, is_incremental)
    plan = _PLANS.found(key, lambda: _new_plan(model, is_incremental))
    return plan.changed(seed=draw_seed(type(model).__name__, model.random_state))


def _new_plan(model: TrainableEstimator, is_incremental: bool) -> Plan:
    """Return what the parameters say, checked, without a seed."""
    owner = type(model).__name__
    model._check_parameters()
    plan = Plan(
        loss=model._loss(),
        penalty=PENALTIES.resolve(model.penalty, owner=owner),
        optimizer=model._optimizer(),
        schedule=model._schedule(is_incremental),
        max_iter=model.max_iter,
        tol=0.0 if model.tol is None else model.tol,
        n_iter_no_change=math.inf if model.tol is None else model.n_iter_no_change,
        batch_size=model.batch_size,
        shuffle=model.shuffle,
        early_stopping=model.early_stopping,
        scoring=model.scoring,
        dropout=model._dropout_rates(),
        seed=0,
        input_dropout=model._input_dropout_rate(),
        init=model._initialiser(),
        matmul_precision=model._precision_of_products(),
        chooses_optimizer=model._chooses_optimizer() and not is_incremental,
    )
    return settled_without_rows(model, plan)


def checked_rows(
    model: TrainableEstimator,
    X: Any,
    y: Any,
    sample_weight: Any,
    known: Targets | None = None,
    classes: Any = None,
    formats: Sequence[str] = ("csr",),
    takes_chunks: bool = False,
) -> CheckedRows:
    """Check the data, and learn what the targets are unless they are `known`."""
    refuse_lazy(type(model).__name__, y=y)
    client = client_for(X) if takes_chunks else None
    if client is not None:
        return rows_on_cluster(model, client, Lazy(X, y, sample_weight), known, classes)
    reader = reader_for(model, X) if takes_chunks else None
    if reader is None:
        seen = seen_X(model, X, model._precision(), known is None, formats, limits_size=True)
        X, placement, dtype = seen
    else:
        placement = Placement(np)
        X, y, sample_weight, dtype = swept(
            model, reader, y, sample_weight, model._precision(), known is None
        )
    return encoded_rows(model, X, y, sample_weight, placement, dtype, known, classes)


def encoded_rows(
    model: TrainableEstimator,
    X: Any,
    y: Any,
    sample_weight: Any,
    placement: Placement,
    dtype: str,
    known: Targets | None = None,
    classes: Any = None,
) -> CheckedRows:
    """Check targets and weights of inputs that have been checked, and encode the targets."""
    y = classes_near(model._check_targets(y, dtype), placement)
    check_lengths(X, y)
    weight = check_sample_weight(sample_weight, X.shape[0])
    targets = known or model._learn_targets(y, classes)
    encoded = targets.encode(y, type(model).__name__)
    if placement.is_numpy:
        encoded = to_numpy(encoded)
    return CheckedRows(X, encoded, weight, targets, placement, dtype)


def _as_read(model: TrainableEstimator, plan: Plan, rows: CheckedRows) -> CheckedRows:
    """Return rows of which sparse X is row by row, unless only its columns are read."""
    is_by_column = getattr(rows.X, "format", "csr") == "csc"
    can_stay = plan.optimizer.reads_columns and not (plan.early_stopping or standardizes(model))
    return rows if can_stay or not is_by_column else replace(rows, X=rows.X.tocsr())


def validation_rows(
    model: TrainableEstimator, X_val: Any, y_val: Any, rows: CheckedRows
) -> GivenRows | None:
    """Return the rows that the user holds out, checked."""
    owner = type(model).__name__
    if (X_val is None) != (y_val is None):
        raise ValueError(f"{owner}: give X_val and y_val together, or neither.")
    if X_val is None:
        return None
    refuse_lazy(owner, X_val=X_val)
    X_val, placement, _ = seen_X(model, X_val, rows.dtype)
    if placement != rows.placement:
        X_val = placed(X_val, rows.placement, rows.dtype)
    check_size(X_val, owner, rows.dtype)
    y_val = to_numpy(rows.targets.encode(model._check_targets(y_val, rows.dtype), owner))
    check_lengths(X_val, y_val)
    loss_on(model._loss(), rows.targets, y_val)
    return GivenRows(X_val, y_val)


def prepared_on(
    model: TrainableEstimator,
    plan: Plan,
    rows: CheckedRows,
    part: TrainingPart,
    start: Start | None = None,
    is_incremental: bool = False,
    columns: np.ndarray | None = None,
) -> Prepared:
    """Return the fit to a part of the rows, from a fresh start unless one is given.

    It sees all features, or those that `columns` names.
    """
    network = network_of(model, plan, rows, columns)
    loss, weight = loss_on(plan.loss, rows.targets, rows.encoded), part.relative_weight
    start = start or Start(fresh_start(network, plan, loss, part.y, weight))
    job = Job(
        plan,
        network,
        rows.targets.type,
        rows.dtype,
        start.params,
        memory=start.memory,
        n_epochs_before=start.n_epochs_before,
        sample_weight=weight,
        columns=columns,
        penalty_strength=_penalty_strength(model, part, is_incremental),
        standardization=part.standardization_of(columns),
    )
    y = placed_targets(part.y, rows.placement, rows.dtype)
    data = data_of(Rows(part.X, y), part.validation, rows.precision, part.scaling, part.scorer)
    if part.scorer is not None:  # it says what is wrong with it before any work starts
        part.scorer(job, start.params)
    return Prepared(job, data, rows.targets, rows.placement)


def _penalty_strength(model: TrainableEstimator, part: TrainingPart, is_incremental: bool) -> float:
    """Return what strengths are that are "auto": see `skopt_suite.penalties.L2`."""
    if is_incremental:
        return model._penalty_strength
    return 1 / max(part.total_weight, 1.0) if model._shares_penalty else AUTO_STRENGTH


def fresh_start(
    network: Network, plan: Plan, loss: Loss, y: Any, weight: np.ndarray | None
) -> np.ndarray:
    """Return initial parameters; networks, and what has a link, begin at the best constant."""
    start = network.initialise(plan.seed, plan.init)
    if (network.n_hidden or loss.has_link) and network.output_bias:
        network.layout.layers[-1].bias(start[None])[...] = loss.baseline(
            *targets_for_baseline(y, loss.targets, weight)
        )
    return start
