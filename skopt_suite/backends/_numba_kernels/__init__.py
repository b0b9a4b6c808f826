"""Fused CPU kernels, by the name of their definition.

They are serial (parallelism comes from BLAS and from threads over fits) and overwrite their
arguments. NaN and infinity come through as in the definition, so comparisons are written such that
NaN is kept. Scalars per fit come as arrays of shape (n_fits, 1).
"""

from __future__ import annotations

from collections.abc import Callable

from skopt_suite.backends._numba_kernels._layers import (
    add_bias,
    run_backward,
    run_forward,
    unbend,
)
from skopt_suite.backends._numba_kernels._losses import (
    logistic_log_loss,
    softmax_log_loss,
)
from skopt_suite.backends._numba_kernels._products import (
    averaged,
    summed_over_samples,
    wide_product,
    wide_product_transposed,
)
from skopt_suite.backends._numba_kernels._updates import (
    adam_update,
    add_scaled,
    descend,
    momentum_update,
    nesterov_update,
    newest_to_oldest,
    oldest_to_newest,
    soft_threshold,
)

FUSED: dict[str, Callable] = {
    function.__name__: function
    for function in (
        descend,
        momentum_update,
        nesterov_update,
        adam_update,
        add_scaled,
        soft_threshold,
        run_forward,
        run_backward,
        wide_product,
        wide_product_transposed,
        summed_over_samples,
        averaged,
        add_bias,
        unbend,
        newest_to_oldest,
        oldest_to_newest,
        softmax_log_loss,
        logistic_log_loss,
    )
}
