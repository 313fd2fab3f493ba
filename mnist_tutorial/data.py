"""MNIST: 70,000 handwritten digits, read with NumPy alone. Read chapter 1, "Data"."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mnist_tutorial._internal.checks import check, checked
from mnist_tutorial._internal.errors import describe
from mnist_tutorial._internal.idx import read_idx
from mnist_tutorial._internal.idx_folder import SHIPPED_FOLDER, check_shipped_files, read_split
from mnist_tutorial._internal.mnist_form import (
    DIGITS,
    Form,
    check_form,
    names_of_classes,
    picture_html,
)
from mnist_tutorial.batching import BATCH_SIZE, TEST_BATCH_SIZE, Batch, BatchSampler

__all__ = ["MnistData", "read_idx"]

VALIDATION_SHARE = 12  # one in so many training images

Bytes = npt.NDArray[np.uint8]


class MnistData:
    """The three splits of MNIST and the next batch of each.

    The validation split is the last twelfth of the training file, 5,000 of MNIST's 60,000
    images; the training split is the rest of it; the test split is the test file.

    Parameters
    ----------
    folder : path, optional
        A folder with files of the same four names, gzipped or not, such as Fashion-MNIST's. By
        default the MNIST that ships with the package, whose SHA-256 is checked. See
        :meth:`from_folder` and :meth:`from_arrays` for data in other forms.
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
    form : "mnist" or "fit"
        How :func:`mnist_tutorial.further.predict` brings new pictures into this form: as
        MNIST's makers did, for the digits that ship with the package, or fitted into 28x28.
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
            check_shipped_files()
        class_names = names_of_classes(class_names)
        images, labels = read_split(source, "train", len(class_names))
        if len(images) < 2:
            raise ValueError(f"{source}: needs at least 2 training images; holds {len(images)}")
        end = len(images) - max(1, len(images) // VALIDATION_SHARE)
        training, validation = (images[:end], labels[:end]), (images[end:], labels[end:])
        test = read_split(source, "t10k", len(class_names))
        form: Form = "mnist" if folder is None else "fit"
        self._set(training, validation, test, class_names, seed, form)

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

    @classmethod
    @checked(folder="path", share="number > 0", seed="seed")
    def from_folder(
        cls,
        folder: str | os.PathLike[str],
        *,
        form: Form = "fit",
        share: float = 0.1,
        seed: int = 0,
    ) -> MnistData:
        """Make the data from pictures, one folder per class.

        The names of the folders are the names of the classes: ``folder/cat/1.jpg`` is a cat. A
        hash of its name puts a file into a split, so most stay there when others are added.

        Parameters
        ----------
        folder : path
            Holds a folder for each class; or the folders ``train`` and ``test``, perhaps also
            ``validation``, each with a folder for each class.
        form : "fit" or "mnist", default "fit"
            "fit": the whole picture in grey, scaled to fit into 28x28; one on a light ground is
            inverted. "mnist": see :func:`mnist_tutorial.further.to_mnist_image`.
        share : float, default 0.1
            Share of each class that becomes the validation split, and again the test split.
        seed : int, default 0
            As in :class:`MnistData`.

        Warns
        -----
        UserWarning
            If pictures cannot be read; they are left out.
        """
        from mnist_tutorial._internal.pictures.folders import read_folder

        check_form(form)
        (training, validation, test), names = read_folder(Path(folder), form, share)
        data = cls.__new__(cls)
        data._set(training, validation, test, names, seed, form)
        return data

    def _set(
        self,
        train: tuple[Bytes, npt.NDArray[np.integer]],
        validation: tuple[Bytes, npt.NDArray[np.integer]],
        test: tuple[Bytes, npt.NDArray[np.integer]],
        class_names: Sequence[str],
        seed: int,
        form: Form = "fit",
    ) -> None:
        self.form: Form = form
        self.seed = check("seed", seed, "seed")
        self.class_names = names_of_classes(class_names)
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
