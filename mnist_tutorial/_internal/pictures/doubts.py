"""Signs that a picture does not show what a network could recognise, such as one digit."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from mnist_tutorial._internal.errors import warn
from mnist_tutorial._internal.pictures.forms import FormedPicture
from mnist_tutorial._internal.pictures.morphology import connected_shapes

__all__ = ["doubt_about", "doubt_about_fitted", "warn_of"]

MOST_INK = 0.4  # mean grey, in 0..1; the highest in MNIST's training file
# Two shapes are two digits if each has this share of the ink and of the height, and if they
# overlap sideways by less than that share of the narrower one. So 98 of 100 pairs are found;
# of MNIST's images, 2 in 10,000 are broken in such a way.
INK_OF_A_DIGIT, HEIGHT_OF_A_DIGIT, OVERLAP = 0.15, 0.5, 0.3
PEN = 64  # grey value; less is a stroke's blurred edge

SHOWN = 3


def doubt_about(form: FormedPicture) -> str:
    """Say in a few words why a picture may not show one clear digit; "" if it seems to."""
    if form.cut_off:
        return "reaches the edge of the photo; leave blank paper around the digit"
    if form.image.mean() > MOST_INK * 255:
        return "holds more ink than any digit of MNIST; show one digit on a plain ground"
    if _shows_two_digits(form.image):
        return "seems to show two digits; crop it to one"
    return ""


def doubt_about_fitted(form: FormedPicture) -> str:
    """Say that a picture in the form "fit" is blank; "" if it is not."""
    return "" if np.ptp(form.image) else "is blank, all of it has one grey"


def warn_of(doubts: Iterable[tuple[str, str]]) -> None:
    """Warn once of each doubt, naming the pictures that share it.

    Parameters
    ----------
    doubts : pairs of str
        The name of a picture and what is wrong with it; "" if nothing is.
    """
    pictures: dict[str, list[str]] = {}
    for name, doubt in doubts:
        if doubt:
            pictures.setdefault(doubt, []).append(name)
    for doubt, names in pictures.items():
        more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
        warn(f"{', '.join(names[:SHOWN])}{more}: {doubt}")


def _shows_two_digits(form: npt.NDArray[np.uint8]) -> bool:
    """Say whether the two inkiest shapes stand side by side and are both large."""
    shapes = connected_shapes(form > PEN)
    amounts = np.bincount(shapes.ravel(), weights=form.ravel())
    amounts[0] = 0  # around the shapes
    if np.count_nonzero(amounts) < 2:
        return False
    inkiest = np.argsort(amounts)[-2:]
    rows, columns = zip(*(np.nonzero(shapes == shape) for shape in inkiest), strict=True)
    height = np.ptp(np.concatenate(rows)) + 1
    overlap = min(x.max() for x in columns) - max(x.min() for x in columns) + 1
    return bool(
        amounts[inkiest].min() > INK_OF_A_DIGIT * form.sum()
        and min(np.ptp(y) + 1 for y in rows) >= HEIGHT_OF_A_DIGIT * height
        and overlap < OVERLAP * min(np.ptp(x) + 1 for x in columns)
    )
