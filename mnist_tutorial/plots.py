"""Figures of digits, of a training run and of its results, with Matplotlib.

Every function draws on the Axes it is given, or on a new one, and returns it. Read chapter 7,
"Results".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from mnist_tutorial._internal.checks import checked
from mnist_tutorial._internal.errors import describe
from mnist_tutorial._internal.figures import BLUE, VERMILION, axes_to_draw_on, grid
from mnist_tutorial._internal.tensorflow import keras
from mnist_tutorial.history import History

Histories: TypeAlias = "History | keras.callbacks.History | Mapping[str, Any]"


def plot_loss(history: Histories, ax: Axes | None = None) -> Axes:
    """Draw the training loss of every batch, as the tutorial does.

    Parameters
    ----------
    history : History, Keras History, or dict of str to these
        Several, by their names, are drawn together. A Keras History has a value per epoch.
    ax : matplotlib Axes, optional
    """
    ax = _plot_histories(history, "loss", ax, BLUE)
    ax.set(ylabel="training loss (nats)", ylim=(0, None))
    return ax


def plot_accuracy(history: Histories, ax: Axes | None = None) -> Axes:
    """Draw the validation accuracy of every evaluation.

    Parameters
    ----------
    history : History, Keras History, or dict of str to these
        As in :func:`plot_loss`.
    ax : matplotlib Axes, optional
    """
    ax = _plot_histories(history, "val_accuracy", ax, VERMILION, marker="o", markersize=4)
    ax.set(ylabel="validation accuracy", ylim=(0, 1))
    return ax


@checked(counts="int [classes, classes] in 0..inf")
def plot_confusion_matrix(
    counts: npt.NDArray[np.integer],
    ax: Axes | None = None,
    *,
    class_names: Sequence[str] | None = None,
) -> Axes:
    """Draw a confusion matrix with its counts.

    The colour shows the share of the row, so that rare and frequent digits compare; its depth
    grows with the square root of the share, or the mistakes would hardly be seen.

    Parameters
    ----------
    counts : int [classes, classes]
        From :func:`mnist_tutorial.confusion_matrix`.
    ax : matplotlib Axes, optional
    class_names : sequence of str, optional
        One per class; the digits by default.
    """
    ax = axes_to_draw_on(ax, (6, 6))
    depths = np.sqrt(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))
    ax.imshow(depths, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        if count:
            colour = "white" if depths[row, column] > 0.5 else "black"
            ax.text(column, row, str(count), color=colour, ha="center", va="center", fontsize=8)
    kind = "digit" if class_names is None else "class"
    ax.set(xlabel=f"predicted {kind}", ylabel=f"true {kind}")
    names = _names(class_names, len(counts))
    ax.set_xticks(range(len(counts)), names, rotation=90 if max(map(len, names)) > 2 else 0)
    ax.set_yticks(range(len(counts)), names)
    return ax


@checked(accuracies="float [classes] in 0..1 or nan")
def plot_accuracy_per_class(
    accuracies: npt.NDArray[np.floating],
    ax: Axes | None = None,
    *,
    class_names: Sequence[str] | None = None,
) -> Axes:
    """Draw the accuracy of each digit as a bar.

    Parameters
    ----------
    accuracies : float [classes]
        From :func:`mnist_tutorial.accuracy_per_class`.
    ax : matplotlib Axes, optional
    class_names : sequence of str, optional
        One per class; the digits by default.
    """
    ax = axes_to_draw_on(ax, (6, 3.5))
    bars = ax.bar(range(len(accuracies)), accuracies, color=BLUE)
    ax.bar_label(bars, fmt=lambda share: f"{share:.0%}", fontsize=8)
    names = _names(class_names, len(accuracies))
    ax.set_xticks(range(len(names)), names, rotation=45 if max(map(len, names)) > 2 else 0)
    ax.set(xlabel="digit" if class_names is None else "class", ylabel="accuracy", ylim=(0, 1.1))
    return ax


@checked(
    images="float [n, height, width]",
    labels="int [n] in 0..inf",
    predictions="int [n] in 0..inf",
    columns="whole number >= 1",
)
def plot_digits(
    images: npt.NDArray[np.generic],
    labels: npt.NDArray[np.integer] | None = None,
    predictions: npt.NDArray[np.integer] | None = None,
    *,
    columns: int = 10,
    class_names: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw digits in rows, with what they are and what a model took them for.

    Parameters
    ----------
    images : uint8 [n, 28, 28], or float
        Drawn dark on light, on one scale from 0 to the largest value.
    labels : int [n], optional
        The true digits, written below.
    predictions : int [n], optional
        The model's digits, written below and marked right or wrong; needs ``labels``. A wrong
        one is followed by the true digit in brackets.
    columns : int, default 10
        Images per row.
    class_names : sequence of str, optional
        Written in place of the numbers, one per class.
    ax : matplotlib Axes, optional
    """
    if predictions is not None and labels is None:
        raise ValueError("labels must be given with predictions, to mark them right or wrong")
    height, width = images.shape[1:]
    below = height // 2 if labels is not None else 2
    canvas, places = grid(images, columns, below=below, right=2)
    ax = axes_to_draw_on(
        ax, (0.7 * canvas.shape[1] / (width + 2), 0.7 * canvas.shape[0] / (width + 2))
    )
    known = [numbers.max() for numbers in (labels, predictions) if numbers is not None]
    names = _names(class_names, 1 + max(known, default=0))
    for i, label in enumerate([] if labels is None else labels):
        top, left = places[i]
        text, colour = names[label], "black"
        if predictions is not None:
            right, answer = predictions[i] == label, names[predictions[i]]
            text = f"{answer} ✓" if right else f"{answer} ✗ ({names[label]})"
            colour = BLUE if right else VERMILION
        ax.text(left + width / 2, top + height + below / 2, text, color=colour,
                ha="center", va="center", fontsize=9)  # fmt: skip
    ax.imshow(np.nan_to_num(canvas), cmap="gray_r")
    ax.set_axis_off()
    return ax


def _names(class_names: Sequence[str] | None, classes: int) -> list[str]:
    """Return a name for each class: those given, or the numbers."""
    names = [str(name) for name in (range(classes) if class_names is None else class_names)]
    if len(names) < classes:
        raise ValueError(f"class_names must hold {classes} names; got {len(names)}")
    return names


def _plot_histories(
    history: Histories, name: str, ax: Axes | None, colour: str, **style: Any
) -> Axes:
    """Draw one recorded quantity of one history, or of several with a legend."""
    several = isinstance(history, Mapping)
    histories: Mapping[str, Any] = history if isinstance(history, Mapping) else {name: history}
    curves = {label: _recorded(one, name) for label, one in histories.items()}
    ax = axes_to_draw_on(ax, (6, 3.5))
    for label, (units, steps, values) in curves.items():
        ax.plot(steps, values, color=None if several else colour, label=label, **style)
        ax.set(xlabel=units, xlim=(0, None))
    if several:
        ax.legend()
    return ax


def _recorded(history: Any, name: str) -> tuple[str, Sequence[int], list[float]]:
    """Return the unit of time, the times and the values of a history; there must be some."""
    recorded = getattr(history, "history", None)
    if not isinstance(recorded, dict):
        raise TypeError(f"history must be a History; got {describe(history)}")
    values: list[float] = recorded.get(name, [])
    if not values:
        raise ValueError(f"history must hold {name}; got none")
    if hasattr(history, "validation_batches") and name.startswith("val_"):
        return "training batches", history.validation_batches, values
    unit = "training batches" if hasattr(history, "validation_batches") else "epochs"
    return unit, range(1, len(values) + 1), values
