"""Every example runs, warnings being errors, and comes to what it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import matplotlib.image
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run an example in an empty folder and return what it prints."""
    monkeypatch.chdir(tmp_path)

    def run_example(name):
        finished = subprocess.run(
            [sys.executable, "-W", "error", EXAMPLES / name],
            env={**os.environ, "MPLBACKEND": "Agg", "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            encoding="utf-8",
        )
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    return run_example


def numbers(pattern, text):
    """Return what the groups of `pattern` matched, as numbers."""
    return [float(match) for match in re.findall(pattern, text, re.MULTILINE)]


def assert_drawing(path):
    """Check that a file is an image that is not all of one colour."""
    image = matplotlib.image.imread(path)
    assert min(image.shape[:2]) > 400
    assert image.min() < image.max()


def test_all_examples_are_tested():
    source = Path(__file__).read_text(encoding="utf-8")
    for script in EXAMPLES.glob("*.py"):
        assert f'run("{script.name}")' in source


def test_quickstart(run):
    printed = run("quickstart.py")
    (reference,) = numbers(r"test accuracy (0\.\d+) after", printed)
    assert reference > 0.95
    (tuned,) = numbers(r"on the test set: accuracy (0\.\d+)", printed)
    assert tuned > 0.95
    assert "96 of 96 candidates fused into 8 passes per fold" in printed
    assert printed.count("24 candidates in") == 2
    bests, means = zip(*re.findall(r"best (0\.\d+), mean (0\.\d+)", printed), strict=True)
    same, theirs, wide = map(float, bests)
    assert min(same, wide) > theirs - 0.005
    assert abs(float(means[0]) - float(means[1])) < 0.01
    assert len(numbers(r"(\d+) ms per fit", printed)) == 3
    accuracies = numbers(r"(0\.\d{4}) ± ", printed)
    assert len(accuracies) == 13
    assert accuracies == sorted(accuracies, reverse=True)
    assert "100%" in printed  # the progress bar
    assert_drawing("demo_output/quickstart.png")


def test_compare_optimizers(run):
    printed = run("compare_optimizers.py")
    excess = dict(re.findall(r"^(\w.*?) +\d+ passes, objective - optimum = (\S+)$", printed, re.M))
    excess = {name: float(value) for name, value in excess.items()}
    assert len(excess) == 8
    assert abs(excess["lbfgs"]) < 1e-9
    assert all(value < 0.05 for value in excess.values())
    assert excess["sgd, cosine"] < excess["sgd"] / 5
    assert_drawing("demo_output/optimizers.png")


def test_schedules(run):
    printed = run("schedules.py")
    rows = re.findall(r"^(\w+) +(\w+) +(\d\.\de\S+)$", printed, re.M)
    excess = {(optimizer, schedule): float(value) for optimizer, schedule, value in rows}
    assert len(excess) == 12
    for optimizer in ("sgd", "momentum", "adam"):
        constant = excess[optimizer, "constant"]
        assert all(
            excess[optimizer, name] < constant / 2 for name in ("step", "cosine", "one_cycle")
        )
    assert_drawing("demo_output/schedules.png")
    assert_drawing("demo_output/valley.png")


def test_losses(run):
    printed = run("losses.py")
    shares = dict(re.findall(r"^(\w+) +is above (\d+)% of the times$", printed, re.M))
    assert abs(int(shares["absolute_error"]) - 50) <= 3
    assert all(int(shares[name]) > 55 for name in ("squared_error", "gamma"))
    (between,) = numbers(r"between the quantiles are (\d+)%", printed)
    assert abs(between - 80) <= 3
    assert_drawing("demo_output/losses.png")
    assert_drawing("demo_output/losses_learnt.png")


def test_regularisation_path(run):
    printed = run("regularisation_path.py")
    (difference,) = numbers(r"largest difference of a coefficient: (\S+)", printed)
    assert difference < 1e-5
    (gap,) = numbers(r"an objective is at most (\S+) above", printed)
    assert 0 < gap < 1e-6
    assert "in which they enter: bmi, s5, bp," in printed
    assert len(numbers(r"best: alpha = (\S+)", printed)) == 3
    assert_drawing("demo_output/regularisation_path.png")


def test_text_and_frames(run):
    printed = run("text_and_frames.py")
    (accuracy,) = numbers(r"test accuracy (0\.\d+)", printed)
    assert accuracy > 0.8
    ((used, columns),) = re.findall(r"(\d+) of (\d+) columns are used", printed)
    assert 0 < int(used) < int(columns) / 10


def test_stream_text(run):
    printed = run("stream_text.py")
    assert "4609 tweets, 23 chunks of 200" in printed
    sgd, adam, network, stopped, guess = numbers(r"^\w.* (0\.\d{3})$", printed)
    assert min(sgd, adam, network) > 0.8
    assert adam > stopped > guess
    assert_drawing("demo_output/stream.png")


def test_custom_components(run):
    printed = run("custom_components.py")
    used = numbers(r"uses +(\d+) of 30 features", printed)
    assert used == sorted(used, reverse=True)
    assert used[0] < 20
    (accuracy,) = numbers(r"trained by SignDescent\(.*\), test accuracy (0\.\d+)", printed)
    assert accuracy > 0.94


def test_tune_and_look(run):
    printed = run("tune_and_look.py")
    assert "48 of 48 candidates fused into 4 passes per fold, 0 alone" in printed
    (accuracy,) = numbers(r"best accuracy (0\.\d+)", printed)
    assert accuracy > 0.9
    for name in ("parameter_curve", "heatmap", "parallel_coordinates", "all_losses"):
        assert_drawing(f"demo_output/{name}.png")


def test_penalty_shapes(run):
    printed = run("penalty_shapes.py")
    shrunk = dict(re.findall(r"^(\w+): \d+% become 0, .* shrunk by (\S+)$", printed, re.M))
    assert {name: float(size) for name, size in shrunk.items()} == {
        "l1": 1.0,
        "elastic_net": 0.5,
        "mcp": 0.0,
        "scad": 0.0,
    }
    assert_drawing("demo_output/penalty_shapes.png")


def test_ensembles(run):
    printed = run("ensembles.py")
    alone, together, out_of_bag = numbers(r": +accuracy (0\.\d+)", printed)
    assert together > alone + 0.005
    assert abs(out_of_bag - together) < 0.03
    (sure,) = numbers(r"above 0.9, (\d+\.\d)% are right", printed)
    assert sure > 98
    assert_drawing("demo_output/ensembles.png")


def test_raw_table(run):
    printed = run("raw_table.py")
    networks, trees = numbers(r"^R² of the \w+: +(0\.\d+)$", printed)
    assert networks > 0.5
    assert abs(networks - trees) < 0.05
    (inside,) = numbers(r"^(\d+\.\d)% of the prices are in intervals", printed)
    assert 84 < inside < 96
    assert re.search(r"^sold +date$", printed, re.M)
    assert re.search(r"^file +dropped$", printed, re.M)
    assert_drawing("demo_output/raw_table.png")


def test_export_onnx(run):
    printed = run("export_onnx.py")
    (accuracy,) = numbers(r"test accuracy (0\.\d+)", printed)
    assert accuracy > 0.93
    assert printed.count("labels are the same: True") == 2
    (difference,) = numbers(r"largest difference of a probability: (\S+)", printed)
    assert difference < 1e-5
    there, here = re.findall(r" says: +(.*?) *$", printed, re.M)
    assert there == here
    assert "LinearClassifier became LogisticRegression()" in printed
    assert "its pickle names this package: False" in printed
    assert "has no equivalent of it: its networks have neither normalisation" in printed
    assert "predicts the same: True" in printed


def test_rare_class(run):
    printed = run("rare_class.py")
    rows = re.findall(r"^(\w.*?)  +(0\.\d+) +(0\.\d+) +(0\.\d+) +(0\.\d+)$", printed, re.M)
    recall = {name: float(value) for name, value, *_ in rows}
    cost = {name: float(row[-1]) for name, *row in rows}
    assert len(rows) == 5
    assert recall["plain"] < 0.5
    for name in ("balanced weights", "plain, threshold 1/21", "focal loss, tuned threshold"):
        assert recall[name] > 0.8
        assert cost[name] < cost["plain"] / 2
    assert_drawing("demo_output/rare_class.png")


def test_price_intervals(run):
    printed = run("price_intervals.py")
    (error,) = numbers(r"error of the median: (\d+\.\d)%", printed)
    assert error < 10
    _, adjusted = numbers(r"within their limits: (\d+\.\d)%", printed)
    assert abs(adjusted - 90) < 3
    widths = [float(w.replace(",", "")) for w in re.findall(r"\$(\S+) wide", printed)]
    assert widths == sorted(widths)
    assert widths[-1] > 4 * widths[0]
    assert_drawing("demo_output/price_intervals.png")


def test_wide_table(run):
    printed = run("wide_table.py")
    used = dict(re.findall(r"^(\w+) +alpha=\S+ +(\d+) wavelengths", printed, re.M))
    assert int(used["mcp"]) <= int(used["l1"]) < int(used["l2"]) == 100
    assert int(used["group_lasso"]) % 10 == 0
    scores = numbers(r"R² on the test set (0\.\d+)$", printed)
    assert len(scores) == 5
    assert min(scores) > 0.95
    assert_drawing("demo_output/wide_table.png")


def test_optuna_study(run):
    pytest.importorskip("optuna", reason="needs optuna, of the extra test")
    printed = run("optuna_study.py")
    assert "80 of 80 candidates fused into 4 passes per fold" in printed
    (accuracy,) = numbers(r"on the test set (0\.\d+)", printed)
    assert accuracy > 0.95
    medians = numbers(r"^batch \d: median loss (\d\.\d+)", printed)
    assert medians[-1] < medians[0] / 2
    ((pruned, best),) = re.findall(r"^(\d+) of 15 trials ended early, .* (0\.\d+)$", printed, re.M)
    assert 0 < int(pruned) < 15
    assert float(best) > 0.95
    assert_drawing("demo_output/optuna_study.png")


def test_track_epochs(run):
    pytest.importorskip("tensorboardX", reason="needs tensorboardX, of the extra test")
    printed = run("track_epochs.py")
    sizes = numbers(r"bytes of epochs: (\d+)$", printed)
    assert len(sizes) == 3
    assert min(sizes) > 500
    scores = numbers(r"validation score (0\.\d+)$", printed)
    assert scores == sorted(scores)
    (epochs,) = numbers(r"stopped by the callback after (\d+) epochs", printed)
    assert epochs < 50
    assert_drawing("demo_output/track_epochs.png")
