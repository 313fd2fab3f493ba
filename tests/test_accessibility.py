"""The rendered pages in a real browser: axe-core, narrow screens, errors, other hosts."""

import re
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from pages import violations_on

ROOT = Path(__file__).parents[1]
TABLE_OF_CONTENTS = (ROOT / "_toc.yml").read_text(encoding="utf-8")
PAGES = [*re.findall(r"\b(?:root|file): *(\S+)", TABLE_OF_CONTENTS), "genindex", "search"]
# axe-core sees neither what is folded nor the colours of what is still fading in.
UNFOLD = "for (const folded of document.querySelectorAll('details')) folded.open = true;"
SETTLE = "for (const animation of document.getAnimations()) animation.finish();"


@pytest.fixture(scope="module", params=PAGES)
def visit(browser, request):
    """A page after it has loaded, unfolded, with what it logged and asked for."""
    page = browser.new_page()
    errors, requests = [], []
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    path = ROOT / f"_build/html/{request.param}.html"
    assert path.exists(), f"{path} was not rendered: run `make book`"
    page.goto(path.as_uri(), wait_until="load")
    page.wait_for_function("!window.MathJax?.startup || MathJax.startup.promise")
    page.evaluate(UNFOLD)
    yield SimpleNamespace(page=page, errors=errors, requests=requests)
    page.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(visit, theme):
    page = visit.page
    page.emulate_media(color_scheme=theme)
    page.wait_for_function("(theme) => document.documentElement.dataset.theme === theme", arg=theme)
    page.evaluate(SETTLE)
    serious = {
        violation["id"]: [node["html"][:200] for node in violation["nodes"]]
        for violation in violations_on(page, preload=False)
        if violation["impact"] in ("serious", "critical")
    }
    assert serious == {}


def test_nothing_is_wider_than_a_narrow_screen(visit):
    visit.page.set_viewport_size({"width": 320, "height": 800})
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 320


def test_the_page_logs_no_error(visit):
    assert visit.errors == []


def test_the_page_asks_no_other_host(visit):
    schemes = {urlsplit(url).scheme for url in visit.requests}
    assert "file" in schemes  # the page itself
    assert schemes <= {"file", "data", "blob"}, visit.requests
