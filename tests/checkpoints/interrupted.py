"""Fits that are interrupted again and again, and go on."""

from contextlib import contextmanager

import pytest

from skopt_suite.model_selection._engine.kept import KeptRound
from skopt_suite.training._kept import KeptPass


class Interrupted(BaseException):
    """As if it were killed: nothing between here and the test reacts to it."""


@contextmanager
def interrupted_after(n_epochs):
    """Raise at the end of that many epochs, of all passes together; candidates alone are one."""
    left = [n_epochs]

    def counted(whole):
        def method(self, *args):
            whole(self, *args)
            left[0] -= 1
            if not left[0]:
                raise Interrupted

        return method

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda number: None)  # disks are slow, and stay on
        patch.setattr(KeptPass, "epoch_ends", counted(KeptPass.epoch_ends))
        patch.setattr(KeptRound, "keep", counted(KeptRound.keep))
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
