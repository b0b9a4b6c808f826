"""Optimizers around other optimizers: nesting, what they refuse, and what predictions use."""

import pickle
import re
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.linear_model import SGDRegressor
from sklearn.model_selection import GridSearchCV

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier
from skopt_suite._layout import Layout
from skopt_suite.backends import to_numpy
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.optimizers import (
    LBFGS,
    OPTIMIZERS,
    SGD,
    Adam,
    AverageWeights,
    ClipGradient,
    GradientDescent,
    Lookahead,
    Muon,
    Prodigy,
    ScheduleFreeAdamW,
    ScheduleFreeSGD,
)
from skopt_suite.optimizers.wrappers._lookahead import LookaheadState
from skopt_suite.penalties import L1, MCP, ElasticNet, GroupLasso
from skopt_suite.training._trees import pack, unpack

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = make_classification(400, 20, n_informative=4, n_redundant=0, random_state=0)
WRAPPERS = [ClipGradient, AverageWeights, Lookahead]
ids = {"ids": lambda value: getattr(value, "__name__", repr(value))}


def linear(optimizer, **settings):
    settings = {"batch_size": 20, "max_iter": 5, "random_state": 0, **settings}
    return LinearClassifier(optimizer=optimizer, **settings)


@pytest.mark.parametrize("wrapper", WRAPPERS, **ids)
def test_parameters_of_the_inner_optimizer_are_nested(wrapper):
    clf = linear(wrapper.name).set_params(optimizer__inner__learning_rate=0.5)
    assert clf.optimizer.inner.learning_rate == 0.5
    assert clf.get_params()["optimizer__inner__learning_rate"] == 0.5
    clf.set_params(optimizer__inner="sgd", optimizer__inner__bias_factor=0.1).fit(X, Y)
    assert repr(clf.optimizer_.inner) == "SGD(bias_factor=0.1)"
    assert clf.optimizer.inner is not clf.optimizer_.inner
    assert clone(clf).fit(X, Y).score(X, Y) == clf.score(X, Y) > 0.6


@pytest.mark.parametrize("wrapper", WRAPPERS, **ids)
def test_searches_fuse_over_the_inner_optimizer(wrapper):
    clf, grid = linear(wrapper("sgd")), {"optimizer__inner__learning_rate": [1e-3, 1e-2, 1e-1]}
    plain = GridSearchCV(clf, grid, cv=3).fit(X, Y)
    fused = FusedGridSearchCV(clf, grid, cv=3).fit(X, Y)
    scores = "mean_test_score"
    np.testing.assert_allclose(fused.cv_results_[scores], plain.cv_results_[scores], atol=1e-12)
    assert "0 alone" in str(fused.fusion_report_)


@pytest.mark.parametrize(
    ("optimizer", "text"),
    [
        (ClipGradient("lbfgs"), "got 'lbfgs', which takes all rows at once"),
        (ClipGradient(LBFGS()), "got 'lbfgs', which takes all rows at once"),
        (AverageWeights("closed_form"), "got 'closed_form', which takes all rows at once"),
        (AverageWeights(ClipGradient("fista")), "got 'fista', which takes all rows at once"),
        (Lookahead(GradientDescent()), "got 'gradient_descent', which takes all rows at once"),
        (Lookahead("average_weights"), "'average_weights', which predicts with other parameters"),
        (Lookahead(ClipGradient("lookahead")), "'clip_gradient', which predicts with other"),
        (Lookahead("adamo"), "unknown inner 'adamo'; known: "),
        (ClipGradient(norm=0), re.escape("norm must be a number in (0, inf) or None; got 0")),
        (AverageWeights(decay=1.1), re.escape("decay must be a number in [0, 1]; got 1.1")),
        (AverageWeights(Adam(-1)), "Adam: learning_rate must be"),
    ],
    **ids,
)
def test_what_they_refuse_before_any_work(optimizer, text):
    with pytest.raises(ValueError, match=text):
        linear(optimizer).fit(X, Y)


