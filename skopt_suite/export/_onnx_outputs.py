"""From raw predictions to predictions, probabilities and labels, as nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from skopt_suite.export._links import link_of
from skopt_suite.export._onnx_graph import Graph


def write_prediction(graph: Graph, model: Any, raw: str) -> str:
    """Add the nodes of a regressor's predictions, (n_samples, n_targets).

    Several for every target are in a last axis, as in ``predict``.
    """
    return _PREDICTIONS[link_of(model)](graph, model, raw)


def write_probability(graph: Graph, model: Any, raw: str) -> str:
    """Add the nodes of the probabilities of classes or labels, (n_samples, n_classes).

    Where the loss gives none, they are scores.
    """
    link = link_of(model)
    if link is None:
        return write_scores(graph, model, raw)
    probability = _PROBABILITIES[link](graph, model, raw)
    if not model._targets.is_binary:
        return probability
    other = graph.add("Sub", 1.0, probability)
    return graph.add("Concat", other, probability, axis=1)


def write_scores(graph: Graph, model: Any, raw: str) -> str:
    """Add the nodes of raw predictions; of two classes, the first has those of the other, < 0."""
    if not model._targets.is_binary:
        return raw
    return graph.add("Concat", graph.add("Neg", raw), raw, axis=1)


def write_labels(graph: Graph, model: Any, raw: str) -> str:
    """Add the nodes of labels, (n_samples,) or (n_samples, n_labels)."""
    targets = model._targets
    if targets.type.kind == "classes":
        index = graph.add("ArgMax", raw, axis=1, keepdims=0)
    else:
        index = graph.cast(graph.add("Greater", raw, 0.0), "int64")
    if targets.is_multilabel:
        return index
    flat = graph.add("Reshape", index, graph.integers([-1]))
    return graph.add("Gather", _classes(graph, targets.classes), flat)


def _classes(graph: Graph, classes: Any) -> str:
    return graph.integers(classes) if classes.dtype.kind in "biuf" else graph.texts(classes)


def _identity(graph: Graph, model: Any, raw: str) -> str:
    return raw


def _exp(graph: Graph, model: Any, raw: str) -> str:
    return graph.add("Exp", raw)


def _sorted(graph: Graph, model: Any, raw: str) -> str:
    """Return quantiles in order."""
    targets, n_each = model._targets, model.loss_function_.n_predictions
    shape = [-1, n_each] if targets.is_1d else [-1, targets.n_targets, n_each]
    by_target = graph.add("Reshape", raw, graph.integers(shape))
    return graph.add("TopK", by_target, graph.integers([n_each]), n_outputs=2, axis=-1, largest=0)


def _logistic(graph: Graph, model: Any, raw: str) -> str:
    if model._targets.type.kind == "labels":
        return graph.add("Sigmoid", raw)
    return graph.add("Softmax", raw, axis=1)


def _clipped(graph: Graph, model: Any, raw: str) -> str:
    """Return raw predictions in [-1, 1] as shares; of classes, those of their sum."""
    share = graph.add("Mul", graph.add("Add", graph.add("Clip", raw, -1.0, 1.0), 1.0), 0.5)
    if model._targets.type.kind == "labels":
        return share
    total = graph.add("ReduceSum", share, graph.integers([1]), keepdims=1)
    is_none = graph.add("Equal", total, 0.0)
    normalised = graph.add("Div", share, graph.add("Where", is_none, 1.0, total))
    return graph.add("Where", is_none, 1 / len(model.classes_), normalised)


_PREDICTIONS: dict[str | None, Callable[[Graph, Any, str], str]] = {
    "identity": _identity,
    "log": _exp,
    "quantiles": _sorted,
}
_PROBABILITIES: dict[str, Callable[[Graph, Any, str], str]] = {
    "logit": _logistic,
    "clip": _clipped,
}
