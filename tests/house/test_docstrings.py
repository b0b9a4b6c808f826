"""Docstrings say what signatures say, and which neighbours there are."""

import ast
import inspect

import pytest
from numpydoc.docscrape import NumpyDocString
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
    cross_val_score,
    cross_validate,
)

from skopt_suite import integrations, model_selection

from .public import public_callables, public_objects

NO_DEFAULT = inspect.Parameter.empty
MIRRORS = {  # "as in scikit-learn" is all that these say of most parameters
    model_selection.FusedGridSearchCV: GridSearchCV,
    model_selection.FusedRandomizedSearchCV: RandomizedSearchCV,
    model_selection.FusedHalvingGridSearchCV: HalvingGridSearchCV,
    model_selection.FusedHalvingRandomSearchCV: HalvingRandomSearchCV,
    integrations.FusedOptunaSearchCV: RandomizedSearchCV,
    model_selection.fused_cross_validate: cross_validate,
    model_selection.fused_cross_val_score: cross_val_score,
}


def documented(function):
    """Return the documented types by name of parameter; ``a, b : type`` documents two."""
    text = function.__doc__ or ""
    items = NumpyDocString(inspect.cleandoc(text))["Parameters"]
    return {name: item.type for item in items for name in item.name.split(", ")}


def accepted(function):
    """Return the defaults by name of parameter, with the stars that docstrings show."""
    if inspect.isclass(function) and not _has_constructor(function):
        return {}
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    parameters = inspect.signature(function).parameters.values()
    return {
        stars.get(one.kind, "") + one.name: one.default
        for one in parameters
        if one.name not in ("self", "cls")
    }


def _has_constructor(cls):
    """Return whether it takes more than the abstract classes of Python and of scikit-learn do."""
    modules = "skopt_suite", "sklearn.ensemble"  # whose constructors ensembles have
    return getattr(cls.__init__, "__module__", "").startswith(modules)


def neighbours(function):
    """Return what the section "See Also" says, by name."""
    text = NumpyDocString(inspect.cleandoc(function.__doc__ or ""))["See Also"]
    return {name: " ".join(reason) for names, reason in text for name, _ in names}


PARAMETERS_OF = {name: documented(function) for name, function in public_callables().items()}
WITH_PARAMETERS = [name for name, types in PARAMETERS_OF.items() if types]
NEIGHBOURS = {
    name: neighbours(function)
    for name, function in public_objects().items()
    if not name.startswith("skopt_suite.domains.")  # a list of their own, all of one kind
}


def test_there_is_something_to_compare():
    assert len(WITH_PARAMETERS) > 60
    assert sum("default=" in t for types in PARAMETERS_OF.values() for t in types.values()) > 150


@pytest.mark.parametrize("function", public_objects().values(), ids=[*public_objects()])
def test_all_public_objects_say_what_they_take(function):
    assert documented(function) or not accepted(function)


@pytest.mark.parametrize("name", [*NEIGHBOURS])
def test_all_public_objects_have_neighbours_and_reasons(name):
    folder = name.rpartition(".")[0]
    others = [other if "." in other else f"{folder}.{other}" for other in NEIGHBOURS[name]]
    assert 1 <= len(others) <= 4
    assert len({*others}) == len(others)
    assert {*others} <= {*public_objects()} - {name}
    assert all(reason.endswith(".") for reason in NEIGHBOURS[name].values())


@pytest.mark.parametrize("name", WITH_PARAMETERS)
def test_parameters_are_documented_in_the_order_of_the_signature(name):
    assert list(PARAMETERS_OF[name]) == list(accepted(public_callables()[name]))


@pytest.mark.parametrize("name", WITH_PARAMETERS)
def test_documented_defaults_are_those_of_the_signature(name):
    function = public_callables()[name]
    types, defaults = PARAMETERS_OF[name], accepted(function)
    wrong = [
        f"{parameter} : {types[parameter]}, but the default is {default!r}"
        for parameter, default in defaults.items()
        if not _says(types[parameter], default) and not _is_as_in_sklearn(function, parameter)
    ]
    assert not wrong


def _says(documented_type, default):
    """Return whether ``…, default=1e-4`` says `default`, and a type without one that it must."""
    _, says_one, text = documented_type.partition("default=")
    if not says_one:
        return default is NO_DEFAULT
    if text in ("np.nan", "inf", "-inf"):
        return repr(default) == text.removeprefix("np.")
    value = ast.literal_eval(text)
    return type(value) is type(default) and value == default


def _is_as_in_sklearn(function, parameter):
    theirs = inspect.signature(MIRRORS[function]).parameters if function in MIRRORS else {}
    if parameter not in theirs or documented(function)[parameter] != "object":
        return False
    ours = inspect.signature(function).parameters[parameter].default
    return repr(ours) == repr(theirs[parameter].default)  # NaN is not equal to itself


@pytest.mark.parametrize(
    "documented_type, default",
    [
        ("float", 1.0),
        ("float, default=1.0", NO_DEFAULT),
        ("float, default=1.0", 2.0),
        ("float, default=1.0", 1),
        ("bool, default=True", 1),
        ('str, default="l2"', "l1"),
        ("float, default=np.nan", None),
        ("object", None),
    ],
)
def test_a_default_that_is_not_documented_is_seen(documented_type, default):
    assert not _says(documented_type, default)
