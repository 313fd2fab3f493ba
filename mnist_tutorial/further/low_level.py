"""The tutorial's network and its training in TensorFlow's operations: no layers, no optimizer.

Read the chapter "From low-level operations". The backward pass, which the gradient tape does
here, is written out in ``backward.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mnist_tutorial._internal.checks import check, checked
from mnist_tutorial._internal.mnist_form import (
    IMAGE_SIZE,
    check_data,
    check_weights,
    warn_if_outside_unit_range,
)
from mnist_tutorial._internal.tensorflow import tf
from mnist_tutorial.batching import BATCH_SIZE, TRAIN_BATCHES
from mnist_tutorial.data import MnistData
from mnist_tutorial.optimizer import LEARNING_RATE

__all__ = ["forward", "mean_cross_entropy", "train_low_level"]


def forward(weights: Sequence[Any], images: Any) -> Any:
    """Compute the network's logits with operations alone.

    The same function as the model of :func:`mnist_tutorial.build_model`, up to the softmax.

    Parameters
    ----------
    weights : sequence of six float32 tensors, variables or arrays
        Kernel [5, 5, 1, 8] and bias [8] of the first convolution, kernel [5, 5, 8, 16] and
        bias [16] of the second, matrix [256, 10] and bias [10] of the dense layer: the order
        of Keras's ``get_weights``.
    images : float32 [n, 28, 28, 1]
        Pixels in 0..1.

    Returns
    -------
    tf.Tensor, float32 [n, 10]
        Any values; their softmax is the probabilities of the ten digits.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_tutorial import build_model
    >>> logits = forward(build_model().get_weights(), np.zeros((3, 28, 28, 1), np.float32))
    >>> logits.shape
    TensorShape([3, 10])
    """
    _check_inputs(weights, images)
    kernel_1, bias_1, kernel_2, bias_2, matrix, bias = weights
    maps = tf.nn.bias_add(tf.nn.conv2d(images, kernel_1, strides=1, padding="VALID"), bias_1)
    maps = tf.nn.max_pool2d(tf.nn.relu(maps), ksize=2, strides=2, padding="VALID")
    maps = tf.nn.bias_add(tf.nn.conv2d(maps, kernel_2, strides=1, padding="VALID"), bias_2)
    maps = tf.nn.max_pool2d(tf.nn.relu(maps), ksize=2, strides=2, padding="VALID")
    features = tf.reshape(maps, [-1, matrix.shape[0]])
    return tf.nn.bias_add(tf.matmul(features, matrix), bias)


def mean_cross_entropy(labels: Any, logits: Any) -> Any:
    """Mean cross-entropy of a batch, from the logits.

    Parameters
    ----------
    labels : float32 [n, classes]
        One-hot.
    logits : float32 [n, classes]

    Returns
    -------
    tf.Tensor, float32 []
        In nats, 0 or above.

    Examples
    --------
    >>> import numpy as np
    >>> round(float(mean_cross_entropy(np.eye(10), np.zeros((10, 10)))), 3)  # ln 10
    2.303
    """
    if _have_values(labels, logits):
        sizes: dict[str, int] = {}
        arrays = (
            check("labels", labels, "float [n, classes] one-hot", sizes),
            check("logits", logits, "float [n, classes]", sizes),
        )
        # A tensor stays one: the gradient tape does not see what becomes of an array.
        labels, logits = (
            given if tf.is_tensor(given) else array
            for given, array in zip((labels, logits), arrays, strict=True)
        )
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels, logits))


@checked(batches="whole number >= 1")
def train_low_level(
    variables: Sequence[Any],
    data: MnistData,
    *,
    batches: int = TRAIN_BATCHES,
    batch_size: int = BATCH_SIZE,
) -> list[float]:
    """Train with a gradient tape and the update of gradient descent written out.

    Takes the steps of :func:`mnist_tutorial.train` with its default optimizer: from the same
    start and on the same batches, its losses are the same.

    Parameters
    ----------
    variables : sequence of six tf.Variable, float32
        In the order of :func:`forward`; changed in place.
    data : MnistData
        Gives the training batches.
    batches : int, default 100
        Training steps.
    batch_size : int, default 64
        Examples per step.

    Returns
    -------
    list of float
        The loss of each batch in nats, taken before the batch changed the weights.

    Examples
    --------
    >>> import tensorflow as tf
    >>> from mnist_tutorial import MnistData, build_model
    >>> variables = [tf.Variable(array) for array in build_model().get_weights()]
    >>> len(train_low_level(variables, MnistData(), batches=3, batch_size=8))
    3
    """
    check_data(data)
    check_weights("variables", variables)
    if not all(isinstance(variable, tf.Variable) for variable in variables):
        raise TypeError(f"variables must be tf.Variable; got {type(variables[0]).__name__}")

    @tf.function(autograph=False)
    def train_step(images: Any, labels: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = mean_cross_entropy(labels, forward(variables, images))
        gradients = tape.gradient(loss, variables)
        for variable, gradient in zip(variables, gradients, strict=True):
            variable.assign_sub(LEARNING_RATE * gradient)
        return loss

    losses = []
    for _ in range(batches):
        xs, labels = data.next_train_batch(batch_size)
        images = xs.reshape(-1, IMAGE_SIZE, IMAGE_SIZE, 1)
        losses.append(float(train_step(images, labels)))
    return losses


def _check_inputs(weights: Sequence[Any], images: Any) -> None:
    """Check arrays and eager tensors; inside a graph, tensors have no values yet."""
    if isinstance(weights, list | tuple) and not _have_values(images, *weights):
        return
    check_weights("weights", weights)
    values = check("images", images, "float [n, 28, 28, 1]")
    warn_if_outside_unit_range("images", values)
    if len({tf.as_dtype(array.dtype) for array in (*weights, images)}) > 1:
        raise ValueError(
            f"images must be {tf.as_dtype(weights[0].dtype).name} like the weights; "
            f"got {tf.as_dtype(images.dtype).name}"
        )


def _have_values(*arrays: Any) -> bool:
    return bool(tf.executing_eagerly()) or not any(tf.is_tensor(array) for array in arrays)
