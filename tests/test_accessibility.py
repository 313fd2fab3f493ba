"""The rendered pages in a real browser: axe-core, the console, requests to other hosts."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from test_book import PAGES, rendered

AXE = Path(__file__).parents[1] / "book/demo/node_modules/axe-core/axe.min.js"


@pytest.fixture(scope="module", params=["light", "dark"])
def theme(request):
    return request.param


@pytest.mark.parametrize("name", PAGES)
def test_page_is_accessible_quiet_and_self_contained(browser, theme, name):
    page = browser.new_page(color_scheme=theme, reduced_motion="reduce")
    errors, requests = [], []
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))

    page.goto(rendered(name).as_uri(), wait_until="load")
    page.wait_for_function("!window.MathJax?.startup || MathJax.startup.promise")
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    page.add_script_tag(path=AXE)
    violations = page.evaluate("axe.run({preload: false}).then((result) => result.violations)")
    page.close()

    serious = {
        violation["id"]: [node["html"][:200] for node in violation["nodes"]]
        for violation in violations
        if violation["impact"] in ("serious", "critical")
    }
    assert serious == {}
    assert errors == []
    assert [url for url in requests if urlsplit(url).scheme not in ("file", "data", "blob")] == []
