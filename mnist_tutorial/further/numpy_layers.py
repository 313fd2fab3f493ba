"""Convolution, pooling, bias and relu as one layer in NumPy, forward and backward.

The steps are those of ``backward.py``, arranged for speed. The images are the last axis, so
neighbours in memory are treated alike. Convolution and pooling are one matrix product: a pool
compares the outputs of four 5x5 windows, which together see 6x6 pixels, and a matrix that holds
the kernel four times, shifted, computes all four. The maximum comes before bias and relu, which
keep the order of numbers, so they work on a quarter of them. Read the chapter "Faster".
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

Array = npt.NDArray[np.float32]


class ConvolvePool:
    """5x5 convolution, 2x2 max-pool, bias and relu; ``active`` [out, filters, out * n].

    ``windows`` [2 * out + 4, 6, channels, out, n] is a view of the images: of each row, the six
    columns that each pool sees. In a copy of it, six rows make one matrix of patches.
    """

    def __init__(self, windows: Array, channels: int, filters: int, out: int) -> None:
        self.shape, self.windows, self.columns = (out, channels, filters), windows, windows.copy()
        row, column, one = self.columns.reshape(2 * out + 4, 6 * channels, -1).strides
        size, width = 36 * channels, windows[0].size // (6 * channels)
        self.patches = as_strided(self.columns, (out, size, width), (2 * row, column, one))
        self.matrix, self.d_matrix = np.zeros((2, size, 4 * filters), np.float32)
        self.kernels, self.d_kernels = self._kernels(self.matrix), self._kernels(self.d_matrix)
        self.maps = np.empty((out, 2, 2, filters, width), np.float32)
        self.rows, self.active = np.empty_like(self.maps[:, 0]), np.empty_like(self.maps[:, 0, 0])
        self.left, self.upper = np.empty(self.rows.shape, bool), np.empty(self.active.shape, bool)
        self.d_matrices = np.empty((out, *self.matrix.shape), np.float32)
        self.d_columns = np.empty_like(self.columns)

    def _kernels(self, matrix: Array) -> Array:
        """View the four kernels in a matrix [36 * channels, 4 * filters]: [2, 2, 5, 5, c, f]."""
        _, channels, filters = self.shape
        split = matrix.reshape(6, 6, channels, 2, 2, filters)
        row, column, channel, down, right, one = split.strides
        strides = (row + down, column + right, row, column, channel, one)
        return as_strided(matrix, (2, 2, 5, 5, channels, filters), strides)

    def forward(self, kernel: Array, bias: Array, training: bool) -> Array:
        """Compute ``active``; for training also which of its four numbers each pool took."""
        maps, rows, active = self.maps, self.rows, self.active
        np.copyto(self.columns, self.windows)
        self.kernels[...] = kernel
        np.matmul(self.matrix.T, self.patches, out=maps.reshape(len(maps), -1, maps.shape[-1]))
        np.maximum(maps[:, :, 0], maps[:, :, 1], out=rows)
        np.maximum(rows[:, 0], rows[:, 1], out=active)
        if training:  # of equal numbers the first in reading order, as in TensorFlow
            np.greater_equal(maps[:, :, 0], maps[:, :, 1], out=self.left)
            np.greater_equal(rows[:, 0], rows[:, 1], out=self.upper)
        active += bias[:, None]
        return np.clip(active, 0, np.inf, out=active)  # np.maximum with a number is slower

    def backward(self, d_active: Array, d_kernel: Array, d_bias: Array) -> None:
        """Fill the weights' gradients; ``d_active`` changes, and ``maps`` becomes d_maps."""
        d_maps, d_rows = self.maps, self.rows
        d_active *= self.active > 0
        np.sum(d_active, axis=(0, 2), out=d_bias)
        np.multiply(d_active, self.upper, out=d_rows[:, 0])
        np.subtract(d_active, d_rows[:, 0], out=d_rows[:, 1])
        np.multiply(d_rows, self.left, out=d_maps[:, :, 0])
        np.subtract(d_rows, d_maps[:, :, 0], out=d_maps[:, :, 1])
        transposed = d_maps.reshape(len(d_maps), -1, d_maps.shape[-1]).transpose(0, 2, 1)
        np.matmul(self.patches, transposed, out=self.d_matrices)
        np.sum(self.d_matrices, axis=0, out=self.d_matrix)
        np.sum(self.d_kernels, axis=(0, 1), out=d_kernel)

    def backward_to_columns(self) -> Array:
        """Return the gradient with respect to ``columns``, after ``backward``."""
        out, channels, filters = self.shape
        # Two rows of an image are seen by up to three rows of pools. They are the last two of
        # the six for the first of these, so the matrix's three parts come in reverse order.
        parts = self.matrix.reshape(3, 12 * channels, -1)[::-1].transpose(1, 0, 2)
        matrix, size = parts.reshape(12 * channels, -1), 4 * filters
        d_maps = self.maps.reshape(out * size, -1)
        for i, d_pair in enumerate(self.d_columns.reshape(out + 2, 12 * channels, -1)):
            first, last = max(i - 2, 0), min(i + 1, out)
            part = matrix[:, (first - i + 2) * size : (last - i + 2) * size]
            np.matmul(part, d_maps[first * size : last * size], out=d_pair)
        return self.d_columns


