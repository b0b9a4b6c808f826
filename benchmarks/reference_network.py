"""Time the Keras reference network: 784–128–128–10, relu, softmax, Adam, batch 32, float32.

The same network on the same data in skopt_suite, scikit-learn, PyTorch eager (``torch.optim.Adam``
with its defaults, and with ``fused=True``) and Keras. Each contestant runs in a process of its own,
warmed up by a first fit, and the contestants take turns, round after round, so that a slow minute
of the machine hits all of them. See ``benchmarks/README.md`` for the commands.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import warnings

import numpy as np

N_SAMPLES, N_FEATURES, N_CLASSES, BATCH_SIZE = 20_000, 784, 10, 32
HIDDEN = (128, 128)
N_STEPS = N_SAMPLES // BATCH_SIZE  # per epoch
NEVER = 10**6  # n_iter_no_change: no early end
PLAIN = {"optimizer": "adam", "schedule": "constant", "dropout": 0.0, "early_stopping": False}
"""Our network as the others train theirs by default."""

PEERS = {"sklearn": ["sklearn"], "torch": ["torch", "torch fused"], "keras": ["keras"]}


def main():
    options = parse_arguments()
    if options.worker:
        print(json.dumps(work(options.worker, options.epochs, options.threads)))
        return
    contestants = [] if options.without_ours else ["ours"]
    contestants += [row for peer in options.peers for row in PEERS[peer]]
    load = os.getloadavg()[0]
    results = {name: [] for name in contestants}
    for round_ in range(1, options.rounds + 1):
        for name in contestants:
            run = run_worker(name, options)
            results[name].append(run)
            print(f"round {round_}: {name:12} {1e3 * run['epoch']:8.1f} ms/epoch", file=sys.stderr)
    report(results, options, load)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=["sklearn"])
    parser.add_argument("--without-ours", action="store_true", help="time the peers only")
    parser.add_argument("--torch-python", default=sys.executable, help="a Python that has torch")
    parser.add_argument("--keras-python", default=sys.executable, help="a Python that has keras")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=5, help="epochs in one timed fit")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    return parser.parse_args()


def run_worker(name, options):
    """Time one contestant once, in a fresh process of the interpreter that has it."""
    pythons = {"torch": options.torch_python, "keras": options.keras_python}
    python = pythons.get(name.split()[0], sys.executable)
    variables = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]
    environment = (
        os.environ | dict.fromkeys(variables, str(options.threads)) | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    )
    command = [
        python,
        __file__,
        "--worker",
        name,
        "--epochs",
        str(options.epochs),
        "--threads",
        str(options.threads),
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{name} failed in {python}:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def work(name, epochs, threads):
    """Seconds per epoch of a warmed-up fit, and the mean training loss over its last epoch."""
    prepare = {"ours": ours, "sklearn": scikit_learn, "keras": keras}.get(name, pytorch)
    fit, version = prepare(*make_data(), fused=name == "torch fused", threads=threads)
    fit(1)
    start = time.perf_counter()
    loss = fit(epochs)
    return {
        "epoch": (time.perf_counter() - start) / epochs,
        "loss": float(loss),
        "version": version,
    }


def make_data():
    """Images of 784 pixels in [0, 1], a third of them lit; a tenth of the labels is random.

    Every pixel is lit now and then, and the loss stays away from 0: no contestant is timed on
    denormal numbers.
    """
    rng = np.random.default_rng(0)
    y = rng.integers(N_CLASSES, size=N_SAMPLES)
    prototypes = rng.uniform(-1, 0.6, size=(N_CLASSES, N_FEATURES)).astype(np.float32)
    noise = 0.5 * rng.standard_normal((N_SAMPLES, N_FEATURES), dtype=np.float32)
    X = np.clip(prototypes[y] + noise, 0, 1)
    return X, np.where(rng.random(N_SAMPLES) < 0.1, rng.integers(N_CLASSES, size=N_SAMPLES), y)


# One function per contestant: returns fit(epochs) → loss of the last epoch, and the version.


def ours(X, y, **_):
    import skopt_suite

    def fit(epochs):
        model = skopt_suite.MLPClassifier(
            hidden_layer_sizes=HIDDEN,
            activation="relu",
            **PLAIN,
            penalty="none",
            batch_size=BATCH_SIZE,
            max_iter=epochs,
            tol=0,
            n_iter_no_change=NEVER,
            random_state=0,
        )
        return quietly(model.fit, X, y).loss_curve_[-1]

    return fit, f"skopt_suite {skopt_suite.__version__}"


def scikit_learn(X, y, **_):
    import sklearn
    from sklearn.neural_network import MLPClassifier

    def fit(epochs):
        model = MLPClassifier(
            hidden_layer_sizes=HIDDEN,
            alpha=0,
            batch_size=BATCH_SIZE,
            max_iter=epochs,
            tol=0,
            n_iter_no_change=NEVER,
            random_state=0,
        )
        return quietly(model.fit, X, y).loss_curve_[-1]

    return fit, f"scikit-learn {sklearn.__version__}"


def quietly(fit, X, y):
    """Fit without the warning that ``max_iter`` ended it, which is what is wanted here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fit(X, y)


