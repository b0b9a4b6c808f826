"""The graph that a converter writes: nodes and constants, one after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto, numpy_helper
from onnx.helper import np_dtype_to_tensor_dtype


class Graph:
    """Adds nodes to what skl2onnx builds; values are known by their names.

    Parameters
    ----------
    scope : skl2onnx Scope
        What gives names.
    container : skl2onnx ModelComponentContainer
        What keeps nodes and constants.
    dtype : str
        Precision of the numbers.
    """

    def __init__(self, scope: Any, container: Any, dtype: str) -> None:
        self._scope = scope
        self._container = container
        self.dtype = dtype

    def add(
        self, operator: str, *inputs: str | float, n_outputs: int = 1, **attributes: Any
    ) -> str:
        """Add a node, and return the name of its first output; inputs may be numbers."""
        given = [one if isinstance(one, str) else self.numbers(one) for one in inputs]
        names = [self._scope.get_unique_variable_name(operator) for _ in range(n_outputs)]
        self._container.add_node(operator, given, names, **attributes)
        return names[0]

    def constant(self, values: np.ndarray) -> str:
        """Add numbers as they are."""
        name = self._scope.get_unique_variable_name("constant")
        tensor = numpy_helper.from_array(np.ascontiguousarray(values), name)
        self._container.add_initializer(name, None, None, tensor)
        return name

    def numbers(self, values: Any) -> str:
        """Add a constant in the precision of the graph."""
        return self.constant(np.asarray(values, dtype=self.dtype))

    def integers(self, values: Any) -> str:
        """Add a constant of integers."""
        return self.constant(np.asarray(values, dtype=np.int64))

    def texts(self, values: Any) -> str:
        """Add a constant of texts, (n_texts,)."""
        name = self._scope.get_unique_variable_name("texts")
        content = [str(text).encode() for text in values]
        self._container.add_initializer(name, TensorProto.STRING, [len(content)], content)
        return name

    def cast(self, name: str, dtype: str) -> str:
        """Return values in another type."""
        return self.add("Cast", name, to=np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def give(self, name: str, output: Any) -> None:
        """Let values be an output of the converted operator."""
        self._container.add_node("Identity", [name], [output.full_name])
