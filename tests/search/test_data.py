"""Searches over every kind of rows, targets, weights and splits."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.datasets import make_multilabel_classification
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    PredefinedSplit,
    ShuffleSplit,
)

from skopt_suite import LinearClassifier, MLPClassifier
from skopt_suite.model_selection import (
    FusedGridSearchCV,
)

from .problems import CLASSES, WEIGHTS, assert_same_results, both

MLP = MLPClassifier((8,), batch_size=32, max_iter=3, random_state=0)
ALPHAS = {"penalty__alpha": [1e-3, 1e-1]}
RATES = {"optimizer__learning_rate": [1e-4, 1e-1, 1e-2]}


def to_polars(X):
    return pytest.importorskip("polars").DataFrame(X)


def to_pandas(X):
    return pytest.importorskip("pandas").DataFrame(X)


@pytest.mark.parametrize(
    ("estimator", "convert"),
    [
        (MLP, np.ndarray.tolist),
        (MLP, to_pandas),
        (MLP, to_polars),
        (MLP, np.asfortranarray),
        (LinearClassifier(tol=1e-8), sp.csr_array),
        (LinearClassifier(tol=1e-8), sp.csc_matrix),
        (LinearClassifier(tol=1e-8), sp.coo_array),
        (LinearClassifier(optimizer="sgd", batch_size=32, random_state=0), sp.csr_array),
        (LinearClassifier(optimizer="adam", early_stopping=True, random_state=0), sp.csc_array),
        (MLP, sp.csr_matrix),
        (clone(MLP).set_params(hidden_layer_sizes=(20, 4), early_stopping=True), sp.csr_array),
        (clone(MLP).set_params(optimizer="lbfgs", max_iter=500), sp.csr_array),
    ],
)
def test_kinds_of_rows(estimator, convert):
    X, y = CLASSES
    fused, plain = both(estimator, ALPHAS, (convert(X), y))
    assert_same_results(fused, plain, tolerance=1e-6)


@pytest.mark.parametrize("kind", ["list", "series", "categories", "text"])
def test_kinds_of_targets(kind):
    pd = pytest.importorskip("pandas")
    y = np.array(["no", "yes", "maybe"])[CLASSES[1]]
    y = {
        "list": y.tolist(),
        "series": pd.Series(y, index=np.arange(150)[::-1]),
        "categories": pd.Series(y, dtype="category"),
        "text": y,
    }[kind]
    fused, plain = both(MLP, ALPHAS, (CLASSES[0], y))
    assert_same_results(fused, plain)
    assert list(fused.classes_) == ["maybe", "no", "yes"]


def test_several_labels():
    X, y = make_multilabel_classification(90, 5, n_classes=3, random_state=0)
    for scoring in (None, "accuracy", "f1_macro", "roc_auc"):
        assert_same_results(*both(MLP, ALPHAS, (X / 5, y), scoring=scoring))


def test_no_targets():
    with pytest.raises(ValueError, match="All the 6 fits failed"):
        FusedGridSearchCV(MLP, ALPHAS, cv=3).fit(CLASSES[0])


@pytest.mark.parametrize("weights", [None, WEIGHTS, WEIGHTS.tolist()])
def test_kinds_of_weights(weights):
    estimator = LinearClassifier(tol=1e-9, max_iter=1000)
    fused, plain = both(estimator, ALPHAS, fit_params={"sample_weight": weights})
    assert_same_results(fused, plain, tolerance=1e-6)
    assert fused.fusion_report_.n_alone == 0
    with pytest.raises(TypeError, match="positional argument"):
        FusedGridSearchCV(MLP, ALPHAS).fit(*CLASSES, WEIGHTS)


def test_validation_rows_are_trained_alone():
    X, y = CLASSES
    fit_params = {"X_val": X[:30].tolist(), "y_val": y[:30].tolist()}
    estimator = clone(MLP).set_params(early_stopping=True)
    fused, plain = both(estimator, ALPHAS, fit_params=fit_params)
    assert_same_results(fused, plain)
    assert "['X_val', 'y_val'] are not weights of samples" in repr(fused.fusion_report_)


ROWS = np.arange(150)


@pytest.mark.parametrize(
    "make_cv",
    [
        lambda: 4,
        lambda: (split for split in KFold(3).split(CLASSES[0])),
        lambda: [(list(range(100)), list(range(100, 150)))],
        lambda: [(ROWS % 3 > 0, ROWS % 3 == 0)],
        lambda: [(ROWS[::-1], ROWS), (np.repeat(ROWS[:80], 2), ROWS[80:])],
        lambda: ShuffleSplit(3, random_state=np.random.RandomState(0)),
        lambda: PredefinedSplit(ROWS % 4 - 1),
    ],
)
def test_kinds_of_splitters(make_cv):
    fused = FusedGridSearchCV(MLP, ALPHAS, cv=make_cv()).fit(*CLASSES)
    plain = GridSearchCV(MLP, ALPHAS, cv=make_cv()).fit(*CLASSES)
    assert_same_results(fused, plain)


def test_random_splits_are_drawn_once_and_like_those_of_scikit_learn():
    """All candidates see the same rows, and NumPy's generator is left as scikit-learn leaves it."""
    after = []
    searches = []
    for search in (FusedGridSearchCV, GridSearchCV):
        np.random.seed(0)  # noqa: NPY002 (the generator that splitters draw from)
        searches.append(search(MLP, ALPHAS, cv=KFold(3, shuffle=True)).fit(*CLASSES))
        after.append(np.random.random())  # noqa: NPY002
    assert_same_results(*searches)
    assert after[0] == after[1]


def test_splits_that_do_not_match_their_number():
    class Lying(KFold):
        def get_n_splits(self, X=None, y=None, groups=None):
            return 7

    with pytest.raises(ValueError, match="Expected 7 splits, got 3"):
        FusedGridSearchCV(MLP, ALPHAS, cv=Lying(3)).fit(*CLASSES)
    with pytest.raises(ValueError, match="No fits were performed"):
        FusedGridSearchCV(MLP, ALPHAS, cv=[]).fit(*CLASSES)
