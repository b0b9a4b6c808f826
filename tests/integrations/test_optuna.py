"""Trials of Optuna: ended early, drawn from declared ranges, and trained as stacks."""

import pytest
from scipy.stats import loguniform, norm, randint, uniform
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier
from skopt_suite.integrations import (
    FusedOptunaSearchCV,
    OptunaPruningCallback,
    optuna_distributions,
)
from skopt_suite.model_selection import fused_cross_val_score
from skopt_suite.optimizers import SGD, Adam

optuna = pytest.importorskip("optuna", reason="needs optuna, of the extra test")
optuna.logging.set_verbosity(optuna.logging.WARNING)

X, y = make_classification(n_samples=120, n_features=5, random_state=0)
LINEAR = make_pipeline(StandardScaler(), LinearClassifier(max_iter=20, random_state=0))
ALPHAS = {"linearclassifier__penalty__alpha": loguniform(1e-4, 10)}


def new_study(direction="maximize", **options):
    sampler = optuna.samplers.RandomSampler(seed=0)
    return optuna.create_study(direction=direction, sampler=sampler, **options)


# ----------------------------------------------------------------------- pruning


class Unlike(optuna.pruners.BasePruner):
    """Prunes after three epochs."""

    def prune(self, study, trial):
        return trial.last_step >= 3


def network(**parameters):
    return MLPClassifier((4,), max_iter=6, random_state=0, **parameters)


@pytest.mark.parametrize("monitor", ["loss", "validation_score"])
def test_a_trial_is_told_of_every_epoch(monitor):
    study = new_study("minimize" if monitor == "loss" else "maximize")
    model = make_pipeline(StandardScaler(), network(early_stopping=True))
    trial = study.ask()
    model.set_callbacks(OptunaPruningCallback(trial, monitor)).fit(X, y)
    mlp = model[-1]
    told = mlp.loss_curve_ if monitor == "loss" else mlp.validation_scores_
    reported = study.trials[0].intermediate_values
    assert list(reported) == list(range(1, mlp.n_iter_ + 1))
    assert list(reported.values()) == pytest.approx(told)


def test_a_pruned_trial_ends_the_fit_and_leaves_the_estimator_as_it_was():
    study = new_study("minimize", pruner=Unlike())
    models = []

    def objective(trial):
        models.append(network().set_callbacks(OptunaPruningCallback(trial, "loss")))
        return models[-1].fit(X, y).loss_

    study.optimize(objective, n_trials=1)
    assert study.trials[0].state.name == "PRUNED"
    assert list(study.trials[0].intermediate_values) == [1, 2, 3]
    assert vars(models[0]).keys() == vars(network()).keys() | {"_skl_callbacks"}


def test_what_cannot_be_monitored():
    with pytest.raises(ValueError, match=r"monitor must be one of .*; got 'score'"):
        OptunaPruningCallback(new_study().ask(), "score")
    with pytest.raises(ValueError, match=r"'loss' is for .* 'minimize'; this one has \['max"):
        OptunaPruningCallback(new_study().ask(), "loss")
    without_rows = network(early_stopping=False)
    with pytest.raises(ValueError, match="needs held-out rows: set early_stopping=True"):
        without_rows.set_callbacks(OptunaPruningCallback(new_study().ask())).fit(X, y)


# ------------------------------------------------------------------------ search


def test_trials_are_trained_in_batches_and_told():
    search = FusedOptunaSearchCV(LINEAR, ALPHAS, n_trials=7, batch=3, cv=3, random_state=0)
    search.fit(X, y)
    assert [entry.size for entry in search.fusion_report_.entries] == [3] * 6 + [1]
    results, trials = search.cv_results_, search.study_.trials
    assert list(results["trial_number"]) == list(range(7))
    assert [trial.params for trial in trials] == list(results["params"])
    assert [trial.value for trial in trials] == list(results["mean_test_score"])
    assert search.best_params_ == search.study_.best_params
    alone = clone(LINEAR).set_params(**results["params"][4])
    expected = fused_cross_val_score(alone, X, y, cv=3).mean()
    assert results["mean_test_score"][4] == pytest.approx(expected)
    again = clone(search).fit(X, y)
    assert [trial.params for trial in again.study_.trials] == [trial.params for trial in trials]


def test_the_sampler_learns_between_batches():
    seen = []

    class Watching(optuna.samplers.RandomSampler):
        def sample_independent(self, study, *args):
            seen.append(len(study.get_trials(states=[optuna.trial.TrialState.COMPLETE])))
            return super().sample_independent(study, *args)

    study = optuna.create_study(direction="maximize", sampler=Watching(seed=0))
    FusedOptunaSearchCV(LINEAR, ALPHAS, n_trials=6, batch=2, cv=2, study=study).fit(X, y)
    assert seen == [0, 0, 2, 2, 4, 4]


