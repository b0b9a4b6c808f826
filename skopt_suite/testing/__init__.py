"""Checks that users run on components of their own."""

from skopt_suite.testing._loss import check_loss
from skopt_suite.testing._optimizer import check_optimizer
from skopt_suite.testing._penalty import check_penalty
from skopt_suite.testing._schedule import check_schedule

__all__ = ["check_loss", "check_optimizer", "check_penalty", "check_schedule"]
