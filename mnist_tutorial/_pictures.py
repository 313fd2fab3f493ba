"""Pictures of every kind that people have, as arrays: read, decoded, taken apart."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from mnist_tutorial._checks import IMAGE_SIZE, check_file, describe

__all__ = ["Picture", "read_pictures"]

Picture: TypeAlias = str | os.PathLike[str] | Image.Image | npt.NDArray[Any]

# Other formats are refused; Pillow reads some of them by running programs.
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
MAX_PIXELS = 50_000_000


def read_pictures(name: str, images: Any) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """Yield each picture, with its name, as an array [height, width, channels]."""
    if isinstance(images, list | tuple):
        if not images:
            raise ValueError(f"{name} must hold at least one picture; got none")
        for i, image in enumerate(images):
            yield from read_pictures(f"{name}[{i}]", image)
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
    check_file(path, shown=name)
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
