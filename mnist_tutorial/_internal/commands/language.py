"""The language of the command line: the environment's (LANG), where there is a translation.

Python's errors, those of the package included, are English in every language.
"""

from __future__ import annotations

import gettext
from inspect import cleandoc
from pathlib import Path

import click

DOMAIN = "mnist-tutorial"
LOCALES = Path(__file__).parents[2] / "_files/locale"
_ = gettext.gettext
ngettext = gettext.ngettext


def speak(command: click.Command) -> None:
    """Take the messages, click's own and the help of a command from the catalogue."""
    gettext.bindtextdomain(DOMAIN, str(LOCALES))
    gettext.textdomain(DOMAIN)
    for part in help_of(command):
        for name, text in texts_of(part):
            setattr(part, name, _(text))


def help_of(command: click.Command) -> list[click.Command | click.Parameter]:
    """Return a command, its options and those of its own commands."""
    own = getattr(command, "commands", {}).values()
    return [command, *command.params, *(part for one in own for part in help_of(one))]


def texts_of(part: click.Command | click.Parameter) -> list[tuple[str, str]]:
    """Return the name and the text of what a command or an option says in its help."""
    names = ("help", "epilog", "show_default")
    texts = [(name, getattr(part, name, None)) for name in names]
    return [(name, cleandoc(text)) for name, text in texts if isinstance(text, str) and text]
