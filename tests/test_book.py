"""The rendered pages. `make pages` renders them first, and so does `make book`."""

import re
import shutil
from functools import cache
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import publish
import pytest
import yaml
from bs4 import BeautifulSoup
from pages import serve

ROOT = Path(__file__).parents[1]
HTML = ROOT / "_build/html"


def files(node):
    """All pages of a table of contents, in its order."""
    if isinstance(node, list):
        return [page for item in node for page in files(item)]
    if isinstance(node, dict):
        own = [node[key] for key in ("root", "file") if key in node]
        return own + [page for value in node.values() for page in files(value)]
    return []


PAGES = files(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8")))
ALL_PAGES = [*PAGES, "genindex", "search"]  # Sphinx adds two


def rendered(name):
    path = HTML / f"{name}.html"
    assert path.exists(), f"{path} was not rendered: run `make book`"
    return path


@cache
def parsed(name):
    return BeautifulSoup(rendered(name).read_text(encoding="utf-8"), "html.parser")


@cache
def ids(path):
    """All places of a page that a link can lead to."""
    soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
    return {tag["id"] for tag in soup.find_all(id=True)}


@pytest.fixture(params=PAGES)
def page(request):
    return parsed(request.param)


def test_every_page_was_rendered_and_is_tested():
    found = {*HTML.glob("*.html"), *HTML.glob("book/**/*.html")} - {HTML / "index.html"}
    assert found == {rendered(name) for name in ALL_PAGES}


def test_every_notebook_is_in_the_table_of_contents():
    notebooks = {f"book/{path.stem}" for path in (ROOT / "book").glob("*.ipynb")}
    assert notebooks == {name for name in PAGES if (ROOT / f"{name}.ipynb").exists()}
    assert len(notebooks) >= 7


def test_the_root_page_leads_to_the_book():
    assert f"url={PAGES[0]}.html" in (HTML / "index.html").read_text(encoding="utf-8")


def test_every_page_has_a_title_and_its_content(page):
    assert page.h1.get_text(strip=True)
    assert len(page.article.get_text().split()) > 10


def test_the_root_page_links_every_page():
    links = [link["href"] for link in parsed(PAGES[0]).select(".bd-sidebar-primary a[href]")]
    linked = {(rendered(PAGES[0]).parent / link).resolve() for link in links if link != "#"}
    assert {rendered(name) for name in PAGES[1:]} <= linked


def test_every_picture_has_an_alternative(page):
    for image in page.find_all("img"):
        alt = image.get("alt", "")
        assert alt and not re.fullmatch(r"\S+\.(png|svg|jpe?g)", alt), image["src"]


def test_no_picture_makes_the_page_jump_as_it_loads(page):
    images = page.article.select("img[src*='/_images/']")
    unsized = [image["src"] for image in images if not ({"width", "height"} <= image.attrs.keys())]
    assert unsized == []


@pytest.mark.parametrize("name", ALL_PAGES)
def test_no_page_loads_a_script_that_it_does_not_use(name):
    page = parsed(name)
    scripts = " ".join(script["src"] for script in page.find_all("script", src=True))
    assert "fontawesome" not in scripts  # the style sheet has the icons, too
    assert ("mathjax" in scripts) == bool(page.select(".math"))
    assert ("searchindex" in scripts) == (name == "search")


def test_every_figure_has_its_place():
    sources = {path.parent.name for path in (ROOT / "book/figures/src").glob("*/index.js")}
    placed = [
        image["id"].removeprefix("live-")
        for name in PAGES
        for image in parsed(name).select("img.live")
    ]
    assert sorted(placed) == sorted(sources)


def test_no_page_loads_anything_from_another_host(page):
    loaded = [tag.get("src") for tag in page.find_all(["script", "img", "iframe", "source"])]
    loaded += [tag.get("href") for tag in page.find_all("link", rel=["stylesheet", "preload"])]
    assert [url for url in loaded if url and re.match(r"(https?:)?//", url)] == []


@pytest.mark.parametrize("name", ALL_PAGES)
def test_every_page_has_an_icon(name):
    icon = parsed(name).find("link", rel="icon")
    assert (rendered(name).parent / icon["href"]).is_file()


@pytest.mark.parametrize("name", ALL_PAGES)
def test_every_internal_link_and_anchor_leads_somewhere(name):
    broken = []
    for link in parsed(name).find_all("a", href=True):
        url = urlsplit(link["href"])
        if url.scheme or link["href"] == "#":
            continue
        path = rendered(name)
        target = (path.parent / unquote(url.path)).resolve() if url.path else path
        anchor = unquote(url.fragment) if target.suffix == ".html" else ""
        if not target.is_file() or (anchor and anchor not in ids(target)):
            broken.append(link["href"])
    assert broken == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_described_by_its_first_paragraph(name):
    head = parsed(name).head
    [description] = [tag["content"] for tag in head.find_all("meta", {"name": "description"})]
    assert head.find("meta", property="og:description")["content"] == description
    assert 50 < len(description) <= 210 or name == PAGES[0]  # whose front matter has its own
    if name != PAGES[0]:
        text = " ".join(parsed(name).article.get_text().split())
        before, found, _ = text.partition(" ".join(description.removesuffix("...").split())[:40])
        assert found and len(before) < 80, description  # the title and the reading time
        assert "Reading time" not in description


def test_headings_nest(page):
    levels = [int(heading.name[1]) for heading in page.article.find_all(re.compile("^h[1-6]$"))]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_the_formulas_find_their_fonts():
    folder = HTML / "_static/mathjax"
    assert (folder / "tex-chtml.js").exists()
    assert list(folder.rglob("*.woff"))


@pytest.mark.parametrize("name", ["index", "in-your-browser"])
def test_the_drawing_pad_answers_in_a_file(browser, name):
    page = browser.new_page(viewport={"width": 1200, "height": 1600})
    page.goto((HTML / f"book/{name}.html").as_uri(), wait_until="domcontentloaded")
    pad = page.locator("#pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    x = box["x"] + box["width"] / 2
    page.mouse.move(x, box["y"] + 0.15 * box["height"])
    page.mouse.down()
    page.mouse.move(x, box["y"] + 0.85 * box["height"], steps=5)
    page.mouse.up()
    page.wait_for_function("document.getElementById('prediction').textContent === '1'")
    page.close()


# --- on paper --------------------------------------------------------------------------------

CUT = "[...document.querySelectorAll('article pre')].filter((e) => e.scrollWidth > e.clientWidth)"
# What is open has an area and is not transparent; `details` hides its content in a third way.
OPEN = """(e) => e.getBoundingClientRect().height > 5
  && e.checkVisibility({opacityProperty: true, visibilityProperty: true})"""


@pytest.mark.parametrize("name", PAGES)
def test_a_printed_page_is_white_whole_and_open(browser, name):
    page = browser.new_page(viewport={"width": 672, "height": 1000}, color_scheme="dark")
    page.goto(rendered(name).as_uri(), wait_until="load")
    page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
    page.emulate_media(media="print", color_scheme="dark")
    page.wait_for_function("document.documentElement.dataset.theme === 'light'")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(255, 255, 255)"
    assert page.evaluate(f"{CUT}.map((e) => e.textContent)") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 672
    solutions = page.locator("article .admonition.dropdown > p, .tag_hide-cell .cell_input").all()
    assert [one.text_content() for one in solutions if not one.evaluate(OPEN)] == []
    assert solutions or "Show the solution" not in page.content()
    assert not page.locator(".bd-sidebar-primary, .bd-header-article").first.is_visible()
    page.emulate_media(media="screen", color_scheme="dark")
    page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
    page.close()


# --- published -------------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path):
    """The book published at http://127.0.0.1:PORT/book/ with two releases; one lacks a page."""
    needed = shutil.ignore_patterns("mathjax", "figures", "_images", "_sources")
    shutil.copytree(HTML, tmp_path / "site/book", ignore=needed)
    for version in ("v0.9.0", "v0.10.0"):
        shutil.copytree(tmp_path / "site/book", tmp_path / version / "some-name")
        if version == "v0.9.0":
            (tmp_path / version / "some-name/book/faster.html").unlink()
        archive = tmp_path / "releases" / version / "book"
        archive.parent.mkdir(parents=True)
        shutil.make_archive(archive, "zip", tmp_path / version)
    with serve(tmp_path / "site") as root:
        address = f"{root}/book/"
        publish.publish(tmp_path / "site/book", address, tmp_path / "releases")
        yield address


def test_the_switch_leads_to_the_same_page_of_another_version(browser, site):
    page = browser.new_page()
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(f"{site}book/faster.html", wait_until="load")
    switch, versions = page.locator("#version-button"), page.locator("#version-list a")
    versions.first.wait_for(state="attached")
    assert switch.inner_text().strip() == "latest"
    assert versions.all_text_contents() == ["latest", "v0.10.0", "v0.9.0"]
    switch.click()
    versions.nth(1).click()
    page.wait_for_url(f"{site}v0.10.0/book/faster.html")
    page.wait_for_function("document.querySelector('#version-button').innerText.includes('v0.10')")
    page.locator("#version-button").click()
    page.locator("#version-list a").nth(2).click()  # which has no such page
    page.wait_for_url(f"{site}v0.9.0/book/index.html")
    assert {urlsplit(url).netloc for url in requests} == {urlsplit(site).netloc}
    page.close()


def test_a_book_that_is_not_published_has_no_switch(page):
    assert page.select(".version-switcher__button") == []
    assert "switcher.json" not in str(page.head)
