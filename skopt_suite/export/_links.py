"""How raw predictions become predictions, told by the method of the loss that does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from skopt_suite.losses import Focal, LogLoss, Loss, ModifiedHuber, Poisson, Quantile

_PREDICTIONS: dict[Callable, str] = {
    Loss.prediction: "identity",
    Poisson.prediction: "log",
    Quantile.prediction: "quantiles",
}
_PROBABILITIES: dict[Callable, str] = {
    LogLoss.probability: "logit",
    Focal.probability: "logit",
    ModifiedHuber.probability: "clip",
}


def link_of(model: Any) -> str | None:
    """Return the name of the link of a fitted model; None of a classifier without probabilities.

    A loss of the user's that predicts in its own way is refused.
    """
    loss = model.loss_function_
    if hasattr(model, "classes_"):
        return _named(_PROBABILITIES, loss, "probability") if loss.has_probability else None
    link = _named(_PREDICTIONS, loss, "prediction")
    return "identity" if link == "quantiles" and loss.n_predictions == 1 else link


def _named(known: dict[Callable, str], loss: Any, method: str) -> str:
    function = getattr(type(loss), method)
    if function not in known:
        raise ValueError(
            f"loss {loss.name!r} computes what is predicted in a way of its own, "
            f"{type(loss).__name__}.{method}, so the model cannot be exported; the losses of "
            "skopt_suite can be, and those that take this method from one of them."
        )
    return known[function]
