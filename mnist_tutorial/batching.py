"""Shuffled order and batches, with NumPy alone.

A batch is the form in which the network sees the data: flat float32 pixels in 0..1 and
one-hot labels. Chapter 5, "Batching", tells why it works on 64 images at a time.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mnist_tutorial._checks import (
    IMAGE_SIZE,
    NUM_CLASSES,
    check_array,
    check_batch_size,
    check_range,
    check_whole_number,
    warn_of_look,
)

__all__ = [
    "BATCH_SIZE",
    "TEST_BATCH_SIZE",
    "TEST_ITERATION_FREQUENCY",
    "TRAIN_BATCHES",
    "Batch",
    "BatchSampler",
    "epoch_order",
    "make_batch",
]

BATCH_SIZE = 64
"""Examples in one training step."""
TRAIN_BATCHES = 100
"""Training steps of the tutorial."""
TEST_BATCH_SIZE = 1000
"""Examples in one evaluation while training."""
TEST_ITERATION_FREQUENCY = 5
"""Training steps from one evaluation to the next."""


class Batch(NamedTuple):
    """Examples in the form that the network is trained on.

    Attributes
    ----------
    xs : float32 [n, 784]
        Pixels in 0..1, 0 is background; row after row of the 28x28 image.
    labels : float32 [n, 10]
        One-hot: 1 in the column of the digit, 0 elsewhere.
    """

    xs: npt.NDArray[np.float32]
    labels: npt.NDArray[np.float32]


def make_batch(images: npt.NDArray[np.uint8], labels: npt.NDArray[np.uint8]) -> Batch:
    """Scale images to 0..1 and flatten them; turn class numbers into one-hot rows.

    Parameters
    ----------
    images : uint8 [n, 28, 28]
        Grey values in 0..255.
    labels : uint8 [n]
        Digits in 0..9.

    Raises
    ------
    ValueError
        If the arrays have another shape or dtype, differ in length, are empty, or hold a
        label above 9.

    Warns
    -----
    UserWarning
        If the images look inverted, or scaled to 0..1.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.zeros((1, 28, 28), np.uint8)
    >>> images[0, 14, 14] = 255
    >>> batch = make_batch(images, np.array([3], np.uint8))
    >>> batch.xs.shape, batch.xs.dtype, float(batch.xs.max())
    ((1, 784), dtype('float32'), 1.0)
    >>> batch.labels
    array([[0., 0., 0., 1., 0., 0., 0., 0., 0., 0.]], dtype=float32)
    """
    batch = _encode(images, labels)
    warn_of_look("images", images)
    return batch


def epoch_order(n: int, *, seed: int, epoch: int) -> npt.NDArray[np.int64]:
    """Return the order in which one epoch visits ``n`` examples.

    A pure function of its arguments: no state, so any epoch's order can be had at once.
    Sorting raw output of the Philox generator gives the same order with every release
    of NumPy, which ``Generator.permutation`` does not promise.

    Parameters
    ----------
    n : int
        Number of examples, at least 1.
    seed : int
        Which of the possible runs, at least 0.
    epoch : int
        0 for the first time through the data, 1 for the second, and so on.

    Returns
    -------
    int64 [n]
        Each of 0..n-1 once.

    Raises
    ------
    TypeError, ValueError
        If an argument is no whole number or is too small.

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
    n = check_whole_number("n", n, minimum=1)
    seed = check_whole_number("seed", seed, minimum=0)
    epoch = check_whole_number("epoch", epoch, minimum=0)
    raw = np.random.Philox(np.random.SeedSequence([seed, epoch])).random_raw(n)
    return np.argsort(raw, kind="stable").astype(np.int64)


class BatchSampler:
    """Endless batches: each example once, in random order, before any comes twice.

    Parameters
    ----------
    images : uint8 [n, 28, 28]
        Grey values in 0..255. Kept as they are, not copied.
    labels : uint8 [n]
        Digits in 0..9.
    seed : int, default 0
        Fixes the order of every epoch.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type, shape or range.

    Warns
    -----
    UserWarning
        If the images look inverted, or scaled to 0..1; the first hundred are judged.

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

    def __init__(
        self,
        images: npt.NDArray[np.uint8],
        labels: npt.NDArray[np.uint8],
        *,
        seed: int = 0,
    ) -> None:
        check_examples(images, labels)
        warn_of_look("images", images)
        self.images = images
        self.labels = labels
        self.seed = check_whole_number("seed", seed, minimum=0)
        self.position = 0
        self._cached_epoch = -1
        self._cached_order: npt.NDArray[np.int64] = np.empty(0, np.int64)

    @property
    def position(self) -> int:
        """Number of examples handed out so far. Setting it moves the sampler there.

        Raises
        ------
        TypeError, ValueError
            If it is set to no whole number or below 0.
        """
        return self._position

    @position.setter
    def position(self, position: int) -> None:
        self._position = check_whole_number("position", position, minimum=0)

    def next_indices(self, batch_size: int) -> npt.NDArray[np.int64]:
        """Return the positions [batch_size] in ``images`` of the next batch's examples.

        Raises
        ------
        TypeError, ValueError
            If ``batch_size`` is no whole number from 1 to the number of examples.
        """
        n = len(self.images)
        batch_size = check_batch_size("batch_size", batch_size, n)
        epoch, start = divmod(self.position, n)
        indices = self._order(epoch)[start : start + batch_size]
        missing = batch_size - len(indices)
        if missing:
            indices = np.concatenate([indices, self._order(epoch + 1)[:missing]])
        self.position += batch_size
        return indices

    def next_batch(self, batch_size: int = BATCH_SIZE) -> Batch:
        """Return the next ``batch_size`` examples as a Batch.

        Raises
        ------
        TypeError, ValueError
            If ``batch_size`` is no whole number from 1 to the number of examples.
        """
        indices = self.next_indices(batch_size)
        return _encode(self.images[indices], self.labels[indices])

    def _order(self, epoch: int) -> npt.NDArray[np.int64]:
        if epoch != self._cached_epoch:
            self._cached_order = epoch_order(len(self.images), seed=self.seed, epoch=epoch)
            self._cached_epoch = epoch
        return self._cached_order


def _encode(images: npt.NDArray[np.uint8], labels: npt.NDArray[np.uint8]) -> Batch:
    check_examples(images, labels)
    xs = images.reshape(len(images), -1).astype(np.float32) / np.float32(255)
    one_hot = np.zeros((len(labels), NUM_CLASSES), np.float32)
    one_hot[np.arange(len(labels)), labels] = 1
    return Batch(xs, one_hot)


def check_examples(images: Any, labels: Any) -> None:
    """Raise ValueError unless images are uint8 [n, 28, 28] and labels uint8 [n] in 0..9."""
    check_array("images", images, ("n", IMAGE_SIZE, IMAGE_SIZE), "a uint8 array")
    check_array("labels", labels, ("n",), "a uint8 array")
    if len(images) != len(labels):
        raise ValueError(f"images and labels differ in number: {len(images)} and {len(labels)}")
    check_range("labels", labels, 0, NUM_CLASSES - 1)