class Buffers:
    """All that is computed for n images at once, made once and used for every batch."""

    def __init__(self, weights: tuple[Array, ...], n: int) -> None:
        self.weights, self.images = weights, np.empty((28, 28, n), np.float32)
        first, second = weights[1].size, weights[3].size
        # Even columns of the first layer's pools come before odd ones: what neighbouring pools
        # of the second layer compare then is neighbours in memory.
        row, column, one = self.images.strides
        strides = (row, column, 2 * column, 4 * column, one)
        windows = as_strided(self.images, (28, 6, 2, 6, n), strides)
        self.first = ConvolvePool(windows, 1, first, 12)
        active = self.first.active
        row, channel, odd, column, one = active.reshape(12, first, 2, 6, n).strides
        strides_2 = (row, column, odd, channel, column, one)
        windows = as_strided(active, (12, 3, 2, first, 4, n), strides_2)
        self.second = ConvolvePool(windows, first, second, 4)
        self.d_active = np.empty_like(active)

    def forward(self, images: Array, training: bool = False) -> Array:
        """Return the logits [n, classes] of images [n, 784]."""
        kernel_1, bias_1, kernel_2, bias_2, matrix, bias = self.weights
        np.copyto(self.images.reshape(784, -1), images.T)
        self.first.forward(kernel_1, bias_1, training)
        active = self.second.forward(kernel_2, bias_2, training).reshape(4, bias_2.size, 4, -1)
        self.features = active.transpose(0, 2, 1, 3).reshape(len(matrix), -1)
        return self.features.T @ matrix + bias

    def backward(self, d_logits: Array, gradients: list[Array]) -> None:
        """Fill the gradients of the six weights, from d_logits [n, classes]."""
        d_kernel_1, d_bias_1, d_kernel_2, d_bias_2, d_matrix, d_bias = gradients
        np.sum(d_logits, axis=0, out=d_bias)
        np.matmul(self.features, d_logits, out=d_matrix)
        d_features = (self.weights[4] @ d_logits.T).reshape(4, 4, d_bias_2.size, -1)
        d_active_2 = d_features.transpose(0, 2, 1, 3).reshape(4, d_bias_2.size, -1)
        self.second.backward(d_active_2, d_kernel_2, d_bias_2)
        d_columns = self.second.backward_to_columns()
        d_inputs = self.d_active.reshape(12, d_bias_1.size, 2, 6, -1).transpose(0, 2, 1, 3, 4)
        d_inputs[...] = 0
        for shift in range(3):
            d_inputs[:, :, :, shift : shift + 4] += d_columns[:, shift]
        self.first.backward(self.d_active, d_kernel_1, d_bias_1)
