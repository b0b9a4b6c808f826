"""Rows on the workers of a cluster of dask: who has them, and what is asked of whom."""

from skopt_suite.cluster._collections import (
    client_for,
    known_lengths,
    mapped_partitions,
    said_of_partitions,
)
from skopt_suite.cluster._crew import Crew
from skopt_suite.cluster._held import Held, same
from skopt_suite.cluster._lazily import lazily

__all__ = [
    "Crew",
    "Held",
    "client_for",
    "known_lengths",
    "lazily",
    "mapped_partitions",
    "said_of_partitions",
    "same",
]
