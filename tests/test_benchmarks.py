import json
import subprocess
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def speed(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import speed

    return speed


def test_the_table_is_that_of_the_stored_runs(speed):
    stored = json.loads((BENCHMARKS / "results" / "speed.json").read_text())
    assert (BENCHMARKS / "results" / "speed.md").read_text() == speed.table(stored)


@pytest.mark.parametrize("workload", ["tutorial", "one epoch", "ten epochs", "cold"])
def test_all_contestants_computed_the_same(workload):
    stored = json.loads((BENCHMARKS / "results" / "speed.json").read_text())
    runs = [run for run in stored["runs"] if run["workload"] == workload]
    assert runs and not [run for run in runs if "error" in run]
    for run in runs:
        assert run["first_losses"] == pytest.approx(runs[0]["first_losses"], abs=1e-4)
        assert run["validation_accuracy"] == pytest.approx(
            runs[0]["validation_accuracy"], abs=0.005
        )
        assert run["mean_loss"] == pytest.approx(runs[0]["mean_loss"], rel=0.02)


def test_contestants_of_the_package_answer_alike(speed, tmp_path):
    speed.write_task(tmp_path)
    job = {"steps": 4, "batch": 8, "every": 2, "size": 50}
    answers = {}
    for name, (kind, _) in speed.CONTESTANTS.items():
        if kind == "package":
            contestant = speed.Contestant(name, tmp_path, 1)
            answers[name] = contestant.ask(job)
            without_evaluation = contestant.ask({**job, "every": 0, "size": 0})
            assert without_evaluation["validation_accuracy"] is None
            contestant.close()
    assert len(answers) == 7
    for answer in answers.values():
        assert answer["first_losses"] == pytest.approx(answers["plain"]["first_losses"], abs=1e-4)
        assert answer["validation_accuracy"] == answers["plain"]["validation_accuracy"]
        assert answer["seconds"] > 0 and answer["peak_mib"] > answer["resident_mib"] / 2


def test_tensorflow_js_answers_like_the_package(demo, speed, tmp_path):
    speed.write_task(tmp_path)
    job = {"steps": 4, "batch": 8, "every": 2, "size": 50}
    answers = {}
    for name in ("plain", "TensorFlow.js wasm, 1 thread", "TensorFlow.js cpu, 1 thread"):
        contestant = speed.Contestant(name, tmp_path, 1)
        contestant.ask(job)
        answers[name] = contestant.ask(job)  # from the initial weights again
        contestant.close()
    wanted = answers.pop("plain")
    for answer in answers.values():
        assert set(answer) == set(wanted)
        for key in ("first_losses", "mean_loss", "validation_accuracy"):
            assert answer[key] == pytest.approx(wanted[key], abs=1e-4)


def test_a_contestant_that_cannot_be_installed_says_why(speed, tmp_path, monkeypatch):
    def fail():
        raise subprocess.CalledProcessError(1, ["bin/npm", "ci"])

    monkeypatch.setattr(speed, "tfjs_script", fail)
    contestant = speed.Contestant("TensorFlow.js wasm, 1 thread", tmp_path, 1)
    answer = contestant.ask(speed.TUTORIAL)
    contestant.close()
    assert answer == {"error": "not installed: npm ended with 1"}


def test_a_contestant_that_cannot_run_says_why(speed, tmp_path, monkeypatch):
    speed.write_task(tmp_path)
    monkeypatch.setitem(speed.CONTESTANTS, "none", ("package", "no_such_module"))
    contestant = speed.Contestant("none", tmp_path, 1)
    answer = contestant.ask(speed.TUTORIAL)
    contestant.close()
    assert answer == {"error": "ModuleNotFoundError: No module named 'no_such_module'"}
    result = {
        "machine": {"cpu": "a", "cores": 1},
        "left_out": [],
        "runs": [{"workload": "cold", "contestant": "none", **answer}],
    }
    assert "| none | did not run: ModuleNotFoundError" in speed.table(result)
