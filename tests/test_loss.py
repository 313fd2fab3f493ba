import keras
import numpy as np
import pytest

from mnist_tutorial import (
    accuracy,
    build_model,
    build_optimizer,
    compile_model,
    cross_entropy,
    cross_entropy_from_logits,
    softmax,
)

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
    assert cross_entropy(labels, softmax(logits)) < 17


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


def test_shapes_that_differ():
    with pytest.raises(ValueError, match=r"both be \[n, classes\]; got \[2, 10\] and \[3, 10\]"):
        cross_entropy(np.ones((2, 10)), np.ones((3, 10)))
    with pytest.raises(ValueError, match=r"both be \[n, classes\]"):
        cross_entropy_from_logits(np.ones(10), np.ones(10))
    with pytest.raises(ValueError, match=r"both be \[n, classes\]"):
        accuracy(np.ones((2, 1)), np.ones((2, 10)))
    with pytest.raises(ValueError, match="labels must not be empty"):
        accuracy(np.ones((0, 10)), np.ones((0, 10)))
