"""MNIST: 70,000 handwritten digits, read with NumPy alone. Read chapter 1, "Data"."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mnist_tutorial._internal.array_checks import check_range
from mnist_tutorial._internal.checks import check, checked
from mnist_tutorial._internal.errors import describe
from mnist_tutorial._internal.idx import read_idx
from mnist_tutorial._internal.mnist_form import IMAGE_SIZE, picture_html
from mnist_tutorial.batching import BATCH_SIZE, TEST_BATCH_SIZE, Batch, BatchSampler

__all__ = ["MnistData", "read_idx"]

SHIPPED_FOLDER = Path(__file__).parent / "_files" / "mnist"
SHIPPED_SHA256 = {
    "t10k-images-idx3-ubyte": "1a1a05eab793c14bb050b398624a11b0ffd1a2953baed553b1b9bd079e2a20be",
    "t10k-labels-idx1-ubyte": "b91679a0acfe4ba0e50a2437a903084cba1f5f92592b016a25a7dfd00455798b",
    "train-images-idx3-ubyte": "0b367032e93c5d0cea0925647cfdb18614af8ee15f83e6f2fc2ad904a6835971",
    "train-labels-idx1-ubyte": "1787548bbe0bff1ec2ecdc0ef292b02df999e2d1a6002d27500982c652b17203",
}
VALIDATION_IMAGES = 5000
DIGITS = tuple("0123456789")

Bytes = npt.NDArray[np.uint8]


class MnistData:
    """The three splits of MNIST and the next batch of each.

    The validation split is the last 5,000 images of the training file, the training split the
    55,000 before it, the test split the 10,000 of the test file.

    Parameters
    ----------
    folder : path, optional
        A folder with files of the same four names, gzipped or not (Fashion-MNIST, KMNIST or
        digits of your own). By default the MNIST that ships with the package, whose SHA-256
        is checked.
    class_names : sequence of str, optional
        One per class, in the order of the class numbers. The ten digits by default.
    seed : int, default 0
        Fixes the order of the batches of every split.

    Attributes
    ----------
    train_images, validation_images, test_images : uint8 [n, 28, 28]
        Grey values in 0..255, 0 is background; n is 55,000, 5,000 and 10,000.
    train_labels, validation_labels, test_labels : uint8 [n]
        Digits in 0..9, or class numbers.
    class_names : tuple of str
    classes : int
        The number of classes.
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

    @checked(folder="path", seed="seed")
    def __init__(
        self,
        folder: str | os.PathLike[str] | None = None,
        *,
        class_names: Sequence[str] = DIGITS,
        seed: int = 0,
    ) -> None:
        source = SHIPPED_FOLDER if folder is None else Path(folder)
        if folder is None:
            _check_shipped_files()
        class_names = _names(class_names)
        images, labels = _read_split(source, "train", len(class_names))
        if len(images) <= VALIDATION_IMAGES:
            raise ValueError(
                f"{source}: needs more than {VALIDATION_IMAGES} training images, the last of "
                f"which are for validation; holds {len(images)}"
            )
        held_out = [-VALIDATION_IMAGES]
        (training, validation), (known, unknown) = (
            np.split(images, held_out),
            np.split(labels, held_out),
        )
        test = _read_split(source, "t10k", len(class_names))
        self._set((training, known), (validation, unknown), test, class_names, seed)

    @classmethod
    def from_arrays(
        cls,
        train: tuple[Bytes, npt.NDArray[np.integer]],
        validation: tuple[Bytes, npt.NDArray[np.integer]],
        test: tuple[Bytes, npt.NDArray[np.integer]],
        *,
        class_names: Sequence[str] = DIGITS,
        seed: int = 0,
    ) -> MnistData:
        """Make the data from arrays of your own.

        Parameters
        ----------
        train, validation, test : pairs of uint8 [n, 28, 28] and int [n]
            Images, and their class numbers in 0..classes - 1.
        class_names, seed
            As in :class:`MnistData`.

        Examples
        --------
        >>> images, labels = np.zeros((6, 28, 28), np.uint8), np.arange(6) % 2
        >>> split = images, labels
        >>> data = MnistData.from_arrays(split, split, split, class_names=["cat", "dog"])
        >>> data.next_train_batch(6).labels.shape
        (6, 2)
        """
        data = cls.__new__(cls)
        data._set(train, validation, test, class_names, seed)
        return data

    def _set(
        self,
        train: tuple[Bytes, npt.NDArray[np.integer]],
        validation: tuple[Bytes, npt.NDArray[np.integer]],
        test: tuple[Bytes, npt.NDArray[np.integer]],
        class_names: Sequence[str],
        seed: int,
    ) -> None:
        self.seed, self.class_names = check("seed", seed, "seed"), _names(class_names)
        self.classes = len(self.class_names)
        samplers = []
        for name, split in (("train", train), ("validation", validation), ("test", test)):
            if not isinstance(split, tuple | list) or len(split) != 2:
                raise TypeError(f"{name} must be a pair, images and labels; got {describe(split)}")
            samplers.append(BatchSampler(*split, classes=self.classes, seed=seed))
        self.train_sampler, self.validation_sampler, self.test_sampler = samplers
        # From the samplers, because they turn lists into arrays.
        self.train_images, self.validation_images, self.test_images = (s.images for s in samplers)
        self.train_labels, self.validation_labels, self.test_labels = (s.labels for s in samplers)

    def __repr__(self) -> str:
        sizes = [len(self.train_images), len(self.validation_images), len(self.test_images)]
        training, validation, test = (f"{size:,}" for size in sizes)
        return (
            f"MnistData({training} training, {validation} validation and {test} test images, "
            f"seed {self.seed})"
        )

    def _repr_html_(self) -> str:
        return f"{self!r}<br>{picture_html(self.train_images[:20])}"

    def next_train_batch(self, batch_size: int = BATCH_SIZE) -> Batch:
        """Return the next ``batch_size`` training examples, in an order fixed by the seed.

        Every image comes once before any comes twice; each epoch has an order of its own.
        """
        return self.train_sampler.next_batch(batch_size)

    def next_validation_batch(self, batch_size: int = TEST_BATCH_SIZE) -> Batch:
        """Return the next ``batch_size`` validation examples, to watch while training."""
        return self.validation_sampler.next_batch(batch_size)

    def next_test_batch(self, batch_size: int = TEST_BATCH_SIZE) -> Batch:
        """Return the next ``batch_size`` test examples.

        The original tutorial watches these while it trains. An honest result needs a test
        split that played no part in any choice: watch validation batches, and call
        :func:`mnist_tutorial.evaluate` once, at the end.
        """
        return self.test_sampler.next_batch(batch_size)


