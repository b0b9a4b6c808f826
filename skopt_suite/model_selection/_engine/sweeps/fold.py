"""One fold of rows that are read chunk by chunk."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from skopt_suite.backends import shared_blas_threads
from skopt_suite.estimators._fused import SeenRows, see_swept
from skopt_suite.model_selection._engine.fold import Task, begin, refused, watched
from skopt_suite.model_selection._engine.levels import Leaf
from skopt_suite.model_selection._engine.outcome import Outcome
from skopt_suite.model_selection._engine.passes import Viewer
from skopt_suite.model_selection._engine.private_sklearn import check_method_params
from skopt_suite.model_selection._engine.scoring import Fold, Part
from skopt_suite.model_selection._engine.settings import Settings
from skopt_suite.model_selection._engine.sweeps.given import GivenChunks
from skopt_suite.model_selection._engine.sweeps.reads import OfFold
from skopt_suite.model_selection._engine.wrappers import Rows


class ChunkViewer(Viewer):
    """Checks the rows of a fold for models, once for all that see them alike.

    Parameters
    ----------
    chunks : GivenChunks
        All rows.
    reader : OfFold
        What the fold reads from.
    rows : Rows
        Those to train on.
    """

    def __init__(self, chunks: GivenChunks, reader: OfFold, rows: Rows) -> None:
        super().__init__(rows.X, rows.y, rows.fit_params.get("sample_weight"))
        self._chunks, self._reader = chunks, reader

    def see(self, model: Any) -> SeenRows:
        """Return the rows as `model` sees them; raise what is wrong with them."""
        self._reader.begin_stage()
        return super().see(model)

    def _look(self, model: Any) -> SeenRows | Exception:
        X, y, weight = self.given
        rows = replace(self._chunks.seen_by(model), X=X, y=y, weight=weight)
        try:
            return see_swept(model, rows)
        except Exception as error:
            return error


class ChunkFold:
    """A fold: the tasks on it, which are done one after the other.

    Parameters
    ----------
    chunks : GivenChunks
        All rows.
    reader : OfFold
        What the fold reads from.
    masks : tuple of ndarray
        Which rows are trained on and which are scored, (n_samples,) each.
    settings : Settings
        Of the search.
    """

    def __init__(
        self,
        chunks: GivenChunks,
        reader: OfFold,
        masks: tuple[np.ndarray, np.ndarray],
        settings: Settings,
    ) -> None:
        self._settings, self._y = settings, chunks.y
        self._X = replace(chunks.X, reader=reader, _last={})
        train, test = masks
        self._given = Rows(*self._rows(train), self._of(settings.fit_params, train))
        self._viewer = ChunkViewer(chunks, reader, self._given)
        scored = [test, train] if settings.return_train_score else [test]
        parts = [self._part(mask) for mask in scored]
        self._fold = Fold(Leaf(self._given), parts, 0.0, settings)

    def outcomes(self, task: Task) -> list[Outcome]:
        """Train and score the candidates of a task."""
        settings, (group,) = self._settings, task.groups
        settings.cancellation.check()
        with shared_blas_threads(settings.n_workers):
            if not group.is_fusable:
                return refused(task, _error(group.candidates[0]), self._given, settings)
            begin(task, settings)
            return watched(group, [self._viewer], task, self._given, self._fold)

    def _rows(self, mask: np.ndarray) -> tuple[Any, np.ndarray]:
        return self._X.taken(mask), self._y[mask]

    def _part(self, mask: np.ndarray) -> Part:
        X, y = self._rows(mask)
        return Part(X, y, X, self._of(self._settings.score_params, mask))

    def _of(self, params: dict[str, Any], mask: np.ndarray) -> dict[str, Any]:
        return check_method_params(self._X, params=params, indices=mask)


def _error(candidate: Any) -> Exception:
    """Return why a candidate is not trained."""
    return candidate.error or TypeError(
        f"{type(candidate.model).__name__}: X is read in chunks, and so it is trained in a pass or "
        f"not at all: {candidate.reason}."
    )