def pytorch(X, y, fused, threads):
    """Train by the plain eager loop on tensors in memory, which beats a DataLoader."""
    import torch
    from torch.nn import Linear, ReLU, Sequential
    from torch.nn.functional import cross_entropy

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    first, second = HIDDEN
    model = Sequential(
        Linear(N_FEATURES, first),
        ReLU(),
        Linear(first, second),
        ReLU(),
        Linear(second, N_CLASSES),
    )
    optimizer = torch.optim.Adam(model.parameters(), fused=fused or None)

    def fit(epochs):
        for _ in range(epochs):
            total = torch.zeros(())
            for rows in torch.randperm(len(X)).split(BATCH_SIZE):
                loss = cross_entropy(model(X.index_select(0, rows)), y.index_select(0, rows))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total += loss.detach()
        return total.item() / N_STEPS

    return fit, f"torch {torch.__version__}"


def keras(X, y, threads, **_):
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow

        tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
        tensorflow.config.threading.set_inter_op_parallelism_threads(threads)
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(width, activation="relu") for width in HIDDEN]
    output = keras.layers.Dense(N_CLASSES, activation="softmax")
    model = keras.Sequential([keras.Input((N_FEATURES,)), *layers, output])
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")

    def fit(epochs):
        history = model.fit(X, y, batch_size=BATCH_SIZE, epochs=epochs, verbose=0)
        return history.history["loss"][-1]

    return fit, f"keras {keras.__version__} ({keras.backend.backend()})"


def report(results, options, load):
    print(f"{N_SAMPLES} rows, {N_STEPS} steps an epoch, {options.threads} threads;", end=" ")
    print(f"{options.rounds} rounds of {options.epochs} epochs; load average before: {load:.1f}")
    print(f"{'':12} {'ms/epoch':>9} {'(min)':>8} {'µs/step':>8} {'(min)':>7}", end=" ")
    print(f"{'ours/peer':>10} {'(of min)':>9} {'loss':>7}")
    epochs = {name: [run["epoch"] for run in runs] for name, runs in results.items()}
    for name, seconds in epochs.items():
        middle, least = statistics.median(seconds), min(seconds)
        per_step = f"{1e6 * middle / N_STEPS:8.0f} {1e6 * least / N_STEPS:7.0f}"
        last = results[name][-1]
        print(f"{name:12} {1e3 * middle:9.1f} {1e3 * least:8.1f} {per_step}", end=" ")
        print(f"{ratios(epochs.get('ours'), seconds)} {last['loss']:7.4f}  {last['version']}")


def ratios(ours, peer):
    """Median over rounds of ours/peer, and the ratio of the best times."""
    if ours is None:
        return f"{'':10} {'':9}"
    paired = statistics.median(np.divide(ours, peer))
    return f"{paired:10.2f} {min(ours) / min(peer):9.2f}"


if __name__ == "__main__":
    main()
