"""Checkpoint files: arrays and facts that are written whole or not at all.

``train(..., checkpoint=path)`` uses them. Chapter "When things go wrong" tells their story.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from mnist_tutorial._checks import check_file, check_path, describe

__all__ = ["load_checkpoint", "save_checkpoint"]


def save_checkpoint(
    path: str | os.PathLike[str], arrays: dict[str, npt.NDArray[Any]], facts: dict[str, Any]
) -> None:
    """Write arrays and facts to a file, so that at every moment the old or the new is whole.

    The new file is written beside the old one, forced to the disk, and renamed.

    Parameters
    ----------
    path : path
        A file; its folder must exist.
    arrays : dict of arrays
        Of numbers, of any shapes.
    facts : dict
        What JSON can hold.

    Raises
    ------
    OSError
        If the file cannot be written: a full disk, a folder that is missing or read-only. The
        file that was there before is unchanged.
    ValueError
        If ``path`` is there and no regular file, or an array holds no numbers.

    References
    ----------
    The format is that of the library safetensors: a table of names, types and shapes, then
    the numbers. It holds no code.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "run.checkpoint")
    ...     save_checkpoint(path, {"weights": np.ones(3)}, {"step": 7})
    ...     load_checkpoint(path)
    ({'weights': array([1., 1., 1.])}, {'step': 7})
    """
    path = check_path("path", path)
    if path.exists() and not path.is_file():
        raise ValueError(f"{path}: not a regular file")
    # safetensors writes the memory as it lies, and reads it in C's order.
    arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf":
            raise ValueError(f"arrays[{name!r}] must hold numbers; got {describe(array)}")
    text = json.dumps(facts)
    content = save(arrays, metadata={"facts": text, "sha256": _digest(arrays, text)})
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        with open(unfinished, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise OSError(
            error.errno,
            f"{path}: the checkpoint could not be written ({error.strerror}); what was there "
            "before is unchanged",
        ) from None
    finally:
        with suppress(OSError):
            unfinished.unlink()


def load_checkpoint(
    path: str | os.PathLike[str],
) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
    """Read what :func:`save_checkpoint` wrote.

    Parameters
    ----------
    path : path

    Returns
    -------
    dict of arrays, dict
        The arrays and the facts.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no checkpoint, or not the one that was written: its SHA-256 is checked.

    Examples
    --------
    See :func:`save_checkpoint`.
    """
    path = check_path("path", path)
    check_file(path)
    try:
        with safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            metadata = file.metadata() or {}
    except (SafetensorError, OSError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"{path}: damaged, or no checkpoint ({error})") from None
    text = metadata.get("facts", "")
    if metadata.get("sha256") != _digest(arrays, text):
        raise ValueError(f"{path}: damaged, or no checkpoint (its SHA-256 does not match)")
    return arrays, json.loads(text)


def _digest(arrays: dict[str, npt.NDArray[Any]], text: str) -> str:
    sha256 = hashlib.sha256(text.encode())
    for name, array in sorted(arrays.items()):
        sha256.update(f"{name} {array.dtype.str} {array.shape}".encode())
        sha256.update(array.tobytes())
    return sha256.hexdigest()


def _sync_folder(folder: Path) -> None:
    """Force the renaming to the disk, where the system knows how (not on Windows)."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
