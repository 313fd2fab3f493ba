"""Copy the book's sources without the solutions: ``make book SOLUTIONS=no``.

Left out are the boxes called "Solution", the hidden cells after them, and the hidden checks of what
those cells have computed. The launch buttons go as well, because they lead to the full notebooks.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import Any

import nbformat
import yaml

ROOT = Path(__file__).parents[2]
SOLUTION = re.compile(r"\n*^:::\{admonition\} Solution\n.*?^:::$", re.MULTILINE | re.DOTALL)


def main(folder: str) -> None:
    """Write _config.yml, _toc.yml and the folder book into a new folder."""
    target = Path(folder)
    shutil.copytree(
        ROOT / "book", target / "book", ignore=shutil.ignore_patterns("node_modules", "test", "src")
    )
    shutil.copy(ROOT / "_toc.yml", target)
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    del config["launch_buttons"]
    (target / "_config.yml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    for path in (target / "book").glob("*.ipynb"):
        notebook = nbformat.read(path, 4)
        notebook.cells = without_solutions(notebook.cells)
        nbformat.write(notebook, path)


def without_solutions(cells: list[Any]) -> list[Any]:
    """Return the cells that are not part of a solution."""
    kept, dropped = [], False
    for cell in cells:
        if cell.cell_type == "code":
            prompt = cell.metadata.get("mystnb", {}).get("code_prompt_show")
            check = cell.source.startswith("# Check, hidden on the page")
            dropped = prompt == "Show the solution" or (check and dropped)
            if dropped:
                continue
        cell.source = SOLUTION.sub("", cell.source)
        kept.append(cell)
    return kept


if __name__ == "__main__":
    main(sys.argv[1])
