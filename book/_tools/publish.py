"""Add to the rendered book what only a published one needs: 404.html and robots.txt.

Crawlers read robots.txt only where the book has a host of its own.
"""

from __future__ import annotations

from pathlib import Path

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


def publish(folder: Path, address: str) -> None:
    """Write both files into the folder of the rendered book, for its public address."""
    if "//OWNER." in address:
        raise SystemExit(
            "error: no public address yet: replace OWNER in _config.yml and pyproject.toml"
        )
    for name, content in {"404.html": NOT_FOUND, "robots.txt": ROBOTS}.items():
        (folder / name).write_text(content.replace("ADDRESS", address), encoding="utf-8")


if __name__ == "__main__":
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    publish(ROOT / "_build/html", config["html"]["baseurl"])
