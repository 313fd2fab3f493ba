"""The other editions of the book: their catalogues, and how they are built.

``translations.py update`` takes every text of the book into the catalogues of book/locale, one per
page; translated texts stay, and texts that have gone are dropped. ``translations.py configure``
writes the configuration that renders an edition from the same notebooks. Besides the texts that
Sphinx finds there are those of cells (in the notebooks' metadata) and of the edition (its title,
the parts of its contents, the pieces of HTML). The command line's messages
have a catalogue in the package, which is compiled, too: Python reads it in that form.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[2]
LOCALES = ROOT / "book/locale"
PACKAGE = ROOT / "mnist_tutorial/_files/locale"
LANGUAGES = ("zh_CN",)
COMMAND_LINE = "mnist-tutorial"
FIGURES = ROOT / "book/figures"
PROMPTS = ("code_prompt_show", "code_prompt_hide")
DEFAULT_PROMPTS = ("Show code cell {type}", "Hide code cell {type}")  # of myst-nb
# The modules of click with the messages that a user of our commands may meet.
CLICK = ("core", "decorators", "exceptions", "formatting", "parser", "types")
OUTPUT = r"\begin{Verbatim}"  # a cell's output in the form of LaTeX
# Written on every run, so they would differ on every run.
DATED = re.compile(
    rb'^"(POT-Creation-Date|PO-Revision-Date|Last-Translator|Generated-By).*\n', re.M
)


def folder(language: str) -> Path:
    """Return the folder of a language's catalogues."""
    return LOCALES / language / "LC_MESSAGES"


def place(name: str, language: str) -> Path:
    """Return the file of a catalogue; that of the command line is in the package."""
    here = PACKAGE / language / "LC_MESSAGES" if name == COMMAND_LINE else folder(language)
    return here / f"{name}.po"


def of_command_line() -> list[str | tuple[str, str]]:
    """Return the messages of the command line: its help, its own, and those of click."""
    import click

    from mnist_tutorial._internal.commands import language
    from mnist_tutorial.cli import cli

    found = [text for part in language.help_of(cli) for _, text in language.texts_of(part)]
    own = ROOT / "mnist_tutorial"
    files = [own / "cli.py", *sorted((own / "_internal/commands").glob("*.py"))]
    files += [Path(click.__file__).parent / f"{name}.py" for name in CLICK]
    for file in files:
        calls = extract_from_file("python", file, keywords={"_": None, "ngettext": (1, 2)})
        found += [message for _, message, _, _ in calls]
    return list(dict.fromkeys(found))


def write(path: Path, new: Catalog) -> None:
    """Write a catalogue, the same on every run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, new, width=0)
    path.write_bytes(DATED.sub(b"", path.read_bytes()))
    if path.is_relative_to(PACKAGE):
        with path.with_suffix(".mo").open("wb") as file:
            write_mo(file, read_po(path.open("rb"), locale=new.locale))


def catalogue(path: Path, language: str) -> Catalog:
    """Return the catalogue of a file, empty where there is none."""
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def texts(path: Path, language: str) -> dict[str, str]:
    """Return a catalogue's texts and their translations; of a plural, the text for several."""
    return {last(m.id): last(m.string) for m in catalogue(path, language) if m.id}


def last(text: str | Sequence[str]) -> str:
    """Return a text, or the last of several: Chinese has one form for one and for many."""
    return text if isinstance(text, str) else text[-1]


