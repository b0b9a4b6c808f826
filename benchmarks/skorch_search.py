"""Tune a network with skorch in GridSearchCV: a peer of ``fused_search.py``, which calls this.

Runs in an interpreter that has scikit-learn, torch and skorch. Reads the problem as JSON from
standard input; prints seconds and scores as JSON.
"""

import json
import sys
from time import perf_counter

import numpy as np
import torch
from sklearn.model_selection import GridSearchCV
from skorch import NeuralNetClassifier
from torch import nn


class Network(nn.Module):
    """Two hidden layers of 64 rectified linear units."""

    def __init__(self, n_features=64, n_classes=10, n_hidden=64):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(n_features, n_hidden),
            nn.ReLU(),
            nn.Linear(n_hidden, n_hidden),
            nn.ReLU(),
            nn.Linear(n_hidden, n_classes),
        )

    def forward(self, X):
        return self.layers(X)


def main():
    given = json.load(sys.stdin)
    X, y = np.array(given["X"], dtype=np.float32), np.array(given["y"])
    torch.manual_seed(0)
    make_search(given, epochs=1).fit(X, y)  # starts the worker processes
    search = make_search(given, given["epochs"])
    start = perf_counter()
    search.fit(X, y)
    seconds = perf_counter() - start
    scores = search.cv_results_["mean_test_score"].tolist()
    print(json.dumps({"search": seconds, "refit": search.refit_time_, "scores": scores}))


def make_search(given, epochs):
    net = NeuralNetClassifier(
        Network,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        batch_size=32,
        max_epochs=epochs,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
        device="cpu",
    )
    # Adam's weight_decay is an L2 penalty, on biases too.
    grid = [
        {"lr": [rate], "optimizer__weight_decay": [alpha]} for rate, alpha in given["candidates"]
    ]
    return GridSearchCV(net, grid, cv=given["cv"], n_jobs=given["n_jobs"])


if __name__ == "__main__":
    main()
