"""Displays; matplotlib is imported only here, and only when something is drawn."""

from skopt_suite.plotting._loss_curve import LossCurveDisplay

__all__ = ["LossCurveDisplay"]
