"""Each gradient by hand, against TensorFlow's tape, and against differences of the function."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mnist_tutorial import convolve, cross_entropy_from_logits, max_pool
from mnist_tutorial._internal.tensorflow import tf
from mnist_tutorial.further import (
    backpropagate,
    convolve_backward,
    dense_backward,
    forward,
    max_pool_backward,
    mean_cross_entropy,
    relu_backward,
    softmax_cross_entropy_backward,
)
from mnist_tutorial.layers import build_model

LABELS = np.eye(3)[[2, 0, 2, 1]]


def normal(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def differences(function, array, step=1e-6):
    """Differentiate a function of one array by changing each of its values up and down."""
    gradient = np.zeros(array.shape)
    for place in np.ndindex(array.shape):
        up, down = array.copy(), array.copy()
        up[place] += step
        down[place] -= step
        gradient[place] = (function(up) - function(down)) / (2 * step)
    return gradient


def test_relu_by_hand():
    d_inputs = relu_backward(np.array([[-1.0, 0.0, 2.0]]), np.array([[5.0, 6.0, 7.0]]))
    assert d_inputs.tolist() == [[0, 0, 7]]  # at 0, too, nothing passes


def test_dense_by_hand():
    inputs, matrix = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0], [6.0]])
    d_inputs, d_matrix, d_bias = dense_backward(inputs, matrix, np.array([[1.0], [10.0]]))
    assert d_inputs.tolist() == [[5, 6], [50, 60]]
    assert d_matrix.tolist() == [[1 + 30], [2 + 40]]
    assert d_bias.tolist() == [11]


def test_softmax_and_cross_entropy_by_hand():
    # The probabilities are 1/4 and 3/4, and 1/2 and 1/2.
    gradient = softmax_cross_entropy_backward([[0, 1], [1, 0]], np.log([[1.0, 3.0], [2.0, 2.0]]))
    np.testing.assert_allclose(gradient, [[0.125, -0.125], [-0.25, 0.25]])


def test_convolution_by_hand():
    image = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).reshape(1, 2, 3, 1)
    kernel = np.array([[10.0, 20.0], [30.0, 40.0]]).reshape(2, 2, 1, 1)
    d_outputs = np.array([1.0, 100.0]).reshape(1, 1, 2, 1)
    d_image, d_kernel, d_bias = convolve_backward(image, kernel, d_outputs)
    assert d_image[0, :, :, 0].tolist() == [[10, 1020, 2000], [30, 3040, 4000]]
    assert d_kernel[:, :, 0, 0].tolist() == [[201, 302], [504, 605]]
    assert d_bias.tolist() == [101]


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
        lambda x: tf.nn.relu(x),
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
            difference = (losses[0] - losses[1]) / 2e-6
            assert gradient[tuple(place)] == pytest.approx(difference, rel=1e-5, abs=1e-8)


@given(data=st.data())
@settings(derandomize=True, deadline=None, max_examples=60)
def test_a_step_against_the_gradient_lowers_the_loss(data):
    n, classes = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 6))
    numbers = data.draw(st.lists(st.integers(0, classes - 1), min_size=n, max_size=n))
    elements = st.integers(-480, 480)
    logits = data.draw(arrays.arrays(np.int64, (n, classes), elements=elements)) / 8
    labels = np.eye(classes)[numbers]
    gradient = softmax_cross_entropy_backward(labels, logits)
    np.testing.assert_allclose(gradient.sum(axis=1), 0, atol=1e-12)
    nearer = cross_entropy_from_logits(labels, logits - 0.1 * gradient).mean()
    assert nearer <= cross_entropy_from_logits(labels, logits).mean() + 1e-12
    assert (gradient * labels <= 0).all() and (gradient * (1 - labels) >= 0).all()


# --- bad input -------------------------------------------------------------------------------

X = object()
"""Stands for the argument that is wrong."""
ONES, LABEL = np.ones((1, 3)), np.array([[0.0, 1, 0]])
MAPS, KERNELS, OUTPUTS = np.ones((1, 5, 5, 1)), np.ones((3, 3, 1, 2)), np.ones((1, 3, 3, 2))
POOLED = np.ones((1, 2, 2, 1))
IMAGES, ONE_HOT = np.zeros((1, 28, 28, 1)), np.eye(10)[:1]
ARGUMENTS = [  # function, arguments, what is said of the wrong one
    (relu_backward, (X, ONES), "inputs"),
    (relu_backward, (ONES, X), "d_outputs"),
    (dense_backward, (X, np.ones((3, 4)), np.ones((1, 4))), "inputs"),
    (dense_backward, (ONES, X, np.ones((1, 4))), "matrix"),
    (dense_backward, (ONES, np.ones((3, 4)), X), "d_outputs"),
    (softmax_cross_entropy_backward, (X, ONES), "labels"),
    (softmax_cross_entropy_backward, (LABEL, X), "logits"),
    (max_pool_backward, (X, POOLED), "maps"),
    (max_pool_backward, (MAPS, X), "d_outputs"),
    (convolve_backward, (X, KERNELS, OUTPUTS), "images"),
    (convolve_backward, (MAPS, X, OUTPUTS), "kernels"),
    (convolve_backward, (MAPS, KERNELS, X), "d_outputs"),
    (backpropagate, (None, X, ONE_HOT), "images"),
    (backpropagate, (None, IMAGES, X), "labels"),
]


def call_with(value, function, arguments):
    return function(*(value if argument is X else argument for argument in arguments))


@pytest.mark.parametrize(
    ("function", "arguments", "name"),
    ARGUMENTS,
    ids=[f"{function.__name__} {name}" for function, _, name in ARGUMENTS],
)
def test_each_array_is_checked(function, arguments, name):
    for value, error, said in (
        (None, TypeError, r"got None$"),
        ("zero", TypeError, r"got 'zero'$"),
        (np.ones((1, 3), complex), TypeError, r"got complex128 \[1, 3\]$"),
        (np.ones((7, 1, 1, 1, 1)), ValueError, r"got float64 \[7, 1, 1, 1, 1\]$"),
    ):
        if function is relu_backward and name == "inputs" and error is ValueError:
            continue  # any shape will do
        with pytest.raises(error, match=rf"^{name} must be float \[.*{said}"):
            call_with(value, function, arguments)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: relu_backward(np.ones((2, 3)), np.ones(3)),
            ValueError,
            r"d_outputs must be float \[2, 3\]; got float64 \[3\]",
        ),
        (
            lambda: relu_backward([1.0, np.nan], [1, 1]),
            ValueError,
            "inputs must be finite; got nan",
        ),
        (lambda: relu_backward([], []), ValueError, "inputs must not be empty"),
        (
            lambda: dense_backward(np.ones((2, 3)), np.ones((3, 4)), np.ones((2, 1))),
            ValueError,
            r"d_outputs must be float \[n, units\] with n = 2, units = 4; got float64 \[2, 1\]",
        ),
        (
            lambda: dense_backward(np.ones((2, 3)), np.ones((2, 4)), np.ones((2, 4))),
            ValueError,
            r"matrix must be float \[features, units\] with features = 3; got float64 \[2, 4\]",
        ),
        (
            lambda: softmax_cross_entropy_backward(LABEL, np.ones((2, 3))),
            ValueError,
            r"logits must be float \[n, classes\] with n = 1, .*; got float64 \[2, 3\]",
        ),
        (
            lambda: softmax_cross_entropy_backward(2 * LABEL, ONES),
            ValueError,
            "labels must be one-hot, .*; got sum 2 and minimum 0 in row 0",
        ),
        (
            lambda: max_pool_backward(np.ones((1, 4, 4, 1)), np.ones((1, 1, 1, 1))),
            ValueError,
            r"d_outputs must be float \[1, 2, 2, 1\]; got float64 \[1, 1, 1, 1\]",
        ),
        (lambda: max_pool_backward(MAPS, POOLED, 0), ValueError, "size must be .* >= 1; got 0"),
        (lambda: max_pool_backward(MAPS, POOLED, "2"), TypeError, "size must be .*; got '2'"),
        (
            lambda: convolve_backward(MAPS, KERNELS, np.ones((1, 3, 3, 1))),
            ValueError,
            r"d_outputs must be float \[n, .*\] with n = 1, .*; got float64 \[1, 3, 3, 1\]",
        ),
        (
            lambda: convolve_backward(MAPS, KERNELS, np.ones((1, 2, 3, 2))),
            ValueError,
            r"d_outputs must be float \[1, 3, 3, 2\]; got float64 \[1, 2, 3, 2\]",
        ),
        (
            lambda: convolve_backward(POOLED, KERNELS, OUTPUTS),
            ValueError,
            "images must be at least as large as the kernels|d_outputs must be",
        ),
        (
            lambda: backpropagate([np.ones(3)], IMAGES, ONE_HOT),
            ValueError,
            r"weights must have the shapes .*; got \(\(3,\),\)",
        ),
        (lambda: backpropagate(5, IMAGES, ONE_HOT), TypeError, "weights must be a sequence of six"),
        (
            lambda: backpropagate(None, IMAGES, np.ones((1, 10))),
            ValueError,
            "labels must be one-hot, .*; got sum 10 and minimum 1 in row 0",
        ),
        (
            lambda: backpropagate(None, IMAGES, np.eye(10)[:2]),
            ValueError,
            r"labels must be float \[n, 10\] with n = 1; got float64 \[2, 10\]",
        ),
    ],
)
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=f"^{message}") as caught:
        call()
    assert "\n" not in str(caught.value)


def test_images_that_are_not_scaled_bring_a_warning():
    weights = build_model().get_weights()
    with pytest.warns(UserWarning, match=r"^images hold 255\.\.255; expected pixels") as caught:
        backpropagate(weights, IMAGES + 255, ONE_HOT)
    assert [warning.filename for warning in caught] == [__file__]


@given(
    x=st.one_of(
        st.none(),
        st.text(max_size=300),
        st.binary(),
        st.complex_numbers(),
        arrays.arrays(
            st.sampled_from([np.int64, np.float64, bool, complex, "U3", object]),
            arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
        ),
    )
)
@settings(derandomize=True, deadline=None, max_examples=150)
def test_nonsense_is_refused_in_one_line(x):
    if isinstance(x, np.ndarray):
        assume(x.shape != (1, 3) or x.dtype.kind not in "if" or not np.isfinite(x).all())
    for function, arguments in ((relu_backward, (ONES, x)), (dense_backward, (x, ONES.T, [[1]]))):
        with pytest.raises((TypeError, ValueError)) as caught:
            function(*arguments)
        assert " must " in str(caught.value)
        assert "\n" not in str(caught.value) and len(str(caught.value)) < 250
