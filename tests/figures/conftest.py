"""A page with one figure, in the frame and the colours that the book's theme would give it."""

import json
import shutil

import pytest
from pages import page_with, serve

LOADER = '<script src="../_static/figures/loader.js" defer></script>'
BODY = """<div style="height: {above}px"></div>
<img class="live" id="live-{name}" alt="The static picture"
  src="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E" width="700" height="400">
"""


@pytest.fixture(scope="session")
def site(figures, tmp_path_factory):
    """A folder laid out as the rendered book is, and its address on a web server."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(figures.static, folder / "_static")
    (folder / "book").mkdir()
    with serve(folder) as address:
        yield folder, address


@pytest.fixture
def open_content(browser, site):
    """A function that opens a page of the site; what its console logs fails the test."""
    folder, address = site
    contexts, logged = [], []

    def open_page(
        name,
        content,
        *,
        height=900,
        scheme="http",
        script="",
        before=None,
        query="",
        until="domcontentloaded",
        is_fault=lambda line: line.type in ("error", "warning"),
        **options,
    ):
        (folder / "book" / name).write_text(content)
        context = browser.new_context(**{"viewport": {"width": 1000, "height": height}} | options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: logged.append(str(error)))
        page.on("console", lambda line: logged.append(line.text) if is_fault(line) else None)
        page.logged = logged
        if script:
            page.add_init_script(script)
        if before:
            before(page)
        base = address if scheme == "http" else f"file://{folder}"
        page.goto(f"{base}/book/{name}{query}", wait_until=until)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert logged == []


@pytest.fixture
def open_figure(open_content):
    """A function that opens a page with a figure."""

    def open_page(name, *, theme="light", above=0, language="en", mounted=True, **options):
        page_name = f"{name}-{theme}-{above}-{language}.html"
        body = BODY.format(name=name, above=above)
        content = page_with("A figure", body, head=LOADER, theme=theme, language=language)
        page = open_content(page_name, content, until="load", **options)
        if mounted:
            page.wait_for_function("document.querySelector('.live-figure')?.state !== undefined")
        return page

    return open_page


@pytest.fixture
def state():
    """A function that returns what a figure shows now, as its state() says."""

    def read(page):
        page.evaluate("new Promise((done) => setTimeout(done, 50))")
        return page.evaluate("document.querySelector('.live-figure').state()")

    return read


@pytest.fixture
def longest_task(browser):
    """A function that does something on a page and returns its longest task, in ms of CPU.

    Of a task's time on the clock, other programs on the machine may take a part.
    """

    def measure(page, act):
        browser.start_tracing(page=page, categories=["toplevel", "devtools.timeline"])
        act()
        events = json.loads(browser.stop_tracing())["traceEvents"]
        main = {
            (event["pid"], event["tid"])
            for event in events
            if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
        }
        tasks = [
            event["tdur"] / 1000
            for event in events
            if (event["pid"], event["tid"]) in main and "RunTask" in event["name"]
            and "tdur" in event
        ]  # fmt: skip
        assert len(tasks) > 10
        return max(tasks)

    return measure
