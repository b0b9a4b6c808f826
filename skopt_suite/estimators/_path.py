"""A linear model for every strength of its penalty."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch, _safe_indexing

from skopt_suite.backends import free_memory, to_numpy
from skopt_suite.domains import Integer, Real
from skopt_suite.estimators._convergence import why_not_converged
from skopt_suite.estimators._linear_face import LinearFace
from skopt_suite.estimators._out_of_memory import explained_in_fits
from skopt_suite.estimators._prepare import prepare
from skopt_suite.estimators._prepared import Prepared
from skopt_suite.penalties import PENALTIES
from skopt_suite.training import Job, Result, bytes_per_fit, strongest_alpha, train, with_alpha

_OWNER = "regularization_path"
_SHARE = 4  # of the memory that is free, a stack takes one in so many


def regularization_path(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    alphas: int | Sequence[float] | np.ndarray = 100,
    eps: float = 1e-3,
    sample_weight: Any = None,
    cv: Any = None,
    scoring: Any = None,
) -> Bunch:
    """Fit a linear model for every strength of its penalty, all of them in one pass.

    What `sklearn.linear_model.lasso_path` and `enet_path` are for squared errors and L1, for every
    loss, and for every penalty that has an ``alpha``, with an intercept if the estimator has one.

    Parameters
    ----------
    estimator : LinearClassifier, LinearRegressor or Pipeline
        What to fit; it stays as it is, and the ``alpha`` of its penalty does not count. The other
        steps of a Pipeline that ends with one are fitted once.
    X : {array-like, sparse container} of shape (n_samples, n_features)
        Input.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    alphas : int or sequence of float > 0, default=100
        Strengths, or how many of them: evenly spaced on a logarithmic scale, from the largest that
        matters, α, to ``eps`` α. That is the least with which all weights are 0; where there is
        none, as of `L2`, one that makes weights about ten times smaller than no penalty does. Of
        losses with kinks it may be larger than the least.
    eps : float in (0, 1), default=1e-3
        The smallest strength by the largest if `alphas` is a number.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows; they do not count in scores.
    cv : int, cross-validation generator or iterable, default=None
        Folds on which to score the same strengths, as in
        `sklearn.model_selection.cross_validate`; None: nothing is scored.
    scoring : str or callable, default=None
        What held-out rows are scored by; None: the estimator's own ``score``.

    Returns
    -------
    path : Bunch
        In the order of strengths that fall:

        - ``alphas``: array of shape (n_alphas,);
        - ``coefs``, ``intercepts``: arrays of shape (n_alphas, ...), ``coef_`` and ``intercept_``
          of every model;
        - ``objectives``, ``n_iter``: arrays of shape (n_alphas,), ``loss_`` and ``n_iter_``;
        - ``dual_gaps``: array of shape (n_alphas,) or (n_alphas, n_outputs), ``dual_gap_``; None
          where it is not known;
        - ``estimators``: list of the fitted models;
        - ``test_scores``: array of shape (n_alphas, n_splits), and ``best_index``, where its mean
          is highest; None without `cv`.

    Raises
    ------
    ValueError, TypeError
        If a parameter or the data is not what is accepted, before any work starts.
    DivergenceError
        If a fit diverges.

    See Also
    --------
    skopt_suite.plotting.PathDisplay : Draws it.
    skopt_suite.model_selection.FusedGridSearchCV : Searches strengths along with other parameters.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skopt_suite import LinearRegressor, regularization_path
    >>> X, y = load_diabetes(return_X_y=True)
    >>> path = regularization_path(LinearRegressor(penalty="l1"), X, y, alphas=4)
    >>> (path.coefs != 0).sum(axis=1)
    array([ 0,  5,  8, 10])
    """
    _check(estimator, alphas, eps)
    scorer = check_scoring(estimator, scoring)
    folds = [] if cv is None else _folds(estimator, X, y, cv)
    path = _shown(_fitted_path(estimator, X, y, sample_weight, alphas, eps))
    if folds:
        splits = (_split(fold, X, y, sample_weight) for fold in folds)
        scores = [_scored(estimator, *split, path.alphas, scorer) for split in splits]
        path.test_scores = np.array(scores).T
        path.best_index = int(path.test_scores.mean(axis=1).argmax())
    return path


def _check(estimator: Any, alphas: Any, eps: Any) -> None:
    """Raise if a parameter is not accepted."""
    model = _last_of(estimator)
    if not isinstance(model, LinearFace):
        raise TypeError(
            f"{_OWNER}: estimator must be a LinearClassifier, a LinearRegressor, or a Pipeline "
            f"that ends with one; got {estimator!r}."
        )
    penalty = PENALTIES.resolve(model.penalty, owner=type(model).__name__)
    if "alpha" not in penalty.parameters:
        known = ", ".join(repr(name) for name in PENALTIES if "alpha" in PENALTIES[name].parameters)
        raise ValueError(
            f"{_OWNER}: penalty of the estimator must have an alpha, as {known} do; got "
            f"{penalty!r}."
        )
    Real(0, 1, open_low=True, open_high=True).check(_OWNER, "eps", eps)
    if isinstance(alphas, Integral):
        Integer(1).check(_OWNER, "alphas", alphas)
    else:
        _check_strengths(alphas)


def _check_strengths(alphas: Any) -> None:
    values = np.asarray(alphas)
    if values.ndim != 1 or not values.size or values.dtype.kind not in "fiu":
        accepted = "how many there are, or a sequence of numbers > 0"
        raise ValueError(f"{_OWNER}: alphas must be {accepted}; got {alphas!r}.")
    for value in values.tolist():
        if not 0 < value < np.inf:
            raise ValueError(f"{_OWNER}: alphas must be numbers > 0; got {value!r} among them.")


def _last_of(estimator: Any) -> Any:
    return estimator[-1] if isinstance(estimator, Pipeline) else estimator


def _folds(estimator: Any, X: Any, y: Any, cv: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    if y is None:
        raise ValueError(f"{_OWNER}: cv needs X and y that can be split; got y=None.")
    return list(check_cv(cv, y, classifier=is_classifier(estimator)).split(X, y))


def _split(fold: tuple, X: Any, y: Any, weight: Any) -> tuple[tuple[Any, Any, Any], tuple]:
    """Return rows to train on, with their weights, and rows to score."""
    (train, test), rows = fold, (X, y)
    weights = None if weight is None else _safe_indexing(np.asarray(weight), train)
    held_out = tuple(_safe_indexing(part, test) for part in rows)
    return (*(_safe_indexing(part, train) for part in rows), weights), held_out


def _scored(
    estimator: Any, train: tuple[Any, Any, Any], test: tuple, alphas: Any, scorer: Any
) -> list[float]:
    """Return the scores on held-out rows of models for all strengths, which see them once."""
    models, (X, y) = _fitted_path(estimator, *train, alphas), test
    if isinstance(estimator, Pipeline) and len(estimator) > 1:
        X = models[0][:-1].transform(X)
    return [scorer(_last_of(model), X, y) for model in models]


def _fitted_path(
    estimator: Any, X: Any, y: Any, sample_weight: Any, alphas: Any, eps: float = 1.0
) -> list[Any]:
    """Return a fitted copy of an estimator for every strength, from the largest."""
    model, steps = clone(_last_of(estimator)).set_params(penalty__alpha=1.0), None
    if isinstance(estimator, Pipeline) and len(estimator) > 1:
        steps = clone(estimator[:-1])
        X = steps.fit_transform(X, y)
    with explained_in_fits(model):
        prepared = prepare(model, X, y, sample_weight)
        jobs = [with_alpha(prepared.job, alpha) for alpha in _strengths(prepared, alphas, eps)]
        results = list(_trained(jobs, prepared))
    _warn(model, jobs, results)
    shown = [_model(model, prepared, *one) for one in zip(jobs, results, strict=True)]
    if not isinstance(estimator, Pipeline):
        return shown
    before, name = [] if steps is None else steps.steps, estimator.steps[-1][0]
    return [Pipeline([*before, (name, one)]) for one in shown]


def _strengths(prepared: Prepared, alphas: Any, eps: float) -> np.ndarray:
    """Return strengths that fall."""
    if not isinstance(alphas, Integral):
        return np.sort(np.asarray(alphas, dtype=np.float64))[::-1]
    strongest = strongest_alpha(prepared.job, prepared.data, prepared.placement)
    return strongest * np.geomspace(1.0, eps, int(alphas))


def _trained(jobs: list[Job], prepared: Prepared) -> Iterator[Result]:
    """Yield results; raise the error of a fit that diverged."""
    data, placement = prepared.data, prepared.placement
    per_fit = bytes_per_fit(jobs[0], data, placement)
    at_once = max(1, free_memory(placement) // _SHARE // per_fit)
    for start in range(0, len(jobs), at_once):
        for result in train(jobs[start : start + at_once], data, placement, keep="nothing"):
            if result.error is not None:
                raise result.error
            yield result


def _warn(model: Any, jobs: list[Job], results: list[Result]) -> None:
    """Warn once of fits that are not done."""
    pairs = zip(jobs, results, strict=True)
    found = [(job, what) for job, one in pairs if (what := why_not_converged(model, job, one))]
    if found:
        job, what = found[0]
        warnings.warn(
            f"{_OWNER}: {len(found)} of {len(jobs)} fits are not done; that with alpha="
            f"{job.plan.penalty.alpha:.3g}: optimizer {job.plan.optimizer.name!r} {what}",
            ConvergenceWarning,
            stacklevel=4,  # the line that calls `regularization_path`
        )


def _model(model: Any, prepared: Prepared, job: Job, result: Result) -> Any:
    """Return a fitted copy of a model that has seen the rows."""
    new = clone(model)
    learnt = {name for name in vars(model) if name not in vars(new)}
    vars(new).update({name: vars(model)[name] for name in learnt})
    new.penalty = job.plan.penalty
    new._show(job, prepared.targets, result)
    return new


def _shown(models: list[Any]) -> Bunch:
    """Return the path of fitted models."""
    last = [_last_of(model) for model in models]
    gaps = [model.dual_gap_ for model in last]
    return Bunch(
        alphas=np.array([model.penalty_.alpha for model in last]),
        coefs=np.stack([to_numpy(model.coef_) for model in last]),
        intercepts=np.stack([to_numpy(model.intercept_) for model in last]),
        objectives=np.array([model.loss_ for model in last]),
        n_iter=np.array([model.n_iter_ for model in last]),
        dual_gaps=None if gaps[0] is None else np.stack(gaps),
        estimators=models,
        test_scores=None,
        best_index=None,
    )
