"""Sphinx configuration. Nothing is fetched from the internet, neither to build nor to read."""

import importlib
import inspect
import re
import sys
from importlib.metadata import version as installed_version
from pathlib import Path

from docutils import nodes
from sklearn.utils.discovery import all_estimators
from sphinx.addnodes import desc_signature, pending_xref
from sphinx_gallery.sorting import ExplicitOrder

project = "skopt_suite"
author = "The skopt_suite developers"
copyright = f"2026, {author}"
version = release = installed_version("skopt-suite")

sys.path.insert(0, str(Path(__file__).parent / "_ext"))
extensions = [
    "components",
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
exclude_patterns = ["_build", "_ext", "_templates"]
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


# ---------------------------------------------------------------- names in the text link

FOLDERS = ("losses", "models", "penalties", "optimizers", "schedules")
OTHERS = ("ensemble", "model_selection", "plotting", "tabular")
MEAN_OTHER_THINGS = {"none", "sum", "step", "then", "product", "gamma", "linear", "optimal", "box"}
ABOUT_OTHER_LIBRARIES = ("changelog", "coming_from", "conversion")


def names_of_classes():
    """Return where the classes are that are public, by their names and those of components."""
    modules = [importlib.import_module(f"skopt_suite.{name}") for name in FOLDERS + OTHERS]
    found = {}
    for module in (importlib.import_module("skopt_suite"), *modules):
        shown = {name: getattr(module, name) for name in module.__all__}
        classes = {name: value for name, value in shown.items() if inspect.isclass(value)}
        found |= {name: f"{module.__name__}.{name}" for name in classes}
        components = {getattr(cls, "name", None): name for name, cls in classes.items()}
        named = {name: cls for name, cls in components.items() if isinstance(name, str)}
        found |= {name: f"{module.__name__}.{cls}" for name, cls in named.items()}
    return {name: target for name, target in found.items() if name not in MEAN_OTHER_THINGS}


def pages_of_scikit_learn():
    """Return the addresses of its estimators by name."""
    pages = {}
    for name, cls in all_estimators():
        module = cls.__module__.partition("._")[0]
        pages[name] = f"https://scikit-learn.org/stable/modules/generated/{module}.{name}.html"
    return pages


OURS, THEIRS = names_of_classes(), pages_of_scikit_learn()


def reference(literal, docname):
    """Return a link to what a literal names, if it names anything."""
    name = re.match(r'"?(\w*)"?(\(.*\))?$', literal.astext(), re.S)
    name = name and name[1]
    if name in OURS and docname not in ABOUT_OTHER_LIBRARIES and name not in docname.split("."):
        options = {"refdomain": "py", "reftype": "class", "reftarget": OURS[name]}
        return pending_xref("", literal.deepcopy(), refdoc=docname, refexplicit=True, **options)
    if name in THEIRS and name not in OURS:
        return nodes.reference("", "", literal.deepcopy(), refuri=THEIRS[name], internal=False)
    return None


def link_names(app, doctree):
    """Make links of literals that are names of classes of this library or of scikit-learn."""
    docname = app.env.current_document.docname
    no_links = (nodes.reference, nodes.title, nodes.rubric, pending_xref, desc_signature)
    for literal in list(doctree.findall(nodes.literal)):
        link = reference(literal, docname)
        parent = literal.parent
        while parent is not None and not isinstance(parent, no_links):
            parent = parent.parent
        if link is not None and parent is None:
            literal.replace_self(link)


def setup(app):
    """Register the hooks."""
    app.connect("autodoc-skip-member", skip_scikit_learn)
    app.connect("doctree-read", link_names)
