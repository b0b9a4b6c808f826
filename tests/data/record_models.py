"""Write the fitted models that `tests/backends/test_saved.py` loads: one file for every version.

Run ``python tests/data/record_models.py`` once, at a release; files of earlier versions stay.
"""

import json
import pickle
from pathlib import Path
from zipfile import ZIP_DEFLATED

import numpy as np
import skops.io

import skopt_suite
from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.optimizers import Adam, Momentum
from skopt_suite.penalties import ElasticNet
from skopt_suite.schedules import ReduceOnPlateau, Warmup

HERE = Path(__file__).parent
rng = np.random.RandomState(0)
X = rng.normal(size=(30, 3))
NUMBERS = X @ [1.0, -2.0, 0.5] + 0.1 * rng.normal(size=30)
WORDS = np.array(["ash", "beech", "cedar"])[np.digitize(NUMBERS, [-1, 1])]
LABELS = np.c_[X[:, 0] > 0, X[:, 1] > 0].astype(int)


def models():
    """Return models by name, each with its targets."""
    settings = {"max_iter": 5, "tol": 0.1, "random_state": 0}
    schedule = Warmup(ReduceOnPlateau(patience=2), n_epochs=2)
    return {
        "lbfgs": (LinearRegressor(), NUMBERS),
        "fista": (LinearClassifier(penalty=ElasticNet(0.1)), WORDS),
        "momentum": (LinearRegressor(optimizer=Momentum(0.05), **settings), NUMBERS),
        "adam": (MLPClassifier((4,), optimizer=Adam(0.01), **settings), WORDS),
        "labels": (MLPClassifier((4, 3), "tanh", **settings), LABELS),
        "schedule": (MLPRegressor((4,), schedule=schedule, **settings), NUMBERS),
    }


def main():
    """Fit, and write models and predictions."""
    fitted = {name: model.fit(X, y) for name, (model, y) in models().items()}
    path = HERE / f"models-{skopt_suite.__version__}"
    path.with_name(f"{path.name}.pkl").write_bytes(pickle.dumps(fitted, protocol=4))
    file = path.with_name(f"{path.name}.skops")
    skops.io.dump(fitted, file, compression=ZIP_DEFLATED)
    predicted = {name: model.predict(X).tolist() for name, model in fitted.items()}
    text = json.dumps({"X": X.tolist(), "predicted": predicted})
    path.with_name(f"{path.name}.json").write_text(text)


if __name__ == "__main__":
    main()
