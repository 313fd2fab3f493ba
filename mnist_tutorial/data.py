"""MNIST: 70,000 handwritten digits, read from the four IDX files that ship inside.

NumPy alone. Chapter 1, "Data", tells its story.
"""

from __future__ import annotations

import gzip
import hashlib
import math
import os
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from mnist_tutorial._checks import (
    IMAGE_SIZE,
    NUM_CLASSES,
    check_file,
    check_path,
    check_whole_number,
)
from mnist_tutorial.batching import BATCH_SIZE, TEST_BATCH_SIZE, Batch, BatchSampler

__all__ = ["MnistData", "read_idx"]

SHIPPED_FOLDER = Path(__file__).with_name("mnist")
SHIPPED_SHA256 = {
    "t10k-images-idx3-ubyte": ("1a1a05eab793c14bb050b398624a11b0ffd1a2953baed553b1b9bd079e2a20be"),
    "t10k-labels-idx1-ubyte": ("b91679a0acfe4ba0e50a2437a903084cba1f5f92592b016a25a7dfd00455798b"),
    "train-images-idx3-ubyte": ("0b367032e93c5d0cea0925647cfdb18614af8ee15f83e6f2fc2ad904a6835971"),
    "train-labels-idx1-ubyte": ("1787548bbe0bff1ec2ecdc0ef292b02df999e2d1a6002d27500982c652b17203"),
}
VALIDATION_IMAGES = 5000

MAX_DIMENSIONS = 8
MAX_BYTES = 2**31
CHUNK = 2**20


class MnistData:
    """The three splits of MNIST and the next batch of each.

    The validation split is the last 5,000 images of the training file; the 55,000 before
    it are for training, the test file's 10,000 for the end.

    Parameters
    ----------
    folder : path, optional
        A folder with files of the same four names, gzipped or not (Fashion-MNIST, KMNIST or
        own digits). By default the MNIST that ships with the package, whose SHA-256 is
        checked.
    seed : int, default 0
        Fixes the order of the batches of every split.

    Raises
    ------
    FileNotFoundError
        If the folder or one of its four files does not exist.
    ValueError
        If a file is damaged or does not fit the others; the message names the file.
    TypeError
        If ``folder`` is no path or ``seed`` no whole number.

    Warns
    -----
    UserWarning
        If the images of a split look inverted, or scaled to 0..1.

    Attributes
    ----------
    train_images, validation_images, test_images : uint8 [n, 28, 28]
        Grey values in 0..255, 0 is background; n is 55,000, 5,000 and 10,000.
    train_labels, validation_labels, test_labels : uint8 [n]
        Digits in 0..9.
    train_sampler, validation_sampler, test_sampler : BatchSampler
        Hand out the batches of each split.
    seed : int

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to
    document recognition", Proceedings of the IEEE 86(11), 1998.

    Examples
    --------
    >>> data = MnistData()
    >>> data.train_images.shape, data.validation_images.shape, data.test_images.shape
    ((55000, 28, 28), (5000, 28, 28), (10000, 28, 28))
    >>> batch = data.next_train_batch(64)
    >>> batch.xs.shape, batch.labels.shape
    ((64, 784), (64, 10))
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None, *, seed: int = 0) -> None:
        seed = check_whole_number("seed", seed, minimum=0)
        if folder is not None:
            folder = check_path("folder", folder)
        images, labels = _read_split(folder, "train")
        if len(images) <= VALIDATION_IMAGES:
            raise ValueError(
                f"{_find(folder, 'train-images-idx3-ubyte')}: needs more than "
                f"{VALIDATION_IMAGES} images, the last of which are for validation; "
                f"holds {len(images)}"
            )
        self.train_images = images[:-VALIDATION_IMAGES]
        self.train_labels = labels[:-VALIDATION_IMAGES]
        self.validation_images = images[-VALIDATION_IMAGES:]
        self.validation_labels = labels[-VALIDATION_IMAGES:]
        self.test_images, self.test_labels = _read_split(folder, "t10k")
        self.seed = seed
        self.train_sampler = BatchSampler(self.train_images, self.train_labels, seed=seed)
        self.validation_sampler = BatchSampler(
            self.validation_images, self.validation_labels, seed=seed
        )
        self.test_sampler = BatchSampler(self.test_images, self.test_labels, seed=seed)

    def next_train_batch(self, batch_size: int = BATCH_SIZE) -> Batch:
        """Return the next ``batch_size`` training examples, in an order fixed by the seed.

        Every image comes once before any comes twice, in a new order each time round.

        Raises
        ------
        TypeError, ValueError
            If ``batch_size`` is no whole number from 1 to 55,000.
        """
        return self.train_sampler.next_batch(batch_size)

    def next_validation_batch(self, batch_size: int = TEST_BATCH_SIZE) -> Batch:
        """Return the next ``batch_size`` validation examples, to watch while training.

        Raises
        ------
        TypeError, ValueError
            If ``batch_size`` is no whole number from 1 to 5,000.
        """
        return self.validation_sampler.next_batch(batch_size)

    def next_test_batch(self, batch_size: int = TEST_BATCH_SIZE) -> Batch:
        """Return the next ``batch_size`` test examples.

        The original tutorial watches these while it trains. An honest result needs a test
        split that nothing was chosen by: watch validation batches, and use
        :func:`mnist_tutorial.evaluate` once, at the end.

        Raises
        ------
        TypeError, ValueError
            If ``batch_size`` is no whole number from 1 to 10,000.
        """
        return self.test_sampler.next_batch(batch_size)


def read_idx(path: str | os.PathLike[str]) -> npt.NDArray[np.uint8]:
    """Read one IDX file of unsigned bytes, gzipped or not.

    The format: two zero bytes, the type (8 is uint8), the number of dimensions; the size of
    each dimension as a big-endian 32-bit integer; then the values.

    Parameters
    ----------
    path : path
        A file whose name ends in ``.gz`` is decompressed.

    Returns
    -------
    uint8 array
        Of the shape that the file declares; writable.

    Raises
    ------
    TypeError
        If ``path`` is no path.
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no regular file or no IDX file of bytes, is shorter or longer than it
        declares, or declares more than 8 dimensions or 2 GiB.

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
    path = check_path("path", path)
    check_file(path)
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            return _parse_idx(path, file)
    except EOFError:
        raise ValueError(f"{path}: the gzip data is cut short") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path}: not a valid gzip file ({error})") from None


