"""Evaluation, confusion matrix, accuracy per class and the worst mistakes."""

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnist_tutorial import (
    MnistData,
    NumpyNetwork,
    accuracy_per_class,
    confusion_matrix,
    evaluate,
    most_confident_mistakes,
    pretrained,
    train,
)

# Three 1s, one taken for a 7; two 7s, one taken for a 2; one 2.
LABELS = np.array([1, 1, 1, 7, 7, 2])
PREDICTIONS = np.array([1, 7, 1, 7, 2, 2])


def always_seven(xs, training):
    """Stand in for a model: sure of a 7 where the first pixel is lit, else of nothing."""
    assert training is False and xs.dtype == np.float32 and xs.shape[1:] == (28, 28, 1)
    probabilities = np.full((len(xs), 10), 0.1, np.float32)
    probabilities[xs[:, 0, 0, 0] == 1] = np.eye(10, dtype=np.float32)[7]
    return probabilities


def test_evaluate_by_hand():
    images = np.zeros((4, 28, 28), np.uint8)
    images[:3, 0, 0] = 255
    data = MnistData.from_arrays(*3 * [(images, np.array([7, 7, 1, 0], np.uint8))])
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
    data = MnistData.from_arrays(*3 * [(images, labels)])
    evaluation = evaluate(always_seven, data)
    assert evaluation.accuracy == 1
    assert evaluation.probabilities.shape == (n, 10)


def test_confusion_matrix_by_hand():
    counts = confusion_matrix(LABELS, PREDICTIONS, classes=10)
    expected = np.zeros((10, 10), int)
    expected[1, 1], expected[1, 7] = 2, 1  # row: what it is; column: what it was taken for
    expected[7, 7], expected[7, 2], expected[2, 2] = 1, 1, 1
    np.testing.assert_array_equal(counts, expected)


def test_accuracy_per_class_by_hand():
    accuracies = accuracy_per_class(LABELS, PREDICTIONS, classes=10)
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
        (LABELS, PREDICTIONS[:5], r"predictions must be int \[n\] with n = 6; got int64 \[5\]"),
        (LABELS[:, None], PREDICTIONS[:, None], r"labels must be int \[n\]; got int64 \[6, 1\]"),
        (LABELS, PREDICTIONS + 5, r"predictions must lie in 0\.\.9; got 6\.\.12"),
        (LABELS - 2, PREDICTIONS, r"labels must lie in 0\.\.9; got -1\.\.5"),
        (LABELS, PREDICTIONS / 2, r"predictions must be int \[n\] with n = 6; got float64"),
    ],
)
def test_bad_labels_and_predictions(function, labels, predictions, message):
    with pytest.raises(ValueError, match=message):
        function(labels, predictions, classes=10)


@pytest.mark.parametrize(
    ("labels", "probabilities", "count", "error", "message"),
    [
        (
            LABELS,
            np.eye(10)[:5],
            10,
            ValueError,
            r"probabilities must be float \[n, classes\] with n = 6; got float64 \[5, 10\]",
        ),
        (
            LABELS,
            PREDICTIONS,
            10,
            ValueError,
            r"probabilities must be float \[n, classes\] with n = 6; got int64 \[6\]",
        ),
        (LABELS, np.eye(10)[:6], 0, ValueError, "count must be a whole number >= 1; got 0"),
        (LABELS, np.eye(10)[:6], 2.5, TypeError, r"count must be a whole number; got 2\.5"),
    ],
)
def test_bad_arguments_of_most_confident_mistakes(labels, probabilities, count, error, message):
    with pytest.raises(error, match=message):
        most_confident_mistakes(labels, probabilities, count)


def test_validation_split_is_measured_on_request(data):
    network = NumpyNetwork()
    evaluation = evaluate(network, data, split="validation")
    assert evaluation.probabilities.shape == (5000, 10)
    np.testing.assert_allclose(
        evaluation.probabilities[:5],
        network(data.validation_images[:5] / np.float32(255)),
        atol=1e-6,
    )
    expected = f"Evaluation(loss {evaluation.loss:.3f}, accuracy {evaluation.accuracy:.2%} of "
    assert repr(evaluation) == f"{expected}5,000 images)"
    with pytest.raises(ValueError, match="split must be 'test' or 'validation'; got 'train'"):
        evaluate(network, data, split="train")


