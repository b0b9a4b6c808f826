"""Frames and arrays of other packages, wherever rows are given."""

import dask.array
import dask.dataframe
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.datasets import make_classification
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.model_selection import FusedGridSearchCV, fused_cross_val_score
from skopt_suite.tabular import TabularMLPClassifier

X, y = make_classification(n_samples=90, n_features=4, random_state=0)
PANDAS = pd.DataFrame(X, columns=list("abcd"))
POLARS = pl.DataFrame(X, schema=list("abcd"))
ALPHAS = {"linearclassifier__penalty__alpha": [1e-3, 1.0]}
ALL = [
    LinearClassifier(),
    LinearRegressor(),
    MLPClassifier((4,), max_iter=3, random_state=0),
    MLPRegressor((4,), max_iter=3, random_state=0),
]
every = pytest.mark.parametrize("model", ALL, ids=lambda model: type(model).__name__)


def search(**output):
    pipe = make_pipeline(StandardScaler(), LinearClassifier()).set_output(**output)
    return FusedGridSearchCV(pipe, ALPHAS, cv=3)


@every
@pytest.mark.parametrize(
    "rows, targets",
    [
        (POLARS, pl.Series("y", y)),
        (dask.array.from_array(X, chunks=(40, 4)), dask.array.from_array(y, chunks=40)),
        (
            dask.dataframe.from_pandas(PANDAS, npartitions=2),
            dask.dataframe.from_pandas(pd.Series(y), npartitions=2),
        ),
    ],
    ids=["polars", "dask array", "dask frame"],
)
def test_estimators_see_the_same_rows(model, rows, targets):
    expected = model.fit(X, y).predict(X)
    predicted = model.fit(rows, targets).predict(rows)
    assert isinstance(predicted, np.ndarray)
    np.testing.assert_allclose(predicted, expected)


def test_polars_in_held_out_rows_and_weights():
    targets, weight = pl.Series("y", y), pl.Series("w", np.linspace(0, 1, 90))
    model = MLPClassifier((4,), max_iter=3, early_stopping=True, random_state=0)
    given = model.fit(POLARS, targets, sample_weight=weight, X_val=POLARS, y_val=targets)
    scores = given.validation_scores_
    model.fit(X, y, sample_weight=weight.to_numpy(), X_val=X, y_val=y)
    assert scores == pytest.approx(model.validation_scores_)


@pytest.mark.filterwarnings("ignore:The `numpy.may_share_memory` function:FutureWarning")
def test_searches_of_polars_and_dask_arrays():
    expected = search().fit(X, y).cv_results_["mean_test_score"]
    as_polars = search(transform="polars").fit(POLARS, pl.Series("y", y))
    np.testing.assert_allclose(as_polars.cv_results_["mean_test_score"], expected)
    assert list(as_polars.best_estimator_[-1].feature_names_in_) == list("abcd")
    as_dask = search().fit(dask.array.from_array(X, chunks=(40, 4)), y)
    np.testing.assert_allclose(as_dask.cv_results_["mean_test_score"], expected)
    scores = fused_cross_val_score(ALL[0], DASK, y)
    np.testing.assert_allclose(scores, fused_cross_val_score(ALL[0], X, y))


def test_tables_of_polars():
    labels = ["yes" if label else "no" for label in y]
    network = MLPClassifier((4,), max_iter=3, random_state=0)
    model = TabularMLPClassifier(estimator=network, n_estimators=1, random_state=0)
    expected = model.fit(PANDAS.assign(e=labels), labels).predict_proba(PANDAS.assign(e=labels))
    table = POLARS.with_columns(e=pl.Series(labels))
    model.fit(table, pl.Series("y", labels))
    assert list(model.classes_) == ["no", "yes"]
    np.testing.assert_allclose(model.predict_proba(table), expected)


LAZY = POLARS.lazy()
DASK = dask.dataframe.from_pandas(PANDAS, npartitions=2)


@pytest.mark.parametrize(
    "fit, message",
    [
        (lambda: LinearClassifier().fit(LAZY, y), r"X must .*polars's LazyFrame. Give X.collect"),
        (lambda: LinearClassifier().fit(X, LAZY), r"y must .* Give y.collect\(\)"),
        (lambda: LinearClassifier().fit(X, y).predict(LAZY), r"Give X.collect\(\)"),
        (lambda: search().fit(LAZY, y), r"FusedGridSearchCV: X must .* Give X.collect\(\)"),
        (lambda: search().fit(DASK, y), r"X must .*dask's DataFrame. Give X.compute\(\)"),
        (lambda: search().fit(X, DASK["a"] > 0), r"y must .*dask's Series. Give y.compute\(\)"),
        (lambda: fused_cross_val_score(search().estimator, DASK, y), r"Give X.compute\(\)"),
        (lambda: TabularMLPClassifier().fit(DASK, y), r"Give X.compute\(\)"),
        (lambda: TabularMLPClassifier().fit(LAZY, y), r"Give X.collect\(\)"),
    ],
)
def test_what_has_not_been_read_is_refused(fit, message):
    with pytest.raises(TypeError, match=message):
        fit()
