"""The network: two convolutions, two poolings and a dense layer; and a dense one to compare.

Both builders return a plain ``keras.Sequential``. :func:`mnist_tutorial.convolve` and
:func:`mnist_tutorial.max_pool` do the same arithmetic in NumPy, to be read. Chapter 2,
"Layers", tells their story.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mnist_tutorial._checks import (
    IMAGE_SIZE,
    NUM_CLASSES,
    check_array,
    check_whole_number,
    describe,
)
from mnist_tutorial._tensorflow import keras

__all__ = ["build_deep_model", "build_dense_model", "build_model", "convolve", "max_pool"]


def build_model(*, seed: int = 0) -> keras.Sequential:
    """Build the tutorial's convolutional network, with 5,994 parameters.

    Parameters
    ----------
    seed : int, default 0
        Fixes the initial weights, which are drawn with a variance of one over the
        number of inputs of a value (Keras's ``VarianceScaling``).

    Returns
    -------
    keras.Sequential
        Not compiled. Input: float32 [n, 28, 28, 1] in 0..1. Output: float32 [n, 10],
        probabilities of the ten digits.

    Raises
    ------
    TypeError, ValueError
        If ``seed`` is no whole number, is negative or above 2**32 - 1.

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
                units=NUM_CLASSES,
                activation="softmax",
                kernel_initializer=initializers[2],
            ),
        ]
    )