def of_cells() -> list[str]:
    """Return the texts in the notebooks' metadata: of plots, and what unfolds code."""
    found = []
    for path in sorted((ROOT / "book").glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            settings = cell["metadata"].get("mystnb", {})
            found += [settings["image"]["alt"]] if "alt" in settings.get("image", {}) else []
            found += [settings[name] for name in PROMPTS if name in settings]
    return list(dict.fromkeys([*found, *DEFAULT_PROMPTS]))


def of_edition() -> list[str]:
    """Return the texts of the two files that configure the book."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    return [
        config["title"],
        config["author"],
        config["html"]["extra_footer"],
        config["sphinx"]["config"]["ogp_image_alt"],
        *(part["caption"] for part in contents["parts"]),
        *(text for path in sorted(FIGURES.glob("*.html")) for text in of_html(path)),
    ]


def of_html(path: Path) -> list[str]:
    """Return the texts of a piece of a page: without scripts, and of a picture."""
    html = path.read_text(encoding="utf-8")
    return re.findall(r"<noscript>.*?<p>(.*?)</p>", html) + re.findall(r' alt="([^"]+)"', html)


def build(config: dict[str, Any], name: str, *options: str) -> Path:
    """Run Jupyter Book with this configuration and return the folder of its output."""
    output = ROOT / "_build" / name
    output.mkdir(parents=True, exist_ok=True)
    (output / "_config.yml").write_text(yaml.safe_dump(config, allow_unicode=True), "utf-8")
    subprocess.run(
        [
            *(Path(sys.executable).parent / "jupyter-book", "build", ROOT, "--all", "--quiet"),
            *("--config", output / "_config.yml", "--path-output", output, *options),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return output / "_build"


def configuration() -> dict[str, Any]:
    """Return the book's configuration for a file in another folder, without execution."""
    config = dict(yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8")))
    extensions = config["sphinx"]["local_extensions"]
    config["sphinx"]["local_extensions"] = {
        name: str(ROOT / extensions[name]) for name in extensions
    }
    config["execute"]["execute_notebooks"] = "off"
    return config


def extract() -> dict[str, list[Any]]:
    """Return every text of the book, by the catalogue that holds it."""
    config = configuration()
    config["sphinx"]["config"]["gettext_location"] = False
    built = build(config, "gettext", "--builder", "custom", "--custom-builder", "gettext")
    templates = sorted((built / "gettext").rglob("book/*.pot"))
    found = {
        f"book/{path.stem}": [text for text in texts(path, "en") if not text.startswith(OUTPUT)]
        for path in templates
    }
    own = {"cells": of_cells(), "edition": of_edition(), COMMAND_LINE: of_command_line()}
    return found | own


def merge(found: dict[str, list[Any]], language: str) -> None:
    """Write the catalogues of a language; a text that stands elsewhere, too, is translated once."""
    paths = sorted(folder(language).rglob("*.po"))
    memory = {
        text: translation
        for path in paths
        for text, translation in texts(path, language).items()
        if translation
    }
    for name, own in found.items():
        path = place(name, language)
        old = texts(path, language)
        new = Catalog(locale=language, project=name, header_comment=f"# {name}")
        for text in own:
            translation = old.get(last(text)) or memory.get(last(text), "")
            new.add(text, translation if isinstance(text, str) else [translation])
        write(path, new)
        left = sum(not translation for translation in texts(path, language).values())
        print(f"{path.relative_to(ROOT)}: {len(own)} texts" + (f", {left} to do" if left else ""))
    for path in paths:
        if path.relative_to(folder(language)).with_suffix("").as_posix() not in found:
            path.unlink()


def configure(language: str, *, stored: bool) -> None:
    """Write the configuration and the contents of an edition, for `jupyter-book build`."""
    output = ROOT / "_build" / language
    output.mkdir(parents=True, exist_ok=True)
    own = texts(folder(language) / "edition.po", language)
    cells = texts(folder(language) / "cells.po", language)
    config = configuration()
    if not stored:  # executed a moment ago, for the first edition
        config["execute"] |= {
            "execute_notebooks": "cache",
            "cache": str(ROOT / "_build/.jupyter_cache"),
        }
    config["title"] = own[config["title"]]
    config["author"] = own[config["author"]]
    config["html"]["extra_footer"] = own[config["html"]["extra_footer"]]
    config["html"]["baseurl"] += f"{language}/"
    settings = config["sphinx"]["config"]
    settings |= {
        "language": language,
        "ogp_site_url": config["html"]["baseurl"],
        "ogp_site_name": config["title"],
        "ogp_image_alt": own[settings["ogp_image_alt"]],
        **{f"nb_{name}": cells[text] for name, text in zip(PROMPTS, DEFAULT_PROMPTS, strict=True)},
    }
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    for part in contents["parts"]:
        part["caption"] = own[part["caption"]]
    contents["parts"][0]["chapters"].insert(0, {"file": f"book/locale/{language}/preface"})
    for name, content in {"_config.yml": config, "_toc.yml": contents}.items():
        (output / name).write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")


def main(arguments: list[str]) -> None:
    """Run the command line."""
    command, *options = arguments or ["update"]
    if command == "update":
        found = extract()
        for language in LANGUAGES:
            merge(found, language)
    elif command == "configure":
        configure(*options[:1], stored="--stored" in options)
    else:
        sys.exit("usage: translations.py update | configure LANGUAGE [--stored]")


if __name__ == "__main__":
    main(sys.argv[1:])
