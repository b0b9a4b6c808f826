"""Arguments for every fused kernel, by which it is held to its definition."""

import itertools

import numpy as np

from skopt_suite._layout import DenseLayout
from skopt_suite._target_type import TargetType
from skopt_suite.backends import Placement
from skopt_suite.losses import Huber, LogLoss, SquaredError
from skopt_suite.training._linear_pass import StackLoss

NUMPY = Placement(np)
N_PARAMS, N_SAMPLES, N_UNITS = 11, 6, 5
CURVES = (
    *("elu", "gelu", "silu", "tanh", "logistic", "softplus", "selu", "mish"),
    *("hard_sigmoid", "hard_tanh", "hard_swish"),
)
SLOPES = [("relu", 0.0), ("leaky relu", 0.01), ("nothing", 1.0)]


class Layout:
    """Fully connected layers that lie between the parameters of others."""

    def __init__(self, sizes, slopes, has_output_bias=True, n_samples=N_SAMPLES):
        self.sizes, self.n_samples = sizes, n_samples
        rows, at = [], 2
        for n_in, n_out in itertools.pairwise(sizes):
            rows.append([n_in, n_out, at, at + n_in * n_out])
            at += n_in * n_out + n_out
        if not has_output_bias:
            rows[-1][-1] = -1
        self.layers, self.slopes, self.n_params = np.array(rows), np.array(slopes), at + 3


RUNS = [
    ("of one layer", Layout((4, 5), [1.0]), True),
    ("of one layer inside", Layout((4, 5), [0.0]), False),
    ("of two layers", Layout((4, 5, 3), [0.0, 1.0]), True),
    ("without output bias", Layout((4, 5, 3), [0.01, 1.0], has_output_bias=False), True),
    (
        "without bias before an activation",
        Layout((4, 5, 3), [1.0, 0.01], has_output_bias=False),
        False,
    ),
    ("of three layers", Layout((4, 7, 5, 3), [0.0, 0.01, 1.0]), True),
    ("of four layers inside", Layout((4, 3, 6, 5, 3), [0.0, 1.0, 0.01, 0.0]), False),
    # products taken in three blocks of rows, the last one smaller
    ("of many rows", Layout((90, 100, 3), [0.0, 1.0], n_samples=301), True),
]


class Draw:
    """Random arguments; every array is a copy of its own, cut out of a larger one if `sliced`."""

    def __init__(self, n_fits, dtype, sliced, place=NUMPY):
        self.n_fits, self.dtype, self.sliced, self.place = n_fits, dtype, sliced, place
        self.rng = np.random.default_rng(0)
        self.surroundings = []

    def normal(self, *shape, scale=1.0):
        return self._placed(self.rng.normal(scale=scale, size=(self.n_fits, *shape)))

    def positive(self, *shape):
        return self._placed(self.rng.uniform(0.01, 0.9, size=(self.n_fits, *shape)))

    def classes(self, n_classes, *shape):
        return self.place.asarray(np.random.default_rng(1).integers(0, n_classes, shape))

    def counts(self, later):
        """Numbers of steps, which differ between fits."""
        return self.place.asarray(np.arange(1.0, self.n_fits + 1)[:, None] + later)

    def _placed(self, values):
        values = values.astype(self.dtype)
        if not self.sliced:
            return self.place.asarray(values)
        whole = np.full((*values.shape[:-1], values.shape[-1] + 3), 7, dtype=self.dtype)
        whole[..., 1:-2] = values
        whole = self.place.asarray(whole)
        self.surroundings.append(whole)
        return whole[..., 1:-2]

    def assert_surroundings_are_untouched(self):
        for whole in self.surroundings:
            assert (whole[..., [0, -2, -1]] == 7).all()


def zeros_too(array):
    array[..., ::3] = 0
    return array


def fits_last(array):
    """The same array, with the fits after the samples in memory."""
    return array.transpose(1, 0, 2).copy().transpose(1, 0, 2)


def of_linear_models(
    d, loss, kind, has_bias=True, n_samples=N_SAMPLES, n_features=4, needs_gradient=True
):
    """What passes over rows take: parameters, rows, no weights, losses, and the layout."""
    layer = DenseLayout(n_features, 1, 0, n_features if has_bias else -1)
    params, x = d.normal(n_features + has_bias), d.normal(n_samples, n_features)[0] / n_features
    y = d.classes(2, n_samples, 1).astype(d.dtype)
    of_stack = StackLoss.of(loss.on(TargetType(kind, 1)), d.n_fits)
    return params, x, y, None, of_stack, layer, min(n_samples, 400), needs_gradient


def of_rule(d, n_moments, n_numbers, later=0):
    """What formulas of rules take; second moments are positive."""
    moments = np.abs(d.normal(n_moments, N_PARAMS))
    n_steps = d.counts(later)
    rate, numbers = (d.positive(n).astype("float64") for n in (1, n_numbers))
    return d.normal(N_PARAMS), d.normal(N_PARAMS), moments, n_steps, rate, numbers, N_PARAMS - 3


