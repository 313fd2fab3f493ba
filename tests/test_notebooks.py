"""The chapters as they are stored; nbval executes them and compares (`make chapters`)."""

import re
from collections import Counter
from pathlib import Path

import execute
import nbformat
import pytest

ROOT = Path(__file__).parents[1]
PATHS = sorted((ROOT / "book").glob("*.ipynb"))
NAMES = [path.relative_to(ROOT).as_posix() for path in PATHS]
COMPARED = re.compile(r"NBVAL_|PYTEST_VALIDATE_", re.IGNORECASE)


@pytest.fixture(params=PATHS, ids=NAMES)
def path(request):
    return request.param


@pytest.fixture
def cells(path):
    return [c for c in nbformat.read(path, 4).cells if c.cell_type == "code" and c.source.strip()]


def tags(cell):
    return cell.metadata.get("tags", [])


def exempt_cells():
    lines = (ROOT / "tests/exempt_cells.txt").read_text(encoding="utf-8").splitlines()
    return [line.split(maxsplit=2) for line in lines if line and not line.startswith("#")]


def test_there_are_chapters():
    assert len(PATHS) >= 7


def test_is_stored_in_the_form_that_make_notebooks_writes(path):
    stored = path.read_text(encoding="utf-8")
    assert execute.write(execute.read(stored)) == stored, "run `make notebooks`"


def test_every_cell_was_executed_in_order(cells):
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert any(cell.outputs for cell in cells)


def test_needs_no_file_of_the_repository(cells):
    """A chapter is also opened on Colab, or after it was downloaded by itself."""
    assert [cell.id for cell in cells if "../" in cell.source] == []


def test_no_cell_failed_or_wrote_to_stderr(cells):
    for cell in cells:
        for output in cell.outputs:
            assert output.get("name") != "stderr", (cell.id, output)
            assert output.output_type != "error" or "raises-exception" in tags(cell), cell.id


def test_every_figure_says_what_is_to_be_seen(cells):
    for cell in cells:
        figures = [o for o in cell.outputs if "image/png" in o.get("data", {})]
        assert len(figures) <= 1, f"cell {cell.id}: one alt text, {len(figures)} figures"
        if figures:
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            assert len(alt.split()) >= 5, f"cell {cell.id}: no mystnb.image.alt in its metadata"


def test_nothing_but_the_list_exempts_a_cell(cells):
    for cell in cells:
        assert not COMPARED.search(cell.source), cell.id
        others = {tag for tag in tags(cell) if tag.startswith("nbval") or tag == "skip-execution"}
        assert others <= {"nbval-ignore-output"}, (cell.id, others)


def test_the_list_names_exactly_the_exempt_cells():
    listed = exempt_cells()
    assert all(len(line) == 3 for line in listed), "a line is: notebook, cell id, reason"
    tagged = [
        (name, cell.id)
        for name, path in zip(NAMES, PATHS, strict=True)
        for cell in nbformat.read(path, 4).cells
        if "nbval-ignore-output" in tags(cell)
    ]
    assert Counter((name, cell_id) for name, cell_id, _ in listed) == Counter(tagged)


def test_an_exempt_cell_has_a_name_that_stays(cells):
    for cell in cells:
        if "nbval-ignore-output" in tags(cell):
            assert execute.is_authors(cell.id), f"give cell {cell.id} an id of your own"


def test_the_chapter_that_explains_a_term_links_it_to_the_glossary():
    glossary = (ROOT / "book/glossary.md").read_text(encoding="utf-8")
    entries = [entry.split("\n", 1) for entry in glossary.split("\n## ")[1:]]
    assert len(entries) > 40
    missing = []
    for term, text in entries:
        chapter = re.search(r"\]\(([\w-]+\.ipynb)\)", text)[1]
        prose = "".join(
            cell.source
            for cell in nbformat.read(ROOT / "book" / chapter, 4).cells
            if cell.cell_type == "markdown"
        )
        if f"(glossary.md#{term.replace(' ', '-')})" not in prose:
            missing.append((term, chapter))
    assert missing == []
