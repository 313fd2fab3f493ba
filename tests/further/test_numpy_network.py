"""The NumPy network against TensorFlow's gradient tape, Keras's training and itself."""

import copy
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from mnist_tutorial import Batch, MnistData, build_model, evaluate, predict, train
from mnist_tutorial.further import SGD, CosineDecay, NumpyNetwork

SHAPES = ((5, 5, 1, 8), (8,), (5, 5, 8, 16), (16,), (256, 10), (10,))


@pytest.fixture(scope="module")
def trained(data):
    network = NumpyNetwork(seed=3)
    history = train(network, MnistData(), validation_interval=None, progress=False)
    assert np.mean(history.history["loss"][-10:]) < 0.5
    return network


def tape_gradients(weights, images, labels):
    import tensorflow as tf

    model = build_model()
    model.set_weights(weights)
    with tf.GradientTape() as tape:
        losses = tf.keras.losses.categorical_crossentropy(labels, model(images))
        loss = tf.reduce_mean(losses)
    return float(loss), [g.numpy() for g in tape.gradient(loss, model.trainable_variables)]


def assert_close(ours, theirs, tolerance=1e-5):
    assert [a.shape for a in ours] == list(SHAPES)
    for one, other in zip(ours, theirs, strict=True):
        assert one.dtype == np.float32
        assert np.abs(one - other).max() <= tolerance * np.abs(other).max()


def one_hot(rng, n):
    return np.eye(10, dtype=np.float32)[rng.integers(0, 10, n)]


@pytest.mark.parametrize("n", [1, 63, 64, 101, 1000])
@pytest.mark.parametrize("kind", ["random", "mnist", "blank", "white", "half blank"])
def test_gradients_equal_the_tapes(n, kind):
    rng = np.random.default_rng(n)
    images, labels = rng.random((n, 28, 28, 1), np.float32), one_hot(rng, n)
    if kind == "mnist":
        # A batch that does not depend on the tests before. In a few, of 1,000 images, rounding
        # seems to decide which of two almost equal numbers a pool keeps; this is none of them.
        xs, labels = MnistData(seed=1).next_train_batch(n)
        images = xs.reshape(-1, 28, 28, 1)
    elif kind in ("blank", "white"):
        images[...] = kind == "white"
    elif kind == "half blank":
        images[:, :, 9:] = 0
    network = NumpyNetwork(seed=5)
    for bias in network.weights[1::2]:
        bias[...] = rng.normal(size=bias.shape) / 10
    loss, gradients = tape_gradients(network.weights, images, labels)
    ours = network.gradients(images, labels)
    assert ours[0] == pytest.approx(loss, rel=1e-5)
    # TensorFlow adds 144,000 equal numbers one by one there: its own error is above 1e-5.
    rounding = n == 1000 and kind in ("blank", "white")
    assert_close(ours[2], gradients, 3e-5 if rounding else 1e-5)


@pytest.mark.parametrize("value", [0, 1])
@pytest.mark.parametrize("n", [64, 1000])
def test_gradients_of_even_images_are_exact(value, n):
    from mnist_tutorial.further import backpropagate

    rng = np.random.default_rng(n)
    images, labels = np.full((n, 28, 28, 1), value, np.float32), one_hot(rng, n)
    network = NumpyNetwork(seed=5)
    for bias in network.weights[1::2]:
        bias[...] = rng.normal(size=bias.shape) / 10
    doubles = [array.astype(np.float64) for array in (*network.weights, images, labels)]
    assert_close(network.gradients(images, labels)[2], backpropagate(doubles[:6], *doubles[6:])[1])


@pytest.mark.parametrize("taps", [0, 1])
def test_first_of_equal_numbers_gets_the_gradient(taps):
    """Kernels of one weight or none on black and white: many ties, of unlike windows."""
    rng = np.random.default_rng(taps)
    images, labels = (rng.random((64, 28, 28, 1)) < 0.5).astype(np.float32), one_hot(rng, 64)
    network = NumpyNetwork(seed=5)
    for kernel, bias in zip(network.weights[0:4:2], network.weights[1:4:2], strict=True):
        kernel[...] = 0
        kernel[2, 2, 0] = taps
        bias[...] = 0.25
    assert_close(
        network.gradients(images, labels)[2], tape_gradients(network.weights, images, labels)[1]
    )


@pytest.mark.parametrize("n", [64, 1000])
def test_gradients_of_trained_weights(trained, data, n):
    batch = data.next_train_batch(n)
    images = batch.xs.reshape(-1, 28, 28, 1)
    loss, gradients = tape_gradients(trained.weights, images, batch.labels)
    ours = trained.gradients(images, batch.labels)
    assert ours[0] == pytest.approx(loss, rel=1e-5)
    assert ours[1] == (trained(images).argmax(1) == batch.labels.argmax(1)).mean()
    assert_close(ours[2], gradients)


