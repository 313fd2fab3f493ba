"""The network: two convolutions, two poolings and a dense layer. Read chapter 2, "Layers".

The builders return a plain ``keras.Sequential``. :func:`mnist_tutorial.convolve` and
:func:`mnist_tutorial.max_pool` do the arithmetic of its layers in NumPy.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mnist_tutorial._internal.checks import checked
from mnist_tutorial._internal.errors import describe
from mnist_tutorial._internal.mnist_form import IMAGE_SIZE, NUM_CLASSES
from mnist_tutorial._internal.tensorflow import keras

__all__ = ["build_dense_model", "build_model", "convolve", "max_pool"]


@checked(seed="seed", classes="whole number >= 2")
def build_model(*, seed: int = 0, classes: int = NUM_CLASSES) -> keras.Sequential:
    """Build the tutorial's convolutional network, with 5,994 parameters.

    Parameters
    ----------
    seed : int, default 0
        Fixes the initial weights, which are drawn with a variance of one over the number of
        inputs that a value is computed from (Keras's ``VarianceScaling``).
    classes : int, default 10
        The number of probabilities that the network returns.

    Returns
    -------
    keras.Sequential
        Not compiled. Input: float32 [n, 28, 28, 1] in 0..1. Output: float32 [n, 10],
        probabilities of the ten digits.

    References
    ----------
    Y. LeCun, L. Bottou, G. Orr and K.-R. Müller, "Efficient BackProp", in Neural Networks:
    Tricks of the Trade, Springer, 1998, section 4.6.

    Examples
    --------
    >>> model = build_model()
    >>> model.count_params(), model.output_shape
    (5994, (None, 10))
    """
    initializers = _initializers(seed, 3)
    return keras.Sequential(
        [
            keras.Input((IMAGE_SIZE, IMAGE_SIZE, 1)),
            keras.layers.Conv2D(
                filters=8,
                kernel_size=5,
                strides=1,
                activation="relu",
                kernel_initializer=initializers[0],
            ),
            keras.layers.MaxPooling2D(pool_size=2, strides=2),
            keras.layers.Conv2D(
                filters=16,
                kernel_size=5,
                strides=1,
                activation="relu",
                kernel_initializer=initializers[1],
            ),
            keras.layers.MaxPooling2D(pool_size=2, strides=2),
            keras.layers.Flatten(),
            keras.layers.Dense(
                units=classes,
                activation="softmax",
                kernel_initializer=initializers[2],
            ),
        ]
    )


@checked(seed="seed", classes="whole number >= 2")
def build_dense_model(*, seed: int = 0, classes: int = NUM_CLASSES) -> keras.Sequential:
    """Build a network without convolutions: 42 hidden units, 33,400 parameters.

    Parameters
    ----------
    seed : int, default 0
        Fixes the initial weights.
    classes : int, default 10

    Returns
    -------
    keras.Sequential
        Input and output as in :func:`build_model`.

    Examples
    --------
    >>> build_dense_model().count_params()
    33400
    """
    initializers = _initializers(seed, 2)
    return keras.Sequential(
        [
            keras.Input((IMAGE_SIZE, IMAGE_SIZE, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(units=42, activation="relu", kernel_initializer=initializers[0]),
            keras.layers.Dense(
                units=classes,
                activation="softmax",
                kernel_initializer=initializers[1],
            ),
        ]
    )


@checked(
    images="float [n, height, width, channels]",
    kernels="float [kernel_height, kernel_width, channels, filters]",
    bias="float [filters]",
)
def convolve(
    images: npt.NDArray[np.floating],
    kernels: npt.NDArray[np.floating],
    bias: npt.NDArray[np.floating] | None = None,
) -> npt.NDArray[np.floating]:
    """Slide kernels over images, as ``Conv2D`` does: stride 1, no padding, no flipping.

    Parameters
    ----------
    images : float [n, height, width, channels]
    kernels : float [kernel_height, kernel_width, channels, filters]
        The layout of Keras's ``Conv2D.kernel``.
    bias : float [filters], optional

    Returns
    -------
    float [n, height - kernel_height + 1, width - kernel_width + 1, filters]

    Examples
    --------
    >>> import numpy as np
    >>> image = np.arange(9.0).reshape(1, 3, 3, 1)
    >>> kernel = np.array([[1.0, 0.0], [0.0, -1.0]]).reshape(2, 2, 1, 1)
    >>> convolve(image, kernel)[0, :, :, 0]
    array([[-4., -4.],
           [-4., -4.]])
    """
    if images.shape[1] < kernels.shape[0] or images.shape[2] < kernels.shape[1]:
        raise ValueError(
            f"images must be at least as large as the kernels; got {list(images.shape)} "
            f"and {list(kernels.shape)}"
        )
    window = (1, *kernels.shape[:2], 1)
    windows = np.lib.stride_tricks.sliding_window_view(images, window)[..., 0, :, :, 0]
    maps: npt.NDArray[np.floating] = np.einsum("nyxcij,ijcf->nyxf", windows, kernels, optimize=True)
    return maps if bias is None else maps + bias


@checked(maps="float [n, height, width, channels]", size="whole number >= 1")
def max_pool(maps: npt.NDArray[np.floating], size: int = 2) -> npt.NDArray[np.floating]:
    """Keep the largest value of every ``size`` x ``size`` block.

    Parameters
    ----------
    maps : float [n, height, width, channels]
    size : int, default 2
        Side of a block, and the stride from one block to the next. Rows and columns that
        do not fill a whole block are dropped, as Keras drops them.

    Returns
    -------
    float [n, height // size, width // size, channels]

    Examples
    --------
    >>> import numpy as np
    >>> max_pool(np.arange(16.0).reshape(1, 4, 4, 1))[0, :, :, 0]
    array([[ 5.,  7.],
           [13., 15.]])
    """
    n, height, width, channels = maps.shape
    rows, columns = height // size, width // size
    if rows == 0 or columns == 0:
        raise ValueError(f"maps must be at least {size} high and wide; got {describe(maps)}")
    whole = maps[:, : rows * size, : columns * size]
    blocks = whole.reshape(n, rows, size, columns, size, channels)
    return blocks.max(axis=(2, 4))


def layer_seeds(seed: int, layers: int) -> range:
    """Return a seed for each layer, so that no two networks share weights."""
    return range(layers * seed, layers * (seed + 1))


def _initializers(seed: int, layers: int) -> list[keras.initializers.VarianceScaling]:
    """Return the tutorial's initializer for each layer, with a seed of its own."""
    return [keras.initializers.VarianceScaling(seed=one) for one in layer_seeds(seed, layers)]
