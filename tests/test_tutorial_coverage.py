"""tutorial_coverage.md: every row leads to a page and a heading, or says why there is none."""

import re
from pathlib import Path

import nbformat
import pytest

TABLE = Path(__file__).with_name("tutorial_coverage.md")
LINK = re.compile(r"\]\(([^)#]+)#([^)]+)\)")
LINKS = LINK.findall(TABLE.read_text("utf-8"))


def rows():
    """Return the cells of each row, without the headers and the rules below them."""
    lines = [line for line in TABLE.read_text("utf-8").splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if row[0] not in ("The tutorial", "---")]


def slugs(path):
    """Return the anchors of a page's headings, as GitHub and MyST make them."""
    if path.suffix == ".ipynb":
        cells = nbformat.read(path, 4).cells
        text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    else:
        text = path.read_text("utf-8")
    text = re.sub(r"^(```|~~~).*?^\1", "", text, flags=re.S | re.M)
    headings = re.findall(r"^#{1,3} +(.+?) *$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_table_is_about_the_whole_tutorial():
    assert len(rows()) >= 60
    assert all(len(row) == 3 and all(row) for row in rows())


def test_every_row_has_a_link_or_a_reason():
    for statement, where, text in rows():
        if where == "not covered":
            assert len(text.split()) >= 4, f"{statement}: say why"
        else:
            assert LINK.search(where), f"{statement}: no link"
            assert where.count("](") == len(LINK.findall(where)), f"{statement}: no heading"


@pytest.mark.parametrize("page", sorted({page for page, _ in LINKS}))
def test_every_link_leads_to_a_heading(page):
    path = TABLE.parent / page
    assert path.is_file()
    wanted = {heading for other, heading in LINKS if other == page}
    assert wanted <= slugs(path), wanted - slugs(path)
