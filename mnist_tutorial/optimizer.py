"""Stochastic gradient descent: the tutorial's optimizer, and its arithmetic in NumPy.

Chapter 3, "Optimizer", tells its story.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mnist_tutorial.batching import check_whole_number

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

    return keras.optimizers.SGD(_check_learning_rate(learning_rate))


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
    ValueError
        If numbers or shapes of weights and gradients differ, or ``learning_rate`` is not a
        finite number above 0.

    Examples
    --------
    >>> import numpy as np
    >>> sgd_step([np.array([1.0, 2.0])], [np.array([10.0, -10.0])], learning_rate=0.1)
    [array([0., 3.])]
    """
    learning_rate = _check_learning_rate(learning_rate)
    shapes = [[np.shape(array) for array in arrays] for arrays in (weights, gradients)]
    if shapes[0] != shapes[1]:
        raise ValueError(f"weights and gradients differ in shape: {shapes[0]} and {shapes[1]}")
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
        If ``steps`` is no whole number or negative, or ``learning_rate`` is not a finite
        number above 0.

    Examples
    --------
    >>> gradient_descent(lambda w: 2 * w, 1.0, learning_rate=0.25, steps=3)
    array([1.   , 0.5  , 0.25 , 0.125])
    """
    learning_rate = _check_learning_rate(learning_rate)
    steps = check_whole_number("steps", steps, minimum=0)
    path = [float(start)]
    for _ in range(steps):
        path.append(path[-1] - learning_rate * gradient(path[-1]))
    return np.array(path)


def _check_learning_rate(learning_rate: float) -> float:
    try:
        rate = math.nan if isinstance(learning_rate, bool) else float(learning_rate)
    except (TypeError, ValueError):
        rate = math.nan
    if not 0 < rate < math.inf:
        raise ValueError(f"learning_rate must be a finite number above 0; got {learning_rate!r}")
    return rate
