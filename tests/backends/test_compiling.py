"""Compiling: the line that says so, what is compiled ahead, and what is compiled at all."""

import gc
import importlib
import os
import pkgutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp
from numba import typeof
from numba.core.registry import CPUDispatcher
from numba.extending import typeof_impl

import skopt_suite
from skopt_suite import LinearClassifier, MLPRegressor
from skopt_suite.backends.kernels import _numba, _warm_up
from skopt_suite.backends.kernels._numba import _compiling, _compose, _epoch, _team, _waiting
from skopt_suite.backends.kernels._numba import _warm_up as engine
from skopt_suite.backends.kernels._numba._body import Body
from skopt_suite.backends.kernels._numba._entry import KINDS, Entry
from skopt_suite.model_selection import fused_cross_validate

ARRAY = "numpy.ndarray"
RUNS = "run_dense", "run_sparse", "run_lazily", "run_linear", "run_adagrad"
LINE = "skopt_suite: compiling kernels for this machine, once (a few seconds) ...\n"


def event_of(module):
    function = SimpleNamespace(__module__=module)
    return SimpleNamespace(data={"dispatcher": SimpleNamespace(py_func=function)})


OURS, THEIRS = event_of(f"{_numba.__name__}._layers"), event_of("numba.np.arrayobj")


def compile_for_long(announcer, event):
    """Compile something with a part that numba compiles for itself, until patience is over."""
    announcer.on_start(event)
    announcer.on_start(THEIRS)
    announcer.on_end(THEIRS)
    if announcer.timer is not None:
        announcer.timer.join()
    announcer.on_end(event)


def test_one_line_says_that_compiling_takes_long(capsys):
    announcer = _compiling.Announcer()
    announcer.left = 0.01
    for _ in range(3):
        compile_for_long(announcer, OURS)
    assert capsys.readouterr().err == LINE


def test_nothing_is_said_of_what_is_short_and_of_functions_of_users(capsys):
    announcer = _compiling.Announcer()
    for _ in range(5):
        announcer.on_start(OURS)
        announcer.on_end(OURS)
    compile_for_long(announcer, event_of("users_own_module"))
    compile_for_long(announcer, event_of(None))  # a class that numba compiles
    assert announcer.timer is None
    assert 0 < announcer.left < _compiling.PATIENCE
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("is_enabled", [True, False])
def test_garbage_is_collected_afterwards_if_it_was_before(is_enabled):
    paused = _compiling.PausedCollection()
    was_enabled = gc.isenabled()
    try:
        (gc.enable if is_enabled else gc.disable)()
        paused.on_start(OURS)
        assert not gc.isenabled()
        paused.on_end(OURS)
        assert gc.isenabled() == is_enabled
    finally:
        (gc.enable if was_enabled else gc.disable)()


FIT = """
import warnings
import numpy as np
from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier
from skopt_suite.backends.kernels._numba import _compiling
_compiling.ANNOUNCER.left = 0.1
warnings.simplefilter("ignore")
rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4))
LinearRegressor().fit(X, X[:, 0] + rng.normal(size=60)).predict(X)
"""
MORE = """
y = np.argmax(X[:, :3], axis=1)
LinearClassifier(penalty="l1").fit(X, y)
for batch_size in (16, 60):
    mlp = MLPClassifier((5, 5), penalty="elastic_net", max_iter=3, batch_size=batch_size)
    mlp.fit(X, y).predict_proba(X)
"""


def said_by(code, cache):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return done.stderr


def test_a_first_fit_says_that_it_compiles_and_the_next_process_does_not(tmp_path):
    assert said_by(FIT, tmp_path) == LINE
    assert said_by(FIT, tmp_path) == ""


WARM_UP = """
from skopt_suite.backends.kernels._numba import parts
from skopt_suite.backends.kernels._warm_up import compile_parts
functions = "_adam_rules", "_class_losses", "_layers", "_losses", "_pay", "_products", "_updates"
needed = "steps", *functions
assert {*needed} <= {*parts()}
compile_parts("numpy.ndarray", needed, 2, False)
"""
COMPILE_NOTHING = """
from numba.core import event
class Refuse(event.Listener):
    def on_start(self, event):
        raise AssertionError(f"compiles {event.data['dispatcher']}")
    def on_end(self, event):
        pass
event.register("numba:compile", Refuse())
from numba.core.cpu import CPUContext
def refuse(context):
    raise AssertionError("registers all that can be compiled, which takes longer than to load")
CPUContext.refresh = refuse
"""


def test_after_a_warm_up_nothing_is_compiled(tmp_path):
    """Of the parts that these fits need; all parts, and the types of all steps: see below."""
    assert said_by(WARM_UP, tmp_path) == ""
    assert said_by(COMPILE_NOTHING + FIT + MORE, tmp_path) == ""


