"""Fits that are interrupted again and again, and go on."""

from contextlib import contextmanager

import pytest

from skopt_suite.training._kept import KeptPass


class Interrupted(BaseException):
    """As if it were killed: nothing between here and the test reacts to it."""


@contextmanager
def interrupted_after(n_epochs):
    """Raise at the end of that many epochs, of all passes together."""
    whole, left = KeptPass.epoch_ends, [n_epochs]

    def epoch_ends(self, going):
        whole(self, going)
        left[0] -= 1
        if not left[0]:
            raise Interrupted

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(KeptPass, "epoch_ends", epoch_ends)
        yield


def fitted_in_pieces(fit, n_epochs=1):
    """Call `fit` until it is not interrupted; return the result, and how often it was called."""
    n_calls = 0
    while True:
        n_calls += 1
        try:
            with interrupted_after(n_epochs):
                return fit(), n_calls
        except Interrupted:
            pass
