"""What every command shares: errors in one line, exit codes, tables, small pictures."""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import click

from mnist_tutorial._internal.commands.language import _

FAILED, WRONG_USAGE, INTERRUPTED = 1, 2, 130


class Interrupted(Exception):
    """Ctrl-C, with a sentence about what was kept."""


def run(command: click.Command) -> int:
    """Run a command with the arguments of the process, and return its exit code."""
    warnings.showwarning = _show_warning
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # an old terminal shows ? for what it cannot
            stream.reconfigure(errors="replace")
    try:
        code = command.main(standalone_mode=False) or 0
        sys.stdout.flush()
        return code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return WRONG_USAGE
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        path = context.command_path if context else "mnist-tutorial"
        usage = isinstance(error, click.UsageError)
        hint = _(" (see {command} --help)").format(command=path) if usage else ""
        _complain(f"{path}: {error.format_message()}{hint}")
        return WRONG_USAGE if usage else FAILED
    except (click.Abort, KeyboardInterrupt):
        _complain(_("interrupted"))
        return INTERRUPTED
    except Interrupted as error:
        _complain(_("interrupted; {kept}").format(kept=error))
        return INTERRUPTED
    except BrokenPipeError:
        # Nobody reads on, as with `| head -1`: Python must not try again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        reason = error.strerror or str(error)
        _complain(_error(f"{error.filename}: {reason}" if error.filename else reason))
        return FAILED
    except MemoryError:
        _complain(_error(_("not enough memory")))
        return FAILED
    except (ValueError, TypeError, ArithmeticError, ImportError, RuntimeError) as error:
        _complain(_error(error))
        return FAILED


def _error(reason: object) -> str:
    return _("error: {reason}").format(reason=reason)


def _complain(message: str) -> None:
    click.echo(printable(" ".join(message.split())), err=True)


def printable(text: str) -> str:
    """Replace what would steer a terminal: a file's name may hold anything."""
    return "".join(c if c.isprintable() or c == "\t" else "?" for c in text)


def _show_warning(message: Warning | str, *_rest: Any, **_more: Any) -> None:
    _complain(_("warning: {reason}").format(reason=message))


def write_json(value: Any) -> None:
    """Write a value as one JSON document."""
    click.echo(json.dumps(value, indent=2))


def write_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Draw a table in a terminal; elsewhere write a line per row, with tabs and no header."""
    if not sys.stdout.isatty():
        for row in rows:
            click.echo(printable("\t".join(row)))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(header[0], overflow="fold")
    for title in header[1:]:
        table.add_column(title, justify="right", no_wrap=True)
    for row in rows:
        styles = ["", "bold", *[""] * (len(row) - 2)]
        cells = (printable(cell.replace("\t", f"{'':2}")) for cell in row)
        table.add_row(*map(Text, cells, styles))
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    Console(highlight=False, color_system=None if plain else "auto").print(table)


def half_blocks(image: Any) -> str:
    """Draw grey values [28, 28] as 14 lines: each character stands for two pixels."""
    ink = image > 64
    return "\n".join(
        "".join(" ▀▄█"[upper + 2 * lower] for upper, lower in zip(*pair, strict=True)).rstrip()
        for pair in zip(ink[::2], ink[1::2], strict=True)
    )