def test_the_refusal_says_what_would_do():
    with pytest.raises(ValueError, match=r"inner must be 'sgd', 'momentum', .* or an optimizer of"):
        linear(Lookahead("lbfgs")).fit(X, Y)


def test_what_the_inner_optimizer_refuses_is_refused():
    class Smooth(SGD):
        takes_prox = False

    text = "'clip_gradient' has inner='smooth', which needs a smooth penalty, .* Change "
    with pytest.raises(ValueError, match=text):
        linear(ClipGradient(Smooth()), penalty="l1").fit(X, Y)


NESTED = [
    ClipGradient(SGD(0.1), norm=0.5),
    ClipGradient(SGD(0.1), value=0.2),
    AverageWeights(Adam(0.01)),
    AverageWeights(SGD(0.1), decay=1.0, start=10),
    Lookahead(SGD(0.1)),
    Lookahead(Adam(0.01), n_steps=7),
    AverageWeights(Lookahead(ClipGradient(SGD(0.1)))),
    ScheduleFreeSGD(0.3),
    ScheduleFreeAdamW(0.03),
    ClipGradient(ScheduleFreeAdamW(0.03)),
    Prodigy(),
]


@pytest.fixture(scope="module")
def lasso():
    return linear("fista", penalty=L1(0.03), max_iter=1000, tol=1e-8).fit(X, Y)


@pytest.mark.parametrize("optimizer", NESTED, **ids)
def test_predictions_have_the_zeros_of_the_optimum(optimizer, lasso):
    clf = linear(optimizer, penalty=L1(0.03), max_iter=150, tol=0, schedule="cosine").fit(X, Y)
    is_zero = lasso.coef_ == 0
    assert 5 < is_zero.sum() < 19
    assert (clf.coef_ == 0).tolist() == is_zero.tolist()
    np.testing.assert_allclose(clf.coef_, lasso.coef_, atol=0.05)  # clipping of noise is biased


@pytest.mark.parametrize("optimizer", NESTED, **ids)
def test_no_weight_is_negative_where_that_is_forbidden(optimizer):
    clf = linear(optimizer, penalty=ElasticNet(0.01, positive=True)).fit(X, Y)
    assert (clf.coef_ >= 0).all()
    assert (clf.coef_ > 0).any()


@pytest.mark.parametrize("optimizer", NESTED, **ids)
def test_early_stopping_keeps_the_best_of_what_is_shown(optimizer):
    held_out = {"X_val": X[300:], "y_val": Y[300:]}
    clf = MLPClassifier((8,), optimizer=optimizer, batch_size=20, early_stopping=True)
    clf.set_params(scoring="accuracy", max_iter=20, n_iter_no_change=20, random_state=0)
    clf.fit(X[:300], Y[:300], **held_out)
    scores = clf.validation_scores_
    assert max(scores) > scores[0]
    assert clf.score(X[300:], Y[300:]) == pytest.approx(max(scores))


@pytest.mark.parametrize("optimizer", NESTED, **ids)
def test_states_share_no_memory_with_parameters(optimizer, recorded_problem):
    params = np.ones((1, 4))
    state = OPTIMIZERS.resolve(optimizer, owner="Test").init(params, recorded_problem)
    for array in leaves(state):
        assert not np.shares_memory(array, params)


@pytest.fixture
def recorded_problem():
    return SimpleNamespace(layout=Layout.dense((3, 1)), has_prox=False, separable=None, time=0.0)


def leaves(state):
    for part in state:
        if isinstance(part, tuple):
            yield from leaves(part)
        elif isinstance(part, np.ndarray):
            yield part


