"""Each gradient twice: against TensorFlow's tape, and against differences of the function."""

import numpy as np
import pytest
import tensorflow as tf

from mnist_tutorial import (
    backpropagate,
    build_model,
    convolve,
    convolve_backward,
    cross_entropy_from_logits,
    dense_backward,
    forward,
    max_pool,
    max_pool_backward,
    mean_cross_entropy,
    relu_backward,
    softmax_cross_entropy_backward,
)

LABELS = np.eye(3)[[2, 0, 2, 1]]


def normal(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def differences(function, array, step=1e-6):
    """Differentiate a function of one array by moving each of its values up and down."""
    gradient = np.zeros(array.shape)
    for place in np.ndindex(array.shape):
        up, down = array.copy(), array.copy()
        up[place] += step
        down[place] -= step
        gradient[place] = (function(up) - function(down)) / (2 * step)
    return gradient


# name: (inputs, NumPy operation, TensorFlow operation, backward pass by hand)
OPERATIONS = {
    "convolve": (
        [normal(2, 5, 6, 2), normal(3, 2, 2, 4), normal(4)],
        convolve,
        lambda x, k, b: tf.nn.conv2d(x, k, strides=1, padding="VALID") + b,
        lambda x, k, b, d: convolve_backward(x, k, d),
    ),
    "max_pool": (
        [normal(2, 5, 7, 3)],  # a row and a column fill no whole block
        max_pool,
        lambda x: tf.nn.max_pool2d(x, 2, 2, "VALID"),
        lambda x, d: [max_pool_backward(x, d)],
    ),
    "max_pool of size 3": (
        [normal(1, 6, 7, 2)],
        lambda x: max_pool(x, 3),
        lambda x: tf.nn.max_pool2d(x, 3, 3, "VALID"),
        lambda x, d: [max_pool_backward(x, d, 3)],
    ),
    "relu": (
        [normal(3, 4)],
        lambda x: np.maximum(x, 0),
        tf.nn.relu,
        lambda x, d: [relu_backward(x, d)],
    ),
    "dense": (
        [normal(4, 5), normal(5, 3), normal(3)],
        lambda x, w, b: x @ w + b,
        lambda x, w, b: tf.matmul(x, w) + b,
        lambda x, w, b, d: dense_backward(x, w, d),
    ),
    "softmax cross-entropy": (
        [normal(4, 3)],
        lambda logits: cross_entropy_from_logits(LABELS, logits).mean(),
        lambda logits: mean_cross_entropy(LABELS, logits),
        lambda logits, d: [d * softmax_cross_entropy_backward(LABELS, logits)],
    ),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_against_the_tape_and_against_differences(name):
    inputs, numpy_operation, tensorflow_operation, backward = OPERATIONS[name]
    d_outputs = normal(*np.shape(numpy_operation(*inputs)), seed=1)
    gradients = backward(*inputs, d_outputs)
    tensors = [tf.constant(array) for array in inputs]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        outputs = tensorflow_operation(*tensors)
    from_tape = tape.gradient(outputs, tensors, output_gradients=tf.constant(d_outputs))
    assert len(gradients) == len(inputs)
    for i, gradient in enumerate(gradients):

        def loss(array, i=i):
            return (numpy_operation(*inputs[:i], array, *inputs[i + 1 :]) * d_outputs).sum()

        assert gradient.shape == inputs[i].shape
        np.testing.assert_allclose(gradient, from_tape[i], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(gradient, differences(loss, inputs[i]), rtol=1e-6, atol=1e-8)


def test_of_equal_values_the_first_gets_the_gradient():
    maps = np.array([[2.0, 2, 0, 1], [2, 2, 1, 1]]).reshape(1, 2, 4, 1)
    d_maps = max_pool_backward(maps, np.array([5.0, 7.0]).reshape(1, 1, 2, 1))
    np.testing.assert_array_equal(d_maps[0, :, :, 0], [[5, 0, 0, 7], [0, 0, 0, 0]])
    tensor = tf.constant(maps)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        pooled = tf.nn.max_pool2d(tensor, 2, 2, "VALID") * [[[[5.0], [7.0]]]]
    np.testing.assert_array_equal(d_maps, tape.gradient(pooled, tensor))


def network_and_batch(dtype):
    weights = [array.astype(dtype) for array in build_model(seed=2).get_weights()]
    weights = [array + 0.1 * normal(*array.shape).astype(dtype) for array in weights]
    images = np.abs(normal(3, 28, 28, 1)).clip(0, 1).astype(dtype)
    return weights, images, np.eye(10, dtype=dtype)[[3, 1, 4]]


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-9), (np.float32, 1e-4)])
def test_the_network_against_the_tape(dtype, tolerance):
    weights, images, labels = network_and_batch(dtype)
    variables = [tf.Variable(array) for array in weights]
    with tf.GradientTape() as tape:
        expected = mean_cross_entropy(labels, forward(variables, images))
    loss, gradients = backpropagate(weights, images, labels)
    assert loss == pytest.approx(float(expected), rel=1e-5)
    for gradient, other in zip(gradients, tape.gradient(expected, variables), strict=True):
        assert gradient.dtype == dtype
        assert np.abs(gradient - other).max() < tolerance * np.abs(other).max()


def test_the_network_against_differences():
    weights, images, labels = network_and_batch(np.float64)
    _, gradients = backpropagate(weights, images, labels)
    rng = np.random.default_rng(0)
    for i, gradient in enumerate(gradients):
        for place in rng.integers(0, gradient.shape, (3, gradient.ndim)):
            losses = []
            for step in (1e-6, -1e-6):
                moved = [array.copy() for array in weights]
                moved[i][tuple(place)] += step
                losses.append(backpropagate(moved, images, labels)[0])
            slope = (losses[0] - losses[1]) / 2e-6
            assert gradient[tuple(place)] == pytest.approx(slope, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: relu_backward(np.ones((2, 3)), np.ones(3)),
            r"d_outputs must be a numeric array \[2, 3\]; got",
        ),
        (
            lambda: dense_backward(np.ones((2, 3)), np.ones((3, 4)), np.ones((2, 1))),
            r"d_outputs must be a numeric array \[2, 4\]; got float64 \[2, 1\]",
        ),
        (
            lambda: softmax_cross_entropy_backward(np.ones((1, 10)), np.ones((2, 10))),
            r"labels must be a numeric array \[2, 10\]; got float64 \[1, 10\]",
        ),
        (
            lambda: max_pool_backward(np.ones((1, 4, 4, 1)), np.ones((1, 1, 1, 1))),
            r"d_outputs must be a numeric array \[1, 2, 2, 1\]; got float64 \[1, 1, 1, 1\]",
        ),
        (
            lambda: convolve_backward(
                np.ones((1, 5, 5, 1)), np.ones((3, 3, 1, 2)), np.ones((1, 3, 3, 1))
            ),
            r"d_outputs must be a numeric array \[1, 3, 3, 2\]; got float64 \[1, 3, 3, 1\]",
        ),
        (
            lambda: backpropagate([np.ones(3)], np.ones((1, 28, 28, 1)), np.ones((1, 10))),
            r"weights must have the shapes .*; got \(\(3,\),\)",
        ),
    ],
)
def test_bad_shapes(call, message):
    with pytest.raises(ValueError, match=message):
        call()
