"""A Pipeline fits its last step to what the others make of the rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sklearn import get_config
from sklearn.pipeline import Pipeline

from skopt_suite.model_selection._engine.wrappers._stand_in import Rows
from skopt_suite.model_selection._engine.wrappers._wrapper import Wrapper

_WITH_SAMPLERS = "imblearn.pipeline", "Pipeline"  # of a package that need not be there


class InPipeline(Wrapper):
    """`sklearn.pipeline.Pipeline`, and that of imbalanced-learn, which resamples rows."""

    kind, fits_once = Pipeline, True

    def is_known(self, estimator: Any) -> bool:
        """Whether it is one of the two."""
        cls = type(estimator)
        return cls is Pipeline or (cls.__module__, cls.__name__) == _WITH_SAMPLERS

    def name(self, estimator: Any) -> str:
        """Return the name of the last step."""
        return estimator.steps[-1][0]

    def inner(self, estimator: Any) -> Any:
        """Return the last step."""
        return estimator.steps[-1][1]

    def inner_params(self, estimator: Any, params: dict[str, Any]) -> dict[str, Any]:
        """Return the parameters of the last step."""
        if get_config()["enable_metadata_routing"]:
            return super().inner_params(estimator, params)
        prefix = f"{self.name(estimator)}__"
        return {k.removeprefix(prefix): v for k, v in params.items() if k.startswith(prefix)}

    def closed(self, estimator: Any, shell: Any, rows: Rows, models: Sequence[Any]) -> Any:
        """Return a Pipeline with the fitted steps of `shell`, which others share."""
        (model,) = models
        return _with_last(estimator, shell, model)

    @staticmethod
    def preceding(shell: Any) -> Any:
        """Return what precedes the last step as a Pipeline that transforms."""
        return _with_last(shell, shell, "passthrough")


def _with_last(estimator: Any, shell: Any, last: Any) -> Any:
    steps = [*shell.steps[:-1], (shell.steps[-1][0], last)]
    return type(estimator)(**estimator.get_params(deep=False) | {"steps": steps})
