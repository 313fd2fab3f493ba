"""Stochastic gradient descent: the tutorial's optimizer, and its arithmetic in NumPy.

Chapter 3, "Optimizer", tells its story.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mnist_tutorial._checks import (
    check_array,
    check_number,
    check_whole_number,
    describe,
    warn,
)

if TYPE_CHECKING:
    import keras

__all__ = ["LEARNING_RATE", "build_optimizer", "gradient_descent", "sgd_step"]

LEARNING_RATE = 0.15
"""The tutorial's learning rate."""


def build_optimizer(learning_rate: float = LEARNING_RATE) -> keras.optimizers.SGD:
    """Build the tutorial's optimizer: plain stochastic gradient descent, no momentum.

    Parameters
    ----------
    learning_rate : float, default 0.15
        Size of a step as a multiple of the gradient; above 0.

    Returns
    -------
    keras.optimizers.SGD

    Raises
    ------
    ValueError
        If ``learning_rate`` is not a finite number above 0.

    Warns
    -----
    UserWarning
        If ``learning_rate`` is 10 or more, as when 15 is meant to be percent.

    References
    ----------
    H. Robbins and S. Monro, "A stochastic approximation method", Annals of Mathematical
    Statistics 22(3), 1951.

    Examples
    --------
    >>> round(float(build_optimizer().learning_rate), 2)
    0.15
    """
    from mnist_tutorial._tensorflow import keras

    learning_rate = check_number("learning_rate", learning_rate, above=0)
    if learning_rate >= 10:
        warn(f"learning_rate {learning_rate:g} looks too large; the tutorial's is {LEARNING_RATE}")
    return keras.optimizers.SGD(learning_rate)


def sgd_step(
    weights: Sequence[npt.NDArray[np.floating]],
    gradients: Sequence[npt.NDArray[np.floating]],
    learning_rate: float = LEARNING_RATE,
) -> list[npt.NDArray[np.floating]]:
    """Take one step of gradient descent: each weight minus the rate times its gradient.

    Parameters
    ----------
    weights, gradients : sequences of float arrays
        One gradient for each weight, of the same shape.
    learning_rate : float, default 0.15
        Above 0.

    Returns
    -------
    list of float arrays
        The new weights; the old ones are left as they are.

    Raises
    ------
    TypeError, ValueError
        If weights or gradients are no sequence of finite arrays, their numbers or shapes
        differ, or ``learning_rate`` is not a finite number above 0.

    Examples
    --------
    >>> import numpy as np
    >>> sgd_step([np.array([1.0, 2.0])], [np.array([10.0, -10.0])], learning_rate=0.1)
    [array([0., 3.])]
    """
    learning_rate = check_number("learning_rate", learning_rate, above=0)
    for name, arrays in (("weights", weights), ("gradients", gradients)):
        if not isinstance(arrays, Sequence):
            raise TypeError(f"{name} must be a sequence of arrays; got {describe(arrays)}")
        for i, array in enumerate(arrays):
            check_array(f"{name}[{i}]", array, (...,))
    shapes = [[array.shape for array in arrays] for arrays in (weights, gradients)]
    if shapes[0] != shapes[1]:
        old, new = map(reprlib.repr, shapes)
        raise ValueError(f"weights and gradients differ in shape: {old} and {new}")
    return [w - learning_rate * g for w, g in zip(weights, gradients, strict=True)]


def gradient_descent(
    gradient: Callable[[float], float],
    start: float,
    *,
    learning_rate: float,
    steps: int,
) -> npt.NDArray[np.float64]:
    """Walk downhill on a function of one weight and return every place on the way.

    Parameters
    ----------
    gradient : callable
        The slope of the function at a weight.
    start : float
        The first weight.
    learning_rate : float
        Above 0.
    steps : int
        Number of steps, at least 0.

    Returns
    -------
    float64 [steps + 1]
        The weights, ``start`` first.

    Raises
    ------
    TypeError, ValueError
        If ``gradient`` cannot be called, ``start`` is no finite number, ``steps`` is no whole
        number or negative, or ``learning_rate`` is not a finite number above 0.

    Examples
    --------
    >>> gradient_descent(lambda w: 2 * w, 1.0, learning_rate=0.25, steps=3)
    array([1.   , 0.5  , 0.25 , 0.125])
    """
    if not callable(gradient):
        raise TypeError(f"gradient must be a function of one weight; got {describe(gradient)}")
    learning_rate = check_number("learning_rate", learning_rate, above=0)
    steps = check_whole_number("steps", steps, minimum=0)
    path = [check_number("start", start)]
    for _ in range(steps):
        path.append(path[-1] - learning_rate * gradient(path[-1]))
    return np.array(path)
