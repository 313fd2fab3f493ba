"""Print the rendered book as one PDF: ``make pdf``.

One page holds a cover, the contents and the articles of all pages in the order of _toc.yml.
Chromium prints it twice, the first time to learn on which page each chapter begins.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import chromium
import yaml
from bs4 import BeautifulSoup, Tag
from playwright.sync_api import sync_playwright
from pypdf import PdfReader

ROOT = Path(__file__).parents[2]
HTML = ROOT / "_build/html/book"
# What the articles need of a page's head: the styles, and what sets the formulas.
NEEDED = 'link[rel="stylesheet"], script:-soup-contains("window.MathJax"), script[src*="mathjax"]'
FOOTER = '<div style="font: 8pt sans-serif; margin: auto" class="pageNumber"></div>'
MARGIN = {"top": "18mm", "bottom": "18mm", "left": "16mm", "right": "16mm"}
STYLE = """
.cover { break-after: page; padding-top: 60mm; text-align: center; }
.contents { break-after: page; }
.contents p { display: flex; margin: 0.15em 0; }
.contents a { flex: 1; color: inherit; text-decoration: none; }
article.bd-article { break-before: page; }
"""


def main() -> None:
    """Write _build/mnist-tutorial.pdf."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    target = ROOT / "_build/mnist-tutorial.pdf"
    page = HTML / "_print.html"  # beside the others, because their pictures are relative to them
    try:
        pages: dict[str, int] = {}
        for _ in range(2):
            page.write_text(combine(config, parts, pages), encoding="utf-8")
            print_page(page, target)
            pages = first_pages(target)
    finally:
        page.unlink(missing_ok=True)
    print(f"Wrote {target}: {len(PdfReader(target).pages)} pages")


def combine(config: dict[str, Any], parts: dict[str, Any], pages: dict[str, int]) -> str:
    """Return one page with the cover, the contents and the article of every page."""
    names = [Path(parts["root"]).name]
    lines = ["<h2>Contents</h2>"]
    for part in parts["parts"]:
        chapters = [Path(chapter["file"]).name for chapter in part["chapters"]]
        lines.append(f"<h3>{part['caption']}</h3>")
        for name in chapters:
            lines.append(f'<p><a href="#{name}">TITLE-{name}</a>{pages.get(name, 0)}</p>')
        names += chapters
    contents = "\n".join(lines)
    articles = []
    for name in names:
        soup = BeautifulSoup((HTML / f"{name}.html").read_text("utf-8"), "html.parser")
        article = soup.select_one("article.bd-article")
        assert article is not None and article.h1 is not None
        title = article.h1.get_text().removesuffix("#")
        contents = contents.replace(f"TITLE-{name}<", f"{title}<")
        articles.append(str(alone(article, name, names)))
        if name == names[0]:
            head = "".join(map(str, soup.head.select(NEEDED)))  # type: ignore[union-attr]
    return f"""<!doctype html>
<html lang="en" data-theme="light" data-content_root="../">
<head><meta charset="utf-8"><title>{config["title"]}</title>{head}<style>{STYLE}</style></head>
<body><main class="bd-main"><div class="bd-content"><div class="bd-article-container">
<section class="cover"><p style="font-size: 26pt">{config["title"]}</p><p>{config["author"]}</p>
<p>{config["html"]["extra_footer"]}</p>
<p>The pages of the book also have a drawing pad, a network that is trained while you watch,
and the code that draws the figures: {config["html"]["baseurl"]}</p></section>
<section class="contents">{contents}</section>
{"".join(articles)}</div></div></main></body></html>"""


def alone(article: Tag, name: str, names: list[str]) -> Tag:
    """Rename what an article calls by an id, so that the ids of all articles differ."""
    for tag in article.find_all(id=True):
        tag["id"] = f"{name}--{tag['id']}"
    for link in article.find_all("a", href=True):
        url = urlsplit(link["href"])
        page = Path(url.path).stem if url.path else name
        if not url.scheme and page in names:
            link["href"] = f"#{page}--{unquote(url.fragment)}" if url.fragment else f"#{page}"
    for tag in article.find_all(["script", "button"]):
        tag.decompose()
    article["id"] = name
    return article


def print_page(page: Path, target: Path) -> None:
    """Print a page as a PDF, with numbers and an outline, once its formulas are set."""
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        tab = browser.new_page()
        tab.goto(page.as_uri(), wait_until="load", timeout=120_000)
        tab.evaluate("MathJax.startup.promise.then(() => {})")
        tab.pdf(
            path=target,
            format="A4",
            margin=MARGIN,
            print_background=True,
            display_header_footer=True,
            header_template="<span></span>",
            footer_template=FOOTER,
            outline=True,
            tagged=True,
        )
        browser.close()


def first_pages(path: Path) -> dict[str, int]:
    """Return on which page each place begins that a link of the PDF leads to."""
    reader = PdfReader(path)
    return {
        re.sub("^/", "", name): 1 + (reader.get_destination_page_number(place) or 0)
        for name, place in reader.named_destinations.items()
    }


if __name__ == "__main__":
    main()
