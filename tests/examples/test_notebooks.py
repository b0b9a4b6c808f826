"""Examples that are tutorials run as notebooks, too, as the gallery makes them."""

from pathlib import Path

import matplotlib.pyplot as plt
import pytest

pytest.importorskip("sphinx_gallery", reason="makes the notebooks; it is in the extra 'test'")
from sphinx_gallery.gen_gallery import DEFAULT_GALLERY_CONF
from sphinx_gallery.notebook import jupyter_notebook
from sphinx_gallery.py_source_parser import split_code_and_text_blocks

EXAMPLES = Path(__file__).parents[2] / "examples"
TUTORIALS = {
    "wide_table": "wavelengths,  R² on the test set 0.9",
    "rare_class": "of 10000 customers do not pay",
    "price_intervals": "error of the median:",
}


@pytest.mark.parametrize("name", TUTORIALS)
def test_a_tutorial_runs_cell_by_cell(name, tmp_path, monkeypatch, capsys):
    _, blocks = split_code_and_text_blocks(str(EXAMPLES / f"{name}.py"))
    notebook = jupyter_notebook(blocks, DEFAULT_GALLERY_CONF, str(tmp_path))
    code = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    prose = [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "__main__"}
    for number, source in enumerate(code):
        exec(compile(source, f"{name}, cell {number}", "exec"), namespace)
    plt.close("all")
    assert len(code) > 2
    assert prose[0][0].startswith("\n# ")
    assert TUTORIALS[name] in capsys.readouterr().out
