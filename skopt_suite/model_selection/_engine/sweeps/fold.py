"""One fold of rows that are read chunk by chunk."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from skopt_suite.backends import shared_blas_threads
from skopt_suite.estimators._fused import SeenRows, see_swept
from skopt_suite.model_selection._engine.fold import Group, Task, begin, refused, watched
from skopt_suite.model_selection._engine.levels import Leaf
from skopt_suite.model_selection._engine.outcome import Outcome
from skopt_suite.model_selection._engine.passes import Viewer
from skopt_suite.model_selection._engine.private_sklearn import check_method_params
from skopt_suite.model_selection._engine.progress import NoBar
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
    X : object
        Those to train on.
    mask : ndarray of shape (n_samples,)
        Which of all these are.
    weight : ndarray or None
        Their weights.
    """

    def __init__(
        self, chunks: GivenChunks, reader: OfFold, X: Any, mask: np.ndarray, weight: Any
    ) -> None:
        super().__init__(X, None, weight)  # targets are kept as models see them only
        self._chunks, self._reader, self._mask = chunks, reader, mask

    def see(self, model: Any) -> SeenRows:
        """Return the rows as `model` sees them; raise what is wrong with them."""
        self._reader.begin_stage()
        return super().see(model)

    def _look(self, model: Any) -> SeenRows | Exception:
        (X, _, weight), y = self.given, self._chunks.y[self._mask]
        try:
            rows = self._chunks.seen_by(model)
            return see_swept(model, replace(rows, X=X, y=y, weight=weight))
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
        self._train, test = masks
        X, params = self._X.some(self._train), self._of(settings.fit_params, self._train)
        self._given = Rows(X, None, params)
        weight = params.get("sample_weight")
        self._viewer = ChunkViewer(chunks, reader, X, self._train, weight)
        scored = [test, self._train] if settings.return_train_score else [test]
        self._fold = Fold(Leaf(self._given), [self._part(mask) for mask in scored], 0.0, settings)

    def outcomes(self, task: Task) -> list[Outcome]:
        """Train and score the candidates of a task."""
        settings, (group,) = self._settings, task.groups
        settings.cancellation.check()
        with shared_blas_threads(settings.n_workers):
            given = self._told(group)
            if not group.is_fusable:
                return refused(task, _error(group.candidates[0]), given, settings)
            begin(task, settings)
            return watched(group, [self._viewer], task, given, self._fold)

    def _told(self, group: Group) -> Rows:
        """Return what callbacks are told of, if there are any."""
        is_told = not isinstance(group.bar, NoBar)
        return self._given._replace(y=self._y[self._train]) if is_told else self._given

    def _part(self, mask: np.ndarray) -> Part:
        X = self._X.some(mask)
        return Part(X, self._y[mask], X, self._of(self._settings.score_params, mask))

    def _of(self, params: dict[str, Any], mask: np.ndarray) -> dict[str, Any]:
        return check_method_params(self._X, params=params, indices=mask)


def _error(candidate: Any) -> Exception:
    """Return why a candidate is not trained."""
    return candidate.error or TypeError(
        f"{type(candidate.model).__name__}: X is read in chunks, and so it is trained in a pass or "
        f"not at all: {candidate.reason}."
    )
