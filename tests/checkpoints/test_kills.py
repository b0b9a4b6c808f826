"""Processes that are killed at any moment, also while they write, lose nothing else."""

import multiprocessing
import os
import time

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification

from skopt_suite import Checkpoint, MLPClassifier
from skopt_suite.model_selection import FusedGridSearchCV

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="forks, so that what is killed need not import anew"
)
X, Y = make_classification(120, 5, n_informative=4, n_redundant=0, random_state=0)
NETWORK = MLPClassifier(
    (6,), max_iter=40, batch_size=32, random_state=0, dropout=0.2, early_stopping=True, tol=None
)
SEARCH = FusedGridSearchCV(
    clone(NETWORK).set_params(max_iter=12),
    {"activation": ["relu", "tanh"], "penalty__alpha": [1e-3, 0.1]},
    cv=2,
)
N_KILLS = 5


def fit_slowly(model, checkpoint):
    """Fit in a process that spends most of its time writing."""
    fsync, replace = os.fsync, os.replace
    os.fsync = lambda number: (time.sleep(0.004), fsync(number))
    os.replace = lambda *paths: (time.sleep(0.002), replace(*paths))
    clone(model).fit(X, Y, checkpoint=checkpoint)


def kill_again_and_again(model, checkpoint, seed):
    """Kill fits at random moments; return how many it hit."""
    random, context, n_killed = np.random.default_rng(seed), multiprocessing.get_context("fork"), 0
    for _ in range(N_KILLS):
        process = context.Process(target=fit_slowly, args=(model, checkpoint))
        process.start()
        process.join(random.uniform(0.02, 0.35))
        n_killed += process.is_alive()
        process.kill()
        process.join()
    return n_killed


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
@pytest.mark.parametrize("model", [NETWORK, SEARCH], ids=["fit", "search"])
def test_killed_again_and_again(model, tmp_path):
    whole = clone(model).fit(X, Y)
    checkpoint = Checkpoint(tmp_path / "run", every=0)
    assert kill_again_and_again(model, checkpoint, seed=0) > 2
    again = clone(model).fit(X, Y, checkpoint=checkpoint)
    np.testing.assert_array_equal(again.predict_proba(X), whole.predict_proba(X))
    if model is SEARCH:
        whole, again = whole.best_estimator_, again.best_estimator_
    assert again.loss_curve_ == whole.loss_curve_
    assert not list(tmp_path.rglob("*.tmp"))
