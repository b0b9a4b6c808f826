"""What is to be done: all that the parameters of an estimator say, whatever the data."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cached_property
from operator import is_not
from typing import Any, NamedTuple

from skopt_suite._component import content, fusion_key
from skopt_suite._hashable import hashable
from skopt_suite.losses import Loss
from skopt_suite.optimizers import Optimizer
from skopt_suite.penalties import Penalty
from skopt_suite.schedules import Schedule

_FEW_ROWS = 32  # which take hardly longer than one, in hardly more memory
_AUTO_BATCH = 200
AUTO_STRENGTH = 1e-4
"""Of penalties where the number of rows does not count, or is not known."""
_OF_THIS_PLAN = "key", "loss_content", "_settled"  # what was found, which copies may not share


class Known(NamedTuple):
    """Fusion keys of components."""

    components: tuple[Any, ...]
    keys: tuple[Hashable, ...]


@dataclass(frozen=True)
class Plan:
    """Checked specifications and numbers of one fit."""

    loss: Loss
    penalty: Penalty
    optimizer: Optimizer
    schedule: Schedule
    max_iter: int
    tol: float
    n_iter_no_change: float
    """Infinity: as many epochs as there may be."""
    batch_size: int | str
    shuffle: bool
    early_stopping: bool | str
    """"auto": it depends on the rows."""
    dropout: tuple[float, ...]
    seed: int
    input_dropout: float = 0.0
    init: str = "auto"
    """Name of what networks start from, which fits of a stack need not share."""
    scoring: Any = "loss"
    """What held-out rows are scored by."""
    matmul_precision: str = "highest"
    """Of products that steps make on a GPU."""
    chooses_optimizer: bool = False
    """Whether the optimizer stands for what suits the rows, which are not known yet."""

    known: Known | None = field(default=None, compare=False, repr=False)
    """What was found before, which copies keep."""

    def changed(self, **changes: Any) -> Plan:
        """Return a copy with other fields, as `replace` would, in a fraction of its time."""
        new = object.__new__(Plan)
        new.__dict__.update(self.__dict__)
        for name in _OF_THIS_PLAN:
            new.__dict__.pop(name, None)
        new.__dict__.update(changes)
        return new

    def settled(
        self, optimizer: Optimizer, early_stopping: bool | str, batch_size: int | str
    ) -> Plan:
        """Return the plan for some rows, the same one for all rows that ask for the same."""
        found, said = self.__dict__.get("_settled", self), (early_stopping, batch_size)
        if found.optimizer is not optimizer or (found.early_stopping, found.batch_size) != said:
            found = self.changed(
                optimizer=optimizer, early_stopping=early_stopping, batch_size=batch_size
            )
            self.__dict__["_settled"] = found
        return found

    @cached_property
    def loss_content(self) -> Hashable:
        """What plans share whose losses say the same."""
        return content(self.loss)

    @cached_property
    def key(self) -> tuple[Hashable, ...]:
        """What plans must share whose fits are to be trained in one stack."""
        return (
            *self._keys_of_components(),
            self.batch_size,
            self.shuffle,
            self.early_stopping,
            hashable(self.scoring),
            any(self.dropout),
            self.input_dropout > 0,
            self.seed,
            self.matmul_precision,
            self.chooses_optimizer,
        )

    def _keys_of_components(self) -> tuple[Hashable, ...]:
        components = (self.loss, self.penalty, self.optimizer, self.schedule)
        if self.known is None or any(map(is_not, self.known.components, components)):
            keys = tuple(map(fusion_key, components))
            object.__setattr__(self, "known", Known(components, keys))
        assert self.known is not None
        return self.known.keys

    def rows_per_step(self, n_samples: int) -> int:
        """Return how many of the rows a step sees."""
        if self.optimizer.is_full_batch:
            return n_samples
        size = _AUTO_BATCH if isinstance(self.batch_size, str) else int(self.batch_size)
        return min(size, n_samples)

    def rows_per_look(self, n_samples: int) -> int:
        """Return on how many of the rows a model is evaluated at once."""
        return min(max(self.rows_per_step(n_samples), _FEW_ROWS), n_samples)
