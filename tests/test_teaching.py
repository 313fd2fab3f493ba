"""What a teacher makes from the book: a copy without solutions, and slides."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import slides
import without_solutions

BOOK = Path(__file__).parents[1] / "book"
CHAPTERS = sorted(path.name for path in BOOK.glob("*.ipynb"))


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("copy") / "book-without"
    without_solutions.main(folder)
    return folder


@pytest.mark.parametrize("name", CHAPTERS)
def test_no_solution_remains_and_no_exercise_is_lost(copy, name):
    full, rest = (nbformat.read(folder / name, 4) for folder in (BOOK, copy / "book"))
    text = nbformat.writes(rest)
    assert "Solution" not in text and "Show the solution" not in text
    for cell in full.cells:
        if "the solution" in str(cell.metadata.get("mystnb")):
            assert cell.source not in [one.source for one in rest.cells]
        if cell.cell_type == "markdown":
            before, *boxes = cell.source.split(":::{admonition} Solution")
            assert not boxes or before.strip() in [one.source.strip() for one in rest.cells]
            for box in boxes:
                answer = box.split("\n")[2]
                assert answer and all(answer not in one.source for one in rest.cells)
    exercises = [sum(c.source.count("**Exercise") for c in nb.cells) for nb in (full, rest)]
    assert exercises[0] == exercises[1]


def test_what_remains_uses_nothing_that_a_solution_defined(copy):
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F821"]
    result = subprocess.run([*command, copy / "book"], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def test_no_button_leads_from_the_copy_to_the_full_notebooks(copy):
    assert "launch_buttons" not in (copy / "_config.yml").read_text("utf-8")


def test_a_check_goes_with_the_solutions_before_it():
    code = nbformat.v4.new_code_cell
    solution = code("2", metadata={"mystnb": {"code_prompt_show": "Show the solution"}})
    check = "# Check, hidden on the page.\nassert x"
    cells = [code("1"), code(check), solution, code(check), code("3"), code(check)]
    kept = without_solutions.without_solutions(cells)
    assert [cell.source for cell in kept] == ["1", check, "3", check]


@pytest.mark.parametrize("name", slides.CHAPTERS)
def test_slides_fit_on_the_screen_and_need_no_connection(browser, figures, tmp_path, name):
    slides.main([name], tmp_path)
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    requests, errors = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((tmp_path / f"{name}.html").as_uri(), wait_until="load")
    page.wait_for_function("Reveal.isReady()")
    page.evaluate("MathJax.startup.promise.then(() => {})")
    count = page.evaluate("Reveal.getTotalSlides()")
    for number in range(count):
        assert page.evaluate("Reveal.getCurrentSlide().scrollHeight") <= 720, number
        page.evaluate("Reveal.next()")
    assert 15 <= count <= 40
    assert page.locator("aside.notes").count() > count / 2
    assert page.locator("mjx-container").count() > 0 or name != "04-loss"
    assert errors == [] and all(url.startswith(("file:", "data:", "blob:")) for url in requests)
    page.close()
