"""Recognise the digit in any picture: a photo, a drawing, an array.

NumPy and Pillow; TensorFlow is loaded when a network is asked. The chapter "In your browser"
tells how MNIST's images were made; its drawing pad takes the same steps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import starmap
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from mnist_tutorial._checks import IMAGE_SIZE, check_model, warn
from mnist_tutorial._pictures import Picture, read_pictures

if TYPE_CHECKING:
    import keras

__all__ = ["Predictions", "predict", "to_mnist_form"]

Grey: TypeAlias = npt.NDArray[np.uint8]
Floats: TypeAlias = npt.NDArray[np.float64]

LARGEST_VALUE = 1e100
LUMINANCE = np.array([0.299, 0.587, 0.114])

# Larger pictures are averaged down to so many pixels a side: a digit needs no more, and in
# a photo it takes away most of the noise.
LARGEST_SIDE = 1000
PHOTO_SIDE = 200
# Ink departs from the ground by at least this share of the greatest departure: JPEG's ripples
# and a photo's shadows depart less.
FAINTEST = 0.1
FAINTEST_IN_PHOTO = 0.3
# The greatest departure is of ink, and not of noise, if it is so many times the greatest to
# the other side and, in a photo, the median one. Blank noisy paper comes to 1.3 and 8,
# digits on noisy paper to 4 and 26.
CLEAR_OF_OTHER_SIDE = 1.5
CLEAR_OF_MEDIAN = 15.0
FITS = 4

BOX_SIZE = 20
MOST_INK = 0.4  # mean grey, in 0..1; the highest in MNIST's training file
PREDICTION_BATCH = 1000


class Predictions(NamedTuple):
    """The digits that a network sees in pictures.

    Attributes
    ----------
    digits : int64 [n]
        The most probable digit of each picture.
    probabilities : float32 [n, 10]
        One row for each picture, in the order they were given.
    """

    digits: npt.NDArray[np.int64]
    probabilities: npt.NDArray[np.float32]


def predict(model: keras.Model, images: Picture | Sequence[Any]) -> Predictions:
    """Recognise the digits in pictures of any size, colour and kind.

    Each picture is brought into MNIST's form by :func:`mnist_tutorial.to_mnist_form` first; a
    progress bar is shown where that takes longer than a second. It should show one digit, on
    a ground that fills most of its border: whatever else stands out counts as ink, too.

    Parameters
    ----------
    model : keras.Model
        Maps float32 [n, 28, 28, 1] in 0..1 to probabilities float32 [n, 10].
    images : path, PIL image, array, or a list of them
        A path is that of a BMP, GIF, JPEG, PNG, PPM, TIFF or WebP file; of several frames the
        first counts. An array, of bools, integers or floats on any scale, is a picture

        - [height, width], or [height, width, channels] with 1 (grey), 2 (grey, alpha), 3
          (red, green, blue) or 4 (and alpha) channels; or [784], 28 rows of 28;

        or a batch of n pictures

        - [n, 784]: a picture 784 wide is given as [height, 784, 1];
        - [n, height, width], where the width is above 4: [28, 28, 3] is a picture in colour,
          [3, 28, 28] a batch of three grey ones;
        - [n, height, width, channels].

    Returns
    -------
    Predictions
        ``digits`` int64 [n] and ``probabilities`` float32 [n, 10].

    Warns
    -----
    UserWarning
        If a picture holds more ink than a digit does.

    Raises
    ------
    TypeError
        If the model is no Keras model, or ``images`` is of another kind.
    ValueError
        If the model maps other shapes; or if a picture is empty, has no ink, has more than
        50 million pixels or values that are not finite, or its file is damaged.
    FileNotFoundError
        If there is no file at a path.

    Examples
    --------
    >>> from mnist_tutorial import MnistData, pretrained
    >>> data, model = MnistData(), pretrained("quick")
    >>> dark_on_light = 255 - data.validation_images[:4]
    >>> predict(model, dark_on_light).digits, data.validation_labels[:4]
    (array([1, 2, 8, 7]), array([1, 2, 8, 7], dtype=uint8))
    """
    check_model(model, built=True)
    pictures = tqdm(read_pictures("images", images), desc="reading", unit="image", delay=1)
    xs = np.stack(list(starmap(_to_form, pictures)))[..., np.newaxis].astype(
        np.float32
    ) / np.float32(255)
    probabilities = np.concatenate(
        [
            np.asarray(model(xs[i : i + PREDICTION_BATCH], training=False))
            for i in range(0, len(xs), PREDICTION_BATCH)
        ]
    )
    return Predictions(probabilities.argmax(axis=1).astype(np.int64), probabilities)


def to_mnist_form(picture: Picture) -> Grey:
    """Bring a picture of a digit into the form of MNIST's images.

    The ground is the grey of most of the border; transparent parts belong to it. Where the
    border is uneven the picture is taken for a photo: it is averaged down to at most 200
    pixels a side, and the ground is a surface of second degree that is fitted to most of it.
    Ink departs from the ground to one side: darker or lighter, whichever departs further, and
    by at least a tenth of the greatest departure, in a photo three tenths. So neither the
    scale of the grey values nor their sign matters.

    Then come the steps that MNIST's makers took: the box around the ink is scaled to fit
    20x20 pixels, keeping its proportions, and laid into 28x28 so that the centre of mass
    comes to the middle. Where thin strokes have become pale, the brightest pixel is made 255.

    Parameters
    ----------
    picture : path, PIL image or array
        One picture, as :func:`mnist_tutorial.predict` takes them. A photo's EXIF orientation
        is followed, colours become grey by their luminance.

    Returns
    -------
    uint8 [28, 28]
        Bright ink on 0, as in MNIST.

    Warns
    -----
    UserWarning
        If the picture holds more ink than a digit does.

    Raises
    ------
    TypeError, ValueError, FileNotFoundError
        As :func:`mnist_tutorial.predict`, and if there is more than one picture.

    References
    ----------
    Y. LeCun, C. Cortes and C. Burges, "The MNIST database of handwritten digits", 1998. Luminance:
    Recommendation ITU-R BT.601.

    Examples
    --------
    >>> import numpy as np
    >>> page = np.full((300, 400, 3), 255, np.uint8)
    >>> page[50:150, 80:100] = (0, 0, 120)
    >>> digit = to_mnist_form(page)
    >>> np.flatnonzero(digit.any(axis=1))[[0, -1]], np.flatnonzero(digit.any(axis=0))
    (array([ 5, 24]), array([13, 14, 15, 16]))
    """
    pictures = list(read_pictures("picture", picture))
    if len(pictures) != 1:
        raise ValueError(f"picture must be one picture; got {len(pictures)}")
    return _to_form(*pictures[0])


def _to_form(name: str, pixels: npt.NDArray[Any]) -> Grey:
    """Bring one picture [height, width, channels] into MNIST's form."""
    values = _average_down(pixels, LARGEST_SIDE)
    if not (np.abs(values) < LARGEST_VALUE).all():
        raise ValueError(f"{name}: must hold finite values; got NaN, infinity or huge ones")
    ink = _find_ink(_to_grey(values))
    if not ink.any():
        raise ValueError(f"{name}: must show a digit; nothing stands out from the ground")
    form = _shrink_and_centre(ink)
    form = np.asarray(np.rint(form * (255 / form.max())), np.uint8)
    if form.mean() > MOST_INK * 255:
        warn(
            f"{name}: holds more ink than any digit of MNIST, on {(form > 0).mean():.0%} of the "
            "28x28 pixels; is it one digit on a plain ground?"
        )
    return form


