"""Add to the rendered book what only a published one needs.

That is 404.html, robots.txt, which crawlers read only where the book has a host of its own, and the
books of the releases: ``_build/releases/v1.2.3/book.zip``, as attached to the release, becomes the
folder v1.2.3. A switch leads from each page to the same page of another version. It is the theme's
own, put in here, because its script asks for switcher.json, which a book on a disk has nowhere.
"""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

import yaml

ROOT = Path(__file__).parents[2]

# Shown at addresses of any depth, so its links are absolute and its style is its own.
NOT_FOUND = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Page not found</title>
<style>
:root { color-scheme: light dark; }
a { color: inherit; }
body { font: 1.1rem/1.6 system-ui, sans-serif; max-width: 35rem; margin: 20vh auto; }
main { padding: 0 1rem; }
</style>
</head>
<body>
<main>
<h1>There is no page here</h1>
<p>The link may be old or mistyped. <a href="ADDRESS">The first page of the book</a> leads to every
chapter, and <a href="ADDRESSsearch.html">the search</a> finds words in them.</p>
</main>
</body>
</html>
"""
ROBOTS = "User-agent: *\nAllow: /\nSitemap: ADDRESSsitemap.xml\n"


# pydata-sphinx-theme's components/version-switcher.html, above the table of contents.
SWITCH = """
<div class="sidebar-primary-item version-switcher__container dropdown pst-js-only">
<button id="version-button" class="version-switcher__button btn btn-sm dropdown-toggle"
 type="button" data-bs-toggle="dropdown" aria-haspopup="listbox" aria-controls="version-list">
NAME</button>
<div id="version-list" class="version-switcher__menu dropdown-menu list-group-flush py-0"
 role="listbox" aria-labelledby="version-button"></div>
</div>
"""
CONTENTS = '<div class="sidebar-primary-item"><nav class="bd-links bd-docs-nav"'
SCRIPT = """<script>DOCUMENTATION_OPTIONS.theme_switcher_json_url = "PATHswitcher.json";
DOCUMENTATION_OPTIONS.theme_switcher_version_match = "NAME";</script>
"""


def publish(folder: Path, address: str, releases: Path = ROOT / "_build/releases") -> None:
    """Turn the folder of the rendered book into what is published at an address."""
    if "//OWNER." in address:
        raise SystemExit(
            "error: no public address yet: replace OWNER in _config.yml and pyproject.toml"
        )
    for name, content in {"404.html": NOT_FOUND, "robots.txt": ROBOTS}.items():
        (folder / name).write_text(content.replace("ADDRESS", address), encoding="utf-8")
    path = urlsplit(address).path  # of the site; a request for it goes to no other host
    add_switch(folder, path, "latest")
    versions = [{"version": "latest", "url": path}]
    for book in sorted(releases.glob("v*/book.zip"), key=number, reverse=True):
        version = book.parent.name
        unpack(book, folder / version)
        add_switch(folder / version, path, version)
        versions.append({"version": version, "url": f"{path}{version}/"})
    (folder / "switcher.json").write_text(json.dumps(versions, indent=1), encoding="utf-8")


def number(book: Path) -> list[int]:
    """Return the numbers in the version of a release, to sort by."""
    return [int(digits) for digits in re.findall(r"\d+", book.parent.name)]


def unpack(book: Path, folder: Path) -> None:
    """Unpack a zip, which holds one folder, and give that folder its place."""
    unpacked = book.with_suffix("")
    with zipfile.ZipFile(book) as archive:
        archive.extractall(unpacked)
    [inner] = unpacked.iterdir()
    shutil.rmtree(folder, ignore_errors=True)
    shutil.move(inner, folder)


def add_switch(folder: Path, path: str, version: str) -> None:
    """Put the switch between versions into every page of one version."""
    switch, script = (
        part.replace("NAME", version).replace("PATH", path) for part in (SWITCH, SCRIPT)
    )
    for page in folder.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        if CONTENTS in text:
            text = text.replace(CONTENTS, switch + CONTENTS, 1)
            text = text.replace("</head>", script + "</head>", 1)
            page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    publish(ROOT / "_build/html", config["html"]["baseurl"])
