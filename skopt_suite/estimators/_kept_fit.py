"""The checkpoint of a fit: which fit it is of, and the seed that it has drawn."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from skopt_suite.checkpoints import (
    Checkpoint,
    Folder,
    Manifest,
    checkpoint_of,
    described,
    described_data,
)
from skopt_suite.training import Job, Keeper

if TYPE_CHECKING:
    from skopt_suite.estimators._base import TrainableEstimator

_SILENT = "verbose"  # a parameter that changes nothing but what is printed


class Given(NamedTuple):
    """The data that `fit` was given."""

    X: Any
    y: Any
    sample_weight: Any = None
    X_val: Any = None
    y_val: Any = None


@dataclass(frozen=True)
class KeptFit:
    """A fit that may have a checkpoint."""

    model: TrainableEstimator
    checkpoint: Checkpoint | None
    manifest: Manifest | None

    @classmethod
    def of(cls, model: TrainableEstimator, checkpoint: Any) -> Self:
        """Return it; raise if the folder can be no checkpoint's."""
        owner = type(model).__name__
        found = checkpoint_of(checkpoint, owner)
        if found is None:
            return cls(model, None, None)
        return cls(model, found, Manifest(found.folder, owner, found.starts_anew))

    @property
    def seed(self) -> int | None:
        """What it has drawn from a ``random_state`` that is no number; None: nothing yet."""
        if self.manifest is None or isinstance(self.model.random_state, Integral):
            return None
        return self.manifest.drawn.get("seed")

    def begin(self, job: Job, given: Given) -> Keeper | None:
        """Return what keeps the fit; raise if the folder is another one's."""
        if self.checkpoint is None or self.manifest is None:
            return None
        self.manifest.begin(_described(self.model, job, given), {"seed": int(job.plan.seed)})
        folder = Folder(self.checkpoint.folder)
        folder.clear()
        return Keeper(folder, "pass", self.checkpoint.every)


def _described(model: TrainableEstimator, job: Job, given: Given) -> dict[str, str]:
    """Return what has to be the same for a fit to go on."""
    from skopt_suite import __version__

    params = {name: value for name, value in model.get_params().items() if name != _SILENT}
    if not isinstance(model.random_state, Integral):
        params["random_state"] = "drawn"
    # a warm start, coef_init or intercept_init
    start = job.start, job.memory
    return {
        "version": __version__,
        "estimator": type(model).__qualname__,
        **{name: described(value) for name, value in params.items()},
        **{name: described_data(value) for name, value in given._asdict().items()},
        "start": described(start),
    }
