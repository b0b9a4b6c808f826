"""Models for other systems; what those need is imported only here, and only when it is used."""

from skopt_suite.export._onnx import register_onnx_converters, to_onnx

__all__ = ["register_onnx_converters", "to_onnx"]
