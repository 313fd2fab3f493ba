"""Figures of what is inside a network: many small maps, and points of a plane.

Read the chapter "Looking inside".
"""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from mnist_tutorial._internal.checks import checked
from mnist_tutorial._internal.figures import axes_to_draw_on, grid

__all__ = ["plot_embedding", "plot_maps"]


@checked(maps="float [n, height, width]", columns="whole number >= 1")
def plot_maps(
    maps: npt.NDArray[np.floating],
    *,
    columns: int = 8,
    diverging: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw many small maps side by side, all on one scale.

    Parameters
    ----------
    maps : float [n, height, width]
    columns : int, default 8
        Maps per row.
    diverging : bool, default False
        For values of both signs: white is 0, red above it, blue below. A dash marks values
        below minus a tenth of the largest, so that the signs differ without colour, too.
        Otherwise white is the smallest value and black the largest.
    ax : matplotlib Axes, optional
    """
    canvas, _ = grid(maps, columns, below=1, right=1)
    canvas = canvas[:-1, :-1]
    ax = axes_to_draw_on(ax, (7, 7 * canvas.shape[0] / canvas.shape[1] + 0.3))
    largest = float(np.abs(maps).max())
    scale = (
        {"cmap": "RdBu_r", "vmin": -largest, "vmax": largest} if diverging else {"cmap": "gray_r"}
    )
    picture = ax.imshow(canvas, **scale)
    ax.figure.colorbar(picture, ax=ax, shrink=0.8)
    if diverging:
        rows, columns_ = np.nonzero(canvas < -largest / 10)
        cell = ax.get_window_extent().width * 72 / ax.figure.dpi / canvas.shape[1]
        dash = {"marker": "_", "color": "black", "linewidths": cell / 12, "s": (cell / 2) ** 2}
        ax.scatter(columns_, rows, **dash)
    ax.set_axis_off()
    return ax


@checked(points="float [n, 2]", labels="int [n] in 0..9")
def plot_embedding(
    points: npt.NDArray[np.floating], labels: npt.NDArray[np.integer], ax: Axes | None = None
) -> Axes:
    """Draw points of a plane as the digits that they stand for.

    Parameters
    ----------
    points : float [n, 2]
    labels : int [n]
        Digits in 0..9; each point is drawn as its digit, so no colours need be told apart.
    ax : matplotlib Axes, optional
    """
    ax = axes_to_draw_on(ax, (7, 6))
    colours = plt.colormaps["tab10"]
    for digit in np.unique(labels):
        x, y = points[labels == digit].T
        ax.scatter(x, y, marker=f"${digit}$", color=colours(int(digit)), s=25, linewidths=0.3)
    ax.set(xlabel="first principal component", ylabel="second principal component")
    return ax
