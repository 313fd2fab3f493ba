"""The fast engine: many training steps in one call of a compiled graph.

``train(..., engine="fast")`` uses it. The images stay bytes until they are in the graph,
convolutions are regrouped into shapes that a CPU multiplies faster, and parts of a batch may
be computed side by side. Chapter "Faster" tells its story.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from mnist_tutorial._checks import IMAGE_SIZE, NUM_CLASSES, describe
from mnist_tutorial._tensorflow import keras, operation_threads, tf

__all__ = ["column_blocks", "regroup_kernel", "regrouped_convolution"]

CHANNELS_OF_A_BLOCK = 8
"""Input channels from which a convolution is left as it is."""

IMAGES_OF_A_PART = 32
"""A batch is not divided into parts of fewer images."""


def column_blocks(width: int, channels: int, kernel_width: int) -> int:
    """Return how many neighbouring columns of an image to treat as one.

    Parameters
    ----------
    width, channels : int
        Of the images that are convolved.
    kernel_width : int
        Columns of a kernel.

    Returns
    -------
    int
        4, 2 or 1: the most for which a block has at most 8 channels and the outputs of
        whole blocks are exactly those of the plain convolution.

    Examples
    --------
    >>> column_blocks(width=28, channels=1, kernel_width=5)
    4
    >>> column_blocks(width=12, channels=8, kernel_width=5)
    1
    """
    for block in (4, 2):
        inside = width // block - _blocks_of_kernel(kernel_width, block) + 1
        fits = width % block == 0 and inside * block == width - kernel_width + 1
        if fits and block * channels <= CHANNELS_OF_A_BLOCK:
            return block
    return 1


def regroup_kernel(kernel: Any, block: int) -> Any:
    """Rearrange a kernel for images whose columns have been grouped in blocks.

    The new kernel holds the old one ``block`` times, each time shifted by one column: one
    position of it computes ``block`` neighbouring outputs at once.

    Parameters
    ----------
    kernel : float32 [kernel_height, kernel_width, channels, filters]
        Array or tensor.
    block : int
        Columns in a block, at least 1.

    Returns
    -------
    tf.Tensor
        float32 [kernel_height, blocks, block * channels, block * filters], where ``blocks``
        is the number of blocks that cover ``kernel_width + block - 1`` columns.

    Raises
    ------
    ValueError
        If ``kernel`` has not four axes.

    Examples
    --------
    >>> import numpy as np
    >>> kernel = np.array([1.0, 2.0, 3.0], np.float32).reshape(1, 3, 1, 1)
    >>> regroup_kernel(kernel, 2).numpy()[0].reshape(4, 2)  # a row for each input column
    array([[1., 0.],
           [2., 1.],
           [3., 2.],
           [0., 3.]], dtype=float32)
    """
    if len(kernel.shape) != 4:
        raise ValueError(
            "kernel must be [kernel_height, kernel_width, channels, filters]; "
            f"got {describe(np.asarray(kernel))}"
        )
    height, width, channels, filters = kernel.shape
    blocks = _blocks_of_kernel(width, block)
    spare = blocks * block - width
    shifted = [tf.pad(kernel, [[0, 0], [i, spare - i], [0, 0], [0, 0]]) for i in range(block)]
    return tf.reshape(
        tf.stack(shifted, axis=3), [height, blocks, block * channels, block * filters]
    )


def regrouped_convolution(images: Any, kernel: Any) -> Any:
    """Convolve with stride 1 and no padding, in blocks of columns.

    The same function as ``tf.nn.conv2d(images, kernel, 1, "VALID")`` up to rounding. Grouping
    columns moves no number in memory: neighbouring columns of one channel and neighbouring
    channels of one column lie in the same order.

    Parameters
    ----------
    images : float32 [n, height, width, channels]
    kernel : float32 [kernel_height, kernel_width, channels, filters]

    Returns
    -------
    tf.Tensor
        float32 [n, height - kernel_height + 1, width - kernel_width + 1, filters]

    Examples
    --------
    >>> import numpy as np
    >>> images, kernel = np.ones((1, 28, 28, 1), "f"), np.ones((5, 5, 1, 8), "f")
    >>> maps = regrouped_convolution(images, kernel)
    >>> tuple(maps.shape), float(maps[0, 0, 0, 0])
    ((1, 24, 24, 8), 25.0)
    """
    height, width, channels = images.shape[1:]
    kernel_height, kernel_width, _, filters = kernel.shape
    block = column_blocks(width, channels, kernel_width)
    if block == 1:
        return tf.nn.conv2d(images, kernel, 1, "VALID")
    grouped = tf.reshape(images, [-1, height, width // block, block * channels])
    maps = tf.nn.conv2d(grouped, regroup_kernel(kernel, block), 1, "VALID")
    return tf.reshape(maps, [-1, height - kernel_height + 1, width - kernel_width + 1, filters])


def forward_pass(model: keras.Sequential) -> Callable[..., Any]:
    """Return a function that computes what ``model`` computes, with regrouped convolutions.

    The weights remain the model's own. Layers that are no plain convolution are called as
    they are. Parts of a batch are independent of each other, so that they may be computed at
    the same time, and their gradients, too.
    """
    most_parts = _most_parts(model)
    steps: list[Callable[..., Any]] = []
    layers = list(model.layers)
    while layers:
        layer = layers.pop(0)
        if not _is_plain_convolution(layer):
            steps.append(layer)
            continue
        # The largest of four and then the bias and the relu, instead of the bias and the relu
        # on all four: the same value, with a quarter of the work.
        pool = layers.pop(0) if layers and _is_plain_pooling(layers[0]) else None
        steps.append(_convolve_and_pool(layer, pool))

    def forward_part(images: Any, training: bool) -> Any:
        for step in steps:
            images = step(images, training=training)
        return images

    def forward(images: Any, training: bool) -> Any:
        n = images.shape[0]
        parts = max(1, min(most_parts, n // IMAGES_OF_A_PART))
        bounds = [i * n // parts for i in range(parts + 1)]
        outputs = [forward_part(images[a:b], training) for a, b in pairwise(bounds)]
        return tf.concat(outputs, axis=0)

    return forward


def compile_graph(function: Callable[..., tuple[Any, Any]], *inputs: Any) -> Any:
    """Turn a Python function into a TensorFlow graph for inputs of given shapes.

    Traced here and now: TensorFlow would warn of many ``tf.function`` of one name that are
    each called only a few times.
    """
    return tf.function(function, autograph=False).get_concrete_function(*inputs)


def compile_steps(
    step: Callable[[Any, Any, Any], tuple[Any, Any]], batch_size: int
) -> Callable[..., tuple[Any, Any]]:
    """Turn one training step into a graph that runs any number of them.

    Parameters
    ----------
    step : callable
        Takes images, one-hot labels and the step's number, returns loss and accuracy.
    batch_size : int

    Returns
    -------
    callable
        Takes the images uint8 [steps, batch_size, 28, 28] and the labels uint8
        [steps, batch_size] of some batches, and the number of the first step; returns the
        losses and the accuracies of the steps.
    """

    def run(images: Any, labels: Any, first: Any) -> tuple[Any, Any]:
        steps = tf.shape(labels)[0]
        values = [tf.TensorArray(tf.float32, steps) for _ in range(2)]

        def body(i: Any, losses: Any, accuracies: Any) -> tuple[Any, Any, Any]:
            loss, accuracy = step(*_to_floats(images[i], labels[i]), first + i)
            return i + 1, losses.write(i, loss), accuracies.write(i, accuracy)

        # Each step needs the weights of the one before.
        _, losses, accuracies = tf.while_loop(
            lambda i, *_: i < steps, body, (0, *values), parallel_iterations=1
        )
        return losses.stack(), accuracies.stack()

    compiled: Callable[..., tuple[Any, Any]] = compile_graph(
        run,
        tf.TensorSpec((None, batch_size, IMAGE_SIZE, IMAGE_SIZE), tf.uint8),
        tf.TensorSpec((None, batch_size), tf.uint8),
        tf.TensorSpec((), tf.int32),
    )
    return compiled


def compile_evaluation(
    step: Callable[[Any, Any], tuple[Any, Any]], batch_size: int
) -> Callable[..., tuple[Any, Any]]:
    """Turn an evaluation into a graph that takes uint8 [n, 28, 28] and labels uint8 [n]."""
    compiled: Callable[..., tuple[Any, Any]] = compile_graph(
        lambda images, labels: step(*_to_floats(images, labels)),
        tf.TensorSpec((batch_size, IMAGE_SIZE, IMAGE_SIZE), tf.uint8),
        tf.TensorSpec((batch_size,), tf.uint8),
    )
    return compiled


def _to_floats(images: Any, labels: Any) -> tuple[Any, Any]:
    """Return images [n, 28, 28, 1] in 0..1 and one-hot labels [n, 10]."""
    xs = tf.cast(images, tf.float32) / 255.0
    return xs[..., None], tf.one_hot(labels, NUM_CLASSES)


def _most_parts(model: keras.Sequential) -> int:
    """Return into how many parts a batch may be divided, to be computed side by side.

    More than one if TensorFlow has been told to use one thread for an operation, but runs
    several operations at once; and if each layer treats every image by itself. Batch
    normalisation, for one, does not.
    """
    threads, operations = operation_threads()
    layers = keras.layers
    by_itself = (layers.Conv2D, layers.MaxPooling2D, layers.Flatten, layers.Dense)
    divisible = all(type(layer) in by_itself for layer in model.layers)
    gpus = tf.config.list_physical_devices("GPU")
    return operations if threads == 1 and divisible and not gpus else 1


def _convolve_and_pool(layer: Any, pool: Any) -> Callable[..., Any]:
    def step(images: Any, training: bool) -> Any:
        maps = regrouped_convolution(images, layer.kernel)
        if pool is not None:
            maps = tf.nn.max_pool2d(maps, pool.pool_size, pool.strides, "VALID")
        return layer.activation(tf.nn.bias_add(maps, layer.bias) if layer.use_bias else maps)

    return step


def _is_plain_convolution(layer: Any) -> bool:
    # The activation must not decrease, or it could not change places with the maximum.
    return (
        type(layer) is keras.layers.Conv2D
        and layer.strides == (1, 1)
        and layer.dilation_rate == (1, 1)
        and layer.groups == 1
        and layer.padding == "valid"
        and layer.data_format == "channels_last"
        and layer.activation in (keras.activations.relu, keras.activations.linear)
    )


def _is_plain_pooling(layer: Any) -> bool:
    return (
        type(layer) is keras.layers.MaxPooling2D
        and layer.padding == "valid"
        and layer.data_format == "channels_last"
    )


def _blocks_of_kernel(kernel_width: int, block: int) -> int:
    return -(-(kernel_width + block - 1) // block)