ARGUMENTS = {
    "descend": lambda d: of_rule(d, n_moments=0, n_numbers=1),
    "momentum_update": lambda d: of_rule(d, n_moments=1, n_numbers=2),
    "nesterov_update": lambda d: of_rule(d, n_moments=1, n_numbers=2),
    "adagrad_update": lambda d: of_rule(d, n_moments=1, n_numbers=1),
    "adadelta_update": lambda d: of_rule(d, n_moments=3, n_numbers=2),
    "rmsprop_update": lambda d: of_rule(d, n_moments=2, n_numbers=4),
    "rmsprop_update centered": lambda d: of_rule(d, n_moments=3, n_numbers=4),
    "adam_update": lambda d: of_rule(d, n_moments=2, n_numbers=3),
    "adamw_update": lambda d: of_rule(d, n_moments=2, n_numbers=4),
    "amsgrad_update": lambda d: of_rule(d, n_moments=3, n_numbers=3),
    "adamax_update": lambda d: of_rule(d, n_moments=2, n_numbers=3),
    "nadam_update": lambda d: of_rule(d, n_moments=2, n_numbers=3),
    "nadam_update later": lambda d: of_rule(d, n_moments=2, n_numbers=3, later=500),
    "radam_update": lambda d: of_rule(d, n_moments=2, n_numbers=3),
    "radam_update later": lambda d: of_rule(d, n_moments=2, n_numbers=3, later=500),
    "lion_update": lambda d: of_rule(d, n_moments=1, n_numbers=3),
    "add_scaled": lambda d: (d.normal(N_PARAMS), d.normal(N_PARAMS), d.positive(1)),
    "add_scaled per coordinate": lambda d: (
        d.normal(N_PARAMS),
        d.normal(N_PARAMS),
        d.positive(N_PARAMS),
    ),
    "add_scaled of one for all fits": lambda d: (
        d.normal(N_PARAMS),
        d.normal(N_PARAMS),
        d.positive(1)[:1],
    ),
    "add_scaled per coordinate for all fits": lambda d: (
        d.normal(N_PARAMS),
        d.normal(N_PARAMS),
        d.positive(N_PARAMS)[:1],
    ),
    "soft_threshold": lambda d: (zeros_too(d.normal(N_PARAMS)), d.positive(1)),
    "soft_threshold per coordinate": lambda d: (d.normal(N_PARAMS), d.positive(N_PARAMS)),
    "soft_threshold of one for all fits": lambda d: (d.normal(N_PARAMS), d.positive(1)[:1]),
    "soft_threshold per coordinate for all fits": lambda d: (
        d.normal(N_PARAMS),
        d.positive(N_PARAMS)[:1],
    ),
    **{
        f"{name}{case}": lambda d, rows=rows, first=first: (
            d.normal(rows, 90, scale=0.1)[0],
            d.normal(first or rows, 100, scale=0.1)[0],
        )
        for name, first in (("wide_product", 90), ("wide_product_transposed", None))
        for case, rows in (("", 20), (" in blocks of rows", 301))
    },
    "summed_over_samples": lambda d: (d.normal(N_SAMPLES, N_UNITS),),
    "summed_over_samples, fits last": lambda d: (fits_last(d.normal(N_SAMPLES, N_UNITS)),),
    "averaged": lambda d: (d.normal(N_SAMPLES), d.normal(N_SAMPLES, N_UNITS)),
    "averaged, fits last": lambda d: (
        fits_last(d.normal(N_SAMPLES)[:, :, None])[:, :, 0],
        fits_last(d.normal(N_SAMPLES, N_UNITS)),
    ),
    **{
        f"run_forward {case}": lambda d, layout=layout, shared=shared: (
            d.normal(layout.n_params),
            d.normal(layout.n_samples, layout.sizes[0], scale=0.1)[: 1 if shared else None],
            layout.layers,
            layout.slopes.copy(),
        )
        for case, layout, shared in RUNS
    },
    **{
        f"run_backward {case}": lambda d, layout=layout, shared=shared: (
            d.normal(layout.n_params),
            d.normal(layout.n_params, scale=0.1),
            d.normal(layout.n_samples, layout.sizes[0], scale=0.1)[: 1 if shared else None],
            zeros_too(d.normal(layout.n_samples * sum(layout.sizes[1:]))).reshape(-1),
            d.normal(layout.n_samples, layout.sizes[-1], scale=0.1),
            layout.layers,
            layout.slopes.copy(),
            not shared,
        )
        for case, layout, shared in RUNS
    },
    **{
        f"add_bias {case}": lambda d, slope=slope: (
            d.normal(N_SAMPLES, N_UNITS),
            d.normal(1, N_UNITS),
            slope,
        )
        for case, slope in SLOPES
    },
    "add_bias, fits last": lambda d: (
        fits_last(d.normal(N_SAMPLES, N_UNITS)),
        d.normal(1, N_UNITS),
        0.01,
    ),
    **{
        f"leaky_relu_backward {case}": lambda d, slope=slope: (
            d.normal(N_SAMPLES, N_UNITS),
            zeros_too(d.normal(N_SAMPLES, N_UNITS)),
            slope,
        )
        for case, slope in SLOPES
    },
    **{
        f"activated by {name}": lambda d, name=name: (
            zeros_too(d.normal(N_SAMPLES, N_UNITS, scale=3.0)),
            name,
        )
        for name in CURVES
    },
    **{
        f"activated far by {name}": lambda d, name=name: (  # exp of it is not a number, or 0
            d.normal(N_SAMPLES, N_UNITS, scale=1e4),
            name,
        )
        for name in CURVES
    },
    "activated by tanh, fits last": lambda d: (
        fits_last(d.normal(N_SAMPLES, N_UNITS)),
        "tanh",
    ),
    "dropout_mask": lambda d: (d.positive(1), N_SAMPLES, N_UNITS, 2**40 + 1, 5, 1),
    "dropout_mask of whole blocks": lambda d: (d.positive(1), 8, 33, 3, 2**33, 0),
    **{
        f"newest_to_oldest after {n_steps}": lambda d, n_steps=n_steps: (
            d.normal(N_PARAMS),
            d.normal(4, N_PARAMS),
            d.normal(4, N_PARAMS),
            zeros_too(d.positive(4)),
            n_steps,
        )
        for n_steps in (0, 1, 3, 4, 10)
    },
    **{
        f"oldest_to_newest after {n_steps}": lambda d, n_steps=n_steps: (
            d.normal(N_PARAMS),
            d.normal(4),
            d.normal(4, N_PARAMS),
            d.normal(4, N_PARAMS),
            zeros_too(d.positive(4)),
            n_steps,
        )
        for n_steps in (0, 1, 3, 4, 10)
    },
    "linear_pass": lambda d: of_linear_models(d, LogLoss(), "labels"),
    "linear_pass without intercepts": lambda d: of_linear_models(d, LogLoss(), "labels", False),
    "linear_pass with weights of each fit": lambda d: (
        *of_linear_models(d, SquaredError(), "numbers")[:3],
        d.positive(N_SAMPLES),
        *of_linear_models(d, SquaredError(), "numbers")[4:],
    ),
    "linear_pass with weights of all fits": lambda d: (
        *of_linear_models(d, SquaredError(), "numbers")[:3],
        d.positive(N_SAMPLES)[:1],
        *of_linear_models(d, SquaredError(), "numbers")[4:],
    ),
    "linear_pass with losses of each fit": lambda d: of_linear_models(
        d, Huber(np.linspace(0.3, 1.1, d.n_fits)[:, None, None]), "numbers"
    ),
    "linear_pass for values": lambda d: of_linear_models(
        d, LogLoss(), "labels", needs_gradient=False
    ),
    "linear_pass over many rows": lambda d: of_linear_models(
        d, LogLoss(), "labels", n_samples=901, n_features=90
    ),
    "logistic_log_loss": lambda d: (
        d.normal(N_SAMPLES, N_UNITS, scale=10.0),
        d.classes(2, N_SAMPLES, N_UNITS).astype(d.dtype),
    ),
    "logistic_log_loss of many labels": lambda d: (
        d.normal(N_SAMPLES, 150),
        d.classes(2, N_SAMPLES, 150).astype(d.dtype),
    ),
    "logistic_log_loss of one output": lambda d: (
        d.normal(N_SAMPLES, 1, scale=30.0),
        d.classes(2, N_SAMPLES, 1).astype(d.dtype),
    ),
    "logistic_log_loss, fits last": lambda d: (
        fits_last(d.normal(N_SAMPLES, 1, scale=3.0)),
        d.classes(2, N_SAMPLES, 1).astype(d.dtype),
    ),
    "logistic_log_loss of labels, fits last": lambda d: (
        fits_last(d.normal(N_SAMPLES, N_UNITS)),
        d.classes(2, N_SAMPLES, N_UNITS).astype(d.dtype),
    ),
    "softmax_log_loss, fits last": lambda d: (
        fits_last(d.normal(N_SAMPLES, N_UNITS)),
        d.classes(N_UNITS, N_SAMPLES),
    ),
    "softmax_log_loss": lambda d: (
        d.normal(N_SAMPLES, N_UNITS),
        d.classes(N_UNITS, N_SAMPLES),
    ),
    "softmax_log_loss of many rows": lambda d: (
        d.normal(150, 3),
        d.classes(3, 150),
    ),
    "softmax_log_loss far": lambda d: (  # exp overflows unless the largest is taken off
        d.normal(N_SAMPLES, N_UNITS, scale=500.0),
        d.classes(N_UNITS, N_SAMPLES),
    ),
}
