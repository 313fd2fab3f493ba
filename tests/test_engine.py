"""The engine that infers and trains in the page, in Node, against Keras and TensorFlow."""

import json

import numpy as np
import pytest

from mnist_tutorial import MnistData, build_dense_model, build_model, pretrained, train
from mnist_tutorial._internal.tensorflow import keras


def save_weights(folder, name, arrays):
    for i, array in enumerate(arrays):
        np.save(folder / f"{name}_{i}.npy", array)


def as_input(images):
    return images.reshape(-1, 28, 28, 1).astype(np.float32) / 255


def activations(model, images):
    """Return the output of every layer; of the last one the logits, too."""
    xs, outputs = as_input(images), {}
    for layer in model.layers:
        if layer is model.layers[-1]:
            outputs["logits"] = xs @ layer.kernel.numpy() + layer.bias.numpy()
        xs = np.asarray(layer(xs))
        outputs[layer.name] = xs
    return outputs


def built(build, **arguments):
    """Return a model whose layers have the names that the page's have."""
    keras.utils.clear_session()
    return build(**arguments)


def thorough():
    return pretrained("thorough")


@pytest.mark.parametrize(
    ("network", "build"), [("convolutional", thorough), ("dense", build_dense_model)]
)
def test_activations_of_every_layer_are_keras_s(figures, tmp_path, network, build):
    model, images = built(build), MnistData().test_images[:100]
    save_weights(tmp_path, "weight", model.get_weights())
    np.save(tmp_path / "images.npy", images)
    for name, values in activations(model, images).items():
        np.save(tmp_path / f"{name}.npy", values)
    figures.run_node_test("activations", PARITY=str(tmp_path), NETWORK=network)


def test_probabilities_of_all_test_images_are_keras_s(figures, tmp_path):
    model, images = pretrained("thorough"), MnistData().test_images
    np.save(tmp_path / "images.npy", images)
    probabilities = model.predict(as_input(images), batch_size=1000, verbose=0)
    assert probabilities.max(axis=1).mean() > 0.9
    np.save(tmp_path / "probabilities.npy", probabilities)
    figures.run_node_test("shipped", PARITY=str(tmp_path))


def tape_gradients(model, images, labels):
    """Return loss and gradients in float64, whose own rounding errors do not count."""
    import tensorflow as tf

    weights = [tf.Variable(weight, dtype=tf.float64) for weight in model.get_weights()]
    with tf.GradientTape() as tape:
        x, left = tf.constant(images.reshape(-1, 28, 28, 1) / 255), iter(weights)
        for layer in model.layers:
            if isinstance(layer, keras.layers.Conv2D):
                x = tf.nn.relu(tf.nn.conv2d(x, next(left), 1, "VALID") + next(left))
            elif isinstance(layer, keras.layers.MaxPooling2D):
                x = tf.nn.max_pool2d(x, 2, 2, "VALID")
            elif isinstance(layer, keras.layers.Flatten):
                x = tf.reshape(x, (len(images), -1))
            else:
                x = x @ next(left) + next(left)
                x = x if layer is model.layers[-1] else tf.nn.relu(x)
        loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels, x))
    assert next(left, None) is None
    return float(loss), [g.numpy().astype(np.float32) for g in tape.gradient(loss, weights)]


def gradient_cases():
    """Yield name, network, model, images and labels of batches to differentiate."""
    rng = np.random.default_rng(0)
    new, trained, dense = build_model(seed=5), build_model(seed=5), build_dense_model(seed=5)
    train(trained, MnistData(), batches=50, validation_interval=None, progress=False)
    data = MnistData(seed=1)
    for state, network, model in (
        ("new", "convolutional", new),
        ("trained", "convolutional", trained),
        ("thorough", "convolutional", pretrained("thorough")),
        ("dense", "dense", dense),
    ):
        for n in (1, 3, 63, 64, 100):
            batch = data.next_train_batch(n)
            images = np.rint(255 * batch.xs).astype(np.uint8)
            yield f"{state}, {n} images", network, model, images, batch.labels
        labels = np.eye(10, dtype=np.float32)[rng.integers(0, 10, 64)]
        blank = np.zeros((64, 784), np.uint8)
        yield f"{state}, blank", network, model, blank, labels
        half = rng.integers(0, 256, (64, 28, 28)).astype(np.uint8)
        half[:, :, 9:] = 0
        yield f"{state}, half blank", network, model, half, labels
    # Weights and pixels whose sums are exact: many outputs that a pool compares are equal, though
    # they come from different pixels.
    new.set_weights([np.rint(8 * weight) / 8 for weight in new.get_weights()])
    black_and_white = rng.choice(np.array([0, 255], np.uint8), (64, 784))
    yield "ties", "convolutional", new, black_and_white, labels


def test_gradients_are_the_tape_s(figures, tmp_path):
    cases = []
    for name, network, model, images, labels in gradient_cases():
        folder = tmp_path / str(len(cases))
        folder.mkdir()
        loss, gradients = tape_gradients(model, images, labels)
        save_weights(folder, "weight", model.get_weights())
        save_weights(folder, "gradient", gradients)
        np.save(folder / "images.npy", images)
        np.save(folder / "labels.npy", labels.argmax(axis=1).astype(np.uint8))
        cases.append({"name": name, "network": network, "loss": loss})
    assert len(cases) == 29
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    figures.run_node_test("gradients", PARITY=str(tmp_path))


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize(
    ("network", "build"), [("convolutional", build_model), ("dense", build_dense_model)]
)
def test_losses_are_those_of_the_package(figures, tmp_path, network, build, momentum):
    # Not seed 2: in its 7th batch a pool compares two numbers that differ by one part in seven
    # million, less than float32 can tell, and takes the other one. The losses then differ by 2e-4.
    model, learning_rate = build(seed=0), 0.15 if momentum == 0 else 0.02
    save_weights(tmp_path, "weight", model.get_weights())
    batches = MnistData(seed=3)
    indices = batches.train_sampler.next_indices(20 * 64)
    np.save(tmp_path / "images.npy", batches.train_images[indices])
    np.save(tmp_path / "labels.npy", batches.train_labels[indices])
    optimizer = keras.optimizers.SGD(learning_rate, momentum=momentum)
    history = train(
        model, MnistData(seed=3), optimizer=optimizer, batches=20, validation_interval=None,
        progress=False,
    )  # fmt: skip
    losses = history.history["loss"]
    assert len(losses) == 20 and losses[-1] < losses[0] - 0.2
    settings = {"learningRate": learning_rate, "momentum": momentum, "losses": losses}
    (tmp_path / "settings.json").write_text(json.dumps({"network": network, **settings}))
    figures.run_node_test("losses", PARITY=str(tmp_path))


def test_the_engine_alone(figures):
    figures.run_node_test("engine")
