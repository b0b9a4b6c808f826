"""What is named in place of a refused job is accepted with the rest of it."""

import ast
import re
from functools import cache
from itertools import product

import numpy as np
import pytest
import scipy.sparse
from sklearn.datasets import make_classification

import skopt_suite.training._checks as checks
from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite._component import Registry
from skopt_suite.estimators._prepare import prepare
from skopt_suite.optimizers import LBFGS, OPTIMIZERS, SGD, ClosedForm, Optimizer
from skopt_suite.penalties import L2

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = make_classification(30, 4, random_state=0)
X_SPARSE = scipy.sparse.csr_array(X)
LINEAR = {"classification": LinearClassifier, "regression": LinearRegressor}
NETWORK = {"classification": MLPClassifier, "regression": MLPRegressor}
FIRST_ORDER = [name for name in OPTIMIZERS if OPTIMIZERS[name].is_incremental]
# of each kind one: smooth or with kinks, convex or not, with a link or none
LOSSES = {
    "classification": ["log_loss", "hinge", "focal"],
    "regression": ["squared_error", "absolute_error", "huber", "poisson"],
}


class Picky(ClosedForm):
    """A user's optimizer that answers for itself, and takes one penalty only."""

    name = "picky"

    def refusal(self, demands):
        if not isinstance(demands.penalty, L2):
            return "knows nothing but ridge"
        return super().refusal(demands)


class DenseOnly(SGD):
    """A user's rule for dense X."""

    name = "dense_only"
    takes_sparse = False


class Doubled(L2):
    """A penalty whose curvature is not known."""

    def gradient(self, weights):
        return 2 * super().gradient(weights)

    def smooth_value(self, weights):
        return 2 * super().smooth_value(weights)


USERS = {"Picky()": Picky(), "Doubled()": Doubled(), "L2(positive=True)": L2(positive=True)}


def jobs(kind, optimizer):
    """Yield jobs as what they set beside the defaults."""
    # of each kind one: what is asked of penalties is whether they are smooth, and quadratic
    penalties = ["none", "l1", "l2", "elastic_net", "max_norm", "Doubled()", "L2(positive=True)"]
    for loss, penalty, schedule in product(LOSSES[kind], penalties, ["constant", "cosine"]):
        common = {
            "kind": kind,
            "optimizer": optimizer,
            "loss": loss,
            "penalty": penalty,
            "schedule": schedule,
        }
        for is_sparse in (False, True):
            yield {**common, "X": "sparse" if is_sparse else "dense"}
        for dropout in (0, 0.3):
            yield {**common, "hidden_layer_sizes": (3,), "dropout": dropout}
        yield {**common, "hidden_layer_sizes": (3,), "X": "sparse"}


def refusal_of(job):
    return _refusal_of(tuple(sorted(job.items())))


@cache
def _refusal_of(items):
    """Return why a job is refused, None if it would be trained (which `contracts` do)."""
    job = dict(items)
    kind, is_sparse = job.pop("kind"), job.pop("X", "dense") == "sparse"
    family = NETWORK if "hidden_layer_sizes" in job else LINEAR
    settings = {name: USERS.get(value, value) for name, value in job.items()}
    model = family[kind](**settings)
    try:
        prepare(model, X_SPARSE if is_sparse else X, y + 1)
    except ValueError as error:
        if not str(error).startswith("optimizer "):
            raise
        return str(error)
    return None


def alternatives(text):
    """Return changes of parameters, of which one is enough, as they stand in an error."""
    (listing,) = re.findall(r"\. Change (?:one of these: )?(.*)\.$", text)
    for part in listing.split("; "):
        parameter, values = part.split(" to ")
        for value in re.split(r", (?=')| or ", values):
            yield {parameter: ast.literal_eval(value)}


@pytest.mark.parametrize("kind", LINEAR)
@pytest.mark.parametrize("optimizer", ["auto", *OPTIMIZERS, "Picky()"])
def test_alternatives_would_be_accepted(optimizer, kind):
    for job in jobs(kind, optimizer):
        if optimizer == "auto" and "hidden_layer_sizes" in job:
            continue
        text = refusal_of(job)
        if text is None:
            continue
        changes = list(alternatives(text))
        assert changes, job
        for change in changes:
            assert refusal_of({**job, **change}) is None, (job, change, text)


def test_all_that_would_be_accepted_is_named():
    text = refusal_of({"kind": "regression", "optimizer": "closed_form", "loss": "huber"})
    named = [next(iter(change.items())) for change in alternatives(text)]
    solvers = ("lbfgs", "fista", "coordinate_descent", "newton_cholesky", "newton_cg", "saga")
    optimizers = [("optimizer", name) for name in (*FIRST_ORDER, *solvers)]
    assert named == [*optimizers, ("loss", "squared_error")]


def test_incremental_training_names_what_goes_on():
    names = checks.choice(list(map(repr, FIRST_ORDER)))
    text = rf"'dense_only' takes dense X only, and X is sparse\. Change optimizer to {names}\.$"
    with pytest.raises(ValueError, match=text):
        LinearClassifier(optimizer=DenseOnly()).partial_fit(X_SPARSE, y, classes=[0, 1])
    with pytest.raises(AttributeError) as error:
        _ = LinearClassifier(optimizer="lbfgs").partial_fit
    reason = str(error.value.__cause__)
    assert reason.endswith(f"Change optimizer to {names}.")


@pytest.fixture
def solvers_only(monkeypatch):
    """Let there be no optimizers but two that are refused easily."""
    monkeypatch.setattr(checks, "OPTIMIZERS", Registry("optimizer", Optimizer, [LBFGS, ClosedForm]))


def test_where_one_change_is_not_enough_all_are_named(solvers_only):
    model = LinearRegressor(optimizer="closed_form", loss="huber", penalty="l1")
    text = (
        "Change all of these: loss to 'squared_error'; penalty to 'none'; "
        r"X to a dense array \(X.toarray\(\)\)\.$"
    )
    with pytest.raises(ValueError, match=text):
        model.fit(X_SPARSE, y)
    model.set_params(loss="squared_error", penalty="none").fit(X_SPARSE.toarray(), y)


def test_where_nothing_is_known_to_help_the_need_is_said(monkeypatch):
    monkeypatch.setattr(checks, "OPTIMIZERS", Registry("optimizer", Optimizer, [ClosedForm]))
    with pytest.raises(ValueError, match=r"needs the squared error; got loss 'log_loss'\.$"):
        LinearClassifier(optimizer="closed_form").fit(X, y)


def test_a_refusal_is_a_question_of_kinds_not_of_numbers():
    """Hyperparameters that are arrays, per layer or feature, end in no comparison."""
    per_layer = MLPClassifier((3,), optimizer="closed_form", penalty=L2(alpha=np.array([1.0, 2.0])))
    with pytest.raises(ValueError, match="needs the squared error"):
        per_layer.fit(X, y)
