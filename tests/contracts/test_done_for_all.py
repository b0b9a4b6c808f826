"""What is done once for all fits of a stack, and that each gets what it gets alone."""

import numpy as np
import pytest
from sklearn.base import clone

from skopt_suite import MLPRegressor
from skopt_suite.backends import to_numpy
from skopt_suite.estimators._prepare import prepare
from skopt_suite.penalties import Box
from skopt_suite.training import _loop, _reference, train

X = np.random.default_rng(0).normal(size=(80, 4))
Y = X @ [1.0, -2.0, 3.0, 0.5]
NETWORK = MLPRegressor((3,), batch_size=16, max_iter=4, random_state=0, early_stopping=False)
ALIKE = [{"penalty__alpha": alpha} for alpha in (1e-4, 0.1, 10.0)]
APART = {
    "bounds that move where fits begin": [{"penalty": Box(-at, at)} for at in (0.01, 0.1, 1.0)],
    "losses": [{"loss": "huber", "loss__delta": delta} for delta in (0.1, 1.0, 5.0)],
    "initial weights": [{"init": init} for init in ("he_normal", "glorot_uniform")],
}


def prepared_for(place, settings, network=NETWORK):
    rows = place.asarray(X), place.asarray(Y)
    return [prepare(clone(network).set_params(**one), *rows) for one in settings]


@pytest.fixture
def found(monkeypatch):
    """What is returned as references of passes, and how many fits are tried for it."""
    references, n_tried = [], []
    reference_losses, values = _loop.reference_losses, _reference._values

    def recorded(*given):
        references.append(reference_losses(*given))
        return references[-1]

    def counted(terms, params, *given):
        n_tried.append(params.shape[0])
        return values(terms, params, *given)

    monkeypatch.setattr(_loop, "reference_losses", recorded)
    monkeypatch.setattr(_reference, "_values", counted)
    return references, n_tried


def train_prepared(prepared, **options):
    jobs, first = [one.job for one in prepared], prepared[0]
    return train(jobs, first.data, first.placement, **options)


@pytest.mark.parametrize("settings", [ALIKE, *APART.values()], ids=["all alike", *APART])
def test_where_fits_begin_is_tried_for_one_if_they_are_alike(place, settings, found):
    prepared = prepared_for(place, settings)
    train_prepared(prepared)
    (together,), n_tried = found[0], found[1][0]
    assert n_tried == (1 if settings is ALIKE else len(settings))
    assert together.shape == (len(settings),)
    for one in prepared:
        train_prepared([one])
    np.testing.assert_allclose(together, np.concatenate(found[0][1:]), rtol=1e-6)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_results_that_are_soon_forgotten_are_copied_at_once(place, early_stopping):
    network = clone(NETWORK).set_params(early_stopping=early_stopping, n_iter_no_change=1)
    prepared = prepared_for(place, ALIKE, network=network)
    kept, forgotten = (train_prepared(prepared, keep=keep) for keep in ("memory", "nothing"))
    for one, other in zip(kept, forgotten, strict=True):
        assert one.n_iter == other.n_iter
        np.testing.assert_array_equal(to_numpy(one.params), to_numpy(other.params))


@pytest.mark.parametrize("keep", ["memory", "paused", "nothing"])
def test_what_is_kept_of_a_fit_keeps_no_other(keep):
    prepared = [prepare(clone(NETWORK).set_params(**one), X, Y) for one in ALIKE]
    params = [result.params for result in train_prepared(prepared, keep=keep)]
    owners = {id(one if one.base is None else one.base) for one in params}
    assert len(owners) == (1 if keep == "nothing" else len(params))
