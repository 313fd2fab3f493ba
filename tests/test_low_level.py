import numpy as np
import pytest
import tensorflow as tf

from mnist_tutorial import (
    MnistData,
    backpropagate,
    build_model,
    cross_entropy_from_logits,
    forward,
    mean_cross_entropy,
    sgd_step,
    softmax,
    train,
    train_low_level,
)


@pytest.fixture(scope="module")
def losses_of_train():
    history = train(build_model(seed=0), MnistData(seed=0), batches=20, progress=False)
    return history.history["loss"]


def create_variables(seed=0):
    return [tf.Variable(array) for array in build_model(seed=seed).get_weights()]


def test_forward_is_the_model_up_to_its_softmax():
    model = build_model(seed=4)
    xs = MnistData().next_validation_batch(50).xs.reshape(-1, 28, 28, 1)
    logits = forward(model.get_weights(), xs).numpy()
    assert logits.shape == (50, 10)
    np.testing.assert_allclose(softmax(logits), model(xs), atol=1e-6)


def test_loss_is_the_mean_over_the_batch():
    logits = np.random.default_rng(0).normal(size=(7, 10))
    labels = np.eye(10)[[3, 1, 4, 1, 5, 9, 2]]
    expected = cross_entropy_from_logits(labels, logits).mean()
    assert float(mean_cross_entropy(labels, logits)) == pytest.approx(expected)


def test_losses_are_those_of_train(losses_of_train):
    losses = train_low_level(create_variables(), MnistData(seed=0), batches=20)
    np.testing.assert_allclose(losses, losses_of_train, rtol=0, atol=1e-5)


def test_the_hand_written_backward_pass_trains_alike(losses_of_train):
    # In the ninth batch one input of a relu is 3e-8, and rounding decides on which side of the
    # kink it falls: NumPy and TensorFlow may part there, by about 1e-5 in the next loss.
    weights, data, losses = build_model(seed=0).get_weights(), MnistData(seed=0), []
    for _ in range(9):
        xs, labels = data.next_train_batch(64)
        loss, gradients = backpropagate(weights, xs.reshape(-1, 28, 28, 1), labels)
        weights = sgd_step(weights, gradients)
        losses.append(loss)
    np.testing.assert_allclose(losses, losses_of_train[:9], rtol=0, atol=1e-5)


def test_it_learns():
    losses = train_low_level(create_variables(), MnistData())
    assert len(losses) == 100
    assert losses[0] == pytest.approx(np.log(10), abs=0.3)
    assert np.mean(losses[-20:]) < 0.6


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"batches": 0}, ValueError, "batches must be at least 1; got 0"),
        ({"batch_size": 55001}, ValueError, "batch_size must be at most 55000"),
        ({"batch_size": True}, TypeError, "batch_size must be a whole number; got True"),
    ],
)
def test_bad_arguments_change_nothing(arguments, error, message):
    variables = create_variables()
    with pytest.raises(error, match=message):
        train_low_level(variables, MnistData(), **arguments)
    for variable, array in zip(variables, build_model().get_weights(), strict=True):
        np.testing.assert_array_equal(variable, array)


def test_arrays_are_no_variables():
    with pytest.raises(TypeError, match=r"variables must be tf\.Variable; got ndarray"):
        train_low_level(build_model().get_weights(), MnistData())


def test_bad_shapes():
    weights = build_model().get_weights()
    with pytest.raises(
        ValueError, match=r"images must be .*\[n, 28, 28, 1\]; got float32 \[2, 784\]"
    ):
        forward(weights, np.zeros((2, 784), np.float32))
    with pytest.raises(ValueError, match="weights must have the shapes"):
        forward(weights[::-1], np.zeros((2, 28, 28, 1), np.float32))
    with pytest.raises(ValueError, match=r"both be \[n, classes\]; got \[2, 10\] and \[2, 9\]"):
        mean_cross_entropy(np.ones((2, 10)), np.ones((2, 9)))
