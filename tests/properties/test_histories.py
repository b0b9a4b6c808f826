"""Curves of fits that begin with earlier epochs, and of fits that end before others."""

from copy import deepcopy

import numpy as np

from skopt_suite.training._history import History

N_EPOCHS = 40  # more than there is room for at first


def test_every_fit_has_its_own_length():
    history = History([[], [-1.0, -2.0], [-3.0]])
    for epoch in range(N_EPOCHS):
        fits = np.array([0, 1, 2] if epoch < 3 else [2, 1])
        history.record(fits, 100.0 * fits + epoch)
    assert history.of(0) == [0.0, 1.0, 2.0]
    assert history.of(1) == [-1.0, -2.0, *np.arange(100.0, 100 + N_EPOCHS)]
    assert history.of(2) == [-3.0, *np.arange(200.0, 200 + N_EPOCHS)]


def test_a_history_that_is_restored_goes_on():
    before, after = History([[], [1.0]]), History([[], []])
    fits = np.arange(2)
    for epoch in range(N_EPOCHS):
        before.record(fits, fits + 2.0 * epoch)
    after.restore(**deepcopy(before.state))
    for history in (before, after):
        for _ in range(2 * N_EPOCHS):
            history.record(fits, fits + 0.5)
    assert [after.of(k) for k in fits] == [before.of(k) for k in fits]
