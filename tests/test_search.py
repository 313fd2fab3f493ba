"""The search of the rendered pages, in a real browser: what readers type, and what comes first."""

import re
from pathlib import Path

import pytest
from pages import serve

HTML = Path(__file__).parents[1] / "_build/html"
FIRST = {
    "softmax": "02-layers",
    "accuracy": "04-loss",
    "cross-entropy": "04-loss",
    "nan": "when-things-go-wrong",
    "shuffle": "05-batching",
    "GPU": "beyond-one-machine",
    "colab": "index",
    "learning rate": "03-optimizer",
    "confusion matrix": "07-results",
    "convolution": "02-layers",
    "momentum": "03-optimizer",
    "checkpoint": "when-things-go-wrong",
    "batch size": "05-batching",
    "pytorch": "faster",
    "fashion-mnist": "your-own-data",
    "one-hot": "01-data",
    "overfitting": "06-training-loop",
    "backpropagation": "low-level",
    "own pictures": "your-own-data",
    "resume": "when-things-go-wrong",
}


@pytest.fixture(scope="module")
def search(browser):
    """A function that searches, and returns the first page's name and its excerpt."""
    assert HTML.exists(), f"{HTML} was not rendered: run `make book`"
    with serve(HTML) as address:
        page = browser.new_page()

        def first(words):
            page.goto(f"{address}/search.html?q={words}")
            result = page.locator("#search-results li").first
            excerpt = result.locator("p.context")
            excerpt.wait_for()
            return Path(result.locator("a").first.get_attribute("href")).stem, excerpt.inner_text()

        yield first
        page.close()


@pytest.mark.parametrize("words", FIRST)
def test_the_right_page_comes_first(search, words):
    page, excerpt = search(words)
    assert page == FIRST[words]
    assert not re.search(r"\\\(|\\sum|\bimport ", excerpt), excerpt


def test_a_file_searches_without_errors(browser):
    page = browser.new_page()
    errors = []
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{(HTML / 'search.html').as_uri()}?q=softmax")
    page.locator("#search-results li a").first.wait_for()
    page.wait_for_timeout(500)
    page.close()
    assert errors == []
