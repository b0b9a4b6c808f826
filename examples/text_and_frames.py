"""
===========================
Text and columns of a frame
===========================

A table with a column of text, a categorical one and a number goes through a `ColumnTransformer`
into a `LinearClassifier`. The text becomes a sparse matrix, and it is never made dense.

The texts are at hand wherever scikit-learn is: the docstrings of its own estimators. The task is to
tell from them what kind of estimator each one is.
"""

import inspect

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.discovery import all_estimators

from skopt_suite import LinearClassifier
from skopt_suite.penalties import L1, L2, ElasticNet

# %%
# The frame
# ---------

rows = [
    {
        "description": inspect.getdoc(cls).partition("Attributes\n")[0],
        "package": cls.__module__.split(".")[1],
        "n_parameters": len(inspect.signature(cls).parameters),
        "kind": kind,
    }
    for kind in ("classifier", "regressor", "transformer")
    for _, cls in all_estimators(type_filter=kind)
]
frame = pd.DataFrame(rows)
print(frame.groupby("kind").size().to_string(), "\n")
X, y = frame.drop(columns="kind"), frame["kind"]
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

# %%
# The pipeline
# ------------
#
# The default, ``optimizer="auto"``, takes L-BFGS for the L2 penalty and FISTA for the others.

pipe = Pipeline(
    [
        (
            "columns",
            ColumnTransformer(
                [
                    ("text", TfidfVectorizer(stop_words="english", min_df=3), "description"),
                    ("category", OneHotEncoder(handle_unknown="ignore"), ["package"]),
                    ("number", StandardScaler(), ["n_parameters"]),
                ],
                sparse_threshold=1.0,
            ),
        ),
        ("clf", LinearClassifier(class_weight="balanced", max_iter=2000)),
    ]
)
grid = [
    {"clf__penalty": [L2()], "clf__penalty__alpha": [1e-5, 1e-4, 1e-3]},
    {"clf__penalty": [L1()], "clf__penalty__alpha": [3e-4, 1e-3, 3e-3]},
    {"clf__penalty": [ElasticNet(l1_ratio=0.5)], "clf__penalty__alpha": [3e-4, 1e-3]},
]
search = GridSearchCV(pipe, grid, cv=5).fit(X_train, y_train)

# %%
# What came out
# -------------

for params, score in zip(
    search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
):
    print(f"{score:.3f}  {params['clf__penalty'].name:<12} alpha={params['clf__penalty__alpha']}")

best = search.best_estimator_["clf"]
print(f"\nbest: {best.penalty_}, by {best.optimizer_.name}")
print(f"test accuracy {search.score(X_test, y_test):.3f}\n")

# %%
# An L1 penalty needs few of the columns, and says which.

sparse = pipe.set_params(clf__penalty=L1(alpha=3e-3)).fit(X_train, y_train)
names, coef = sparse["columns"].get_feature_names_out(), sparse["clf"].coef_
print(f"{(coef != 0).any(axis=0).sum()} of {coef.shape[1]} columns are used")
for kind, weights in zip(sparse.classes_, coef, strict=True):
    print(f"{kind:<12}", ", ".join(names[weights.argsort()[::-1][:6]]))
