"""Arguments are checked here, once, by a decorator that says what a function expects.

``@checked(logits="float [n, classes]", seed="whole number >= 0")`` reads like the docstring.
A wrong type raises TypeError, a wrong value ValueError, each in one line that names the
argument, what is expected and what arrived.
"""

from __future__ import annotations

import functools
import inspect
import math
import numbers
import operator
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numpy as np

from mnist_tutorial._internal.array_checks import check_array
from mnist_tutorial._internal.errors import describe

P = ParamSpec("P")
R = TypeVar("R")
Check = Callable[[str, Any, dict[str, int]], Any]

SEED = "whole number in 0..4294967295"


def checked(**specs: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Check, and where it is harmless convert, the arguments of a function before each call.

    =====================================  ====================================================
    ``float [n, 28, 28]``                  an array or a list; integers become float64
    ``int [n] in 0..9``, ``uint8 [n]``     an integer array or list; an array of bytes
    ``float [n, classes] one-hot``         rows that are 0 or more and have the sum 1
    ``float [..., classes] or nan``        any number of leading axes; NaN is allowed
    ``whole number in 0..9``, ``>= 1``     an int, or NumPy's; neither True nor 64.0
    ``number > 0``, ``>= 0``               a finite real number
    ``seed``                               a whole number in 0..2**32 - 1
    ``path``, ``function``                 a path, not empty, becomes a Path; can be called
    =====================================  ====================================================

    A word in brackets stands for a size that must be the same wherever the word occurs. An
    argument whose default is None, or whose specification ends in ``or None``, may be None.
    """
    checks = {name: _parse(spec) for name, spec in specs.items()}

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)
        optional = {
            name
            for name, spec in specs.items()
            if spec.endswith(" or None") or signature.parameters[name].default is None
        }

        @functools.wraps(function)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
            bound = signature.bind(*args, **kwargs)
            sizes: dict[str, int] = {}
            for name, check in checks.items():
                if name in bound.arguments:
                    value = bound.arguments[name]
                    if value is not None or name not in optional:
                        bound.arguments[name] = check(name, value, sizes)
            return function(*bound.args, **bound.kwargs)

        return wrapper

    return decorate


def check(name: str, value: Any, spec: str, sizes: dict[str, int] | None = None) -> Any:
    """Check one value as :func:`checked` does, and return it."""
    return _parse(spec)(name, value, {} if sizes is None else sizes)


@functools.cache
def _parse(spec: str) -> Check:
    """Turn a specification into the function that checks it."""
    spec = SEED if spec == "seed" else spec.removesuffix(" or None")
    if spec == "path":
        return _check_path
    if spec == "function":
        return _check_function
    if match := re.fullmatch(r"(whole number|number)(?: in (\S+)\.\.(\S+)| (>=|>) (\S+))?", spec):
        kind, low, high, sign, bound = match.groups()
        if sign:
            low, high = bound, "inf"
        return functools.partial(
            _check_number if kind == "number" else _check_whole_number,
            spec=spec,
            low=float(low or "-inf"),
            high=float(high or "inf"),
            strict=sign == ">",
        )
    array = r"(float|int|uint8) \[([^]]*)\](?: in (\S+)\.\.(\S+))?( one-hot)?( or nan)?"
    match = re.fullmatch(array, spec)
    if match is None:
        raise ValueError(f"unknown specification: {spec}")
    kind, shape, low, high, one_hot, nan = match.groups()
    return functools.partial(
        check_array,
        kind=kind,
        shape=tuple(shape.split(", ")),
        bounds=(float(low), float(high)) if low else None,
        one_hot=bool(one_hot),
        finite=not nan,
    )


def _check_path(name: str, value: Any, _: dict[str, int]) -> Path:
    if not isinstance(value, str | os.PathLike) or value == "":
        raise TypeError(f"{name} must be a path; got {describe(value)}")
    return Path(value)


def _check_function(name: str, value: Any, _: dict[str, int]) -> Any:
    if not callable(value):
        raise TypeError(f"{name} must be a function; got {describe(value)}")
    return value


def _check_whole_number(
    name: str, value: Any, _: dict[str, int], *, spec: str, low: float, high: float, strict: bool
) -> int:
    # Python's True is an int and 64.0 equals one, but as arguments they are mostly slips.
    try:
        if isinstance(value, bool | np.bool_):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be a whole number; got {describe(value)}") from None
    if not low + strict <= number <= high:
        raise ValueError(f"{name} must be a {spec}; got {describe(number)}")
    return number


def _check_number(
    name: str, value: Any, _: dict[str, int], *, spec: str, low: float, high: float, strict: bool
) -> float:
    if not isinstance(value, numbers.Real) or isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be a number; got {describe(value)}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number) or not low <= number <= high or (strict and number == low):
        raise ValueError(f"{name} must be a finite {spec}; got {describe(value)}")
    return number
