"""Augmentation: images shifted, rotated and stretched a little, differently each time.

NumPy alone. Read the chapter "More accurate".
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from mnist_tutorial._internal.checks import check, checked

__all__ = ["random_affine"]

Array = npt.NDArray[np.float32]
CENTRE = 13.5
PLACES = np.arange(28, dtype=np.float32) - np.float32(CENTRE)


@checked(
    xs="float [n, 28, 28, 1]", shift="number >= 0", rotation="number >= 0", scale="number >= 0"
)
def random_affine(
    xs: Array,
    seed: tuple[int, int],
    *,
    shift: float = 1.0,
    rotation: float = 8.0,
    scale: float = 0.1,
) -> Array:
    """Shift, rotate and stretch each image a little, differently each time.

    Parameters
    ----------
    xs : float32 [n, 28, 28, 1]
        Pixels in 0..1.
    seed : two ints, at least 0
        The same seed gives the same images.
    shift : float, default 1.0
        The largest shift in each direction, in pixels.
    rotation : float, default 8.0
        The largest rotation to each side, in degrees.
    scale : float, default 0.1
        The largest change of width and of height, as a share.

    Returns
    -------
    float32 [n, 28, 28, 1]
        Interpolated linearly; what comes in from outside is 0.

    References
    ----------
    P. Simard, D. Steinkraus and J. Platt, "Best practices for convolutional neural networks
    applied to visual document analysis", ICDAR, 2003.

    Examples
    --------
    >>> images = np.zeros((2, 28, 28, 1), np.float32)
    >>> images[:, 10:18, 13:15] = 1
    >>> moved = random_affine(images, (0, 1))
    >>> moved.shape, bool((moved[0] == moved[1]).all())
    ((2, 28, 28, 1), False)
    """
    check("seed", seed, "int [2] in 0..inf")
    draws = np.random.default_rng(seed).random((5, len(xs), 1, 1), np.float32) * 2 - 1
    angle = draws[0] * np.float32(math.radians(rotation))
    width, height = 1 + np.float32(scale) * draws[1], 1 + np.float32(scale) * draws[2]
    right, down = np.float32(shift) * draws[3:] + np.float32(CENTRE)
    # For each pixel of the new image, where it lies in the old one; about the centre.
    x = np.cos(angle) * width * PLACES - (np.sin(angle) * width * PLACES[:, None] - right)
    y = np.sin(angle) * height * PLACES + (np.cos(angle) * height * PLACES[:, None] + down)
    return _interpolate(xs, x, y)


def _interpolate(xs: Array, x: Array, y: Array) -> Array:
    """Read images at columns ``x`` and rows ``y``, float32 [n, 28, 28] each, linearly."""
    # A frame of two zeros: whatever lies further outside is read from its outer line.
    n, side = len(xs), 32
    framed = np.zeros((n, side, side), np.float32)
    framed[:, 2:-2, 2:-2] = xs.reshape(n, 28, 28)
    x, y = np.clip(x, -2, 28) + 2, np.clip(y, -2, 28) + 2
    column, row = x.astype(np.int32), y.astype(np.int32)
    x -= column
    y -= row
    starts = np.arange(n, dtype=np.int32)[:, None, None] * side**2
    first = (starts + row * side + column).astype(np.intp)  # take() would do so at each call
    flat = framed.reshape(-1)
    upper, lower = flat.take(first), flat[side:].take(first)
    upper += x * (flat[1:].take(first) - upper)
    lower += x * (flat[side + 1 :].take(first) - lower)
    lower -= upper
    lower *= y
    lower += upper
    return lower[..., None]
