"""Softmax, cross-entropy and accuracy, against hand, Keras and one another."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mnist_tutorial._internal.tensorflow import keras
from mnist_tutorial.layers import build_model
from mnist_tutorial.loss import (
    accuracy,
    compile_model,
    cross_entropy,
    cross_entropy_from_logits,
    softmax,
)
from mnist_tutorial.optimizer import build_optimizer

TUTORIAL_PREDICTION = np.array([[0.1, 0.01, 0.01, 0.01, 0.20, 0.01, 0.01, 0.60, 0.03, 0.02]])


def random_examples(n=200):
    rng = np.random.default_rng(0)
    labels = np.eye(10)[rng.integers(0, 10, n)]
    return labels, 5 * rng.normal(size=(n, 10))


def test_the_tutorials_example():
    loss = cross_entropy(np.eye(10)[[7]], TUTORIAL_PREDICTION)
    np.testing.assert_allclose(loss, [-np.log(0.60)])
    assert loss.round(3).tolist() == [0.511]


def test_cross_entropy_agrees_with_keras():
    labels, logits = random_examples()
    probabilities = softmax(logits)
    expected = keras.losses.categorical_crossentropy(labels, probabilities)
    np.testing.assert_allclose(cross_entropy(labels, probabilities), expected, rtol=1e-5, atol=1e-6)
    expected = keras.losses.categorical_crossentropy(labels, logits, from_logits=True)
    np.testing.assert_allclose(
        cross_entropy_from_logits(labels, logits), expected, rtol=1e-5, atol=1e-6
    )


def test_softmax_agrees_with_keras_and_sums_to_one():
    _, logits = random_examples()
    np.testing.assert_allclose(softmax(logits), keras.ops.softmax(logits), rtol=1e-5)
    np.testing.assert_allclose(softmax(logits).sum(axis=1), 1)


def test_probability_zero_costs_as_much_as_in_keras():
    labels, prediction = np.eye(10)[[3]], np.eye(10)[[4]]
    loss = cross_entropy(labels, prediction)
    np.testing.assert_allclose(loss, -np.log(1e-7))
    np.testing.assert_allclose(
        loss, keras.losses.categorical_crossentropy(labels, prediction), rtol=1e-5
    )


def test_logits_lose_nothing_where_probabilities_do():
    labels, logits = np.eye(2)[[1]], np.array([[1000.0, 0.0]])
    assert cross_entropy_from_logits(labels, logits).tolist() == [1000.0]
    assert cross_entropy(labels, softmax(logits)) == pytest.approx(-np.log(1e-7))


def test_half_precision_does_not_overflow():
    labels, logits = np.eye(2, dtype=np.float16)[[1]], np.array([[60000, -60000]], np.float16)
    losses = cross_entropy_from_logits(labels, logits)
    assert (losses.dtype, losses.tolist()) == (np.float32, [120000])


def test_accuracy_by_hand():
    probabilities = np.array([[0.5, 0.3, 0.2], [0.2, 0.2, 0.6], [0.1, 0.8, 0.1], [0.4, 0.3, 0.3]])
    assert accuracy(np.eye(3)[[0, 2, 2, 1]], probabilities) == 0.5


def test_compile_model():
    model = build_model()
    compile_model(model)
    assert model.loss == "categorical_crossentropy"
    assert isinstance(model.optimizer, keras.optimizers.SGD)
    result = model.train_on_batch(np.zeros((2, 28, 28, 1)), np.eye(10)[:2], return_dict=True)
    assert sorted(result) == ["accuracy", "loss"]
    own = build_optimizer(0.01)
    compile_model(model, own)
    assert model.optimizer is own


EYE = np.eye(10)[:2]


@pytest.mark.parametrize(
    ("labels", "predictions", "error", "message"),
    [
        (None, EYE, TypeError, r"labels must be float \[n, classes\]; got None"),
        (EYE, np.ones((3, 10)), ValueError, r"must be float .* with n = 2, classes = 10; got .*3,"),
        (np.ones(10), np.ones(10), ValueError, r"labels must be float \[n, classes\]; got"),
        (EYE, np.ones((2, 1)), ValueError, "must be float .* with n = 2, classes = 10"),
        (EYE[:0], EYE[:0], ValueError, "labels must not be empty"),
        (2 * EYE, EYE, ValueError, "labels must be one-hot, .* got sum 2 and minimum 0 in row 0"),
        (0 * EYE, EYE, ValueError, "labels must be one-hot, .* got sum 0 and minimum 0 in row 0"),
        (
            2 * EYE - EYE[::-1],
            EYE,
            ValueError,
            "labels must be one-hot, .* got sum 1 and minimum -1 in row 0",
        ),
        (EYE, EYE * np.nan, ValueError, "must be finite; got nan"),
        (EYE, None, TypeError, r"must be float \[n, classes\]; got None"),
    ],
)
@pytest.mark.parametrize("function", [cross_entropy, cross_entropy_from_logits, accuracy])
def test_bad_labels_and_predictions(function, labels, predictions, error, message):
    with pytest.raises(error, match=message):
        function(labels, predictions)


def test_probabilities_beyond_one():
    with pytest.raises(ValueError, match=r"probabilities must lie in 0\.\.1; got 0\.\.3"):
        cross_entropy(EYE, 3 * EYE)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64])
def test_whole_numbers_do_not_wrap_around(dtype):
    np.testing.assert_allclose(softmax(np.array([1, 255], dtype)), [0, 1], atol=1e-9)
    logits = np.array([[1, 255], [0, 1]], dtype)
    np.testing.assert_allclose(softmax(logits)[1], [1 / (1 + np.e), np.e / (1 + np.e)])
    labels = np.eye(2)
    expected = cross_entropy_from_logits(labels, logits.astype(float))
    np.testing.assert_allclose(cross_entropy_from_logits(labels, logits), expected)


@pytest.mark.parametrize(
    ("logits", "error", "message"),
    [
        (None, TypeError, r"logits must be float \[\.\.\., classes\]; got None"),
        ("abc", TypeError, r"logits must be float \[\.\.\., classes\]; got 'abc'"),
        (np.zeros(()), ValueError, r"logits must be float \[\.\.\., classes\]; got float64 \[\]"),
        (np.array([np.inf]), ValueError, "logits must be finite; got inf"),
    ],
)
def test_bad_logits(logits, error, message):
    with pytest.raises(error, match=message):
        softmax(logits)


def test_bad_arguments_of_compile_model():
    with pytest.raises(TypeError, match="model must be a Keras model; got function"):
        compile_model(lambda x: x)
    with pytest.raises(TypeError, match="optimizer must be a Keras optimizer; got 'sgd'"):
        compile_model(build_model(), "sgd")


def test_lists_serve_as_arrays():
    assert softmax([0, 0]).tolist() == [0.5, 0.5]
    assert accuracy([[0, 1], [1, 0]], [[0, 1], [0, 1]]) == 0.5
    np.testing.assert_allclose(cross_entropy([[0, 1]], [[0.5, 0.5]]), np.log(2))
    np.testing.assert_allclose(cross_entropy_from_logits([[0, 1]], [[3, 3]]), np.log(2))


# --- what holds for all data ---------------------------------------------------------------

FEW = settings(derandomize=True, deadline=None, max_examples=60)  # the same in every run


@st.composite
def scores(draw, size):
    """Draw one-hot labels and logits, both float [n, classes]; logits in steps of an eighth.

    Of closer ones rounding would make equal probabilities.
    """
    n, classes = draw(st.integers(1, 5)), draw(st.integers(1, 6))
    numbers = draw(st.lists(st.integers(0, classes - 1), min_size=n, max_size=n))
    logits = draw(arrays.arrays(np.int64, (n, classes), elements=st.integers(-size, size)))
    return np.eye(classes)[numbers], logits / 8


@given(pair=scores(size=10**7), moved=st.floats(-1e3, 1e3))
@FEW
def test_softmax_gives_probabilities_that_a_common_shift_leaves_alone(pair, moved):
    _, logits = pair
    probabilities = softmax(logits)
    assert probabilities.min() >= 0
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_allclose(softmax(logits + moved), probabilities, atol=1e-8)
    for row, values in zip(probabilities, logits, strict=True):
        assert (np.diff(row[np.argsort(values)]) >= 0).all()


@given(pair=scores(size=60))
@FEW
def test_two_ways_to_the_cross_entropy(pair):
    labels, logits = pair
    probabilities = softmax(logits)
    losses = cross_entropy(labels, probabilities)
    assert losses.min() >= 0
    np.testing.assert_allclose(cross_entropy_from_logits(labels, logits), losses, atol=1e-6)
    right = labels.argmax(axis=1) == logits.argmax(axis=1)
    assert accuracy(labels, probabilities) == right.mean()
