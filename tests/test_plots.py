"""Figures: what is drawn, where, and that nothing is drawn of nonsense."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from mnist_tutorial import (
    History,
    confusion_matrix,
    plot_accuracy,
    plot_accuracy_per_class,
    plot_confusion_matrix,
    plot_digits,
    plot_loss,
)
from mnist_tutorial._internal.figures import BLUE, VERMILION

matplotlib.use("Agg")

# Three 1s, one taken for a 7; two 7s, one taken for a 2; one 2.
LABELS = np.array([1, 1, 1, 7, 7, 2])
PREDICTIONS = np.array([1, 7, 1, 7, 2, 2])


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def history():
    values = {"loss": [2.3, 1.1, 0.6], "accuracy": [0.1, 0.5, 0.8]}
    return History({**values, "val_loss": [1.0, 0.5], "val_accuracy": [0.6, 0.9]}, [2, 3])


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_plot_loss_draws_every_batch(history):
    ax = plot_loss(history)
    (line,) = ax.lines
    np.testing.assert_array_equal(line.get_xydata(), [[1, 2.3], [2, 1.1], [3, 0.6]])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("training batches", "training loss (nats)")
    assert ax.get_ylim()[0] == 0


def test_plot_accuracy_draws_every_evaluation_at_its_batch(history):
    ax = plot_accuracy(history)
    (line,) = ax.lines
    np.testing.assert_array_equal(line.get_xydata(), [[2, 0.6], [3, 0.9]])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("training batches", "validation accuracy")
    assert ax.get_ylim() == (0, 1)


def test_plot_confusion_matrix_writes_each_count_in_its_place():
    ax = plot_confusion_matrix(confusion_matrix(LABELS, PREDICTIONS))
    written = {text.get_position(): text.get_text() for text in ax.texts}
    assert written == {(1, 1): "2", (7, 1): "1", (7, 7): "1", (2, 7): "1", (2, 2): "1"}
    depths = np.asarray(ax.images[0].get_array())
    assert depths[1, 7] == pytest.approx(np.sqrt(1 / 3)) and depths[0].max() == 0
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted digit", "true digit")


def test_plot_confusion_matrix_keeps_its_numbers_legible():
    counts = np.diag([90] * 10)
    counts[3, 5] = 10
    colours = {t.get_position(): t.get_color() for t in plot_confusion_matrix(counts).texts}
    assert colours[(3, 3)] == "white" and colours[(5, 3)] == "black"


def test_plot_accuracy_per_class_draws_and_writes_each_share():
    accuracies = np.linspace(0.1, 1, 10)
    ax = plot_accuracy_per_class(accuracies)
    np.testing.assert_array_equal([bar.get_height() for bar in ax.patches], accuracies)
    assert texts(ax) == [f"{percent}%" for percent in range(10, 101, 10)]
    assert ax.get_xticks().tolist() == list(range(10))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("digit", "accuracy")


def test_plot_digits_puts_each_image_in_its_place():
    images = np.arange(1, 6)[:, None, None] * np.ones((5, 28, 28), int)
    ax = plot_digits(images, columns=3)
    canvas = np.asarray(ax.images[0].get_array())
    assert canvas.shape == (2 * 30, 3 * 30)
    assert canvas[[0, 0, 0, 30, 30], [0, 30, 60, 0, 30]].tolist() == [1, 2, 3, 4, 5]
    assert canvas[27, 27] == 1 and canvas[28, 0] == canvas[0, 28] == canvas[30, 60] == 0
    assert texts(ax) == [] and not ax.axison
    assert plot_digits(images[:2], columns=3).images[0].get_array().shape == (30, 2 * 30)


def test_plot_digits_writes_labels_below():
    ax = plot_digits(np.ones((2, 28, 28)), np.array([4, 9]))
    assert texts(ax) == ["4", "9"]
    for text, left in zip(ax.texts, (0, 30), strict=True):
        x, y = text.get_position()
        assert left < x < left + 28 and y > 28


def test_plot_digits_marks_predictions_by_sign_and_colour():
    ax = plot_digits(np.ones((2, 28, 28)), np.array([4, 9]), np.array([4, 7]))
    assert texts(ax) == ["4 ✓", "7 ✗ (9)"]
    assert [text.get_color() for text in ax.texts] == [BLUE, VERMILION]


@pytest.mark.parametrize("count", [1, 10, 11, 30])
def test_plot_digits_fits_a_page(count):
    width, _ = plot_digits(np.ones((count, 28, 28))).figure.get_size_inches()
    assert width <= 7


def test_plots_use_the_axes_they_are_given(history):
    _, ax = plt.subplots()
    images = np.ones((1, 28, 28))
    for plot, argument in (
        (plot_loss, history),
        (plot_accuracy, history),
        (plot_confusion_matrix, np.eye(10, dtype=int)),
        (plot_accuracy_per_class, np.ones(10)),
        (plot_digits, images),
    ):
        assert plot(argument, ax=ax) is ax
    assert len(plt.get_fignums()) == 1


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((np.ones((28, 28)),), {}, ValueError, r"images must be float \[n, height, width\]"),
        (
            (np.ones((0, 28, 28)),),
            {},
            ValueError,
            r"images must not be empty; got float64 \[0, 28, 28\]",
        ),
        (
            (np.ones((2, 28, 28)), LABELS),
            {},
            ValueError,
            r"labels must be int \[n\] with n = 2; got int64 \[6\]",
        ),
        (
            (np.ones((6, 28, 28)), LABELS, PREDICTIONS[:2]),
            {},
            ValueError,
            r"predictions must be int \[n\] with n = 6; got int64 \[2\]",
        ),
        (
            (np.ones((6, 28, 28)), None, PREDICTIONS),
            {},
            ValueError,
            "labels must be given with predictions",
        ),
        (
            (np.ones((6, 28, 28)),),
            {"columns": 0},
            ValueError,
            "columns must be a whole number >= 1",
        ),
        ((np.ones((6, 28, 28)),), {"columns": True}, TypeError, "columns must be a whole number"),
    ],
)
def test_bad_arguments_of_plot_digits(arguments, options, error, message):
    with pytest.raises(error, match=message):
        plot_digits(*arguments, **options)
    assert not plt.get_fignums()


def test_several_histories_are_drawn_with_their_names(history):
    ax = plot_loss({"slow": history, "fast": history})
    assert [line.get_label() for line in ax.lines] == ["slow", "fast"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["slow", "fast"]


@pytest.mark.parametrize("plot", [plot_loss, plot_accuracy])
def test_other_things_than_axes(plot, history):
    with pytest.raises(TypeError, match="ax must be a Matplotlib Axes; got 3"):
        plot(history, ax=3)
    assert not plt.get_fignums()


def test_a_keras_history_is_drawn_by_epochs():
    import keras

    recorded = keras.callbacks.History()
    recorded.history = {"loss": [2.0, 1.0], "val_accuracy": [0.5, 0.7]}
    ax = plot_loss(recorded)
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), [[1, 2.0], [2, 1.0]])
    assert ax.get_xlabel() == "epochs"
    np.testing.assert_array_equal(plot_accuracy(recorded).lines[0].get_xdata(), [1, 2])


def test_class_names_take_the_place_of_numbers():
    names = ["cat", "dog", "cow"]
    counts = np.array([[2, 1, 0], [0, 3, 0], [0, 0, 1]])
    ax = plot_confusion_matrix(counts, class_names=names)
    assert [label.get_text() for label in ax.get_xticklabels()] == names
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")
    ax = plot_accuracy_per_class(np.array([0.5, 1.0, np.nan]), class_names=names)
    assert [label.get_text() for label in ax.get_xticklabels()] == names
    images = np.ones((2, 28, 28))
    ax = plot_digits(images, np.array([0, 2]), np.array([0, 1]), class_names=names)
    assert texts(ax) == ["cat ✓", "dog ✗ (cow)"]
    with pytest.raises(ValueError, match="class_names must hold 3 names; got 2"):
        plot_confusion_matrix(counts, class_names=names[:2])


@pytest.mark.parametrize(
    ("draw", "error", "message"),
    [
        (lambda: plot_loss(None), TypeError, "history must be a History; got None"),
        (lambda: plot_loss(History()), ValueError, "history must hold loss; got none"),
        (lambda: plot_accuracy(History()), ValueError, "history must hold val_accuracy; got none"),
        (lambda: plot_accuracy({"a": 3}), TypeError, "history must be a History; got 3"),
        (lambda: plot_loss({"loss": [1.0]}), TypeError, "history must be a History; got list"),
        (lambda: plot_confusion_matrix(None), TypeError, "counts must be int .*; got None"),
        (
            lambda: plot_confusion_matrix(np.eye(3)),
            ValueError,
            r"must be int .*; got float64 \[3, 3\]",
        ),
        (lambda: plot_confusion_matrix([[1]], ax="ax"), TypeError, "Matplotlib Axes; got 'ax'"),
        (lambda: plot_accuracy_per_class(np.eye(3)), ValueError, r"accuracies must be float \["),
        (lambda: plot_accuracy_per_class([1.0], ax=plt), TypeError, "Matplotlib Axes; got module"),
        (lambda: plot_confusion_matrix(np.zeros((2, 3), int)), ValueError, r"\[classes, classes\]"),
        (lambda: plot_confusion_matrix(-np.eye(2, dtype=int)), ValueError, r"must lie in 0\.\.inf"),
        (
            lambda: plot_accuracy_per_class([0.5, 2]),
            ValueError,
            r"must lie in 0\.\.1; got 0\.5\.\.2",
        ),
        (lambda: plot_digits(np.ones((1, 2, 2)), ax=3), TypeError, "Matplotlib Axes; got 3"),
        (lambda: plot_digits(np.ones((1, 2, 2)), [-1]), ValueError, r"labels must lie in 0\.\.inf"),
    ],
)
def test_nonsense_is_refused_and_leaves_no_figure(draw, error, message):
    with pytest.raises(error, match=message):
        draw()
    assert not plt.get_fignums()
