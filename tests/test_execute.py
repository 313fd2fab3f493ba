"""The tool behind `make notebooks`: what it keeps and what it makes the same."""

import base64
import subprocess
import sys
import zlib
from pathlib import Path

import execute
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

TOOL = Path(execute.__file__)


def chunk(kind, content):
    check = zlib.crc32(kind + content).to_bytes(4, "big")
    return len(content).to_bytes(4, "big") + kind + content + check


def png(*chunks):
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"".join(chunks)).decode()


def notebook(*cells, **metadata):
    return new_notebook(cells=list(cells), metadata=metadata)


def stored(path):
    return nbformat.read(path, 4)


@pytest.fixture
def run(tmp_path):
    def run(book, *options, name="chapter.ipynb"):
        path = tmp_path / name
        path.write_text(book if isinstance(book, str) else nbformat.writes(book), encoding="utf-8")
        return path, execute.main([*options, str(path)])

    return run


def test_a_second_run_changes_nothing(run, capsys):
    book = notebook(
        new_markdown_cell("# Title"),
        new_code_cell("import sys\nfor i in range(100):\n    print(i, flush=True)"),
        new_code_cell("1 + 1"),
        new_code_cell(
            "%matplotlib inline\nimport matplotlib.pyplot as plt\n_ = plt.plot([1, 2])",
        ),
        vscode={"x": 1},
    )
    path, status = run(book)
    first = path.read_bytes()
    assert status == 0
    assert execute.main([str(path)]) == 0
    assert path.read_bytes() == first
    assert capsys.readouterr().out.count(", changed") == 1
    assert [c.get("execution_count") for c in stored(path).cells] == [None, 1, 2, 3]
    assert stored(path).cells[1].outputs[0].text.startswith("0\n1\n2\n")
    assert execute.main(["--check", str(path)]) == 0


def test_new_times_alone_change_nothing(run, capsys):
    time = new_code_cell(
        "import time\nprint(time.time_ns())",
        id="time",
        metadata={"tags": ["nbval-ignore-output"]},
    )
    path, status = run(notebook(time, new_code_cell("print(1)")))
    first = path.read_text(encoding="utf-8")
    assert status == 0
    assert execute.main([str(path)]) == 0
    assert path.read_text(encoding="utf-8") == first
    path.write_text(first.replace("print(1)", "print(2)"), encoding="utf-8")
    assert execute.main([str(path)]) == 0
    assert stored(path).cells[0].outputs != nbformat.reads(first, 4).cells[0].outputs
    assert capsys.readouterr().out.count("unchanged") == 1


def test_ids_are_the_authors_or_made_from_the_content():
    cells = [new_code_cell("1"), new_code_cell("1"), new_code_cell("2", id="images-per-second")]
    first, second = notebook(*cells), notebook(new_markdown_cell("new"), *cells)
    execute.normalise(first)
    execute.normalise(second)
    ids = [cell.id for cell in first.cells]
    assert ids == [cell.id for cell in second.cells[1:]]
    assert len(set(ids)) == 3
    assert ids[2] == "images-per-second"


def test_two_cells_with_one_id_are_refused(run, capsys):
    text = nbformat.writes(
        notebook(new_code_cell("1", id="first"), new_code_cell("2", id="second"))
    )
    _, status = run(text.replace("second", "first"))
    assert status == 1
    assert "'first'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("images-per-second", True),
        ("time", True),
        ("0a1b2c3d", False),
        ("deadbeef", False),
        ("bnWcMFHZ4gq7", False),
        ("a3f1c2d4-1111-2222-3333-444455556666", False),
        ("", False),
    ],
)
def test_is_authors(name, expected):
    assert execute.is_authors(name) is expected


def test_metadata_that_nobody_wrote_is_dropped():
    cell = new_code_cell(
        "1",
        metadata={
            "tags": ["hide-cell"],
            "execution": {"iopub.status.busy": "now"},
            "scrolled": True,
        },
    )
    book = notebook(
        cell,
        kernelspec={"name": "venv", "display_name": "my venv"},
        widgets={},
        mystnb={"merge_streams": True},
    )
    execute.normalise(book)
    assert book.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "mystnb": {"merge_streams": True},
    }
    assert book.cells[0].metadata == {"tags": ["hide-cell"]}


def test_counts_of_cells_and_results_are_made_the_same():
    outputs = [new_output("execute_result", {"text/plain": "2"}, execution_count=17)]
    book = notebook(
        new_code_cell("", execution_count=3),
        new_code_cell("1 + 1", execution_count=17, outputs=outputs),
        new_code_cell("not executed"),
    )
    execute.normalise(book)
    assert [cell.execution_count for cell in book.cells] == [None, 1, None]
    assert book.cells[1].outputs[0].execution_count == 1


def test_only_neighbouring_pieces_of_one_stream_are_joined():
    pieces = [("stdout", "a"), ("stdout", "b"), ("stderr", "c"), ("stdout", "d")]
    outputs = [new_output("stream", name=name, text=text) for name, text in pieces]
    merged = execute.merge_streams(outputs)
    assert [(o.name, o.text) for o in merged] == [
        ("stdout", "ab"),
        ("stderr", "c"),
        ("stdout", "d"),
    ]


def test_a_png_keeps_its_pixels_and_loses_its_texts():
    header, pixels, end = chunk(b"IHDR", b"h"), chunk(b"IDAT", b"p"), chunk(b"IEND", b"")
    text = chunk(b"tEXt", b"Software\0something 1.2")
    assert execute.strip_png(png(header, text, pixels, text, end)) == png(header, pixels, end)


def test_a_failing_cell_is_reported_and_nothing_is_written(run, capsys):
    path, status = run(notebook(new_code_cell("raise ValueError('no such digit')")))
    assert status == 1
    assert "ValueError: no such digit" in capsys.readouterr().out
    assert stored(path).cells[0].outputs == []


@pytest.mark.parametrize("text", ["", "no JSON", "{}"])
def test_what_is_no_notebook_is_reported(run, capsys, text):
    _, status = run(text)
    assert status == 1
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_a_missing_notebook_is_reported_and_the_next_is_done(run, tmp_path, capsys):
    path, _ = run(notebook())
    assert execute.main(["--check", str(tmp_path / "none.ipynb"), str(path)]) == 1
    out = capsys.readouterr().out
    assert "[1/2]" in out and "No such file" in out and "[2/2]" in out


def test_check_finds_what_is_not_normalised(run, capsys):
    book = notebook(new_code_cell("1", id="0a1b2c3d"))
    path, status = run(book, "--check")
    assert status == 1
    assert "not normalised" in capsys.readouterr().out
    assert stored(path).cells[0].id == "0a1b2c3d"


def test_help_says_what_it_does():
    result = subprocess.run([sys.executable, TOOL, "--help"], capture_output=True, text=True)
    assert result.returncode == 0
    assert "--check" in result.stdout
