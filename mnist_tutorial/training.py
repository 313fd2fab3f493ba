"""The training loop, and the history that it returns.

Chapter 6, "Training loop", tells its story.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from tqdm import tqdm

from mnist_tutorial._tensorflow import keras, tf
from mnist_tutorial.batching import (
    BATCH_SIZE,
    IMAGE_SIZE,
    NUM_CLASSES,
    TEST_BATCH_SIZE,
    TEST_ITERATION_FREQUENCY,
    TRAIN_BATCHES,
    Batch,
    check_batch_size,
    check_whole_number,
)
from mnist_tutorial.data import MnistData
from mnist_tutorial.fast import compile_evaluation, compile_graph, compile_steps, forward_pass
from mnist_tutorial.optimizer import build_optimizer

__all__ = ["History", "train"]

STEPS_PER_CALL = 100
"""At most so many training steps between two movements of the progress bar."""

_Augment: TypeAlias = Callable[[Any, Any], Any]
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
    if optimizer is not None and not isinstance(optimizer, keras.optimizers.Optimizer):
        raise TypeError(f"optimizer must be a Keras optimizer; got {optimizer!r}")
    if engine == "fast" and not isinstance(model, keras.Sequential):
        warnings.warn(
            f"engine 'fast' takes a keras.Sequential; got {type(model).__name__}: "
            "training with engine 'plain'",
            stacklevel=2,
        )
        engine = "plain"
    compiled = _compile(engine, model, optimizer, augment, data.seed, batch_size)
    run_steps, evaluate = compiled.on(data, validation_batch_size)
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
    if compiled.optimizer.use_ema:
        compiled.optimizer.finalize_variable_values(model.trainable_variables)
    return result


class _Engine:
    """The compiled steps of a model and an optimizer, for batches of one size."""

    def __init__(
        self,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        augment: _Augment | None,
        seed: int,
        batch_size: int,
    ) -> None:
        self.forward: Callable[..., Any] = model
        self.weights = model.trainable_variables
        self.optimizer = optimizer
        self.augment = augment
        self.seed = seed
        self.batch_size = batch_size
        optimizer.build(self.weights)

    def train_step(self, xs: Any, labels: Any, number: Any) -> tuple[Any, Any]:
        if self.augment is not None:
            xs = self.augment(xs, tf.stack([tf.constant(self.seed), number]))
        with tf.GradientTape() as tape:
            probabilities = self.forward(xs, training=True)
            loss = _mean_loss(labels, probabilities)
        self.optimizer.apply(tape.gradient(loss, self.weights), self.weights)
        return loss, _mean_accuracy(labels, probabilities)

    def validation_step(self, xs: Any, labels: Any) -> tuple[Any, Any]:
        probabilities = self.forward(xs, training=False)
        return _mean_loss(labels, probabilities), _mean_accuracy(labels, probabilities)


class _PlainEngine(_Engine):
    """One call of a compiled graph for every training step and every evaluation."""

    @cached_property
    def train_graph(self) -> Any:
        specs = [*_batch_specs(self.batch_size), tf.TensorSpec((), tf.int32)]
        return compile_graph(self.train_step, *specs)

    @cached_property
    def validation_graph(self) -> Any:
        return compile_graph(self.validation_step, *_batch_specs(None))

    def on(self, data: MnistData, validation_batch_size: int) -> tuple[_RunSteps, _Evaluate]:
        def run_steps(first: int, steps: int) -> tuple[list[float], list[float]]:
            values = [
                self.train_graph(
                    *_to_images(data.next_train_batch(self.batch_size)), tf.constant(first + i)
                )
                for i in range(steps)
            ]
            losses, accuracies = zip(*values, strict=True)
            return [float(loss) for loss in losses], [float(value) for value in accuracies]

        def evaluate() -> tuple[float, float]:
            batch = data.next_validation_batch(validation_batch_size)
            loss, accuracy = self.validation_graph(*_to_images(batch))
            return float(loss), float(accuracy)

        return run_steps, evaluate


class _FastEngine(_Engine):
    """One call for many training steps, with the images inside the graph."""

    def __init__(self, model: keras.Sequential, *arguments: Any) -> None:
        super().__init__(model, *arguments)
        self.forward = forward_pass(model)

    @cached_property
    def train_graph(self) -> Any:
        return compile_steps(self.train_step, self.batch_size)

    @cached_property
    def validation_graph(self) -> Any:
        return compile_evaluation(self.validation_step)

    def on(self, data: MnistData, validation_batch_size: int) -> tuple[_RunSteps, _Evaluate]:
        train_split = tf.constant(data.train_images), tf.constant(data.train_labels)
        validation_split = tf.constant(data.validation_images), tf.constant(data.validation_labels)

        def run_steps(first: int, steps: int) -> tuple[list[float], list[float]]:
            indices = [data.train_sampler.next_indices(self.batch_size) for _ in range(steps)]
            losses, accuracies = self.train_graph(
                *train_split, tf.constant(indices, tf.int32), tf.constant(first)
            )
            return losses.numpy().tolist(), accuracies.numpy().tolist()

        def evaluate() -> tuple[float, float]:
            indices = data.validation_sampler.next_indices(validation_batch_size)
            loss, accuracy = self.validation_graph(
                *validation_split, tf.constant(indices, tf.int32)
            )
            return float(loss), float(accuracy)

        return run_steps, evaluate


def _compile(
    engine: str,
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer | None,
    augment: _Augment | None,
    seed: int,
    batch_size: int,
) -> _PlainEngine | _FastEngine:
    """Return the engine that the model keeps from its last training, or a new one.

    Compiling takes as long as dozens of steps.
    """
    # Settings are compared as well as objects: they are constants in the graphs.
    key = (
        (engine, optimizer, augment, seed, batch_size),
        tuple(id(variable) for variable in model.trainable_variables),
        repr([part.get_config() for part in (model, optimizer) if part is not None]),
    )
    kept = getattr(model, "_mnist_tutorial_engine", None)
    if kept is None or kept[0] != key:
        make = _FastEngine if engine == "fast" else _PlainEngine
        kept = key, make(model, optimizer or build_optimizer(), augment, seed, batch_size)
        model._mnist_tutorial_engine = kept
    elif optimizer is None:
        kept[1].optimizer.iterations.assign(0)
    compiled: _PlainEngine | _FastEngine = kept[1]
    return compiled


def _batch_specs(batch_size: int | None) -> list[Any]:
    return [
        tf.TensorSpec((batch_size, IMAGE_SIZE, IMAGE_SIZE, 1)),
        tf.TensorSpec((batch_size, NUM_CLASSES)),
    ]


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
