"""Execute chapters and store their outputs in a form that a second run does not change.

Stored are the cells, their tags and other metadata that an author wrote, and their outputs.
Everything that differs from run to run or from editor to editor is dropped or made the same:
cell ids (one that an author gave is kept), execution counts, kernel and language, timestamps,
the way a stream was cut into pieces, and what an image file says about its software. Where
nothing else has changed, the outputs of the cells that are exempt from comparison stay, too.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import re
import sys
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat.reader import NotJSONError
from nbformat.warnings import DuplicateCellId, MissingIDFieldWarning

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
CELL_METADATA = ("jupyter", "mystnb", "tags")
AUTHORS_ID = re.compile(r"(?![0-9a-f]{8}$)[a-z][a-z0-9]*(-[a-z0-9]+)*")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ANSI_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
TIMEOUT = 600  # seconds a cell


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="execute.py", description="Execute chapters in place and normalise what is stored."
    )
    parser.add_argument("notebooks", nargs="+", type=Path, metavar="NOTEBOOK")
    parser.add_argument(
        "--check",
        action="store_true",
        help="execute and write nothing; fail if a stored notebook is not normalised",
    )
    options = parser.parse_args(arguments)

    failures = 0
    for number, path in enumerate(options.notebooks, start=1):
        print(f"[{number}/{len(options.notebooks)}] {path} ...", end=" ", flush=True)
        start = time.perf_counter()
        try:
            stored = path.read_text(encoding="utf-8")
            notebook = read(stored)
            if not options.check:
                execute(notebook, path.parent)
            text = write(notebook)
            if same(notebook, read(stored)):
                text = write(read(stored))
        except CellExecutionError as error:
            failures += 1
            print("failed\n" + ANSI_COLOUR.sub("", str(error)))
        except (OSError, ValueError) as error:
            failures += 1
            print(f"failed: {error}")
        else:
            if options.check:
                failures += text != stored
                print("normalised" if text == stored else "not normalised: run `make notebooks`")
            else:
                path.write_text(text, encoding="utf-8")
                state = "unchanged" if text == stored else "changed"
                print(f"{time.perf_counter() - start:.0f} s, {state}")
    return 1 if failures else 0


def read(text: str) -> Any:
    """Return the notebook in `text`, upgraded to version 4.5 of the format."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MissingIDFieldWarning)  # normalise gives ids
            warnings.simplefilter("error", DuplicateCellId)
            return nbformat.reads(text, as_version=4)
    except (NotJSONError, nbformat.ValidationError, DuplicateCellId) as error:
        raise ValueError(f"not a notebook: {str(error).splitlines()[0]}") from None


def write(notebook: Any) -> str:
    """Normalise `notebook` and return it as the text of a file."""
    normalise(notebook)
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def execute(notebook: Any, folder: Path) -> None:
    """Execute all cells of `notebook` in `folder`, in a new kernel of this environment."""
    NotebookClient(
        notebook,
        timeout=TIMEOUT,
        kernel_name=KERNEL["name"],
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
    ).execute()


def normalise(notebook: Any) -> None:
    """Bring `notebook` into the form that is stored."""
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    kept = {key: value for key, value in notebook.metadata.items() if key == "mystnb"}
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": KERNEL, "language_info": {"name": "python"}, **kept}
    )
    name_cells(notebook.cells)
    count = 0
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict(
            {key: cell.metadata[key] for key in CELL_METADATA if cell.metadata.get(key)}
        )
        if cell.cell_type != "code":
            continue
        executed = bool(cell.source.strip()) and cell.execution_count is not None
        count += executed
        cell.execution_count = count if executed else None
        cell.outputs = merge_streams(cell.outputs)
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = cell.execution_count
            if "image/png" in output.get("data", {}):
                output.data["image/png"] = strip_png(output.data["image/png"])


def same(new: Any, old: Any) -> bool:
    """Tell whether the two differ at most in what exempt cells put out, such as times."""
    normalise(old)

    def compared(cell: Any) -> Any:
        exempt = "nbval-ignore-output" in cell.metadata.get("tags", [])
        return {**cell, "outputs": bool(cell.outputs)} if exempt else cell

    return [compared(cell) for cell in new.cells] == [compared(cell) for cell in old.cells]


def name_cells(cells: list[Any]) -> None:
    """Give each cell that an author did not name an id made from what it says."""
    seen: Counter[str] = Counter()
    for cell in cells:
        if not is_authors(cell.get("id", "")):
            content = f"{cell.cell_type}\n{cell.source}"
            seen[content] += 1
            cell["id"] = hashlib.sha256(f"{content}\n{seen[content]}".encode()).hexdigest()[:8]


def is_authors(name: str) -> bool:
    """Tell an id such as ``images-per-second`` from those that editors make up."""
    return bool(AUTHORS_ID.fullmatch(name)) and not UUID.fullmatch(name)


def merge_streams(outputs: list[Any]) -> list[Any]:
    """Join neighbouring pieces of one stream: how it was cut up is an accident of timing."""
    merged: list[Any] = []
    for output in outputs:
        last = merged[-1] if merged else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            merged.append(output)
    return merged


def strip_png(encoded: str) -> str:
    """Drop the text chunks of a PNG image, which name the software that drew it."""
    content = base64.b64decode(encoded)
    signature, position = content[:8], 8
    kept = [signature]
    while position < len(content):
        end = position + 12 + int.from_bytes(content[position : position + 4], "big")
        if content[position + 4 : position + 8] not in (b"tEXt", b"iTXt", b"zTXt", b"tIME"):
            kept.append(content[position:end])
        position = end
    return base64.b64encode(b"".join(kept)).decode()


if __name__ == "__main__":
    sys.exit(main())
