"""Export to ONNX, by way of skl2onnx."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from skopt_suite.backends import is_sparse, to_numpy
from skopt_suite.export._exported import TABULAR, found_by, last_step, refuse_tabular


def register_onnx_converters() -> None:
    """Let ``skl2onnx.to_onnx`` convert the estimators of this package, wherever they stand.

    That is in a ``Pipeline``, in scikit-learn's ensembles and others of its meta-estimators.
    `to_onnx` does it by itself.

    Raises
    ------
    ImportError
        If skl2onnx is not installed.

    See Also
    --------
    to_onnx : Does it by itself.

    Examples
    --------
    >>> import skl2onnx
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skopt_suite import LinearClassifier
    >>> from skopt_suite.export import register_onnx_converters
    >>> X, y = load_iris(return_X_y=True)
    >>> pipe = make_pipeline(StandardScaler(), LinearClassifier()).fit(X, y)
    >>> register_onnx_converters()
    >>> [output.name for output in skl2onnx.to_onnx(pipe, X[:1]).graph.output]
    ['output_label', 'output_probability']
    """
    try:
        import skl2onnx  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "skopt_suite.export writes ONNX with skl2onnx, which cannot be imported here. Install "
            "it with: pip install 'skopt-suite[onnx]'"
        ) from error
    from skopt_suite.export._onnx_converters import register

    register()


def to_onnx(
    model: Any,
    X: Any,
    *,
    target_opset: int | None = None,
    options: dict[str, Any] | None = None,
) -> Any:
    """Return a fitted model as one of ONNX, for any runtime of that.

    It predicts what the model does, to rounding, from dense rows in the precision of `X`.
    Regressors give ``"variable"`` of shape (n_samples, n_targets), a column where there is one
    target, and several quantiles in a last axis. Classifiers give ``"label"`` and
    ``"probabilities"`` of shape (n_samples, n_classes); where the loss gives no probabilities these
    are ``decision_function``, which of two classes is the last column, and its negative the first.

    Parameters
    ----------
    model : object
        A fitted estimator of this package, but for those on raw tables; or a pipeline, an ensemble
        or another meta-estimator, whose other parts skl2onnx knows. Of a search, what it found.
    X : array, sparse container or pandas frame of shape (n_samples, n_features)
        Input as the model will get it, of which one row will do: its types are those of the inputs,
        single or double precision; a frame has an input for every column.
    target_opset : int, default=None
        Version of ONNX's operators, at least 17; None: the newest that skl2onnx knows.
    options : dict, default=None
        Options of skl2onnx's converters. Classifiers have ``zipmap``, which is False by default
        here, ``raw_scores``, for `decision_function` in place of probabilities, and
        ``output_class_labels``.

    Returns
    -------
    onnx_model : onnx.ModelProto
        Write ``onnx_model.SerializeToString()`` to a file.

    Raises
    ------
    ImportError
        If skl2onnx is not installed.
    TypeError, ValueError
        If the model cannot be exported.

    See Also
    --------
    to_sklearn : For where scikit-learn runs.
    register_onnx_converters : For what is around a model of this package.

    Examples
    --------
    >>> import numpy as np
    >>> import onnxruntime
    >>> from sklearn.datasets import load_iris
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.export import to_onnx
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = MLPClassifier((16,), max_iter=20, random_state=0).fit(X, y)
    >>> session = onnxruntime.InferenceSession(to_onnx(clf, X).SerializeToString())
    >>> labels, probabilities = session.run(None, {"X": X})
    >>> np.array_equal(labels, clf.predict(X))
    True
    """
    model = found_by(model)
    check_is_fitted(model)
    if isinstance(last_step(model), TABULAR):
        refuse_tabular(last_step(model))
    row = _first_row(X)
    register_onnx_converters()
    import skl2onnx

    if is_classifier(model):
        options = {"zipmap": False} | (options or {})
    return skl2onnx.to_onnx(model, row, target_opset=target_opset, options=options)


def _first_row(X: Any) -> Any:
    """Return a row as skl2onnx takes it: dense, on the host, a frame of pandas as it is."""
    if hasattr(X, "iloc"):
        return X[:1]
    if is_sparse(X):
        return np.zeros((1, X.shape[1]), X.dtype)
    if not hasattr(X, "dtype") or X.ndim != 2:
        raise TypeError(
            "to_onnx: X must be an array of shape (n_samples, n_features), a sparse container or a "
            f"frame of pandas; got {type(X).__name__}."
        )
    return to_numpy(X[:1])
