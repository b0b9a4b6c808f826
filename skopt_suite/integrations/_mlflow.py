"""Runs of MLflow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import sklearn.utils

import skopt_suite
from skopt_suite import ensemble, model_selection, tabular
from skopt_suite.integrations._epochs import EpochCallback, prefix_of
from skopt_suite.integrations._needed import needed

_LONGEST = 6000  # characters of a parameter that MLflow takes
_MOST = 100  # parameters that it takes at once
_FOLDERS = skopt_suite, ensemble, tabular, model_selection


def mlflow_autolog(**options: Any) -> None:
    """Let ``mlflow.sklearn.autolog`` know the estimators and fused searches of this package.

    It logs runs of the classes that it finds in scikit-learn: pipelines and ``GridSearchCV`` around
    estimators of this package, but neither those alone nor fused searches. This is the same with
    both added; call it in place of it.

    Parameters
    ----------
    **options : dict of str -> object
        As ``mlflow.sklearn.autolog`` takes them.

    See Also
    --------
    MLflowCallback : Logs epochs, in the same runs if there are any.
    log_search : Logs all candidates of a search.

    Examples
    --------
    >>> from skopt_suite.integrations import mlflow_autolog
    >>> mlflow_autolog(log_models=False)  # doctest: +SKIP
    """
    autolog = needed("mlflow.sklearn", "mlflow_autolog", "mlflow").autolog
    of_sklearn = sklearn.utils.all_estimators
    sklearn.utils.all_estimators = lambda *kinds: [*of_sklearn(*kinds), *_estimators()]
    try:
        autolog(**options)
    finally:
        sklearn.utils.all_estimators = of_sklearn


def _estimators() -> list[tuple[str, type]]:
    public = [(name, getattr(folder, name)) for folder in _FOLDERS for name in folder.__all__]
    return [(name, one) for name, one in public if isinstance(one, type) and hasattr(one, "fit")]


class MLflowCallback(EpochCallback):
    """Log the loss and the validation score of every epoch to MLflow.

    It is a callback of scikit-learn, so set it on the outermost estimator. Metrics go to the active
    run; if there is none, a run of the fit is made, with the parameters of the estimator, that has
    failed if the fit has. Inside of a search that trains candidates one by one, metrics are called
    ``fit_0/loss`` and so on; those of the refit, and of fits outside of searches, ``loss``. A fused
    search trains candidates together and tells of its refit only: `log_search` has the others.

    Parameters
    ----------
    run_name : str or None, default=None
        Name of the run that is made if there is none; None: the class of the estimator.

    See Also
    --------
    mlflow_autolog : Logs parameters, scores and models of all fits.
    TensorBoardCallback : Writes to TensorBoard.

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.integrations import MLflowCallback
    >>> model = MLPClassifier(early_stopping=True).set_callbacks(MLflowCallback())
    """

    def __init__(self, run_name: str | None = None) -> None:
        self.run_name = run_name

    def setup(self, estimator: Any, context: Any) -> None:
        """Find the active run, or make one."""
        mlflow = needed("mlflow", "MLflowCallback", "mlflow")
        run = mlflow.active_run()
        self._makes_run, self._status = run is None, "FAILED"
        if run is None:
            run = mlflow.start_run(run_name=self.run_name or type(estimator).__name__)
            _log_params(mlflow, estimator.get_params())
        self._run_id = run.info.run_id

    def teardown(self, estimator: Any, context: Any) -> None:
        """End the run that was made."""
        if self._makes_run:
            needed("mlflow", "MLflowCallback", "mlflow").end_run(self._status)

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, fitted_estimator: Any = None
    ) -> None:
        """Log an epoch, and note whether the outermost fit has come to its end."""
        super().on_fit_task_end(estimator, context, fitted_estimator=fitted_estimator)
        if context.parent is None:
            self._status = "FINISHED"

    def _epoch_ended(self, metrics: dict[str, float], epoch: int, context: Any) -> None:
        mlflow, prefix = needed("mlflow", "MLflowCallback", "mlflow"), prefix_of(context)
        named = {prefix + name: value for name, value in metrics.items()}
        mlflow.log_metrics(named, step=epoch, run_id=self._run_id)


def log_search(search: Any, run_name: str | None = None) -> None:
    """Log a fitted search to MLflow: a run of its own, and one inside of it per candidate.

    The run of a candidate has its parameters, its scores and times and, from a fused search, the
    training loss of every epoch, the mean over the splits. The outer run has the best score and
    parameters; it is the active one, if there is one.

    Parameters
    ----------
    search : estimator object
        A fitted search of this package or of scikit-learn.
    run_name : str or None, default=None
        Name of the run that is made if there is none; None: the class of the search.

    See Also
    --------
    MLflowCallback : Logs the epochs of fits.
    mlflow_autolog : Logs searches as they are fitted.

    Examples
    --------
    >>> from skopt_suite.integrations import log_search
    >>> log_search(search)  # doctest: +SKIP
    """
    mlflow = needed("mlflow", "log_search", "mlflow")
    sklearn.utils.validation.check_is_fitted(search, "cv_results_")
    results, curves = search.cv_results_, getattr(search, "loss_curves_", None)
    with _outer_run(mlflow, run_name or type(search).__name__):
        if hasattr(search, "best_params_"):
            _log_params(mlflow, {f"best_{k}": v for k, v in search.best_params_.items()})
        if hasattr(search, "best_score_"):
            mlflow.log_metric("best_score", float(search.best_score_))
        for index, params in enumerate(results["params"]):
            with mlflow.start_run(run_name=f"candidate {index}", nested=True) as run:
                _log_params(mlflow, params)
                mlflow.log_metrics(_numbers(results, index))
                _log_losses(mlflow, run.info.run_id, curves[index] if curves else [])


@contextmanager
def _outer_run(mlflow: Any, name: str) -> Iterator[None]:
    if mlflow.active_run() is not None:
        yield
        return
    with mlflow.start_run(run_name=name):
        yield


def _log_params(mlflow: Any, params: Mapping[str, Any]) -> None:
    texts = [(name, str(value)[:_LONGEST]) for name, value in params.items()]
    for start in range(0, len(texts), _MOST):
        mlflow.log_params(dict(texts[start : start + _MOST]))


def _numbers(results: Mapping[str, Any], index: int) -> dict[str, float]:
    """Return what is finite of the scores and times of a candidate."""
    columns = {k: v for k, v in results.items() if k != "params" and not k.startswith("param_")}
    numbers = {name: float(values[index]) for name, values in columns.items()}
    return {name: value for name, value in numbers.items() if np.isfinite(value)}


def _log_losses(mlflow: Any, run_id: str, curves: list[Any]) -> None:
    """Log the mean loss of the splits, as far as all of them were trained."""
    known = [curve for curve in curves if curve is not None]
    n_epochs = min(map(len, known), default=0)
    losses = [float(np.mean([curve[epoch] for curve in known])) for epoch in range(n_epochs)]
    metrics = [mlflow.entities.Metric("loss", loss, 0, n) for n, loss in enumerate(losses, 1)]
    for start in range(0, n_epochs, _MOST):
        mlflow.MlflowClient().log_batch(run_id, metrics=metrics[start : start + _MOST])
