"""What every figure of the package shares: colours, Axes, and images laid side by side."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from mnist_tutorial._internal.errors import describe

# Two colours that stay apart in every kind of colour blindness (Okabe and Ito, 2008).
BLUE = "#0072B2"
VERMILION = "#D55E00"


def axes_to_draw_on(ax: Axes | None, figsize: tuple[float, float]) -> Axes:
    """Return the Axes to draw on, a new one unless one is given."""
    if ax is None:
        return plt.figure(figsize=figsize, layout="constrained").add_subplot()
    if not isinstance(ax, Axes):
        raise TypeError(f"ax must be a Matplotlib Axes; got {describe(ax)}")
    return ax


def grid(
    images: npt.NDArray[np.generic], columns: int, *, below: int, right: int
) -> tuple[npt.NDArray[np.float64], list[tuple[int, int]]]:
    """Lay images [n, height, width] side by side; return the canvas and each one's corner."""
    n, height, width = images.shape
    columns = min(columns, n)
    rows = math.ceil(n / columns)
    canvas = np.full((rows * (height + below), columns * (width + right)), np.nan)
    places = [(i // columns * (height + below), i % columns * (width + right)) for i in range(n)]
    for image, (top, left) in zip(images, places, strict=True):
        canvas[top : top + height, left : left + width] = image
    return canvas, places
