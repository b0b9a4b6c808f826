"""The only training loop: plan, rows, objective, epoch, stopping, loop → result."""

from skopt_suite.training._checks import able_optimizers, check_job, choice
from skopt_suite.training._cluster import ClusterRows, ClusterTargets, is_on_cluster
from skopt_suite.training._compiled import kind_of_steps
from skopt_suite.training._data_of import data_of, share_moments
from skopt_suite.training._distinct import targets_for_baseline
from skopt_suite.training._epoch import Cancelled
from skopt_suite.training._footprint import bytes_per_fit
from skopt_suite.training._job import Job
from skopt_suite.training._kept import Keeper, from_result, to_result
from skopt_suite.training._linear_view import has_cheap_spectrum
from skopt_suite.training._loop import Keep, train
from skopt_suite.training._memory import Memory, Paused
from skopt_suite.training._observer import Observer, Report
from skopt_suite.training._part import Partition, Recipe
from skopt_suite.training._plan import AUTO_STRENGTH, Plan
from skopt_suite.training._result import Result
from skopt_suite.training._rows import Data, Rows, Scorer
from skopt_suite.training._rows_read import RowsRead, counted_rows, tell_rows, watched_rows
from skopt_suite.training._scaling import Scaling
from skopt_suite.training._shared_moments import Parts, SharedMoments
from skopt_suite.training._standardization import Standardization, are_alike
from skopt_suite.training._strongest import strongest_alpha, with_alpha
from skopt_suite.training._trees import pack
from skopt_suite.training._validation import explained

__all__ = [
    "AUTO_STRENGTH",
    "Cancelled",
    "ClusterRows",
    "ClusterTargets",
    "Data",
    "Job",
    "Keep",
    "Keeper",
    "Memory",
    "Observer",
    "Partition",
    "Parts",
    "Paused",
    "Plan",
    "Recipe",
    "Report",
    "Result",
    "Rows",
    "RowsRead",
    "Scaling",
    "Scorer",
    "SharedMoments",
    "Standardization",
    "able_optimizers",
    "counted_rows",
    "tell_rows",
    "watched_rows",
    "are_alike",
    "bytes_per_fit",
    "check_job",
    "choice",
    "data_of",
    "explained",
    "from_result",
    "has_cheap_spectrum",
    "is_on_cluster",
    "kind_of_steps",
    "pack",
    "share_moments",
    "strongest_alpha",
    "targets_for_baseline",
    "to_result",
    "train",
    "with_alpha",
]
