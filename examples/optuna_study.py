"""
=========================================
Tune with Optuna, twenty trials at a time
=========================================

Optuna's samplers learn from the trials they have seen. A study usually trains these one after
another; here it is asked for a batch of them, which is trained as one stack, and told all scores.
A last part ends hopeless trials early instead.
"""

import warnings
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
import optuna
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skopt_suite import MLPClassifier
from skopt_suite.integrations import FusedOptunaSearchCV, OptunaPruningCallback
from skopt_suite.model_selection import search_space

warnings.simplefilter("ignore", ConvergenceWarning)  # few epochs are enough to compare
optuna.logging.set_verbosity(optuna.logging.WARNING)

# %%
# A study in four batches
# -----------------------
#
# The estimator declares what is worth searching. One range is made wider here, so that there is
# something to find out.

X, y = load_digits(return_X_y=True)
X, X_test, y, y_test = train_test_split(X, y, test_size=0.3, random_state=0)
network = MLPClassifier(
    (32,), optimizer="adam", max_iter=6, batch_size=64, early_stopping=False, random_state=0
)
pipe = make_pipeline(StandardScaler(), network)
space = search_space(pipe)
space["mlpclassifier__optimizer__learning_rate"] = optuna.distributions.FloatDistribution(
    1e-5, 1.0, log=True
)
search = FusedOptunaSearchCV(
    pipe, space, n_trials=80, batch=20, cv=3, scoring="neg_log_loss", random_state=0
)
start = perf_counter()
search.fit(X, y)
n_fits = len(search.study_.trials) * search.n_splits_
print(f"{n_fits} fits in {perf_counter() - start:.1f} s")
print(search.fusion_report_)
accuracy = (search.predict(X_test) == y_test).mean()
print(f"accuracy on the test set {accuracy:.3f}")
print(*(f"  {name} = {value:.2g}" for name, value in search.best_params_.items()), sep="\n")

# %%
# The first batch is drawn blindly. Those that follow are drawn where earlier ones were good:

losses = -search.cv_results_["mean_test_score"]
batches = losses.reshape(4, 20)
for number, batch in enumerate(batches):
    print(f"batch {number}: median loss {np.median(batch):.3f}, best {batch.min():.3f}")

rates = search.cv_results_["param_mlpclassifier__optimizer__learning_rate"]
figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
points = axes.scatter(rates, losses, c=np.repeat(np.arange(4), 20), s=14, cmap="viridis")
axes.set(xlabel="learning rate", ylabel="log loss, cross-validated", xscale="log", yscale="log")
axes.legend(*points.legend_elements(), title="batch")

folder = Path("demo_output")
folder.mkdir(exist_ok=True)
figure.savefig(folder / "optuna_study.png", dpi=150)

# %%
# Pruning
# -------
#
# Where each trial is trained alone, because networks differ in width, say, a callback reports the
# score on held-out rows after every epoch. The study ends trials that are behind the median.


def objective(trial):
    width = trial.suggest_int("width", 8, 64)
    rate = trial.suggest_float("rate", 1e-5, 1e-1, log=True)
    mlp = MLPClassifier((width,), max_iter=10, early_stopping=True, random_state=0)
    model = make_pipeline(StandardScaler(), mlp.set_params(optimizer__learning_rate=rate))
    model.set_callbacks(OptunaPruningCallback(trial)).fit(X, y)
    return mlp.best_validation_score_


study = optuna.create_study(
    direction="maximize",
    sampler=optuna.samplers.TPESampler(seed=0),
    pruner=optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=2),
)
study.optimize(objective, n_trials=15)
pruned = [trial for trial in study.trials if trial.state is optuna.trial.TrialState.PRUNED]
print(f"{len(pruned)} of {len(study.trials)} trials ended early, best score {study.best_value:.3f}")