def test_the_average_of_all_points_is_that_of_sklearn():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(50, 3)), rng.normal(size=50)
    theirs = SGDRegressor(
        penalty=None, learning_rate="constant", eta0=0.02, average=True,
        shuffle=False, max_iter=3, tol=None,
    ).fit(X, y)  # fmt: skip
    ours = LinearRegressor(
        optimizer=AverageWeights(SGD(0.02), decay=1.0), penalty="none", batch_size=1,
        shuffle=False, max_iter=3, tol=0, dtype="float64",
    ).fit(X, y)  # fmt: skip
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-10)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-10)


@pytest.mark.parametrize("penalty", ["l1", "l2"])
@pytest.mark.parametrize("inner", ["sgd", "adam"])
def test_averages_on_sparse_rows_are_those_on_dense_ones(inner, penalty):
    """Weights of rare features cannot wait: their average moves with every step."""
    rare = np.where(np.abs(X) > 1.5, X, 0.0)
    clf = linear(AverageWeights(inner, decay=0.9), penalty=penalty, tol=0)
    dense, sparse = (clone(clf).fit(rows, Y) for rows in (rare, csr_array(rare)))
    np.testing.assert_allclose(sparse.coef_, dense.coef_, rtol=1e-9, atol=1e-12)


def test_averaging_begins_when_it_is_told_to():
    """After 2 epochs of 20 steps: earlier points do not count, and until then none does."""
    ends = [linear(SGD(0.1), max_iter=n, tol=0).fit(X, Y).coef_ for n in (2, 3)]
    averaged = linear(AverageWeights(SGD(0.1), decay=1.0, start=2), max_iter=2, tol=0).fit(X, Y)
    np.testing.assert_allclose(averaged.coef_, ends[0], rtol=1e-10)
    averaged.set_params(max_iter=3).fit(X, Y)
    assert not np.allclose(averaged.coef_, ends[1])
    late = AverageWeights(SGD(0.1), decay=1.0, start=2.95)
    np.testing.assert_allclose(linear(late, max_iter=3, tol=0).fit(X, Y).coef_, ends[1], rtol=1e-6)


def test_an_average_that_keeps_nothing_is_the_inner_optimizer():
    inner = linear("adam").fit(X, Y)
    for optimizer in (
        AverageWeights(decay=0.0),
        Lookahead(slow_step_size=1.0),
        ClipGradient(norm=1e9),
        ClipGradient(value=1e9),
    ):
        np.testing.assert_allclose(linear(optimizer).fit(X, Y).coef_, inner.coef_, rtol=1e-5)


SHOW_OTHERS = [AverageWeights("sgd"), Lookahead("sgd"), ScheduleFreeSGD(0.1)]


@pytest.mark.parametrize("optimizer", SHOW_OTHERS, **ids)
def test_an_average_of_other_parameters_is_begun_anew(optimizer):
    clf = linear(optimizer, penalty="none")
    for _ in range(3):
        clf.partial_fit(X, Y, classes=[0, 1])
    clf.coef_ = np.full_like(clf.coef_, 100.0)
    clf.partial_fit(X, Y)
    assert (clf.coef_ > 90).all()


@pytest.mark.parametrize("optimizer", SHOW_OTHERS, **ids)
def test_training_goes_on_from_the_average_that_was_best(optimizer):
    """A model that is fitted with early stopping shows its best epoch, not its last."""
    clf = linear(optimizer, early_stopping=True, warm_start=True, max_iter=8, n_iter_no_change=8)
    best = clf.fit(X, Y).coef_.copy()
    clf.set_params(early_stopping=False, batch_size=len(X)).partial_fit(X, Y)  # one step
    np.testing.assert_allclose(clf.coef_, best, rtol=0, atol=0.2 * np.abs(best).max())


