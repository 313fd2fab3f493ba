"""SGD and its schedule in NumPy, held equal to Keras's."""

import numpy as np
import pytest

from mnist_tutorial.further import SGD, CosineDecay

SHAPES = ((5, 5, 1, 8), (8,), (256, 10))


def test_one_update_by_hand():
    weights = [np.array([1.0, 2.0], np.float32)]
    optimizer = SGD(0.5, momentum=0.5)
    optimizer.update(weights, [np.array([1.0, -1.0], np.float32)])
    np.testing.assert_array_equal(weights[0], [0.5, 2.5])
    optimizer.update(weights, [np.array([0.0, 0.0], np.float32)])  # half the last update again
    np.testing.assert_array_equal(weights[0], [0.25, 2.75])


def keras_schedule(peak, steps, warmup):
    import keras

    rising = round(warmup * steps)
    return keras.optimizers.schedules.CosineDecay(
        0.0 if rising else peak,
        decay_steps=steps - rising,
        warmup_target=peak if rising else None,
        warmup_steps=rising,
    )


@pytest.mark.parametrize("momentum, nesterov", [(0.0, False), (0.9, False), (0.9, True)])
@pytest.mark.parametrize("scheduled", [False, True])
def test_optimizer_equals_keras(momentum, nesterov, scheduled):
    import keras

    rng = np.random.default_rng(0)
    ours = [rng.standard_normal(shape, np.float32) for shape in SHAPES]
    theirs = [keras.Variable(array) for array in ours]
    rates = (CosineDecay(0.1, 20), keras_schedule(0.1, 20, 0.2)) if scheduled else (0.1, 0.1)
    optimizer = SGD(rates[0], momentum, nesterov)
    other = keras.optimizers.SGD(rates[1], momentum, nesterov=nesterov)
    for step in range(20):
        assert optimizer.iterations == step
        gradients = [rng.standard_normal(shape, np.float32) for shape in SHAPES]
        optimizer.update(ours, gradients)
        other.apply([keras.ops.convert_to_tensor(g) for g in gradients], theirs)
        for one, variable in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(one, variable.numpy(), rtol=1e-6, atol=2e-6)
    assert optimizer.variables[0].dtype == np.int64 and optimizer.variables[0].shape == ()
    assert len(optimizer.variables) == (4 if momentum else 1)


@pytest.mark.parametrize("steps, warmup", [(100, 0.2), (7, 0.5), (50, 0.0), (51563, 0.2)])
def test_schedule_equals_keras(steps, warmup):
    ours, theirs = CosineDecay(0.1, steps, warmup), keras_schedule(0.1, steps, warmup)
    for step in {*range(0, steps, max(1, steps // 50)), steps - 1, steps, steps + 5}:
        assert ours(step) == pytest.approx(float(theirs(step)), abs=1e-6)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"learning_rate": 0}, ValueError, "learning_rate must be a finite number > 0; got 0"),
        ({"learning_rate": "0.1"}, TypeError, "learning_rate must be a number; got '0.1'"),
        ({"momentum": 1.5}, ValueError, r"momentum must be a finite number in 0\.\.1; got 1\.5"),
    ],
)
def test_bad_settings(arguments, error, message):
    with pytest.raises(error, match=message):
        SGD(**arguments)
