"""Stochastic gradient descent and a schedule for it, in NumPy. Read the chapter "Faster"."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mnist_tutorial._internal.checks import check, checked

__all__ = ["SGD", "CosineDecay"]

Array = npt.NDArray[np.float32]


class SGD:
    """Stochastic gradient descent, with or without momentum.

    The float32 arithmetic of ``keras.optimizers.SGD``, operation by operation.

    Parameters
    ----------
    learning_rate : float or callable, default 0.15
        A number, or a function of the step (an int, 0 for the first) that returns one.
    momentum : float, default 0.0
        In 0..1: the share of the last update that is repeated.
    nesterov : bool, default False
        Whether to look ahead along the velocity.

    Attributes
    ----------
    iterations : int
    variables : list of arrays
        The iterations, int64 [], and the velocities. Filling them restores the state.

    References
    ----------
    Ilya Sutskever, James Martens, George Dahl and Geoffrey Hinton, "On the importance of
    initialization and momentum in deep learning", ICML, 2013.

    Examples
    --------
    >>> weights, optimizer = [np.ones(2, np.float32)], SGD(0.5)
    >>> optimizer.update(weights, [np.array([1.0, -1.0], np.float32)])
    >>> weights
    [array([0.5, 1.5], dtype=float32)]
    """

    @checked(momentum="number in 0..1")
    def __init__(
        self,
        learning_rate: float | Callable[[int], float] = 0.15,
        momentum: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        if not callable(learning_rate):
            learning_rate = check("learning_rate", learning_rate, "number > 0")
        self.learning_rate, self.momentum, self.nesterov = learning_rate, momentum, nesterov
        self.variables: list[npt.NDArray[Any]] = [np.zeros((), np.int64)]
        self._weights: Array | None = None

    @property
    def iterations(self) -> int:
        """Number of updates so far."""
        return int(self.variables[0])

    def build(self, weights: Sequence[Array]) -> None:
        """Make a velocity of zeros for each weight, unless there is one already.

        An optimizer belongs to one network: its velocities mean nothing to another.
        """
        if self._weights is None:
            self._weights = weights[0]
        elif self._weights is not weights[0]:
            raise ValueError("optimizer belongs to another network; make a new one")
        if self.momentum and len(self.variables) == 1:
            self.variables += [np.zeros_like(weight) for weight in weights]

    def get_config(self) -> dict[str, Any]:
        """Return the settings, as Keras's optimizers do."""
        rate = self.learning_rate
        is_number = isinstance(rate, float | int)
        return {
            # A function's repr holds its address, which another process does not have.
            "learning_rate": getattr(rate, "__qualname__", rate if is_number else repr(rate)),
            "momentum": self.momentum,
            "nesterov": self.nesterov,
        }

    def update(self, weights: Sequence[Array], gradients: Sequence[Array]) -> None:
        """Change the float32 ``weights`` in place; ``gradients`` stay as they are."""
        self.build(weights)
        given = self.learning_rate
        rate = np.float32(given(self.iterations) if callable(given) else given)
        self.variables[0] += 1
        if not self.momentum:
            for weight, gradient in zip(weights, gradients, strict=True):
                weight -= rate * gradient
            return
        momentum, velocities = np.float32(self.momentum), self.variables[1:]
        for weight, gradient, velocity in zip(weights, gradients, velocities, strict=True):
            change = rate * gradient
            velocity *= momentum
            velocity -= change
            weight += momentum * velocity - change if self.nesterov else velocity


@dataclass(frozen=True)
class CosineDecay:
    """A learning rate that rises in a line, then falls along a half cosine to 0.

    Parameters
    ----------
    peak : float
        The highest rate, reached after ``round(warmup * steps)`` steps.
    steps : int
        The number of steps after which the rate is 0.
    warmup : float, default 0.2
        In 0..1.

    References
    ----------
    Ilya Loshchilov and Frank Hutter, "SGDR: stochastic gradient descent with warm restarts",
    ICLR, 2017.

    Examples
    --------
    >>> rate = CosineDecay(0.1, steps=100)
    >>> rate(0), rate(20), round(rate(60), 3), rate(100)
    (0.0, 0.1, 0.05, 0.0)
    """

    peak: float
    steps: int
    warmup: float = 0.2

    def __post_init__(self) -> None:
        """Check the numbers."""
        check("peak", self.peak, "number > 0")
        check("steps", self.steps, "whole number >= 1")
        check("warmup", self.warmup, "number in 0..1")

    def __call__(self, step: int) -> float:
        """Return the learning rate of a step, 0 for the first."""
        rising = round(self.warmup * self.steps)
        if step < rising:
            return self.peak * step / rising
        done = min(1.0, (step - rising) / max(1, self.steps - rising))
        return self.peak * (1 + math.cos(math.pi * done)) / 2
