"""What a layer is: the network is a fold over layers.

``for layer in layers: x, saved = layer.forward(params, x, context)``, and back again.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from skopt_suite.backends import Activations, Array, FeatureMatrix, Params, is_sparse, namespace


class DropoutDraws(NamedTuple):
    """What the draws of dropout in a step are a function of, beside layer, row and unit."""

    rates: Array  # (n_fits, n_hidden), or (n_fits, n_hidden + 1): the last is that of the input
    seed: int
    step: int = 0

    def drops_input(self, n_hidden: int) -> bool:
        """Whether features of a network with so many hidden layers are dropped."""
        return self.rates.shape[1] > n_hidden

    def take(self, index: Array) -> DropoutDraws:
        """Return what belongs to the fits that `index` names."""
        return self._replace(rates=namespace(self.rates).take(self.rates, index, axis=0))


class Context(NamedTuple):
    """What a pass through the network has beside parameters and input."""

    dropout: DropoutDraws | None = None
    """None: nothing is dropped, as where a network predicts."""
    buffers: Array | None = None
    """Statistics that layers keep and no optimizer moves, (n_fits, n_buffers), where the network
    predicts. Where it trains there are none: layers take those of the batch, and leave them in what
    they save, from where the loop has them."""

    columns: Array | None = None
    """Features that every fit sees, (n_fits, n_features of a fit), of dense input; None: all."""

    def take(self, index: Array) -> Context:
        """Return what belongs to the fits that `index` names."""
        dropout = None if self.dropout is None else self.dropout.take(index)
        return Context(dropout, _taken(self.buffers, index), _taken(self.columns, index))

    def without_dropout(self) -> Context:
        """Return the context of a network that drops nothing."""
        return self if self.dropout is None else self._replace(dropout=None)

    def inputs(self, X: FeatureMatrix) -> Activations | FeatureMatrix:
        """Return what fits see: one dense input for all of them, or each its own."""
        if self.columns is None:
            return X if is_sparse(X) else X[None, ...]
        xp = namespace(X)
        own = [xp.take(X, self.columns[k, ...], axis=1) for k in range(self.columns.shape[0])]
        return xp.stack(own)


def _taken(array: Array | None, index: Array) -> Array | None:
    return None if array is None else namespace(array).take(array, index, axis=0)


class Layer(Protocol):
    """A function of parameters and input, and its gradient.

    Layers hold what they are, no numbers of a fit. Arrays in the network are
    ``(n_fits or 1, n_samples, n_units)``: 1 where all fits share them. Only the input of the
    network may be a sparse container, ``(n_samples, n_features)``, which all share.
    """

    def forward(
        self, params: Params, x: Activations | FeatureMatrix, context: Context
    ) -> tuple[Activations, Any]:
        """Return the output, and what `backward` needs.

        Parameters
        ----------
        params : array of shape (n_fits, n_params)
            Parameters of the whole network.
        x : array of shape (n_fits or 1, n_samples, n_in)
            Input. That of the network is not written to; the output of another layer may be.
        context : Context
            What else there is.
        """

    def backward(
        self, gradient: Params, params: Params, saved: Any, delta: Activations
    ) -> Activations | None:
        """Write the gradient with respect to the layer's own parameters, return that by its input.

        Parameters
        ----------
        gradient : array of shape (n_fits, n_params)
            Where to write, summed over samples.
        params : array of shape (n_fits, n_params)
            Parameters of the whole network.
        saved : object
            From `forward`.
        delta : array of shape (n_fits, n_samples, n_out)
            Gradient with respect to the output; may be overwritten.

        Returns
        -------
        delta : array of shape (n_fits, n_samples, n_in) or None
            Gradient with respect to the input; None of the network's own.
        """
