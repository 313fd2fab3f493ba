"""Categorical cross-entropy, softmax and accuracy in NumPy; compiling the Keras model.

The NumPy functions are there to be read and compared; training uses Keras's. Chapter 4,
"Loss", tells their story.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mnist_tutorial._checks import check_array, check_keras, check_one_hot, check_range
from mnist_tutorial.optimizer import build_optimizer

if TYPE_CHECKING:
    import keras

__all__ = [
    "accuracy",
    "compile_model",
    "cross_entropy",
    "cross_entropy_from_logits",
    "softmax",
]

EPSILON = 1e-7
"""Smallest probability whose logarithm is taken; Keras's own value."""


def softmax(logits: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Turn any numbers into probabilities: exponentials, divided by their sum.

    Parameters
    ----------
    logits : float [..., classes]
        Any finite values.

    Returns
    -------
    float [..., classes]
        In 0..1, with sum 1 over the last axis.

    Raises
    ------
    ValueError
        If ``logits`` is no such array, is empty, or holds a value that is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> softmax(np.array([0.0, np.log(3.0)])).round(2)
    array([0.25, 0.75])
    >>> softmax(np.array([1000.0, 1000.0]))  # exp(1000) alone would overflow
    array([0.5, 0.5])
    """
    check_array("logits", logits, (..., "classes"))
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))


def cross_entropy(
    labels: npt.NDArray[np.floating], probabilities: npt.NDArray[np.floating]
) -> npt.NDArray[np.floating]:
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

    Raises
    ------
    ValueError
        If the shapes differ, there are no examples, labels are not one-hot, or probabilities
        leave 0..1.

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
    _check("probabilities", labels, probabilities)
    check_range("probabilities", probabilities, 0, 1)
    clipped = np.clip(probabilities, EPSILON, 1 - EPSILON)
    return np.asarray(-(labels * np.log(clipped)).sum(axis=-1))


def cross_entropy_from_logits(
    labels: npt.NDArray[np.floating], logits: npt.NDArray[np.floating]
) -> npt.NDArray[np.floating]:
    """Categorical cross-entropy of each example, from the values that go into the softmax.

    Equal to ``cross_entropy(labels, softmax(logits))`` but takes no logarithm of a number
    near zero, so that nothing need be clipped.

    Parameters
    ----------
    labels : float [n, classes]
        One-hot.
    logits : float [n, classes]
        Any finite values.

    Returns
    -------
    float [n]
        In nats, 0 or above.

    Raises
    ------
    ValueError
        If the shapes differ, there are no examples, labels are not one-hot, or a logit is not
        finite.

    Examples
    --------
    >>> import numpy as np
    >>> labels, logits = np.array([[0.0, 1.0]]), np.array([[50.0, 0.0]])
    >>> cross_entropy_from_logits(labels, logits)
    array([50.])
    >>> cross_entropy(labels, softmax(logits)).round(1)  # clipped at -log(1e-7)
    array([16.1])
    """
    _check("logits", labels, logits)
    largest = logits.max(axis=-1, keepdims=True)
    log_sum = largest[..., 0] + np.log(np.exp(logits - largest).sum(axis=-1))
    return np.asarray(log_sum - (labels * logits).sum(axis=-1))


def accuracy(labels: npt.NDArray[np.floating], probabilities: npt.NDArray[np.floating]) -> float:
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

    Raises
    ------
    ValueError
        If the shapes differ, there are no examples, labels are not one-hot, or a probability
        is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> accuracy(np.eye(2), np.array([[0.9, 0.1], [0.8, 0.2]]))
    0.5
    """
    _check("probabilities", labels, probabilities)
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

    Raises
    ------
    TypeError
        If ``model`` is no Keras model, or ``optimizer`` no Keras optimizer.

    Examples
    --------
    >>> from mnist_tutorial import build_model
    >>> model = build_model()
    >>> compile_model(model)
    >>> model.loss
    'categorical_crossentropy'
    """
    check_keras("model", model)
    if optimizer is None:
        optimizer = build_optimizer()
    check_keras("optimizer", optimizer)
    model.compile(
        optimizer=optimizer,
        loss="categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,
    )


def _check(
    name: str, labels: npt.NDArray[np.floating], predictions: npt.NDArray[np.floating]
) -> None:
    check_array("labels", labels, (...,))
    check_array(name, predictions, (...,))
    if labels.shape != predictions.shape or labels.ndim != 2:
        raise ValueError(
            "labels and predictions must both be [n, classes]; "
            f"got {list(labels.shape)} and {list(predictions.shape)}"
        )
    check_one_hot("labels", labels)
