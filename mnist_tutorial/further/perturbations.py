"""Perturbed digits: shifted, rotated, thickened, inverted, with noise. NumPy alone.

The chapters "Convolution against dense" and "Looking inside" use them to measure how much
change a trained network tolerates.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mnist_tutorial._internal.checks import check, checked

__all__ = ["add_noise", "invert", "rotate", "shift", "thicken"]

Images = npt.NDArray[np.uint8]


@checked(images="uint8 [n, height, width]")
def shift(images: Images, *, rows: int = 0, columns: int = 0) -> Images:
    """Move images; what leaves at one edge is lost, what comes in is background.

    Parameters
    ----------
    images : uint8 [n, height, width]
    rows, columns : int, default 0
        Pixels downwards and to the right; negative ones up and to the left. At most the size
        of an image.

    Returns
    -------
    uint8 [n, height, width]

    Examples
    --------
    >>> import numpy as np
    >>> shift(np.array([[[1, 2], [3, 4]]], np.uint8), rows=1)[0]
    array([[0, 0],
           [1, 2]], dtype=uint8)
    """
    height, width = images.shape[1:]
    down = check("rows", rows, f"whole number in {-height}..{height}")
    right = check("columns", columns, f"whole number in {-width}..{width}")
    moved = np.zeros_like(images)
    moved[:, max(down, 0) : height + down, max(right, 0) : width + right] = images[
        :, max(-down, 0) : height - down, max(-right, 0) : width - right
    ]
    return moved


@checked(images="uint8 [n, height, width]", degrees="number")
def rotate(images: Images, degrees: float) -> Images:
    """Rotate images counter-clockwise about their centre, with bilinear interpolation.

    Parameters
    ----------
    images : uint8 [n, height, width]
    degrees : float
        Negative angles rotate clockwise.

    Returns
    -------
    uint8 [n, height, width]
        What was outside the image is background.

    Examples
    --------
    >>> import numpy as np
    >>> rotate(np.array([[[1, 2], [3, 4]]], np.uint8), 90)[0]
    array([[2, 4],
           [1, 3]], dtype=uint8)
    """
    angle = np.deg2rad(degrees)
    height, width = images.shape[1:]
    centre = np.array([(height - 1) / 2, (width - 1) / 2])
    y, x = np.indices((height, width)) - centre[:, None, None]
    # For each pixel of the result: the place in the original that it shows.
    from_y = y * np.cos(angle) + x * np.sin(angle) + centre[0]
    from_x = -y * np.sin(angle) + x * np.cos(angle) + centre[1]
    # The cosine of a right angle is not quite zero; no pixel must be lost to that.
    from_y, from_x = from_y.round(9), from_x.round(9)
    top, left = np.floor(from_y).astype(int), np.floor(from_x).astype(int)
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1))).astype(np.float64)
    result = np.zeros(images.shape)
    for row, row_weight in ((top, top + 1 - from_y), (top + 1, from_y - top)):
        for column, column_weight in ((left, left + 1 - from_x), (left + 1, from_x - left)):
            inside_row = np.clip(row + 1, 0, height + 1)
            inside_column = np.clip(column + 1, 0, width + 1)
            result += row_weight * column_weight * padded[:, inside_row, inside_column]
    return result.round().astype(np.uint8)


@checked(images="uint8 [n, height, width]")
def thicken(images: Images, pixels: int = 1) -> Images:
    """Make strokes thicker: each pixel becomes the brightest of its neighbours.

    Parameters
    ----------
    images : uint8 [n, height, width]
    pixels : int, default 1
        How far a stroke grows to each side, from 0 to the larger side of an image.

    Returns
    -------
    uint8 [n, height, width]

    References
    ----------
    Grey dilation: J. Serra, *Image Analysis and Mathematical Morphology*, Academic Press, 1982.

    Examples
    --------
    >>> import numpy as np
    >>> thicken(np.array([[[0, 0, 0], [0, 9, 0], [0, 0, 0]]], np.uint8)).min()
    np.uint8(9)
    """
    pixels = check("pixels", pixels, f"whole number in 0..{max(images.shape[1:])}")
    padded = np.pad(images, ((0, 0), (pixels, pixels), (pixels, pixels)))
    side = 2 * pixels + 1
    windows = np.lib.stride_tricks.sliding_window_view(padded, (1, side, side))
    return windows.max(axis=(3, 4, 5))


@checked(images="uint8 [n, height, width]")
def invert(images: Images) -> Images:
    """Swap dark and light: each grey value becomes 255 minus itself.

    Parameters
    ----------
    images : uint8 [n, height, width]

    Returns
    -------
    uint8 [n, height, width]

    Examples
    --------
    >>> import numpy as np
    >>> int(invert(np.full((1, 1, 1), 55, np.uint8))[0, 0, 0])
    200
    """
    return 255 - images


@checked(images="uint8 [n, height, width]", standard_deviation="number >= 0", seed="seed")
def add_noise(images: Images, standard_deviation: float, *, seed: int = 0) -> Images:
    """Add normally distributed noise to every pixel, clipped to 0..255.

    Parameters
    ----------
    images : uint8 [n, height, width]
    standard_deviation : float
        In grey values, at least 0.
    seed : int, default 0

    Returns
    -------
    uint8 [n, height, width]

    Examples
    --------
    >>> import numpy as np
    >>> image = np.full((1, 28, 28), 100, np.uint8)
    >>> (add_noise(image, 0) == image).mean(), (add_noise(image, 20) == image).mean() < 0.1
    (np.float64(1.0), np.True_)
    """
    noise = np.random.default_rng(seed).normal(0, standard_deviation, images.shape)
    return (images + noise).round().clip(0, 255).astype(np.uint8)