def test_a_study_goes_on():
    study = new_study()
    study.enqueue_trial({"linearclassifier__penalty__alpha": 0.5})
    search = FusedOptunaSearchCV(LINEAR, ALPHAS, n_trials=2, cv=2, study=study)
    assert search.fit(X, y).cv_results_["params"][0] == {"linearclassifier__penalty__alpha": 0.5}
    assert list(search.fit(X, y).cv_results_["trial_number"]) == [2, 3]
    assert search.study_ is study
    assert len(study.trials) == 4


def test_components_are_drawn_by_their_text():
    space = {"optimizer": [SGD(), Adam(0.01)], "hidden_layer_sizes": [(3,), (4,)]}
    search = FusedOptunaSearchCV(network(), space, n_trials=4, cv=2, random_state=0)
    search.fit(X, y)  # Optuna would warn of what it cannot store
    drawn = search.study_.trials[0].params
    assert isinstance(search.cv_results_["params"][0]["optimizer"], SGD | Adam)
    assert drawn["optimizer"] == str(search.cv_results_["params"][0]["optimizer"])
    assert isinstance(search.best_params_["hidden_layer_sizes"], tuple)


def test_parameters_that_depend_on_others():
    def suggest(trial):
        optimizer = trial.suggest_categorical("optimizer", ["sgd", "lbfgs"])
        params = {"linearclassifier__optimizer": optimizer}
        if optimizer == "sgd":
            rate = trial.suggest_float("rate", 1e-3, 1e-1, log=True)
            params["linearclassifier__optimizer__learning_rate"] = rate
        return params

    search = FusedOptunaSearchCV(LINEAR, suggest, n_trials=6, cv=2, random_state=0).fit(X, y)
    assert {len(params) for params in search.cv_results_["params"]} == {1, 2}


@pytest.mark.filterwarnings("ignore:One or more of the test scores:UserWarning")
@pytest.mark.filterwarnings("ignore:[\\s\\S]*fits failed:sklearn.exceptions.FitFailedWarning")
def test_trials_that_fail_are_told_as_failed():
    space = {"linearclassifier__optimizer__learning_rate": [1e-2, 1e200]}
    model = clone(LINEAR).set_params(linearclassifier__optimizer="sgd")
    study = new_study()
    for rate in (1e-2, 1e200):
        study.enqueue_trial({"linearclassifier__optimizer__learning_rate": rate})
    search = FusedOptunaSearchCV(model, space, n_trials=2, batch=1, cv=2, study=study)
    search.fit(X, y)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "FAIL"]
    study = new_study()
    search.set_params(error_score="raise", study=study, n_trials=8, batch=8)
    with pytest.raises(FloatingPointError):
        search.fit(X, y)
    assert {trial.state.name for trial in study.trials} == {"FAIL"}


def test_one_of_several_scores_is_told():
    scoring = ["accuracy", "roc_auc"]
    search = FusedOptunaSearchCV(LINEAR, ALPHAS, n_trials=2, cv=2, scoring=scoring, random_state=0)
    with pytest.raises(ValueError, match=r"refit must be the name of .*\['accuracy', 'roc_auc'\]"):
        search.set_params(refit=False).fit(X, y)
    search.set_params(refit="roc_auc").fit(X, y)
    told = [trial.value for trial in search.study_.trials]
    assert told == list(search.cv_results_["mean_test_roc_auc"])


@pytest.mark.parametrize(
    "parameters, error, message",
    [
        ({"study": "new"}, TypeError, "study must be a study of Optuna or None; got 'new'"),
        ({"study": new_study("minimize")}, ValueError, r"'maximize' alone.*; got \['minimize'\]"),
        ({"batch": 0}, ValueError, "'batch' parameter of FusedOptunaSearchCV must be an int"),
        ({"param_distributions": {"a": norm()}}, TypeError, "'a': got .*; accepted are lists of"),
        ({"param_distributions": {"a": [SGD(), SGD()]}}, ValueError, "must differ in their text"),
    ],
)
def test_what_is_refused(parameters, error, message):
    search = FusedOptunaSearchCV(LINEAR, ALPHAS, n_trials=2).set_params(**parameters)
    with pytest.raises(error, match=message):
        search.fit(X, y)


def test_distributions_of_scipy_and_lists():
    space = {
        "a": uniform(1, 2),
        "b": loguniform(1e-3, 1),
        "c": randint(2, 9),
        "d": ["x", None],
        "e": optuna.distributions.IntDistribution(1, 3),
    }
    distributions = optuna.distributions
    assert optuna_distributions(space) == {
        "a": distributions.FloatDistribution(1, 3),
        "b": distributions.FloatDistribution(1e-3, 1, log=True),
        "c": distributions.IntDistribution(2, 8),
        "d": distributions.CategoricalDistribution(["x", None]),
        "e": space["e"],
    }


def test_what_declares_nothing_is_said():
    search = FusedOptunaSearchCV(LinearRegressor(optimizer="lbfgs", penalty="none"))
    with pytest.raises(ValueError, match="nothing to search"):
        search.fit(X, y)
