"""TabularEncoder finds out what columns hold."""

import datetime
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse

from skopt_suite.tabular import TabularEncoder

from .tables import KINDS, raw_table

X, _, _ = raw_table(60)


def kind_of(values, **params):
    encoder = TabularEncoder(**params).fit(pd.DataFrame({"a": values, "b": np.arange(len(values))}))
    return encoder.kinds_["a"]


def column(encoder, encoded, name):
    return encoded[:, encoder.get_feature_names_out().tolist().index(name)]


def test_every_kind_is_found():
    assert TabularEncoder().fit(X).kinds_ == KINDS


@pytest.mark.parametrize(
    "values, kind",
    [
        (["x", "y", "x"], "category"),
        (["x", "y", "z"], "dropped"),
        (pd.Categorical(["x", "y", "z"]), "category"),
        (pd.Categorical([1, 2, 2]), "category"),
        (pd.array([1, None, 3], dtype="Int64"), "number"),
        (pd.array([True, None, False], dtype="boolean"), "number"),
        (pd.array(["x", None, "x"], dtype="string"), "category"),
        (np.array([True, None, False], dtype=object), "number"),
        (np.array([1, 2.5, None], dtype=object), "number"),
        (pd.to_timedelta([1, 2, None], unit="h"), "number"),
        (pd.to_datetime(["2026-01-01", "2026-01-02", None]), "date"),
        (pd.to_datetime(["2026-01-01", "2026-01-02", None]).tz_localize("Europe/Paris"), "date"),
        ([datetime.date(2026, 1, 1), datetime.date(2026, 1, 2), None], "date"),
        (["2026-01-01", "2026-01-02 10:30", None], "date"),
        (["2026-13-01", "2026-01-02", "2026-01-02"], "category"),
        ([None, None, None], "dropped"),
        ([np.nan, 1.0, 1.0], "number"),
        ([1.0, 1.0, 1.0], "dropped"),
    ],
)
def test_kinds(values, kind):
    assert kind_of(values) == kind


def test_all_is_finite_and_missing_values_are_marked():
    encoder = TabularEncoder().fit(X)
    encoded = encoder.transform(X)
    assert np.isfinite(encoded).all()
    assert encoded.dtype == np.float32
    assert encoded.shape[1] == len(encoder.get_feature_names_out())
    marked = column(encoder, encoded, "missingindicator_size")
    np.testing.assert_array_equal(marked > 0, X["size"].isna())
    np.testing.assert_array_equal(column(encoder, encoded, "colour_None"), X["colour"].isna())


def test_whole_numbers_of_few_values_are_categories_too():
    names = TabularEncoder().fit(X).get_feature_names_out()
    assert {"rooms", "rooms_1", "rooms_6", "sold_year", "sold_year_2020"} <= set(names)
    plain = TabularEncoder(max_integers=0).fit(X).get_feature_names_out()
    assert "rooms" in plain
    assert "rooms_1" not in plain


def test_dates_have_parts():
    dates = pd.to_datetime(["1969-12-31 23:10", "2026-11-26 05:00"])
    encoder = TabularEncoder(max_integers=0, n_bins=0).fit(pd.DataFrame({"at": dates}))
    names = ["at_year", "at_month", "at_day", "at_weekday", "at_hour", "at_seconds"]
    assert encoder.get_feature_names_out().tolist() == names
    (scaler,) = [part for name, part in encoder._parts[0][0].steps if "scaler" in name]
    middle = [1997.5, 11.5, 28.5, 2.5, 14.0]  # a Wednesday and a Thursday
    np.testing.assert_allclose(scaler.center_[:5], middle)


def test_a_time_zone_does_not_matter():
    at = pd.Series(pd.to_datetime(["2026-01-01 12:00", "2026-01-02 17:00"])).dt.tz_localize("UTC")
    encoder = TabularEncoder().fit(pd.DataFrame({"at": at}))
    elsewhere = pd.DataFrame({"at": at.dt.tz_convert("Asia/Tokyo")})
    naive = pd.DataFrame({"at": at.dt.tz_localize(None)})
    objects = pd.DataFrame({"at": at.dt.tz_convert("Asia/Tokyo").astype(object)})
    for other in (elsewhere, naive, objects):
        np.testing.assert_array_equal(encoder.transform(other), encoder.transform(naive))


def test_rare_and_unknown_categories_are_one():
    train = pd.DataFrame({"a": ["x"] * 10 + ["y"] * 10 + ["rare", "rarer"]})
    encoder = TabularEncoder(min_frequency=3).fit(train)
    encoded = encoder.transform(pd.DataFrame({"a": ["rare", "rarer", "new", "x"]}))
    np.testing.assert_array_equal(encoded[0], encoded[1])
    np.testing.assert_array_equal(encoded[0], encoded[2])
    assert (encoded[0] != encoded[3]).any()


def test_there_are_no_more_columns_than_asked_for():
    train = pd.DataFrame({"a": [f"c{i % 50}" for i in range(500)]})
    assert TabularEncoder(max_categories=10).fit_transform(train).shape == (500, 10)


@pytest.mark.parametrize("convert", [pl.from_pandas, pa.Table.from_pandas])
def test_frames_of_other_libraries_are_encoded_alike(convert):
    encoder = TabularEncoder().fit(X)
    expected = encoder.transform(X)
    np.testing.assert_allclose(encoder.transform(convert(X)), expected)
    other = TabularEncoder().fit(convert(X))
    assert other.kinds_ == encoder.kinds_
    np.testing.assert_allclose(other.transform(convert(X)), expected)


def test_arrays_and_lists_of_mixed_columns():
    rows = [[1.5, "x", True], [None, "y", False], [3.0, "x", True]]
    encoder = TabularEncoder().fit(rows)
    assert list(encoder.kinds_.values()) == ["number", "category", "number"]
    as_array = encoder.transform(np.array(rows, dtype=object))
    np.testing.assert_array_equal(encoder.transform(rows), as_array)


def test_sparse_stays_sparse():
    given = sparse.random_array((30, 5), density=0.3, rng=0, format="csc")
    encoded = TabularEncoder().fit_transform(given)
    assert sparse.issparse(encoded)
    largest = given.toarray().max(axis=0)
    np.testing.assert_allclose(encoded.toarray() * largest, given.toarray(), rtol=1e-6)


def test_saved_and_loaded():
    encoder = pickle.loads(pickle.dumps(TabularEncoder().fit(X)))
    np.testing.assert_array_equal(encoder.transform(X), TabularEncoder().fit_transform(X))


@pytest.mark.parametrize(
    "change, message",
    [
        ({"size": "large"}, "Column 'size' held numbers in training"),
        ({"size": np.inf}, "Column 'size' has infinite values"),
        ({"sold": "last week"}, "Column 'sold' held dates in training"),
    ],
)
def test_other_values_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        TabularEncoder().fit(X).transform(X.assign(**change))


def test_what_tells_nothing_is_refused():
    with pytest.raises(ValueError, match="no column tells anything"):
        TabularEncoder().fit(X[["unit", "id"]])
    with pytest.raises(ValueError, match="n_samples=0 and n_features=8"):
        TabularEncoder().fit(X[:0])


@pytest.mark.parametrize("name", ["min_frequency", "max_categories", "max_integers", "n_bins"])
def test_parameters_are_checked(name):
    with pytest.raises(ValueError, match=f"TabularEncoder: {name} must"):
        TabularEncoder(**{name: -1}).fit(X)
