"""
==========================
Follow fits epoch by epoch
==========================

Callbacks of scikit-learn are told of every epoch. Two of this package write losses and validation
scores to TensorBoard and MLflow; one of your own needs a few lines.
"""

import warnings
from pathlib import Path

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tensorboardX import SummaryWriter

from skopt_suite import MLPClassifier
from skopt_suite.integrations import TensorBoardCallback

warnings.simplefilter("ignore", ConvergenceWarning)  # few epochs are enough to compare

# %%
# TensorBoard
# -----------
#
# A callback is set on what is outermost, here a pipeline. ``tensorboard --logdir demo_output/runs``
# shows what it wrote; ``MLflowCallback`` is set in the same way.

X, y = load_digits(return_X_y=True)
folder = Path("demo_output")
networks = {}
for rate in (1e-4, 1e-3, 1e-2):
    network = MLPClassifier((32,), max_iter=10, early_stopping=True, random_state=0)
    pipe = make_pipeline(StandardScaler(), network.set_params(optimizer__learning_rate=rate))
    with SummaryWriter(folder / "runs" / f"rate_{rate:g}") as writer:
        pipe.set_callbacks(TensorBoardCallback(writer)).fit(X, y)
    networks[f"{rate:g}"] = network
for file in sorted(folder.glob("runs/rate_*/events*")):
    print(file.parent, "bytes of epochs:", file.stat().st_size)

# %%
# What it draws can be drawn from the fitted networks, too:

figure, axes = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
for rate, network in networks.items():
    axes[0].plot(network.loss_curve_, label=rate)
    axes[1].plot(network.validation_scores_)
    print(f"rate {rate}: validation score {network.validation_scores_[-1]:.3f}")
axes[0].set(xlabel="epoch", ylabel="loss")
axes[0].legend(title="learning rate")
axes[1].set(xlabel="epoch", ylabel="validation score")
figure.savefig(folder / "track_epochs.png", dpi=150)

# %%
# A callback of your own
# ----------------------
#
# ``fitted_estimator`` is the network as it is after the epoch: it predicts, and has ``loss_``,
# ``loss_curve_`` and ``validation_scores_`` of the epochs so far. To return True ends the fit.


class GoodEnough:
    """Ends a fit once it is good enough on the rows that it is trained on."""

    max_propagation_depth = None  # set on a pipeline, it is told of what is inside

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, X, y, fitted_estimator=None):
        return context.task_name == "epoch" and fitted_estimator.score(X, y) > 0.95


network = MLPClassifier((32,), max_iter=100, random_state=0)
make_pipeline(StandardScaler(), network).set_callbacks(GoodEnough()).fit(X, y)
print(f"stopped by the {network.stop_reason_} after {network.n_iter_} epochs")
