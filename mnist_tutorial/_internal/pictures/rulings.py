"""Ruled paper: finds the lines that cross a page from edge to edge, and removes them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mnist_tutorial._internal.pictures.morphology import Floats, dilate, open_by

__all__ = ["remove_rulings"]

STEEPEST = 0.6  # rise over run, about 31 degrees
SAMPLE_EVERY = 8  # columns, while the slope is searched
MOST_SLOPES = 6  # of one page in one direction: seen askew, its lines are not parallel
# A line is dark along its whole length, a digit only along a part: at least 3 in 4 pixels.
QUANTILE = 0.25
THICKEST = 6  # pixels
CLEAR_OF_NOISE = 3.0
SMALLEST_SIDE = 100  # pixels; in smaller pictures a digit's own strokes look like lines


def remove_rulings(depth: Floats, noise: float) -> Floats:
    """Subtract the straight thin lines that cross a page, near the horizontal and the vertical.

    Along every line of up to 31 degrees the lower quartile of the depths is computed: a Hough
    transform in which each pixel votes with its grey value. A digit's stroke covers too little
    of any such line to raise the quartile. Where a ruled line crosses the digit, only the
    line's own depth is subtracted, so the stroke is not interrupted.

    Parameters
    ----------
    depth : float64 [height, width]
        How far each pixel departs from the paper; ink and lines are positive.
    noise : float
        Standard deviation of the depths on blank paper.

    Returns
    -------
    float64 [height, width]

    References
    ----------
    R. Duda and P. Hart, "Use of the Hough transformation to detect lines and curves in
    pictures", Communications of the ACM 15, 1972.
    """
    depth = depth.copy()
    if max(depth.shape) >= SMALLEST_SIDE:
        for page in (depth, depth.T):
            for _ in range(MOST_SLOPES):
                if not _remove_one_slope(page, noise):
                    break
    return depth


def _remove_one_slope(page: Floats, noise: float) -> bool:
    """Subtract, in place, the lines of the slope that has most of them; say whether any were."""
    height, width = page.shape
    columns = np.arange(width)
    half = max(1, int(STEEPEST * width / 2))  # neighbouring slopes: one pixel apart at the edges
    slopes = STEEPEST * np.arange(-half, half + 1) / half
    shifts = np.rint(slopes[:, np.newaxis] * (columns - width / 2)).astype(np.int64)
    thick = dilate(page, (1, 0))  # a thin line on a slope is found in every column
    evidence = _lower_quartiles(thick, columns[::SAMPLE_EVERY], shifts[:, ::SAMPLE_EVERY])
    evidence[evidence < CLEAR_OF_NOISE * noise] = 0
    shift = shifts[evidence.sum(axis=1).argmax()]
    profile = _lower_quartiles(thick, columns, shift[np.newaxis])
    profile -= open_by(profile, (0, THICKEST // 2))  # what is thicker is not a line
    profile[profile < CLEAR_OF_NOISE * noise] = 0
    if not profile.any():
        return False
    lines = np.pad(profile[0], height)  # no line above the page or below
    page -= lines[np.arange(height)[:, np.newaxis] - shift + height]
    return True


def _lower_quartiles(
    page: Floats, columns: npt.NDArray[np.int64], shifts: npt.NDArray[np.int64]
) -> Floats:
    """Return [slopes, height]: for the line through the middle of each row, its lower quartile.

    Lines of which less than half lies on the page count as blank.
    """
    height = len(page)
    rows = np.arange(height)[:, np.newaxis] + shifts[:, np.newaxis]  # [slopes, height, columns]
    on_page = (rows >= 0) & (rows < height)
    depths = np.where(on_page, page[rows.clip(0, height - 1), columns], np.inf)
    count = on_page.sum(axis=2)
    position = (QUANTILE * count).astype(np.int64)[..., np.newaxis]
    quartiles = np.take_along_axis(np.sort(depths, axis=2), position, axis=2)[..., 0]
    return np.where(2 * count >= len(columns), quartiles, 0.0)