def test_gradients_equal_the_readable_ones(trained, data):
    from mnist_tutorial.further import backpropagate

    batch = data.next_train_batch(64)
    weights = [weight.astype(np.float64) for weight in trained.weights]
    images = batch.xs.reshape(-1, 28, 28, 1).astype(np.float64)
    loss, gradients = backpropagate(weights, images, batch.labels.astype(np.float64))
    ours = trained.gradients(batch.xs, batch.labels)
    assert ours[0] == pytest.approx(loss, rel=1e-5)
    assert_close(ours[2], gradients)


def test_first_losses_equal_those_of_keras():
    model = build_model(seed=1)
    network = NumpyNetwork.from_keras(model)
    arguments = {"batches": 20, "progress": False}
    theirs = train(model, MnistData(seed=1), **arguments).history
    ours = train(network, MnistData(seed=1), **arguments).history
    for name in ("loss", "val_loss"):
        assert ours[name] == pytest.approx(theirs[name], rel=1e-5)
    for name in ("accuracy", "val_accuracy"):
        assert ours[name] == pytest.approx(theirs[name], abs=1e-6)
    assert_close(network.weights, model.get_weights(), 1e-4)


def test_a_training_run_in_two_parts_is_that_in_one(tmp_path):
    def run(batches, **arguments):
        network = NumpyNetwork(seed=1)
        optimizer = SGD(CosineDecay(0.1, 24), 0.9, nesterov=True)
        history = train(
            network, MnistData(), optimizer=optimizer, batches=batches, batch_size=16,
            validation_batch_size=50, progress=False, **arguments,
        )  # fmt: skip
        return network.flat.tobytes(), history

    whole = run(24)
    checkpoint = {"checkpoint": tmp_path / "run.checkpoint", "checkpoint_interval": 4}
    run(11, **checkpoint)
    assert run(24, **checkpoint) == whole


REPEAT = """
import hashlib, sys
from mnist_tutorial import MnistData, NumpyNetwork, evaluate, predict, pretrained, train
from mnist_tutorial.further import SGD, random_affine

def digest():
    network, data = NumpyNetwork(seed=2), MnistData(seed=4)
    history = train(network, data, optimizer=SGD(0.1, 0.9), batches=12, augment=random_affine,
                    batch_size=63, validation_batch_size=150, progress=False)
    return hashlib.sha256(network.flat.tobytes() + repr(history.history).encode()).hexdigest()

print(digest(), digest())
data = MnistData()
network = pretrained("quick", framework="numpy")
evaluate(network, data, split="validation")
predict(network, 255 - data.validation_images[0])
print([name for name in ("tensorflow", "keras", "matplotlib") if name in sys.modules])
"""


def test_repeats_are_identical_and_need_no_tensorflow():
    command = [sys.executable, "-c", REPEAT]
    outputs = {
        subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2)
    }
    assert len(outputs) == 1
    first, second, loaded = outputs.pop().split()
    assert first == second
    assert loaded == "[]"


def test_calls_in_every_form_and_number(trained, data):
    xs = data.next_validation_batch(1000).xs
    whole = trained(xs)
    assert whole.dtype == np.float32 and whole.shape == (1000, 10)
    np.testing.assert_allclose(whole.sum(axis=1), 1, rtol=1e-6)
    for n in (0, 1, 2, 99, 100, 101, 150, 1000):
        for shape in ((n, 784), (n, 28, 28), (n, 28, 28, 1)):
            ours = trained(xs[:n].reshape(shape))
            assert ours.shape == (n, 10)
            np.testing.assert_allclose(ours, whole[:n], atol=1e-6)
    np.testing.assert_allclose(trained.to_keras()(xs.reshape(-1, 28, 28, 1)), whole, atol=2e-6)


def test_weights_stay_the_same_objects(data):
    network = NumpyNetwork()
    before, values = list(network.weights), network.get_weights()
    step, _ = network.compile_steps(SGD())
    step(data.next_train_batch(64))
    assert all(a is b for a, b in zip(before, network.weights, strict=True))
    assert any((a != b).any() for a, b in zip(values, network.weights, strict=True))
    network.set_weights(values)
    assert all(a is b for a, b in zip(before, network.weights, strict=True))
    assert network.count_params() == 5994


@pytest.mark.parametrize(
    "change", [lambda v: v[:5], lambda v: [*v[:5], np.zeros(11)], lambda v: []]
)
def test_weights_of_other_shapes_are_refused(change):
    network = NumpyNetwork()
    with pytest.raises(ValueError, match=r"^weights must have the shapes .*; got .*$"):
        network.set_weights(change(network.get_weights()))


def test_gradients_are_the_callers(data):
    network, batch = NumpyNetwork(), data.next_train_batch(64)
    kept = network.gradients(*batch)[2]
    copies = [gradient.copy() for gradient in kept]
    network.gradients(*data.next_train_batch(64))
    for one, same in zip(kept, copies, strict=True):
        np.testing.assert_array_equal(one, same)


