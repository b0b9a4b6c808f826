"""Directives that list components.

``.. components:: optimizers`` is a table, of those in a ``:folder:`` if one is given;
``.. component-pages:: optimizers`` lists their pages in the API reference, and has them written.
"""

from pathlib import Path

import listed
from docutils.parsers.rst import directives
from sphinx.ext.autosummary.generate import generate_autosummary_docs
from sphinx.util.docutils import SphinxDirective

FOLDER = "generated"


class Components(SphinxDirective):
    """A table."""

    required_arguments = 1
    option_spec = {"folder": directives.unchanged}

    def run(self):
        return self.parse_text_to_nodes(listed.table(self.arguments[0], self.options.get("folder")))


class ComponentPages(SphinxDirective):
    """Links to pages in the API reference."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self):
        return self.parse_text_to_nodes(listed.pages(self.arguments[0].split(), FOLDER))


def write_pages(app):
    """Write the pages of components, as autosummary does of what it finds in files."""
    folder = Path(app.srcdir, FOLDER)
    folder.mkdir(exist_ok=True)
    lists = folder / "components.txt"
    lists.write_text("\n".join(listed.pages([label], ".") for label in listed.REGISTRIES), "utf-8")
    generate_autosummary_docs([str(lists)], suffix=".rst", base_path=app.srcdir, app=app)


def setup(app):
    app.add_directive("components", Components)
    app.add_directive("component-pages", ComponentPages)
    app.connect("builder-inited", write_pages)
    return {"parallel_read_safe": True}
