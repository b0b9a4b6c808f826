"""A regressor of transformed targets."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from sklearn.compose import TransformedTargetRegressor

from skopt_suite.model_selection._engine.wrappers._stand_in import Rows
from skopt_suite.model_selection._engine.wrappers._wrapper import Wrapper


class TransformedTarget(Wrapper):
    """`sklearn.compose.TransformedTargetRegressor`: the transformer is fitted once."""

    kind, fits_once = TransformedTargetRegressor, True

    def name(self, estimator: Any) -> str:
        """Return the parameter that holds the regressor."""
        return "regressor"

    def closed(self, estimator: Any, shell: Any, rows: Rows, models: Sequence[Any]) -> Any:
        """Return a wrapper with the fitted transformer of `shell`, which others share."""
        new = copy.copy(shell)
        new.regressor, (new.regressor_,) = estimator.regressor, models
        if hasattr(new.regressor_, "feature_names_in_"):
            new.feature_names_in_ = new.regressor_.feature_names_in_
        return new
