"""What is drawn from, as Optuna has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from skopt_suite.integrations._needed import needed

_PLAIN = str, int, float, bool, type(None)
"""What Optuna can store."""


def optuna_distributions(space: Mapping[str, Any]) -> dict[str, Any]:
    """Return distributions of Optuna for those of `scipy.stats`.

    They are for tools of Optuna's own, such as ``optuna.integration.OptunaSearchCV``;
    `FusedOptunaSearchCV` takes both.

    Parameters
    ----------
    space : dict of str to distribution
        What `skopt_suite.model_selection.search_space` returns, or any other frozen ``uniform``,
        ``loguniform`` and ``randint`` of `scipy.stats`, lists of values, and distributions of
        Optuna, which stay as they are.

    Returns
    -------
    distributions : dict of str to optuna.distributions.BaseDistribution
        The same, in the same order.

    See Also
    --------
    FusedOptunaSearchCV : Takes distributions of both.
    skopt_suite.model_selection.search_space : What components are worth searching.

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.integrations import optuna_distributions
    >>> from skopt_suite.model_selection import search_space
    >>> for name, one in optuna_distributions(search_space(MLPClassifier())).items():
    ...     print(name, one)
    penalty__alpha FloatDistribution(high=1.0, log=True, low=1e-06, step=None)
    optimizer__learning_rate FloatDistribution(high=0.1, log=True, low=0.0001, step=None)
    optimizer__weight_decay FloatDistribution(high=1.0, log=True, low=0.0001, step=None)
    dropout FloatDistribution(high=0.5, log=False, low=0.0, step=None)
    """
    module = needed("optuna", "optuna_distributions", "optuna").distributions
    return {name: _converted(module, name, one) for name, one in space.items()}


def _converted(module: Any, name: str, given: Any) -> Any:
    if isinstance(given, module.BaseDistribution):
        return given
    kind = getattr(getattr(given, "dist", None), "name", "")
    if kind == "randint":
        return module.IntDistribution(*(int(end) for end in given.support()))
    if kind in ("uniform", "loguniform", "reciprocal"):
        low, high = (float(end) for end in given.support())
        return module.FloatDistribution(low, high, log=kind != "uniform")
    if hasattr(given, "__len__") and not isinstance(given, str):
        return module.CategoricalDistribution(list(given))
    raise TypeError(
        f"{name!r}: got {given!r} of type {type(given).__name__}; accepted are lists of values, "
        "frozen uniform, loguniform and randint of scipy.stats, and Optuna's distributions"
    )


class FixedSpace:
    """Parameters from distributions; components and tuples are drawn by their text.

    Optuna stores plain values only, so that a study shows ``Adam(learning_rate=0.01)`` and can be
    loaded again.
    """

    def __init__(self, space: Mapping[str, Any]) -> None:
        objects = {name: values for name, values in space.items() if _has_objects(values)}
        self._values = {name: _by_text(name, values) for name, values in objects.items()}
        texts = {name: list(values) for name, values in self._values.items()}
        self.distributions = optuna_distributions({**space, **texts})

    def ask(self, study: Any) -> tuple[Any, dict[str, Any]]:
        """Return a new trial of a study, and its parameters."""
        trial = study.ask(self.distributions)
        return trial, {name: self._value(name, drawn) for name, drawn in trial.params.items()}

    def _value(self, name: str, drawn: Any) -> Any:
        return self._values[name][drawn] if name in self._values else drawn


class DefinedSpace:
    """Parameters that a function of the user suggests, so that some depend on others."""

    def __init__(self, suggest: Callable[[Any], dict[str, Any]]) -> None:
        self._suggest = suggest

    def ask(self, study: Any) -> tuple[Any, dict[str, Any]]:
        """Return a new trial of a study, and its parameters."""
        trial = study.ask()
        return trial, self._suggest(trial)


def _has_objects(given: Any) -> bool:
    is_list = hasattr(given, "__len__") and not isinstance(given, str)
    return is_list and not all(isinstance(value, _PLAIN) for value in given)


def _by_text(name: str, values: Any) -> dict[str, Any]:
    texts = {str(value): value for value in values}
    if len(texts) < len(values):
        raise ValueError(
            f"{name!r}: values must differ in their text, by which Optuna stores them; got "
            f"{list(values)!r}"
        )
    return texts
