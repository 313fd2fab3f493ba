"""The training loop, and the history that it returns.

Chapter 6, "Training loop", tells its story.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tqdm import tqdm

from mnist_tutorial._tensorflow import keras, tf
from mnist_tutorial.batching import (
    BATCH_SIZE,
    IMAGE_SIZE,
    TEST_BATCH_SIZE,
    TEST_ITERATION_FREQUENCY,
    TRAIN_BATCHES,
    Batch,
    check_batch_size,
    check_whole_number,
)
from mnist_tutorial.data import MnistData
from mnist_tutorial.optimizer import build_optimizer

__all__ = ["History", "train"]


@dataclass
class History:
    """What was measured while training.

    Attributes
    ----------
    history : dict of lists of float
        As in Keras: ``loss`` (nats) and ``accuracy`` (0..1), one value a training batch,
        taken before the batch changed the weights; ``val_loss`` and ``val_accuracy``, one
        value an evaluation on validation examples.
    validation_batches : list of int
        For each evaluation, the number of training batches seen before it.

    Examples
    --------
    >>> history = History()
    >>> sorted(history.history)
    ['accuracy', 'loss', 'val_accuracy', 'val_loss']
    """

    history: dict[str, list[float]] = field(
        default_factory=lambda: {
            "loss": [],
            "accuracy": [],
            "val_loss": [],
            "val_accuracy": [],
        }
    )
    validation_batches: list[int] = field(default_factory=list)

    def __repr__(self) -> str:
        return (
            f"History({len(self.history['loss'])} batches, "
            f"{len(self.validation_batches)} evaluations)"
        )


def train(
    model: keras.Sequential,
    data: MnistData,
    *,
    optimizer: keras.optimizers.Optimizer | None = None,
    batches: int = TRAIN_BATCHES,
    batch_size: int = BATCH_SIZE,
    validation_batch_size: int = TEST_BATCH_SIZE,
    validation_frequency: int = TEST_ITERATION_FREQUENCY,
    progress: bool = True,
) -> History:
    """Train a model on batch after batch, by default as long as the tutorial does.

    The same model, data, seeds and machine give the same weights, bit for bit, on a CPU; a
    GPU adds ``tf.config.experimental.enable_op_determinism()`` to the conditions.

    Parameters
    ----------
    model : keras.Sequential
        Maps float32 [n, 28, 28, 1] to probabilities float32 [n, 10]. Its weights are changed
        in place; it need not be compiled.
    data : MnistData
        Gives the training and the validation batches. The test split is not touched.
    optimizer : keras.optimizers.Optimizer, optional
        By default :func:`mnist_tutorial.build_optimizer`'s: SGD with learning rate 0.15.
    batches : int, default 100
        Training steps.
    batch_size : int, default 64
        Examples a step.
    validation_batch_size : int, default 1000
        Examples an evaluation.
    validation_frequency : int, default 5
        Training steps from one evaluation to the next.
    progress : bool, default True
        Show a progress bar when training takes longer than a second.

    Returns
    -------
    History

    Raises
    ------
    TypeError, ValueError
        If the model has other input or output shapes, or a number is no whole number, below
        1, or larger than its split.

    Examples
    --------
    >>> from mnist_tutorial import MnistData, build_model
    >>> train(build_model(), MnistData(), batches=5, batch_size=8)
    History(5 batches, 1 evaluations)
    """
    _check_model(model)
    batches = check_whole_number("batches", batches, minimum=1)
    validation_frequency = check_whole_number(
        "validation_frequency", validation_frequency, minimum=1
    )
    batch_size = check_batch_size("batch_size", batch_size, len(data.train_images))
    validation_batch_size = check_batch_size(
        "validation_batch_size", validation_batch_size, len(data.validation_images)
    )
    if optimizer is None:
        optimizer = build_optimizer()
    if not isinstance(optimizer, keras.optimizers.Optimizer):
        raise TypeError(f"optimizer must be a Keras optimizer; got {optimizer!r}")
    weights = model.trainable_variables
    optimizer.build(weights)

    def train_step(xs: Any, labels: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            probabilities = model(xs, training=True)
            loss = _mean_loss(labels, probabilities)
        optimizer.apply(tape.gradient(loss, weights), weights)
        return loss, _mean_accuracy(labels, probabilities)

    def validation_step(xs: Any, labels: Any) -> tuple[Any, Any]:
        probabilities = model(xs, training=False)
        return _mean_loss(labels, probabilities), _mean_accuracy(labels, probabilities)

    train_step = _compile(train_step, batch_size)
    validation_step = _compile(validation_step, validation_batch_size)
    result = History()
    steps = range(1, batches + 1)
    for step in tqdm(steps, desc="training", unit="batch", delay=1) if progress else steps:
        loss, accuracy = train_step(*_to_images(data.next_train_batch(batch_size)))
        result.history["loss"].append(float(loss))
        result.history["accuracy"].append(float(accuracy))
        if step % validation_frequency == 0:
            batch = data.next_validation_batch(validation_batch_size)
            loss, accuracy = validation_step(*_to_images(batch))
            result.history["val_loss"].append(float(loss))
            result.history["val_accuracy"].append(float(accuracy))
            result.validation_batches.append(step)
    return result


def _compile(step: Callable[[Any, Any], tuple[Any, Any]], batch_size: int) -> Any:
    """Turn a Python function into a TensorFlow graph for batches of one size.

    Traced here and now: TensorFlow would warn of a ``tf.function`` that each training makes
    anew and calls only a few times.
    """
    return tf.function(step, autograph=False).get_concrete_function(
        tf.TensorSpec((batch_size, IMAGE_SIZE, IMAGE_SIZE, 1)), tf.TensorSpec((batch_size, 10))
    )


def _to_images(batch: Batch) -> Batch:
    """Give the flat pixels the shape [n, 28, 28, 1] that the model takes."""
    return batch._replace(xs=batch.xs.reshape(-1, IMAGE_SIZE, IMAGE_SIZE, 1))


def _mean_loss(labels: Any, probabilities: Any) -> Any:
    return tf.reduce_mean(keras.losses.categorical_crossentropy(labels, probabilities))


def _mean_accuracy(labels: Any, probabilities: Any) -> Any:
    return tf.reduce_mean(keras.metrics.categorical_accuracy(labels, probabilities))


def _check_model(model: Any) -> None:
    if not isinstance(model, keras.Model):
        raise TypeError(f"model must be a Keras model; got {type(model).__name__}")
    shapes = tuple(getattr(model, name, None) for name in ("input_shape", "output_shape"))
    wanted = ((None, IMAGE_SIZE, IMAGE_SIZE, 1), (None, 10))
    if shapes != wanted:
        raise ValueError(
            f"model must map {wanted[0]} to {wanted[1]}; this one maps {shapes[0]} to {shapes[1]}"
        )
