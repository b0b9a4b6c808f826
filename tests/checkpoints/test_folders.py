"""What folders are taken, what goes on from them, and what happens when they fail."""

import errno
import os
import pickle
import shutil
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skopt_suite import (
    Adam,
    Checkpoint,
    CheckpointWarning,
    FromFunction,
    LinearClassifier,
    LinearRegressor,
    MLPClassifier,
)
from skopt_suite.checkpoints import Damaged, Manifest, described, described_data, read, write
from skopt_suite.training._loop import _Pass

from .interrupted import Interrupted, fitted_in_pieces, interrupted_after

X, Y = load_iris(return_X_y=True)
MODEL = LinearClassifier(optimizer=Adam(0.01), max_iter=4, random_state=0)


def fit(model, folder, *data, **params):
    return clone(model).fit(*(data or (X, Y)), checkpoint=Checkpoint(folder, every=0), **params)


@pytest.fixture
def folder(tmp_path):
    """Of a fit that was interrupted."""
    with interrupted_after(2), pytest.raises(Interrupted):
        fit(MODEL, tmp_path / "run")
    return tmp_path / "run"


REFUSED = {
    "max_iter was 4 and is 5": {"max_iter": 5},
    "optimizer__learning_rate was 0.01 and is 0.02": {"optimizer__learning_rate": 0.02},
    "random_state was 0 and is 'drawn'": {"random_state": None},
    "penalty was 'l2' and is 'l1'": {"penalty": "l1"},
}


@pytest.mark.parametrize("text", REFUSED)
def test_another_specification_is_refused(text, folder):
    with pytest.raises(ValueError, match=text):
        fit(clone(MODEL).set_params(**REFUSED[text]), folder)


@pytest.mark.parametrize(
    ("text", "data"),
    {
        "X was float64": (X[::-1], Y),
        "y was int64": (X, Y[::-1]),
        "X was .* float32": (X.astype("float32"), Y),
        "X was .* sparse csr": (sparse.csr_array(X), Y),
        "X was .* frame": (pd.DataFrame(X), Y),
        "sample_weight was None and is float64": (X, Y, np.ones(len(Y))),
        "X_val was None.* y_val was None": (X, Y, None, X, Y),
    }.items(),
)
def test_other_data_is_refused(text, data, folder):
    with pytest.raises(ValueError, match=text):
        fit(MODEL, folder, *data)


def test_another_start_is_refused(folder):
    with pytest.raises(ValueError, match="another fit: start was"):
        fit(MODEL, folder, X, Y, coef_init=np.ones((3, 4)))


def test_another_version_is_refused(folder, monkeypatch):
    monkeypatch.setattr("skopt_suite.__version__", "99")
    with pytest.raises(ValueError, match=r"version was .* and is '?99"):
        fit(MODEL, folder)


def test_verbose_may_differ_and_says_where_it_goes_on(folder, capsys):
    fit(clone(MODEL).set_params(verbose=1), folder)
    assert capsys.readouterr().out.startswith("going on after epoch 2\nepoch 3")


def test_folders_that_cannot_be_written_are_refused(tmp_path, monkeypatch):
    def mkdir(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("pathlib.Path.mkdir", mkdir)
    with pytest.raises(ValueError, match=r"checkpoint=.*run' cannot be used: .*Permission denied"):
        fit(MODEL, tmp_path / "run")


def test_folders_of_others_are_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    for path in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(ValueError, match=r"LinearClassifier: checkpoint=.*' is no folder"):
            fit(MODEL, path)
    with pytest.raises(ValueError, match=r"checkpoint=.* is a folder of something else.*'file'"):
        fit(MODEL, tmp_path)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "checkpoint.json").write_text('{"what": "theirs"}')
    with pytest.raises(ValueError, match="not of skopt_suite"):
        fit(MODEL, tmp_path / "other")
    of_ours = b'{"what": "skopt_suite checkpoint", "format": '
    for content in (b'{"what": ', b"\xff\xfe", of_ours + b"1}", of_ours + b'"1"}'):
        (tmp_path / "other" / "checkpoint.json").write_bytes(content)
        with pytest.raises(ValueError, match=r"checkpoint.json is damaged"):
            fit(MODEL, tmp_path / "other")


def test_a_fit_that_began_meanwhile_keeps_its_folder(folder):
    late = Manifest(folder / "not there yet", "LinearClassifier")
    late.path = folder
    with pytest.raises(ValueError, match=r"checkpoint=.* is in use: another one has begun"):
        late.begin({"estimator": "LinearClassifier"}, {"seed": 1})
    fit(MODEL, folder)


