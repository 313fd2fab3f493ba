"""Checks of arrays: their kinds, shapes and values. ``checks.py`` says how to ask for them."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from mnist_tutorial._internal.errors import describe

# How far rounding may carry a probability, or a pixel, out of 0..1.
TOLERANCE = 1e-3


def check_array(
    name: str,
    value: Any,
    sizes: dict[str, int],
    *,
    kind: str,
    shape: tuple[str, ...],
    bounds: tuple[float, float] | None,
    one_hot: bool,
    finite: bool,
) -> Any:
    expected = f"{name} must be {kind} [{', '.join(shape)}]"
    if value is None or isinstance(value, str | bytes | dict | set | np.ma.MaskedArray):
        raise TypeError(f"{expected}; got {describe(value)}")
    try:
        array = np.asarray(value)
    except Exception:  # a ragged list, a tensor of a graph, an object of somebody else's
        raise TypeError(f"{expected}; got {describe(value)}") from None
    is_number = isinstance(value, numbers.Number) and shape != ("...",)
    if array.dtype.kind not in "biuf" or is_number:
        raise TypeError(f"{expected}; got {describe(value)}")
    kinds = {"float": "iuf", "int": "iu", "uint8": "u"}[kind]
    fits = array.dtype.kind in kinds and (kind != "uint8" or array.dtype == np.uint8)
    names = shape[1:] if shape[0] == "..." else shape
    last = array.shape[-len(names) :] if names and len(names) < len(shape) else array.shape
    known = dict(sizes)
    fits = fits and (len(shape) > len(names) or array.ndim == len(names))
    fits = fits and array.ndim >= len(names)
    for word, size in zip(names, last, strict=False):
        fits = fits and size == (int(word) if word.isdigit() else known.setdefault(word, size))
    if not fits:
        said = [f"{word} = {sizes[word]}" for word in names if word in sizes]
        also = f" with {', '.join(said)}" if said else ""
        raise ValueError(f"{expected}{also}; got {describe(array)}")
    sizes |= known
    if array.size == 0:
        raise ValueError(f"{name} must not be empty; got {describe(array)}")
    if kind == "float" and array.dtype.kind != "f":
        array = array.astype(np.float64)
    if kind == "float" and array.dtype.itemsize < 4:  # sums overflow in half precision
        array = array.astype(np.float32)
    if finite and kind == "float" and not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite; got {array[~np.isfinite(array)][0]}")
    if bounds is not None:
        check_range(name, array, *bounds)
    if one_hot:
        _check_one_hot(name, array)
    return array


def check_range(name: str, array: Any, low: float, high: float) -> None:
    """Raise ValueError unless the values of an array, NaN aside, lie in ``low``..``high``."""
    if np.isnan(array).all():
        return
    smallest, largest = np.nanmin(array), np.nanmax(array)
    if smallest < low - TOLERANCE or largest > high + TOLERANCE:
        raise ValueError(f"{name} must lie in {low:g}..{high:g}; got {smallest:g}..{largest:g}")


def _check_one_hot(name: str, rows: Any) -> None:
    sums = rows.sum(axis=-1)
    wrong = np.flatnonzero((np.abs(sums - 1) > TOLERANCE) | (rows.min(axis=-1) < 0))
    if wrong.size:
        row = wrong[0]
        raise ValueError(
            f"{name} must be one-hot, 0 or more with sum 1 in each row; "
            f"got sum {sums[row]:g} and minimum {rows[row].min():g} in row {row}"
        )
