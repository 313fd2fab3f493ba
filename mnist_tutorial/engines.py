"""The two engines of :func:`mnist_tutorial.train`: how its steps are compiled and run.

Chapter 6, "Training loop", builds the plain one; chapter "Faster" tells of the other.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeAlias

from mnist_tutorial._checks import IMAGE_SIZE, NUM_CLASSES
from mnist_tutorial._tensorflow import context, keras, tf
from mnist_tutorial.batching import Batch
from mnist_tutorial.data import MnistData
from mnist_tutorial.fast import compile_evaluation, compile_graph, compile_steps, forward_pass
from mnist_tutorial.optimizer import build_optimizer

Augment: TypeAlias = Callable[[Any, Any], Any]
RunSteps: TypeAlias = Callable[[int, int], tuple[list[float], list[float]]]
Evaluate: TypeAlias = Callable[[], tuple[float, float]]


class Engine:
    """The compiled steps and evaluations of a model and an optimizer, for batches of one size."""

    def __init__(
        self,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        augment: Augment | None,
        seed: int,
        batch_size: int,
        validation_batch_size: int,
    ) -> None:
        self.forward: Callable[..., Any] = model
        self.weights = model.trainable_variables
        self.optimizer = optimizer
        self.augment = augment
        self.seed = seed
        self.batch_size = batch_size
        self.validation_batch_size = validation_batch_size
        optimizer.build(self.weights)

    def train_step(self, xs: Any, labels: Any, number: Any) -> tuple[Any, Any]:
        """Change the weights; return loss and accuracy before the change."""
        if self.augment is not None:
            xs = self.augment(xs, tf.stack([tf.constant(self.seed), number]))
        with tf.GradientTape() as tape:
            probabilities = self.forward(xs, training=True)
            loss = _mean_loss(labels, probabilities)
        gradients = tape.gradient(loss, self.weights)
        # Where Keras would otherwise add up gradients of several devices, TensorFlow keeps each
        # graph for good (tensorflow/tensorflow issue 97697).
        tf.distribute.get_replica_context().merge_call(
            lambda _: self.optimizer.apply(gradients, self.weights)
        )
        return loss, _mean_accuracy(labels, probabilities)

    def validation_step(self, xs: Any, labels: Any) -> tuple[Any, Any]:
        """Return loss and accuracy."""
        probabilities = self.forward(xs, training=False)
        return _mean_loss(labels, probabilities), _mean_accuracy(labels, probabilities)


class PlainEngine(Engine):
    """One call of a compiled graph for every training step and every evaluation."""

    @cached_property
    def train_graph(self) -> Any:
        """The training step, compiled when first needed."""
        specs = [*_batch_specs(self.batch_size), tf.TensorSpec((), tf.int32)]
        return compile_graph(self.train_step, *specs)

    @cached_property
    def validation_graph(self) -> Any:
        """The evaluation, compiled when first needed."""
        return compile_graph(self.validation_step, *_batch_specs(self.validation_batch_size))

    def on(self, data: MnistData) -> tuple[RunSteps, Evaluate]:
        """Return what runs a number of steps, and what evaluates, on the data's next batches."""

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
            batch = data.next_validation_batch(self.validation_batch_size)
            loss, accuracy = self.validation_graph(*_to_images(batch))
            return float(loss), float(accuracy)

        return run_steps, evaluate


class FastEngine(Engine):
    """One call for many training steps."""

    def __init__(self, model: keras.Sequential, *arguments: Any) -> None:
        super().__init__(model, *arguments)
        self.forward = forward_pass(model)

    @cached_property
    def train_graph(self) -> Any:
        """The training step, compiled when first needed."""
        return compile_steps(self.train_step, self.batch_size)

    @cached_property
    def validation_graph(self) -> Any:
        """The evaluation, compiled when first needed."""
        return compile_evaluation(self.validation_step, self.validation_batch_size)

    def on(self, data: MnistData) -> tuple[RunSteps, Evaluate]:
        """Return what runs a number of steps, and what evaluates, on the data's next batches."""

        def run_steps(first: int, steps: int) -> tuple[list[float], list[float]]:
            indices = [data.train_sampler.next_indices(self.batch_size) for _ in range(steps)]
            images, labels = data.train_images[indices], data.train_labels[indices]
            losses, accuracies = self.train_graph(
                tf.constant(images), tf.constant(labels), tf.constant(first)
            )
            return losses.numpy().tolist(), accuracies.numpy().tolist()

        def evaluate() -> tuple[float, float]:
            indices = data.validation_sampler.next_indices(self.validation_batch_size)
            images, labels = data.validation_images[indices], data.validation_labels[indices]
            loss, accuracy = self.validation_graph(tf.constant(images), tf.constant(labels))
            return float(loss), float(accuracy)

        return run_steps, evaluate


def engine_for(
    name: str,
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer | None,
    augment: Augment | None,
    seed: int,
    batch_size: int,
    validation_batch_size: int,
) -> PlainEngine | FastEngine:
    """Return the engine that the model keeps from its last training, or a new one.

    Compiling takes as long as dozens of steps.
    """
    # Settings are compared as well as objects: they are constants in the graphs.
    key = (
        (name, optimizer, augment, seed, batch_size, validation_batch_size),
        tuple(id(variable) for variable in model.trainable_variables),
        repr([part.get_config() for part in (model, optimizer) if part is not None]),
    )
    kept = getattr(model, "_mnist_tutorial_engine", None)
    if kept is None or kept[0] != key:
        # TensorFlow keeps what it made of graphs that are gone, 0.4 MB for each model.
        context.context().clear_kernel_cache()
        make = FastEngine if name == "fast" else PlainEngine
        optimizer_used = optimizer or build_optimizer()
        sizes = batch_size, validation_batch_size
        kept = key, make(model, optimizer_used, augment, seed, *sizes)
        model._mnist_tutorial_engine = kept
    elif optimizer is None:
        kept[1].optimizer.iterations.assign(0)
    engine: PlainEngine | FastEngine = kept[1]
    return engine


def _batch_specs(batch_size: int) -> list[Any]:
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
