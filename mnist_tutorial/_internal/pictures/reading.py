"""Pictures of every kind that people have, as arrays: read, decoded, taken apart, made grey."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from mnist_tutorial._internal.errors import check_regular_file, describe
from mnist_tutorial._internal.mnist_form import IMAGE_SIZE
from mnist_tutorial._internal.pictures.morphology import Floats

__all__ = ["Picture", "average_down", "read_pictures", "to_grey"]

Picture: TypeAlias = str | os.PathLike[str] | Image.Image | npt.NDArray[Any]

# Other formats are refused; Pillow reads some of them by running programs.
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
MAX_PIXELS = 50_000_000
LARGEST_VALUE = 1e100
# Larger pictures are averaged down first: a digit needs no more pixels.
LARGEST_SIDE = 1000
LUMINANCE = np.array([0.299, 0.587, 0.114])  # Recommendation ITU-R BT.601


def read_pictures(
    name: str, images: Any
) -> Iterator[tuple[str, npt.NDArray[Any] | ValueError | OSError]]:
    """Yield each picture, with its name, as an array [height, width, channels].

    In place of a picture of a list that cannot be read, the error is yielded.
    """
    if isinstance(images, list | tuple):
        if not images:
            raise ValueError(f"{name} must hold at least one picture; got none")
        for i, image in enumerate(images):
            try:
                yield from read_pictures(f"{name}[{i}]", image)
            except (ValueError, OSError) as error:
                yield f"{name}[{i}]", error
    elif isinstance(images, str | os.PathLike):
        yield name, _read(name, os.fspath(images))
    elif isinstance(images, Image.Image):
        yield name, _decode(name, images)
    elif hasattr(images, "__array__"):
        yield from _split(name, np.asarray(images))
    else:
        raise TypeError(
            f"{name} must be a path, a PIL image, an array or a list of these; "
            f"got {describe(images)}"
        )


def to_grey(name: str, pixels: npt.NDArray[Any]) -> Floats:
    """Average a picture down to at most 1000 pixels a side, and weigh its colours.

    Parameters
    ----------
    name : str
        For the error message.
    pixels : bool, int or float [height, width, channels]
        1 (grey), 2 (grey, alpha), 3 (red, green, blue) or 4 channels (and alpha).

    Returns
    -------
    float64 [height, width]
        Grey values; transparent parts have the grey of most of the rest. Where most of the
        picture is transparent, or all that is visible has one grey, the alpha values instead.
    """
    values = average_down(pixels, LARGEST_SIDE)
    if not (np.abs(values) < LARGEST_VALUE).all():
        raise ValueError(f"{name}: must hold finite values; got NaN, infinity or huge ones")
    channels = values.shape[2]
    grey = values[..., 0] if channels < 3 else (values[..., :3] * LUMINANCE).sum(axis=2)
    if channels in (1, 3):
        return grey
    alpha = values[..., -1]
    if alpha.max() <= 0:
        return np.zeros_like(alpha)
    alpha = alpha.clip(0) / alpha.max()
    visible = grey[alpha > 0.5]
    if alpha.mean() < 0.5 or np.ptp(visible) == 0:
        return alpha  # the drawing is what can be seen, whatever its colour
    return alpha * grey + (1 - alpha) * np.median(visible)


def average_down(pixels: npt.NDArray[Any], side: int) -> Floats:
    """Average [height, width, ...] over squares of pixels, until no side is above ``side``."""
    height, width, *channels = pixels.shape
    factor = math.ceil(max(height, width) / side)
    if factor == 1:
        return pixels.astype(np.float64)
    padding = [(0, -height % factor), (0, -width % factor)] + [(0, 0)] * len(channels)
    pixels = np.pad(pixels, padding, mode="edge")
    pixels = pixels.reshape(len(pixels) // factor, factor, -1, factor, *channels)
    return pixels.mean(axis=(1, 3), dtype=np.float64)


def _split(name: str, array: npt.NDArray[Any]) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """Yield the one picture or the several that an array holds."""
    if array.dtype.kind not in "buif":
        raise TypeError(f"{name} must hold bools, integers or floats; got {describe(array)}")
    if array.size == 0:
        raise ValueError(f"{name} must hold pixels; got {describe(array)}")
    flat = array.ndim in (1, 2) and array.shape[-1] == IMAGE_SIZE**2
    in_channels = array.ndim in (3, 4) and array.shape[-1] <= 4
    if flat:
        batch = array.reshape(-1, IMAGE_SIZE, IMAGE_SIZE, 1)
    elif in_channels:
        batch = array.reshape(-1, *array.shape[-3:])
    elif array.ndim in (2, 3):
        batch = array.reshape(-1, *array.shape[-2:], 1)
    else:
        raise ValueError(
            f"{name} must be [height, width], [height, width, channels], [784], or a batch of "
            f"these, with at most 4 channels; got {describe(array)}"
        )
    several = array.ndim == 4 or (array.ndim == 3 and not in_channels) or (flat and array.ndim == 2)
    for i, pixels in enumerate(batch):
        one = f"{name}[{i}]" if several else name
        _check_size(one, pixels.shape[1], pixels.shape[0])
        yield one, pixels


def _read(name: str, path: str) -> npt.NDArray[Any]:
    name = f"{name}: {path}"
    if os.path.isdir(path):
        raise ValueError(
            f"{name}: a folder; give its pictures, such as sorted(Path({path!r}).glob('*.png'))"
        )
    check_regular_file(path, shown=name)
    with warnings.catch_warnings(), _one_line_errors(name):
        # Refused by _check_size, at fewer pixels than Pillow warns of.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        image = Image.open(path, formats=FORMATS)
    with image:
        return _decode(name, image)


def _decode(name: str, image: Image.Image) -> npt.NDArray[Any]:
    _check_size(name, *image.size)
    with _one_line_errors(name):
        upright = ImageOps.exif_transpose(image)
        if upright.mode.startswith(("I", "F")):  # more than 8 bits, which conversion would cut
            pixels = np.asarray(upright)
        else:
            pixels = np.asarray(upright.convert("RGBA" if upright.has_transparency_data else "RGB"))
    return pixels.reshape(*pixels.shape[:2], -1)


@contextmanager
def _one_line_errors(name: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # a damaged file makes Pillow raise almost any
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ValueError(f"{name}: must be a whole {'/'.join(FORMATS)} picture; {reason}") from None


def _check_size(name: str, width: int, height: int) -> None:
    if not 0 < width * height <= MAX_PIXELS:
        raise ValueError(f"{name}: must have 1 to {MAX_PIXELS:,} pixels; got {width}x{height}")
