"""From parameters to estimators that can be trained together, or not."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import joblib
from sklearn.base import clone

from skopt_suite.backends import paused_collection
from skopt_suite.estimators._fused import pass_key_of, plan_of, reason_to_train_alone
from skopt_suite.estimators._members import trained_part, trains_members
from skopt_suite.model_selection._engine.levels import (
    fits_once,
    innermost,
    innermost_name,
    innermost_params,
    unknown_wrapper,
)
from skopt_suite.training import Plan

_IMMUTABLE = (int, float, str, type(None))


@dataclass(frozen=True)
class Candidate:
    """One setting of a search, the same for all folds."""

    index: int
    params: dict[str, Any]
    estimator: Any
    """The search's estimator with the setting, not fitted."""
    reason: str
    """Why it cannot be fused; empty if it can."""
    preprocessing: Hashable
    """What candidates share that share all that is around the model."""
    plan: Any = None
    """What its parameters say, as a `Plan`; None if it cannot be fused."""
    pass_key: Hashable = None
    """What candidates share that can be trained in one pass."""
    weighting: str = ""
    """What candidates share that weigh classes alike."""
    pass_number: int | None = None
    """Of the pass that it shares with others; None: it is trained alone."""
    error: Exception | None = None
    """Why it cannot be trained at all."""

    @property
    def is_fusable(self) -> bool:
        """Whether it is trained in a pass, be it the only one there."""
        return self.pass_key is not None

    @property
    def shared(self) -> Hashable:
        """What the candidates of a pass share."""
        return self.preprocessing, self.pass_key

    @property
    def model(self) -> Any:
        """The estimator itself, or what Pipelines and other wrappers are around."""
        return innermost(self.estimator)

    @property
    def is_ensemble(self) -> bool:
        """Whether what is trained are members of an ensemble."""
        return trains_members(self.model)

    @property
    def trained_model(self) -> Any:
        """What a pass trains: the model, or the member of an ensemble."""
        return trained_part(self.model)


@paused_collection()
def make_candidates(
    estimator: Any,
    params: list[dict[str, Any]],
    fit_params: dict[str, Any],
    seed: Callable[[], int],
    first_number: int,
) -> list[Candidate]:
    """Return the candidates of a round; those without a ``random_state`` get the same seed.

    Passes that at least two share are numbered from `first_number` on, in the order of their first
    candidates.
    """
    candidates = [
        _make_candidate(index, estimator, setting, fit_params, seed)
        for index, setting in enumerate(params)
    ]
    sizes = Counter(one.shared for one in candidates if one.is_fusable)
    numbers: dict[Hashable, int] = defaultdict(count(first_number).__next__)
    return [
        replace(one, pass_number=numbers[one.shared]) if sizes[one.shared] > 1 else one
        for one in candidates
    ]


def _make_candidate(
    index: int,
    base: Any,
    setting: dict[str, Any],
    fit_params: dict[str, Any],
    seed: Callable[[], int],
) -> Candidate:
    estimator = clone(base).set_params(**_cloned(setting))
    preprocessing = _preprocessing(estimator, setting)
    reason = _reason_to_train_alone(estimator, fit_params)
    if reason:
        return Candidate(index, setting, estimator, reason, preprocessing)
    model = innermost(estimator)
    part = trained_part(model)
    try:
        plan = _plan_of(model, seed)
    except Exception as error:
        reason = "its parameters are not accepted"
        return Candidate(index, setting, estimator, reason, preprocessing, error=error)
    weighting = _weighting(part)
    # A pass has one set of held-out rows, which carry class weights.
    held_out = weighting if plan.early_stopping else None
    draws = _draws(model, plan) if trains_members(model) else None
    key = pass_key_of(part, plan), held_out, draws
    return Candidate(index, setting, estimator, "", preprocessing, plan, key, weighting)


def shared_with(candidate: Candidate, setting: dict[str, Any]) -> Hashable:
    """Return what a candidate would share with those of its pass if it had another setting."""
    changed = {**candidate.params, **setting}
    return _make_candidate(candidate.index, candidate.estimator, changed, {}, int).shared


def _plan_of(model: Any, seed: Callable[[], int]) -> Plan:
    """Return what the parameters say; members get seeds from their ensemble."""
    part = trained_part(model)
    plan = plan_of(clone(part).set_params(random_state=0) if trains_members(model) else part)
    return replace(plan, seed=seed()) if model.random_state is None else plan


def _draws(ensemble: Any, plan: Plan) -> Hashable:
    """Return what ensembles share that can be trained in one pass.

    The order of rows is that of the first member, and held-out rows are those that few have drawn.
    """
    seed, draws = ensemble.random_state, ensemble.draws()
    shared = draws if plan.early_stopping else ensemble.features_seen()
    return type(ensemble), plan.seed if seed is None else hash_of(seed), shared


def _cloned(setting: dict[str, Any]) -> dict[str, Any]:
    """Return the values so that no candidate shares an object with another."""
    return {
        name: value if isinstance(value, _IMMUTABLE) else clone(value, safe=False)
        for name, value in setting.items()
    }


def _preprocessing(estimator: Any, setting: dict[str, Any]) -> Hashable:
    name = innermost_name(estimator)
    return tuple(
        (key, hash_of(value))
        for key, value in sorted(setting.items())
        if name and key != name and not key.startswith(f"{name}__")
    )


def _reason_to_train_alone(estimator: Any, fit_params: dict[str, Any]) -> str:
    model = innermost(estimator)
    is_ensemble = trains_members(model)
    if reason := model.reason_to_train_alone() if is_ensemble else reason_to_train_alone(model):
        return reason
    if is_ensemble and not fits_once(estimator):
        return f"{type(model).__name__} is fitted several times by what is around it"
    if kind := unknown_wrapper(estimator):
        return f"its {kind} is not of scikit-learn's own class"
    try:
        reaching = innermost_params(estimator, fit_params)
    except Exception:  # the ordinary way says what is wrong with them
        return f"fit parameters {sorted(fit_params)} do not reach it"
    others = sorted(set(reaching) - {"sample_weight"})
    return f"fit parameters {others} are not weights of samples" if others else ""


def _weighting(model: Any) -> str:
    class_weight = getattr(model, "class_weight", None)
    return "" if class_weight is None else hash_of(class_weight)


def hash_of(value: Any) -> str:
    """Return a text that is the same for equal values; where they have no hash, for the same one.

    Parameters
    ----------
    value : object
        What to compare; without a hash it has to live as long as the text is used.
    """
    try:
        return joblib.hash(value)
    except Exception:  # what cannot be pickled, such as a lambda
        return f"object {id(value)}"
