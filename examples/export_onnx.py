"""
===============================
Deploy without what has trained
===============================

A pipeline is tuned here, exported to ONNX, and used in a process that imports neither this package
nor scikit-learn. The same model becomes one of scikit-learn's own, and goes through skops.
"""

import pickle
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import numpy as np
import onnxruntime
import skops.io
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler

from skopt_suite import LinearClassifier, MLPClassifier
from skopt_suite.export import TRUSTED_TYPES, to_onnx, to_sklearn
from skopt_suite.model_selection import FusedGridSearchCV

OUTPUT = Path("demo_output")
OUTPUT.mkdir(exist_ok=True)

# %%
# Train
# -----
#
# Rows are in single precision, as most runtimes want them.

data = load_breast_cancer()
X, y = data.data.astype(np.float32), data.target_names[data.target]
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

network = MLPClassifier((32, 32), "mish", normalization="layer", max_iter=30, random_state=0)
grid = {"mlpclassifier__penalty__alpha": [1e-4, 1e-2], "mlpclassifier__residual": [False, True]}
search = FusedGridSearchCV(make_pipeline(StandardScaler(), network), grid, cv=3)
search.fit(X_train, y_train)
print(f"best: {search.best_params_}")
print(f"test accuracy {search.score(X_test, y_test):.3f}\n")

# %%
# Export to ONNX
# --------------
#
# `to_onnx` takes what the search has found, the scaler and all. The graph has the labels as texts.

path = OUTPUT / "cancer.onnx"
path.write_bytes(to_onnx(search, X_train).SerializeToString())
session = onnxruntime.InferenceSession(path)
labels, probabilities = session.run(None, {"X": X_test})
print(f"{path} has {path.stat().st_size} bytes")
print(f"labels are the same: {np.array_equal(labels, search.predict(X_test))}")
difference = np.abs(probabilities - search.predict_proba(X_test)).max()
print(f"largest difference of a probability: {difference:.1e}\n")

# %%
# Use it elsewhere
# ----------------
#
# Another process needs onnxruntime and NumPy.

PROGRAM = """
import sys
import numpy as np, onnxruntime
session = onnxruntime.InferenceSession("demo_output/cancer.onnx")
rows = np.load("demo_output/rows.npy")
print(*session.run(["label"], {"X": rows})[0])
assert "sklearn" not in sys.modules
"""
np.save(OUTPUT / "rows.npy", X_test[:4])
finished = subprocess.run(
    [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
)
print("another process says:", finished.stdout.strip())
print("the search says:     ", *search.predict(X_test[:4]), "\n")

# %%
# Single rows, as a server gets them, take less time there as well.


def microseconds(predict, n_times=200):
    """Return how long one row takes."""
    start = perf_counter()
    for _ in range(n_times):
        predict(X_test[:1])
    return (perf_counter() - start) / n_times * 1e6


print(f"one row in onnxruntime: {microseconds(lambda row: session.run(None, {'X': row})):.0f} µs")
print(f"one row in the pipeline: {microseconds(search.predict):.0f} µs\n")

# %%
# As an estimator of scikit-learn's
# ---------------------------------
#
# Where scikit-learn has such a model, it can take over the parameters.

linear = make_pipeline(QuantileTransformer(n_quantiles=100), LinearClassifier())
linear.fit(X_train, y_train)
plain = make_pipeline(linear[0], to_sklearn(linear[-1]))
print(f"{type(linear[-1]).__name__} became {plain[-1]}")
print(f"labels are the same: {np.array_equal(plain.predict(X_test), linear.predict(X_test))}")
print(f"its pickle names this package: {b'skopt_suite' in pickle.dumps(plain)}\n")

# %%
# A network with normalised layers is none of scikit-learn's, which is said before any work is done.

try:
    to_sklearn(search.best_estimator_[-1])
except ValueError as error:
    print(error, "\n")

# %%
# Through skops
# -------------
#
# A file of skops holds no code. The names of what may be in it are a constant.

file = OUTPUT / "cancer.skops"
skops.io.dump(search, file)
loaded = skops.io.load(file, trusted=TRUSTED_TYPES)
same = np.array_equal(loaded.predict(X_test), search.predict(X_test))
print(f"{file} loads, and predicts the same: {same}")
