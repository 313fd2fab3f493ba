import numpy as np
import pytest

from mnist_tutorial import MnistData, cross_entropy_from_logits, sgd_step, softmax, train
from mnist_tutorial._internal.tensorflow import tf
from mnist_tutorial.further import backpropagate, forward, mean_cross_entropy, train_low_level
from mnist_tutorial.layers import build_dense_model, build_model


@pytest.fixture(scope="module")
def losses_of_train():
    history = train(build_model(seed=0), MnistData(seed=0), batches=20, progress=False)
    return history.history["loss"]


@pytest.fixture(scope="module")
def weights():
    return build_model().get_weights()


def create_variables(seed=0):
    return [tf.Variable(array) for array in build_model(seed=seed).get_weights()]


def test_forward_is_the_model_up_to_its_softmax():
    model = build_model(seed=4)
    xs = MnistData().next_validation_batch(50).xs.reshape(-1, 28, 28, 1)
    logits = forward(model.get_weights(), xs).numpy()
    assert logits.shape == (50, 10)
    np.testing.assert_allclose(softmax(logits), model(xs), atol=1e-6)


def test_loss_by_hand():
    # Equal logits give each of two classes 1/2; logits of 0 and ln 3 give 1/4 and 3/4.
    logits = np.log([[1.0, 1.0], [1.0, 3.0]])
    loss = float(mean_cross_entropy([[1.0, 0.0], [1.0, 0.0]], logits))
    assert loss == pytest.approx((np.log(2) + np.log(4)) / 2)


def test_loss_is_the_mean_over_the_batch():
    logits = np.random.default_rng(0).normal(size=(7, 10))
    labels = np.eye(10)[[3, 1, 4, 1, 5, 9, 2]]
    expected = cross_entropy_from_logits(labels, logits).mean()
    assert float(mean_cross_entropy(labels, logits)) == pytest.approx(expected)


def test_the_gradient_tape_sees_the_loss_outside_of_a_graph():
    logits = tf.Variable([[0.0, 0.0]])
    with tf.GradientTape() as tape:
        loss = mean_cross_entropy([[0.0, 1.0]], logits)
    np.testing.assert_allclose(tape.gradient(loss, logits), [[0.5, -0.5]])


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
        ({"batches": 0}, ValueError, "batches must be a whole number >= 1; got 0"),
        ({"batches": 1.5}, TypeError, "batches must be a whole number; got 1.5"),
        ({"batch_size": 55001}, ValueError, r"batch_size must be .*55000.*got 55001"),
        ({"batch_size": True}, TypeError, "batch_size must be a whole number; got True"),
        ({"data": None}, TypeError, "data must be an MnistData; got None"),
        ({"variables": None}, TypeError, "variables must be a sequence of six arrays; got None"),
    ],
)
def test_bad_arguments_of_training_change_nothing(arguments, error, message):
    variables = create_variables()
    with pytest.raises(error, match=message):
        train_low_level(**({"variables": variables, "data": MnistData()} | arguments))
    for variable, array in zip(variables, build_model().get_weights(), strict=True):
        np.testing.assert_array_equal(variable, array)


def test_variables_of_another_network_or_arrays_are_refused(weights):
    with pytest.raises(TypeError, match=r"variables must be tf\.Variable; got ndarray"):
        train_low_level(weights, MnistData())
    with pytest.raises(ValueError, match=r"variables must have the shapes .*; got \(\(5, 5, 1"):
        train_low_level(create_variables()[:1], MnistData())


XS = np.zeros((2, 28, 28, 1), np.float32)
ONE_HOT = np.eye(10)[[3, 1]]


@pytest.mark.parametrize(
    ("change", "images", "error", "message"),
    [
        (list, XS.reshape(2, 784), ValueError, r"images must be float \[n, 28, 28, 1\]; got float"),
        (list, None, TypeError, r"images must be float \[n, 28, 28, 1\]; got None"),
        (list, XS * np.nan, ValueError, "images must be finite; got nan"),
        (
            list,
            XS.astype(float),
            ValueError,
            "images must be float32 like .*; got float64",
        ),
        (lambda w: w[::-1], XS, ValueError, "weights must have the shapes"),
        (lambda w: w[:5], XS, ValueError, "weights must have the shapes"),
        (lambda w: [*w[:5], w[5] + np.inf], XS, ValueError, r"weights\[5\] must be finite"),
        (lambda w: {}, XS, TypeError, "weights must be a sequence of six arrays; got dict"),
    ],
)
def test_bad_arguments_of_forward(weights, change, images, error, message):
    with pytest.raises(error, match=message):
        forward(change(weights), images)


def test_the_weights_of_another_network_are_refused():
    with pytest.raises(ValueError, match="weights must have the shapes"):
        forward(build_dense_model().get_weights(), XS)


@pytest.mark.parametrize(
    ("labels", "logits", "error", "message"),
    [
        (
            ONE_HOT,
            np.ones((2, 9)),
            ValueError,
            r"logits must be float \[n, classes\] with .*\[2, 9",
        ),
        (
            ONE_HOT,
            np.ones((3, 10)),
            ValueError,
            r"logits must be .* n = 2.*got float64 \[3, 10",
        ),
        (ONE_HOT, None, TypeError, r"logits must be float \[n, classes\].*got None"),
        ([3, 1], np.ones((2, 10)), ValueError, r"labels must be float \[n, classes\]; got int64"),
        (2 * ONE_HOT, np.ones((2, 10)), ValueError, "labels must be one-hot"),
        ("31", np.ones((2, 10)), TypeError, "labels must be float .*; got '31'"),
    ],
)
def test_bad_arguments_of_the_loss(labels, logits, error, message):
    with pytest.raises(error, match=message):
        mean_cross_entropy(labels, logits)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (XS + 255, r"^images hold 255\.\.255; expected pixels in 0\.\.1"),
        (XS - 1, r"^images hold -1\.\.-1; expected pixels in 0\.\.1"),
    ],
)
def test_images_that_are_not_scaled_bring_a_warning(weights, images, message):
    with pytest.warns(UserWarning, match=message) as caught:
        forward(weights, images)
    assert [warning.filename for warning in caught] == [__file__]
