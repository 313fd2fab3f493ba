"""The training loop and its step. Read chapter 6, "Training loop"."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeAlias

from mnist_tutorial._internal.checks import checked
from mnist_tutorial._internal.kept import kept_with_model
from mnist_tutorial._internal.run import TrainingRun
from mnist_tutorial._internal.tensorflow import compile_graph, keras, tf
from mnist_tutorial.batching import (
    BATCH_SIZE,
    TEST_BATCH_SIZE,
    TEST_ITERATION_FREQUENCY,
    TRAIN_BATCHES,
    Augment,
    Batch,
)
from mnist_tutorial.data import MnistData
from mnist_tutorial.history import History

__all__ = ["compile_steps", "train"]

Step: TypeAlias = Callable[..., tuple[Any, Any]]


@checked(
    batches="whole number >= 1",
    epochs="number > 0",
    batch_size="whole number >= 1",
    validation_batch_size="whole number >= 1",
    validation_interval="whole number >= 1 or None",
    patience="whole number >= 1",
    augment="function",
    checkpoint="path",
    checkpoint_interval="whole number >= 1",
)
def train(
    model: keras.Model,
    data: MnistData,
    *,
    optimizer: keras.optimizers.Optimizer | str | None = None,
    batches: int = TRAIN_BATCHES,
    epochs: float | None = None,
    batch_size: int = BATCH_SIZE,
    validation_batch_size: int = TEST_BATCH_SIZE,
    validation_interval: int | None = TEST_ITERATION_FREQUENCY,
    patience: int | None = None,
    augment: Augment | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_interval: int = 100,
    progress: bool = True,
) -> History:
    """Train a model batch by batch, by default for as long as the tutorial does.

    On a CPU, the same model, data, seeds and machine give the same weights, bit for bit; on a
    GPU, call ``tf.config.experimental.enable_op_determinism()`` first.

    Parameters
    ----------
    model : keras.Model or NumpyNetwork
        Maps float32 [n, 28, 28, 1] to probabilities float32 [n, classes]. Its weights change
        in place; it need not be compiled. ``model.history`` holds what has been recorded, also
        when training is interrupted or fails; ``model.class_names`` are those of the data.
    data : MnistData
        Gives the training and the validation batches. The test split is not touched.
    optimizer : keras.optimizers.Optimizer or str, optional
        By default :func:`mnist_tutorial.build_optimizer`'s: SGD with learning rate 0.15. A
        name, such as "adam", stands for Keras's optimizer with its default settings. One that
        averages the weights (``use_ema``) leaves the averages in the model. A NumpyNetwork
        takes :class:`mnist_tutorial.further.SGD`.
    batches : int, default 100
        Training steps.
    epochs : float, optional
        Times through the training split, in place of ``batches``.
    batch_size : int, default 64
        Examples per step.
    validation_batch_size : int, default 1000
        Examples per evaluation, at most as many as the validation split has.
    validation_interval : int or None, default 5
        Training steps from one evaluation to the next; None for no evaluation.
    patience : int, optional
        Stop after this many evaluations in a row without a lower validation loss, and give the
        model the weights of the lowest one, also where the optimizer averages.
    augment : callable, optional
        Changes the images of each training batch: takes them, float32 [n, 28, 28, 1] in
        0..1, and a seed, a pair of ints that no other step has; returns the new images. For
        instance :func:`mnist_tutorial.further.random_affine`.
    checkpoint : path, optional
        A file that keeps the state of the training. If it exists, training continues from it,
        and ends with the weights and the history of a training run that was never
        interrupted, bit for bit. Call again with the same arguments; only ``batches`` may grow.
    checkpoint_interval : int, default 100
        Training steps from one save to the next.
    progress : bool, default True
        Show a progress bar when training takes longer than a second.

    Returns
    -------
    History

    Raises
    ------
    FloatingPointError
        If the loss is no longer finite. A checkpoint keeps the last finite state.
    OSError
        If the checkpoint cannot be written, or another training run is using it.

    Examples
    --------
    >>> from mnist_tutorial import MnistData, build_model
    >>> train(build_model(), MnistData(), batches=10, progress=False)
    History(10 batches, 2 evaluations)
    """
    run = TrainingRun(
        model, data, optimizer, History(), batches=batches, epochs=epochs, batch_size=batch_size,
        validation_batch_size=validation_batch_size, validation_interval=validation_interval,
        patience=patience, augment=augment, checkpoint=checkpoint,
        checkpoint_interval=checkpoint_interval, progress=progress,
    )  # fmt: skip
    with run:  # checks the model, resumes, shows progress and saves: see _internal/run.py
        train_step, validation_step = compile_steps(model, run.optimizer)
        for step in run.steps():
            batch = data.next_train_batch(batch_size)
            if augment is not None:
                batch = batch.augmented(augment, (data.seed, step))
            loss, accuracy = train_step(batch)
            run.history.add_training(loss, accuracy)
            if run.validation_due:
                batch = data.next_validation_batch(run.validation_batch_size)
                loss, accuracy = validation_step(batch)
                run.history.add_validation(loss, accuracy)
    return run.history


@kept_with_model  # a second training run of the same model compiles nothing
def compile_steps(model: keras.Model, optimizer: keras.optimizers.Optimizer) -> tuple[Step, Step]:
    """Compile the two steps that :func:`train` repeats.

    Parameters
    ----------
    model : keras.Model or NumpyNetwork
    optimizer : keras.optimizers.Optimizer or SGD

    Returns
    -------
    train_step : callable
        Takes a Batch, updates the weights, and returns loss and accuracy of the batch before
        the update.
    validation_step : callable
        Takes a Batch and returns its loss and accuracy.

    Examples
    --------
    >>> from mnist_tutorial import MnistData, build_model, build_optimizer
    >>> train_step, _ = compile_steps(build_model(), build_optimizer())
    >>> loss, accuracy = train_step(MnistData().next_train_batch())
    >>> 2 < float(loss) < 3
    True
    """
    if hasattr(model, "compile_steps"):  # the NumPy network brings its own
        return model.compile_steps(optimizer)
    weights = model.trainable_variables

    def train_step(batch: Batch) -> tuple[Any, Any]:
        images = tf.reshape(batch.xs, [-1, *model.input_shape[1:]])
        with tf.GradientTape() as tape:
            probabilities = model(images, training=True)
            loss = mean_cross_entropy(batch.labels, probabilities)
            # What regularised layers add; there are none in the tutorial's network.
            objective = loss + sum(model.losses) if model.losses else loss
        gradients = tape.gradient(objective, weights)
        optimizer.apply(gradients, weights)
        return loss, mean_accuracy(batch.labels, probabilities)

    def validation_step(batch: Batch) -> tuple[Any, Any]:
        images = tf.reshape(batch.xs, [-1, *model.input_shape[1:]])
        probabilities = model(images, training=False)
        loss = mean_cross_entropy(batch.labels, probabilities)
        return loss, mean_accuracy(batch.labels, probabilities)

    return compile_graph(train_step), compile_graph(validation_step)


def mean_cross_entropy(labels: Any, probabilities: Any) -> Any:
    """Mean cross-entropy of a batch of tensors, in nats; chapter 4."""
    return tf.reduce_mean(keras.losses.categorical_crossentropy(labels, probabilities))


def mean_accuracy(labels: Any, probabilities: Any) -> Any:
    """Share of a batch of tensors that was recognised, in 0..1."""
    return tf.reduce_mean(keras.metrics.categorical_accuracy(labels, probabilities))
