"""The training loop, and the history that it returns.

Chapter 6, "Training loop", tells its story.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tqdm import tqdm

from mnist_tutorial._checks import (
    IMAGE_SIZE,
    NUM_CLASSES,
    check_batch_size,
    check_whole_number,
)
from mnist_tutorial._tensorflow import keras, tf
from mnist_tutorial.batching import (
    BATCH_SIZE,
    TEST_BATCH_SIZE,
    TEST_ITERATION_FREQUENCY,
    TRAIN_BATCHES,
    Batch,
)
from mnist_tutorial.data import MnistData
from mnist_tutorial.fast import compile_evaluation, compile_graph, compile_steps, forward_pass
from mnist_tutorial.optimizer import build_optimizer

__all__ = ["History", "train"]

STEPS_PER_CALL = 100
"""At most so many training steps between two movements of the progress bar."""

_Step: TypeAlias = Callable[..., tuple[Any, Any]]
_RunSteps: TypeAlias = Callable[[int, int], tuple[list[float], list[float]]]
_Evaluate: TypeAlias = Callable[[], tuple[float, float]]


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
    validation_frequency: int | None = TEST_ITERATION_FREQUENCY,
    augment: Callable[[Any, Any], Any] | None = None,
    engine: str = "plain",
    progress: bool = True,
) -> History:
    """Train a model on batch after batch, by default as long as the tutorial does.

    The same model, data, seeds, engine and machine give the same weights, bit for bit, on a
    CPU; a GPU adds ``tf.config.experimental.enable_op_determinism()`` to the conditions.

    Parameters
    ----------
    model : keras.Sequential
        Maps float32 [n, 28, 28, 1] to probabilities float32 [n, 10]. Its weights are changed
        in place; it need not be compiled.
    data : MnistData
        Gives the training and the validation batches. The test split is not touched.
    optimizer : keras.optimizers.Optimizer, optional
        By default :func:`mnist_tutorial.build_optimizer`'s: SGD with learning rate 0.15. One
        that averages the weights (``use_ema``) leaves the averages in the model.
    batches : int, default 100
        Training steps.
    batch_size : int, default 64
        Examples a step.
    validation_batch_size : int, default 1000
        Examples an evaluation.
    validation_frequency : int or None, default 5
        Training steps from one evaluation to the next; None for no evaluation.
    augment : callable, optional
        Changes the images of each training batch: takes them, float32 [n, 28, 28, 1] in
        0..1, and an int32 [2] seed that no other step has, both TensorFlow tensors; returns
        the new images.
    engine : "plain" or "fast", default "plain"
        "plain" calls one compiled step after another. "fast" runs many steps in one call and
        regroups the convolutions; losses and weights differ from "plain"'s by rounding.
        A model that is no ``keras.Sequential`` is trained by "plain", with a warning.
    progress : bool, default True
        Show a progress bar when training takes longer than a second.

    Returns
    -------
    History

    Raises
    ------
    TypeError, ValueError
        If the model has other input or output shapes, a number is no whole number, below
        1, or larger than its split, or there is no such engine.

    Examples
    --------
    >>> from mnist_tutorial import MnistData, build_model
    >>> train(build_model(), MnistData(), batches=5, batch_size=8)
    History(5 batches, 1 evaluations)
    """
    _check_model(model)
    batches = check_whole_number("batches", batches, minimum=1)
    if validation_frequency is None:
        validation_frequency = batches + 1
    validation_frequency = check_whole_number(
        "validation_frequency", validation_frequency, minimum=1
    )
    batch_size = check_batch_size("batch_size", batch_size, len(data.train_images))
    validation_batch_size = check_batch_size(
        "validation_batch_size", validation_batch_size, len(data.validation_images)
    )
    if engine not in ("plain", "fast"):
        raise ValueError(f"engine must be 'plain' or 'fast'; got {engine!r}")
    if optimizer is None:
        optimizer = build_optimizer()
    if not isinstance(optimizer, keras.optimizers.Optimizer):
        raise TypeError(f"optimizer must be a Keras optimizer; got {optimizer!r}")
    if engine == "fast" and not isinstance(model, keras.Sequential):
        warnings.warn(
            f"engine 'fast' takes a keras.Sequential; got {type(model).__name__}: "
            "training with engine 'plain'",
            stacklevel=2,
        )
        engine = "plain"
    forward, make_engine = (
        (forward_pass(model), _fast_engine) if engine == "fast" else (model, _plain_engine)
    )
    steps_to_compile = _steps(model, forward, optimizer, augment, data.seed)
    run_steps, evaluate = make_engine(*steps_to_compile, data, batch_size, validation_batch_size)
    result = History()
    # Said only to silence it: else the environment variable TQDM_DISABLE decides.
    silent: dict[str, Any] = {} if progress else {"disable": True}
    with tqdm(total=batches, desc="training", unit="batch", delay=1, **silent) as bar:
        done = 0
        while done < batches:
            until_evaluation = validation_frequency - done % validation_frequency
            steps = min(until_evaluation, batches - done, STEPS_PER_CALL)
            losses, accuracies = run_steps(done, steps)
            result.history["loss"] += losses
            result.history["accuracy"] += accuracies
            done += steps
            bar.update(steps)
            if done % validation_frequency == 0:
                loss, accuracy = evaluate()
                result.history["val_loss"].append(loss)
                result.history["val_accuracy"].append(accuracy)
                result.validation_batches.append(done)
    if optimizer.use_ema:
        optimizer.finalize_variable_values(model.trainable_variables)
    return result


def _plain_engine(
    train_step: _Step,
    validation_step: _Step,
    data: MnistData,
    batch_size: int,
    validation_batch_size: int,
) -> tuple[_RunSteps, _Evaluate]:
    """One call of a compiled graph for every training step and every evaluation."""
    specs = [tf.TensorSpec((None, IMAGE_SIZE, IMAGE_SIZE, 1)), tf.TensorSpec((None, NUM_CLASSES))]
    train_graph = compile_graph(train_step, *specs, tf.TensorSpec((), tf.int32))
    validation_graph = compile_graph(validation_step, *specs)

    def run_steps(first: int, steps: int) -> tuple[list[float], list[float]]:
        values = [
            train_graph(*_to_images(data.next_train_batch(batch_size)), tf.constant(first + i))
            for i in range(steps)
        ]
        losses, accuracies = zip(*values, strict=True)
        return [float(loss) for loss in losses], [float(accuracy) for accuracy in accuracies]

    def evaluate() -> tuple[float, float]:
        batch = data.next_validation_batch(validation_batch_size)
        loss, accuracy = validation_graph(*_to_images(batch))
        return float(loss), float(accuracy)

    return run_steps, evaluate


def _fast_engine(
    train_step: _Step,
    validation_step: _Step,
    data: MnistData,
    batch_size: int,
    validation_batch_size: int,
) -> tuple[_RunSteps, _Evaluate]:
    """One call for many training steps, with the images inside the graph."""
    train_graph = compile_steps(train_step, data.train_images, data.train_labels, batch_size)
    validation_graph = compile_evaluation(
        validation_step, data.validation_images, data.validation_labels, validation_batch_size
    )

    def run_steps(first: int, steps: int) -> tuple[list[float], list[float]]:
        return train_graph(
            [data.train_sampler.next_indices(batch_size) for _ in range(steps)], first
        )

    def evaluate() -> tuple[float, float]:
        return validation_graph(data.validation_sampler.next_indices(validation_batch_size))

    return run_steps, evaluate


def _steps(
    model: keras.Model,
    forward: Callable[..., Any],
    optimizer: keras.optimizers.Optimizer,
    augment: Callable[[Any, Any], Any] | None,
    seed: int,
) -> tuple[_Step, _Step]:
    """Return a training step and a validation step, as Python functions to be compiled."""
    weights = model.trainable_variables
    optimizer.build(weights)

    def train_step(xs: Any, labels: Any, number: Any) -> tuple[Any, Any]:
        if augment is not None:
            xs = augment(xs, tf.stack([tf.constant(seed), number]))
        with tf.GradientTape() as tape:
            probabilities = forward(xs, training=True)
            loss = _mean_loss(labels, probabilities)
        optimizer.apply(tape.gradient(loss, weights), weights)
        return loss, _mean_accuracy(labels, probabilities)

    def validation_step(xs: Any, labels: Any) -> tuple[Any, Any]:
        probabilities = forward(xs, training=False)
        return _mean_loss(labels, probabilities), _mean_accuracy(labels, probabilities)

    return train_step, validation_step


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
