import hashlib
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from mnist_tutorial import (
    History,
    MnistData,
    build_dense_model,
    build_model,
    build_optimizer,
    compile_model,
    random_affine,
    train,
)

QUICK = {"batches": 10, "batch_size": 32, "validation_batch_size": 100, "progress": False}


@pytest.fixture(scope="module", params=["plain", "fast"])
def engine(request):
    return request.param


@pytest.fixture(scope="module")
def trained(engine):
    model, data = build_model(), MnistData()
    return model, train(model, data, engine=engine, progress=False)


def digest(model):
    content = b"".join(w.tobytes() for w in model.get_weights())
    return hashlib.sha256(content).hexdigest()


def test_it_learns(trained):
    _, history = trained
    assert isinstance(history, History)
    # An untrained network starts near ln 10; eight seeds ended at 0.885 to 0.934.
    assert history.history["loss"][0] == pytest.approx(np.log(10), abs=0.3)
    assert np.mean(history.history["loss"][-20:]) < 0.6
    assert history.history["val_accuracy"][-1] > 0.8


def test_history_has_a_value_for_every_batch_and_evaluation(trained):
    _, history = trained
    assert sorted(history.history) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert len(history.history["loss"]) == len(history.history["accuracy"]) == 100
    assert len(history.history["val_loss"]) == len(history.history["val_accuracy"]) == 20
    assert history.validation_batches == list(range(5, 101, 5))
    assert repr(history) == "History(100 batches, 20 evaluations)"


def test_losses_are_those_of_keras():
    model, data, losses = build_model(), MnistData(), []
    compile_model(model)
    for _ in range(10):
        xs, labels = data.next_train_batch(32)
        result = model.train_on_batch(xs.reshape(-1, 28, 28, 1), labels, return_dict=True)
        losses.append(result["loss"])
        model.reset_metrics()
    history = train(build_model(), MnistData(), **QUICK)
    np.testing.assert_allclose(history.history["loss"], losses, rtol=1e-5)


def test_recorded_values_are_those_of_the_batch(engine):
    model, data = build_model(), MnistData()
    xs, labels = MnistData().next_train_batch(32)
    probabilities = np.asarray(model(xs.reshape(-1, 28, 28, 1)))
    history = train(model, data, engine=engine, **QUICK)
    expected = -np.log(probabilities[labels == 1]).mean()
    assert history.history["loss"][0] == pytest.approx(expected, rel=1e-5)
    right = (probabilities.argmax(1) == labels.argmax(1)).mean()
    assert history.history["accuracy"][0] == pytest.approx(right)


def test_validation_is_measured_after_the_step_on_validation_images(engine):
    model, data = build_model(), MnistData()
    history = train(model, data, engine=engine, **(QUICK | {"validation_frequency": 10}))
    batch = MnistData().next_validation_batch(100)
    probabilities = np.asarray(model(batch.xs.reshape(-1, 28, 28, 1)))
    right = (probabilities.argmax(1) == batch.labels.argmax(1)).mean()
    assert history.history["val_accuracy"] == [pytest.approx(right)]
    assert history.validation_batches == [10]


def test_training_without_evaluations(engine):
    history = train(
        build_model(), MnistData(), engine=engine, **(QUICK | {"validation_frequency": None})
    )
    assert repr(history) == "History(10 batches, 0 evaluations)"


def test_augmented_images_and_a_seed_for_each_step(engine):
    data, seeds = MnistData(seed=3), []

    def blacken(xs, seed):
        tf.py_function(lambda s: seeds.append(s.numpy().tolist()), [seed], [])
        return xs * 0.0

    model = build_model()
    before = model.get_weights()[0]
    with tf.device("CPU"):
        train(model, data, engine=engine, augment=blacken, **QUICK)
    assert seeds == [[3, i] for i in range(10)]
    # Nothing is learned about the kernels from black images.
    np.testing.assert_array_equal(model.get_weights()[0], before)


def test_images_may_be_moved_and_turned(engine):
    arguments = QUICK | {"engine": engine, "augment": random_affine}
    history = train(build_model(), MnistData(), **arguments)
    assert history != train(build_model(), MnistData(), **(arguments | {"augment": None}))


def test_a_model_is_compiled_once_until_something_changes(engine):
    traced = []

    def augment(xs, seed):
        traced.append(xs.shape)
        return xs

    model, optimizer = build_model(), keras.optimizers.SGD(0.15, momentum=0.5)
    start = model.get_weights()

    def run(**arguments):
        model.set_weights(start)
        for variable in optimizer.variables[2:]:
            variable.assign(tf.zeros_like(variable))
        before = len(traced)
        history = train(
            model,
            MnistData(),
            **(QUICK | {"engine": engine, "augment": augment, "optimizer": optimizer} | arguments),
        )
        return history, len(traced) - before

    first, compilations = run()
    assert compilations >= 1
    assert run() == (first, 0)
    model.layers[0].trainable = False
    assert run()[1] >= 1
    model.layers[0].trainable = True
    optimizer.momentum = 0.0
    other, compilations = run()
    assert compilations >= 1 and other != first
    assert run(optimizer=keras.optimizers.SGD(0.15))[0] == other
    # Without an optimizer each training has a new one.
    again = [run(optimizer=None)[0] for _ in range(2)]
    assert again[0] == again[1] == other
    assert int(model._mnist_tutorial_engine[1].optimizer.iterations) == 10


