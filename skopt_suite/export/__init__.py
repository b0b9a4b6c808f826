"""Models for other systems; what those need is imported only here, and only when it is used."""

from skopt_suite.export._onnx import register_onnx_converters, to_onnx
from skopt_suite.export._sklearn import to_sklearn
from skopt_suite.export._trusted import TRUSTED_TYPES

__all__ = ["TRUSTED_TYPES", "register_onnx_converters", "to_onnx", "to_sklearn"]
