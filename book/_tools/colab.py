"""Run chapters as Colab does: alone in a folder, the package installed by their first cell.

``make test-colab`` starts it in an environment with the versions that Colab has. Only errors
count: ``make chapters`` compares what is printed, with the locked versions.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from importlib.metadata import distributions
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

PACKAGE = "mnist-tutorial"


def main(wheels: str, *notebooks: str) -> int:
    """Run the notebooks, with pip taking the package from a folder; return the exit status."""
    os.environ |= {"PIP_FIND_LINKS": str(Path(wheels).resolve()), "PIP_NO_INDEX": "1"}
    os.environ["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    before, failed = versions(), 0
    for path in map(Path, notebooks):
        pip("uninstall", "--yes", "--quiet", PACKAGE)
        start = time.perf_counter()
        error = run(path)
        changed = {item for item in versions() ^ before if item[0] != PACKAGE}
        if changed:
            error += f"\ninstalling the package changed {sorted(changed)}"
        print(f"{path.stem:30} {time.perf_counter() - start:4.0f} s  {error or 'ran'}", flush=True)
        failed += bool(error)
    return 1 if failed else 0


def run(path: Path) -> str:
    """Execute a notebook in a folder that is otherwise empty; return what went wrong."""
    with tempfile.TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        try:
            NotebookClient(nbformat.read(path, 4), timeout=600, resources=resources).execute()
        except CellExecutionError as error:
            return str(error)
        return ""


def versions() -> set[tuple[str, str]]:
    """Return what is installed."""
    return {(one.metadata["Name"].lower(), one.version) for one in distributions()}


def pip(*arguments: str) -> None:
    """Run the pip of this environment."""
    subprocess.run([sys.executable, "-m", "pip", *arguments], check=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
