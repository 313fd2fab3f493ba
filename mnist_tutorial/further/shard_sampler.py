"""The pipeline that reads shards while a network is trained; ``shards.py`` uses it.

Read the chapter "Beyond one machine".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mnist_tutorial._internal.checks import check
from mnist_tutorial._internal.manifest import RECORD, Shard, check_shard
from mnist_tutorial._internal.mnist_form import IMAGE_SIZE
from mnist_tutorial._internal.tensorflow import tf
from mnist_tutorial.batching import BATCH_SIZE, Batch, _encode, epoch_order

__all__ = ["ShardSampler", "read_shards"]


class ShardSampler:
    """Endless batches from shards: each example once, in random order, before any comes twice.

    In each epoch the shards come in another order. A few of them at a time are read, and their
    images shuffled as one. All of it follows from the seed and the epoch, so the number of
    examples handed out so far is enough to continue from. While the network learns from one
    batch, TensorFlow reads ahead.

    Parameters
    ----------
    folder : Path
    shards : sequence of Shard
        The files, and the number of images in each.
    classes : int
    seed : int
        Fixes the order of every epoch.
    mix : int
        Number of shards whose images are shuffled as one.

    Attributes
    ----------
    position : int
        Number of examples handed out so far. Setting it moves the sampler there.

    Examples
    --------
    See :class:`mnist_tutorial.further.ShardedData`.
    """

    def __init__(
        self, folder: Path, shards: Sequence[Shard], *, classes: int, seed: int, mix: int
    ) -> None:
        self.folder, self.shards = folder, list(shards)
        self.classes, self.seed, self.mix = classes, seed, mix
        self._batch_size = BATCH_SIZE
        self.position = 0

    def __len__(self) -> int:
        return sum(shard.images for shard in self.shards)

    def __repr__(self) -> str:
        return f"ShardSampler({len(self):,} images, position {self.position}, seed {self.seed})"

    @property
    def position(self) -> int:  # noqa: D102
        return self._position

    @position.setter
    def position(self, position: int) -> None:
        self._position = check("position", position, "whole number >= 0")
        self._batches: Iterator[Any] | None = None

    def next_batch(self, batch_size: int = BATCH_SIZE) -> Batch:
        """Return the next ``batch_size`` examples, at most as many as there are."""
        batch_size = check("batch_size", batch_size, f"whole number in 1..{len(self)}")
        if self._batches is None or self._batch_size != batch_size:
            self._batch_size = batch_size
            self._batches = self.pipeline(batch_size).as_numpy_iterator()
        with naming_the_damaged(self.folder, self.shards):
            rows = next(self._batches)
        self._position += batch_size
        images = rows[:, :-1].reshape(-1, IMAGE_SIZE, IMAGE_SIZE)
        return _encode(images, rows[:, -1], self.classes)

    def pipeline(self, batch_size: int) -> Any:
        """Return a tf.data.Dataset, from the present position, of uint8 [batch_size, 785]."""
        start = self.position
        groups = tf.data.Dataset.from_generator(
            lambda: self.groups(start),
            output_signature=(tf.TensorSpec([None], tf.string), tf.TensorSpec([None], tf.int64)),
        )
        shuffled = groups.map(lambda paths, order: tf.gather(read_shards(paths), order))
        return shuffled.prefetch(1).rebatch(batch_size).prefetch(4)

    def groups(self, position: int) -> Iterator[tuple[list[str], npt.NDArray[np.int64]]]:
        """Yield, from a position on, the files to be read together and the order of their rows."""
        epoch, skipped = divmod(position, len(self))
        while True:
            shards = [self.shards[i] for i in self._order(len(self.shards), epoch, 0)]
            for first in range(0, len(shards), self.mix):
                group = shards[first : first + self.mix]
                n = sum(shard.images for shard in group)
                if skipped < n:
                    paths = [str(self.folder / shard.file) for shard in group]
                    yield paths, self._order(n, epoch, 1 + first)[skipped:]
                skipped = max(0, skipped - n)
            epoch += 1

    def _order(self, n: int, epoch: int, part: int) -> npt.NDArray[np.int64]:
        """Return a random order that no other epoch, and no other part of this one, has."""
        return epoch_order(n, seed=self.seed, epoch=epoch * (1 + len(self.shards)) + part)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_batches": None}


def read_shards(paths: Any) -> Any:
    """Read whole files, and return their records as a tensor uint8 [n, 785]."""
    records = tf.data.TFRecordDataset(paths).batch(2**40).get_single_element()
    return tf.ensure_shape(tf.io.decode_raw(records, tf.uint8), [None, RECORD])


@contextmanager
def naming_the_damaged(folder: Path, shards: list[Shard]) -> Iterator[None]:
    """Turn TensorFlow's error about a file into a ValueError that names the shard."""
    try:
        yield
    except tf.errors.OpError as error:
        for shard in shards:
            check_shard(folder, shard, shards)
        raise ValueError(f"{folder}: a shard cannot be read ({error.message})") from None
