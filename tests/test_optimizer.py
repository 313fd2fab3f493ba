"""The update of stochastic gradient descent, against hand and Keras."""

import warnings

import numpy as np
import pytest

from mnist_tutorial._internal.tensorflow import keras
from mnist_tutorial.optimizer import (
    LEARNING_RATE,
    build_optimizer,
    gradient_descent,
    sgd_step,
)


def test_one_step_by_hand():
    weights = [np.array([1.0, -2.0]), np.array([[0.5]])]
    gradients = [np.array([4.0, 0.0]), np.array([[-1.0]])]
    new = sgd_step(weights, gradients, learning_rate=0.25)
    np.testing.assert_array_equal(new[0], [0.0, -2.0])
    np.testing.assert_array_equal(new[1], [[0.75]])
    np.testing.assert_array_equal(weights[0], [1.0, -2.0])  # left as they were


def test_step_agrees_with_keras():
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=(5, 5, 1, 8)).astype(np.float32), np.zeros(8, np.float32)]
    gradients = [rng.normal(size=w.shape).astype(np.float32) for w in weights]
    variables = [keras.Variable(w) for w in weights]
    build_optimizer().apply([keras.ops.array(g) for g in gradients], variables)
    for variable, expected in zip(variables, sgd_step(weights, gradients), strict=True):
        np.testing.assert_allclose(variable.numpy(), expected, rtol=1e-6, atol=1e-7)


def test_the_tutorials_optimizer():
    optimizer = build_optimizer()
    assert isinstance(optimizer, keras.optimizers.SGD)
    assert float(optimizer.learning_rate) == pytest.approx(LEARNING_RATE) == 0.15
    assert optimizer.momentum == 0


def test_gradient_descent_on_a_parabola():
    # On w**2 every step multiplies w by 1 - 2 * learning_rate.
    path = gradient_descent(lambda w: 2 * w, 3.0, learning_rate=0.1, steps=20)
    np.testing.assert_allclose(path, 3.0 * 0.8 ** np.arange(21))
    assert gradient_descent(lambda w: 2 * w, 3.0, learning_rate=1.5, steps=4).tolist() == [
        3, -6, 12, -24, 48,
    ]  # fmt: skip
    assert gradient_descent(lambda w: 2 * w, 3.0, learning_rate=1.5, steps=0).tolist() == [3]


def test_lists_serve_as_arrays():
    (new,) = sgd_step([[1, 2]], [[10, -10]], learning_rate=0.1)
    assert new.tolist() == [0, 3]
    (new,) = sgd_step([[1]], [np.array([255], np.uint8)], learning_rate=2)  # 510 is 254 in uint8
    assert new.tolist() == [-509]


# --- bad input -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "function",
    [
        build_optimizer,
        lambda rate: sgd_step([np.ones(1)], [np.ones(1)], rate),
        lambda rate: gradient_descent(lambda w: w, 1.0, learning_rate=rate, steps=1),
    ],
    ids=["build_optimizer", "sgd_step", "gradient_descent"],
)
@pytest.mark.parametrize(
    ("rate", "error", "message"),
    [
        (0, ValueError, "learning_rate must be a finite number > 0; got 0"),
        (-0.1, ValueError, r"learning_rate must be a finite number > 0; got -0\.1"),
        (float("nan"), ValueError, "learning_rate must be a finite number > 0; got nan"),
        (float("inf"), ValueError, "learning_rate must be a finite number > 0; got inf"),
        (10**400, ValueError, "learning_rate must be a finite number > 0; got 1000"),
        ("fast", TypeError, "learning_rate must be a number; got 'fast'"),
        (None, TypeError, "learning_rate must be a number; got None"),
        (True, TypeError, "learning_rate must be a number; got True"),
        ([0.1], TypeError, "learning_rate must be a number; got list"),
    ],
)
def test_bad_learning_rates(function, rate, error, message):
    with pytest.raises(error, match=message):
        function(rate)


@pytest.mark.parametrize(
    ("weights", "gradients", "error", "message"),
    [
        (3, [np.ones(1)], TypeError, "weights must be a sequence of arrays; got 3"),
        (np.ones(1), [], TypeError, r"weights must be a sequence of arrays; got float64 \[1\]"),
        ([np.ones(1)], "g", TypeError, "gradients must be a sequence of arrays; got 'g'"),
        ([np.full(1, np.nan)], [np.ones(1)], ValueError, r"weights\[0\] must be finite; got nan"),
        ([np.ones(1)], [None], TypeError, r"gradients\[0\] must be float \[\.\.\.\]; got None"),
        ([np.ones(2)], [np.ones(1)], ValueError, "gradients must have the shapes of the weights"),
        ([np.ones(2)], [], ValueError, "gradients must have the shapes of the weights; got list"),
    ],
)
def test_bad_weights_and_gradients(weights, gradients, error, message):
    with pytest.raises(error, match=message):
        sgd_step(weights, gradients)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"gradient": 3}, TypeError, "gradient must be a function; got 3"),
        ({"start": np.inf}, ValueError, "start must be a finite number; got inf"),
        ({"start": "a"}, TypeError, "start must be a number; got 'a'"),
        ({"steps": -1}, ValueError, "steps must be a whole number >= 0; got -1"),
        ({"steps": 1.5}, TypeError, r"steps must be a whole number; got 1\.5"),
    ],
)
def test_bad_arguments_of_gradient_descent(changes, error, message):
    arguments = {"gradient": lambda w: w, "start": 1.0, "learning_rate": 1, "steps": 1}
    with pytest.raises(error, match=message):
        gradient_descent(**(arguments | changes))


def test_a_learning_rate_in_percent_is_warned_of_at_the_callers_line():
    message = r"^learning_rate 15 looks too large; the tutorial's is 0\.15$"
    with pytest.warns(UserWarning, match=message) as caught:
        build_optimizer(15)
    assert [warning.filename for warning in caught] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        build_optimizer(3.0)