def types_of_runs(monkeypatch, action):
    """Return by name the types of what runs of steps are called with; they make no steps."""
    found = {name: set() for name in RUNS}
    with monkeypatch.context() as patch:
        for name in RUNS:

            def seen(*arguments, name=name):
                found[name].add(tuple(map(typeof, arguments)))

            patch.setattr(_compose, name, seen)
        action()
    return found


def rows_of_all_kinds():
    dense = np.random.default_rng(0).normal(size=(40, 3))
    for dtype in ("float32", "float64"):
        X = dense.astype(dtype)
        yield np.asfortranarray(X)
        X.flags.writeable = False
        yield X
        for index in ("int32", "int64"):
            sparse = sp.csr_array(X)
            sparse.indices, sparse.indptr = (
                a.astype(index) for a in (sparse.indices, sparse.indptr)
            )
            yield sparse


def fit_in_many_ways():
    y, weight = np.arange(40) % 3, np.arange(1.0, 41.0)
    for array in (y, weight):
        array.flags.writeable = False
    for X in rows_of_all_kinds():
        for dtype in ("float32", "float64"):
            settings = {"dtype": dtype, "max_iter": 2, "batch_size": 16}
            for optimizer, penalty in (("sgd", "l2"), ("adam", "l1"), ("adagrad", "none")):
                clf = LinearClassifier(optimizer=optimizer, penalty=penalty, **settings)
                clf.fit(X, y).fit(X, y, sample_weight=weight)
                fused_cross_validate(clf, X, y, cv=2)
            mlp = MLPRegressor((4,), dropout=0.1, standardize=False, **settings)
            mlp.fit(X, np.column_stack([y, y])).set_params(optimizer="sgd").fit(X, y)


def test_steps_of_all_fits_are_of_types_that_are_compiled_ahead(monkeypatch):
    runs = [run for part in engine._RUNS for run in engine._parts()[part[0]]]
    ahead = types_of_runs(monkeypatch, lambda: [run() for run in runs])
    monkeypatch.setattr(_compose, "_DEAR", 0)
    asked_for = types_of_runs(monkeypatch, fit_in_many_ways)
    assert [len(ahead[name]) for name in RUNS] == [4, 8, 8, 8, 8]
    assert asked_for == ahead


def modules_with_kernels():
    return [
        importlib.import_module(f"{_numba.__name__}.{found.name}")
        for found in pkgutil.iter_modules(_numba.__path__)
    ]


def test_what_is_kept_is_an_entry_a_body_or_a_run_of_steps():
    """Else `warm_up` would not know of it; what only kernels call is a `jit_inner`."""
    known = {body.function for body in Body.made} | {getattr(_compose, name) for name in RUNS}
    functions = {
        f"{module.__name__}.{name}": value
        for module in modules_with_kernels()
        for name, value in vars(module).items()
        if isinstance(value, CPUDispatcher) and value.targetoptions.get("cache") is not False
    }
    kept = {name for name, function in functions.items() if function._cache.cache_path is not None}
    assert kept
    assert {name for name in kept if functions[name] not in known} == set()


def test_numba_need_not_search_for_what_named_tuples_are():
    kinds = _epoch.Fits, _epoch.Rows, _epoch.SparseRows, _epoch.Network, _epoch.Keys, _epoch.How
    others = _epoch.Space, _team.Team, _waiting.Waiting
    assert {*kinds, *others} <= typeof_impl.registry.keys()


def test_everything_is_in_a_part():
    functions = {one.module for one in (*Body.made, *Entry.made)}
    assert functions <= set(engine.parts())
    assert sum(map(len, engine._parts().values())) == 36 + len(KINDS) * len(
        [*Body.made, *Entry.made]
    )


def test_warm_up_compiles_all_parts_and_says_so_if_asked(monkeypatch, capsys):
    monkeypatch.setattr(_warm_up, "_compile", lambda array, part: (f"{array}'s {part}", 1.0))
    skopt_suite.warm_up(jobs=1)
    assert capsys.readouterr() == ("", "")
    skopt_suite.warm_up(jobs=1, verbose=True)
    lines = capsys.readouterr().out.splitlines()
    said = [f"skopt_suite: {ARRAY}'s {part} compiled in 1.0 s" for part in engine.parts()]
    assert lines == said


def test_warm_up_is_an_error_where_nothing_can_be_kept(monkeypatch):
    monkeypatch.setattr(engine, "HAS_CACHE", False)
    with pytest.raises(RuntimeError, match="NUMBA_CACHE_DIR"):
        skopt_suite.warm_up()
