import subprocess
import sys
from types import SimpleNamespace

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from mnist_tutorial import (
    History,
    accuracy_per_class,
    confusion_matrix,
    evaluate,
    most_confident_mistakes,
    plot_accuracy,
    plot_accuracy_per_class,
    plot_confusion_matrix,
    plot_digits,
    plot_loss,
)
from mnist_tutorial.results import BLUE, VERMILION

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


def test_results_need_no_tensorflow():
    script = (
        "import sys; import numpy as np; from mnist_tutorial import plot_digits; "
        "plot_digits(np.zeros((1, 28, 28))); "
        "sys.exit(bool({'tensorflow', 'keras'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


# --- numbers -----------------------------------------------------------------------------


def always_seven(xs, training):
    """Stand in for a model: sure of a 7 where the first pixel is lit, else of nothing."""
    assert training is False and xs.dtype == np.float32 and xs.shape[1:] == (28, 28, 1)
    probabilities = np.full((len(xs), 10), 0.1, np.float32)
    probabilities[xs[:, 0, 0, 0] == 1] = np.eye(10, dtype=np.float32)[7]
    return probabilities


def test_evaluate_by_hand():
    images = np.zeros((4, 28, 28), np.uint8)
    images[:3, 0, 0] = 255
    data = SimpleNamespace(test_images=images, test_labels=np.array([7, 7, 1, 0], np.uint8))
    evaluation = evaluate(always_seven, data)
    # Right: both 7s, and the 0, because the first of ten equal probabilities counts.
    assert evaluation.accuracy == 0.75
    # -ln of 1, 1, 0 and 0.1; Keras's clipping makes ln 0 into ln 1e-7.
    assert evaluation.loss == pytest.approx((0 + 0 - np.log(1e-7) - np.log(0.1)) / 4, abs=1e-6)
    np.testing.assert_array_equal(evaluation.probabilities.argmax(axis=1), [7, 7, 7, 0])


@pytest.mark.parametrize("n", [999, 1000, 1001, 2500])
def test_evaluate_sees_every_image_once_and_in_order(n):
    images = np.zeros((n, 28, 28), np.uint8)
    images[::3, 0, 0] = 255
    labels = np.where(np.arange(n) % 3 == 0, 7, 0).astype(np.uint8)
    data = SimpleNamespace(test_images=images, test_labels=labels)
    evaluation = evaluate(always_seven, data)
    assert evaluation.accuracy == 1
    assert evaluation.probabilities.shape == (n, 10)


def test_confusion_matrix_by_hand():
    counts = confusion_matrix(LABELS, PREDICTIONS)
    expected = np.zeros((10, 10), int)
    expected[1, 1], expected[1, 7] = 2, 1  # row: what it is; column: what it was taken for
    expected[7, 7], expected[7, 2], expected[2, 2] = 1, 1, 1
    np.testing.assert_array_equal(counts, expected)


def test_accuracy_per_class_by_hand():
    accuracies = accuracy_per_class(LABELS, PREDICTIONS)
    assert accuracies[[1, 2, 7]].tolist() == [2 / 3, 1, 1 / 2]
    assert np.isnan(accuracies[[0, 3, 4, 5, 6, 8, 9]]).all()


def test_most_confident_mistakes_by_hand():
    probabilities = np.zeros((5, 10))
    probabilities[range(5), [3, 4, 5, 6, 7]] = [0.9, 0.6, 0.99, 0.8, 0.6]
    labels = np.array([0, 0, 5, 0, 0])  # the surest of all is right
    assert most_confident_mistakes(labels, probabilities).tolist() == [0, 3, 1, 4]
    assert most_confident_mistakes(labels, probabilities, count=2).tolist() == [0, 3]
    assert most_confident_mistakes(labels[2:3], probabilities[2:3]).tolist() == []


@pytest.mark.parametrize("function", [confusion_matrix, accuracy_per_class])
@pytest.mark.parametrize(
    ("labels", "predictions", "message"),
    [
        (LABELS, PREDICTIONS[:5], r"must both be \[n\]; got \[6\] and \[5\]"),
        (LABELS[:, None], PREDICTIONS[:, None], r"labels must be an .*\[n\]; got int64 \[6, 1\]"),
        (LABELS, PREDICTIONS + 5, r"predictions must lie in 0\.\.9; got 6\.\.12"),
        (LABELS - 2, PREDICTIONS, r"labels must lie in 0\.\.9; got -1\.\.5"),
        (LABELS, PREDICTIONS / 2, "predictions must be an integer array.*got float64"),
    ],
)
def test_digits_that_are_none(function, labels, predictions, message):
    with pytest.raises(ValueError, match=message):
        function(labels, predictions)


@pytest.mark.parametrize(
    ("labels", "probabilities", "count", "error", "message"),
    [
        (LABELS, np.eye(10)[:5], 10, ValueError, r"must both be \[n\]; got \[6\] and \[5\]"),
        (
            LABELS,
            PREDICTIONS,
            10,
            ValueError,
            r"probabilities must be .*\[n, 10\]; got int64 \[6\]",
        ),
        (LABELS, np.zeros((6, 9)), 10, ValueError, r"\[n, 10\]; got float64 \[6, 9\]"),
        (LABELS, np.eye(10)[:6], 0, ValueError, "count must be at least 1; got 0"),
        (LABELS, np.eye(10)[:6], 2.5, TypeError, r"count must be a whole number; got 2\.5"),
    ],
)
def test_bad_arguments_of_most_confident_mistakes(labels, probabilities, count, error, message):
    with pytest.raises(error, match=message):
        most_confident_mistakes(labels, probabilities, count)


# --- figures -----------------------------------------------------------------------------


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
        ((np.ones((28, 28)),), {}, ValueError, r"images must be .*\[n, height, width\]"),
        (
            (np.ones((0, 28, 28)),),
            {},
            ValueError,
            r"images must not be empty; got float64 \[0, 28, 28\]",
        ),
        ((np.ones((2, 28, 28)), LABELS), {}, ValueError, "labels must be as many.*2; got 6"),
        (
            (np.ones((6, 28, 28)), LABELS, PREDICTIONS[:2]),
            {},
            ValueError,
            "predictions must be as many as images, 6; got 2",
        ),
        ((np.ones((6, 28, 28)), None, PREDICTIONS), {}, ValueError, "got no labels"),
        ((np.ones((6, 28, 28)),), {"columns": 0}, ValueError, "columns must be at least 1"),
        ((np.ones((6, 28, 28)),), {"columns": True}, TypeError, "columns must be a whole number"),
    ],
)
def test_bad_arguments_of_plot_digits(arguments, options, error, message):
    with pytest.raises(error, match=message):
        plot_digits(*arguments, **options)
    assert not plt.get_fignums()
