"""The only training loop: plan, objective, batches, stopping, loop → result."""

from skopt_suite.training._batches import Data, Rows
from skopt_suite.training._checks import check_job, takes_sparse
from skopt_suite.training._footprint import bytes_per_fit
from skopt_suite.training._job import Checkpoint, Job, Memory, Result
from skopt_suite.training._loop import Cancelled, Keep, Observer, Report, train
from skopt_suite.training._plan import Plan

__all__ = [
    "Cancelled",
    "Checkpoint",
    "Data",
    "Job",
    "Keep",
    "Memory",
    "Observer",
    "Plan",
    "Report",
    "Result",
    "Rows",
    "bytes_per_fit",
    "check_job",
    "takes_sparse",
    "train",
]
