import keras
import numpy as np
import pytest

from mnist_tutorial import LEARNING_RATE, build_optimizer, gradient_descent, sgd_step


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


@pytest.mark.parametrize("rate", [0, -0.1, float("nan"), float("inf"), "fast", None, True])
def test_bad_learning_rates(rate):
    message = "learning_rate must be a finite number above 0; got"
    with pytest.raises(ValueError, match=message):
        build_optimizer(rate)
    with pytest.raises(ValueError, match=message):
        sgd_step([np.ones(1)], [np.ones(1)], rate)
    with pytest.raises(ValueError, match=message):
        gradient_descent(lambda w: w, 1.0, learning_rate=rate, steps=1)


def test_weights_and_gradients_that_do_not_fit():
    with pytest.raises(ValueError, match=r"differ in shape: \[\(2,\)\] and \[\(1,\)\]"):
        sgd_step([np.ones(2)], [np.ones(1)])
    with pytest.raises(ValueError, match="differ in shape"):
        sgd_step([np.ones(2)], [])


def test_bad_steps():
    with pytest.raises(ValueError, match="steps must be at least 0; got -1"):
        gradient_descent(lambda w: w, 1.0, learning_rate=1, steps=-1)
