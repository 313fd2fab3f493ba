"""Whatever arrives, a public function refuses it in one line or returns what it promises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mnist_tutorial import (
    BatchSampler,
    accuracy,
    confusion_matrix,
    convolve,
    cross_entropy,
    cross_entropy_from_logits,
    epoch_order,
    gradient_descent,
    make_batch,
    max_pool,
    most_confident_mistakes,
    read_idx,
    sgd_step,
    softmax,
)

numbers = [np.uint8, np.int64, np.float32, np.float64]
anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**9), 10**5),
    st.floats(),
    st.complex_numbers(),
    st.text(st.characters(exclude_categories=["C", "Z"]), max_size=300),
    st.binary(),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
    arrays.arrays(
        st.sampled_from([*numbers, bool, complex, "U3", object]),
        arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
    ),
    # Of these, some are what a function expects.
    st.sampled_from(
        [
            *(np.eye(3), [[0, 1], [1, 0]], np.arange(3), np.arange(3.0), np.arange(3) > 1),
            *([np.ones(2)], np.zeros((2, 28, 28), np.uint8)),
        ]
    ),
    arrays.arrays(np.float64, (2, 3, 3, 1), elements=st.floats(-9, 9)),
)


def order(n, seed, epoch):
    return epoch_order(n, seed=seed, epoch=epoch)


def descend(gradient, start, rate, steps):
    return gradient_descent(gradient, start, learning_rate=rate, steps=steps)


def is_permutation(result, n, *_):
    return sorted(result.tolist()) == list(range(n))


def is_float(result, shape):
    return result.dtype.kind == "f" and result.shape == shape and not np.isnan(result).any()


PROMISES = [
    (read_idx, 1, lambda result, path: False),  # none of these is a file
    (make_batch, 2, lambda result, images, labels: is_float(result.xs, (len(images), 784))),
    (BatchSampler, 2, lambda result, images, labels: len(result) == len(images) == len(labels)),
    (order, 3, is_permutation),
    (softmax, 1, lambda result, x: np.allclose(result.sum(axis=-1), 1)),
    (cross_entropy, 2, lambda result, x, y: is_float(result, (len(x),)) and len(x) == len(y)),
    (cross_entropy_from_logits, 2, lambda result, x, y: is_float(result, (len(x),))),
    (accuracy, 2, lambda result, x, y: 0 <= result <= 1 and len(x) == len(y)),
    (confusion_matrix, 2, lambda result, x, y: result.sum() == len(x) == len(y)),
    (most_confident_mistakes, 2, lambda result, x, y: len(result) <= len(x) == len(y)),
    (convolve, 2, lambda result, x, y: result.shape[3] == y.shape[3] and len(result) == len(x)),
    (max_pool, 2, lambda result, x, size: result.shape[1] == len(x[0]) // size),
    (sgd_step, 3, lambda result, x, y, rate: [len(w) for w in result] == [len(w) for w in x]),
    (descend, 4, lambda result, f, x, rate, steps: len(result) == steps + 1),
]


@pytest.mark.parametrize(("function", "arguments", "promise"), PROMISES)
@given(data=st.data())
@settings(derandomize=True, deadline=None, max_examples=150)
@pytest.mark.filterwarnings("ignore")  # overflow in a sum of huge numbers; blank images
def test_nonsense_is_refused_in_one_line(function, arguments, promise, data):
    values = [data.draw(anything) for _ in range(arguments)]
    try:
        result = function(*values)
    except (ValueError, TypeError, FileNotFoundError) as error:
        assert "\n" not in str(error) and len(str(error)) < 400
        assert any(part in str(error) for part in (" must ", ": no such file"))
    else:
        assert promise(result, *values), values
        assert not any(isinstance(value, str | bytes | dict | complex) for value in values), values
        assert not any(value is None or value is True or value is False for value in values), values