@pytest.mark.parametrize(
    ("optimizer", "change"),
    [
        (Lookahead(SGD(0.5), n_steps=7), {"slow_step_size": 0.1, "inner__learning_rate": 1e-9}),
        (ScheduleFreeSGD(0.5), {"momentum": 0.5, "learning_rate": 1e-9}),
        (ScheduleFreeAdamW(0.1), {"beta1": 0.5, "learning_rate": 1e-9}),
    ],
    **ids,
)
def test_another_mix_begins_from_what_was_shown(optimizer, change):
    """Numbers that say what is shown change between calls, and what is shown does not."""
    clf = linear(optimizer, penalty="none")
    shown = [clf.partial_fit(X, Y, classes=[0, 1]).coef_.copy() for _ in range(3)][-1]
    clf.set_params(**{f"optimizer__{name}": value for name, value in change.items()})
    np.testing.assert_allclose(clf.partial_fit(X, Y).coef_, shown, atol=1e-6)


@pytest.mark.parametrize("optimizer", SHOW_OTHERS, **ids)
def test_calls_of_partial_fit_are_one_fit(optimizer):
    """In what trains, too, though models are saved in between."""
    once, often = (linear(optimizer, shuffle=False, penalty="l1") for _ in range(2))
    once.set_params(max_iter=6, tol=0).fit(X, Y)
    for _ in range(6):
        often = pickle.loads(pickle.dumps(often.partial_fit(X, Y, classes=[0, 1])))
    np.testing.assert_allclose(often.coef_, once.coef_, rtol=1e-5, atol=1e-7)


def test_a_fit_that_diverges_names_the_rate_of_the_inner_optimizer():
    text = r"'average_weights' with learning_rate=1e\+06 reached a loss of"
    with pytest.raises(Exception, match=text):
        linear(AverageWeights(SGD(1e6))).fit(X, Y)


@pytest.mark.parametrize("size, norm", [(1e-30, 1e-32), (3.0, 0.1), (1e30, 1.0)])
def test_norms_are_those_of_gradients_of_any_size(place, size, norm):
    """Squares of the largest and of the smallest are none in single precision."""
    gradient = place.asarray(np.array([[3, 4, 0]], dtype=np.float32) * np.float32(size))
    clipped, factor = ClipGradient(norm=norm).clip(gradient)
    np.testing.assert_allclose(to_numpy(clipped), [[0.6 * norm, 0.8 * norm, 0]], rtol=1e-5)
    np.testing.assert_allclose(to_numpy(factor * gradient), to_numpy(clipped))


@pytest.mark.parametrize("worst", [np.inf, np.nan])
def test_clipping_hides_no_gradient_that_is_not_finite(place, worst):
    with np.errstate(invalid="ignore"):
        clipped, _ = ClipGradient().clip(place.asarray(np.array([[1.0, worst]])))
    assert np.isnan(to_numpy(clipped)).any()
    clipped, factor = ClipGradient().clip(place.asarray(np.zeros((1, 2))))
    np.testing.assert_array_equal([*to_numpy(clipped)[0], *to_numpy(factor)[0]], [0, 0, 1])


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_prodigy_finds_its_learning_rate(scale):
    """Optima a hundred million times as far apart, from the same hyperparameters."""
    rng = np.random.default_rng(0)
    X, w = rng.normal(size=(200, 5)), rng.normal(size=5)
    reg = LinearRegressor(optimizer="prodigy", penalty="none", schedule="cosine", max_iter=200)
    reg.set_params(batch_size=50, random_state=0, tol=0, dtype="float64").fit(X, scale * (X @ w))
    np.testing.assert_allclose(reg.coef_, scale * w, atol=0.01 * scale)


