"""Words for error messages and warnings."""

from __future__ import annotations

import numbers
import os
import reprlib
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np


def describe(value: Any) -> str:
    """Say in a few words what an argument is, for error messages."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {list(value.shape)}"
    if value is None or isinstance(value, str | bytes | numbers.Number | np.generic):
        return reprlib.repr(value)
    return type(value).__name__


def warn(message: str) -> None:
    """Warn, and name the line outside of this package that led here."""
    level, frame = 2, sys._getframe(1)
    package = __name__.partition(".")[0]
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == package:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, UserWarning, stacklevel=level)


def check_regular_file(path: str | Path, *, shown: str | None = None) -> None:
    """Raise an error that begins with ``shown``, or the path, unless a regular file is there."""
    if os.path.isfile(path):
        return
    # A dangling link is there, although it leads to no file.
    if os.path.lexists(path):
        raise ValueError(f"{shown or path}: not a regular file")
    raise FileNotFoundError(f"{shown or path}: no such file")
