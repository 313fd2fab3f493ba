"""Checkpoint files: arrays and facts that are written whole or not at all.

``train(..., checkpoint=path)`` uses them. Read the chapter "When things go wrong".
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from mnist_tutorial._internal.checks import checked
from mnist_tutorial._internal.errors import check_regular_file, describe
from mnist_tutorial._internal.files import write_whole

__all__ = ["load_checkpoint", "save_checkpoint"]


@checked(path="path")
def save_checkpoint(
    path: str | os.PathLike[str], arrays: dict[str, npt.NDArray[Any]], facts: dict[str, Any]
) -> None:
    """Write arrays and facts to a file, so that at every moment the old or the new is whole.

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

    References
    ----------
    The format is that of the library safetensors: a table of names, types and shapes, then
    the numbers. It cannot hold code.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "run.checkpoint")
    ...     save_checkpoint(path, {"weights": np.ones(3)}, {"step": 7})
    ...     load_checkpoint(path)
    ({'weights': array([1., 1., 1.])}, {'step': 7})
    """
    if not isinstance(arrays, dict):
        raise TypeError(f"arrays must be a dict of arrays; got {describe(arrays)}")
    # safetensors writes the memory as it lies, and reads it as little-endian, in C's order.
    arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
            raise ValueError(f"arrays[{name!r}] must hold numbers; got {describe(array)}")
        arrays[name] = array.astype(array.dtype.newbyteorder("<"), copy=False)
    text = json.dumps(facts)
    if not isinstance(facts, dict) or json.loads(text) != facts:
        raise ValueError("facts must be a dict that JSON holds as it is: names are strings")
    content = save(arrays, metadata={"facts": text, "sha256": _digest(arrays, text)})
    try:
        write_whole(Path(path), content)
    except OSError as error:
        raise OSError(
            error.errno,
            f"{path}: the checkpoint could not be written ({error.strerror}); "
            "what was there before is unchanged",
        ) from None


@checked(path="path")
def load_checkpoint(
    path: str | os.PathLike[str],
) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
    """Read what :func:`save_checkpoint` wrote, and verify its SHA-256.

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
        If the file does not exist.
    ValueError
        If the file is not a checkpoint, or not as it was written.

    Examples
    --------
    See :func:`save_checkpoint`.
    """
    check_regular_file(Path(path))
    try:
        with safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            metadata = file.metadata() or {}
        text = metadata.get("facts", "")
        intact = metadata.get("sha256") == _digest(arrays, text)
        facts = json.loads(text) if intact else {}
    except (
        SafetensorError, OSError, KeyError, TypeError, AttributeError, ValueError, RecursionError,
    ) as error:  # fmt: skip
        raise ValueError(f"{path}: damaged, or not a checkpoint ({error})") from None
    if not intact or not isinstance(facts, dict):
        raise ValueError(f"{path}: damaged, or not a checkpoint (its SHA-256 does not match)")
    return arrays, facts


def _digest(arrays: dict[str, npt.NDArray[Any]], text: str) -> str:
    sha256 = hashlib.sha256(text.encode())
    for name, array in sorted(arrays.items()):
        sha256.update(f"{name} {array.dtype.str} {array.shape}".encode())
        sha256.update(array.tobytes())
    return sha256.hexdigest()
