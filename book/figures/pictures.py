"""Take the static picture of each figure of a chapter: ``make pictures``.

Names on the command line choose some of them.

The picture stands in the page until the figure is loaded, where scripts are off, and in a notebook.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

HERE = Path(__file__).resolve().parent
PICTURES = HERE.parent / "_static" / "live"
PAGE = """<!doctype html>
<html lang="en" data-theme="light"><meta charset="utf-8">
<script src="{loader}" defer></script>
<style>
html {{ --pst-color-text-base: #323232; --pst-color-text-muted: #48566b;
  --pst-color-border: #c9c9c9; --pst-color-background: #fff; --pst-color-surface: #f5f5f5; }}
body {{ margin: 0; width: 720px; font-family: sans-serif; }}
</style>
<img class="live" id="live-{name}" alt="" width="720" height="400">
"""
COLOURS = 64  # enough for these drawings, at a third of the bytes


def main() -> None:
    """Write the pictures."""
    sys.path.insert(0, str(HERE.parent / "_tools"))
    import chromium

    loader = (HERE / "dist/static/figures/loader.js").as_uri()
    names = sys.argv[1:] or sorted(path.parent.name for path in HERE.glob("src/*/index.js"))
    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = chromium.launch(playwright)
        # Without its controls, which do nothing in a picture.
        page = browser.new_page(
            device_scale_factor=2, reduced_motion="reduce", viewport={"width": 720, "height": 800}
        )
        for name in names:
            path = Path(folder, f"{name}.html")
            path.write_text(PAGE.format(loader=loader, name=name))
            page.emulate_media(media="screen")
            page.goto(path.as_uri())
            page.wait_for_function("document.querySelector('.live-figure')?.state !== undefined")
            if name == "trainer":  # which shows nothing before
                page.click("#train")
                page.get_by_text("Finished").wait_for()
            page.wait_for_timeout(1000)
            page.emulate_media(media="print")
            shot = page.locator(".live-figure").screenshot()
            target = PICTURES / f"{name}.png"
            with Image.open(io.BytesIO(shot)) as image:
                image.convert("RGB").quantize(COLOURS).save(target, optimize=True)
            print(target.relative_to(HERE.parents[1]), target.stat().st_size)
        browser.close()


if __name__ == "__main__":
    main()
