"""A Sphinx extension: a page's description is its first paragraph, not its reading time."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx


def drop_reading_time(_: Sphinx, page: str, template: str, context: Any, doctree: Any) -> None:
    """Take the reading time from the text that sphinxext.opengraph sees; it is on the page."""
    if doctree:
        for paragraph in list(doctree.findall(nodes.paragraph)):
            if paragraph.astext().startswith("Reading time:"):
                paragraph.parent.remove(paragraph)


def setup(app: Sphinx) -> dict[str, bool]:
    """Come before sphinxext.opengraph, which has the usual priority of 500."""
    app.connect("html-page-context", drop_reading_time, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
