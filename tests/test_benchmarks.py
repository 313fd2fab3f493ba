import json
import subprocess
from pathlib import Path

import pytest

from mnist_tutorial.further import RECORDS

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture(scope="module")
def speed():
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.syspath_prepend(BENCHMARKS)
        import speed

        yield speed


@pytest.fixture(scope="module")
def task(speed, tmp_path_factory):
    """The folder of the task that every implementation is given."""
    folder = tmp_path_factory.mktemp("task")
    speed.write_task(folder)
    return folder


JOB = {"steps": 4, "batch": 8, "every": 2, "size": 50}


@pytest.fixture(scope="module")
def reference(speed, task):
    """What NumPy answers."""
    implementation = speed.Implementation(speed.NUMPY, task, 1)
    answer = implementation.ask(JOB)
    implementation.close()
    return answer


def test_the_table_is_that_of_the_stored_runs(speed):
    stored = json.loads((RECORDS / "speed.json").read_text())
    assert (BENCHMARKS / "speed.md").read_text() == speed.table(stored)


@pytest.mark.parametrize("workload", ["tutorial", "one epoch", "ten epochs", "cold"])
def test_all_implementations_computed_the_same(workload):
    stored = json.loads((RECORDS / "speed.json").read_text())
    runs = [run for run in stored["runs"] if run["workload"] == workload]
    assert runs and not [run for run in runs if "error" in run]
    for run in runs:
        assert run["first_losses"] == pytest.approx(runs[0]["first_losses"], abs=1e-4)
        assert run["validation_accuracy"] == pytest.approx(
            runs[0]["validation_accuracy"], abs=0.005
        )
        assert run["mean_loss"] == pytest.approx(runs[0]["mean_loss"], rel=0.02)


def test_implementations_with_the_package_answer_alike(speed, task, reference):
    names = [name for name, (kind, _) in speed.IMPLEMENTATIONS.items() if kind == "package"]
    assert speed.NUMPY in names and len(names) == 5
    for name in names:
        implementation = speed.Implementation(name, task, 1)
        answer = implementation.ask(JOB)
        without_evaluation = implementation.ask({**JOB, "every": 0, "size": 0})
        implementation.close()
        assert without_evaluation["validation_accuracy"] is None, name
        assert answer["first_losses"] == pytest.approx(reference["first_losses"], abs=1e-4), name
        accuracy = pytest.approx(reference["validation_accuracy"], abs=1e-6)
        assert answer["validation_accuracy"] == accuracy, name
        assert answer["seconds"] > 0 and answer["peak_mib"] > answer["resident_mib"] / 2, name


def test_tensorflow_js_answers_like_the_package(figures, speed, task, reference):
    implementation = speed.Implementation("TensorFlow.js wasm, 1 thread", task, 1)
    implementation.ask(JOB)
    answer = implementation.ask(JOB)  # from the initial weights again
    implementation.close()
    assert set(answer) == set(reference)
    for key in ("first_losses", "mean_loss", "validation_accuracy"):
        assert answer[key] == pytest.approx(reference[key], abs=1e-4)


def test_an_implementation_that_cannot_be_installed_says_why(speed, tmp_path, monkeypatch):
    def fail():
        raise subprocess.CalledProcessError(1, ["bin/npm", "ci"])

    monkeypatch.setattr(speed, "tfjs_script", fail)
    implementation = speed.Implementation("TensorFlow.js wasm, 1 thread", tmp_path, 1)
    answer = implementation.ask(speed.TUTORIAL)
    implementation.close()
    assert answer == {"error": "not installed: npm ended with 1"}


def test_an_implementation_that_cannot_run_says_why(speed, task, monkeypatch):
    monkeypatch.setitem(speed.IMPLEMENTATIONS, "none", ("package", "no_such_module"))
    implementation = speed.Implementation("none", task, 1)
    answer = implementation.ask(speed.TUTORIAL)
    implementation.close()
    assert answer == {"error": "ModuleNotFoundError: No module named 'no_such_module'"}
    result = {
        "machine": {"cpu": "a", "cores": 1},
        "left_out": [],
        "runs": [{"workload": "cold", "implementation": "none", **answer}],
    }
    assert "| none | did not run: ModuleNotFoundError" in speed.table(result)
