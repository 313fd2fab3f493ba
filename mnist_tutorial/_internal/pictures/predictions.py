"""What ``predict`` returns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mnist_tutorial._internal.mnist_form import picture_html

__all__ = ["Predictions"]

SHOWN = 10


class Predictions(NamedTuple):
    """The digits, or classes, that a network sees in n pictures, in the order they were given.

    Attributes
    ----------
    digits : int64 [n]
        The most probable digit, or class number, of each picture; -1 for one that could not be
        read.
    probabilities : float32 [n, classes]
        Of each class; NaN for a picture that could not be read.
    confidences : float32 [n]
        The largest probability of each row.
    boxes : int64 [n, 4]
        Top, left, bottom and right of the ink that was read, in pixels of the upright picture:
        ``picture[top:bottom, left:right]``. -1 for a picture that could not be read.
    images : uint8 [n, 28, 28]
        What the network was shown.
    class_names : tuple of str
        One per class.
    names : list of str
        The name of the most probable class of each picture, or "unreadable".
    """

    digits: npt.NDArray[np.int64]
    probabilities: npt.NDArray[np.float32]
    confidences: npt.NDArray[np.float32]
    boxes: npt.NDArray[np.int64]
    images: npt.NDArray[np.uint8]
    class_names: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        return ["unreadable" if digit < 0 else self.class_names[digit] for digit in self.digits]

    def __repr__(self) -> str:
        n = len(self.digits)
        more = ", ..." if n > SHOWN else ""
        return f"Predictions({n:,} picture{'s' * (n != 1)}: {', '.join(self._answers())}{more})"

    def _repr_html_(self) -> str:
        rows = zip(self.images, self._answers(), strict=False)
        cells = (f"<td>{picture_html(image[np.newaxis])}<br>{text}</td>" for image, text in rows)
        return f"<table><tr>{''.join(cells)}</tr></table>"

    def _answers(self) -> list[str]:
        answers = zip(self.names[:SHOWN], self.confidences, strict=False)
        return [name if np.isnan(c) else f"{name} ({100 * c:.0f} %)" for name, c in answers]
