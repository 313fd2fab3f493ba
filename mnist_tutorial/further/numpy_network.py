"""The tutorial's network in NumPy alone: as fast as in a framework, without one.

``numpy_layers.py`` runs it forward and backward, ``numpy_optimizer.py`` updates its weights.
Read the chapter "Faster".
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from mnist_tutorial._internal.checks import check, checked
from mnist_tutorial._internal.errors import describe
from mnist_tutorial._internal.mnist_form import remember_classes
from mnist_tutorial.batching import Batch
from mnist_tutorial.further.numpy_layers import Array, Buffers
from mnist_tutorial.further.numpy_optimizer import SGD

__all__ = ["NumpyNetwork"]

Step = Callable[..., tuple[float, float]]
Shapes = tuple[tuple[int, ...], ...]
PART = 100  # images at once: the buffers of more leave the processor's cache


class NumpyNetwork:
    """The network of :func:`mnist_tutorial.build_model` in NumPy.

    Called with float32 images [n, 28, 28, 1] in 0..1 it returns their probabilities, float32
    [n, classes]. :func:`mnist_tutorial.train` trains it, by default with the tutorial's SGD.

    Parameters
    ----------
    seed : int, default 0
        Fixes the initial weights; they are drawn as in ``build_model``, with other numbers.
    filters : pair of int, default (8, 16)
        Of the first and the second convolution.
    classes : int, default 10

    Attributes
    ----------
    weights : tuple of six float32 arrays
        In Keras's order and shapes. Training changes them in place; they are views of ``flat``,
        float32 [5994], which an optimizer updates as a whole.

    Examples
    --------
    >>> from mnist_tutorial import MnistData, evaluate, train
    >>> network, data = NumpyNetwork(), MnistData()
    >>> train(network, data, progress=False)
    History(100 batches, 20 evaluations)
    >>> evaluate(network, data).accuracy > 0.85
    True
    """

    input_shape = (None, 28, 28, 1)

    @checked(seed="seed", classes="whole number >= 2")
    def __init__(
        self, *, seed: int = 0, filters: tuple[int, int] = (8, 16), classes: int = 10
    ) -> None:
        first, second = check("filters", filters, "int [2] in 1..inf").tolist()
        self.output_shape = (None, classes)
        self.shapes: Shapes = (
            (5, 5, 1, first), (first,), (5, 5, first, second), (second,),
            (16 * second, classes), (classes,),
        )  # fmt: skip
        self.seed = seed
        self.flat = np.zeros(sum(map(math.prod, self.shapes)), np.float32)
        self._make_views()
        rng = np.random.default_rng(seed)
        for weight in self.weights[::2]:  # as Keras's VarianceScaling
            values = rng.standard_normal(weight.shape)
            while (far := abs(values) > 2).any():
                values[far] = rng.standard_normal(far.sum())
            weight[...] = values / 0.87962566103423978 / np.sqrt(weight[..., 0].size)

    def _make_views(self) -> None:
        """View ``flat`` as the six weights, and begin without buffers."""
        self._weights = tuple(self._split(self.flat))
        self.variables = self.trainable_variables = [self.flat]
        self._buffers: dict[int, Buffers] = {}
        self._lock = threading.RLock()

    def __getstate__(self) -> dict[str, Any]:
        derived = ("_weights", "variables", "trainable_variables", "_buffers", "_lock")
        return {name: value for name, value in self.__dict__.items() if name not in derived}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._make_views()

    @property
    def weights(self) -> tuple[Array, ...]:  # noqa: D102
        return self._weights

    def get_weights(self) -> list[Array]:
        """Return copies of the six arrays."""
        return [weight.copy() for weight in self.weights]

    def set_weights(self, arrays: Sequence[Array]) -> None:
        """Copy six arrays of the same shapes into ``weights``."""
        if (shapes := tuple(np.shape(array) for array in arrays)) != self.shapes:
            raise ValueError(f"weights must have the shapes {self.shapes}; got {shapes}")
        for weight, array in zip(self.weights, arrays, strict=True):
            weight[...] = array

    @classmethod
    def from_keras(cls, model: Any) -> NumpyNetwork:
        """Return a network with the weights of a Keras model of the same layers."""
        arrays = model.get_weights()
        if len(arrays) != 6 or arrays[0].shape[:3] != (5, 5, 1):
            raise ValueError("model must have the layers of build_model")
        filters = arrays[1].size, arrays[3].size
        network = cls(filters=filters, classes=arrays[5].size)
        network.set_weights(arrays)
        remember_classes(network, model)
        images = np.random.default_rng(0).random((8, 28, 28, 1), np.float32)
        if np.abs(network(images) - np.asarray(model(images))).max() > 1e-4:
            raise ValueError("model must have the layers of build_model; its answers differ")
        return network

    def to_keras(self) -> Any:
        """Return a Keras model with these weights, if the filters are those of ``build_model``."""
        from mnist_tutorial.layers import build_model

        model = build_model(classes=self.output_shape[1])
        model.set_weights(self.get_weights())
        remember_classes(model, self)
        return model

    def get_config(self) -> dict[str, Any]:
        """Return what a checkpoint compares."""
        return {"shapes": self.shapes, "seed": self.seed}

    def build_optimizer(self) -> SGD:
        """Return the tutorial's optimizer, SGD with learning rate 0.15."""
        return SGD()

    def count_params(self) -> int:
        """Return the number of weights."""
        return self.flat.size

    def _parts(self, images: Array) -> Iterator[tuple[slice, Array, Buffers]]:
        """Divide images into parts of one size, give or take one, and find their buffers."""
        if np.asarray(images).dtype.kind != "f":
            raise ValueError(f"images must be float, pixels in 0..1; got {describe(images)}")
        pixels = np.asarray(images, np.float32).reshape(len(images), 784)
        parts = -(-len(pixels) // PART)
        for i in range(parts):
            part = slice(i * len(pixels) // parts, (i + 1) * len(pixels) // parts)
            n = part.stop - part.start
            if n not in self._buffers:
                if len(self._buffers) == 4:  # each takes megabytes
                    self._buffers.clear()
                self._buffers[n] = Buffers(self.weights, n)
            yield part, pixels[part], self._buffers[n]

    def _logits(self, images: Array) -> Array:
        with self._lock:  # the buffers are shared
            logits = [buffers.forward(pixels) for _, pixels, buffers in self._parts(images)]
        return np.concatenate([np.empty((0, self.output_shape[1]), np.float32), *logits])

    def __call__(self, images: Array, training: bool = False) -> Array:
        """Return the probabilities, float32 [n, classes]."""
        logits = self._logits(images)
        return _judge(logits, np.zeros_like(logits))[2]

    def gradients(self, images: Array, labels: Array) -> tuple[float, float, list[Array]]:
        """Return the mean loss in nats, the accuracy, and the loss's gradient for each weight."""
        loss, accuracy, flat = self._gradients(images, labels)
        return loss, accuracy, self._split(flat)

    def _gradients(self, images: Array, labels: Array) -> tuple[float, float, Array]:
        n, losses, hits = len(images), 0.0, 0
        total, flat = np.zeros((2, self.flat.size), np.float32)
        with self._lock:
            for part, pixels, buffers in self._parts(images):
                logits = buffers.forward(pixels, training=True)
                loss, right, probabilities = _judge(logits, labels[part])
                d_logits = (probabilities - labels[part]) / np.float32(n)
                buffers.backward(d_logits, self._split(flat))
                losses, hits, total = losses + loss, hits + right, np.add(total, flat, out=total)
        return losses / n, hits / n, total

    def compile_steps(self, optimizer: SGD) -> tuple[Step, Step]:
        """Return ``train_step(batch)`` and ``validation_step(batch)``.

        Each returns loss and accuracy of a Batch; ``train_step`` then updates the weights.
        """

        def train_step(batch: Batch) -> tuple[float, float]:
            loss, accuracy, gradient = self._gradients(batch.xs, batch.labels)
            optimizer.update([self.flat], [gradient])
            return loss, accuracy

        def validation_step(batch: Batch) -> tuple[float, float]:
            loss, right, _ = _judge(self._logits(batch.xs), batch.labels)
            return loss / len(batch.xs), right / len(batch.xs)

        return train_step, validation_step

    def _split(self, flat: Array) -> list[Array]:
        """View the numbers of ``flat`` as six arrays."""
        ends = np.cumsum([math.prod(shape) for shape in self.shapes])
        parts = zip(np.split(flat, ends[:-1]), self.shapes, strict=True)
        return [part.reshape(shape) for part, shape in parts]


def _judge(logits: Array, labels: Array) -> tuple[float, int, Array]:
    """Return the sum of the cross-entropies, the number of right answers, the probabilities."""
    right = int(np.count_nonzero(logits.argmax(axis=1) == labels.argmax(axis=1)))
    logits = logits - logits.max(axis=1, keepdims=True)
    exponentials: Array = np.exp(logits)
    sums: Array = exponentials.sum(axis=1, keepdims=True)
    return float(np.log(sums).sum() - np.vdot(logits, labels)), right, exponentials / sums
