import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from mnist_tutorial import MnistData, build_dense_model, build_model, train
from mnist_tutorial.fast import (
    column_blocks,
    forward_pass,
    regroup_kernel,
    regrouped_convolution,
)


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


# The first layer of the book's network, the second, and shapes that do not divide evenly.
@pytest.mark.parametrize(
    ("shape", "kernel", "block"),
    [
        ((28, 28, 1), (5, 5, 8), 4),
        ((12, 12, 8), (5, 5, 16), 1),
        ((28, 28, 1), (3, 3, 8), 2),
        ((26, 26, 4), (3, 3, 8), 2),
        ((27, 27, 1), (5, 5, 4), 1),
        ((28, 28, 1), (4, 4, 4), 1),
        ((12, 20, 3), (2, 5, 7), 2),
        ((8, 8, 32), (3, 3, 8), 1),
    ],
)
def test_regrouped_convolution_is_the_convolution(shape, kernel, block):
    images, weights = random(2, *shape), random(*kernel[:2], shape[2], kernel[2], seed=1)
    assert column_blocks(shape[1], shape[2], kernel[1]) == block
    expected = tf.nn.conv2d(images, weights, 1, "VALID")
    np.testing.assert_allclose(regrouped_convolution(images, weights), expected, atol=1e-4)


def test_regrouped_kernel_by_hand():
    kernel = np.array([1, 2, 3], np.float32).reshape(1, 3, 1, 1)
    regrouped = regroup_kernel(kernel, 2)
    assert regrouped.shape == (1, 2, 2, 2)
    assert regrouped.numpy().reshape(4, 2).T.tolist() == [[1, 2, 3, 0], [0, 1, 2, 3]]


def test_kernel_of_another_shape():
    with pytest.raises(ValueError, match=r"kernel must be .* got float32 \[5, 5\]"):
        regroup_kernel(np.zeros((5, 5), np.float32), 2)


def layers(*middle):
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            *middle,
            keras.layers.Flatten(),
            keras.layers.Dense(10, "softmax"),
        ]
    )


MODELS = {
    "the book's": build_model,
    "dense": build_dense_model,
    "no pooling": lambda: layers(keras.layers.Conv2D(4, 5, activation="relu")),
    "overlapping pooling": lambda: layers(
        keras.layers.Conv2D(4, 5, use_bias=False), keras.layers.MaxPooling2D(3, 2)
    ),
    "an activation that decreases": lambda: layers(
        keras.layers.Conv2D(4, 5, activation="gelu"), keras.layers.MaxPooling2D(2)
    ),
    "layers unknown to the engine": lambda: layers(
        keras.layers.Conv2D(4, 3, padding="same"),
        keras.layers.BatchNormalization(),
        keras.layers.ReLU(),
        keras.layers.Conv2D(4, 3, strides=2, activation="relu"),
    ),
}


@pytest.fixture(params=[(2, 2), (1, 3)], ids=["whole batches", "three parts"])
def threads(request, monkeypatch):
    monkeypatch.setattr("mnist_tutorial.fast.operation_threads", lambda: request.param)
    return request.param


@pytest.mark.parametrize("name", MODELS)
def test_forward_pass_is_the_model(name, threads):
    model = MODELS[name]()
    # Biases start at zero, where their place would not show.
    model.set_weights([w + 0.1 for w in model.get_weights()])
    images = MnistData().test_images[:100, ..., None] / np.float32(255)
    np.testing.assert_allclose(
        forward_pass(model)(tf.constant(images), training=False), model(images), atol=1e-5
    )


# With the seed 0 one input of a relu comes so near to zero that rounding decides its sign.
@pytest.mark.parametrize("name", ["the book's", "dense", "layers unknown to the engine"])
def test_both_engines_agree(name, threads):
    keras.utils.set_random_seed(1)
    model = MODELS[name]()
    start = model.get_weights()
    plain = train(model, MnistData(seed=1), progress=False).history
    model.set_weights(start)
    fast = train(model, MnistData(seed=1), engine="fast", progress=False).history
    np.testing.assert_allclose(fast["loss"][:20], plain["loss"][:20], rtol=1e-5)
    np.testing.assert_allclose(fast["val_loss"][:4], plain["val_loss"][:4], rtol=1e-5)
    assert np.mean(fast["loss"]) == pytest.approx(np.mean(plain["loss"]), rel=5e-3)


def convolutions(name, batch_size):
    """Return how many convolutions a forward pass holds."""
    forward = tf.function(forward_pass(MODELS[name]()))
    graph = forward.get_concrete_function(tf.TensorSpec((batch_size, 28, 28, 1)), True).graph
    return [operation.type for operation in graph.get_operations()].count("Conv2D")


def test_batches_are_divided_where_that_changes_nothing(threads):
    parts = 3 if threads == (1, 3) else 1
    assert convolutions("the book's", 128) == 2 * parts
    assert convolutions("the book's", 64) == 2 * min(parts, 2)
    assert convolutions("the book's", 8) == 2
    assert convolutions("layers unknown to the engine", 128) == 2


@pytest.mark.parametrize(
    ("settings", "code", "expected"),
    [
        ({}, "", "(cores, cores)"),
        ({"TF_NUM_INTRAOP_THREADS": "1"}, "", "(1, cores)"),
        ({"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "4"}, "", "(1, 4)"),
        ({"TF_NUM_INTRAOP_THREADS": "x"}, "", "(cores, cores)"),
        ({}, "threading.set_intra_op_parallelism_threads(1)", "(1, cores)"),
    ],
)
def test_the_threads_of_operations_are_those_that_were_asked_for(settings, code, expected):
    script = f"""
import os
from tensorflow.config import threading
{code}
from mnist_tutorial._tensorflow import operation_threads
cores = len(os.sched_getaffinity(0))
assert operation_threads() == {expected}, operation_threads()
"""
    names = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    environment = {name: value for name, value in os.environ.items() if name not in names}
    subprocess.run([sys.executable, "-c", script], env=environment | settings, check=True)


def test_other_models_take_the_plain_path_and_say_so():
    inputs = keras.Input((28, 28, 1))
    outputs = keras.layers.Dense(10, "softmax")(keras.layers.Flatten()(inputs))
    model = keras.Model(inputs, outputs)
    with pytest.warns(UserWarning, match="got Functional: training with engine 'plain'"):
        history = train(model, MnistData(), engine="fast", batches=2, progress=False)
    assert len(history.history["loss"]) == 2


def test_a_weight_may_be_frozen():
    model = build_model()
    model.layers[0].trainable = False
    before = model.get_weights()
    train(model, MnistData(), engine="fast", batches=3, progress=False)
    changed = [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert changed == [False, False, True, True, True, True]
