"""What skl2onnx asks of a converter, for the estimators of this package."""

from __future__ import annotations

from typing import Any

import skl2onnx
from skl2onnx.common.data_types import (
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
)
from skl2onnx.common.shape_calculator import (
    calculate_linear_classifier_output_shapes,
    calculate_linear_regressor_output_shapes,
)
from skl2onnx.operator_converters.bagging import (
    convert_sklearn_bagging_classifier,
    convert_sklearn_bagging_regressor,
)

from skopt_suite.ensemble import FusedBaggingClassifier, FusedBaggingRegressor
from skopt_suite.estimators._predict import params_for_dense
from skopt_suite.export._exported import (
    CLASSIFIERS,
    REGRESSORS,
    TABULAR,
    check_ensemble,
    check_labels,
    check_model,
    refuse_tabular,
)
from skopt_suite.export._onnx_graph import Graph
from skopt_suite.export._onnx_layers import Values, write_layers
from skopt_suite.export._onnx_outputs import (
    write_labels,
    write_prediction,
    write_probability,
    write_scores,
)

OLDEST_OPSET = 17
"""The first that has layer normalisation."""
_OPTIONS = {
    "zipmap": [True, False, "columns"],
    "output_class_labels": [False, True],
    "nocl": [False],
    "raw_scores": [False, True],
}
_NUMBERS = {"float32": FloatTensorType, "float64": DoubleTensorType}


def register() -> None:
    """Tell skl2onnx of all estimators."""
    for cls in CLASSIFIERS:
        _register(cls, _classifier_types, _convert_classifier, _OPTIONS)
    for cls in REGRESSORS:
        _register(cls, _regressor_types, _convert_regressor)
    converters = convert_sklearn_bagging_classifier, convert_sklearn_bagging_regressor
    _register(FusedBaggingClassifier, _ensemble_of_classifiers_types, converters[0], _OPTIONS)
    _register(FusedBaggingRegressor, _ensemble_of_regressors_types, converters[1])
    for cls in TABULAR:
        _register(cls, _refuse, _convert_regressor)


def _register(cls: type, types: Any, convert: Any, options: Any = None) -> None:
    alias = f"SkoptSuite{cls.__name__}"
    skl2onnx.update_registered_converter(cls, alias, types, convert, options=options)


def _classifier_types(operator: Any) -> None:
    """Set the types and shapes of labels and of probabilities."""
    model = operator.raw_operator
    check_model(model)
    check_labels(model)
    n_samples, n_classes = operator.inputs[0].get_first_dimension(), len(model.classes_)
    has_numbers = model.classes_.dtype.kind in "biuf"
    kind_of_labels = Int64TensorType if has_numbers else StringTensorType
    shape = [n_samples, n_classes] if model._targets.is_multilabel else [n_samples]
    operator.outputs[0].set_type(kind_of_labels(shape))
    operator.outputs[1].set_type(_type_of_numbers(operator)([n_samples, n_classes]))


def _regressor_types(operator: Any) -> None:
    """Set the type and shape of predictions."""
    model = operator.raw_operator
    check_model(model)
    n_each, targets = model.loss_function_.n_predictions, model._targets
    by_target = [] if n_each > 1 and targets.is_1d else [targets.n_targets]
    shape = [operator.inputs[0].get_first_dimension(), *by_target, *[n_each] * (n_each > 1)]
    operator.outputs[0].set_type(_type_of_numbers(operator)(shape))


def _convert_classifier(scope: Any, operator: Any, container: Any) -> None:
    model, graph = operator.raw_operator, _graph(scope, operator, container)
    raw = _write_network(graph, model, operator.inputs)
    is_raw = container.get_options(model, {"raw_scores": False})["raw_scores"]
    write = write_scores if is_raw else write_probability
    graph.give(write_labels(graph, model, raw), operator.outputs[0])
    graph.give(write(graph, model, raw), operator.outputs[1])


def _convert_regressor(scope: Any, operator: Any, container: Any) -> None:
    model, graph = operator.raw_operator, _graph(scope, operator, container)
    raw = _write_network(graph, model, operator.inputs)
    graph.give(write_prediction(graph, model, raw), operator.outputs[0])


def _graph(scope: Any, operator: Any, container: Any) -> Graph:
    _check_opset(operator.raw_operator, container.target_opset)
    return Graph(scope, container, _precision(operator))


def _write_network(graph: Graph, model: Any, inputs: list[Any]) -> str:
    """Add the nodes from features to raw predictions, (n_samples, n_outputs)."""
    network = model._trained_network
    params, moving = params_for_dense(model, graph.dtype)
    mean = None if moving is None else moving.inputs.mean
    x, row = _write_matrix(graph, inputs, mean), params[None, :]
    values = Values(row[:, : network.n_params], row[:, network.n_params :])
    return write_layers(graph, network.layers, values, x)


def _write_matrix(graph: Graph, inputs: list[Any], mean: Any) -> str:
    """Add the nodes that make one matrix of all inputs, in the precision of the graph.

    What is taken off is taken off in double, as where the model predicts.
    """
    dtype = graph.dtype if mean is None else "float64"
    columns = [_cast(graph, one, dtype) for one in inputs]
    x = columns[0] if len(columns) == 1 else graph.add("Concat", *columns, axis=1)
    if mean is None:
        return x
    return graph.cast(graph.add("Sub", x, graph.constant(mean)), graph.dtype)


def _cast(graph: Graph, variable: Any, dtype: str) -> str:
    is_such = isinstance(variable.type, _NUMBERS[dtype])
    return variable.full_name if is_such else graph.cast(variable.full_name, dtype)


def _precision(operator: Any) -> str:
    """Return that in which `predict` would compute: single if all of X is."""
    is_single = all(isinstance(one.type, FloatTensorType) for one in operator.inputs)
    return "float32" if is_single else "float64"


def _type_of_numbers(operator: Any) -> Any:
    return _NUMBERS[_precision(operator)]


def _check_opset(model: Any, opset: int) -> None:
    if opset < OLDEST_OPSET:
        raise ValueError(
            f"{type(model).__name__}: target_opset must be at least {OLDEST_OPSET} to export it to "
            f"ONNX; got {opset}."
        )


def _ensemble_of_classifiers_types(operator: Any) -> None:
    check_ensemble(operator.raw_operator)
    calculate_linear_classifier_output_shapes(operator)


def _ensemble_of_regressors_types(operator: Any) -> None:
    check_ensemble(operator.raw_operator)
    calculate_linear_regressor_output_shapes(operator)


def _refuse(operator: Any) -> None:
    refuse_tabular(operator.raw_operator)
