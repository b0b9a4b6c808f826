"""The only training loop: plan, objective, batches, stopping, loop → result."""

from skopt_suite.training._batches import Data, Rows
from skopt_suite.training._checks import check_job, takes_sparse
from skopt_suite.training._job import Job, Memory, Result
from skopt_suite.training._loop import Observer, Report, train

__all__ = [
    "Data",
    "Job",
    "Memory",
    "Observer",
    "Report",
    "Result",
    "Rows",
    "check_job",
    "takes_sparse",
    "train",
]
