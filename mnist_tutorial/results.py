"""Reading a trained model: numbers and figures, with NumPy and Matplotlib alone.

Functions that draw take an Axes, or make one, and return it. Chapter 7, "Results", tells
their story.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from mnist_tutorial._checks import (
    NUM_CLASSES,
    check_array,
    check_digits,
    check_model,
    check_range,
    check_whole_number,
    describe,
)
from mnist_tutorial.batching import make_batch
from mnist_tutorial.data import MnistData
from mnist_tutorial.loss import accuracy, cross_entropy

if TYPE_CHECKING:
    import keras

    from mnist_tutorial.training import History

__all__ = [
    "Evaluation",
    "accuracy_per_class",
    "confusion_matrix",
    "evaluate",
    "most_confident_mistakes",
    "plot_accuracy",
    "plot_accuracy_per_class",
    "plot_confusion_matrix",
    "plot_digits",
    "plot_loss",
]

# Two colours that stay apart in every kind of colour blindness (Okabe and Ito, 2008).
BLUE = "#0072B2"
VERMILION = "#D55E00"

EVALUATION_BATCH = 1000


class Evaluation(NamedTuple):
    """How a model does on the test split.

    Attributes
    ----------
    loss : float
        Mean cross-entropy, in nats.
    accuracy : float
        In 0..1.
    probabilities : float32 [10000, 10]
        One row for each test image, in the order of the file.
    """

    loss: float
    accuracy: float
    probabilities: npt.NDArray[np.float32]


def evaluate(model: keras.Sequential, data: MnistData) -> Evaluation:
    """Measure a model on all images of the test split. Do it once, at the end.

    Parameters
    ----------
    model : keras.Sequential
        Maps float32 [n, 28, 28, 1] to probabilities float32 [n, 10].
    data : MnistData

    Returns
    -------
    Evaluation

    Raises
    ------
    TypeError, ValueError
        If ``model`` is no model of those shapes or returns no probabilities, or ``data`` is
        no MnistData.

    Warns
    -----
    UserWarning
        If the images look inverted, or scaled to 0..1.

    Examples
    --------
    >>> from mnist_tutorial import MnistData, build_model
    >>> data = MnistData()
    >>> evaluation = evaluate(build_model(), data)
    >>> evaluation.probabilities.shape
    (10000, 10)
    """
    check_model(model)
    if not hasattr(data, "test_images"):
        raise TypeError(f"data must be an MnistData; got {describe(data)}")
    test = make_batch(data.test_images, data.test_labels)
    xs = test.xs.reshape(*data.test_images.shape, 1)
    chunks = range(0, len(xs), EVALUATION_BATCH)
    probabilities = np.concatenate(
        [np.asarray(model(xs[i : i + EVALUATION_BATCH], training=False)) for i in chunks]
    )
    check_array("output of model", probabilities, (len(xs), NUM_CLASSES))
    check_range("output of model", probabilities, 0, 1)
    return Evaluation(
        loss=float(cross_entropy(test.labels, probabilities).mean()),
        accuracy=accuracy(test.labels, probabilities),
        probabilities=probabilities,
    )


def confusion_matrix(
    labels: npt.NDArray[np.integer], predictions: npt.NDArray[np.integer]
) -> npt.NDArray[np.int64]:
    """Count how often each true digit was read as each digit.

    Parameters
    ----------
    labels, predictions : int [n]
        Digits in 0..9: the true ones and the model's.

    Returns
    -------
    int64 [10, 10]
        Row: the true digit. Column: the predicted one.

    Raises
    ------
    ValueError
        If the arrays differ in shape, are empty, or hold anything but 0..9.

    Examples
    --------
    >>> import numpy as np
    >>> counts = confusion_matrix(np.array([4, 4, 9]), np.array([4, 9, 9]))
    >>> int(counts[4, 4]), int(counts[4, 9]), int(counts[9, 9])
    (1, 1, 1)
    """
    _check_digits(labels, predictions)
    counts = np.zeros((NUM_CLASSES, NUM_CLASSES), np.int64)
    np.add.at(counts, (labels, predictions), 1)
    return counts


def accuracy_per_class(
    labels: npt.NDArray[np.integer], predictions: npt.NDArray[np.integer]
) -> npt.NDArray[np.float64]:
    """Return, for each digit, the share of its images that were recognised.

    Parameters
    ----------
    labels, predictions : int [n]
        Digits in 0..9: the true ones and the model's.

    Returns
    -------
    float64 [10]
        In 0..1; NaN for a digit that does not occur.

    Raises
    ------
    ValueError
        If the arrays differ in shape, are empty, or hold anything but 0..9.

    Examples
    --------
    >>> import numpy as np
    >>> accuracy_per_class(np.arange(10), np.arange(10)).min()
    np.float64(1.0)
    """
    counts = confusion_matrix(labels, predictions)
    totals = counts.sum(axis=1)
    shares: npt.NDArray[np.float64] = np.divide(
        counts.diagonal(), totals, out=np.full(NUM_CLASSES, math.nan), where=totals > 0
    )
    return shares


def most_confident_mistakes(
    labels: npt.NDArray[np.integer],
    probabilities: npt.NDArray[np.floating],
    count: int = 10,
) -> npt.NDArray[np.int64]:
    """Find the wrong predictions that the model was surest of.

    Parameters
    ----------
    labels : int [n]
        True digits in 0..9.
    probabilities : float [n, 10]
        In 0..1.
    count : int, default 10
        At most so many.

    Returns
    -------
    int64 [at most count]
        Positions in ``labels``, the surest mistake first.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such array, the arrays do not fit each other, or ``count`` is no
        whole number above 0.

    Examples
    --------
    >>> import numpy as np
    >>> probabilities = np.eye(10)[[3, 5, 7]]
    >>> most_confident_mistakes(np.array([3, 6, 1]), probabilities)
    array([1, 2])
    """
    count = check_whole_number("count", count, minimum=1)
    check_array("probabilities", probabilities, ("n", NUM_CLASSES))
    check_range("probabilities", probabilities, 0, 1)
    predictions = probabilities.argmax(axis=1)
    _check_digits(labels, predictions)
    wrong = np.flatnonzero(predictions != labels)
    surest_first = np.argsort(-probabilities[wrong].max(axis=1), kind="stable")
    return wrong[surest_first][:count]


def plot_loss(history: History, ax: Axes | None = None) -> Axes:
    """Draw the training loss of every batch, as the tutorial does.

    Parameters
    ----------
    history : History
    ax : matplotlib Axes, optional
        Drawn on a new one by default.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    TypeError, ValueError
        If ``history`` is no History or holds no such values, or ``ax`` is no Axes.
    """
    losses = _measured(history, "loss")
    ax = _axes(ax, (6, 3.5))
    ax.plot(range(1, len(losses) + 1), losses, color=BLUE)
    ax.set(xlabel="training batches", ylabel="training loss (nats)")
    ax.set(xlim=(0, None), ylim=(0, None))
    return ax


def plot_accuracy(history: History, ax: Axes | None = None) -> Axes:
    """Draw the validation accuracy of every evaluation.

    Parameters
    ----------
    history : History
    ax : matplotlib Axes, optional
        Drawn on a new one by default.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    TypeError, ValueError
        If ``history`` is no History or holds no such values, or ``ax`` is no Axes.
    """
    values = _measured(history, "val_accuracy")
    ax = _axes(ax, (6, 3.5))
    ax.plot(history.validation_batches, values, color=VERMILION, marker="o", markersize=4)
    ax.set(xlabel="training batches", ylabel="validation accuracy")
    ax.set(xlim=(0, None), ylim=(0, 1))
    return ax


def plot_confusion_matrix(counts: npt.NDArray[np.integer], ax: Axes | None = None) -> Axes:
    """Draw a confusion matrix with its counts.

    The colour shows the share of the row, so that rare and frequent digits compare; its depth
    grows with the square root of the share, or the mistakes would hardly be seen.

    Parameters
    ----------
    counts : int [10, 10]
        From :func:`mnist_tutorial.confusion_matrix`.
    ax : matplotlib Axes, optional
        Drawn on a new one by default.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    TypeError, ValueError
        If ``counts`` is no such array or holds a negative count, or ``ax`` is no Axes.
    """
    check_array("counts", counts, (NUM_CLASSES, NUM_CLASSES), "an integer array")
    check_range("counts", counts, 0, math.inf)
    ax = _axes(ax, (6, 6))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    depths = np.sqrt(shares)
    ax.imshow(depths, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        if count:
            colour = "white" if depths[row, column] > 0.5 else "black"
            ax.text(column, row, str(count), color=colour, ha="center", va="center", fontsize=8)
    digits = range(NUM_CLASSES)
    ax.set(xticks=digits, yticks=digits, xlabel="predicted digit", ylabel="true digit")
    return ax


def plot_accuracy_per_class(accuracies: npt.NDArray[np.floating], ax: Axes | None = None) -> Axes:
    """Draw the accuracy of each digit as a bar.

    Parameters
    ----------
    accuracies : float [10]
        From :func:`mnist_tutorial.accuracy_per_class`.
    ax : matplotlib Axes, optional
        Drawn on a new one by default.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    TypeError, ValueError
        If ``accuracies`` is no such array or leaves 0..1, or ``ax`` is no Axes.
    """
    check_array("accuracies", accuracies, (NUM_CLASSES,), finite=False)
    check_range("accuracies", accuracies, 0, 1)
    ax = _axes(ax, (6, 3.5))
    bars = ax.bar(range(NUM_CLASSES), accuracies, color=BLUE)
    ax.bar_label(bars, fmt=lambda share: f"{share:.0%}", fontsize=8)
    ax.set(xticks=range(NUM_CLASSES), xlabel="digit", ylabel="accuracy", ylim=(0, 1.1))
    return ax


def plot_digits(
    images: npt.NDArray[np.generic],
    labels: npt.NDArray[np.integer] | None = None,
    predictions: npt.NDArray[np.integer] | None = None,
    *,
    columns: int = 10,
    ax: Axes | None = None,
) -> Axes:
    """Draw digits in rows, with what they are and what a model took them for.

    Parameters
    ----------
    images : uint8 [n, 28, 28], or float
        Drawn dark on light, from each image's range 0..maximum of all.
    labels : int [n], optional
        The true digits, written below.
    predictions : int [n], optional
        The model's digits, written below and marked right or wrong; needs ``labels``.
    columns : int, default 10
        Images a row.
    ax : matplotlib Axes, optional
        Drawn on a new one by default.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    TypeError, ValueError
        If an argument is no such array, the arrays differ in number, there are no images,
        ``columns`` is no whole number above 0, or ``ax`` is no Axes.
    """
    columns = check_whole_number("columns", columns, minimum=1)
    check_array("images", images, ("n", "height", "width"))
    if predictions is not None and labels is None:
        raise ValueError("predictions are marked right or wrong by labels; got no labels")
    for name, digits in (("labels", labels), ("predictions", predictions)):
        if digits is None:
            continue
        check_array(name, digits, ("n",), "an integer array")
        if len(digits) != len(images):
            raise ValueError(f"{name} must be as many as images, {len(images)}; got {len(digits)}")
    columns = min(columns, len(images))
    rows = math.ceil(len(images) / columns)
    height, width = images.shape[1:]
    room = height // 2 if labels is not None else 2
    canvas = np.zeros((rows * (height + room), columns * (width + 2)))
    ax = _axes(ax, (0.7 * columns, 0.7 * rows * (height + room) / (width + 2)))
    for i, image in enumerate(images):
        row, column = divmod(i, columns)
        top, left = row * (height + room), column * (width + 2)
        canvas[top : top + height, left : left + width] = image
        if labels is not None:
            text, colour = str(labels[i]), "black"
            if predictions is not None:
                right = predictions[i] == labels[i]
                text = f"{predictions[i]} ✓" if right else f"{predictions[i]} ✗ ({labels[i]})"
                colour = BLUE if right else VERMILION
            ax.text(left + width / 2, top + height + room / 2, text, color=colour,
                    ha="center", va="center", fontsize=9)  # fmt: skip
    ax.imshow(canvas, cmap="gray_r")
    ax.set_axis_off()
    return ax


def check_axes(ax: Axes | None) -> None:
    """Raise TypeError unless ``ax`` is a Matplotlib Axes or None."""
    if ax is not None and not isinstance(ax, Axes):
        raise TypeError(f"ax must be a Matplotlib Axes; got {describe(ax)}")


def _axes(ax: Axes | None, figsize: tuple[float, float]) -> Axes:
    check_axes(ax)
    if ax is not None:
        return ax
    figure = plt.figure(figsize=figsize, layout="constrained")
    return figure.add_subplot()


def _measured(history: History, name: str) -> list[float]:
    measured = getattr(history, "history", None)
    if not isinstance(measured, dict):
        raise TypeError(f"history must be a History; got {describe(history)}")
    values: list[float] = measured.get(name, [])
    if not values:
        raise ValueError(f"history must hold {name}; got none")
    return values


def _check_digits(labels: npt.NDArray[np.integer], predictions: npt.NDArray[np.integer]) -> None:
    check_digits("labels", labels)
    check_digits("predictions", predictions)
    if labels.shape != predictions.shape:
        raise ValueError(
            "labels and predictions must both be [n]; "
            f"got {list(labels.shape)} and {list(predictions.shape)}"
        )
