"""Leave out of each page the scripts that it does not use: on a slow phone they come first.

The icons are in the theme's style sheet, as a font; its script has the same once more, in half a
megabyte. Pages without formulas need no MathJax, and only the page of the search its index.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

FORMULA = 'class="math'
ICONS = re.compile(r'\s*<script defer src="[^"]*/fontawesome\.js[^"]*"></script>')
SEARCH = re.compile(r'\s*<script src="[^"]*(searchtools|language_data|searchindex)\.js"></script>')


def leave_out_mathjax(app: Any, page: str, template: str, context: dict[str, Any], _: Any) -> None:
    """Leave MathJax out of a page without formulas: Sphinx counts those of the pages it lists."""
    if FORMULA not in context.get("body", ""):
        scripts = context.get("script_files", [])
        context["script_files"] = [file for file in scripts if "mathjax" not in str(file).lower()]


def leave_out_scripts(app: Any, error: Exception | None) -> None:
    """Leave out scripts that the theme's template writes into the head of each page."""
    if error is not None or app.builder.name != "html":
        return
    for path in sorted(Path(app.outdir).rglob("*.html")):
        page = path.read_text(encoding="utf-8")
        shorter = ICONS.sub("", page)
        if path.name != "search.html":
            shorter = SEARCH.sub("", shorter)
        path.write_text(shorter, encoding="utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Be an extension of Sphinx."""
    app.connect("html-page-context", leave_out_mathjax, priority=900)
    app.connect("build-finished", leave_out_scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
