"""Recognise what any picture shows: a photo, a drawing, an array.

NumPy and Pillow alone; the network may be of Keras or not. Read the chapter "In your browser": it
shows how MNIST's images were made. Its drawing pad takes the same steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from mnist_tutorial._internal.mnist_form import (
    DIGITS,
    Form,
    check_form,
    check_model,
    names_of_classes,
    scale_pixels,
)
from mnist_tutorial._internal.pictures.doubts import doubt_about, doubt_about_fitted, warn_of
from mnist_tutorial._internal.pictures.forms import FORMS, UNREADABLE, to_form
from mnist_tutorial._internal.pictures.predictions import Predictions
from mnist_tutorial._internal.pictures.reading import Picture, read_pictures
from mnist_tutorial.results import predict_probabilities

__all__ = ["Predictions", "predict", "to_mnist_image"]

# An answer to a turned photo counts in proportion to this power of its confidence.
POWER = 3
# Of letters and scribbles in photos a third is answered with less confidence, of digits 1 in 50.
DOUBTFUL = 0.7


def predict(
    model: Callable[..., Any],
    images: Picture | Sequence[Any],
    *,
    form: Form | None = None,
    class_names: Sequence[str] | None = None,
    strict: bool = False,
) -> Predictions:
    """Recognise the digits, or other classes, in pictures of any size, colour and kind.

    Each picture of a digit is brought into MNIST's form by
    :func:`mnist_tutorial.further.to_mnist_image` first. It should show one digit. A photo is
    also turned by up to 24 degrees to either side; of the seven answers the confident ones
    count most.

    Parameters
    ----------
    model : keras.Model, or another callable
        Maps float32 [n, 28, 28, 1] in 0..1 to probabilities float32 [n, classes].
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
    form : "mnist" or "fit", optional
        "mnist" is for digits. "fit" scales the whole picture to 28x28, as
        :meth:`mnist_tutorial.MnistData.from_folder` does. By default that of the data on which
        :func:`mnist_tutorial.train` has trained the model; where that is unknown, "mnist" for
        the ten digits and "fit" for classes with other names.
    class_names : sequence of str, optional
        One per class. By default those of the same data; the digits where they are unknown.
    strict : bool, default False
        Whether a picture of a batch that cannot be read raises an error. By default it gets
        the digit -1 and the others are answered.

    Returns
    -------
    Predictions

    Warns
    -----
    UserWarning
        If a picture of a batch cannot be read; or if a picture seems not to show one clear
        digit: there are two, there is too much ink, the edge of a photo cuts it off, or the
        confidence is below 70 %. In the form "fit", if a picture is blank. There is at most
        one warning about each picture.

    Raises
    ------
    ValueError
        If the model maps other shapes; or if a single picture is empty, has no ink, has more
        than 50 million pixels or values that are not finite, or its file is damaged.
    FileNotFoundError
        If there is no file at the path of a single picture.

    Examples
    --------
    >>> from mnist_tutorial import MnistData, pretrained
    >>> data, model = MnistData(), pretrained("quick")
    >>> predict(model, 255 - data.validation_images[:4])
    Predictions(4 pictures: 1 (100 %), 2 (100 %), 8 (100 %), 7 (100 %))
    """
    check_model(model)
    known = names_of_classes(
        getattr(model, "class_names", DIGITS) if class_names is None else class_names
    )
    shape: tuple[Any, ...] = getattr(model, "output_shape", None) or (None, len(known))
    if shape[1] not in (None, len(known)):
        got = (
            f"got {len(known)} names" if class_names is not None else "it does not know their names"
        )
        raise ValueError(f"class_names must name the {shape[1]} classes of the model; {got}")
    usual: Form = "mnist" if known == DIGITS else "fit"
    wanted: Form = getattr(model, "form", usual) if form is None else form
    check_form(wanted)
    names, forms, doubts = [], [], []
    progress = tqdm(read_pictures("images", images), desc="reading", unit="image", delay=1)
    for name, pixels in progress:
        try:
            read = FORMS[wanted](name, pixels)
            doubt = doubt_about(read) if wanted == "mnist" else doubt_about_fitted(read)
        except (ValueError, OSError) as error:
            if strict or name == "images":
                raise
            read = UNREADABLE
            doubt = f"cannot be read, digit -1; {str(error).removeprefix(name).lstrip(': ')}"
        names.append(name)
        forms.append(read)
        doubts.append(doubt)
    probabilities = _ask(model, [one.turned for one in forms], len(known))
    confidences = probabilities.max(axis=1)
    unclear = f"confidence below {100 * DOUBTFUL:.0f} %; look at it with to_mnist_image"
    doubts = [
        doubt or (unclear if wanted == "mnist" and confidence < DOUBTFUL else "")
        for doubt, confidence in zip(doubts, confidences, strict=True)
    ]
    warn_of(zip(names, doubts, strict=True))
    return Predictions(
        digits=np.where(np.isnan(confidences), -1, probabilities.argmax(axis=1)),
        probabilities=probabilities,
        confidences=confidences,
        boxes=np.array([one.box for one in forms]),
        images=np.stack([one.image for one in forms]),
        class_names=known,
    )


def to_mnist_image(picture: Picture) -> npt.NDArray[np.uint8]:
    """Bring a picture of a digit into the form of MNIST's images.

    Where most of the border has one grey the picture is a drawing on that ground. Otherwise it
    is taken for a photo: it is averaged down to at most 200 pixels a side, and the paper's
    brightness is estimated around each pixel, so shadows disappear. Then the straight lines
    of ruled paper are subtracted, and shapes cut off by the edge are erased.

    Ink departs from the ground to one side: darker or lighter, whichever departs further, and
    by at least a tenth of the greatest departure, in a photo three tenths. So neither the
    scale of the grey values nor their sign matters.

    Then come the steps that MNIST's makers took: the box around the ink is scaled to fit
    20x20 pixels, keeping its proportions, and placed in 28x28 pixels so that the centre of
    mass comes to the middle. Finally, the brightest pixel is made 255. A drawing of less than
    20 pixels a side is first enlarged smoothly.

    Parameters
    ----------
    picture : path, PIL image or array
        One picture, as :func:`mnist_tutorial.further.predict` takes them. A photo's EXIF
        orientation is followed, colours become grey by their luminance.

    Returns
    -------
    uint8 [28, 28]
        Bright ink on 0, as in MNIST.

    Warns
    -----
    UserWarning
        If the picture seems to show two digits, holds more ink than one, or is a photo in
        which the ink reaches the edge.

    References
    ----------
    Y. LeCun, C. Cortes and C. Burges, "The MNIST database of handwritten digits", 1998.
    J. Serra, "Image Analysis and Mathematical Morphology", 1982, for the paper's brightness.
    R. Duda and P. Hart, "Use of the Hough transformation to detect lines and curves in
    pictures", Communications of the ACM 15, 1972, for the ruled lines.

    Examples
    --------
    >>> import numpy as np
    >>> page = np.full((300, 400, 3), 255, np.uint8)
    >>> page[50:150, 80:100] = (0, 0, 120)
    >>> digit = to_mnist_image(page)
    >>> np.flatnonzero(digit.any(axis=1))[[0, -1]], np.flatnonzero(digit.any(axis=0))
    (array([ 5, 24]), array([13, 14, 15, 16]))
    """
    pictures = list(read_pictures("picture", picture))
    if len(pictures) != 1:
        raise ValueError(f"picture must be one picture; got {len(pictures)}")
    [(name, pixels)] = pictures
    form = to_form(name, pixels)
    warn_of([(name, doubt_about(form))])
    return form.image


def _ask(
    model: Callable[..., Any], pictures: Sequence[list[npt.NDArray[np.uint8]]], classes: int
) -> npt.NDArray[np.float32]:
    """Ask a model about each picture, a list of its turned images: float32 [n, classes]."""
    answers = np.full((len(pictures), classes), np.nan, np.float32)
    images = [image for turned in pictures for image in turned]
    if not images:
        return answers
    votes = predict_probabilities(model, scale_pixels(np.stack(images)[..., np.newaxis]))
    ends = np.cumsum([len(turned) for turned in pictures])
    for i, own in enumerate(np.split(votes, ends[:-1])):
        if len(own):
            answers[i] = np.average(own, axis=0, weights=own.max(axis=1) ** POWER)
    return answers
