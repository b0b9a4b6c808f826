"""What is worth searching, as the components of an estimator declare it."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from skopt_suite.estimators._fused import is_trainable, other_sizes, search_ranges
from skopt_suite.model_selection._engine.levels import innermost, innermost_name

_COMPONENTS = ("loss", "penalty", "optimizer", "schedule")
_SIZES, _AS_MANY = "hidden_layer_sizes", 8


def search_space(estimator: BaseEstimator) -> dict[str, Any]:
    """Return the distributions that a random search of an estimator should draw from.

    Every component declares which of its parameters are worth searching, and in what range: the
    learning rate of the optimizer, the strength of the penalty, the main parameter of the schedule,
    the scale of the loss. The estimator says which components there are; which values they have
    does not matter. Only numbers are searched, so a fused search trains all candidates in one pass.

    ``optimizer="auto"`` is chosen at fit and has no parameters to set: name an optimizer to search
    its learning rate. Dropout is searched where it is not 0, with the same rate for all layers.
    Ranges suit features, and targets of regressors, of about unit scale.

    Parameters
    ----------
    estimator : estimator object
        An estimator of skopt_suite, or one in Pipelines and other wrappers that fused searches
        see through, such as ``TransformedTargetRegressor``.

    Returns
    -------
    space : dict of str to distribution
        Names of parameters, as ``estimator.set_params`` takes them, and frozen distributions of
        `scipy.stats`. It is yours to change before you pass it to a search.

    Raises
    ------
    TypeError
        If the estimator is not one of skopt_suite.
    ValueError
        If there is nothing to search, or a parameter of the estimator is not what is accepted.

    See Also
    --------
    FusedRandomizedSearchCV : Draws candidates from it.
    FusedHalvingRandomSearchCV : Does so, and ends the worse ones early.
    skopt_suite.integrations.optuna_distributions : The same for tools of Optuna.

    Examples
    --------
    >>> from scipy.stats import loguniform
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.model_selection import search_space
    >>> space = search_space(MLPClassifier(penalty="elastic_net", schedule="exponential"))
    >>> for name, distribution in space.items():
    ...     print(name, distribution.dist.name, *distribution.support())
    penalty__alpha loguniform 1e-05 0.1
    penalty__l1_ratio uniform 0.0 1.0
    optimizer__learning_rate loguniform 0.0001 0.1
    optimizer__weight_decay loguniform 0.0001 1
    schedule__gamma uniform 0.9 1.0
    dropout uniform 0.0 0.5

    Change what you know better, and pass it to any search:

    >>> pipe = make_pipeline(StandardScaler(), MLPClassifier())
    >>> space = search_space(pipe)
    >>> space["mlpclassifier__penalty__alpha"] = loguniform(1e-2, 10)
    >>> from sklearn.model_selection import RandomizedSearchCV
    >>> search = RandomizedSearchCV(pipe, space, n_iter=20)
    """
    model, prefix = innermost(estimator), innermost_name(estimator)
    if not is_trainable(model):
        raise TypeError(
            "search_space: estimator must be one of skopt_suite, or a Pipeline whose last step is "
            "(or another wrapper around one), because only those declare what is worth searching; "
            f"got {model!r} of type "
            f"{type(model).__name__}. Give the search a dict of its parameters' distributions."
        )
    ranges = search_ranges(model)
    if not ranges:
        raise ValueError(_nothing_to_search(model))
    return {
        f"{prefix}__{name}" if prefix else name: search.distribution()
        for name, search in ranges.items()
    }


def with_other_sizes(
    candidates: list[dict[str, Any]], estimator: BaseEstimator, random_state: Any
) -> list[dict[str, Any]]:
    """Return candidates of which some have hidden layers of another size than the estimator.

    The first few have its own. After those, as many at a time share a size, and so a pass.
    """
    prefix, sizes = innermost_name(estimator), other_sizes(innermost(estimator))
    if not sizes:
        return candidates
    name, rng = f"{prefix}__{_SIZES}" if prefix else _SIZES, check_random_state(random_state)
    n_groups = -(-len(candidates) // _AS_MANY) - 1
    drawn = [{name: sizes[k]} for k in rng.randint(len(sizes), size=n_groups)]
    groups: list[dict[str, Any]] = [{}, *drawn]
    return [one | groups[k // _AS_MANY] for k, one in enumerate(candidates)]


def _nothing_to_search(model: Any) -> str:
    components = ", ".join(f"{name}={getattr(model, name)!r}" for name in _COMPONENTS)
    return (
        f"{type(model).__name__}: nothing to search, because {components} declare no range. Choose "
        "a penalty or an optimizer that does, such as 'l2' or 'adam', or give the search a dict of "
        "distributions."
    )
