"""The backward pass of the tutorial's network by hand, in NumPy.

One function for each operation. It takes ``d_outputs``, the gradient of the loss with respect
to the operation's outputs, and returns the gradients with respect to its inputs. The chapter
"From low-level operations" derives them and checks them against TensorFlow's gradient tape.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mnist_tutorial._internal.checks import check, checked
from mnist_tutorial._internal.mnist_form import check_weights, warn_if_outside_unit_range
from mnist_tutorial.layers import convolve, max_pool
from mnist_tutorial.loss import cross_entropy_from_logits, softmax

Array = npt.NDArray[np.floating]


@checked(images="float [n, 28, 28, 1]", labels="float [n, 10] one-hot")
def backpropagate(
    weights: Sequence[Array], images: Array, labels: Array
) -> tuple[float, list[Array]]:
    """Compute the loss of a batch and its gradient with respect to every weight.

    Runs forward and keeps the input of each operation, then back in reverse order.

    Parameters
    ----------
    weights : sequence of six float arrays
        As in :func:`mnist_tutorial.further.forward`.
    images : float [n, 28, 28, 1]
        Pixels in 0..1.
    labels : float [n, 10]
        One-hot.

    Returns
    -------
    loss : float
        Mean cross-entropy in nats.
    gradients : list of six float arrays
        In the order and the shapes of ``weights``.

    References
    ----------
    D. Rumelhart, G. Hinton and R. Williams, "Learning representations by back-propagating
    errors", Nature 323, 1986.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_tutorial import build_model
    >>> images, labels = np.zeros((2, 28, 28, 1)), np.eye(10)[[0, 1]]
    >>> loss, gradients = backpropagate(build_model().get_weights(), images, labels)
    >>> round(loss, 3), gradients[5].round(1).tolist()  # blank images teach the biases alone
    (2.303, [-0.4, -0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1])
    """
    check_weights("weights", weights)
    warn_if_outside_unit_range("images", images)
    kernel_1, bias_1, kernel_2, bias_2, matrix, bias = weights

    maps_1 = convolve(images, kernel_1, bias_1)
    active_1 = np.maximum(maps_1, 0)
    pooled_1 = max_pool(active_1)
    maps_2 = convolve(pooled_1, kernel_2, bias_2)
    active_2 = np.maximum(maps_2, 0)
    pooled_2 = max_pool(active_2)
    features = pooled_2.reshape(len(images), -1)
    logits = features @ matrix + bias
    loss = float(cross_entropy_from_logits(labels, logits).mean())

    d_logits = softmax_cross_entropy_backward(labels, logits)
    d_features, d_matrix, d_bias = dense_backward(features, matrix, d_logits)
    d_active_2 = max_pool_backward(active_2, d_features.reshape(pooled_2.shape))
    d_maps_2 = relu_backward(maps_2, d_active_2)
    d_pooled_1, d_kernel_2, d_bias_2 = convolve_backward(pooled_1, kernel_2, d_maps_2)
    d_active_1 = max_pool_backward(active_1, d_pooled_1)
    d_maps_1 = relu_backward(maps_1, d_active_1)
    _, d_kernel_1, d_bias_1 = convolve_backward(images, kernel_1, d_maps_1)
    return loss, [d_kernel_1, d_bias_1, d_kernel_2, d_bias_2, d_matrix, d_bias]


@checked(labels="float [n, classes] one-hot", logits="float [n, classes]")
def softmax_cross_entropy_backward(labels: Array, logits: Array) -> Array:
    """Gradient [n, classes] of the mean cross-entropy with respect to the logits.

    Probabilities minus labels, divided by n; each row sums to 0.

    Parameters
    ----------
    labels, logits : float [n, classes]

    Examples
    --------
    >>> import numpy as np
    >>> softmax_cross_entropy_backward(np.array([[0.0, 1.0]]), np.array([[0.0, 0.0]]))
    array([[ 0.5, -0.5]])
    """
    return (softmax(logits) - labels) / len(logits)


@checked(
    inputs="float [n, features]", matrix="float [features, units]", d_outputs="float [n, units]"
)
def dense_backward(inputs: Array, matrix: Array, d_outputs: Array) -> tuple[Array, Array, Array]:
    """Gradients of ``inputs @ matrix + bias`` with respect to inputs, matrix and bias.

    Parameters
    ----------
    inputs : float [n, features]
    matrix : float [features, units]
    d_outputs : float [n, units]

    Examples
    --------
    >>> import numpy as np
    >>> dense_backward(np.array([[3.0]]), np.array([[2.0]]), np.array([[1.0]]))
    (array([[2.]]), array([[3.]]), array([1.]))
    """
    return d_outputs @ matrix.T, inputs.T @ d_outputs, d_outputs.sum(axis=0)


@checked(inputs="float [...]", d_outputs="float [...]")
def relu_backward(inputs: Array, d_outputs: Array) -> Array:
    """Gradient of ``np.maximum(inputs, 0)``: passes where the input was above 0.

    Parameters
    ----------
    inputs, d_outputs : float arrays of one shape

    Examples
    --------
    >>> import numpy as np
    >>> relu_backward(np.array([-1.0, 0.0, 2.0]), np.array([5.0, 6.0, 7.0]))
    array([0., 0., 7.])
    """
    check("d_outputs", d_outputs, f"float {list(inputs.shape)}")
    return d_outputs * (inputs > 0)


@checked(
    maps="float [n, height, width, channels]",
    d_outputs="float [n, rows, columns, channels]",
    size="whole number >= 1",
)
def max_pool_backward(maps: Array, d_outputs: Array, size: int = 2) -> Array:
    """Gradient of :func:`mnist_tutorial.max_pool`: all goes to the largest value of a block.

    Of equal values the first in reading order gets it, as in TensorFlow.

    Parameters
    ----------
    maps : float [n, height, width, channels]
    d_outputs : float [n, height // size, width // size, channels]
    size : int, default 2
        Side of a block.

    Examples
    --------
    >>> import numpy as np
    >>> maps = np.array([[1.0, 9.0], [3.0, 4.0]]).reshape(1, 2, 2, 1)
    >>> max_pool_backward(maps, np.array([[[[5.0]]]]))[0, :, :, 0]
    array([[0., 5.],
           [0., 0.]])
    """
    pooled = max_pool(maps, size)
    check("d_outputs", d_outputs, f"float {list(pooled.shape)}")
    height, width = size * pooled.shape[1], size * pooled.shape[2]
    d_maps = np.zeros(maps.shape, d_outputs.dtype)
    not_found = np.ones(pooled.shape, bool)
    for row, column in np.ndindex(size, size):
        place = np.s_[:, row:height:size, column:width:size]
        largest = not_found & (maps[place] == pooled)
        d_maps[place] = d_outputs * largest
        not_found &= ~largest
    return d_maps


@checked(
    images="float [n, height, width, channels]",
    kernels="float [kernel_height, kernel_width, channels, filters]",
    d_outputs="float [n, rows, columns, filters]",
)
def convolve_backward(
    images: Array, kernels: Array, d_outputs: Array
) -> tuple[Array, Array, Array]:
    """Gradients of :func:`mnist_tutorial.convolve` with respect to images, kernels and bias.

    Each place in the kernel multiplies a shifted part of the images by a matrix, so each
    contributes to the gradient as in :func:`dense_backward`.

    Parameters
    ----------
    images : float [n, height, width, channels]
    kernels : float [kernel_height, kernel_width, channels, filters]
    d_outputs : float [n, height - kernel_height + 1, width - kernel_width + 1, filters]

    Examples
    --------
    >>> import numpy as np
    >>> image, kernel = np.arange(3.0).reshape(1, 1, 3, 1), np.array([5.0, 7.0])
    >>> d_outputs = np.ones((1, 1, 2, 1))
    >>> gradients = convolve_backward(image, kernel.reshape(1, 2, 1, 1), d_outputs)
    >>> [gradient.ravel().tolist() for gradient in gradients]
    [[5.0, 12.0, 7.0], [1.0, 3.0], [2.0]]
    """
    rows, columns, _, filters = kernels.shape
    height, width = images.shape[1] - rows + 1, images.shape[2] - columns + 1
    check("d_outputs", d_outputs, f"float [{len(images)}, {height}, {width}, {filters}]")
    d_images = np.zeros(images.shape, d_outputs.dtype)
    d_kernels = np.zeros(kernels.shape, d_outputs.dtype)
    for row, column in np.ndindex(rows, columns):
        seen = np.s_[:, row : row + height, column : column + width]
        d_images[seen] += d_outputs @ kernels[row, column].T
        d_kernels[row, column] = np.tensordot(images[seen], d_outputs, axes=([0, 1, 2],) * 2)
    return d_images, d_kernels, d_outputs.sum(axis=(0, 1, 2))
