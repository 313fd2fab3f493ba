"""The steps by which MNIST's makers brought scans into 28x28: the drawing pad's, in NumPy."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from PIL import Image

from mnist_tutorial._internal.mnist_form import IMAGE_SIZE
from mnist_tutorial._internal.pictures.morphology import Floats

__all__ = ["brighten", "enlarge", "ink_box", "shrink_and_centre", "turn"]

Grey = npt.NDArray[np.uint8]

BOX_SIZE = 20
ENLARGEMENT = 4


def ink_box(ink: Grey) -> tuple[int, int, int, int]:
    """Return the top, left, bottom and right of the ink; the last two lie just outside it."""
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def shrink_and_centre(ink: Grey) -> Grey:
    """Scale the box of the ink into 20x20, lay it into 28x28: book/figures/src/mnist-form.js.

    Parameters
    ----------
    ink : uint8 [height, width]
        Not all 0.

    Returns
    -------
    uint8 [28, 28]

    References
    ----------
    Y. LeCun, C. Cortes and C. Burges, "The MNIST database of handwritten digits", 1998.
    """
    top, left, bottom, right = ink_box(ink)
    ink = ink[top:bottom, left:right]
    scale = BOX_SIZE / max(ink.shape)
    height, width = (max(1, math.floor(side * scale + 0.5)) for side in ink.shape)
    # Averages times the area of the box: whole numbers, exact in whatever order they are added.
    sums = _overlaps(ink.shape[0], height) @ ink @ _overlaps(ink.shape[1], width).T
    top, left = (_offset(sums.sum(axis=axis)) for axis in (1, 0))
    form = np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    form[top : top + height, left : left + width] = np.rint(sums / ink.size)
    return form


def enlarge(ink: Grey) -> Grey:
    """Enlarge a drawing of few pixels smoothly: otherwise their squares would remain visible."""
    image = Image.fromarray(np.pad(ink, 1))
    size = ENLARGEMENT * image.width, ENLARGEMENT * image.height
    return np.asarray(image.resize(size, Image.Resampling.BICUBIC))


def brighten(form: Grey) -> Grey:
    """Make the brightest pixel 255: thin strokes have become pale."""
    return np.rint(form * (255 / form.max())).astype(np.uint8)


def turn(ink: Grey, degrees: float) -> Grey:
    """Turn ink counter-clockwise; the picture grows so that nothing is cut off."""
    if degrees == 0:
        return ink
    image = Image.fromarray(ink)
    return np.asarray(image.rotate(degrees, Image.Resampling.BILINEAR, expand=True))


def _overlaps(old_size: int, new_size: int) -> Floats:
    """Return what each new pixel, old_size long, shares with each old one, new_size long."""
    new, old = np.arange(new_size)[:, np.newaxis] * old_size, np.arange(old_size) * new_size
    shared = np.minimum(new + old_size, old + new_size) - np.maximum(new, old)
    return shared.clip(0).astype(np.float64)


def _offset(sums: Floats) -> int:
    """Return where a digit begins whose centre of mass comes to the middle."""
    centre_of_mass = float(sums @ np.arange(len(sums)) / sums.sum())
    offset = math.floor(IMAGE_SIZE / 2 - centre_of_mass + 0.5)
    return min(max(offset, 0), IMAGE_SIZE - len(sums))
