"""Where a picture's ink is, and how much: in drawings on a plain ground, and in photos."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mnist_tutorial._internal.pictures.morphology import (
    Floats,
    box_mean,
    close_by,
    connected_shapes,
    open_by,
)
from mnist_tutorial._internal.pictures.rulings import remove_rulings

__all__ = ["SMALL", "edge", "ink_of_drawing", "ink_of_photo", "is_photo"]

Grey = npt.NDArray[np.uint8]

# Ink departs from the ground by at least this share of the greatest departure: JPEG's ripples
# and what remains of ruled lines depart less.
FAINTEST = 0.1
FAINTEST_IN_PHOTO = 0.3
# The greatest departure is of ink, and not of noise, if it is so many times the greatest to
# the other side, or in a photo the noise. Blank paper comes to 1.3 and 6, digits to 4 and 18.
CLEAR_OF_OTHER_SIDE = 1.5
CLEAR_OF_NOISE = 10.0
LEAST_NOISE = 0.002  # of the brightest pixel: half a grey value of 255
REACH = 0.15  # half of the window that finds the paper, of the longer side; strokes are thinner
DARKEST_PAPER = 0.2  # of the brightest pixel
SPECK = 0.03  # of the ink of the inkiest shape
SMALLEST_DIGIT = 0.0005  # of the picture's pixels

SMALL = 20  # pixels a side; too few for a photo


def is_photo(grey: Floats) -> bool:
    """Say whether a picture's ground is uneven: less than half of its border has one grey."""
    border = edge(grey)
    return max(grey.shape) >= SMALL and bool((border == np.median(border)).mean() < 0.5)


def ink_of_drawing(grey: Floats) -> Grey:
    """Return the ink of a drawing, whose ground has one grey: that of most of its border.

    Parameters
    ----------
    grey : float64 [height, width]

    Returns
    -------
    uint8 [height, width]
        How far each pixel departs from the ground, to the side of the greatest departure; 255
        is the greatest, 0 is the ground. All 0 if nothing stands out.
    """
    border = edge(grey)
    values, counts = np.unique(border, return_counts=True)
    departure = grey - (values[counts.argmax()] if max(grey.shape) < SMALL else np.median(border))
    if -departure.min() > departure.max():
        departure = -departure
    farthest = departure.max()
    if farthest <= -CLEAR_OF_OTHER_SIDE * departure.min():
        return np.zeros(grey.shape, np.uint8)
    departure[departure < FAINTEST * farthest] = 0
    return np.rint(255 * departure / farthest).astype(np.uint8)


def ink_of_photo(grey: Floats) -> Grey:
    """Return the ink in a photo of a page: without shadows, ruled lines and what is cut off.

    Parameters
    ----------
    grey : float64 [height, width]
        About 200 pixels high or wide, so that most noise has been averaged away.

    Returns
    -------
    uint8 [height, width]
        255 where the ink is strongest, 0 on the paper. All 0 if nothing stands out.
    """
    depth = _depth_of_ink(grey)
    deviation = 1.4826 * np.median(np.abs(depth))  # of normally distributed noise
    noise = max(float(deviation), LEAST_NOISE)
    depth = remove_rulings(depth, noise)
    farthest = depth.max()
    if farthest <= CLEAR_OF_NOISE * noise:
        return np.zeros(grey.shape, np.uint8)
    depth[depth < FAINTEST_IN_PHOTO * farthest] = 0
    depth = _without_clutter(depth)
    return np.rint(255 * depth / depth.max()).astype(np.uint8)


def edge(picture: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the outermost pixels of a picture [height, width], in any order."""
    return np.concatenate([picture[0], picture[-1], picture[1:-1, 0], picture[1:-1, -1]])


def _depth_of_ink(grey: Floats) -> Floats:
    """Return how far each pixel departs from the paper around it, as if there were no shadows.

    The paper is what is left when everything darker and narrower than a window is closed (or
    brighter, opened). A shadow is wider and stays. Dark ink takes away a share of the light
    that falls on the paper; light ink is about as bright everywhere.
    """
    grey = grey - min(grey.min(), 0)
    reach = max(1, round(REACH * max(grey.shape)))
    around = grey - box_mean(grey, (2 * reach, 2 * reach))
    depth: Any
    if -around.min() >= around.max():
        paper = close_by(grey, (reach, reach))
        depth = (paper - grey) / np.maximum(paper, DARKEST_PAPER * grey.max())
    else:
        depth = (grey - open_by(grey, (reach, reach))) / grey.max()
    return depth - np.median(depth)


def _without_clutter(depth: Floats) -> Floats:
    """Erase specks, and what the picture's edge cuts off, unless there is nothing else."""
    shapes = connected_shapes(depth > 0)
    sizes = np.bincount(shapes.ravel())
    amounts = np.bincount(shapes.ravel(), weights=depth.ravel())
    cut_off = np.zeros(len(sizes), np.bool_)
    cut_off[edge(shapes)] = True
    cut_off[0] = True  # what is around the shapes
    if (sizes[~cut_off] >= SMALLEST_DIGIT * depth.size).any():
        amounts[cut_off] = 0
    return np.where(amounts[shapes] >= SPECK * amounts.max(), depth, 0)
