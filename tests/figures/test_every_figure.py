"""What holds for every figure: each is a folder of book/figures/src with an index.js."""

import json
import re
import zlib
from pathlib import Path

import pytest
from pages import violations_on

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "book/figures/src"
FIGURES = sorted(path.parent.name for path in SOURCES.glob("*/index.js"))
LARGEST = 60_000  # bytes, gzipped


def test_there_are_figures():
    assert FIGURES


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(open_figure, name, theme):
    page = open_figure(name, theme=theme)
    assert [(v["id"], [n["html"][:200] for n in v["nodes"]]) for v in violations_on(page)] == []


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("scheme", ["http", "file"])
def test_it_takes_the_place_of_its_picture_and_says_what_it_shows(open_figure, name, scheme):
    page = open_figure(name, scheme=scheme)
    assert not page.locator("img.live").is_visible()
    page.wait_for_function("document.querySelector('.live-status').textContent.length > 20")


@pytest.mark.parametrize("name", FIGURES)
def test_it_loads_only_before_it_comes_into_view(open_figure, name):
    page = open_figure(name, above=5000, mounted=False)
    page.wait_for_timeout(300)
    assert page.locator(".live-figure").count() == 0
    page.locator("img.live").scroll_into_view_if_needed()
    page.wait_for_selector(".live-figure")


@pytest.mark.parametrize("name", FIGURES)
def test_without_scripts_there_is_the_picture(open_figure, name):
    page = open_figure(name, mounted=False, java_script_enabled=False)
    assert page.locator("img.live").is_visible()


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("width", [320, 390, 768, 1440])
def test_it_fits(open_figure, name, width):
    page = open_figure(name, viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    hidden = page.evaluate(
        "[...document.querySelectorAll('.live-figure *')].filter((e) => "
        "e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX === 'hidden' && "
        "e.clientWidth > 0).map((e) => e.outerHTML.slice(0, 100))"
    )
    assert hidden == []


@pytest.mark.parametrize("name", FIGURES)
def test_all_controls_are_reached_by_keyboard(open_figure, name):
    page = open_figure(name)
    reached = set()
    # A group of radio buttons is one stop.
    for _ in range(120):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "(() => { const e = document.activeElement; const all = [...document"
                ".querySelectorAll('.live-figure *')]; return all.indexOf(e); })()"
            )
        )
    wanted = page.evaluate(
        "(() => { const all = [...document.querySelectorAll('.live-figure *')]; return all"
        ".filter((e) => e.matches('button:not(:disabled), input:not([type=radio], [type=file]), "
        'input[type=radio]:checked, select, [tabindex="0"]\') && e.checkVisibility())'
        ".map((e) => all.indexOf(e)); })()"
    )
    assert wanted
    assert set(wanted) <= reached


@pytest.mark.parametrize("name", FIGURES)
def test_targets_are_large_enough_for_a_finger(open_figure, name):
    page = open_figure(name, viewport={"width": 390, "height": 800}, has_touch=True)
    small = page.evaluate(
        "[...document.querySelectorAll('.live-figure button, .live-figure select')]"
        ".filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 40)"
        ".map((e) => e.outerHTML.slice(0, 100))"
    )
    assert small == []


@pytest.mark.parametrize("name", FIGURES)
def test_it_rests_when_nobody_moves_it(open_figure, name):
    page = open_figure(name)
    page.wait_for_timeout(1500)
    longest = page.evaluate(
        "new Promise((done) => { let longest = 0; new PerformanceObserver((list) => { "
        "for (const task of list.getEntries()) longest = Math.max(longest, task.duration); })"
        ".observe({type: 'longtask', buffered: false}); setTimeout(() => done(longest), 1000); })"
    )
    assert longest == 0


@pytest.mark.parametrize("name", FIGURES)
def test_it_is_small(figures, name):
    size = len(zlib.compress((figures.static / f"figures/{name}.js").read_bytes(), 6))
    assert size <= LARGEST


@pytest.mark.parametrize("name", FIGURES)
def test_every_text_is_used_and_in_its_one_place(name):
    texts = json.loads((SOURCES / name / "text.json").read_text(encoding="utf-8"))
    code = "".join(
        path.read_text(encoding="utf-8") for path in sorted((SOURCES / name).glob("*.js"))
    )
    assert {"title", "ask"} <= set(texts["en"])
    for language in ("en", "zh_CN"):
        own = texts[language]
        assert set(own) == set(texts["en"]), language
    # A sentence in the code would be missed by the translation.
    strings = re.findall(r"'([^'\n]*)'|`([^`]*)`", code)
    sentences = [a or b for a, b in strings if re.search(r"[A-Z][a-z]+ [a-z]+ [a-z]+", a or b)]
    assert sentences == []
