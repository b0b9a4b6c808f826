"""Full-batch linear models on the GPU reach the optimum of the CPU."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from skopt_suite import LinearClassifier
from skopt_suite.backends import product_over_rows, sum_in_double
from skopt_suite.penalties import L2

pytestmark = pytest.mark.gpu

N_ROWS, N_FEATURES = 200_000, 20


@pytest.fixture(scope="module")
def rows():
    """Return correlated columns of different scale in single precision, and noisy labels."""
    rng = np.random.default_rng(0)
    mixing = np.eye(N_FEATURES) + 0.1 * rng.normal(size=(N_FEATURES, N_FEATURES))
    mixed = rng.normal(size=(N_ROWS, N_FEATURES)) @ mixing
    X = (mixed / mixed.std(axis=0) * rng.uniform(0.5, 2, N_FEATURES) + 0.5).astype("float32")
    y = X @ rng.normal(size=N_FEATURES) + rng.logistic(size=N_ROWS) > 0
    return X, np.where(y, 3, -1)


@pytest.fixture(scope="module")
def optimum(rows):
    """Return the weights of scikit-learn's optimum."""
    X, y = rows
    model = LogisticRegression(C=1.0, tol=1e-8, max_iter=1000).fit(X.astype("float64"), y)
    return model.coef_


def fitted(X, y, optimizer="lbfgs"):
    model = LinearClassifier(optimizer=optimizer, penalty=L2(1 / N_ROWS), tol=1e-7, max_iter=200)
    return model.fit(X, y)


@pytest.mark.parametrize("labels", ["ints there", "ints", "int8 there", "strings"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_logistic_regression(rows, optimum, labels, order):
    import cupy

    X, y = rows
    on_host = fitted(X, y)
    given = {
        "ints there": cupy.asarray(y),
        "ints": y,
        "int8 there": cupy.asarray(y.astype("int8")),
        "strings": np.where(y > 0, "yes", "no"),
    }[labels]
    model = fitted(cupy.asarray(X, order=order), given)
    np.testing.assert_allclose(cupy.asnumpy(model.coef_), on_host.coef_, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(cupy.asnumpy(model.coef_), optimum, rtol=2e-3, atol=2e-3)
    assert model.loss_ == pytest.approx(on_host.loss_, rel=1e-5)


@pytest.mark.parametrize("optimizer", ["newton_cholesky", "newton_cg"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_newton(rows, optimum, optimizer, order):
    import cupy

    X, y = rows
    on_host = fitted(X, y, optimizer)
    model = fitted(cupy.asarray(X, order=order), cupy.asarray(y), optimizer)
    np.testing.assert_allclose(cupy.asnumpy(model.coef_), optimum, rtol=2e-3, atol=2e-3)
    assert model.loss_ == pytest.approx(on_host.loss_, rel=1e-5)


@pytest.mark.parametrize("optimizer", ["lbfgs", "newton_cholesky", "newton_cg"])
def test_more_classes(rows, optimizer):
    import cupy

    X, _ = rows
    y = np.digitize(X[:, 0] + X[:, 1], [-1.0, 0.5, 2.0])
    on_host = fitted(X, y, optimizer)
    model = fitted(cupy.asarray(X), cupy.asarray(y), optimizer)
    assert model.loss_ == pytest.approx(on_host.loss_, rel=1e-4)
    agreement = np.mean(cupy.asnumpy(model.predict(cupy.asarray(X))) == on_host.predict(X))
    assert agreement > 0.999


@pytest.mark.parametrize("optimizer", ["lbfgs", "newton_cholesky", "newton_cg"])
def test_fits_make_no_copy_of_the_rows(optimizer):
    import cupy

    few = np.random.default_rng(0).normal(size=(100_000, 100)).astype("float32")
    X = cupy.tile(cupy.asarray(few), (10, 1))  # 400 MB
    y = (X[:, 0] + 2 * X[:, 1] * X[:, 2] > 0).astype("int64")
    pool = cupy.get_default_memory_pool()
    pool.free_all_blocks()
    before = pool.total_bytes()
    fitted(X, y, optimizer)
    assert pool.total_bytes() - before < X.nbytes


@pytest.mark.parametrize("n_rows", [4095, 4096, 100_003])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sums_over_rows(n_rows, dtype):
    import cupy

    rng = np.random.default_rng(0)
    X, d = rng.normal(size=(n_rows, 28)).astype(dtype), rng.normal(size=(n_rows, 1)).astype(dtype)
    near = {"rtol": 1e-4, "atol": 1e-2} if dtype == "float32" else {"rtol": 1e-9, "atol": 1e-9}
    for a, b in [(X, d), (d, X), (X, X)]:
        found = product_over_rows(cupy.asarray(a), cupy.asarray(b))
        np.testing.assert_allclose(found.get(), a.T @ b, **near)
    total = sum_in_double(cupy.asarray(d)[None], axis=1)
    np.testing.assert_allclose(total.get(), d.sum(axis=0, dtype="float64")[None], **near)


def test_clip_and_vecdot_are_those_of_numpy():
    import cupy

    from skopt_suite.backends import namespace, placement_for

    x = np.random.default_rng(0).normal(size=(3, 1000)).astype("float32")
    x[0, 0] = np.nan
    device = cupy.asarray(x)
    xp = namespace(device)
    assert xp is placement_for("cupy").xp
    for low, high in [(0.0, None), (None, 0.5), (-0.5, 0.5)]:
        found = xp.clip(device, low, high)
        assert found.dtype == x.dtype
        np.testing.assert_array_equal(found.get(), np.clip(x, low, high))
    assert xp.clip(cupy.arange(5), None, 2).tolist() == [0, 1, 2, 2, 2]
    np.testing.assert_allclose(xp.vecdot(device, device).get(), np.vecdot(x, x), rtol=1e-5)
