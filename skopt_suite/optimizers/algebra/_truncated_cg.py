"""Conjugate gradients for Newton's direction, for all fits of a stack at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from skopt_suite.backends import Array, PerFit
from skopt_suite.optimizers.algebra._design import Design, Hessian, dot


class System(NamedTuple):
    """``(Xᵀ H X + α) direction = -gradient`` of every fit."""

    design: Design
    hessian: Hessian
    ridge: Array  # (n_fits, n_columns, n_outputs)
    inverse: Array  # of about the diagonal, in that shape

    @classmethod
    def of(cls, design: Design, hessian: Hessian, ridge: Array) -> System:
        """Return it with a diagonal from the variances of columns and the mean curvature."""
        curvature = hessian.diagonal
        if hessian.root is not None:
            curvature = curvature - hessian.root**2
        diagonal = design.squares(Hessian(curvature).sums()) + ridge
        return cls(design, hessian, ridge, 1 / np.where(diagonal > 0, diagonal, 1.0))

    def times(self, coef: Array) -> Array:
        """Return the product of the matrix with coefficients."""
        product = self.hessian.times(self.design.times(coef))
        return self.design.transposed(product) + self.ridge * coef

    def take(self, index: np.ndarray) -> System:
        """Return that of the fits that `index` names."""
        design, hessian = self.design.take(index), self.hessian.take(index)
        return System(design, hessian, self.ridge[index], self.inverse[index])


class Solved(NamedTuple):
    """What conjugate gradients found."""

    direction: Array
    fall: PerFit
    """What the quadratic model falls by along it."""
    rest: PerFit
    """About how much further it falls."""


class Search(NamedTuple):
    """Where fits are that are not done."""

    direction: Array
    residual: Array
    conjugate: Array
    square: PerFit  # of the residual, in the inverse of the diagonal
    fall: PerFit
    gained: PerFit  # in the last iteration


def truncated_cg(system: System, gradient: Array, forcing: PerFit, most: int) -> Solved:
    """Return the direction that leads to the minimum of the quadratic model, or near it.

    A fit is done after j iterations if j more, as good as the last, would lower the model by less
    than `forcing` times what it fell by (S. Nash and A. Sofer, "Assessing a search direction within
    a truncated-Newton method", Operations Research Letters 9, 1990).

    Parameters
    ----------
    system : System
        Its matrix.
    gradient : array of shape (n_fits, n_columns, n_outputs)
        Where the model begins.
    forcing : array of shape (n_fits,)
        How exact directions are to be.
    most : int
        Iterations at most.
    """
    conjugate = -system.inverse * gradient
    square, zero = -dot(conjugate, gradient), np.zeros(len(gradient))
    search = Search(np.zeros_like(gradient), -gradient, conjugate, square, zero, zero)
    found = Solved(np.zeros_like(gradient), zero.copy(), zero.copy())
    left = np.arange(len(gradient))
    for j in range(1, most + 1):
        search, gained = advance(system, search)
        rest = j * gained
        is_done = ~(rest > forcing[left] * search.fall) | (j == most)
        if not is_done.any():
            continue
        done = left[is_done]
        found.direction[done], found.fall[done] = search.direction[is_done], search.fall[is_done]
        found.rest[done] = rest[is_done]
        if is_done.all():
            break
        keep = np.flatnonzero(~is_done)
        left, system = left[keep], system.take(keep)
        search = Search(*(part[keep] for part in search))
    return found


def advance(system: System, search: Search) -> tuple[Search, PerFit]:
    """Return where one iteration leads, and by how much the model falls in it or the one before.

    The larger of the two tells how much more it falls: where the largest eigenvalue is far above
    the others, some iterations do no more than find it again.
    """
    product = system.times(search.conjugate)
    along = dot(search.conjugate, product)
    is_curved = along > 0
    length = np.where(is_curved, search.square / np.where(is_curved, along, 1.0), 0.0)
    direction = search.direction + _per_fit(length) * search.conjugate
    residual = search.residual - _per_fit(length) * product
    ahead = system.inverse * residual
    square = dot(ahead, residual)
    ratio = square / np.where(search.square > 0, search.square, 1.0)
    conjugate = ahead + _per_fit(ratio) * search.conjugate
    gained = length * search.square / 2
    fall = search.fall + gained
    new = Search(direction, residual, conjugate, square, fall, gained)
    return new, np.maximum(gained, search.gained)


def _per_fit(values: PerFit) -> Array:
    return values[:, None, None]
