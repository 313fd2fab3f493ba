"""README.md: the example does what it says; what it and CONTRIBUTING.md name exists."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager

README = Path(__file__).parents[1] / "README.md"


def test_the_example_runs(tmp_path):
    (example,) = re.findall(r"^```python\n(.*?)^```$", README.read_text("utf-8"), re.M | re.S)
    assert len([line for line in example.splitlines() if line.strip()]) <= 10
    result = subprocess.run(
        [sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    shapes, accuracy = result.stdout.splitlines()
    assert shapes == "(64, 784) (64, 10)"
    assert 0.85 < float(accuracy) < 0.95


def test_every_make_target_it_names_exists():
    assert {"book", "test"} <= make_targets(README) <= all_targets()


def test_contributing_names_every_make_target_that_readme_does_not():
    commands = make_targets(README.with_name("CONTRIBUTING.md"))
    # `test` runs the checks, which the same line names; `clean` and `help` need no words.
    checks = {"lint", "types", "unit", "chapters", "pages"}
    assert commands <= all_targets()
    assert all_targets() - checks - {"clean", "help"} <= commands | make_targets(README)


def make_targets(path):
    return set(re.findall(r"(?:^    |`)make ([a-z-]+)", path.read_text("utf-8"), re.M))


def all_targets():
    makefile = README.with_name("Makefile").read_text("utf-8")
    return set(re.findall(r"^([a-z-]+):.*##", makefile, re.M))


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_its_links_to_files_lead_somewhere(name):
    path = README.with_name(name)
    for link in re.findall(r"\]\(([^)#:]+)\)|src(?:set)?=\"([^\"]+)\"", path.read_text("utf-8")):
        assert (path.parent / "".join(link)).exists(), link


def test_pypi_finds_what_the_readme_names():
    """The page on PyPI has none of the repository's files."""
    metadata = ProjectMetadata(str(README.parent), PluginManager()).core
    text, repository = metadata.readme, metadata.urls["Repository"]
    assert len(text) > len(README.read_text("utf-8"))
    addresses = re.findall(r"\]\(([^)]+)\)|src(?:set)?=\"([^\"]+)\"", text)
    for address in map("".join, addresses):
        assert re.match("https?://|#", address), address
        if match := re.match(f"{repository}/(raw|blob)/main/(.+)", address):
            assert (README.parent / match[2]).exists(), address
            assert (match[1] == "raw") == address.endswith(".png"), address
