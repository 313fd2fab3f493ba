"""The example in README.md does what it says."""

import re
import subprocess
import sys
from pathlib import Path

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
    makefile = README.with_name("Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*##", makefile, re.M))
    named = set(re.findall(r"(?:^    |`)make ([a-z-]+)", README.read_text("utf-8"), re.M))
    assert {"book", "test"} <= named <= targets
