"""What must hold for all data: losses, pooling and convolution."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mnist_tutorial import (
    accuracy,
    convolve,
    cross_entropy,
    cross_entropy_from_logits,
    max_pool,
    softmax,
)

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


@given(
    maps=arrays.arrays(np.float64, (2, 6, 5, 2), elements=st.floats(-9, 9)), size=st.integers(1, 5)
)
@FEW
def test_pooling_keeps_the_largest_values(maps, size):
    pooled = max_pool(maps, size)
    assert pooled.shape == (2, 6 // size, 5 // size, 2)
    whole = maps[:, : 6 // size * size, : 5 // size * size]
    np.testing.assert_array_equal(pooled.max(axis=(1, 2)), whole.max(axis=(1, 2)))
    np.testing.assert_array_equal(-max_pool(-maps, 1), maps)


@given(
    a=arrays.arrays(np.float64, (1, 5, 4, 2), elements=st.floats(-9, 9)),
    b=arrays.arrays(np.float64, (1, 5, 4, 2), elements=st.floats(-9, 9)),
    kernels=arrays.arrays(np.float64, (3, 2, 2, 3), elements=st.floats(-9, 9)),
)
@FEW
def test_convolution_is_linear(a, b, kernels):
    together = convolve(a + 2 * b, kernels)
    np.testing.assert_allclose(together, convolve(a, kernels) + 2 * convolve(b, kernels), atol=1e-9)
