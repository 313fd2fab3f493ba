"""The rendered Chinese edition: nothing is left in English, the switch, the search."""

import re
from functools import cache
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup
from pages import serve, violations_on
from test_book import ALL_PAGES, HTML, PAGES, ids, parsed
from test_chinese import ENGLISH, HAN, TYPE

CHINESE = HTML / "zh_CN"
PREFACE = "book/locale/zh_CN/preface"
CHINESE_PAGES = [*PAGES, PREFACE]
# Names, and what is the same in both editions by intention.
NAMES = (
    "code, pre, script, style, .math, .cell_output, cite, .citation, em, .bibtex, #bibliography, "
    ".sig, .headerlink, [lang=en], .live-figure, .highlight"
)
FIRST = {
    "卷积": "02-layers",
    "卷积核": "02-layers",
    "最大池化": "02-layers",
    "激活函数": "02-layers",
    "全连接层": "02-layers",
    "独热编码": "01-data",
    "基线": "01-data",
    "优化器": "03-optimizer",
    "学习率": "03-optimizer",
    "动量": "03-optimizer",
    "交叉熵": "04-loss",
    "损失函数": "04-loss",
    "准确率": "04-loss",
    "批大小": "05-batching",
    "打乱": "05-batching",
    "过拟合": "06-training-loop",
    "混淆矩阵": "07-results",
    "反向传播": "low-level",
    "检查点": "when-things-go-wrong",
    "数据增强": "more-accurate",
}


@cache
def chinese(name):
    path = CHINESE / f"{name}.html"
    assert path.exists(), f"{path} was not rendered: run `make book`"
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@pytest.mark.parametrize("name", CHINESE_PAGES)
def test_no_sentence_is_left_in_english(name):
    page = BeautifulSoup(str(chinese(name)), "html.parser")
    for part in page.select(NAMES):
        part.replace_with("·")
    for cell in page.select("td:nth-child(2)") if name == PREFACE else []:
        cell.decompose()  # the English terms
    texts = [text for text in page.stripped_strings if not TYPE.fullmatch(text)]
    texts += [image.get("alt", "") for image in page.article.find_all("img")]
    assert [match[0] for text in texts if (match := ENGLISH.search(text))] == []


@pytest.mark.parametrize("name", CHINESE_PAGES)
def test_no_markup_is_left(name):
    page = BeautifulSoup(str(chinese(name)), "html.parser").article
    for part in page.select("code, pre, .math, script, .sig, .field-list strong"):
        part.decompose()
    assert re.findall(r".{0,20}(?:\*\*|\]\(|\{(?:term|ref|cite)).{0,20}", page.get_text()) == []


@pytest.mark.parametrize("name", CHINESE_PAGES)
def test_a_page_says_its_language(name):
    assert chinese(name).html["lang"] == "zh-CN"
    assert re.search(HAN, chinese(name).h1.get_text())
    assert re.search(HAN, chinese(name).find("meta", {"name": "description"})["content"])


@pytest.mark.parametrize("name", ALL_PAGES)
def test_the_switch_leads_to_the_same_page_of_the_other_edition(name):
    for own, page, other in (
        (HTML, parsed(name), CHINESE),
        (CHINESE, chinese(name), HTML),
    ):
        [switch] = page.select("a.edition")
        target = ((own / f"{name}.html").parent / switch["href"]).resolve()
        assert target == (other / f"{name}.html").resolve()
        assert "target" not in switch.attrs


@pytest.mark.parametrize("name", PAGES)
def test_search_engines_find_both_editions(name):
    links = [page.select('link[rel="alternate"]') for page in (parsed(name), chinese(name))]
    found = [{link["hreflang"]: link["href"] for link in own} for own in links]
    assert found[0] == found[1]
    assert found[0]["zh-CN"].endswith(f"/zh_CN/{name}.html")
    assert found[0]["en"] == found[0]["x-default"]


@pytest.mark.parametrize("name", PAGES)
def test_both_editions_have_the_same_places(name):
    english, own = (ids(folder / f"{name}.html") for folder in (HTML, CHINESE))
    assert {i for i in english if not i.startswith("id")} <= own


@pytest.mark.parametrize("name", CHINESE_PAGES)
def test_every_plot_is_explained(name):
    plots = chinese(name).article.select(".cell_output img")
    assert len(chinese(name).article.select("p.plot-caption")) == len(plots)
    for image in plots:
        assert re.search(HAN, image["alt"])


def test_the_table_of_contents_is_the_same():
    config = yaml.safe_load((HTML.parents[0] / "zh_CN/_toc.yml").read_text(encoding="utf-8"))
    files = [chapter["file"] for part in config["parts"] for chapter in part["chapters"]]
    assert [name for name in files if name != PREFACE] == PAGES[1:]


def test_the_switch_keeps_the_place(browser):
    with serve(HTML) as address:
        page = browser.new_page()
        page.goto(f"{address}/book/prerequisites.html", wait_until="networkidle")
        section = page.locator("article section section").nth(3)
        section.evaluate("(e) => e.scrollIntoView({behavior: 'instant'})")
        place = section.get_attribute("id")
        # Playwright's own click scrolls the page, as the header sticks to it.
        page.locator("a.edition").evaluate("(e) => e.click()")
        page.wait_for_url(f"**/zh_CN/book/prerequisites.html#{place}")
        page.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_a_page_is_accessible_and_fits(browser, theme, width):
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)
    page.goto((CHINESE / f"{PAGES[3]}.html").as_uri())
    page.wait_for_timeout(500)
    serious = [v["id"] for v in violations_on(page) if v["impact"] in ("serious", "critical")]
    assert serious == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


@pytest.fixture(scope="module")
def search(browser):
    """A function that searches the Chinese edition, and returns the first page's name."""
    with serve(HTML) as address:
        page = browser.new_page()

        def first(words):
            page.goto(f"{address}/zh_CN/search.html?q={words}")
            result = page.locator("#search-results li").first
            result.locator("p.context").wait_for()
            return Path(result.locator("a").first.get_attribute("href")).stem

        yield first
        page.close()


def test_the_right_page_comes_first_for_most_words(search):
    wrong = {words: found for words, page in FIRST.items() if (found := search(words)) != page}
    assert len(wrong) <= 2, wrong
