"""What "auto" stands for in networks."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.estimators._settled import auto_batch_size
from skopt_suite.model_selection import FusedGridSearchCV, search_space
from skopt_suite.optimizers import AdamW, ClipGradient, Lookahead
from skopt_suite.schedules import Then

from .problems import NUMBERS, data_of, parameters_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

NETWORKS = [MLPClassifier(max_iter=4, random_state=0), MLPRegressor(max_iter=4, random_state=0)]
NARROW = MLPClassifier((4,), max_iter=2, random_state=0)
every = pytest.mark.parametrize("network", NETWORKS, ids=lambda e: type(e).__name__)
SPELT_OUT = {
    "hidden_layer_sizes": (128, 128),
    "dropout": (0.2, 0.2),
    "optimizer": AdamW(learning_rate=0.003, weight_decay=0.02),
    "schedule": "cosine",
    "batch_size": 64,
    "early_stopping": False,
}


def fitted(network, **parameters):
    return clone(network).set_params(**parameters).fit(*data_of(network))


def assert_same(model, other):
    np.testing.assert_array_equal(parameters_of(model), parameters_of(other))


def assert_differ(model, other):
    assert not np.allclose(parameters_of(model), parameters_of(other))


# ----------------------------------------------------------------------------- what it is


@every
def test_defaults_are_those_that_the_docstring_names(network):
    plain = type(network)()
    assert (plain.optimizer, plain.schedule, plain.dropout) == ("auto", "auto", "auto")
    assert (plain.batch_size, plain.early_stopping) == ("auto", "auto")
    assert (plain.hidden_layer_sizes, plain.max_iter) == ((128, 128), 60)


@every
@pytest.mark.parametrize("name", SPELT_OUT)
def test_a_default_is_what_it_stands_for(network, name):
    assert_same(fitted(network), fitted(network, **{name: SPELT_OUT[name]}))


@every
@pytest.mark.parametrize(
    "other",
    [
        {"dropout": 0.0},
        {"optimizer": "adamw"},
        {"schedule": "constant"},
        {"batch_size": 200},
        {"early_stopping": True},
    ],
    ids=str,
)
def test_other_values_give_other_networks(network, other):
    assert_differ(fitted(network), fitted(network, **other))


@every
def test_patience_waits_for_low_rates(network):
    """Before, the rate has still to fall to half of its peak."""
    hopeless = {"tol": 100.0, "n_iter_no_change": 2}
    assert fitted(network, max_iter=20, **hopeless).n_iter_ >= 10
    assert fitted(network, max_iter=20, **hopeless, schedule="constant").n_iter_ == 3


@every
def test_what_was_used_is_shown_and_what_was_given_is_kept(network):
    model = fitted(network)
    assert (model.optimizer_.name, model.schedule_.name) == ("adamw", "cosine")
    assert (model.optimizer_.learning_rate, model.optimizer_.weight_decay) == (0.003, 0.02)
    assert repr(model) == repr(network)
    assert model.get_params() == network.get_params()


# ----------------------------------------------------------------------------- optimizer


@every
def test_nested_parameters_change_what_auto_stands_for(network):
    nested = fitted(network, optimizer__learning_rate=0.01)
    assert (nested.optimizer_.learning_rate, nested.optimizer_.weight_decay) == (0.01, 0.02)
    assert_same(nested, fitted(network, optimizer=AdamW(0.01, weight_decay=0.02)))
    assert network.optimizer == "auto"


def test_nested_parameters_of_another_optimizer_are_refused():
    with pytest.raises(ValueError, match="Invalid parameter 'momentum'"):
        MLPClassifier().set_params(optimizer__momentum=0.5)


def test_searches_vary_the_rate_of_auto():
    space = search_space(MLPClassifier())
    assert {"optimizer__learning_rate", "optimizer__weight_decay"} <= set(space)
    assert "optimizer__learning_rate" not in search_space(LinearClassifier())


# ----------------------------------------------------------------------------- schedule


@pytest.mark.parametrize("optimizer", ["gradient_descent", "sgd", "prodigy", Lookahead("lion")])
def test_schedules_fall_where_there_is_a_rate(optimizer):
    assert fitted(NARROW, optimizer=optimizer).schedule_.name == "cosine"


@pytest.mark.parametrize(
    "optimizer",
    ["lbfgs", "schedule_free_sgd", "schedule_free_adamw", ClipGradient("schedule_free_sgd")],
)
def test_schedules_are_constant_where_there_is_none_or_averages_stand_in(optimizer):
    assert fitted(NARROW, optimizer=optimizer).schedule_.name == "constant"


def test_auto_is_constant_in_linear_models():
    model = LinearRegressor(optimizer="sgd", schedule="auto", random_state=0).fit(*NUMBERS)
    assert model.schedule_.name == "constant"
    assert_same(model, clone(model).set_params(schedule="constant").fit(*NUMBERS))


def start(network):
    """Return a network after its first call of `partial_fit`."""
    classes = {"classes": [0, 1]} if hasattr(network, "class_weight") else {}
    return clone(network).partial_fit(*data_of(network), **classes)


@every
def test_partial_fit_knows_no_end_to_fall_towards(network):
    auto, constant = start(network), start(clone(network).set_params(schedule="constant"))
    assert auto.schedule_.name == "constant"
    for model in (auto, constant):
        model.partial_fit(*data_of(network))
    assert_same(auto, constant)
    assert auto.n_iter_ == 2


@every
def test_partial_fit_after_fit_keeps_the_state_of_the_optimizer(network):
    """It is one more epoch, at the full rate, of a fit that had come to the end of its fall."""
    model = fitted(network).partial_fit(*data_of(network))
    whole = fitted(network, schedule=Then("cosine", "constant", at=4), max_iter=5)
    assert model.n_iter_ == whole.n_iter_ == 5
    np.testing.assert_allclose(parameters_of(model), parameters_of(whole), rtol=1e-5, atol=1e-6)


# ----------------------------------------------------------------------------- dropout


@every
@pytest.mark.parametrize(
    "sizes, rates", [((64,), 0.2), ((63,), 0.0), ((64, 8), (0.2, 0.0)), ((8, 64), (0.0, 0.2))]
)
def test_narrow_layers_keep_all_units(network, sizes, rates):
    auto = fitted(network, hidden_layer_sizes=sizes)
    assert_same(auto, fitted(network, hidden_layer_sizes=sizes, dropout=rates))


@every
def test_layers_mix_rates_with_auto(network):
    assert_same(fitted(network, dropout=("auto", 0.5)), fitted(network, dropout=(0.2, 0.5)))


@every
def test_optimizers_that_see_all_rows_drop_none(network):
    assert_same(fitted(network, optimizer="lbfgs"), fitted(network, optimizer="lbfgs", dropout=0.0))


def test_a_linear_network_has_nothing_to_drop():
    fitted(MLPClassifier((), max_iter=4, random_state=0))


# ----------------------------------------------------------------------------- batches


@pytest.mark.parametrize(
    "n_rows, size",
    [(2, 64), (19_199, 64), (19_200, 128), (38_399, 128), (38_400, 256), (10_000_000, 256)],
)
def test_batches_grow_with_rows(n_rows, size):
    assert auto_batch_size(n_rows) == size


@every
def test_more_rows_make_larger_batches(network):
    """19,200 rows are 150 steps of 128."""
    X, y = data_of(network)
    X, y = np.tile(X, (96, 1)), np.tile(y, 96)
    small = clone(network).set_params(hidden_layer_sizes=(2,), max_iter=1)
    auto, given = clone(small).fit(X, y), clone(small).set_params(batch_size=128).fit(X, y)
    assert_same(auto, given)


# ----------------------------------------------------------------------------- stacks


@every
def test_networks_of_a_stack_are_those_trained_alone(network):
    grid = {
        "optimizer__learning_rate": [0.001, 0.01],
        "hidden_layer_sizes": [(64,), (8, 8)],
        "schedule": ["auto"],
    }
    assert searched_in_both_ways(network, grid).fusion_report_.n_alone == 0


def test_optimizers_of_a_search_have_each_what_auto_means_for_them():
    grid = {"optimizer": ["auto", "lbfgs", "schedule_free_adamw"]}
    searched_in_both_ways(MLPClassifier(max_iter=3, random_state=0), grid)


def searched_in_both_ways(network, grid):
    """Return a fused search that has the scores of scikit-learn's."""
    network = clone(network).set_params(dtype="float64")
    fused, alone = (
        search(network, grid, cv=2, refit=False).fit(*data_of(network))
        for search in (FusedGridSearchCV, GridSearchCV)
    )
    scores = [search.cv_results_["mean_test_score"] for search in (fused, alone)]
    np.testing.assert_allclose(*scores, rtol=1e-6)
    return fused


# ----------------------------------------------------------------------------- data


@every
def test_lists_give_the_network_of_arrays(network):
    """To the last bit: hidden units that turn on a little later make another network."""
    X, y = data_of(network)
    assert_same(clone(network).fit(X.tolist(), y), clone(network).fit(X, y))
