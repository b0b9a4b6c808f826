"""How notebooks show objects; all that we use of scikit-learn's diagrams without a public name."""

from __future__ import annotations

import functools
from importlib.metadata import PackageNotFoundError, metadata
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.utils._repr_html.estimator import _VisualBlock as VisualBlock

__all__ = ["Displayed", "VisualBlock"]


class Displayed(BaseEstimator):
    """In its diagram, what differs from the defaults is coloured, and objects are boxes inside."""

    _doc_link_module = "skopt_suite"

    @property
    def _doc_link_template(self) -> str:
        """Where the page of a class is; empty, and so no link, as long as the site has no address.

        scikit-learn fills in ``{estimator_module}`` and ``{estimator_name}``.
        """
        site = _documentation()
        return site and site + "/generated/{estimator_module}.{estimator_name}.html"

    def _get_params_html(self, deep: bool = True, doc_link: str = "") -> Any:
        """Return the table of parameters; those of components are in boxes of their own."""
        return super()._get_params_html(deep=False, doc_link=doc_link)

    def _sk_visual_block_(self) -> VisualBlock:
        """Return the diagram: a box for every object among the parameters, or one for all."""
        inside = {
            f"{name}: {type(value).__name__}": value
            for name, value in self.get_params(deep=False).items()
            if isinstance(value, BaseEstimator)
        }
        if not inside:
            return VisualBlock("single", self, names=type(self).__name__, name_details=str(self))
        return VisualBlock(
            "serial",
            [_boxed(label, value) for label, value in inside.items()],
            names=[*inside],
            name_details=[*map(str, inside.values())],
        )


class _Box(VisualBlock):
    """The box of an object that is labelled with the parameter that it is."""

    def __init__(self, label: str, shown: Displayed) -> None:
        block = shown._sk_visual_block_()
        names = label if block.kind == "single" else block.names
        super().__init__(block.kind, block.estimators, names=names, name_details=block.name_details)
        self.get_params, self._get_params_html = shown.get_params, shown._get_params_html
        self._get_doc_link = shown._get_doc_link


def _boxed(label: str, shown: Any) -> Any:
    return _Box(label, shown) if isinstance(shown, Displayed) else shown


@functools.cache
def _documentation() -> str:
    """Return the address of the documents that the installed package names; empty if none."""
    try:
        urls = metadata("skopt-suite").get_all("Project-URL") or []
    except PackageNotFoundError:
        return ""
    named = dict(url.split(", ", 1) for url in urls)
    return named.get("Documentation", "").rstrip("/")
