"""A range of steps of linear models on sparse rows by AdaGrad, in proportion to what is not zero.

Without a gradient neither a weight nor the length of its steps changes, so what L1 takes from it
meanwhile is made up for later: see `_waiting`.
"""

from __future__ import annotations

from skopt_suite.backends.kernels._numba._jit import jit_inlined, jit_inner_views, jit_views
from skopt_suite.backends.kernels._numba._linear_epoch import add_products, learn
from skopt_suite.backends.kernels._numba._scaled_rules import scaled
from skopt_suite.backends.kernels._numba._sparse_epoch import sum_of_rows
from skopt_suite.backends.kernels._numba._types import matrix_of
from skopt_suite.backends.kernels._numba._waiting import begin, note, pay_rows, see_all, see_rows


@jit_views
def run_adagrad(fits, rows, network, how, space, waiting, start, stop):
    """Make the steps from `start` to `stop` of an epoch."""
    n_out = network.layers[0, 1]
    space.gradient[:] = 0
    for k in range(fits.params.shape[0]):
        begin(waiting)
        for step in range(start, stop):
            first, rate = step * how.batch_size, fits.rates[k, step]
            size = min(how.batch_size, rows.y.shape[0] - first)
            z = matrix_of(space.outputs, 0, size, n_out)
            see_rows(fits, rows, how, waiting, k, first, size, n_out, step - start)
            learn(fits, rows, network, how, space, k, first, z, 1.0)
            add_products(space.gradient, rows, first, z, 1.0)
            sum_of_rows(space.gradient, z, network.layers[0, 3])
            _move(fits, rows, how, space, k, first, size, n_out, rate)
            pay_rows(fits, rows, how, waiting, k, first, size, n_out, step - start, rate)
            note(waiting, step - start, rate, 1.0)
        see_all(fits, how, waiting, k, n_out, stop - start)
        fits.n_steps[k, 0] += stop - start


@jit_inlined
def _move(fits, rows, how, space, k, first, size, n_out, rate):
    """Move the weights of all values of rows, and biases."""
    params, gradient, total = fits.params[k], space.gradient, fits.moments[k, 0]
    step, eps = params.dtype.type(rate), params.dtype.type(fits.numbers[k, 0, 0])
    for i in range(first, first + size):
        row = rows.order[i]
        for position in range(rows.indptr[row], rows.indptr[row + 1]):
            at = rows.indices[position] * n_out
            _move_some(params, gradient, total, step, eps, at, at + n_out)
    _move_some(params, gradient, total, step, eps, how.n_weights, params.size)


@jit_inner_views
def _move_some(params, gradient, total, step, eps, begin, end):
    """Move parameters, whose gradient is 0 from then on: they move once."""
    for at in range(begin, end):
        params[at] -= step * scaled(gradient[at], total, at, eps)
        gradient[at] = 0
