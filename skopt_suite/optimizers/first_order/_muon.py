"""Muon."""

from __future__ import annotations

from typing import Any, NamedTuple

from skopt_suite._layout import Layout
from skopt_suite.backends import Array, FitColumn, LayerWeights, Params, like, namespace
from skopt_suite.domains import Integer, LogUniform, Real
from skopt_suite.optimizers._base import Problem
from skopt_suite.optimizers.first_order._adamw import AdamW
from skopt_suite.optimizers.first_order._base import FirstOrder, zero_count

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_SMALLEST_NORM = 1e-7


class MuonState(NamedTuple):
    """The number of steps, the velocity of hidden weights, and AdamW's moments of all else."""

    n_steps: FitColumn  # float64
    velocity: Array  # (n_fits, n_hidden_weights)
    moments: Array  # (n_fits, 2, n_params - n_hidden_weights)


class Muon(FirstOrder):
    """Momentum whose matrices are made orthogonal, for hidden layers.

    For the weights W of every hidden layer, (n_in, n_out)::

        V ← momentum V + (1 - momentum) G
        U ≈ the orthogonal matrix that is nearest to  momentum V + (1 - momentum) G
        W ← W - learning_rate √max(1, n_out / n_in) U

    Newton–Schulz approaches U, whose rows or columns are orthogonal, in a few steps. Weights of the
    output layer and all biases take steps of `AdamW`, and so do all parameters of a linear model.
    Penalties must be smooth: how far a weight moves depends on all others of its layer, so there is
    no step size for a proximal operator.

    Parameters
    ----------
    learning_rate : float > 0, default=0.02
        Step size of hidden weights: about the spectral norm of a step.
    momentum : float in [0, 1), default=0.95
        Share of the velocity that is kept.
    n_iterations : int >= 1, default=5
        Steps of Newton–Schulz.
    adam_learning_rate : float > 0, default=0.001
        Step size of all other parameters; a schedule multiplies both.
    beta1 : float in [0, 1), default=0.9
        AdamW's decay of the mean of gradients.
    beta2 : float in [0, 1), default=0.999
        AdamW's decay of the mean of squared gradients.
    epsilon : float > 0, default=1e-8
        Keeps AdamW's denominator from zero.
    weight_decay : float >= 0, default=0.0
        Share of each weight, hidden or not, that is taken off per step and unit of learning rate.

    See Also
    --------
    AdamW : What it does to all but hidden layers.
    Momentum : The same without orthogonal steps.
    Lion : Signs in place of orthogonal matrices.

    References
    ----------
    K. Jordan et al., "Muon: An optimizer for hidden layers in neural networks",
    https://kellerjordan.github.io/posts/muon, 2024 (with Nesterov's momentum, and scaled as in
    PyTorch's ``torch.optim.Muon``).

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.optimizers import Muon
    >>> clf = MLPClassifier((100, 100), optimizer=Muon(learning_rate=0.01))
    """

    scratch_arrays = 8
    momentum_parameter = "momentum"
    takes_prox = False
    parameters = {
        "learning_rate": Real(0, open_low=True, search=LogUniform(1e-3, 1e-1)),
        "momentum": Real(0, 1, open_high=True),
        "n_iterations": Integer(1),
        "adam_learning_rate": Real(0, open_low=True, search=LogUniform(1e-4, 1e-1)),
        "beta1": Real(0, 1, open_high=True),
        "beta2": Real(0, 1, open_high=True),
        "epsilon": Real(0, open_low=True),
        "weight_decay": Real(0),
    }

    def __init__(
        self,
        learning_rate: float = 0.02,
        momentum: float = 0.95,
        n_iterations: int = 5,
        adam_learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        self.learning_rate: Any = learning_rate
        self.momentum = momentum
        self.n_iterations = n_iterations
        self.adam_learning_rate = adam_learning_rate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weight_decay = weight_decay

    def init(self, params: Params, problem: Problem) -> MuonState:
        """Return a velocity and moments of zero."""
        xp, n_hidden = namespace(params), _n_hidden_weights(problem.layout)
        velocity = xp.zeros_like(params[:, :n_hidden])
        rest = xp.zeros_like(params[:, n_hidden:])
        return MuonState(zero_count(params), velocity, xp.stack([rest, rest], axis=1))

    def update(
        self,
        state: MuonState,
        params: Params,
        gradient: Params,
        learning_rate: FitColumn,
        layout: Layout,
    ) -> tuple[Params, MuonState]:
        """Move hidden weights by orthogonal matrices, all else by AdamW."""
        xp, n_hidden = namespace(params), _n_hidden_weights(layout)
        hidden, velocity = self._moved(state, params, gradient, learning_rate, layout)
        n_steps = state.n_steps + 1
        rest, moments = AdamW.formula(
            params[:, n_hidden:],
            gradient[:, n_hidden:],
            state.moments,
            n_steps,
            learning_rate * (self.adam_learning_rate / self.learning_rate),
            self._adamw().numbers(state.n_steps),
            layout.n_weights - n_hidden,
        )
        return xp.concat([hidden, rest], axis=1), MuonState(n_steps, velocity, moments)

    def _adamw(self) -> AdamW:
        return AdamW(
            self.adam_learning_rate, self.beta1, self.beta2, self.epsilon, self.weight_decay
        )

    def _moved(
        self,
        state: MuonState,
        params: Params,
        gradient: Params,
        learning_rate: FitColumn,
        layout: Layout,
    ) -> tuple[Array, Array]:
        """Return hidden weights after a step, and the velocity, both (n_fits, n_hidden_weights)."""
        n_hidden = _n_hidden_weights(layout)
        hidden, gradient = params[:, :n_hidden], gradient[:, :n_hidden]
        keep, new = like(params, self.momentum, 1 - self.momentum)
        kept, rate = like(params, 1 - learning_rate * self.weight_decay, learning_rate)
        velocity = keep * state.velocity + new * gradient
        ahead = keep * velocity + new * gradient
        return kept * hidden - rate * self._directions(ahead, layout), velocity

    def _directions(self, ahead: Array, layout: Layout) -> Array:
        """Return orthogonal matrices, scaled, in place of those of every hidden layer."""
        xp, n_fits = namespace(ahead), ahead.shape[0]
        parts = [ahead[:, :0]]
        for layer in layout.layers[:-1]:
            matrix = _orthogonal(layer.weights(ahead), self.n_iterations)
            scale = max(1.0, layer.n_out / layer.n_in) ** 0.5
            parts.append(scale * xp.reshape(matrix, (n_fits, layer.n_weights)))
        return xp.concat(parts, axis=1)


def _n_hidden_weights(layout: Layout) -> int:
    """Return how many weights hidden layers have: they are the first of all parameters."""
    return sum(layer.n_weights for layer in layout.layers[:-1])


def _orthogonal(matrix: LayerWeights, n_iterations: int) -> LayerWeights:
    """Return about the nearest matrices with orthogonal rows, or columns if these are fewer."""
    xp, (_, n_in, n_out) = namespace(matrix), matrix.shape
    x = xp.matrix_transpose(matrix) if n_in > n_out else matrix
    norm = xp.linalg.matrix_norm(x, keepdims=True)
    x = x / xp.maximum(norm, _SMALLEST_NORM + 0 * norm)
    a, b, c = _COEFFICIENTS
    for _ in range(n_iterations):
        gram = x @ xp.matrix_transpose(x)
        x = a * x + (b * gram + c * gram @ gram) @ x
    return xp.matrix_transpose(x) if n_in > n_out else x
