"""Sphinx configuration. Nothing is fetched from the internet while building."""

import inspect
from importlib.metadata import version as installed_version

project = "skopt_suite"
author = "The skopt_suite developers"
copyright = f"2026, {author}"
version = release = installed_version("skopt-suite")

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "matplotlib.sphinxext.plot_directive",
]
exclude_patterns = ["_build", "_templates"]
templates_path = ["_templates"]
default_role = "literal"  # docstrings name parameters in single backticks

autosummary_generate = True
autodoc_typehints = "none"  # the docstrings give the types
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

plot_include_source = False
plot_html_show_source_link = False
plot_html_show_formats = False
plot_formats = ["svg"]

html_theme = "pydata_sphinx_theme"
html_title = f"skopt_suite {release}"
html_show_sourcelink = False
html_theme_options = {"show_prev_next": False, "secondary_sidebar_items": ["page-toc"]}
html_sidebars = {"**": ["sidebar-nav-bs"], "index": []}


def skip_scikit_learn(app, what, name, obj, skip, options):
    """Leave out what classes inherit from scikit-learn: its own manual documents that."""
    function = obj.fget if isinstance(obj, property) else obj
    module = getattr(inspect.unwrap(function) if callable(function) else function, "__module__", "")
    return True if (module or "").startswith("sklearn") else None


def setup(app):
    """Register the hook."""
    app.connect("autodoc-skip-member", skip_scikit_learn)
