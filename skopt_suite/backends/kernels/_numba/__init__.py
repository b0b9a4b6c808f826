"""Fused CPU kernels, by the name of their definition.

They are serial, but for large steps of one fit (parallelism comes from BLAS and from threads over
fits), and overwrite their arguments. NaN and infinity come through as in the definition, so
comparisons are written such that NaN is kept. Scalars per fit come as arrays of shape (n_fits, 1).
"""

from __future__ import annotations

from collections.abc import Callable

from skopt_suite.backends.kernels._numba import (
    _activations,
    _blocks,
    _coordinates,
    _dropout,
    _dual,
    _interior,
    _layers,
    _linear_pass,
    _losses,
    _products,
    _rules,
    _sweeps,
    _updates,
)
from skopt_suite.backends.kernels._numba._compose import ComposedSteps, knows
from skopt_suite.backends.kernels._numba._loss_bodies import IN_BULK
from skopt_suite.backends.kernels._numba._warm_up import compile_part, parts

__all__ = ["FUSED", "IN_BULK", "ComposedSteps", "compile_part", "knows", "parts"]

FUSED: dict[str, Callable] = {
    "skopt_suite.backends._products.averaged": _products.averaged,
    "skopt_suite.backends._products.summed_over_samples": _products.summed_over_samples,
    "skopt_suite.backends._products.wide_product": _products.wide_product,
    "skopt_suite.backends._products.wide_product_transposed": _products.wide_product_transposed,
    "skopt_suite.losses._log_loss.logistic_log_loss": _losses.logistic_log_loss,
    "skopt_suite.losses._log_loss.softmax_log_loss": _losses.softmax_log_loss,
    "skopt_suite.models._dense.add_bias": _layers.add_bias,
    "skopt_suite.models._activations.activated": _activations.activated,
    "skopt_suite.models._activations.leaky_relu_backward": _layers.leaky_relu_backward,
    "skopt_suite.models._dropout.dropout_mask": _dropout.dropout_mask,
    "skopt_suite.models._fused.run_backward": _layers.run_backward,
    "skopt_suite.models._fused.run_forward": _layers.run_forward,
    "skopt_suite.optimizers.algebra._blocks.descend_by_blocks": _blocks.descend_by_blocks,
    **{
        f"skopt_suite.optimizers.algebra._coordinates.{kernel.__name__}": kernel
        for kernel in (
            _coordinates.descend_by_moments,
            _coordinates.descend_by_columns,
            _coordinates.descend_by_sparse_columns,
        )
    },
    "skopt_suite.optimizers.algebra._dual_coordinates.ascend_dual": _dual.ascend_dual,
    **{
        f"skopt_suite.optimizers.algebra._interior_rows.{kernel.__name__}": kernel
        for kernel in (
            _interior.measure,
            _interior.weigh,
            _interior.approach,
            _interior.distances,
            _interior.settle,
            _interior.predict,
            _interior.correct,
            _interior.centre,
            _interior.scale_rows,
        )
    },
    "skopt_suite.optimizers.algebra._sweeps.sweep_rows": _sweeps.sweep_rows,
    "skopt_suite.optimizers.algebra._sweeps.sweep_sparse_rows": _sweeps.sweep_sparse_rows,
    "skopt_suite.optimizers.solvers._lbfgs.newest_to_oldest": _updates.newest_to_oldest,
    "skopt_suite.optimizers.solvers._lbfgs.oldest_to_newest": _updates.oldest_to_newest,
    "skopt_suite.penalties._base.add_scaled": _updates.add_scaled,
    "skopt_suite.penalties._base.soft_threshold": _updates.soft_threshold,
    "skopt_suite.training._linear_pass.linear_pass": _linear_pass.linear_pass,
    **{name: _rules.stacked(body) for name, body in _rules.RULES.items()},
}
