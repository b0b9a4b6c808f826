"""Epochs in TensorBoard."""

from __future__ import annotations

from typing import Any

from skopt_suite.integrations._epochs import EpochCallback, prefix_of


class TensorBoardCallback(EpochCallback):
    """Write the loss and the validation score of every epoch to TensorBoard.

    It is a callback of scikit-learn, so set it on the outermost estimator. Inside of a search that
    trains candidates one by one, their metrics are called ``fit_0/loss`` and so on; those of the
    refit, and of fits outside of searches, ``loss``. A fused search trains candidates together and
    tells of its refit only; its ``loss_curves_`` has the others.

    Parameters
    ----------
    writer : object
        A ``SummaryWriter`` of tensorboardX or of ``torch.utils.tensorboard``, or anything else with
        a method ``add_scalar(tag, value, step)``. It stays open.

    See Also
    --------
    MLflowCallback : Writes to MLflow.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.integrations import TensorBoardCallback
    >>> class Printer:
    ...     def add_scalar(self, tag, value, step):
    ...         print(step, tag, round(value, 1))
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier(max_iter=2, random_state=0)
    >>> _ = model.set_callbacks(TensorBoardCallback(Printer())).fit(X, y)
    1 loss 1.0
    2 loss 0.7
    """

    def __init__(self, writer: Any) -> None:
        if not callable(getattr(writer, "add_scalar", None)):
            raise TypeError(
                "TensorBoardCallback: writer must have a method add_scalar(tag, value, step), as a "
                f"SummaryWriter has; got {writer!r} of type {type(writer).__name__}"
            )
        self.writer = writer

    def _epoch_ended(self, metrics: dict[str, float], epoch: int, context: Any) -> None:
        prefix = prefix_of(context)
        for name, value in metrics.items():
            self.writer.add_scalar(prefix + name, value, epoch)
