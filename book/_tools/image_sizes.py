"""Give every image of a page its width and height, so that the page does not jump as they load."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from PIL import Image


def add_sizes(app: Any, _page: str, _template: str, context: dict[str, Any], _tree: Any) -> None:
    """Add width, height and lazy loading to the images of a page."""
    if "body" not in context:
        return
    # Sphinx copies the images after it has written the pages.
    sources = {name: Path(app.srcdir, path) for path, name in app.builder.images.items()}

    def sized(match: re.Match[str]) -> str:
        path = sources.get(Path(match["source"]).name)
        if "width=" in match[0] or path is None or path.suffix != ".png":
            return match[0]
        # A plot with two pixels for one of the page has its size from the cell's output.
        told = re.search(r"width: (\d+)px; height: (\d+)px", match[0])
        with Image.open(path) as image:
            width, height = told.groups() if told else image.size
        return f'{match["start"]} width="{width}" height="{height}" loading="lazy" />'

    image = r'(?P<start><img\b[^>]*\bsrc="(?P<source>[^":]+)"[^>]*?)\s*/?>'
    context["body"] = re.sub(image, sized, context["body"])


def setup(app: Any) -> dict[str, bool]:
    """Be an extension of Sphinx."""
    app.connect("html-page-context", add_sizes)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