@pytest.mark.parametrize(
    ("model", "given", "error", "message"),
    [
        (None, True, TypeError, "model must be a Keras model; got None"),
        (NumpyNetwork, True, TypeError, "model must be a Keras model; got type"),
        (always_seven, False, TypeError, "data must be an MnistData; got None"),
        (lambda xs, training: xs[:, :2, 0, 0], True, ValueError, "must return probabilities"),
        (lambda xs, training: np.full((len(xs), 10), np.nan), True, ValueError, "has diverged"),
        (lambda xs, training: 3 * np.ones((len(xs), 10)), True, ValueError, "with a softmax"),
    ],
)
def test_bad_arguments_of_evaluate(model, given, error, message, data):
    with pytest.raises(error, match=message):
        evaluate(model, data if given else None)


def test_classes_beyond_ten():
    counts = confusion_matrix([25, 25, 0], [25, 11, 0], classes=26)
    assert counts.shape == (26, 26) and counts.sum() == 3
    assert counts[25, 25] == counts[25, 11] == counts[0, 0] == 1
    shares = accuracy_per_class([25, 25, 0], [25, 11, 0], classes=26)
    assert shares[[0, 25]].tolist() == [1, 0.5] and np.isnan(shares[1:25]).all()
    assert most_confident_mistakes([25, 11], np.eye(26)[[25, 12]]).tolist() == [1]
    with pytest.raises(ValueError, match=r"labels must lie in 0\.\.25; got 0\.\.26"):
        confusion_matrix([26, 0], [0, 0], classes=26)
    with pytest.raises(ValueError, match="classes must be a whole number >= 2; got 1"):
        accuracy_per_class([0], [0], classes=1)


def test_the_number_of_classes_is_derived_from_what_occurs():
    assert confusion_matrix([0, 4, 1], [0, 2, 1]).shape == (5, 5)
    assert confusion_matrix([0, 2], [0, 4]).shape == (5, 5)
    assert accuracy_per_class([0, 4, 1], [0, 2, 1]).shape == (5,)


def test_evaluate_refuses_data_with_other_classes_than_the_model_was_trained_on():
    images = np.random.default_rng(0).integers(0, 99, (12, 28, 28), np.uint8)
    split = images, np.arange(12) % 3
    model = NumpyNetwork(classes=3)
    of = functools.partial(MnistData.from_arrays, split, split, split)
    data = of(class_names=["ace", "king", "queen"])
    evaluate(model, data)  # a network that knows no names is not refused
    train(model, data, batches=1, batch_size=12, progress=False)
    assert len(evaluate(model, data).probabilities) == 12
    with pytest.raises(ValueError) as error:
        evaluate(model, of(class_names=["ace", "queen", "king"]))
    assert str(error.value) == (
        "model was trained on the 3 classes (..., 'king', 'queen'); "
        "data has the 3 classes (..., 'queen', 'king')"
    )
    with pytest.raises(
        ValueError, match=r"'queen'\); data has the 4 classes \('a', 'b', 'c', \.\.\.\)"
    ):
        evaluate(model, of(class_names="abcd"))
    with pytest.raises(ValueError, match="trained on the 10 classes \\('0'"):
        evaluate(pretrained("quick", framework="numpy"), data)


def test_inverted_images_are_warned_of_at_the_callers_line():
    images = np.full((3, 28, 28), 255, np.uint8)
    with pytest.warns(UserWarning, match="^images look inverted"):
        data = MnistData.from_arrays(*3 * [(images, np.arange(3))])
    with pytest.warns(UserWarning, match="^images look inverted") as caught:
        evaluate(always_seven, data)
    assert {warning.filename for warning in caught} == {__file__}


# --- what holds for all data ---------------------------------------------------------------

FEW = settings(derandomize=True, deadline=None, max_examples=60)  # the same in every run


DIGITS = st.integers(0, 9)


@given(pairs=st.lists(st.tuples(DIGITS, DIGITS), min_size=1, max_size=40))
@FEW
def test_a_confusion_matrix_counts_every_pair_once(pairs):
    labels, predictions = np.array(pairs).T
    counts = confusion_matrix(labels, predictions, classes=10)
    assert counts.sum() == len(pairs)
    for true, predicted in pairs:
        assert counts[true, predicted] == pairs.count((true, predicted))
    np.testing.assert_array_equal(counts.T, confusion_matrix(predictions, labels, classes=10))
    shares = accuracy_per_class(labels, predictions, classes=10)
    np.testing.assert_array_equal(np.isnan(shares), np.bincount(labels, minlength=10) == 0)
    share_of_all = (np.nan_to_num(shares) * np.bincount(labels, minlength=10)).sum() / len(pairs)
    assert share_of_all == pytest.approx((labels == predictions).mean())
