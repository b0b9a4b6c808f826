"""Sphinx configuration. Nothing is fetched from the internet, neither to build nor to read."""

import inspect
from importlib.metadata import version as installed_version

from sphinx_gallery.sorting import ExplicitOrder

project = "skopt_suite"
author = "The skopt_suite developers"
copyright = f"2026, {author}"
version = release = installed_version("skopt-suite")

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx-mathjax-offline",
    "numpydoc",
    "matplotlib.sphinxext.plot_directive",
    "myst_parser",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "_templates"]
templates_path = ["_templates"]
default_role = "literal"  # docstrings name parameters in single backticks

autosummary_generate = True
autodoc_typehints = "none"  # the docstrings give the types
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

mathjax3_config = {
    "loader": {"load": ["[tex]/textmacros"]},  # \\_ in \\text
    "tex": {"packages": {"[+]": ["textmacros"]}},
}

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"\.py$",
    "within_subsection_order": ExplicitOrder(
        [
            "quickstart.py",
            "raw_table.py",
            "price_intervals.py",
            "rare_class.py",
            "wide_table.py",
            "text_and_frames.py",
            "*",
            "tune_and_look.py",
            "ensembles.py",
            "stream_text.py",
            "compare_optimizers.py",
            "schedules.py",
            "losses.py",
            "penalty_shapes.py",
            "regularisation_path.py",
            "custom_components.py",
        ]
    ),
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("skopt_suite",),
    "reference_url": {"skopt_suite": None},
    "min_reported_time": 1000,
    "write_computation_times": False,
}

plot_include_source = False
plot_html_show_source_link = False
plot_html_show_formats = False
plot_formats = ["svg"]

html_theme = "pydata_sphinx_theme"
html_title = f"skopt_suite {release}"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_show_sourcelink = False
html_theme_options = {
    "navbar_align": "left",
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": False,
}
html_sidebars = {"**": ["sidebar-nav-bs"], "index": [], "changelog": []}


def skip_scikit_learn(app, what, name, obj, skip, options):
    """Leave out what classes inherit from scikit-learn: its own manual documents that."""
    function = obj.fget if isinstance(obj, property) else obj
    module = getattr(inspect.unwrap(function) if callable(function) else function, "__module__", "")
    return True if (module or "").startswith("sklearn") else None


def setup(app):
    """Register the hook."""
    app.connect("autodoc-skip-member", skip_scikit_learn)