@pytest.mark.parametrize("sizes", [(9, 4, 2), (4, 9, 2), (6, 6, 6, 2)], **ids)
def test_steps_of_muon_are_orthogonal(sizes):
    layout, rng = Layout.dense(sizes), np.random.default_rng(0)
    params, gradient = rng.normal(size=(2, 2, layout.n_params))
    rule, rate = Muon(learning_rate=1.0), np.ones((2, 1))
    state = rule.init(params, SimpleNamespace(layout=layout))
    moved, _ = rule.update(state, params.copy(), gradient, rate, layout)
    for layer in layout.layers[:-1]:
        step = layer.weights(moved - params) / max(1, layer.n_out / layer.n_in) ** 0.5
        sizes_of_step = np.linalg.svd(step, compute_uv=False)
        assert (sizes_of_step > 0.6).all()
        assert (sizes_of_step < 1.3).all()
    adamw = layout.layers[-1].weights(moved - params)
    np.testing.assert_allclose(np.abs(adamw), 1e-3, rtol=1e-5)


def test_muon_takes_smooth_penalties():
    with pytest.raises(ValueError, match=r"'muon' needs a smooth penalty.*Change.*'adam'"):
        linear("muon", penalty="l1").fit(X, Y)
    clf = MLPClassifier((8, 8), optimizer="muon", early_stopping=False, random_state=0)
    assert clf.fit(X, Y).score(X, Y) > 0.9


@pytest.mark.parametrize(
    "optimizer", [Prodigy(weight_decay=0.1), ScheduleFreeAdamW(), Muon()], **ids
)
def test_layer_normalisation_is_trained_too(optimizer):
    clf = MLPClassifier((8, 8), normalization="layer", optimizer=optimizer, random_state=0)
    assert clf.set_params(max_iter=200).fit(X, Y).score(X, Y) > 0.8
    assert not np.allclose(clf.gains_[0], 1.0)


@pytest.mark.parametrize("penalty", [MCP(0.03), GroupLasso(0.03)], **ids)
@pytest.mark.parametrize("optimizer", NESTED, **ids)
def test_other_penalties_keep_their_zeros(optimizer, penalty):
    clf = linear(optimizer, penalty=penalty, max_iter=100, tol=0, schedule="cosine").fit(X, Y)
    reference = linear(SGD(0.1), penalty=penalty, max_iter=100, tol=0, schedule="cosine").fit(X, Y)
    assert 5 < (reference.coef_ == 0).sum() < 19
    assert ((clf.coef_ == 0) != (reference.coef_ == 0)).sum() <= 2


@pytest.mark.parametrize("n_before", [0, 1, 4, 9])
@pytest.mark.parametrize("n_steps", [1, 2, 5])
def test_lookahead_counts_many_steps_as_one_by_one(n_steps, n_before):
    """Also after more steps than a smaller `n_steps` waits for."""
    lookahead, share = Lookahead(n_steps=n_steps, slow_step_size=0.5), []
    state = LookaheadState(None, n_before, np.zeros((1, 3)))
    for _ in range(13):
        state, one = lookahead.counted(state, 1)
        share.append(one)
    many, shares = lookahead.counted(LookaheadState(None, n_before, np.zeros((1, 3))), 13)
    assert many.n_steps == state.n_steps
    np.testing.assert_array_equal(shares, np.hstack(share))
    first = max(n_steps - n_before, 1) - 1
    assert np.flatnonzero(shares).tolist() == list(range(first, 13, n_steps))


def test_lookahead_counts_for_each_fit():
    """Fits that go on together may have made different numbers of steps."""
    lookahead = Lookahead(n_steps=5, slow_step_size=0.5)
    before = LookaheadState(None, np.array([[0.0], [3.0]]), np.zeros((2, 3)))
    after, shares = lookahead.counted(before, 4)
    assert [np.flatnonzero(own).tolist() for own in shares] == [[], [1]]
    assert after.n_steps.tolist() == [[4], [2]]


def test_a_count_in_python_from_a_saved_state_begins_anew():
    new = LookaheadState(None, np.zeros((2, 1)), np.zeros((2, 3)))
    saved = pack(LookaheadState(None, 3, np.ones((2, 3))))
    state = unpack(saved, new)
    assert state.n_steps is new.n_steps
    assert state.slow.sum() == 6
