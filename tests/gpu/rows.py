"""Rows that fits on a GPU, and of its kernels on the host, are compared on."""

from sklearn.datasets import load_diabetes, load_digits


def digits(n_rows=333):
    """So many that the last of their batches is a smaller one."""
    X, y = load_digits(return_X_y=True)
    return X[:n_rows] / 16, y[:n_rows]


def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return X, y / 100
