"""requirements.lock against what it was made from."""

import re
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]


def requirements(name):
    lines = [line.split("#")[0].strip() for line in (ROOT / name).read_text().splitlines()]
    return [Requirement(line) for line in lines if line]


OWN = map(Requirement, requires("mnist-tutorial"))
# An extra is for who asks for it; the lock has none.
WANTED = [
    *requirements("requirements.txt"),
    *(one for one in OWN if one.marker is None or "extra" not in str(one.marker)),
]


@pytest.mark.parametrize("wanted", WANTED, ids=str)
def test_the_lock_pins_it_within_its_range(wanted):
    name = canonicalize_name(wanted.name)
    pins = [pin for pin in requirements("requirements.lock") if canonicalize_name(pin.name) == name]
    assert pins, "run `make lock`"
    for pin in pins:
        version = re.fullmatch(r"==(\S+)", str(pin.specifier)).group(1)
        assert version in wanted.specifier, "run `make lock`"


def test_the_users_packages_are_named():
    names = {requirement.name for requirement in requirements("requirements.txt")}
    assert {"jupyter-book", "tensorflow", "numpy", "matplotlib", "nbval"} <= names


def test_the_lock_names_no_host():
    assert not re.search(
        r"https?://|--(extra-)?index-url", (ROOT / "requirements.lock").read_text()
    )


def test_binder_installs_what_the_package_needs_in_the_locked_versions():
    constraint, *lines = [
        line
        for line in (ROOT / ".binder/requirements.txt").read_text().splitlines()
        if line[0] != "#"
    ]
    assert constraint == "-c ../requirements.lock"
    binder = {one.name: one for one in map(Requirement, lines)}
    [tensorflow] = [one for one in requirements("requirements.lock") if one.name == "tensorflow"]
    assert binder.pop("tensorflow-cpu").specifier == tensorflow.specifier
    needs = {one.name for one in map(Requirement, requires("mnist-tutorial")) if one.marker is None}
    assert {*binder, "tensorflow"} == needs | {"ipykernel"}
    assert all(not one.specifier for one in binder.values())