def test_averaged_weights_are_left_in_the_model(engine):
    def trained_weights(batches):
        model = build_model()
        # With a momentum of one, the average remains what it was after the first step.
        optimizer = keras.optimizers.SGD(0.15, use_ema=True, ema_momentum=1.0)
        arguments = QUICK | {"batches": batches}
        train(model, MnistData(), engine=engine, optimizer=optimizer, **arguments)
        return model.get_weights()

    for after_one, after_ten in zip(trained_weights(1), trained_weights(10), strict=True):
        np.testing.assert_array_equal(after_one, after_ten)


def test_the_test_split_stays_closed(monkeypatch):
    data = MnistData()
    monkeypatch.delattr(data.__class__, "next_test_batch")
    data.test_images = data.test_labels = None
    train(build_model(), data, **QUICK)


def test_bit_identical_in_one_process(trained, engine):
    again = build_model()
    history = train(again, MnistData(), engine=engine, progress=False)
    assert digest(again) == digest(trained[0])
    assert history == trained[1]


def test_bit_identical_in_another_process_after_other_work(trained, engine):
    script = f"""
import hashlib, keras, tensorflow as tf
tf.random.set_seed(7)
keras.utils.set_random_seed(9)
tf.random.normal((100, 100)) @ tf.ones((100, 1))
from mnist_tutorial import *
model = build_model()
train(model, MnistData(), engine={engine!r}, progress=False)
print(hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest())
"""
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == digest(trained[0])


def test_seed_of_the_data_changes_the_run():
    first = train(build_model(), MnistData(seed=1), **QUICK)
    other = train(build_model(), MnistData(seed=2), **QUICK)
    assert first != other


def test_other_models_and_optimizers():
    model = build_dense_model()
    history = train(model, MnistData(), optimizer=keras.optimizers.Adam(0.001), **QUICK)
    assert np.isfinite(history.history["loss"]).all()
    assert int(build_optimizer().iterations) == 0


@pytest.mark.parametrize("progress", [True, False])
def test_progress_bar_of_a_longer_training(progress):
    script = (
        "from mnist_tutorial import *; train(build_model(), MnistData(), batches=500, "
        f"batch_size=128, validation_batch_size=5000, progress={progress})"
    )
    environment = {k: v for k, v in os.environ.items() if k != "TQDM_DISABLE"}
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment
    )
    assert ("training: 100%" in result.stderr) == progress
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"batches": 0}, ValueError, "batches must be at least 1; got 0"),
        ({"batches": 1.5}, TypeError, "batches must be a whole number; got 1.5"),
        ({"batch_size": True}, TypeError, "batch_size must be a whole number; got True"),
        ({"batch_size": 55001}, ValueError, "batch_size must be at most 55000"),
        ({"validation_frequency": 0}, ValueError, "validation_frequency must be at least 1"),
        ({"validation_batch_size": 5001}, ValueError, "validation_batch_size must be at most 5000"),
        ({"engine": "faster"}, ValueError, "engine must be 'plain' or 'fast'; got 'faster'"),
        ({"optimizer": "sgd"}, TypeError, "optimizer must be a Keras optimizer; got 'sgd'"),
    ],
)
def test_bad_arguments_change_nothing(arguments, error, message):
    model, data = build_model(), MnistData()
    before = digest(model)
    with pytest.raises(error, match=message):
        train(model, data, **(QUICK | arguments))
    assert digest(model) == before


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (None, TypeError, "model must be a Keras model; got None"),
        (lambda x: x, TypeError, "model must be a Keras model; got function"),
    ],
)
def test_bad_models(model, error, message):
    with pytest.raises(error, match=message):
        train(model, MnistData(), **QUICK)


def test_model_of_another_shape():
    model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10, activation="softmax")])
    with pytest.raises(ValueError, match=r"this one maps \(None, 784\) to \(None, 10\)"):
        train(model, MnistData(), **QUICK)


def test_memory_of_a_hundred_trainings_in_one_process(engine):
    """Each with a new model, as in a notebook that is open for days."""
    script = f"""
import gc, os
from mnist_tutorial import MnistData, build_model, train

def resident():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

data = MnistData()
for number in range(100):
    if number == 40:  # until then Python's and the C library's heaps find their size
        before = resident()
    train(build_model(), data, batches=5, engine={engine!r}, progress=False)
print(resident() - before)
"""
    if not os.path.exists("/proc/self/statm"):
        pytest.skip("the size of a process is read from /proc")
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert float(result.stdout) < 50, result.stderr
