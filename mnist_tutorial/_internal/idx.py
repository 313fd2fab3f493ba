"""Reading IDX, the file format of MNIST. Chapter 1, "Data", reads one byte by byte."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from mnist_tutorial._internal.checks import checked
from mnist_tutorial._internal.errors import check_regular_file

MAX_DIMENSIONS = 8
MAX_BYTES = 2**31
CHUNK = 2**20


@checked(path="path")
def read_idx(path: Path) -> npt.NDArray[np.uint8]:
    """Read one IDX file of unsigned bytes, gzipped or not.

    The format: two zero bytes, the type (8 means uint8), the number of dimensions; the size
    of each dimension as a big-endian 32-bit integer; then the values.

    Parameters
    ----------
    path : path
        A file whose name ends in ``.gz`` is decompressed.

    Returns
    -------
    uint8 array
        Of the shape that the file declares, at most 8 dimensions and 2 GiB; writable.

    References
    ----------
    The description at the end of Y. LeCun's MNIST page, which defined the format.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "labels-idx1-ubyte")
    ...     _ = file.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1]))
    ...     print(read_idx(file))
    [7 2 1]
    """
    check_regular_file(path)
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            return _parse(path, file)
    except EOFError:
        raise ValueError(f"{path}: the gzip data is cut short") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path}: not a valid gzip file ({error})") from None


def _parse(path: Path, file: BinaryIO | gzip.GzipFile) -> npt.NDArray[np.uint8]:
    start = file.read(4)
    if not start:
        raise ValueError(f"{path}: the file is empty")
    if start[:3] != b"\x00\x00\x08" or len(start) < 4:
        raise ValueError(
            f"{path}: an IDX file of bytes starts with 00 00 08; "
            f"this one starts with {start.hex(' ')}"
        )
    ndim = start[3]
    if not 1 <= ndim <= MAX_DIMENSIONS:
        raise ValueError(f"{path}: must have 1 to {MAX_DIMENSIONS} dimensions; declares {ndim}")
    header = file.read(4 * ndim)
    if len(header) < 4 * ndim:
        raise ValueError(f"{path}: the header is cut short")
    shape = [int.from_bytes(header[i : i + 4], "big") for i in range(0, 4 * ndim, 4)]
    declared = math.prod(shape)
    if math.prod(max(size, 1) for size in shape) > MAX_BYTES:
        raise ValueError(f"{path}: the header declares {shape}, more than {MAX_BYTES} bytes")
    # Piece by piece, and one byte past the end, so that neither a wrong header nor a small
    # file that unpacks into a huge one takes more memory than the values that are there.
    values = bytearray()
    while piece := file.read(min(CHUNK, declared + 1 - len(values))):
        values += piece
    if len(values) != declared:
        follow = f"{len(values)} follow" if len(values) < declared else "more follow"
        raise ValueError(f"{path}: the header declares {shape}, {declared} bytes; {follow} it")
    return np.frombuffer(values, np.uint8).reshape(shape)
