"""Stochastic gradient descent: the tutorial's optimizer, and its arithmetic in NumPy.

Read chapter 3, "Optimizer".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from mnist_tutorial._internal.checks import check, checked
from mnist_tutorial._internal.errors import describe, warn
from mnist_tutorial._internal.tensorflow import keras

__all__ = ["LEARNING_RATE", "build_optimizer", "gradient_descent", "sgd_step"]

LEARNING_RATE = 0.15
"""The tutorial's learning rate."""

Array = npt.NDArray[np.floating]


@checked(learning_rate="number > 0")
def build_optimizer(learning_rate: float = LEARNING_RATE) -> keras.optimizers.SGD:
    """Build the tutorial's optimizer: plain stochastic gradient descent, no momentum.

    Parameters
    ----------
    learning_rate : float, default 0.15
        The multiple of the gradient that an update subtracts; above 0.

    Returns
    -------
    keras.optimizers.SGD

    References
    ----------
    H. Robbins and S. Monro, "A stochastic approximation method", Annals of Mathematical
    Statistics 22(3), 1951.

    Examples
    --------
    >>> round(float(build_optimizer().learning_rate), 2)
    0.15
    """
    if learning_rate >= 10:
        warn(f"learning_rate {learning_rate:g} looks too large; the tutorial's is {LEARNING_RATE}")
    return keras.optimizers.SGD(learning_rate)


@checked(learning_rate="number > 0")
def sgd_step(
    weights: Sequence[Array], gradients: Sequence[Array], learning_rate: float = LEARNING_RATE
) -> list[Array]:
    """Update weights once: subtract from each the learning rate times its gradient.

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

    Examples
    --------
    >>> import numpy as np
    >>> sgd_step([np.array([1.0, 2.0])], [np.array([10.0, -10.0])], learning_rate=0.1)
    [array([0., 3.])]
    """
    weights, gradients = _arrays("weights", weights), _arrays("gradients", gradients)
    if [w.shape for w in weights] != [g.shape for g in gradients]:
        raise ValueError(
            "gradients must have the shapes of the weights; got "
            f"{describe([g.shape for g in gradients])} for {describe([w.shape for w in weights])}"
        )
    return [w - learning_rate * g for w, g in zip(weights, gradients, strict=True)]


@checked(gradient="function", start="number", learning_rate="number > 0", steps="whole number >= 0")
def gradient_descent(
    gradient: Callable[[float], float], start: float, *, learning_rate: float, steps: int
) -> npt.NDArray[np.float64]:
    """Descend a function of one weight and return every weight on the way.

    Parameters
    ----------
    gradient : callable
        The derivative of the function at a weight.
    start : float
        The first weight.
    learning_rate : float
        Above 0.
    steps : int
        Number of updates, at least 0.

    Returns
    -------
    float64 [steps + 1]
        The weights, ``start`` first.

    Examples
    --------
    >>> gradient_descent(lambda w: 2 * w, 1.0, learning_rate=0.25, steps=3)
    array([1.   , 0.5  , 0.25 , 0.125])
    """
    path = [start]
    for _ in range(steps):
        path.append(path[-1] - learning_rate * gradient(path[-1]))
    return np.array(path)


def _arrays(name: str, arrays: Sequence[Array]) -> list[Array]:
    if not isinstance(arrays, Sequence) or isinstance(arrays, str):
        raise TypeError(f"{name} must be a sequence of arrays; got {describe(arrays)}")
    return [check(f"{name}[{i}]", array, "float [...]") for i, array in enumerate(arrays)]
