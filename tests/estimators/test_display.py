"""What notebooks show: changed parameters coloured, components as boxes inside, links of ours."""

import inspect
import re

import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skopt_suite import LinearClassifier, MLPClassifier, _display
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.optimizers import Adam, Lookahead
from skopt_suite.penalties import L1, L2, Sum
from skopt_suite.tabular import TabularMLPClassifier

NESTED = MLPClassifier(
    optimizer=Lookahead(Adam(0.01), n_steps=3), penalty=Sum(L2(0.1), L1()), max_iter=7
)


def body_of(shown):
    html = shown._repr_html_()
    return html[html.index("</style>") : html.index("<script>")]


def rows_of(shown, kind):
    """Return the names in the rows of the tables of parameters."""
    rows = re.findall(rf'<tr class="{kind}">.*?<td class="param">(.*?)</td>', body_of(shown), re.S)
    return [re.sub(r"<.*", "", row).strip() for row in rows]


def boxes_of(shown):
    return re.findall(r"<div><div>([^<]*)</div></div>", body_of(shown))


@pytest.mark.parametrize(
    "shown, changed",
    [
        (LinearClassifier(), []),
        (MLPClassifier(optimizer="adam", max_iter=7), ["optimizer", "max_iter"]),
        (Adam(0.01), ["learning_rate"]),
        (Adam(0.001), []),
        (
            NESTED,
            [
                *("penalty", "optimizer", "max_iter", "n_steps", "inner", "learning_rate"),
                *("smooth", "other", "alpha"),
            ],
        ),
    ],
    ids=str,
)
def test_only_what_differs_from_the_default_is_coloured(shown, changed):
    assert sorted(rows_of(shown, "user-set")) == sorted(changed)


def test_every_parameter_has_one_row():
    rows = rows_of(LinearClassifier(), "default")
    assert sorted(rows) == LinearClassifier._get_param_names()


def test_components_are_boxes_inside():
    assert boxes_of(NESTED) == [
        *("MLPClassifier", "optimizer: Lookahead", "inner: Adam"),
        *("penalty: Sum", "other: L1", "smooth: L2"),
    ]
    prefixes = re.findall(r'data-param-prefix="(\w*)"', body_of(NESTED))
    assert "optimizer__inner__" in prefixes
    assert boxes_of(LinearClassifier(penalty="l1")) == ["LinearClassifier"]


@pytest.mark.parametrize(
    "outer",
    [
        make_pipeline(StandardScaler(), NESTED),
        FusedGridSearchCV(NESTED, {"max_iter": [1, 2]}),
        TabularMLPClassifier(NESTED),
    ],
    ids=lambda outer: type(outer).__name__,
)
def test_boxes_are_inside_of_what_is_around_them(outer):
    assert " ".join(boxes_of(NESTED)[1:]) in " ".join(boxes_of(outer))


def test_links_lead_to_the_site_if_it_has_an_address(monkeypatch):
    assert "href" not in body_of(NESTED)
    monkeypatch.setattr(_display, "_documentation", lambda: "https://our.docs")
    assert 'href="https://our.docs/generated/skopt_suite.MLPClassifier.html"' in body_of(NESTED)
    assert 'href="https://our.docs/generated/skopt_suite.optimizers.Adam.html"' in body_of(NESTED)
    assert "scikit-learn.org" not in body_of(NESTED)


def test_what_is_used_of_scikit_learn():
    arguments = inspect.signature(_display.VisualBlock).parameters
    assert {"kind", "estimators", "names", "name_details"} <= set(arguments)
