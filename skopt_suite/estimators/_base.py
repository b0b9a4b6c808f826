"""What the four estimators share: a fit is a pass of one."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.utils import Tags

from skopt_suite._component import Parametrised, own_copy
from skopt_suite.backends import Placement, placement_for
from skopt_suite.estimators._callbacks import (
    CallbackSupportMixin,
    FitObserver,
    is_watched,
    print_epoch,
    print_steps,
    with_callbacks,
)
from skopt_suite.estimators._continuing import Initial, longer_curve
from skopt_suite.estimators._convergence import warn_if_not_converged
from skopt_suite.estimators._kept_fit import Given, KeptFit
from skopt_suite.estimators._named_alone import named_alone
from skopt_suite.estimators._out_of_memory import explained_in_fits, explained_in_predictions
from skopt_suite.estimators._pace import Pace
from skopt_suite.estimators._parameters import best_optimizer, resolve_schedule, takes_sparse
from skopt_suite.estimators._predict import raw_predictions
from skopt_suite.estimators._prepare import prepare
from skopt_suite.estimators._prepared import CheckedRows, Prepared
from skopt_suite.estimators._rollback import unchanged_by_errors
from skopt_suite.estimators._saved import from_saved, to_saved
from skopt_suite.estimators._scoring import check_scoring
from skopt_suite.estimators._standardize import check_standardize
from skopt_suite.estimators._targets import Targets
from skopt_suite.losses import Loss
from skopt_suite.models import Network
from skopt_suite.optimizers import OPTIMIZERS, Optimizer
from skopt_suite.penalties import PENALTIES, Penalty
from skopt_suite.schedules import Schedule
from skopt_suite.training import (
    AUTO_STRENGTH,
    Job,
    Memory,
    Parts,
    Result,
    Standardization,
    share_moments,
    train,
)


class TrainableEstimator(CallbackSupportMixin, Parametrised):
    """Base of all estimators; subclasses say what network and targets they have."""

    n_features_in_: int
    n_iter_: int
    loss_curve_: list[float]
    loss_function_: Any
    _trained_network: Network
    _targets: Targets
    _memory: Memory | None = None
    _penalty_strength: float = AUTO_STRENGTH
    _parts: Parts | None = None
    """What a search tells of the rows, see `told_parts`."""
    _standardization: Standardization | None = None
    _is_network: ClassVar[bool] = False
    """Whether "auto" is what suits networks: standardised columns, held-out rows, falling rates."""
    _shares_penalty: ClassVar[bool] = False
    """Whether rows share one penalty, so that ``alpha="auto"`` falls with their number."""

    @with_callbacks
    @named_alone
    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        X_val: Any = None,
        y_val: Any = None,
        checkpoint: Any = None,
    ) -> Self:
        """Train on (X, y).

        Parameters
        ----------
        X : {array-like, sparse container} of shape (n_samples, n_features)
            Input. CSR of SciPy or of cupyx stays sparse; other sparse formats, CSC too, are
            converted to it once. Every optimizer takes it but ``"closed_form"``. Or chunks of more
            rows than memory holds: see :doc:`/out_of_memory`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Target values; left out where `X` is chunks that have their own.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of every sample in the mean loss; None: all 1.
        X_val : {array-like, sparse container} of shape (n_val_samples, n_features), default=None
            Held-out input that is scored after every epoch; where training stops early it
            replaces the split by ``validation_fraction``.
        y_val : array-like of shape (n_val_samples,) or (n_val_samples, n_outputs), default=None
            Targets of `X_val`.
        checkpoint : str, path-like or Checkpoint, default=None
            A folder for what a fit that is killed goes on from, see `skopt_suite.Checkpoint`: call
            `fit` again with the same parameters and data. None: there is no such folder.

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
        given = Given(X, y, sample_weight, X_val, y_val)
        return self._fit(given, checkpoint=checkpoint)

    def _fit(self, given: Given, initial: Initial | None = None, checkpoint: Any = None) -> Self:
        """Train on what is given, from where `initial` says or where a checkpoint is."""
        with unchanged_by_errors(self), explained_in_fits(self), Pace.of(self.verbose) as pace:
            kept = KeptFit.of(self, checkpoint)
            prepared = prepare(self, *given, initial=initial, seed=kept.seed)
            if self._parts is not None:
                share_moments(prepared.data, self._parts)
            keeper = kept.begin(prepared.job, given)
            observer = self._observer(given, prepared, pace) if is_watched(self) else None
            if self.verbose > 1:
                print_steps(prepared)
            job, data, placement = prepared.job, prepared.data, prepared.placement
            (result,) = train([job], data, placement, observer, keeper=keeper)
            self._adopt(prepared, result)
        if observer is not None:
            observer.fit_ends(result.params)
        return self

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, classes: Any = None) -> Self:
        """Train for one epoch, going on from the optimizer's and the schedule's state."""
        first_call = not self._is_trained()
        with unchanged_by_errors(self), explained_in_fits(self):
            prepared = prepare(self, X, y, sample_weight, classes=classes, is_incremental=True)
            curve, n_before = ([], 0) if first_call else (self.loss_curve_, self.n_iter_)
            (result,) = train([prepared.job], prepared.data, prepared.placement, n_epochs=1)
            self._adopt(prepared, result, is_whole=False)
            self.loss_curve_ = longer_curve(curve, result.loss_curve)
            self.n_iter_ += n_before
        if self.verbose:
            print_epoch(self.n_iter_, self.loss_)
        return self

    def _observer(self, given: Given, prepared: Prepared, pace: Pace | None) -> FitObserver:
        """Return what tells callbacks about the fit."""
        weight, job, targets = given.sample_weight, prepared.job, prepared.targets
        metadata = {} if weight is None else {"sample_weight": weight}
        return FitObserver(
            self,
            given.X,
            given.y,
            metadata,
            lambda params: self._fitted_attributes(job, targets, params),
            prepared.data.train.n_samples,
            pace,
        )

    def _adopt(self, prepared: Prepared, result: Result, is_whole: bool = True) -> None:
        """Show the result of training, or raise its error; warn if a whole fit is not done."""
        if result.error is not None:
            raise result.error
        if is_whole:
            warn_if_not_converged(self, prepared.job, result)
        self._show(prepared.job, prepared.targets, result)

    def _show(self, job: Job, targets: Targets, result: Result) -> None:
        """Store the result of training as fitted attributes."""
        for name, value in self._fitted_attributes(job, targets, result.params).items():
            setattr(self, name, value)
        plan = job.plan
        self.optimizer_, self.schedule_ = own_copy(plan.optimizer), own_copy(plan.schedule)
        self.penalty_ = job.penalty
        self._penalty_strength = job.penalty_strength
        self.loss_ = result.loss
        self.loss_curve_ = result.loss_curve
        self.n_iter_ = result.n_iter
        self.stop_reason_ = result.stop_reason
        self.validation_scores_ = result.validation_scores or None
        self.best_validation_score_ = max(result.validation_scores, default=None)
        self._memory = result.memory

    def _fitted_attributes(self, job: Job, targets: Any, params: Any) -> dict[str, Any]:
        """Return all that predictions need, whatever constructor parameters are set later."""
        standardization = job.standardization
        if standardization is not None:
            params = standardization.folded(job.network, params)
        return {
            **self._model_attributes(job.network, targets, params),
            "_standardization": standardization,
            "_trained_network": job.network,
            "_targets": targets,
            "loss_function_": own_copy(job.plan.loss),
        }

    def _raw_predictions(self, X: Any) -> tuple[Any, Placement]:
        """Return raw predictions of shape (1, n_samples, n_outputs), and where they are."""
        with explained_in_predictions(self, X):
            return raw_predictions(self, X)

    def _returned(self, values: Any, X: Any) -> Any:
        """Return predictions where the user's X is."""
        return placement_for("auto", X).asarray(values)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_standardize(type(self).__name__, self.standardize)
        check_scoring(type(self).__name__, self.scoring)

    def _optimizer(self, **facts: Any) -> Optimizer:
        """Return the optimizer; `"auto"` resolved for what is known of rows: `best_optimizer`."""
        owner = type(self).__name__
        if self._chooses_optimizer():
            penalty = PENALTIES.resolve(self.penalty, owner=owner)
            return best_optimizer(self._loss(), penalty, **facts)
        return OPTIMIZERS.resolve(self.optimizer, owner=owner, name="optimizer", also=("auto",))

    def _chooses_optimizer(self) -> bool:
        """Whether the optimizer depends on the rows."""
        return isinstance(self.optimizer, str) and self.optimizer == "auto"

    def _kind_of_penalty(self) -> Penalty:
        """Return the penalty for questions to which strengths that are "auto" do not matter."""
        penalty = PENALTIES.resolve(self.penalty, owner=type(self).__name__)
        return penalty.with_strength(AUTO_STRENGTH)

    def _schedule(self, is_incremental: bool = False) -> Schedule:
        """Return the schedule; `"auto"` resolved."""
        owner, decays = type(self).__name__, self._is_network and not is_incremental
        return resolve_schedule(self.schedule, self._optimizer() if decays else None, owner)

    def _precision(self) -> str:
        return "as_X" if self.dtype == "auto" else self.dtype

    def _accepts_sparse(self) -> bool:
        """Whether `fit` takes sparse X; it also says what is wrong with parameters, not this."""
        try:
            return takes_sparse(
                self._optimizer(is_sparse=True), self._loss(), self._kind_of_penalty()
            )
        except (TypeError, ValueError):
            return True

    def _dropout_rates(self) -> tuple[float, ...]:
        return ()

    def _input_dropout_rate(self) -> float:
        return 0.0

    def _initialiser(self) -> str:
        return "auto"

    def _precision_of_products(self) -> str:
        return "highest"

    def _is_trained(self) -> bool:
        return hasattr(self, "_trained_network")

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether there is a model; a fit that failed leaves none."""
        return self._is_trained()

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.sparse = self._accepts_sparse()
        return tags

    def __getstate__(self) -> dict[str, Any]:
        """Return arrays on the host and specifications, so that any machine can load them."""
        return to_saved(super().__getstate__())

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(from_saved(state, type(self).__name__))

    @abstractmethod
    def _loss(self) -> Loss:
        """Return the loss."""

    @abstractmethod
    def _architecture(self) -> tuple:
        """Return what the model is, but for its inputs and outputs."""

    def _other_sizes(self) -> list[tuple[int, ...]]:
        """Return other units of hidden layers that are worth searching."""
        return []

    @abstractmethod
    def _network(self, n_features: int, n_outputs: int) -> Network:
        """Return the model from features to raw predictions."""

    @abstractmethod
    def _layers(self) -> tuple[list, list]:
        """Return weights ``(n_in, n_out)`` and biases ``(n_out,)`` of every layer."""

    def _others(self) -> list:
        """Return what a model shows of normalisations: see `Layout.flatten`."""
        return []

    @abstractmethod
    def _model_attributes(self, network: Network, targets: Any, params: Any) -> dict[str, Any]:
        """Return the fitted attributes that hold parameters of shape (n_params,)."""

    @abstractmethod
    def _check_targets(self, y: Any, dtype: str) -> np.ndarray:
        """Return checked targets on the host, samples first."""

    @abstractmethod
    def _learn_targets(self, y: np.ndarray, classes: Any) -> Targets:
        """Return what checked targets are; `classes` may announce them."""

    def _weigh_classes(self, rows: CheckedRows) -> np.ndarray | None:
        """Return sample weights times the weights of the classes of encoded targets."""
        return rows.weight
