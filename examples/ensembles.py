"""
==================================
Twenty networks that train at once
==================================

Bagging trains copies of a network on draws of the rows and averages their probabilities. Here they
are one stack, which trains at once, and the rows that a network has not seen tell what the ensemble
is worth without any that are held out.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skopt_suite import MLPClassifier
from skopt_suite.ensemble import FusedBaggingClassifier
from skopt_suite.optimizers import Adam

X, y = load_digits(return_X_y=True)
split = train_test_split(X / 16, y, train_size=0.4, stratify=y, random_state=0)
X_train, X_test, y_train, y_test = split

# %%
# The ensemble and its members
# ----------------------------
#
# The members are estimators like any other, on labels that are numbered.

network = MLPClassifier((32,), optimizer=Adam(0.005), max_iter=60, tol=None)
ensemble = FusedBaggingClassifier(network, n_estimators=20, oob_score=True, random_state=0)
ensemble.fit(X_train, y_train)

alone = [np.mean(member.predict(X_test) == y_test) for member in ensemble.estimators_]
together = ensemble.score(X_test, y_test)
print(
    f"a member alone: accuracy {np.mean(alone):.4f}, between {min(alone):.4f} and {max(alone):.4f}"
)
print(f"all together:   accuracy {together:.4f}")
print(f"out of bag:     accuracy {ensemble.oob_score_:.4f}, from the training rows only")

# %%
# How many are enough
# -------------------
#
# The probabilities of the first members are averaged, then those of more of them.

members = [member.predict_proba(X_test) for member in ensemble.estimators_]
counts = np.arange(1, len(members) + 1)
means = np.cumsum(members, axis=0) / counts[:, None, None]
accuracy = (means.argmax(axis=2) == y_test).mean(axis=1)
sure = means[-1].max(axis=1) > 0.9
right = means[-1].argmax(axis=1) == y_test
print(f"of the rows where the mean probability is above 0.9, {right[sure].mean():.1%} are right")
print(f"of the others, {right[~sure].mean():.1%}")

fig, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
ax.plot(counts, accuracy, marker="o", label="mean of the first members")
ax.plot(counts, alone, "x", color="0.5", label="every member alone")
ax.axhline(ensemble.oob_score_, ls="--", color="C1", label="out of bag, all members")
ax.set(xlabel="members", ylabel="accuracy", title="Digits: 719 rows to train on, 1078 to test")
ax.set_xticks(counts)
fig.legend(loc="outside lower center", ncols=3)

path = Path("demo_output") / "ensembles.png"
path.parent.mkdir(exist_ok=True)
fig.savefig(path, dpi=150)
print(path)
plt.show()
