"""Files that what was killed goes on from: arrays and plain data, whole or not there at all."""

from skopt_suite.checkpoints._checkpoint import Checkpoint, PartOfAnother, checkpoint_of
from skopt_suite.checkpoints._described import described, described_data, hashed
from skopt_suite.checkpoints._files import Damaged, read, write
from skopt_suite.checkpoints._folder import Folder
from skopt_suite.checkpoints._manifest import Manifest

__all__ = [
    "Checkpoint",
    "Damaged",
    "Folder",
    "Manifest",
    "PartOfAnother",
    "checkpoint_of",
    "described",
    "described_data",
    "hashed",
    "read",
    "write",
]
