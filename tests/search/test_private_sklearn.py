"""What searches use of scikit-learn that has no public name is what it was when they were written.

If a test fails here after an update of scikit-learn, compare `FusedSearch.fit` with what
`BaseSearchCV.fit` does now, and the engine with `_fit_and_score`.
"""

import ast
import inspect
from pathlib import Path

import pytest
from sklearn.callback import CallbackContext

import skopt_suite.model_selection
from skopt_suite.model_selection._engine import private_sklearn

METHODS = {
    "_check_input_parameters": "(self, X, y, split_params)",
    "_check_refit_for_multimetric": "(self, scores)",
    "_format_results": "(self, candidate_params, n_splits, out, more_results=None)",
    "_get_routed_params_for_fit": "(self, params)",
    "_get_scorers": "(self)",
    "_init_callback_context": (
        "(self, task_name='fit', task_id=0, max_subtasks=0, sequential_subtasks=True)"
    ),
    "_run_search": "(self, evaluate_candidates, *, callback_ctx=None)",
    "_select_best_index": "(refit, refit_metric, results)",
    "_validate_params": "(self)",
}
FUNCTIONS = {
    "aggregate_score_dicts": "(scores)",
    "check_groups_routing_disabled": "(groups)",
    "check_method_params": "(X, params, indices=None)",
    "fit_and_score": (
        "(estimator, X, y, *, scorer, train, test, verbose, parameters, fit_params, score_params, "
        "return_train_score=False, return_parameters=False, return_n_test_samples=False, "
        "return_times=False, return_estimator=False, split_progress=None, "
        "candidate_progress=None, error_score=nan, caller=None, callback_ctx=None)"
    ),
    "insert_error_scores": "(results, error_score)",
    "n_samples_of": "(x)",
    "normalize_score_results": "(scores, scaler_score_key='score')",
    "safe_split": "(estimator, X, y, indices, train_indices=None)",
    "score": "(estimator, X_test, y_test, scorer, score_params, error_score='raise')",
    "validate_params": "(parameter_constraints, *, prefer_skip_nested_validation)",
    "warn_or_raise_about_fit_failures": "(results, error_score)",
}
OF_CALLBACKS = {
    "call_on_fit_task_begin": (
        "(self, *, estimator, X=None, y=None, metadata=None, reconstruction_attributes=None)"
    ),
    "call_on_fit_task_end": (
        "(self, *, estimator, X=None, y=None, metadata=None, reconstruction_attributes=None)"
    ),
    "propagate_callback_context": "(self, sub_estimator)",
    "subcontext": "(self, task_name='', task_id=None, max_subtasks=0, sequential_subtasks=True)",
}


def signature_of(function):
    return str(inspect.signature(function))


@pytest.mark.parametrize("name", METHODS)
def test_methods_of_searches(name):
    assert signature_of(getattr(private_sklearn.BaseSearchCV, name)) == METHODS[name]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name):
    assert signature_of(getattr(private_sklearn, name)) == FUNCTIONS[name]


@pytest.mark.parametrize("name", OF_CALLBACKS)
def test_callbacks_which_are_experimental(name):
    assert signature_of(getattr(CallbackContext, name)) == OF_CALLBACKS[name]


def test_nothing_else_is_used():
    functions = {n for n in private_sklearn.__all__ if inspect.isfunction(vars(private_sklearn)[n])}
    assert functions == {*FUNCTIONS}
    folder = Path(skopt_suite.model_selection.__file__).parent
    trees = [ast.parse(path.read_text("utf-8")) for path in folder.rglob("*.py")]
    attributes = {
        node.attr for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute)
    }
    private = {name for name in attributes if name.startswith("_") and not name.startswith("__")}
    used = {name for name in private if callable(getattr(private_sklearn.BaseSearchCV, name, None))}
    assert used == {*METHODS}
