"""Searches of rows on a device where scikit-learn's dispatch is on, in a process of their own.

The variable SCIPY_ARRAY_API has to be set before SciPy is imported.
"""

import importlib
import os
import subprocess
import sys

import numpy as np
import sklearn
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skopt_suite import LinearClassifier
from skopt_suite.model_selection import FusedGridSearchCV


def run(*words):
    """Call `search` with these words."""
    environment = os.environ | {"SCIPY_ARRAY_API": "1"}
    subprocess.run([sys.executable, __file__, *words], check=True, env=environment)


def search(namespace, scoring, *of_fused):
    """Search with arrays of a module, scored by the models, by `scoring` and, fused, by others."""
    xp = importlib.import_module(namespace)
    X, y = (xp.asarray(part) for part in load_iris(return_X_y=True))
    grid = {"penalty__alpha": [1e-3, 1e-1]}
    steps = make_pipeline(StandardScaler(), LinearClassifier(max_iter=500))
    of_steps = {f"linearclassifier__{name}": values for name, values in grid.items()}
    for model, params in [(steps[-1], grid), (steps, of_steps)]:
        assert cross_val_score(model, X, y, cv=3).mean() > 0.9
        for kind in (GridSearchCV, FusedGridSearchCV):
            for by in (None, scoring):
                found = kind(model, params, cv=3, scoring=by, error_score="raise").fit(X, y)
                assert type(found.predict(X)) is type(X), kind
                assert np.isfinite(found.score(X, y))
    for by in of_fused:
        assert FusedGridSearchCV(steps[-1], grid, cv=3, scoring=by).fit(X, y).score(X, y) > 0.9


if __name__ == "__main__":
    with sklearn.config_context(array_api_dispatch=True):
        search(*sys.argv[1:])
