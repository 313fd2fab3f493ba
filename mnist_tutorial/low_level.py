"""The tutorial's network and its training in TensorFlow's operations: no layers, no optimizer.

Chapter "From low-level operations" tells its story. The backward pass, which the gradient
tape does here, is written out in ``mnist_tutorial.backward``.
"""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from mnist_tutorial._checks import (
    IMAGE_SIZE,
    check_array,
    check_batch_size,
    check_one_hot,
    check_whole_number,
    describe,
    warn_of_range,
)
from mnist_tutorial._tensorflow import tf
from mnist_tutorial.batching import BATCH_SIZE, TRAIN_BATCHES
from mnist_tutorial.data import MnistData
from mnist_tutorial.optimizer import LEARNING_RATE

__all__ = ["forward", "mean_cross_entropy", "train_low_level"]

WEIGHT_SHAPES = ((5, 5, 1, 8), (8,), (5, 5, 8, 16), (16,), (256, 10), (10,))


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

    Raises
    ------
    ValueError
        If the weights or the images have other shapes, are no floats of one dtype, or are not
        finite.

    Warns
    -----
    UserWarning
        If a pixel lies outside 0..1.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_tutorial import build_model
    >>> logits = forward(build_model().get_weights(), np.zeros((3, 28, 28, 1), np.float32))
    >>> logits.shape
    TensorShape([3, 10])
    """
    check_network_input(weights, images)
    if len({tf.as_dtype(array.dtype) for array in (*weights, images)}) > 1:
        raise ValueError(
            f"images must be {tf.as_dtype(weights[0].dtype).name} like the weights; "
            f"got {tf.as_dtype(images.dtype).name}"
        )
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
        Any finite values.

    Returns
    -------
    tf.Tensor, float32 []
        In nats, 0 or above.

    Raises
    ------
    ValueError
        If the shapes differ, labels are not one-hot, or a logit is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> round(float(mean_cross_entropy(np.eye(10), np.zeros((10, 10)))), 3)  # ln 10
    2.303
    """
    for name, array in (("labels", labels), ("logits", logits)):
        _check_values(name, array, ("n", "classes"))
    if labels.shape != logits.shape:
        raise ValueError(
            "labels and logits must both be [n, classes]; "
            f"got {list(labels.shape)} and {list(logits.shape)}"
        )
    if _is_known(labels):
        check_one_hot("labels", np.asarray(labels))
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels, logits))


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
        Examples a step.

    Returns
    -------
    list of float
        The loss of each batch in nats, taken before the batch changed the weights.

    Raises
    ------
    TypeError, ValueError
        If ``variables`` are no variables or have other shapes, ``data`` is no MnistData, or a
        number is out of range.

    Examples
    --------
    >>> import tensorflow as tf
    >>> from mnist_tutorial import MnistData, build_model
    >>> variables = [tf.Variable(array) for array in build_model().get_weights()]
    >>> len(train_low_level(variables, MnistData(), batches=3, batch_size=8))
    3
    """
    _check_weights("variables", variables)
    for variable in variables:
        if not isinstance(variable, tf.Variable):
            raise TypeError(f"variables must be tf.Variable; got {type(variable).__name__}")
    if not isinstance(data, MnistData):
        raise TypeError(f"data must be an MnistData; got {describe(data)}")
    batches = check_whole_number("batches", batches, minimum=1)
    batch_size = check_batch_size("batch_size", batch_size, len(data.train_images))

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


def check_network_input(weights: Sequence[Any], images: Any) -> None:
    """Raise ValueError unless weights and images have the shapes of the tutorial's network.

    Warn if a pixel lies outside 0..1.
    """
    _check_weights("weights", weights)
    _check_values("images", images, ("n", IMAGE_SIZE, IMAGE_SIZE, 1))
    if _is_known(images):
        warn_of_range("images", np.asarray(images))


def _check_weights(name: str, weights: Sequence[Any]) -> None:
    if not isinstance(weights, Sequence):
        raise TypeError(f"{name} must be a sequence of six arrays; got {describe(weights)}")
    shapes = tuple(tuple(getattr(array, "shape", ())) for array in weights)
    if shapes != WEIGHT_SHAPES:
        raise ValueError(f"{name} must have the shapes {WEIGHT_SHAPES}; got {reprlib.repr(shapes)}")
    for i, (array, shape) in enumerate(zip(weights, shapes, strict=True)):
        _check_values(f"{name}[{i}]", array, shape)


def _check_values(name: str, array: Any, shape: tuple[int | str, ...]) -> None:
    """Check an array or a tensor; of a tensor inside a graph, its type and shape alone."""
    if not _is_known(array):
        sizes = [1 if size is None else size for size in array.shape]
        array = np.broadcast_to(np.zeros((), array.dtype.as_numpy_dtype), sizes)
    check_array(name, np.asarray(array) if tf.is_tensor(array) else array, shape)


def _is_known(array: Any) -> bool:
    """Say whether an array has values yet, as every one outside a graph has."""
    return not tf.is_tensor(array) or bool(tf.executing_eagerly())
