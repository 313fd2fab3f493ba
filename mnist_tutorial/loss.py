"""Softmax, categorical cross-entropy and accuracy in NumPy; compiling the Keras model.

The NumPy functions are there to be read and compared; training uses Keras's. Read chapter 4,
"Loss".
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mnist_tutorial._internal.checks import checked
from mnist_tutorial._internal.errors import describe
from mnist_tutorial._internal.tensorflow import is_keras, keras
from mnist_tutorial.optimizer import build_optimizer

__all__ = [
    "accuracy",
    "compile_model",
    "cross_entropy",
    "cross_entropy_from_logits",
    "softmax",
]

EPSILON = 1e-7
"""Smallest probability whose logarithm is taken; Keras's own value."""

Array = npt.NDArray[np.floating]


@checked(logits="float [..., classes]")
def softmax(logits: Array) -> Array:
    """Turn any numbers into probabilities: exponentials, divided by their sum.

    Parameters
    ----------
    logits : float [..., classes]

    Returns
    -------
    float [..., classes]
        In 0..1, with sum 1 over the last axis.

    Examples
    --------
    >>> import numpy as np
    >>> softmax(np.array([0.0, np.log(3.0)])).round(2)
    array([0.25, 0.75])
    >>> softmax(np.array([1000.0, 1000.0]))  # exp(1000) alone would overflow
    array([0.5, 0.5])
    """
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.divide(exponentials, exponentials.sum(axis=-1, keepdims=True))


@checked(labels="float [n, classes] one-hot", probabilities="float [n, classes] in 0..1")
def cross_entropy(labels: Array, probabilities: Array) -> Array:
    """Categorical cross-entropy of each example: minus the log of the true digit's probability.

    Probabilities are clipped to 1e-7..1-1e-7 first, as Keras does, because the logarithm of
    zero is infinite.

    Parameters
    ----------
    labels : float [n, classes]
        One-hot.
    probabilities : float [n, classes]
        In 0..1.

    Returns
    -------
    float [n]
        In nats, 0 or above. The loss of a batch is the mean.

    References
    ----------
    Ian Goodfellow, Yoshua Bengio and Aaron Courville, *Deep Learning*, section 6.2.2,
    MIT Press, 2016.

    Examples
    --------
    >>> import numpy as np
    >>> cross_entropy(np.array([[0.0, 1.0]]), np.array([[0.4, 0.6]])).round(3)
    array([0.511])
    """
    clipped = np.clip(probabilities, EPSILON, 1 - EPSILON)
    return np.negative((labels * np.log(clipped)).sum(axis=-1))


@checked(labels="float [n, classes] one-hot", logits="float [n, classes]")
def cross_entropy_from_logits(labels: Array, logits: Array) -> Array:
    """Categorical cross-entropy of each example, from the values that go into the softmax.

    Equal to ``cross_entropy(labels, softmax(logits))`` but never takes the logarithm of a
    number near zero, so nothing need be clipped.

    Parameters
    ----------
    labels : float [n, classes]
        One-hot.
    logits : float [n, classes]

    Returns
    -------
    float [n]
        In nats, 0 or above.

    Examples
    --------
    >>> import numpy as np
    >>> labels, logits = np.array([[0.0, 1.0]]), np.array([[50.0, 0.0]])
    >>> cross_entropy_from_logits(labels, logits)
    array([50.])
    >>> cross_entropy(labels, softmax(logits)).round(1)  # clipped at -log(1e-7)
    array([16.1])
    """
    largest = logits.max(axis=-1, keepdims=True)
    log_sum = largest[..., 0] + np.log(np.exp(logits - largest).sum(axis=-1))
    return np.subtract(log_sum, (labels * logits).sum(axis=-1))


@checked(labels="float [n, classes] one-hot", probabilities="float [n, classes]")
def accuracy(labels: Array, probabilities: Array) -> float:
    """Return the share of examples whose most probable digit is the true one.

    Parameters
    ----------
    labels : float [n, classes]
        One-hot.
    probabilities : float [n, classes]

    Returns
    -------
    float
        In 0..1.

    Examples
    --------
    >>> import numpy as np
    >>> accuracy(np.eye(2), np.array([[0.9, 0.1], [0.8, 0.2]]))
    0.5
    """
    return float((labels.argmax(axis=-1) == probabilities.argmax(axis=-1)).mean())


def compile_model(
    model: keras.Sequential, optimizer: keras.optimizers.Optimizer | None = None
) -> None:
    """Give the model the tutorial's loss, metric and optimizer, for Keras's own methods.

    Parameters
    ----------
    model : keras.Sequential
        Compiled in place, without XLA, which is slower than TensorFlow's own kernels for
        this network on a CPU.
    optimizer : keras.optimizers.Optimizer, optional
        By default :func:`mnist_tutorial.build_optimizer`'s.

    Examples
    --------
    >>> from mnist_tutorial import build_model
    >>> model = build_model()
    >>> compile_model(model)
    >>> model.loss
    'categorical_crossentropy'
    """
    if not is_keras(model, "Model"):
        raise TypeError(f"model must be a Keras model; got {describe(model)}")
    if optimizer is not None and not is_keras(optimizer, "Optimizer"):
        raise TypeError(f"optimizer must be a Keras optimizer; got {describe(optimizer)}")
    model.compile(
        optimizer=optimizer or build_optimizer(),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,
    )
