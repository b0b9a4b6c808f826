"""Trials of Optuna that end early."""

from __future__ import annotations

from typing import Any

from skopt_suite.integrations._epochs import EpochCallback
from skopt_suite.integrations._needed import needed

_DIRECTIONS = {"validation_score": "MAXIMIZE", "loss": "MINIMIZE"}


class OptunaPruningCallback(EpochCallback):
    """Report every epoch to a trial of Optuna, and end the fit if the trial is to be pruned.

    It is a callback of scikit-learn, so set it on the outermost estimator: the network, or the
    pipeline around it. ``fit`` then raises ``optuna.TrialPruned``, which ``study.optimize`` takes
    as it is meant; `sklearn.model_selection.cross_val_score` lets it through only with
    ``error_score="raise"``. A trial is for one fit, as it has one value per epoch.

    Parameters
    ----------
    trial : optuna.Trial
        Whom to report to.
    monitor : {"validation_score", "loss"}, default="validation_score"
        What to report: the score on the held-out rows of ``early_stopping=True`` or of ``X_val``,
        in a study that maximises, or the training loss, in one that minimises.

    See Also
    --------
    FusedOptunaSearchCV : Trains the trials of a study together.

    Examples
    --------
    >>> import optuna
    >>> from sklearn.datasets import load_digits
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.integrations import OptunaPruningCallback
    >>> X, y = load_digits(return_X_y=True)
    >>> def objective(trial):
    ...     rate = trial.suggest_float("rate", 1e-5, 1e-1, log=True)
    ...     model = MLPClassifier(max_iter=10, early_stopping=True, random_state=0)
    ...     model.set_params(optimizer__learning_rate=rate)
    ...     model.set_callbacks(OptunaPruningCallback(trial)).fit(X / 16, y)
    ...     return model.best_validation_score_
    >>> study = optuna.create_study(
    ...     direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0)
    ... )
    >>> study.optimize(objective, n_trials=10)
    >>> any(trial.state.name == "PRUNED" for trial in study.trials)
    True
    >>> study.best_value > 0.95
    True
    """

    def __init__(self, trial: Any, monitor: str = "validation_score") -> None:
        if monitor not in _DIRECTIONS:
            raise ValueError(
                f"OptunaPruningCallback: monitor must be one of {list(_DIRECTIONS)}; "
                f"got {monitor!r}"
            )
        _check_direction(trial, monitor)
        self.trial = trial
        self.monitor = monitor

    def _epoch_ended(self, metrics: dict[str, float], epoch: int, context: Any) -> None:
        if self.monitor not in metrics:
            raise ValueError(
                f"OptunaPruningCallback: monitor={self.monitor!r} needs held-out rows: set "
                "early_stopping=True, give fit X_val and y_val, or choose monitor='loss'."
            )
        self.trial.report(metrics[self.monitor], epoch)
        if self.trial.should_prune():
            optuna = needed("optuna", "OptunaPruningCallback", "optuna")
            raise optuna.TrialPruned(f"pruned after epoch {epoch}")


def _check_direction(trial: Any, monitor: str) -> None:
    study = getattr(trial, "study", None)  # trials with fixed parameters have none
    names = [direction.name for direction in getattr(study, "directions", [])]
    if names not in ([], [_DIRECTIONS[monitor]]):
        raise ValueError(
            f"OptunaPruningCallback: monitor={monitor!r} is for a study with the direction "
            f"{_DIRECTIONS[monitor].lower()!r}; this one has {[name.lower() for name in names]}"
        )
