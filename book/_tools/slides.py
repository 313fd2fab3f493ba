"""Turn chapters into slides: ``make slides``.

The headings, questions, formulas, code and results of a chapter become slides, each with a cell at
most; the prose becomes the speaker's notes, which the key S shows. A cell with the tag
``skip-slide`` is left out. nbconvert renders the slides with reveal.js, which npm has installed.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import SlidesExporter
from traitlets.config import Config

ROOT = Path(__file__).parents[2]
CHAPTERS = ("01-data", "04-loss", "06-training-loop")
LEFT_OUT = {"remove-cell", "hide-cell", "skip-slide"}
QUESTION = re.compile(r"\*?\*?Before you (run|look)|\*\*Exercise")
BOX = re.compile(r"^:::\{.*?^:::$", re.MULTILINE | re.DOTALL)
INTERNAL_LINK = re.compile(r"\[([^]]+)\]\((?!https?:)[^)]*\)")


def main(names: list[str], target: Path = ROOT / "_build/slides") -> None:
    """Write the slides of chapters, and what they load, into a folder."""
    target.mkdir(parents=True, exist_ok=True)
    package = importlib.util.find_spec("sphinx-mathjax-offline")
    assert package is not None and package.origin is not None
    mathjax = next(Path(package.origin).parent.rglob("tex-chtml.js")).parent
    for source, name in (
        (mathjax, "mathjax"),
        (ROOT / "book/figures/node_modules/reveal.js", "reveal.js"),
    ):
        shutil.copytree(source, target / name, dirs_exist_ok=True)
    for name in names:
        notebook = nbformat.read(ROOT / f"book/{name}.ipynb", 4)
        (target / f"{name}.html").write_text(render(notebook, name), encoding="utf-8")
        print(f"Wrote {target / name}.html")


def render(notebook: Any, name: str) -> str:
    """Return a page of slides."""
    notebook.cells = list(slides(notebook.cells))
    config = Config()
    config.SlidesExporter.template_name = "slide_template"
    config.SlidesExporter.extra_template_basedirs = [str(Path(__file__).parent)]
    config.SlidesExporter.reveal_url_prefix = "reveal.js"
    config.SlidesExporter.reveal_theme = "white"  # whose fonts come with it
    config.SlidesExporter.exclude_input_prompt = True
    config.SlidesExporter.exclude_output_prompt = True
    config.TagRemovePreprocessor.enabled = True
    config.TagRemovePreprocessor.remove_input_tags = {"hide-input"}
    page, _ = SlidesExporter(config=config).from_notebook_node(
        notebook, {"metadata": {"name": name}}
    )
    return page


def slides(cells: list[Any]) -> Iterator[Any]:
    """Yield the cells of the slides, each with the kind that nbconvert reads."""
    heading, full = "", False
    for cell in cells:
        tags = set(cell.metadata.get("tags", []))
        if tags & LEFT_OUT or "```{raw}" in cell.source:
            continue
        if cell.cell_type == "code":
            if "hide-input" in tags and not cell.outputs:
                continue
            if full:
                yield of_kind("subslide", heading)
            cell.metadata.slideshow = {"slide_type": "-"}
            yield cell
            full = True
            continue
        for text in re.split(r"\n\s*\n", BOX.sub("", cell.source)):
            text = INTERNAL_LINK.sub(r"\1", text)
            if text.startswith("#"):
                heading, full = "## " + text.lstrip("# "), False
                yield of_kind("slide", heading)
            elif QUESTION.search(text) or text.startswith("$$"):
                if full:
                    yield of_kind("subslide", heading)
                    full = False
                yield of_kind("-", text)
            elif text.strip():
                yield of_kind("notes", text)


def of_kind(kind: str, text: str) -> Any:
    """Return a cell with text."""
    return nbformat.v4.new_markdown_cell(text, metadata={"slideshow": {"slide_type": kind}})


if __name__ == "__main__":
    main(sys.argv[1:] or list(CHAPTERS))