def _average_down(pixels: npt.NDArray[Any], side: int) -> Floats:
    """Average over squares of whole pixels, until no side is longer than ``side``."""
    height, width, channels = pixels.shape
    factor = math.ceil(max(height, width) / side)
    if factor > 1:
        padding = ((0, -height % factor), (0, -width % factor), (0, 0))
        pixels = np.pad(pixels, padding, mode="edge")
        pixels = pixels.reshape(len(pixels) // factor, factor, -1, factor, channels)
        return np.asarray(pixels.mean(axis=(1, 3), dtype=np.float64))
    return np.asarray(pixels, np.float64)


def _to_grey(values: Floats) -> Floats:
    """Weigh the colours, and lay what is transparent on its ground: [height, width]."""
    channels = values.shape[2]
    grey = values[..., 0] if channels < 3 else (values[..., :3] * LUMINANCE).sum(axis=2)
    if channels in (1, 3):
        return np.asarray(grey)
    alpha = values[..., -1]
    if alpha.max() <= 0:
        return np.zeros_like(alpha)
    alpha = alpha.clip(0) / alpha.max()
    visible = grey[alpha > 0.5]
    if alpha.mean() < 0.5 or np.ptp(visible) == 0:
        return np.asarray(alpha)  # the drawing is what can be seen, whatever its colour
    return np.asarray(alpha * grey + (1 - alpha) * np.median(visible))


def _find_ink(grey: Floats) -> Grey:
    """Return how far each pixel departs from the ground, from 0 to 255 at the farthest."""
    border = np.concatenate([grey[0], grey[-1], grey[1:-1, 0], grey[1:-1, -1]])
    ground: Any = np.median(border)
    photo = (border == ground).mean() < 0.5
    if photo:
        grey = _average_down(grey[..., np.newaxis], PHOTO_SIDE)[..., 0]
        ground = _smooth_surface(grey)
    departure = grey - ground
    if -departure.min() > departure.max():
        departure = -departure
    farthest = departure.max()
    noise = -CLEAR_OF_OTHER_SIDE * departure.min()
    if photo:
        noise = max(noise, CLEAR_OF_MEDIAN * np.median(np.abs(departure)))
    if farthest <= noise:
        return np.zeros(grey.shape, np.uint8)
    departure[departure < (FAINTEST_IN_PHOTO if photo else FAINTEST) * farthest] = 0
    return np.asarray(np.rint(255 * departure / farthest), np.uint8)


def _smooth_surface(grey: Floats) -> Floats:
    """Fit a polynomial of second degree by least squares to the pixels that lie near it."""
    height, width = grey.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].reshape(2, -1)
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
    values = grey.ravel()
    surface = np.full_like(values, np.median(values))
    for _ in range(FITS):
        error = np.abs(values - surface)
        paper = error <= 2 * np.median(error)
        surface = terms @ np.linalg.lstsq(terms[paper], values[paper], rcond=None)[0]
    return np.asarray(surface.reshape(height, width))


