"""The sizes of MNIST, and checks of arguments.

Each check raises an error of one line that names the argument, what arrived and what is
wanted. What cannot be known to be wrong, but looks wrong, is a warning.
"""

from __future__ import annotations

import math
import numbers
import operator
import os
import reprlib
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from types import EllipsisType
from typing import Any, Literal

import numpy as np

IMAGE_SIZE = 28
NUM_CLASSES = 10

_KINDS: dict[str, Callable[[np.dtype[Any]], bool]] = {
    "a uint8 array": lambda dtype: dtype == np.uint8,
    "an integer array": lambda dtype: dtype.kind in "iu",
    "a numeric array": lambda dtype: dtype.kind in "iuf",
}
# How far rounding may carry a probability, or a pixel, out of 0..1.
_TOLERANCE = 1e-3


def describe(value: Any) -> str:
    """Say in a few words what an argument is, for error messages."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {list(value.shape)}"
    if value is None or isinstance(value, str | bytes | numbers.Number | np.generic):
        return reprlib.repr(value)
    return type(value).__name__


def check_whole_number(name: str, value: Any, *, minimum: int, maximum: int | None = None) -> int:
    """Return ``value`` as an int, or raise an error that names the argument.

    Python's True is an int and 64.0 equals one; both are refused, because in an argument
    they are more often a slip than an intention.
    """
    try:
        if isinstance(value, bool | np.bool_):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be a whole number; got {describe(value)}") from None
    if number < minimum:
        raise ValueError(f"{name} must be at least {minimum}; got {describe(number)}")
    if maximum is not None and number > maximum:
        raise ValueError(f"{name} must be at most {maximum}; got {describe(number)}")
    return number


def check_batch_size(name: str, value: Any, split_size: int) -> int:
    """Return ``value`` as an int from 1 to ``split_size``, or raise an error."""
    number = check_whole_number(name, value, minimum=1)
    if number > split_size:
        raise ValueError(
            f"{name} must be at most {split_size}, the size of the split; got {describe(number)}"
        )
    return number


def check_number(
    name: str, value: Any, *, above: float | None = None, minimum: float | None = None
) -> float:
    """Return a finite real number as a float, or raise ValueError."""
    try:
        real = isinstance(value, numbers.Real) and not isinstance(value, bool | np.bool_)
        number = float(value) if real else math.nan
    except OverflowError:
        number = math.inf
    wanted, fits = "a finite number", math.isfinite(number)
    if above is not None:
        wanted, fits = f"{wanted} above {above}", fits and number > above
    if minimum is not None:
        wanted, fits = f"{wanted} of at least {minimum}", fits and number >= minimum
    if not fits:
        raise ValueError(f"{name} must be {wanted}; got {describe(value)}")
    return number


def check_path(name: str, value: Any) -> Path:
    """Return ``value`` as a Path, or raise TypeError; an empty string is none."""
    if not isinstance(value, str | os.PathLike) or value == "":
        raise TypeError(f"{name} must be a path; got {describe(value)}")
    return Path(value)


def check_file(path: str | Path, *, shown: str | None = None) -> None:
    """Raise an error that begins with ``shown``, or the path, unless a regular file is there."""
    if os.path.isfile(path):
        return
    # A link to nothing is there, although it leads to no file.
    if os.path.lexists(path):
        raise ValueError(f"{shown or path}: not a regular file")
    raise FileNotFoundError(f"{shown or path}: no such file")


def check_array(
    name: str,
    value: Any,
    shape: Sequence[int | str | EllipsisType],
    kind: str = "a numeric array",
    *,
    finite: bool = True,
) -> None:
    """Raise ValueError unless ``value`` is a NumPy array of this shape and kind, not empty.

    In ``shape`` a word stands for any size, and ``...`` in front for any number of axes.
    """
    sizes = [size for size in shape if size is not ...]
    if isinstance(value, np.ndarray) and _KINDS[kind](value.dtype):
        last = value.shape[max(value.ndim - len(sizes), 0) :] if ... in shape else value.shape
        fits = len(last) == len(sizes) and all(
            isinstance(size, str) or size == actual
            for size, actual in zip(sizes, last, strict=True)
        )
    else:
        fits = False
    if not fits:
        wanted = ", ".join("..." if size is ... else str(size) for size in shape)
        raise ValueError(f"{name} must be {kind} [{wanted}]; got {describe(value)}")
    if value.size == 0:
        raise ValueError(f"{name} must not be empty; got {describe(value)}")
    if finite and value.dtype.kind == "f" and not np.isfinite(value).all():
        raise ValueError(f"{name} must be finite; got {value[~np.isfinite(value)][0]} among others")


def check_range(name: str, value: Any, low: float, high: float) -> None:
    """Raise ValueError unless the values of an array, NaN aside, lie in ``low``..``high``."""
    smallest, largest = np.nanmin(value), np.nanmax(value)
    if smallest < low - _TOLERANCE or largest > high + _TOLERANCE:
        raise ValueError(f"{name} must lie in {low}..{high}; got {smallest:g}..{largest:g}")


def check_digits(name: str, value: Any) -> None:
    """Raise ValueError unless ``value`` is an integer array [n] of class numbers in 0..9."""
    check_array(name, value, ("n",), "an integer array")
    check_range(name, value, 0, NUM_CLASSES - 1)


def check_one_hot(name: str, rows: Any) -> None:
    """Raise ValueError unless each row of an array [n, classes] is 0 or more, with sum 1."""
    sums = rows.sum(axis=1)
    wrong = np.flatnonzero((np.abs(sums - 1) > _TOLERANCE) | (rows.min(axis=1) < 0))
    if wrong.size:
        row = wrong[0]
        raise ValueError(
            f"{name} must be one-hot, 0 or more with sum 1 in each row; got sum {sums[row]:g} "
            f"and minimum {rows[row].min():g} in row {row}"
        )


def check_model(model: Any, *, built: bool = False) -> None:
    """Raise an error unless a model maps [n, 28, 28, 1] to [n, 10], as far as it says so.

    Any callable will do, or with ``built`` only a Keras model that has its shapes.
    """
    if built:
        check_keras("model", model)
    elif not callable(model) or isinstance(model, type):
        raise TypeError(f"model must be a Keras model; got {describe(model)}")
    wanted = ((None, IMAGE_SIZE, IMAGE_SIZE, 1), (None, NUM_CLASSES))
    shapes = tuple(getattr(model, name, None) for name in ("input_shape", "output_shape"))
    if shapes != wanted and (built or shapes != (None, None)):
        raise ValueError(
            f"model must map {wanted[0]} to {wanted[1]}; this one maps {shapes[0]} to {shapes[1]}"
        )


def check_keras(name: Literal["model", "optimizer"], value: Any) -> None:
    """Raise TypeError unless ``value`` is a Keras model, or a Keras optimizer."""
    from mnist_tutorial._tensorflow import keras

    kind = keras.Model if name == "model" else keras.optimizers.Optimizer
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be a Keras {name}; got {describe(value)}")


def warn_of_look(name: str, images: Any) -> None:
    """Warn if uint8 images look inverted, or scaled to 0..1; the first hundred are judged.

    On a black background few pixels of the outermost rows and columns are bright, even where
    a digit is thick or a garment fills the image.
    """
    sample = np.asarray(images[:100]).reshape(-1, IMAGE_SIZE, IMAGE_SIZE)
    edge = np.concatenate([sample[:, [0, -1]].ravel(), sample[:, :, [0, -1]].ravel()])
    if (edge > 127).mean() > 0.75:
        warn(
            f"{name} look inverted: most pixels at their edges are bright; wanted is light ink "
            "on a black background, as mnist_tutorial.invert makes it"
        )
    if sample.max() == 1:
        warn(f"{name} look scaled to 0..1: the largest value is 1; wanted are grey values 0..255")


def warn_of_range(name: str, images: Any) -> None:
    """Warn if float images leave 0..1."""
    low, high = images.min(), images.max()
    if low < -_TOLERANCE or high > 1 + _TOLERANCE:
        warn(
            f"{name} hold {low:.3g}..{high:.3g}; wanted are pixels in 0..1, "
            "that is grey values divided by 255"
        )


def warn(message: str) -> None:
    """Warn, and name the line outside of this package that led here."""
    level, frame = 2, sys._getframe(1)
    package = __name__.partition(".")[0]
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == package:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, UserWarning, stacklevel=level)
