"""The workflows and what surrounds them: pinned, with few rights, for the Pythons we promise."""

import json
import re
import tomllib
from pathlib import Path

import publish
import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = {
    path.stem: yaml.safe_load(path.read_text("utf-8"))
    for path in sorted((ROOT / ".github/workflows").glob("*.yml"))
}
JOBS = [(name, job) for name, workflow in WORKFLOWS.items() for job in workflow["jobs"].items()]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PYTHONS = [
    line.rsplit(" ", 1)[1] for line in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", line)
]


def text(name):
    return (ROOT / name).read_text("utf-8")


def steps(job):
    return job["steps"]


def test_there_are_workflows():
    assert {"book", "gpu", "release", "tests", "weekly"} == set(WORKFLOWS)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_action_is_pinned_by_its_commit_and_names_its_version(name):
    lines = re.findall(r"uses: (.+)", text(f".github/workflows/{name}.yml"))
    for line in lines:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


def test_an_action_has_one_commit_everywhere():
    used = {step["uses"] for _, (_, job) in JOBS for step in steps(job) if "uses" in step}
    assert len(used) == len({action.split("@")[0] for action in used})


@pytest.mark.parametrize(
    ("name", "job"), JOBS, ids=lambda value: value[0] if isinstance(value, tuple) else value
)
def test_a_job_has_few_rights_and_an_end(name, job):
    job = job[1]
    assert WORKFLOWS[name]["permissions"] == {}
    assert job["timeout-minutes"] <= 60
    writes = {right for right, level in job["permissions"].items() if level == "write"}
    if (
        True in WORKFLOWS[name] and "pull_request" in WORKFLOWS[name][True]
    ):  # YAML reads "on" as true
        assert not writes or "!= 'pull_request'" in job["if"]
    for step in steps(job):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
            assert not writes


@pytest.mark.parametrize("name", WORKFLOWS)
def test_no_workflow_has_a_secret(name):
    source = text(f".github/workflows/{name}.yml")
    assert "secrets." not in source and "pull_request_target" not in source


def test_every_python_is_tested():
    assert PROJECT["requires-python"] == f">={PYTHONS[0]},<3.{int(PYTHONS[-1][2:]) + 1}"
    for name, job in [("tests", "everything"), ("tests", "package"), ("release", "smoke")]:
        assert WORKFLOWS[name]["jobs"][job]["strategy"]["matrix"]["python"] == PYTHONS
    assert "|".join(PYTHONS) + ")" in text("Makefile")
    assert f"python:{PYTHONS[-1]}" in json.loads(text(".devcontainer/devcontainer.json"))["image"]
    assert text(".binder/runtime.txt").strip().removeprefix("python-") in PYTHONS


def test_every_test_of_the_package_runs_on_other_systems_or_on_linux_for_a_reason():
    environment = WORKFLOWS["tests"]["jobs"]["package"]["env"]
    elsewhere = [*environment["ANYWHERE"].split(), *environment["UNIX"].split()]
    assert len(elsewhere) == len(set(elsewhere))
    folders = [ROOT / "tests/further", ROOT / "tests/_internal"]
    tests = {
        path.relative_to(ROOT).as_posix() for folder in folders for path in folder.glob("test_*.py")
    }
    modules = (ROOT / "mnist_tutorial").glob("*.py")
    tests |= {
        f"tests/test_{path.stem}.py"
        for path in modules
        if (ROOT / f"tests/test_{path.stem}.py").exists()
    }
    linux = {
        "tests/further/test_checkpoint.py",  # forks
        "tests/further/test_cluster.py",  # runs bash
        "tests/further/test_distributed.py",  # reads /proc
        "tests/_internal/test_tensorflow.py",  # forks
    }
    assert tests - linux <= set(elsewhere)
    assert linux.isdisjoint(elsewhere)
    assert all((ROOT / path).is_file() for path in elsewhere)


def test_every_make_target_of_a_workflow_exists():
    targets = set(re.findall(r"^([a-z-]+):.*##", text("Makefile"), re.M))
    weekly = WORKFLOWS["weekly"]["jobs"]["versions"]["strategy"]["matrix"]["command"]
    named = {command.split()[0] for command in weekly}
    for _, (_, job) in JOBS:
        named |= set(
            re.findall(r"make ([a-z-]+)", " ".join(step.get("run", "") for step in steps(job)))
        )
    assert named <= targets


# --- what is published ---------------------------------------------------------------------


def test_the_public_address_is_the_same_in_both_files():
    config = yaml.safe_load(text("_config.yml"))
    assert PROJECT["urls"]["Repository"] == config["repository"]["url"]
    assert text("pyproject.toml").count(config["repository"]["url"]) == 3  # twice for PyPI's page
    owner, name = config["repository"]["url"].removeprefix("https://github.com/").split("/")
    assert config["html"]["baseurl"] == f"https://{owner}.github.io/{name}/"
    assert config["sphinx"]["config"]["ogp_site_url"] == config["html"]["baseurl"]


def test_a_published_book_has_a_page_for_wrong_addresses(tmp_path):
    publish.publish(tmp_path, "https://example.org/book/")
    assert 'href="https://example.org/book/search.html"' in (tmp_path / "404.html").read_text(
        "utf-8"
    )
    assert (
        "Sitemap: https://example.org/book/sitemap.xml\n" in (tmp_path / "robots.txt").read_text()
    )


def test_a_book_without_an_address_is_not_published(tmp_path):
    with pytest.raises(SystemExit, match="replace OWNER"):
        publish.publish(tmp_path, "https://OWNER.github.io/mnist-tutorial/")
    assert list(tmp_path.iterdir()) == []
