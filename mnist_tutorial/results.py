"""What a trained model gets right and wrong, in numbers. Read chapter 7, "Results".

``plots.py`` draws them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from mnist_tutorial._internal.array_checks import check_range
from mnist_tutorial._internal.checks import check, checked
from mnist_tutorial._internal.mnist_form import (
    check_classes,
    check_data,
    check_model,
    check_probabilities,
)
from mnist_tutorial._internal.tensorflow import keras
from mnist_tutorial.batching import make_batch
from mnist_tutorial.data import MnistData
from mnist_tutorial.loss import accuracy, cross_entropy

PIECE = 1000
"""Images that a model is given at once: enough to be fast, few enough for the memory."""


class Evaluation(NamedTuple):
    """How a model does on the test split, or on the validation split.

    Attributes
    ----------
    loss : float
        Mean cross-entropy, in nats.
    accuracy : float
        In 0..1.
    probabilities : float32 [n, classes]
        One row for each image of the split, in the order of the file.
    """

    loss: float
    accuracy: float
    probabilities: npt.NDArray[np.float32]

    def __repr__(self) -> str:
        n = len(self.probabilities)
        return f"Evaluation(loss {self.loss:.3f}, accuracy {self.accuracy:.2%} of {n:,} images)"


def evaluate(
    model: keras.Model, data: MnistData, *, split: Literal["test", "validation"] = "test"
) -> Evaluation:
    """Measure a model on all images of the test split. Do it once, at the end.

    Parameters
    ----------
    model : keras.Model
        Maps float32 [n, 28, 28, 1] to probabilities float32 [n, classes].
    data : MnistData
        With the same ``class_names`` as the data on which ``train`` has trained the model.
    split : "test" or "validation", default "test"
        Choose by the validation split, as often as you like; report the test split.

    Returns
    -------
    Evaluation

    Examples
    --------
    >>> from mnist_tutorial import MnistData, build_model
    >>> evaluate(build_model(), MnistData()).probabilities.shape
    (10000, 10)
    """
    check_data(data)
    check_classes(model, data)
    check_model(model, data.classes)
    if split not in ("test", "validation"):
        raise ValueError(f"split must be 'test' or 'validation'; got {split!r}")
    images, labels = getattr(data, f"{split}_images"), getattr(data, f"{split}_labels")
    batch = make_batch(images, labels, classes=data.classes)
    probabilities = predict_probabilities(model, batch.xs.reshape(*images.shape, 1))
    return Evaluation(
        loss=float(cross_entropy(batch.labels, probabilities).mean()),
        accuracy=accuracy(batch.labels, probabilities),
        probabilities=probabilities,
    )


@checked(labels="int [n]", predictions="int [n]", classes="whole number >= 2")
def confusion_matrix(
    labels: npt.NDArray[np.integer],
    predictions: npt.NDArray[np.integer],
    *,
    classes: int | None = None,
) -> npt.NDArray[np.int64]:
    """Count how often each true digit was read as each digit.

    Parameters
    ----------
    labels, predictions : int [n]
        Digits in 0..9, or class numbers in 0..classes - 1: the true ones and the model's.
    classes : int, optional
        By default one more than the largest number that occurs, as in TensorFlow. Give it
        where the last classes may be absent.

    Returns
    -------
    int64 [classes, classes]
        Row: the true digit. Column: the predicted one.

    Examples
    --------
    >>> import numpy as np
    >>> counts = confusion_matrix(np.array([4, 4, 9]), np.array([4, 9, 9]))
    >>> int(counts[4, 4]), int(counts[4, 9]), int(counts[9, 9])
    (1, 1, 1)
    """
    if classes is None:
        classes = 1 + int(max(labels.max(), predictions.max()))
    check_range("labels", labels, 0, classes - 1)
    check_range("predictions", predictions, 0, classes - 1)
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (labels, predictions), 1)
    return counts


def accuracy_per_class(
    labels: npt.NDArray[np.integer],
    predictions: npt.NDArray[np.integer],
    *,
    classes: int | None = None,
) -> npt.NDArray[np.float64]:
    """Return, for each digit, the share of its images that were recognised.

    Parameters
    ----------
    labels, predictions : int [n]
        Digits in 0..9, or class numbers in 0..classes - 1: the true ones and the model's.
    classes : int, optional
        By default one more than the largest number that occurs, as in TensorFlow. Give it
        where the last classes may be absent.

    Returns
    -------
    float64 [classes]
        In 0..1; NaN for a digit that does not occur.

    Examples
    --------
    >>> import numpy as np
    >>> accuracy_per_class(np.arange(10), np.arange(10)).min()
    np.float64(1.0)
    """
    counts = confusion_matrix(labels, predictions, classes=classes)
    totals = counts.sum(axis=1)
    absent = np.full(len(counts), np.nan)
    return np.divide(counts.diagonal(), totals, out=absent, where=totals > 0)


@checked(labels="int [n]", probabilities="float [n, classes] in 0..1", count="whole number >= 1")
def most_confident_mistakes(
    labels: npt.NDArray[np.integer], probabilities: npt.NDArray[np.floating], count: int = 10
) -> npt.NDArray[np.int64]:
    """Find the wrong predictions that the model was most confident of.

    Parameters
    ----------
    labels : int [n]
        True digits in 0..9, or class numbers.
    probabilities : float [n, classes]
        In 0..1.
    count : int, default 10
        The maximum number to return.

    Returns
    -------
    int64 [at most count]
        Positions in ``labels``, the most confident mistake first.

    Examples
    --------
    >>> import numpy as np
    >>> probabilities = np.eye(10)[[3, 5, 7]]
    >>> most_confident_mistakes(np.array([3, 6, 1]), probabilities)
    array([1, 2])
    """
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    most_confident_first = np.argsort(-probabilities[wrong].max(axis=1), kind="stable")
    return wrong[most_confident_first][:count]


def in_pieces(
    function: Callable[[npt.NDArray[np.float32]], Any], images: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Apply a function of images [n, ...] to a piece of them at a time."""
    starts = range(0, len(images), PIECE)
    outputs = [np.asarray(function(images[i : i + PIECE]), np.float32) for i in starts]
    return np.concatenate(outputs)


def predict_probabilities(
    model: Callable[..., Any], images: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Return a model's probabilities [n, classes] for float32 images [n, 28, 28, 1], checked."""
    probabilities = in_pieces(lambda piece: model(piece, training=False), images)
    check("output of model", probabilities, f"float [{len(images)}, classes] or nan")
    check_probabilities(probabilities)
    return probabilities
