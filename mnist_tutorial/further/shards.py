"""Data that need not fit in memory: images and labels in several files, the shards.

Read the chapter "Beyond one machine".
"""

from __future__ import annotations

import hashlib
import os
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mnist_tutorial._internal.checks import checked
from mnist_tutorial._internal.errors import describe
from mnist_tutorial._internal.files import whole_folder
from mnist_tutorial._internal.manifest import (
    RECORD,
    SPLITS,
    Manifest,
    Shard,
    read_manifest,
    sha256_of,
    write_manifest,
)
from mnist_tutorial._internal.mnist_form import IMAGE_SIZE, check_data
from mnist_tutorial._internal.tensorflow import tf
from mnist_tutorial.batching import (
    BATCH_SIZE,
    TEST_BATCH_SIZE,
    Batch,
    BatchSampler,
    epoch_order,
)
from mnist_tutorial.further.shard_sampler import ShardSampler, naming_the_damaged, read_shards

__all__ = ["ShardedData", "write_shards"]

Bytes = npt.NDArray[np.uint8]


@checked(folder="path", shards="whole number >= 1")
def write_shards(data: Any, folder: str | os.PathLike[str], *, shards: int = 8) -> Path:
    """Write data as TFRecord files, so that :class:`ShardedData` can read them piece by piece.

    A record is the 784 pixels of an image and one byte for its class number. The training
    images are written in random order, so each shard is a sample of them all. A manifest,
    ``shards.json``, names the files, the number of images and the SHA-256 of each.

    Parameters
    ----------
    data : MnistData
        At most 256 classes. :meth:`mnist_tutorial.MnistData.from_arrays` makes one from arrays
        of your own, also from ``np.memmap`` arrays, which need not fit in memory.
    folder : path
        A folder that does not exist yet, or is empty. It appears when all is written.
    shards : int, default 8
        Number of files for the training split; the other splits get proportionally fewer.
        Files of 5,000 to 50,000 images are a good size.

    Returns
    -------
    Path
        The folder.

    Examples
    --------
    See :class:`ShardedData`.
    """
    check_data(data)
    if not hasattr(data, "train_images"):
        raise TypeError(f"data must be an MnistData; got {describe(data)}")
    if data.classes > 256:
        raise ValueError(f"data must have at most 256 classes; got {data.classes}")
    path, per_shard = Path(folder), -(-len(data.train_images) // shards)
    with whole_folder(path) as unfinished:
        splits = {}
        for split in SPLITS:
            images, labels = getattr(data, f"{split}_images"), getattr(data, f"{split}_labels")
            n = len(images)
            order = epoch_order(n, seed=0, epoch=0) if split == "train" else np.arange(n)
            parts = np.array_split(order, -(-n // per_shard))
            splits[split] = [
                _write_shard(
                    unfinished / f"{split}-{i:05}-of-{len(parts):05}.tfrecord",
                    images[part],
                    labels[part],
                )
                for i, part in enumerate(parts)
            ]
        write_manifest(unfinished, Manifest(tuple(data.class_names), data.form, splits))
    return path


def _write_shard(path: Path, images: Bytes, labels: npt.NDArray[np.integer]) -> Shard:
    rows = np.empty((len(images), RECORD), np.uint8)
    rows[:, :-1], rows[:, -1] = images.reshape(len(images), -1), labels
    with tf.io.TFRecordWriter(str(path)) as writer:
        for row in rows:
            writer.write(row.tobytes())
    return Shard(path.name, len(rows), sha256_of(path))


class ShardedData:
    """The data in a folder of shards; ``train`` takes it in place of an MnistData.

    Only a few shards of the training split are in memory at a time. The validation and the
    test split are read whole when they are first used.

    Parameters
    ----------
    folder : path
        A folder that :func:`write_shards` has written.
    seed : int, default 0
        Fixes the order of the batches of every split.
    mix : int, default 4
        Number of shards that are in memory together, and whose images are shuffled as one.
    verify : bool, default True
        Compare the SHA-256 of every shard now, about a second per gigabyte. Otherwise a
        damaged shard is noticed when it is read.

    Attributes
    ----------
    classes, class_names, form, seed
        As in :class:`mnist_tutorial.MnistData`.
    train_sampler : ShardSampler
    validation_sampler, test_sampler : BatchSampler
        Hand out the batches of each split.
    validation_images, test_images : uint8 [n, 28, 28]
    validation_labels, test_labels : uint8 [n]
    fingerprint : str
        Stands for the data in a checkpoint.

    Raises
    ------
    ValueError
        If a shard is damaged, missing or a duplicate; the message names it.

    Examples
    --------
    >>> import tempfile
    >>> from mnist_tutorial import MnistData, build_model, train
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     data = ShardedData(write_shards(MnistData(), f"{folder}/shards"))
    ...     data
    ...     train(build_model(), data, batches=10, progress=False)
    ShardedData(55,000 training images in 8 shards, seed 0)
    History(10 batches, 2 evaluations)
    """

    @checked(folder="path", seed="seed", mix="whole number >= 1")
    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        seed: int = 0,
        mix: int = 4,
        verify: bool = True,
    ) -> None:
        self.folder, self.seed = Path(folder), seed
        self._manifest = read_manifest(self.folder, verify=verify)
        self.class_names, self.classes = (names := self._manifest.class_names), len(names)
        self.form = self._manifest.form
        shards = self._manifest.splits["train"]
        self.train_sampler = ShardSampler(
            self.folder, shards, classes=self.classes, seed=seed, mix=mix
        )
        self.fingerprint = hashlib.sha256(f"{self._manifest.digest} {mix}".encode()).hexdigest()

    def __repr__(self) -> str:
        shards = len(self._manifest.splits["train"])
        return (
            f"ShardedData({len(self.train_sampler):,} training images in {shards} shards, "
            f"seed {self.seed})"
        )

    @cached_property
    def validation_sampler(self) -> BatchSampler:  # noqa: D102
        return self._read_whole("validation")

    @cached_property
    def test_sampler(self) -> BatchSampler:  # noqa: D102
        return self._read_whole("test")

    validation_images = property(lambda self: self.validation_sampler.images)
    validation_labels = property(lambda self: self.validation_sampler.labels)
    test_images = property(lambda self: self.test_sampler.images)
    test_labels = property(lambda self: self.test_sampler.labels)

    def _read_whole(self, split: str) -> BatchSampler:
        shards = self._manifest.splits[split]
        with naming_the_damaged(self.folder, shards):
            rows = read_shards([str(self.folder / shard.file) for shard in shards]).numpy()
        images = rows[:, :-1].reshape(-1, IMAGE_SIZE, IMAGE_SIZE)
        return BatchSampler(images, rows[:, -1], classes=self.classes, seed=self.seed)

    def next_train_batch(self, batch_size: int = BATCH_SIZE) -> Batch:
        """Return the next ``batch_size`` training examples, in an order fixed by the seed.

        Every image comes once before any comes twice; each epoch has an order of its own.
        """
        return self.train_sampler.next_batch(batch_size)

    def next_validation_batch(self, batch_size: int = TEST_BATCH_SIZE) -> Batch:
        """Return the next ``batch_size`` validation examples, to watch while training."""
        return self.validation_sampler.next_batch(batch_size)

    def next_test_batch(self, batch_size: int = TEST_BATCH_SIZE) -> Batch:
        """Return the next ``batch_size`` test examples."""
        return self.test_sampler.next_batch(batch_size)
