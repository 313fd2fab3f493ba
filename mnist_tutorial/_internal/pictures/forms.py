"""Any picture as 28x28 pixels: in MNIST's form, or only fitted."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from mnist_tutorial._internal.mnist_form import IMAGE_SIZE
from mnist_tutorial._internal.pictures.ink import (
    SMALL,
    edge,
    ink_of_drawing,
    ink_of_photo,
    is_photo,
)
from mnist_tutorial._internal.pictures.morphology import Floats
from mnist_tutorial._internal.pictures.reading import average_down, to_grey
from mnist_tutorial._internal.pictures.shrinking import (
    brighten,
    enlarge,
    ink_box,
    shrink_and_centre,
    turn,
)

__all__ = ["FORMS", "UNREADABLE", "FormedPicture", "fit", "to_form"]

LARGE = 100  # pixels a side
PHOTO_SIDE = 200  # pixels; enough for a digit, and averaging removes most of a photo's noise
TURNS = (0, -24, -16, -8, 8, 16, 24)  # degrees; a page may lie askew in a photo


class FormedPicture(NamedTuple):
    """A picture as a network is shown it.

    Attributes
    ----------
    image : uint8 [28, 28]
    turned : list of uint8 [28, 28]
        The image first; for a photo also turned to either side. Empty if it is unreadable.
    box : tuple of four int
        Top, left, bottom and right of the ink, in pixels of the upright picture.
    cut_off : bool
        Whether the ink of a photo reaches the edge of the picture.
    """

    image: npt.NDArray[np.uint8]
    turned: list[npt.NDArray[np.uint8]]
    box: tuple[int, int, int, int]
    cut_off: bool


UNREADABLE = FormedPicture(
    np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.uint8), [], (-1, -1, -1, -1), False
)


def to_form(name: str, pixels: npt.NDArray[Any] | Exception) -> FormedPicture:
    """Bring one picture [height, width, channels] into MNIST's form.

    An error takes the place of a picture that could not even be opened: it is raised.
    """
    if isinstance(pixels, Exception):
        raise pixels
    grey = to_grey(name, pixels)
    ink, photo = _find_ink(grey)
    if not ink.any():
        raise ValueError(f"{name}: must show a digit; nothing stands out from the ground")
    top, left, bottom, right = ink_box(ink)
    down, across = len(pixels) / len(ink), pixels.shape[1] / ink.shape[1]
    box = round(top * down), round(left * across), round(bottom * down), round(right * across)
    if max(ink.shape) < SMALL:
        ink = enlarge(ink)
    turned = [brighten(shrink_and_centre(turn(ink, a))) for a in (TURNS if photo else TURNS[:1])]
    return FormedPicture(turned[0], turned, box, photo and bool(edge(ink).any()))


def fit(name: str, pixels: npt.NDArray[Any] | Exception) -> FormedPicture:
    """Fit one picture [height, width, channels], whole and in grey, into 28x28 pixels.

    The border tells the ground. If it is light, the picture is inverted; the ground fills what
    the picture leaves free. So an image of the size and kind of MNIST's stays as it is.
    """
    if isinstance(pixels, Exception):
        raise pixels
    grey = to_grey(name, pixels)
    if pixels.dtype != np.uint8:  # another scale, such as 0..1
        grey = (grey - min(0.0, grey.min())) / (np.ptp(np.append(grey, 0.0)) or 1) * 255
    ground = float(np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])))
    if ground > 127:
        grey, ground = 255 - grey, 255 - ground
    (height, width), side = grey.shape, max(grey.shape)
    square = np.full((side, side), ground, np.float32)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = grey
    # Averaging over squares blurs least; what is small is enlarged smoothly.
    method = Image.Resampling.BOX if side > IMAGE_SIZE else Image.Resampling.BILINEAR
    small = Image.fromarray(square).resize((IMAGE_SIZE, IMAGE_SIZE), method)
    image = np.asarray(small).round().clip(0, 255).astype(np.uint8)
    return FormedPicture(image, [image], (0, 0, *pixels.shape[:2]), cut_off=False)


def _find_ink(grey: Floats) -> tuple[npt.NDArray[np.uint8], bool]:
    """Return the ink, and whether the picture was taken for a photo.

    What reaches the edge of a large drawing may be the lines of its paper or a shadow. If the
    rest is ink, too, the drawing is treated like a photo, which leaves only that rest.
    """
    photo = is_photo(grey)
    if not photo:
        ink = ink_of_drawing(grey)
        if max(grey.shape) < LARGE or not edge(ink).any():
            return ink, False
    rest = ink_of_photo(average_down(grey, PHOTO_SIDE))
    if photo or (rest.any() and not edge(rest).any()):
        return rest, True
    return ink, False


FORMS = {"mnist": to_form, "fit": fit}
