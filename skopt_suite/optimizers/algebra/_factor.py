"""Cholesky factors of Hessians that may be singular."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotrs

from skopt_suite.backends import Array

_LEAST_PIVOT = 1e-13  # of a matrix with a diagonal of 1: below, it counts as singular
_DAMPING = (1e-10, 1e-8, 1e-5, 1e-2, 1e2)  # of the diagonal, one after the other


class Factor(NamedTuple):
    """Of a symmetric matrix that is scaled to a diagonal of 1."""

    scale: Array
    lower: Array

    @classmethod
    def of(cls, matrix: Array) -> Factor:
        """Return that of a matrix, or of one with a larger diagonal where it is singular.

        Rounding in directions without curvature stays small then, and steps in others hardly
        change.
        """
        diagonal = np.diagonal(matrix)
        scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
        scaled = matrix * scale * scale[:, None]
        lower, failed = dpotrf(scaled, lower=1, clean=0)
        is_singular = failed or np.diagonal(lower).min() ** 2 < _LEAST_PIVOT
        for damping in _DAMPING if is_singular else ():
            damped = scaled.copy()
            damped.flat[:: len(scaled) + 1] += damping
            lower, failed = dpotrf(damped, lower=1, clean=0, overwrite_a=1)
            if not failed:
                break
        return cls(scale, lower)

    def solve(self, values: Array) -> Array:
        """Return the inverse of the matrix times values, (n,)."""
        return dpotrs(self.lower, values * self.scale, lower=1)[0] * self.scale
