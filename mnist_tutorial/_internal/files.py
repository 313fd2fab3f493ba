"""Files and folders that are written whole or not at all, and by one process at a time."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

_UNFINISHED = ".unfinished"
_RETRIES_ON_WINDOWS = 20


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that at every moment the old or the new one is whole.

    The new file is written beside the old one, forced to the disk, and renamed. A link is
    followed: the file that it leads to is replaced, and keeps its mode.
    """
    path = Path(os.path.realpath(path))
    if os.path.lexists(path) and not path.is_file():
        raise ValueError(f"{path}: not a regular file")
    if not (mode := _mode_of(path)) & 0o222:  # somebody has protected it; root could write it
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    descriptor, unfinished = tempfile.mkstemp(_UNFINISHED, f".{path.name}.", path.parent)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(unfinished, mode)
        _replace(unfinished, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(unfinished)
        raise
    _sync_folder(path.parent)


@contextlib.contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield a new folder to fill; at the end of the block it gets its name, or is removed.

    One process at a time may write a folder: what an earlier one left unfinished is removed.
    """
    path = Path(os.path.realpath(path))
    if os.path.lexists(path) and not (path.is_dir() and not any(path.iterdir())):
        raise FileExistsError(f"{path}: exists already; name a new folder, or an empty one")
    for old in path.parent.glob(f".{glob.escape(path.name)}.????????{_UNFINISHED}"):
        shutil.rmtree(old)
    unfinished = Path(tempfile.mkdtemp(_UNFINISHED, f".{path.name}.", path.parent))
    try:
        yield unfinished
        for file in unfinished.iterdir():
            with file.open("rb+") as written:
                os.fsync(written.fileno())
        os.chmod(unfinished, _new_mode(0o777))
        with contextlib.suppress(FileNotFoundError):
            path.rmdir()
        os.replace(unfinished, path)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    _sync_folder(path.parent)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a file for this process until the block ends, and remove what was left unfinished."""
    path = Path(os.path.realpath(path))
    if not path.parent.is_dir():  # FileLock would make it
        raise FileNotFoundError(f"{path}: the checkpoint could not be written (no such folder)")
    try:
        lock = FileLock(path.parent / f".{path.name}.lock", timeout=0)
        with lock:
            for unfinished in path.parent.glob(f".{glob.escape(path.name)}.????????{_UNFINISHED}"):
                unfinished.unlink(missing_ok=True)
            try:
                yield
            finally:  # while it is held, so that nobody else's is removed
                with contextlib.suppress(OSError):
                    os.unlink(lock.lock_file)
    except Timeout:
        raise BlockingIOError(f"{path}: another training run is using this checkpoint") from None


def _mode_of(path: Path) -> int:
    """Return the mode of the file, or the one that a new file would get."""
    with contextlib.suppress(FileNotFoundError):
        return stat.S_IMODE(path.stat().st_mode)
    return _new_mode(0o666)


def _new_mode(most: int) -> int:
    umask = os.umask(0)
    os.umask(umask)
    return most & ~umask


def _replace(source: str, target: Path) -> None:
    """Rename; on Windows, try again for a moment while a scanner holds the file."""
    for _ in range(_RETRIES_ON_WINDOWS if os.name == "nt" else 0):
        try:
            return os.replace(source, target)
        except PermissionError:
            time.sleep(0.05)
    os.replace(source, target)


def _sync_folder(folder: Path) -> None:
    """Force the renaming to the disk, where the system can (not on Windows)."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
