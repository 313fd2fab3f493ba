"""Take the two pictures of the drawing pad for README.md: ``make screenshots``.

Opens the rendered chapter, draws a digit, trains the network and writes
``book/_static/pad-light.png`` and ``pad-dark.png``. Needs ``make book`` and chromium.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
CHAPTER = ROOT / "_build/html/book/in-your-browser.html"
# A 5 on a pad of side 1.
STROKES = [
    [(0.70, 0.20), (0.40, 0.20), (0.37, 0.46), (0.48, 0.41), (0.60, 0.44), (0.67, 0.53),
     (0.68, 0.64), (0.63, 0.75), (0.53, 0.81), (0.42, 0.80), (0.33, 0.74)],
]  # fmt: skip
SIZE = {"width": 1000, "height": 1800}


def main() -> None:
    """Write the pictures."""
    sys.path.insert(0, str(ROOT / "book/_tools"))
    import chromium

    if not CHAPTER.exists():
        sys.exit(f"error: {CHAPTER} was not rendered: run `make book`")
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        for theme in ("light", "dark"):
            context = browser.new_context(
                viewport=SIZE, color_scheme=theme, reduced_motion="reduce"
            )
            page = context.new_page()
            page.goto(CHAPTER.as_uri(), wait_until="domcontentloaded")
            draw(page)
            page.locator("#trainer").scroll_into_view_if_needed()
            page.click("#train")
            page.wait_for_function(
                "/^Finished/.test(document.getElementById('status').textContent)", timeout=120_000
            )
            gather(page)
            path = ROOT / f"book/_static/pad-{theme}.png"
            page.locator("#pictured").screenshot(path=path)
            print(path)
            context.close()
        browser.close()


def draw(page: Any) -> None:
    """Draw the digit with the mouse and wait for the answer."""
    pad = page.locator("#pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    for stroke in STROKES:
        for i, (x, y) in enumerate(stroke):
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
            if i == 0:
                page.mouse.down()
        page.mouse.up()
    page.wait_for_function("document.getElementById('prediction').textContent !== ''")


def gather(page: Any) -> None:
    """Put pad and trainer, without the text between them, into one box."""
    page.add_style_tag(
        content=".bd-header-article, .skip-link, #pst-skip-link, #pst-back-to-top "
        "{display: none !important}"
    )
    page.evaluate(
        """() => {
          const box = document.createElement('div');
          box.id = 'pictured';
          box.style.cssText = 'padding: 1rem; background: var(--pst-color-background)';
          const figures = document.querySelectorAll('.live-figure');
          figures[0].before(box);
          box.append(...figures);
        }"""
    )


if __name__ == "__main__":
    main()