def _names(class_names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the classes as a tuple of str, at least two."""
    if not isinstance(class_names, Sequence | np.ndarray):
        raise TypeError(f"class_names must be a sequence of names; got {describe(class_names)}")
    if len(class_names) < 2:
        raise ValueError(f"class_names must hold at least 2 names; got {len(class_names)}")
    return tuple(map(str, class_names))


def _read_split(folder: Path, prefix: str, classes: int) -> tuple[Bytes, Bytes]:
    """Read the images and the labels of a split, and check that they fit each other."""
    image_file = _find(folder, f"{prefix}-images-idx3-ubyte")
    label_file = _find(folder, f"{prefix}-labels-idx1-ubyte")
    images, labels = read_idx(image_file), read_idx(label_file)
    if images.ndim != 3 or images.shape[1:] != (IMAGE_SIZE, IMAGE_SIZE):
        raise ValueError(
            f"{image_file}: images must be [n, {IMAGE_SIZE}, {IMAGE_SIZE}]; "
            f"got {list(images.shape)}"
        )
    if labels.shape != images.shape[:1]:
        raise ValueError(
            f"{label_file}: labels must be [{len(images)}], one for each image of "
            f"{image_file.name}; got {list(labels.shape)}"
        )
    if len(images) == 0:
        raise ValueError(f"{image_file}: holds no images")
    check_range(f"{label_file}: labels", labels, 0, classes - 1)
    return images, labels


def _find(folder: Path, name: str) -> Path:
    """Return the path of one of the four files, gzipped or not."""
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"{folder}: no such folder")
    for path in (folder / name, folder / f"{name}.gz"):
        if os.path.lexists(path):
            return path
    raise FileNotFoundError(f"{folder}: holds neither {name} nor {name}.gz")


def _check_shipped_files() -> None:
    for name, expected in SHIPPED_SHA256.items():
        path = _find(SHIPPED_FOLDER, name)
        if hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            raise ValueError(
                f"{path}: damaged; its SHA-256 is not that of the file the package shipped"
            )
