"""Files of skops hold nothing that is not on the list of what may be trusted."""

import numpy as np
import pytest
import skops.io
from scipy.stats import loguniform, uniform
from sklearn.model_selection import RepeatedKFold, StratifiedShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skops.io.exceptions import UntrustedTypesFoundException

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.ensemble import FusedBaggingClassifier, FusedBaggingRegressor
from skopt_suite.export import TRUSTED_TYPES
from skopt_suite.losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES, LogLoss
from skopt_suite.model_selection import (
    FusedGridSearchCV,
    FusedHalvingGridSearchCV,
    FusedHalvingRandomSearchCV,
    FusedRandomizedSearchCV,
)
from skopt_suite.optimizers import OPTIMIZERS
from skopt_suite.penalties import PENALTIES
from skopt_suite.schedules import SCHEDULES, FromFunction
from skopt_suite.tabular import TabularMLPClassifier, TabularMLPRegressor

rng = np.random.RandomState(0)
X = rng.normal(size=(40, 3))
y = (X[:, 0] > 0).astype(int)
GRID = {"penalty__alpha": [0.1, 0.2]}
SPACE = {"penalty__alpha": loguniform(0.1, 1.0)}
SETTINGS = {"cv": 2, "random_state": 0}
SHORT = {"max_iter": 2, "random_state": 0}
MODELS = [
    LinearRegressor(),
    MLPClassifier((4,), normalization="batch", **SHORT),
    make_pipeline(StandardScaler(), MLPRegressor((4,), schedule="warmup", **SHORT)),
    FusedGridSearchCV(LinearClassifier(), GRID, cv=2, scoring="neg_log_loss"),
    FusedGridSearchCV(LinearRegressor(), GRID, cv=RepeatedKFold(n_splits=2, n_repeats=1)),
    FusedGridSearchCV(
        LinearClassifier(),
        GRID,
        cv=StratifiedShuffleSplit(2, random_state=0),
        scoring=["accuracy", "roc_auc"],
        refit="accuracy",
    ),
    FusedRandomizedSearchCV(
        MLPClassifier((4,), **SHORT), {"dropout": uniform(0, 0.5)}, n_iter=2, **SETTINGS
    ),
    FusedHalvingGridSearchCV(LinearRegressor(), GRID, **SETTINGS),
    FusedHalvingRandomSearchCV(LinearClassifier(), SPACE, n_candidates=2, **SETTINGS),
    FusedBaggingClassifier(LinearClassifier(), n_estimators=2, random_state=0),
    FusedBaggingRegressor(LinearRegressor(), n_estimators=2, random_state=0),
    TabularMLPClassifier(random_state=0),
    TabularMLPRegressor(random_state=0),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_fitted_models_load(model):
    text = skops.io.dumps(model.fit(X, y))
    loaded = skops.io.loads(text, trusted=TRUSTED_TYPES)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


@pytest.mark.parametrize(
    "registry",
    [OPTIMIZERS, PENALTIES, SCHEDULES, CLASSIFICATION_LOSSES, REGRESSION_LOSSES],
    ids=lambda registry: registry.kind,
)
def test_components_load(registry):
    components = [registry.resolve(name, owner="test") for name in registry]
    loaded = skops.io.loads(skops.io.dumps(components), trusted=TRUSTED_TYPES)
    assert [type(one) for one in loaded] == [type(one) for one in components]


class OfTheUser(LogLoss):
    """A loss that is not on the list."""


def falling(time):
    """A schedule that is not on the list."""
    return 1 / (1 + time)


@pytest.mark.parametrize("one", [OfTheUser(), FromFunction(falling)], ids=["class", "function"])
def test_what_users_write_they_have_to_trust_themselves(one):
    text = skops.io.dumps(one)
    with pytest.raises(UntrustedTypesFoundException, match=r"OfTheUser|falling"):
        skops.io.loads(text, trusted=TRUSTED_TYPES)
