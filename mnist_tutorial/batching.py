"""Shuffled order and batches, with NumPy alone. Read chapter 5, "Batching"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from mnist_tutorial._internal.array_checks import check_range
from mnist_tutorial._internal.checks import check, checked
from mnist_tutorial._internal.errors import describe
from mnist_tutorial._internal.mnist_form import (
    IMAGE_SIZE,
    NUM_CLASSES,
    scale_pixels,
    warn_if_inverted_or_scaled,
)

BATCH_SIZE = 64
"""Examples per training step."""
TRAIN_BATCHES = 100
"""Training steps of the tutorial."""
TEST_BATCH_SIZE = 1000
"""Examples per evaluation while training."""
TEST_ITERATION_FREQUENCY = 5
"""Training steps from one evaluation to the next."""


Augment: TypeAlias = Callable[[Any, tuple[int, int]], Any]


class Batch(NamedTuple):
    """Examples in the form that the network is trained on.

    Attributes
    ----------
    xs : float32 [n, 784]
        Pixels in 0..1, 0 is background; row after row of the 28x28 image.
    labels : float32 [n, 10]
        One-hot: 1 in the column of the digit, 0 elsewhere. As many columns as classes.
    """

    xs: npt.NDArray[np.float32]
    labels: npt.NDArray[np.float32]

    def augmented(self, augment: Augment, seed: tuple[int, int]) -> Batch:
        """Return the batch with images changed by ``augment(images [n, 28, 28, 1], seed)``."""
        shape = f"{len(self.xs)}, {IMAGE_SIZE}, {IMAGE_SIZE}, 1"
        images = augment(self.xs.reshape(-1, IMAGE_SIZE, IMAGE_SIZE, 1), seed)
        images = check("images of augment", images, f"float [{shape}] in -1..2 or nan")
        return self._replace(xs=np.asarray(images, np.float32).reshape(self.xs.shape))

    def __repr__(self) -> str:
        return f"Batch(xs: {describe(self.xs)}, labels: {describe(self.labels)})"


@checked(images="uint8 [n, 28, 28]", labels="int [n]", classes="whole number >= 2")
def make_batch(
    images: npt.NDArray[np.uint8], labels: npt.NDArray[np.integer], *, classes: int = NUM_CLASSES
) -> Batch:
    """Scale images to 0..1 and flatten them; turn class numbers into one-hot rows.

    Parameters
    ----------
    images : uint8 [n, 28, 28]
        Grey values in 0..255.
    labels : int [n]
        Class numbers in 0..classes - 1; the digits, for MNIST.
    classes : int, default 10
        The number of columns of the one-hot rows.

    Returns
    -------
    Batch

    Examples
    --------
    >>> import numpy as np
    >>> images = np.zeros((1, 28, 28), np.uint8)
    >>> images[0, 14, 14] = 255
    >>> batch = make_batch(images, np.array([3]))
    >>> batch.xs.shape, batch.xs.dtype, float(batch.xs.max())
    ((1, 784), dtype('float32'), 1.0)
    >>> batch.labels
    array([[0., 0., 0., 1., 0., 0., 0., 0., 0., 0.]], dtype=float32)
    """
    check_range("labels", labels, 0, classes - 1)
    warn_if_inverted_or_scaled("images", images)
    return _encode(images, labels, classes)


def _encode(images: npt.NDArray[np.uint8], labels: npt.NDArray[np.integer], classes: int) -> Batch:
    one_hot = np.zeros((len(labels), classes), np.float32)
    one_hot[np.arange(len(labels)), labels] = 1
    return Batch(scale_pixels(images.reshape(len(images), -1)), one_hot)


@checked(n="whole number >= 1", seed="seed", epoch="whole number >= 0")
def epoch_order(n: int, *, seed: int, epoch: int) -> npt.NDArray[np.int64]:
    """Return the order in which one epoch visits ``n`` examples.

    A pure function of its arguments, so the order of any epoch is known at once. Sorting the raw
    output of the Philox generator gives the same order with every release of NumPy, which
    ``Generator.permutation`` does not promise.

    Parameters
    ----------
    n : int
        Number of examples, at least 1.
    seed : int
        Chooses one of the possible runs, at least 0.
    epoch : int
        0 for the first time through the data, 1 for the second, and so on.

    Returns
    -------
    int64 [n]
        Each of 0..n-1 once.

    References
    ----------
    J. Salmon, M. Moraes, R. Dror and D. Shaw, "Parallel random numbers: as easy as 1, 2, 3",
    SC'11, 2011.

    Examples
    --------
    >>> epoch_order(6, seed=0, epoch=0)
    array([0, 3, 5, 1, 2, 4])
    >>> epoch_order(6, seed=0, epoch=1)
    array([3, 4, 2, 1, 5, 0])
    """
    raw = np.random.Philox(np.random.SeedSequence([seed, epoch])).random_raw(n)
    return np.argsort(raw, kind="stable").astype(np.int64)


class BatchSampler:
    """Endless batches: each example once, in random order, before any comes twice.

    Parameters
    ----------
    images : uint8 [n, 28, 28]
        Grey values in 0..255. Kept as they are, not copied.
    labels : int [n]
        Class numbers in 0..classes - 1.
    classes : int, default 10
    seed : int, default 0
        Fixes the order of every epoch.

    Attributes
    ----------
    position : int
        Number of examples handed out so far. Setting it moves the sampler there.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.zeros((6, 28, 28), np.uint8)
    >>> sampler = BatchSampler(images, np.arange(6, dtype=np.uint8), seed=0)
    >>> sampler.next_batch(4).labels.argmax(axis=1)
    array([0, 3, 5, 1])
    >>> sampler.next_batch(4).labels.argmax(axis=1)  # two of the old epoch, two of the new
    array([2, 4, 3, 4])
    """

    @checked(images="uint8 [n, 28, 28]", labels="int [n]", classes="whole number >= 2", seed="seed")
    def __init__(
        self,
        images: npt.NDArray[np.uint8],
        labels: npt.NDArray[np.integer],
        *,
        classes: int = NUM_CLASSES,
        seed: int = 0,
    ) -> None:
        check_range("labels", labels, 0, classes - 1)
        warn_if_inverted_or_scaled("images", images)
        self.images = images
        self.labels = labels
        self.classes = classes
        self.seed = seed
        self.position = 0
        self._order: tuple[int, npt.NDArray[np.int64]] | None = None

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        return f"BatchSampler({len(self):,} images, position {self.position}, seed {self.seed})"

    @property
    def position(self) -> int:  # noqa: D102
        return self._position

    @position.setter
    def position(self, position: int) -> None:
        self._position = check("position", position, "whole number >= 0")

    def next_batch(self, batch_size: int = BATCH_SIZE) -> Batch:
        """Return the next ``batch_size`` examples, at most as many as there are."""
        indices = self.next_indices(batch_size)
        return _encode(self.images[indices], self.labels[indices], self.classes)

    def next_indices(self, batch_size: int) -> npt.NDArray[np.int64]:
        """Return the positions in ``images`` of the next batch, int64 [batch_size]."""
        batch_size = check("batch_size", batch_size, f"whole number in 1..{len(self)}")
        epoch, start = divmod(self.position, len(self))
        indices = self._order_of(epoch)[start : start + batch_size]
        if missing := batch_size - len(indices):
            indices = np.concatenate([indices, self._order_of(epoch + 1)[:missing]])
        self.position += batch_size
        return indices

    def _order_of(self, epoch: int) -> npt.NDArray[np.int64]:
        if self._order is None or self._order[0] != epoch:
            self._order = epoch, epoch_order(len(self), seed=self.seed, epoch=epoch)
        return self._order[1]
