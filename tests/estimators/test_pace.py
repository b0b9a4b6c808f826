"""``verbose=2`` says how fast a fit is, and how far in rows that are read chunk by chunk."""

import re

import numpy as np
import pytest

from skopt_suite import LinearClassifier, LinearRegressor
from skopt_suite._figures import duration, many
from skopt_suite.estimators import _pace

RNG = np.random.default_rng(0)
N_ROWS = 12_000
CHUNKS = [
    (X, (X[:, 0] > 0).astype(int)) for X in RNG.normal(size=(4, N_ROWS // 4, 1500))
]  # more than is held in memory
EPOCH = r"epoch {}: loss \d\.\d+, \d\S*( million)? rows/s, at most \d+ s left"


@pytest.fixture
def often(monkeypatch):
    monkeypatch.setattr(_pace, "EVERY", 0.0)


def lines_of(model, capsys, *data):
    model.fit(*data)
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("shuffle", [True, False])
def test_epochs_over_chunks_say_how_far_they_are(often, capsys, shuffle):
    model = LinearClassifier(
        optimizer="sgd", max_iter=2, tol=None, shuffle=shuffle, random_state=0, verbose=2
    )
    lines = lines_of(model, capsys, CHUNKS)
    first = lines.index(next(line for line in lines if line.startswith("optimizer")))
    assert all(re.fullmatch(r"reading: [\d,]+ rows, .* rows/s", line) for line in lines[:first])
    assert lines[0].startswith("reading: 3,000 rows")
    ends = [k for k, line in enumerate(lines) if re.fullmatch(EPOCH.format(r"\d"), line)]
    assert len(ends) == 2
    within = lines[ends[0] + 1 : ends[1]]
    shares = [int(re.match(r"epoch 2: (\d+) % of 12,000 rows, ", line)[1]) for line in within]
    assert shares == sorted(set(shares))
    assert 0 < shares[0] < shares[-1] < 100
    assert all(re.search(r"rows/s, about \d+ s left$", line) for line in within)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_iterations_over_chunks_count_their_sweeps(often, capsys):
    data = [(X, X[:, 0]) for X, _ in CHUNKS]
    model = LinearRegressor(optimizer="lbfgs", loss="huber", max_iter=1, verbose=2)
    lines = lines_of(model, capsys, data)
    assert any(re.match(r"epoch 1, sweep 2: \d+ % of 12,000 rows", line) for line in lines)


def test_lines_are_few_where_epochs_are_short(capsys):
    model = LinearClassifier(optimizer="sgd", max_iter=3, tol=None, random_state=0, verbose=2)
    lines = lines_of(model, capsys, *CHUNKS[0])
    assert len(lines) == 4
    assert lines[0].startswith("optimizer 'sgd'")
    for epoch, line in enumerate(lines[1:], 1):
        assert re.fullmatch(EPOCH.format(epoch), line)
    assert lines[-1].endswith("at most 0 s left")


def test_verbose_1_says_neither(often, capsys):
    model = LinearClassifier(optimizer="sgd", max_iter=1, tol=None, random_state=0, verbose=1)
    (line,) = lines_of(model, capsys, CHUNKS)
    assert re.fullmatch(r"epoch 1: loss \d\.\d+", line)


def test_what_is_left_is_told_of_the_time_that_epochs_took(monkeypatch):
    now = iter([0.0, 10.0, 14.0, 20.0, 28.0])  # it begins, and the two epochs begin and end
    monkeypatch.setattr(_pace, "perf_counter", lambda: next(now))
    pace = _pace.Pace()
    pace._last_line = np.inf
    pace.epoch_begins(1, 100)
    pace._n_rows = 100
    assert pace.epoch_ends(1, 5) == ", 25 rows/s, at most 20 s left"
    pace.epoch_begins(2, 100)
    pace._n_rows = 100
    assert pace.epoch_ends(2, 4) == ", 12 rows/s, at most 24 s left"


def test_figures():
    assert [many(n) for n in (950, 12_345, 2.4e6, 1.25e9)] == [
        "950",
        "12,345",
        "2.4 million",
        "1.2 billion",
    ]
    assert [duration(s) for s in (0.2, 90, 210, 9000)] == ["0 s", "90 s", "3.5 min", "2.5 h"]