def _shrink_and_centre(ink: Grey) -> Grey:
    """Scale the box of the ink into 20x20, lay it into 28x28: book/demo/src/mnist-form.js."""
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = BOX_SIZE / max(ink.shape)
    height, width = (max(1, math.floor(side * scale + 0.5)) for side in ink.shape)
    # Averages times the area of the box: whole numbers, exact in whatever order they are added.
    sums = _overlaps(ink.shape[0], height) @ ink @ _overlaps(ink.shape[1], width).T
    top, left = (_offset(sums.sum(axis=axis)) for axis in (1, 0))
    form = np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    form[top : top + height, left : left + width] = np.rint(sums / ink.size)
    return form


def _overlaps(old_size: int, new_size: int) -> Floats:
    """Return what each new pixel, old_size long, shares with each old one, new_size long."""
    new, old = np.arange(new_size)[:, np.newaxis] * old_size, np.arange(old_size) * new_size
    shared = np.minimum(new + old_size, old + new_size) - np.maximum(new, old)
    return np.asarray(shared.clip(0), np.float64)


def _offset(sums: Floats) -> int:
    """Return where a digit begins whose centre of mass comes to the middle."""
    centre_of_mass = float(sums @ np.arange(len(sums)) / sums.sum())
    offset = math.floor(IMAGE_SIZE / 2 - centre_of_mass + 0.5)
    return min(max(offset, 0), IMAGE_SIZE - len(sums))