def test_initial_weights():
    network = NumpyNetwork(seed=0)
    for kernel, inputs in zip(network.weights[::2], (25, 200, 256), strict=True):
        assert np.abs(kernel).max() <= 2 / 0.8796 / inputs**0.5
        assert kernel.std() == pytest.approx(inputs**-0.5, rel=0.15)
    assert not any(bias.any() for bias in network.weights[1::2])
    assert (NumpyNetwork(seed=1).weights[2] != network.weights[2]).all()


@pytest.mark.parametrize(("filters", "classes"), [((8, 16), 26), ((1, 2), 10), ((16, 32), 3)])
def test_other_sizes_equal_keras(filters, classes):
    import keras
    import tensorflow as tf

    layers = build_model(classes=classes).layers
    layers[0].filters, layers[2].filters = filters
    copies = [type(layer).from_config(layer.get_config()) for layer in layers]
    model = keras.Sequential([keras.Input((28, 28, 1)), *copies])
    network = NumpyNetwork.from_keras(model)
    rng = np.random.default_rng(0)
    images = rng.random((7, 28, 28, 1), np.float32)
    labels = np.eye(classes, dtype=np.float32)[rng.integers(0, classes, 7)]
    np.testing.assert_allclose(network(images), model(images), atol=2e-6)
    with tf.GradientTape() as tape:
        losses = keras.losses.categorical_crossentropy(labels, model(images))
        loss = tf.reduce_mean(losses)
    theirs = tape.gradient(loss, model.trainable_variables)
    for one, other in zip(network.gradients(images, labels)[2], theirs, strict=True):
        assert np.abs(one - other).max() <= 1e-5 * np.abs(other).max()


def test_it_is_a_model_like_any_other(trained, data):
    model = trained.to_keras()
    ours, theirs = (evaluate(one, data, split="validation") for one in (trained, model))
    np.testing.assert_allclose(ours.probabilities, theirs.probabilities, atol=1e-5)
    pictures = list(255 - data.validation_images[:10])
    assert predict(trained, pictures).digits.tolist() == predict(model, pictures).digits.tolist()
    with pytest.raises(ValueError, match="model must have the layers of build_model"):
        NumpyNetwork.from_keras(_deep())


def _deep():
    from mnist_tutorial.further import build_deep_model

    return build_deep_model()


def test_another_optimizer_is_refused():
    import keras

    with pytest.raises(TypeError, match=r"must be a mnist_tutorial\.further\.SGD; got Adam"):
        train(NumpyNetwork(), MnistData(), optimizer=keras.optimizers.Adam())


def test_a_batch_of_its_own_size():
    xs, labels = np.zeros((3, 784), np.float32), np.eye(10, dtype=np.float32)[:3]
    loss, accuracy = NumpyNetwork().compile_steps(SGD())[1](Batch(xs, labels))
    assert loss == pytest.approx(np.log(10)) and accuracy == pytest.approx(1 / 3)


def through_pickle(network):
    return pickle.loads(pickle.dumps(network))


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, through_pickle])
def test_a_copy_answers_and_learns_like_the_original(duplicate):
    network, rng = NumpyNetwork(seed=1), np.random.default_rng(0)
    images, others = rng.random((2, 3, 28, 28, 1), np.float32)
    network(images)  # buffers exist
    other = duplicate(network)
    np.testing.assert_array_equal(other(others), network(others))
    before = other.get_weights()
    train(other, MnistData(), batches=2, batch_size=8, validation_interval=None, progress=False)
    assert all((a != b).any() for a, b in zip(before, other.weights, strict=True))


def test_threads_do_not_mix_their_answers(trained, data):
    images = data.validation_images[:400].reshape(4, 100, 784) / np.float32(255)
    expected = [trained(part) for part in images]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            for one, other in zip(pool.map(trained, images), expected, strict=True):
                np.testing.assert_array_equal(one, other)


def test_a_model_with_other_activations_is_refused():
    import keras

    layers = build_model().layers
    layers[0].activation = keras.activations.tanh
    copies = [type(layer).from_config(layer.get_config()) for layer in layers]
    model = keras.Sequential([keras.Input((28, 28, 1)), *copies])
    with pytest.raises(ValueError, match="its answers differ"):
        NumpyNetwork.from_keras(model)


def test_bytes_are_no_pixels():
    with pytest.raises(ValueError, match=r"images must be float, pixels in 0\.\.1; got uint8"):
        NumpyNetwork()(np.zeros((2, 28, 28), np.uint8))


def test_an_optimizer_serves_one_network():
    optimizer = SGD(0.1, 0.9)
    arguments = {"batches": 1, "optimizer": optimizer, "progress": False}
    train(NumpyNetwork(), MnistData(), **arguments)
    with pytest.raises(ValueError, match="optimizer belongs to another network"):
        train(NumpyNetwork(), MnistData(), **arguments)