def _parse_idx(path: Path, file: BinaryIO | gzip.GzipFile) -> npt.NDArray[np.uint8]:
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


def _find(folder: Path | None, name: str) -> Path:
    """Return the path of one of the four files, gzipped or not."""
    parent = SHIPPED_FOLDER if folder is None else folder
    if not os.path.isdir(parent):
        raise FileNotFoundError(f"{parent}: no such folder")
    for path in (parent / name, parent / f"{name}.gz"):
        if os.path.lexists(path):
            return path
    raise FileNotFoundError(f"{parent}: holds neither {name} nor {name}.gz")


def _read_split(
    folder: Path | None, prefix: str
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    paths = [
        _find(folder, f"{prefix}-{kind}") for kind in ("images-idx3-ubyte", "labels-idx1-ubyte")
    ]
    if folder is None:
        for path in paths:
            _check_sha256(path)
    images, labels = (read_idx(path) for path in paths)
    if images.ndim != 3 or images.shape[1:] != (IMAGE_SIZE, IMAGE_SIZE):
        raise ValueError(
            f"{paths[0]}: images must be [n, {IMAGE_SIZE}, {IMAGE_SIZE}]; got {list(images.shape)}"
        )
    if labels.ndim != 1:
        raise ValueError(f"{paths[1]}: labels must be [n]; got {list(labels.shape)}")
    if len(images) != len(labels):
        raise ValueError(
            f"{paths[1]}: holds {len(labels)} labels for the {len(images)} images "
            f"of {paths[0].name}"
        )
    if len(images) == 0:
        raise ValueError(f"{paths[0]}: holds no images")
    if labels.max() >= NUM_CLASSES:
        raise ValueError(f"{paths[1]}: labels must lie in 0..9; found {labels.max()}")
    return images, labels


def _check_sha256(path: Path) -> None:
    if hashlib.sha256(path.read_bytes()).hexdigest() != SHIPPED_SHA256[path.stem]:
        raise ValueError(
            f"{path}: damaged; its SHA-256 is not that of the file the package shipped"
        )
