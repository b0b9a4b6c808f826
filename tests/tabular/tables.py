"""A raw table with a column of every kind."""

import numpy as np
import pandas as pd

KINDS = {
    "size": "number",
    "rooms": "number",
    "garden": "number",
    "colour": "category",
    "plan": "category",
    "sold": "date",
    "unit": "dropped",
    "id": "dropped",
}


def raw_table(n_rows=400, seed=0):
    """Return a frame and what is to be predicted from it: a price, and whether it is high."""
    random = np.random.default_rng(seed)
    size, rooms = random.lognormal(4, 0.5, n_rows), random.integers(1, 7, n_rows)
    colour = random.choice(["red", "green", "blue"], n_rows).astype(object)
    days = random.integers(0, 1000, n_rows)
    price = np.log(size) + 0.3 * rooms + (colour == "red") + days / 500
    price += 0.1 * random.standard_normal(n_rows)
    size[::7], colour[::11] = np.nan, None
    X = pd.DataFrame(
        {
            "size": size,
            "rooms": rooms,
            "garden": random.random(n_rows) < 0.5,
            "colour": colour,
            "plan": pd.Categorical(random.choice(["a", "b"], n_rows)),
            "sold": pd.Timestamp("2020-01-01") + pd.to_timedelta(days, unit="D"),
            "unit": "cm",
            "id": [f"house {i}" for i in range(n_rows)],
        }
    )
    return X, price, np.where(price > np.median(price), "high", "low")