def build_dense_model(*, seed: int = 0) -> keras.Sequential:
    """Build the network without convolutions: 42 hidden units, 33,400 parameters.

    Parameters
    ----------
    seed : int, default 0
        Fixes the initial weights.

    Returns
    -------
    keras.Sequential
        Input and output as in :func:`build_model`.

    Raises
    ------
    TypeError, ValueError
        If ``seed`` is no whole number, is negative or above 2**32 - 1.

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
                units=NUM_CLASSES,
                activation="softmax",
                kernel_initializer=initializers[1],
            ),
        ]
    )


def build_deep_model(*, seed: int = 0) -> keras.Sequential:
    """Build a deeper network of small kernels, with fewer parameters than the tutorial's: 5,880.

    Four convolutions without bias, each followed by batch normalisation and a relu; the mean
    of each of the last 13 feature maps goes to the dense layer.

    Parameters
    ----------
    seed : int, default 0
        Fixes the initial weights.

    Returns
    -------
    keras.Sequential
        Input and output as in :func:`build_model`.

    Raises
    ------
    TypeError, ValueError
        If ``seed`` is no whole number, is negative or above 2**32 - 1.

    References
    ----------
    S. Ioffe and C. Szegedy, "Batch normalization: accelerating deep network training by
    reducing internal covariate shift", ICML, 2015. M. Lin, Q. Chen and S. Yan, "Network in
    network", ICLR, 2014 (the mean of each feature map).

    Examples
    --------
    >>> build_deep_model().count_params()
    5880
    """
    seeds = iter(_seeds(seed, 5))

    def convolution(filters: int, kernel_size: int) -> list[keras.layers.Layer]:
        return [
            keras.layers.Conv2D(
                filters,
                kernel_size,
                use_bias=False,
                kernel_initializer=keras.initializers.HeNormal(seed=next(seeds)),
            ),
            keras.layers.BatchNormalization(momentum=0.95),
            keras.layers.ReLU(),
        ]

    return keras.Sequential(
        [
            keras.Input((IMAGE_SIZE, IMAGE_SIZE, 1)),
            *convolution(8, 5),
            keras.layers.MaxPooling2D(pool_size=2),
            *convolution(16, 3),
            *convolution(16, 3),
            keras.layers.MaxPooling2D(pool_size=2),
            *convolution(13, 3),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(
                units=NUM_CLASSES,
                activation="softmax",
                kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)),
            ),
        ]
    )


def convolve(
    images: npt.NDArray[np.floating],
    kernels: npt.NDArray[np.floating],
    bias: npt.NDArray[np.floating] | None = None,
) -> npt.NDArray[np.floating]:
    """Convolve images with kernels in NumPy: stride 1, no padding, no activation.

    As in every deep-learning library this is, strictly, a cross-correlation: the kernel is
    not flipped.

    Parameters
    ----------
    images : float [n, height, width, channels]
    kernels : float [kernel_height, kernel_width, channels, filters]
        The layout of Keras's ``Conv2D.kernel``.
    bias : float [filters], optional

    Returns
    -------
    float [n, height - kernel_height + 1, width - kernel_width + 1, filters]

    Raises
    ------
    ValueError
        If an argument is no such array, or the shapes do not fit each other.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.arange(9.0).reshape(1, 3, 3, 1)
    >>> kernel = np.array([[1.0, 0.0], [0.0, -1.0]]).reshape(2, 2, 1, 1)
    >>> convolve(image, kernel)[0, :, :, 0]
    array([[-4., -4.],
           [-4., -4.]])
    """
    check_kernels(images, kernels)
    if bias is not None:
        check_array("bias", bias, kernels.shape[3:])
    window = (1, *kernels.shape[:2], 1)
    windows = np.lib.stride_tricks.sliding_window_view(images, window)[..., 0, :, :, 0]
    maps: npt.NDArray[np.floating] = np.einsum("nyxcij,ijcf->nyxf", windows, kernels, optimize=True)
    return maps if bias is None else maps + bias


def max_pool(maps: npt.NDArray[np.floating], size: int = 2) -> npt.NDArray[np.floating]:
    """Keep the largest value of every ``size`` x ``size`` block, in NumPy.

    Parameters
    ----------
    maps : float [n, height, width, channels]
    size : int, default 2
        Side of a block, and the step from one block to the next. Rows and columns that
        fill no whole block are dropped, as Keras drops them.

    Returns
    -------
    float [n, height // size, width // size, channels]

    Raises
    ------
    TypeError, ValueError
        If ``maps`` is no such array or smaller than a block, or ``size`` is no whole number
        above 0.

    Examples
    --------
    >>> import numpy as np
    >>> max_pool(np.arange(16.0).reshape(1, 4, 4, 1))[0, :, :, 0]
    array([[ 5.,  7.],
           [13., 15.]])
    """
    size = check_whole_number("size", size, minimum=1)
    check_array("maps", maps, ("n", "height", "width", "channels"))
    if min(maps.shape[1:3]) < size:
        raise ValueError(f"maps must be at least {size} high and wide; got {describe(maps)}")
    n, height, width, channels = maps.shape
    rows, columns = height // size, width // size
    whole = maps[:, : rows * size, : columns * size]
    blocks = whole.reshape(n, rows, size, columns, size, channels)
    return np.asarray(blocks.max(axis=(2, 4)))


def check_kernels(images: npt.NDArray[np.floating], kernels: npt.NDArray[np.floating]) -> None:
    """Raise ValueError unless kernels and images are finite and fit each other."""
    check_array("images", images, ("n", "height", "width", "channels"))
    check_array("kernels", kernels, ("kernel_height", "kernel_width", "channels", "filters"))
    if images.shape[3] != kernels.shape[2]:
        raise ValueError(
            "images and kernels must be of the same channels; "
            f"got {list(images.shape)} and {list(kernels.shape)}"
        )
    if images.shape[1] < kernels.shape[0] or images.shape[2] < kernels.shape[1]:
        raise ValueError(
            f"images must be at least as large as the kernels; got {list(images.shape)} "
            f"and {list(kernels.shape)}"
        )


def _initializers(seed: int, layers: int) -> list[keras.initializers.VarianceScaling]:
    """Return the tutorial's initializer for each layer, with a seed of its own."""
    return [keras.initializers.VarianceScaling(seed=one) for one in _seeds(seed, layers)]


def _seeds(seed: int, layers: int) -> range:
    """Return a seed for each layer, so that no two networks share weights."""
    first = layers * check_whole_number("seed", seed, minimum=0, maximum=2**32 - 1)
    return range(first, first + layers)
