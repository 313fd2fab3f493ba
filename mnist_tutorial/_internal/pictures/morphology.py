"""Windows that slide over pictures, and connected shapes, in NumPy alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

__all__ = ["Floats", "box_mean", "close_by", "connected_shapes", "dilate", "open_by"]

Floats: TypeAlias = npt.NDArray[np.float64]
Radii: TypeAlias = tuple[int, int]
"""How far a window reaches from its middle, up and down, and to the left and right."""

NEIGHBOURS = ((0, 1), (1, -1), (1, 0), (1, 1))  # the other four see these pixels as theirs


def box_mean(values: Floats, radii: Radii) -> Floats:
    """Return the mean of the window around each pixel; the edge pixels are repeated outside."""
    return _slide(np.mean, values, radii)


def dilate(values: Floats, radii: Radii) -> Floats:
    """Return the largest value of the window around each pixel."""
    return _slide(np.max, values, radii)


def erode(values: Floats, radii: Radii) -> Floats:
    """Return the smallest value of the window around each pixel."""
    return _slide(np.min, values, radii)


def close_by(values: Floats, radii: Radii) -> Floats:
    """Raise whatever is darker than its surroundings and narrower than the window.

    What is wider keeps its outline: a shadow's edge stays sharp. This is the closing of
    J. Serra, "Image Analysis and Mathematical Morphology", 1982.
    """
    return erode(dilate(values, radii), radii)


def open_by(values: Floats, radii: Radii) -> Floats:
    """Lower whatever is brighter than its surroundings and narrower than the window."""
    return dilate(erode(values, radii), radii)


def connected_shapes(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Give the shapes of a mask [height, width] the numbers 1, 2, ...; elsewhere is 0.

    Pixels that touch at a side or a corner belong to one shape. Each pixel points to one of
    its shape that comes later; pairs of neighbours are merged until all of a shape point to
    its last one (Y. Shiloach and U. Vishkin, "An O(log n) parallel connectivity algorithm",
    Journal of Algorithms 3, 1982).
    """
    padded = np.pad(mask, 1)
    pixels = np.arange(padded.size).reshape(padded.shape)
    pairs = []
    for shift in NEIGHBOURS:
        touching = padded & np.roll(padded, shift, axis=(0, 1))
        pairs.append([pixels[touching], np.roll(pixels, shift, axis=(0, 1))[touching]])
    one, other = np.concatenate(pairs, axis=1)
    last = pixels.ravel().copy()
    while (last[one] != last[other]).any():
        ends = last[one], last[other]
        np.maximum.at(last, np.minimum(*ends), np.maximum(*ends))
        while (last != last[last]).any():
            last = last[last]
    shapes = np.zeros(padded.shape, np.int64)
    shapes[padded] = np.unique(last[padded.ravel()], return_inverse=True)[1] + 1
    return shapes[1:-1, 1:-1]


def _slide(function: Callable[..., Any], values: Floats, radii: Radii) -> Floats:
    """Apply a function to windows along one axis, then the other: the same, and much faster."""
    for axis, radius in enumerate(radii):
        if radius:
            padding = [(radius, radius) if axis == i else (0, 0) for i in (0, 1)]
            padded = np.pad(values, padding, mode="edge")
            values = function(sliding_window_view(padded, 2 * radius + 1, axis=axis), axis=-1)
    return values
