"""What the four estimators share: a fit is a pass of one."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skopt_suite._component import Parametrised
from skopt_suite.backends import Placement, blas_threads_for, is_device_array, is_sparse, to_numpy
from skopt_suite.estimators._callbacks import (
    CallbackSupportMixin,
    FitObserver,
    print_epoch,
    with_callbacks,
)
from skopt_suite.estimators._continuing import usable_memory
from skopt_suite.estimators._convergence import warn_if_not_converged
from skopt_suite.estimators._inputs import (
    check_lengths,
    check_sample_weight,
    check_size,
    check_X,
    mean_one,
)
from skopt_suite.estimators._named_alone import named_alone
from skopt_suite.estimators._parameters import draw_seed, resolve_optimizer, takes_sparse
from skopt_suite.estimators._prepared import CheckedRows, Prepared, TrainingPart
from skopt_suite.estimators._rollback import unchanged_by_errors
from skopt_suite.estimators._saved import from_saved, to_saved
from skopt_suite.estimators._split import split_rows
from skopt_suite.estimators._targets import Targets, placed_targets
from skopt_suite.losses import Loss
from skopt_suite.models import Network
from skopt_suite.optimizers import Optimizer
from skopt_suite.penalties import PENALTIES
from skopt_suite.schedules import SCHEDULES
from skopt_suite.training import (
    Data,
    Job,
    Memory,
    Plan,
    Result,
    Rows,
    check_job,
    train,
)


class TrainableEstimator(CallbackSupportMixin, Parametrised):
    """Base of all estimators; subclasses say what network and targets they have."""

    n_features_in_: int
    loss_function_: Any
    _trained_network: Network
    _targets: Targets
    _memory: Memory | None = None
    _model_takes_sparse: ClassVar[bool] = False
    """Whether the model can be evaluated on sparse X; not every optimizer trains on it."""

    @with_callbacks
    @named_alone
    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None):
        """Train on (X, y).

        Parameters
        ----------
        X : {array-like, sparse container} of shape (n_samples, n_features)
            Input. CSR and CSC are taken by linear models with full-batch optimizers.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target values.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of every sample in the mean loss; None: all 1.
        X_val : array-like of shape (n_val_samples, n_features), default=None
            Held-out input that is scored after every epoch; with ``early_stopping=True`` it
            replaces the split by ``validation_fraction``.
        y_val : array-like of shape (n_val_samples,) or (n_val_samples, n_outputs), default=None
            Targets of `X_val`.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            If a parameter or the data is not what is accepted, before any work starts.
        DivergenceError
            If the objective becomes infinite, not a number, or absurdly large.
        """
        with unchanged_by_errors(self):
            prepared = self._prepare(X, y, sample_weight, X_val, y_val)
            metadata = {"sample_weight": sample_weight} if sample_weight is not None else {}
            observer = FitObserver(
                self, X, y, metadata, lambda params: self._fitted_attributes(prepared.job, params)
            )
            (result,) = train([prepared.job], prepared.data, prepared.placement, observer)
            self._adopt(prepared, result)
        observer.fit_ends(result.params)
        return self

    def _partial_fit(self, X, y, sample_weight, classes=None):
        """Train for one epoch, going on from the optimizer's and the schedule's state."""
        first_call = not self._is_trained()
        with unchanged_by_errors(self):
            prepared = self._prepare(X, y, sample_weight, classes=classes, incremental=True)
            curve = [] if first_call else self.loss_curve_
            (result,) = train([prepared.job], prepared.data, prepared.placement, n_epochs=1)
            result.loss_curve = curve + result.loss_curve
            result.n_iter = len(result.loss_curve)
            self._adopt(prepared, result, is_whole=False)
        if self.verbose:
            print_epoch(self.n_iter_, self.loss_)
        return self

    def _prepare(
        self, X, y, sample_weight, X_val=None, y_val=None, classes=None, incremental=False
    ) -> Prepared:
        """Check everything and return the fit as a job and its data."""
        plan = self._plan()
        is_trained = self._is_trained()
        reset = not (incremental and is_trained)
        rows = self._check_rows(X, y, sample_weight, classes, reset=reset)
        validation = self._validation_rows(X_val, y_val, rows.placement, rows.dtype)
        loss = self._loss_on(plan.loss, rows.y)
        part = self._training_part(rows, self._weigh_classes(rows.y, rows.weight), plan, validation)
        network = self._network(rows.X.shape[1])
        goes_on = is_trained and (incremental or self.warm_start)
        start = self._start(network, loss, part, plan.seed, goes_on)
        memory = usable_memory(self, network, plan, start, incremental) if goes_on else None
        job = Job(
            plan,
            network,
            self._targets.type,
            rows.dtype,
            start,
            memory=memory,
            n_epochs_before=0.0 if memory is None or incremental else memory.time,
            sample_weight=part.relative_weight,
        )
        check_job(job, part.X, is_incremental=incremental)
        return Prepared(job, self._data(part, rows), rows.placement)

    def _plan(self) -> Plan:
        """Return what the parameters say, checked, whatever the data."""
        owner = type(self).__name__
        self._check_parameters()
        return Plan(
            loss=self._loss(),
            penalty=PENALTIES.resolve(self.penalty, owner=owner),
            optimizer=self._optimizer(),
            schedule=SCHEDULES.resolve(self.schedule, owner=owner),
            max_iter=self.max_iter,
            tol=self.tol,
            n_iter_no_change=self.n_iter_no_change,
            batch_size=self.batch_size,
            shuffle=self.shuffle,
            early_stopping=self.early_stopping,
            dropout=self._dropout_rates(),
            seed=draw_seed(owner, self.random_state),
        )

    def _check_rows(self, X, y, sample_weight, classes=None, reset=True) -> CheckedRows:
        """Check the data, and learn from it what the targets are."""
        X, placement, dtype = check_X(
            self,
            X,
            dtype=self._precision(),
            accept_sparse=self._model_takes_sparse,
            backend=self.backend,
            reset=reset,
        )
        check_size(X, type(self).__name__, dtype)
        y = self._check_targets(y, dtype)
        check_lengths(X, y)
        weight = check_sample_weight(sample_weight, X.shape[0])
        if reset:
            self._learn_targets(y, classes)
        return CheckedRows(
            X, self._targets.encode(y, type(self).__name__), weight, placement, dtype
        )

    def _training_part(
        self, rows: CheckedRows, weight: np.ndarray | None, plan: Plan, validation: Rows | None
    ) -> TrainingPart:
        """Return the rows to train on; those that decide when to stop may be taken from them."""
        if validation is not None or not self.early_stopping:
            return TrainingPart(rows.X, rows.y, weight, validation)
        return self._hold_out(rows, weight, plan.seed)

    def _data(self, part: TrainingPart, rows: CheckedRows) -> Data:
        """Return the data of a pass, targets as losses take them."""
        targets = placed_targets(part.y, rows.placement, rows.dtype)
        return Data.in_memory(Rows(part.X, targets), part.validation)

    def _hold_out(self, rows: CheckedRows, weight: np.ndarray | None, seed: int) -> TrainingPart:
        """Return the rows to train on, and those that decide when to stop."""
        X, y, placement, dtype = rows.X, rows.y, rows.placement, rows.dtype
        train_rows, held_out = split_rows(
            y, self.validation_fraction, seed, type(self).__name__, self._targets.is_stratified
        )
        for part in (train_rows, held_out):
            if weight is not None and not (weight[part] > 0).any():
                raise ValueError(
                    f"{type(self).__name__}: early_stopping=True split the samples so that one "
                    "part has no positive sample_weight. Give X_val and y_val, or another "
                    "random_state."
                )
        held_out_weight = None if weight is None else mean_one(weight[held_out])
        if held_out_weight is not None:
            held_out_weight = held_out_weight.astype(dtype)
        self._targets.check_scorable(y[held_out], held_out_weight, type(self).__name__)
        validation = Rows(
            _rows(X, held_out, placement),
            placed_targets(y[held_out], placement, dtype),
            None if held_out_weight is None else placement.asarray(held_out_weight[None]),
        )
        kept_weight = None if weight is None else weight[train_rows]
        return TrainingPart(_rows(X, train_rows, placement), y[train_rows], kept_weight, validation)

    def _validation_rows(self, X_val, y_val, placement: Placement, dtype: str) -> Rows | None:
        """Return the rows that the user holds out, checked."""
        if (X_val is None) != (y_val is None):
            raise ValueError(f"{type(self).__name__}: give X_val and y_val together, or neither.")
        if X_val is None:
            return None
        X_val, _, _ = check_X(
            self,
            X_val,
            dtype=dtype,
            accept_sparse=self._model_takes_sparse,
            backend=self.backend,
            reset=False,
        )
        check_size(X_val, type(self).__name__, dtype)
        y_val = self._known_targets(y_val, dtype)
        check_lengths(X_val, y_val)
        self._loss_on(self._loss(), y_val)
        if self.early_stopping:
            self._targets.check_scorable(y_val, None, type(self).__name__)
        return Rows(X_val, placed_targets(y_val, placement, dtype))

    def _loss_on(self, loss: Loss, y: np.ndarray) -> Loss:
        """Return the loss on encoded targets `y`; raise if it does not take them."""
        on_targets = loss.on(self._targets.type)
        on_targets.check_targets(y)
        return on_targets

    def _known_targets(self, y: Any, dtype: str) -> np.ndarray:
        """Return targets that a user gives, encoded like those that were learnt, on the host."""
        return self._targets.encode(self._check_targets(y, dtype), type(self).__name__)

    def _start(
        self, network: Network, loss: Loss, part: TrainingPart, seed: int, goes_on: bool
    ) -> np.ndarray:
        """Return the parameters to start from: those that were trained, if the fit `goes_on`."""
        if goes_on:
            coefs, intercepts = self._layers()
            shapes = [np.shape(coef) for coef in coefs]
            expected = list(zip(network.sizes, network.sizes[1:], strict=False))
            if shapes != expected:
                raise ValueError(
                    f"{type(self).__name__}: training cannot go on with layers of shape {shapes}: "
                    f"the data and parameters now ask for {expected}. Fit with warm_start=False."
                )
            return network.layout.flatten(
                [to_numpy(coef) for coef in coefs], [to_numpy(bias) for bias in intercepts]
            )
        return fresh_start(network, loss, part.y, part.relative_weight, seed)

    def _adopt(self, prepared: Prepared, result: Result, is_whole: bool = True) -> None:
        """Show the result of training, or raise its error; warn if a whole fit is not done."""
        if result.error is not None:
            raise result.error
        job = prepared.job
        if is_whole:
            warn_if_not_converged(self, job, result)
        self._show(job, result)

    def _show(self, job: Job, result: Result) -> None:
        """Store the result of training as fitted attributes."""
        for name, value in self._fitted_attributes(job, result.params).items():
            setattr(self, name, value)
        plan = job.plan
        self.optimizer_, self.schedule_, self.penalty_ = plan.optimizer, plan.schedule, plan.penalty
        self.loss_ = result.loss
        self.loss_curve_ = result.loss_curve
        self.n_iter_ = result.n_iter
        self.stop_reason_ = result.stop_reason
        self.validation_scores_ = result.validation_scores or None
        self.best_validation_score_ = max(result.validation_scores, default=None)
        self._memory = result.memory

    def _fitted_attributes(self, job: Job, params: Any) -> dict[str, Any]:
        """Return all that predictions need, whatever constructor parameters are set later."""
        model = self._model_attributes(params)
        return {**model, "_trained_network": job.network, "loss_function_": job.plan.loss}

    def _raw_predictions(self, X) -> tuple[Any, Placement]:
        """Return raw predictions of shape (1, n_samples, n_outputs), and where they are."""
        check_is_fitted(self)
        coefs, intercepts = self._layers()
        X, placement, dtype = check_X(
            self,
            X,
            dtype="as_X",  # predictions are as precise as X allows
            accept_sparse=self._model_takes_sparse,
            backend=self.backend,
            reset=False,
        )
        network = self._trained_network
        flat = network.layout.flatten(
            [to_numpy(coef) for coef in coefs], [to_numpy(bias) for bias in intercepts]
        )
        params = placement.asarray(flat[None, :], dtype=dtype)
        with blas_threads_for(2.0 * X.shape[0] * network.layout.largest_layer):
            raw, _ = network.forward(params, X)
        return raw, placement

    def _returned(self, values: Any, X: Any) -> Any:
        """Return predictions where the user's X is."""
        return values if is_device_array(X) else to_numpy(values)

    def _optimizer(self) -> Optimizer:
        """Return the optimizer; `"auto"` resolved."""
        owner = type(self).__name__
        penalty = PENALTIES.resolve(self.penalty, owner=owner)
        return resolve_optimizer(self.optimizer, self._loss(), penalty, owner)

    def _precision(self) -> str:
        return "as_X" if self.dtype == "auto" else self.dtype

    def _accepts_sparse(self) -> bool:
        if not self._model_takes_sparse:
            return False
        penalty = PENALTIES.resolve(self.penalty, owner=type(self).__name__)
        return takes_sparse(self._optimizer(), self._loss(), penalty)

    def _dropout_rates(self) -> tuple[float, ...]:
        return ()

    def _is_trained(self) -> bool:
        return hasattr(self, "_trained_network")

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether there is a model; a fit that failed leaves none."""
        return self._is_trained()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.sparse = self._accepts_sparse()
        return tags

    def __getstate__(self):
        """Return arrays on the host and specifications, so that any machine can load them."""
        return to_saved(super().__getstate__())

    def __setstate__(self, state):
        super().__setstate__(from_saved(state, type(self).__name__))

    @abstractmethod
    def _loss(self) -> Loss:
        """Return the loss."""

    def _n_outputs(self) -> int:
        """Return the number of raw predictions per sample."""
        return self._targets.type.n_outputs * self._loss().n_raw

    @abstractmethod
    def _architecture(self) -> tuple:
        """Return what the model is, but for its inputs and outputs."""

    @abstractmethod
    def _network(self, n_features: int) -> Network:
        """Return the model for that many features and the targets that were learnt."""

    @abstractmethod
    def _layers(self) -> tuple[list, list]:
        """Return weights ``(n_in, n_out)`` and biases ``(n_out,)`` of every layer."""

    @abstractmethod
    def _model_attributes(self, params: Any) -> dict[str, Any]:
        """Return the fitted attributes that hold parameters of shape (n_params,)."""

    @abstractmethod
    def _check_targets(self, y: Any, dtype: str) -> np.ndarray:
        """Return checked targets on the host, samples first."""

    @abstractmethod
    def _learn_targets(self, y: np.ndarray, classes: Any) -> None:
        """Store what checked targets are; `classes` may announce them."""

    def _weigh_classes(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray | None:
        """Return sample weights times the weights of the classes of encoded targets."""
        return weight


def fresh_start(
    network: Network, loss: Loss, y: np.ndarray, weight: np.ndarray | None, seed: int
) -> np.ndarray:
    """Return initial parameters; the output of a network begins at the best constant."""
    start = network.initialise(np.random.RandomState(seed))
    if network.n_hidden and network.output_bias:
        start[network.n_params - network.sizes[-1] :] = loss.baseline(y, weight)
    return start


def _rows(X: Any, index: np.ndarray, placement: Placement) -> Any:
    if is_sparse(X) or isinstance(X, np.ndarray):
        return X[index]
    return placement.xp.take(X, placement.asarray(index), axis=0)
