"""A Sphinx extension: what the editions of the book in several languages need.

A switch to the same page of the other edition, links for search engines to both, the descriptions
of plots in the edition's language, and a search that finds Chinese words.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.search import SearchLanguage, languages
from translations import LANGUAGES, folder
from translations import texts as read_texts

EDITIONS = {"en": ("English", ""), "zh_CN": ("中文", "zh_CN/")}
FRONT_PAGE = "book/index"


@cache
def texts(name: str, language: str) -> dict[str, str]:
    """Return a catalogue's texts and their translations, read once for all pages."""
    return read_texts(folder(language) / f"{name}.po", language)


class PairsOfCharacters(SearchLanguage):
    """Chinese has no spaces between words: every two neighbouring characters are a term.

    Latin words are terms as they are. The page's JavaScript cuts a query in the same way.
    """

    lang = "zh"
    language_name = "Chinese"
    js_stemmer_code = "var Stemmer = function () { this.stemWord = (word) => word; };"
    js_splitter_code = r"""
    function splitQuery(query) {
      return (query.match(/[a-z0-9_]+|[\u3400-\u9fff]+/gi) ?? []).flatMap((run) => {
        if (!/^[\u3400-\u9fff]{3}/.test(run)) return [run];
        return [...run].slice(1).map((character, i) => run[i] + character);
      });
    }
    """

    def split(self, input: str) -> list[str]:
        """Return the terms of a text."""
        terms = []
        for run in re.findall(r"[a-zA-Z0-9_]+|[\u3400-\u9fff]+", input):
            chinese = len(run) > 1 and ord(run[0]) >= 0x3400
            terms += [run[i : i + 2] for i in range(len(run) - 1)] if chinese else [run]
        return terms

    def stem(self, word: str) -> str:
        """Return the term as it is."""
        return word.lower()

    def word_filter(self, word: str) -> bool:
        """Keep every term that says something."""
        return len(word) > 1


def describe_plots(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Describe plots in the page's language, also below them, since their labels are English."""
    language = app.config.language
    if language not in LANGUAGES:
        return
    own = texts("cells", language)
    for cell in doctree.findall(nodes.Element):
        for prompt in ("prompt_show", "prompt_hide"):
            if prompt in cell:
                cell[prompt] = own.get(cell[prompt], cell[prompt])
    for image in list(doctree.findall(nodes.image)):
        if translation := own.get(image.get("alt", "")):
            image["alt"] = translation
            caption = nodes.paragraph("", translation, classes=["plot-caption"])
            image.parent.insert(image.parent.index(image) + 1, caption)


def translate_html(app: Sphinx, page: str, template: str, context: Any, doctree: Any) -> None:
    """Translate what Sphinx does not: pieces of HTML, and the description of the front page."""
    language = app.config.language
    if language not in LANGUAGES or "body" not in context:
        return
    own = texts("edition", language)
    if page == FRONT_PAGE:
        own = own | texts(page, language)
    for part in ("body", "metatags"):
        for english, translation in own.items():
            for before, after in (
                ('">', "</p>"),
                ('alt="', '"'),
                ('content="', '"'),
                ("<p>", "</p>"),
            ):
                if before + english + after in context.get(part, ""):
                    context[part] = context[part].replace(
                        before + english + after, before + translation + after
                    )


def link_editions(app: Sphinx, page: str, template: str, context: Any, doctree: Any) -> None:
    """Give a page's header the other edition, and its head the links to both."""
    if app.builder.format != "html":
        return
    own = app.config.language or "en"
    base = app.config.html_baseurl.removesuffix(EDITIONS[own][1])
    # Only the editions of other languages have pages of their own: a preface.
    shared = FRONT_PAGE if page.startswith("book/locale/") else page
    up = "../" * (page.count("/") + bool(EDITIONS[own][1]))
    context["editions"] = [
        (language.replace("_", "-"), name, f"{up}{place}{shared}.html")
        for language, (name, place) in EDITIONS.items()
        if language != own
    ]
    if shared == page and page not in ("search", "genindex"):
        alternates = [
            (language.replace("_", "-"), place) for language, (_, place) in EDITIONS.items()
        ]
        context["metatags"] = context.get("metatags", "") + "".join(
            f'<link rel="alternate" hreflang="{language}" href="{base}{place}{page}.html" />\n'
            for language, place in [*alternates, ("x-default", "")]
        )


def setup(app: Sphinx) -> dict[str, bool]:
    """Be an extension of Sphinx."""
    languages["zh"] = PairsOfCharacters
    app.connect("doctree-resolved", describe_plots)
    app.connect("html-page-context", link_editions)
    app.connect("html-page-context", translate_html, priority=600)  # after sphinxext.opengraph
    return {"parallel_read_safe": True, "parallel_write_safe": True}
