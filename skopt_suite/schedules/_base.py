"""What a schedule is."""

from __future__ import annotations

from abc import abstractmethod

from skopt_suite._component import Component
from skopt_suite.backends import Array, FitColumn, State, namespace


class Schedule(Component):
    """Base class of learning-rate schedules.

    A schedule of your own implements `factor_at`; one that reacts to the loss also implements
    `init` and `observe`, and one that moves the momentum `momentum_at`.

    See Also
    --------
    FromFunction : A schedule out of a function.
    Then : One schedule after the other.
    skopt_suite.testing.check_schedule : Says what is wrong with one of your own.
    """

    @property
    def moves_momentum(self) -> bool:
        """Whether `momentum_at` says anything."""
        return False

    @property
    def needs_momentum(self) -> bool:
        """Whether optimizers without a momentum are refused."""
        return False

    def init(self, horizon: FitColumn) -> State:
        """Return the state at the start of a fit: None, or a NamedTuple of arrays.

        Parameters
        ----------
        horizon : array of shape (n_fits, 1)
            Epochs that the fit may last (``max_iter``).
        """
        return None

    @abstractmethod
    def factor_at(self, state: State, time: Array | float, horizon: FitColumn) -> Array:
        """Return the factor on the learning rate.

        Parameters
        ----------
        state : object
            What `init` or `observe` returned.
        time : float or array of shape (n_fits, 1) or (1, n_times)
            Epochs since the start of training, with fractions inside an epoch.
        horizon : array of shape (n_fits, 1)
            Epochs that the fit may last (``max_iter``).

        Returns
        -------
        factor : array of shape (n_fits, 1), or (n_fits, n_times) if there are several times
            Dimensionless and not negative; usually 1 at its largest. One that does not depend on
            time may be of shape (n_fits, 1) always.
        """

    def factors(self, state: State, times: Array, horizon: FitColumn) -> Array:
        """Return the factors at all steps of an epoch, (n_fits, n_times).

        Parameters
        ----------
        state : object
            What `init` or `observe` returned.
        times : array of shape (n_times,)
            Epochs since the start of training.
        horizon : array of shape (n_fits, 1)
            Epochs that the fit may last.
        """
        return _broadcast(self.factor_at(state, times[None, :], horizon), times, horizon)

    def momentum_at(self, state: State, time: Array | float, horizon: FitColumn) -> Array | None:
        """Return what the momentum of the optimizer is; None: always its own.

        Parameters
        ----------
        state : object
            What `init` or `observe` returned.
        time : float or array of shape (n_fits, 1) or (1, n_times)
            Epochs since the start of training, with fractions inside an epoch.
        horizon : array of shape (n_fits, 1)
            Epochs that the fit may last.

        Returns
        -------
        momentum : array of shape (n_fits, 1), or (n_fits, n_times) if there are several times
            In [0, 1), or NaN where the optimizer keeps its own.
        """
        return None

    def momenta(self, state: State, times: Array, horizon: FitColumn) -> Array | None:
        """Return the momenta at all steps of an epoch, (n_fits, n_times), or None.

        Parameters
        ----------
        state : object
            What `init` or `observe` returned.
        times : array of shape (n_times,)
            Epochs since the start of training.
        horizon : array of shape (n_fits, 1)
            Epochs that the fit may last.
        """
        momentum = self.momentum_at(state, times[None, :], horizon)
        if momentum is None:
            return None
        return _broadcast(momentum, times, horizon)

    def observe(self, state: State, loss: FitColumn) -> State:
        """Return the state after an epoch that ended with `loss`, of shape (n_fits, 1)."""
        return state


def progress(time: Array | float, horizon: FitColumn, n_epochs: FitColumn | float | None) -> Array:
    """Return the fraction of `n_epochs` (None: of the whole fit) that has passed, at most 1."""
    duration = horizon if n_epochs is None else n_epochs
    return namespace(horizon).clip(time / duration, 0.0, 1.0)


def _broadcast(values: Array | float, times: Array, horizon: FitColumn) -> Array:
    """Return numbers that fits or times may share, or all of them, (n_fits, n_times)."""
    shape = horizon.shape[0], times.shape[0]
    if getattr(values, "shape", ()) == shape:
        return values
    return namespace(horizon).broadcast_to(values, shape)