def test_files_may_have_one_name_only(tmp_path, monkeypatch):
    def link(*_):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("os.link", link)
    coef = fit(MODEL, tmp_path / "run").coef_
    np.testing.assert_array_equal(fit(MODEL, tmp_path / "run").coef_, coef)


@pytest.mark.parametrize("given", [3, "", True, b"run"])
def test_what_is_no_path_is_refused(given):
    with pytest.raises(TypeError, match="checkpoint must be the path of a folder"):
        clone(MODEL).fit(X, Y, checkpoint=given)


@pytest.mark.parametrize("given", ["a\0b", Path("a\0b")])
def test_paths_with_null_characters_are_refused(given):
    with pytest.raises(
        ValueError, match="LinearClassifier: checkpoint must be the path of a folder"
    ):
        clone(MODEL).fit(X, Y, checkpoint=given)
    with pytest.raises(ValueError, match="Checkpoint: path must be the path of a folder"):
        Checkpoint(given)


@pytest.mark.parametrize("every", [-1, "30", float("nan"), True])
def test_what_is_no_time_is_refused(every):
    with pytest.raises(ValueError, match="every must be a number of seconds"):
        Checkpoint("run", every)


def test_nothing_is_made_for_what_is_not_accepted(tmp_path):
    with pytest.raises(ValueError, match="max_iter"):
        fit(clone(MODEL).set_params(max_iter=0), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_finished_fit_comes_at_once(tmp_path, monkeypatch):
    whole = fit(MODEL, tmp_path / "run")
    with monkeypatch.context() as patch:
        patch.setattr("skopt_suite.training._loop._Pass", None)
        again = fit(MODEL, tmp_path / "run")
    np.testing.assert_array_equal(again.coef_, whole.coef_)
    assert pickle.loads(pickle.dumps(again)).partial_fit(X, Y).n_iter_ == 5


@pytest.mark.parametrize("later", [None, np.random.RandomState(4)])
def test_the_seed_that_was_drawn_stays(later, tmp_path):
    model = MLPClassifier((5,), max_iter=4, dropout=0.3, random_state=np.random.RandomState(3))
    whole = clone(model).fit(X, Y)
    with interrupted_after(2), pytest.raises(Interrupted):
        fit(model, tmp_path / "run")
    again = fit(clone(model).set_params(random_state=later), tmp_path / "run")
    np.testing.assert_array_equal(again.coefs_[0], whole.coefs_[0])


def test_in_a_pipeline(tmp_path):
    pipe = make_pipeline(StandardScaler(), MODEL)
    given = {"linearclassifier__checkpoint": Checkpoint(tmp_path / "run", every=0)}
    again, n_calls = fitted_in_pieces(lambda: clone(pipe).fit(X, Y, **given))
    assert n_calls == 5
    np.testing.assert_array_equal(again[-1].coef_, clone(pipe).fit(X, Y)[-1].coef_)


def test_a_warm_start_goes_on(tmp_path):
    def models():
        return clone(MODEL).set_params(warm_start=True).fit(X, Y)

    def goes_on():
        return models().fit(X, Y, checkpoint=Checkpoint(tmp_path / "run", every=0))

    again, n_calls = fitted_in_pieces(goes_on)
    assert n_calls == 5
    np.testing.assert_array_equal(again.coef_, models().fit(X, Y).coef_)


def test_it_is_written_every_so_many_seconds(tmp_path, monkeypatch):
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr("skopt_suite.training._kept.time.monotonic", lambda: next(clock))
    with interrupted_after(3), pytest.raises(Interrupted):
        clone(MODEL).fit(X, Y, checkpoint=Checkpoint(tmp_path / "run", every=15))
    assert read(tmp_path / "run" / "pass-0.checkpoint")["epoch"] == 2


def test_a_full_disk_warns_once(tmp_path, monkeypatch):
    whole, fsync = clone(MODEL).fit(X, Y), os.fsync

    def full(number):
        if len(list(tmp_path.glob("run/*.checkpoint"))):
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(number)

    monkeypatch.setattr("os.fsync", full)
    with pytest.warns(CheckpointWarning, match=r"nothing was written.*No space left") as caught:
        again = fit(MODEL, tmp_path / "run")
    assert [one.category for one in caught].count(CheckpointWarning) == 1
    np.testing.assert_array_equal(again.coef_, whole.coef_)
    assert not list(tmp_path.glob("run/*.tmp"))


def test_a_folder_that_disappears_warns_once(folder, monkeypatch):
    run = _Pass.run
    monkeypatch.setattr(_Pass, "run", lambda self: (shutil.rmtree(folder, True), run(self))[1])
    with pytest.warns(CheckpointWarning, match="nothing was written") as caught:
        again = fit(MODEL, folder)
    assert [one.category for one in caught].count(CheckpointWarning) == 1
    np.testing.assert_array_equal(again.coef_, clone(MODEL).fit(X, Y).coef_)


@pytest.mark.parametrize("damage", [lambda b: b[:-9], lambda b: b[:99] + b"?" + b[100:], bytes])
def test_a_damaged_file_is_left_out(damage, folder):
    file = folder / "pass-0.checkpoint"
    before = read(folder / "pass-0.checkpoint.before")
    assert (before["epoch"], read(file)["epoch"]) == (1, 2)
    file.write_bytes(damage(file.read_bytes()) if damage is not bytes else b"")
    with pytest.raises(Damaged, match=r"pass-0.checkpoint is damaged"):
        read(file)
    with pytest.warns(CheckpointWarning, match=r"pass-0.checkpoint is damaged.*left out"):
        again = fit(MODEL, folder)
    np.testing.assert_array_equal(again.coef_, clone(MODEL).fit(X, Y).coef_)


def test_a_state_of_another_kind_is_refused(folder):
    file = folder / "pass-0.checkpoint"
    state = read(file)
    del state["optimizer"]["moments"]
    write(file, state)
    with pytest.raises(ValueError, match="state of the optimizer or of the schedule has changed"):
        fit(MODEL, folder)


def chunks():
    return [(X[start : start + 40], Y[start : start + 40]) for start in range(0, 150, 40)]


@pytest.mark.parametrize("given", [chunks(), lambda: iter(chunks())], ids=["sequence", "callable"])
def test_rows_that_are_read_chunk_by_chunk(given, tmp_path):
    network = MLPClassifier((5,), max_iter=4, random_state=0)
    again, n_calls = fitted_in_pieces(lambda: fit(network, tmp_path / "run", given, None))
    assert n_calls == 5
    np.testing.assert_array_equal(again.coefs_[0], clone(network).fit(given, None).coefs_[0])
    with pytest.raises(ValueError, match="X was rows in chunks"):
        fit(network, tmp_path / "run", chunks()[:3], None)


def test_divergence_is_kept(tmp_path):
    model = LinearRegressor(optimizer="sgd", random_state=0, standardize=False)
    model.set_params(optimizer__learning_rate=1e9)
    for _ in range(2):
        with pytest.raises(FloatingPointError, match="The fit diverged"):
            fit(model, tmp_path / "run")


def test_files_give_back_what_they_were_given(tmp_path, monkeypatch):
    tree = {
        "numbers": [1, 0.1, float("inf"), None, True, "é", np.float64(0.1), np.int64(3)],
        "arrays": [np.asfortranarray(X), X[:0], np.array(3.0), X.reshape(3, 50, 4).swapaxes(0, 2)],
        "nothing": (),
    }
    write(tmp_path / "file", tree)
    found = read(tmp_path / "file")
    assert found["numbers"] == tree["numbers"]
    assert found["nothing"] == []
    for array, was in zip(found["arrays"], tree["arrays"], strict=True):
        np.testing.assert_array_equal(array, was)
        assert array.strides == was.strides
    for value in (object(), np.array([object()])):
        with pytest.raises(TypeError, match="is no array"):
            write(tmp_path / "other", {"value": value})
    with monkeypatch.context() as patch:
        patch.setattr("numpy.lib.format.write_array", None)
        with pytest.raises(TypeError, match="not callable"):  # in the middle
            write(tmp_path / "file", tree)
    assert read(tmp_path / "file")["numbers"] == tree["numbers"]
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_texts_tell_what_differs():
    def constant(value):
        return lambda epoch: value * epoch

    pairs = [
        (constant(1), constant(2)),
        (lambda epoch: 1 / epoch, lambda epoch: 2 / epoch),
        (np.log, np.exp),
        (len, min),
        ([1, 2], (1, 2)),
        (FromFunction(constant(1)), FromFunction(constant(2))),
        (np.random.default_rng(0), np.random.default_rng(1)),
        ({"a": {1, 2}}, {"a": {1, 3}}),
        ("x" * 300, "x" * 299 + "y"),
    ]
    assert all(described(a) != described(b) for a, b in pairs)
    assert described(constant(1)) == described(constant(1))
    assert described_data([[1.0, 2.0]]) == described_data(np.array([[1.0, 2.0]]))


def test_clones_and_parameters_know_nothing_of_it(tmp_path):
    model = fit(MODEL, tmp_path / "run")
    assert "checkpoint" not in model.get_params()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pickle.loads(pickle.dumps(model)).predict(X).shape == (150,)
