"""The training loop: what it learns, records, repeats, refuses and leaves behind."""

import ast
import hashlib
import inspect
import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from mnist_tutorial import (
    MnistData,
    NumpyNetwork,
    build_dense_model,
    build_model,
    compile_model,
    evaluate,
    train,
)
from mnist_tutorial._internal.tensorflow import keras, tf
from mnist_tutorial.further import SGD, load_checkpoint, random_affine

QUICK = {"batches": 10, "batch_size": 32, "validation_batch_size": 100, "progress": False}


@pytest.fixture(scope="module")
def trained():
    model, data = build_model(), MnistData()
    return model, train(model, data, progress=False)


def digest(model):
    return hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest()


# --- the loop itself -----------------------------------------------------------------------


def test_the_loop_fits_on_a_screen_and_shows_its_steps():
    source = textwrap.dedent(inspect.getsource(train))
    function = ast.parse(source).body[0]
    first, last = function.body[1], function.body[-1]
    assert last.end_lineno - first.lineno + 1 <= 45
    body = ast.get_source_segment(source, function.body[-2])
    steps = [
        "next_train_batch(",
        "train_step(",
        "add_training(",
        "next_validation_batch(",
        "validation_step(",
        "add_validation(",
    ]
    places = [body.index(f" {step}" if step == "train_step(" else step) for step in steps]
    assert places == sorted(places)


def test_an_input_that_fixes_the_batch_size_is_taken(data):
    layers = [keras.Input((28, 28, 1), batch_size=64), keras.layers.Flatten(),
              keras.layers.Dense(10, activation="softmax")]  # fmt: skip
    history = train(keras.Sequential(layers), data, **QUICK)
    assert history.history["loss"][-1] < history.history["loss"][0]


def test_it_learns(trained):
    _, history = trained
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


@pytest.mark.parametrize("build", [build_model, NumpyNetwork])
def test_values_are_recorded_before_the_step_and_validation_after_it(build):
    model = build(seed=0)
    xs, labels = MnistData().next_train_batch(32)
    probabilities = np.asarray(model(xs.reshape(-1, 28, 28, 1)))
    history = train(model, MnistData(), **(QUICK | {"validation_interval": 10}))
    expected = -np.log(probabilities[labels == 1]).mean()
    assert history.history["loss"][0] == pytest.approx(expected, rel=1e-5)
    right = (probabilities.argmax(1) == labels.argmax(1)).mean()
    assert history.history["accuracy"][0] == pytest.approx(right)
    xs, labels = MnistData().next_validation_batch(100)
    probabilities = np.asarray(model(xs.reshape(-1, 28, 28, 1)))
    right = (probabilities.argmax(1) == labels.argmax(1)).mean()
    assert history.history["val_accuracy"] == [pytest.approx(right)]
    assert history.validation_batches == [10]


# --- its settings --------------------------------------------------------------------------


@pytest.mark.parametrize(("epochs", "batches"), [(0.015, 2), (0.07, 7), (1e-9, 1)])
def test_epochs_without_evaluations(epochs, batches):
    data = MnistData()
    settings = {"batch_size": 550, "validation_interval": None, "progress": False}
    history = train(NumpyNetwork(), data, epochs=epochs, **settings)
    assert (len(history), history.validation_batches) == (batches, [])
    assert data.train_sampler.position == 550 * batches


def test_augmented_images_and_a_seed_for_each_step():
    data, calls = MnistData(seed=3), []

    def blacken(images, seed):
        calls.append((images.shape, images.dtype, seed))
        return 0 * images

    model = build_model()
    before = model.get_weights()[0]
    train(model, data, augment=blacken, **QUICK)
    assert calls == [((32, 28, 28, 1), np.float32, (3, i)) for i in range(10)]
    # Nothing is learned about the kernels from black images.
    np.testing.assert_array_equal(model.get_weights()[0], before)


def test_augmentation_changes_what_is_trained_on():
    plain = train(NumpyNetwork(), MnistData(), **QUICK).history["loss"]
    moved = train(NumpyNetwork(), MnistData(), augment=random_affine, **QUICK).history["loss"]
    assert all(one != other for one, other in zip(plain, moved, strict=True))
    # The same digits, a little displaced: not harder than to guess.
    assert np.mean(moved) < 2.4


@pytest.mark.parametrize("framework", ["numpy", "keras"])
def test_patience_stops_and_keeps_the_best_weights(data, framework):
    # The learning rate is so large that the loss soon rises again.
    if framework == "numpy":
        model, optimizer = NumpyNetwork(), SGD(1.0)
    else:
        model, optimizer = build_model(), keras.optimizers.SGD(1.0)
    few = slice(500)
    train_split = data.train_images, data.train_labels
    held_out = data.validation_images[few], data.validation_labels[few]
    data = MnistData.from_arrays(train_split, held_out, held_out)
    history = train(
        model,
        data,
        optimizer=optimizer,
        batches=400,
        batch_size=16,
        validation_batch_size=500,
        patience=3,
        progress=False,
    )
    losses = history.history["val_loss"]
    best = losses.index(min(losses))
    assert len(losses) == best + 1 + 3 < 80
    assert history.best_batch == history.validation_batches[best] == 5 * (best + 1)
    assert evaluate(model, data, split="validation").loss == pytest.approx(min(losses), rel=1e-4)
    assert f"best after batch {history.best_batch}" in repr(history)


def test_an_optimizer_by_its_name():
    model = build_model()
    by_name = train(model, MnistData(), optimizer="adam", **QUICK)
    assert by_name == train(build_model(), MnistData(), optimizer=keras.optimizers.Adam(), **QUICK)


def test_a_model_is_compiled_once_until_something_changes():
    traced = []

    class Counting(keras.layers.Layer):
        def call(self, inputs):
            traced.append(1)
            return inputs

    layers = build_model().layers
    model = keras.Sequential([keras.Input((28, 28, 1)), Counting(), *layers])
    optimizer = keras.optimizers.SGD(0.15, momentum=0.5)
    start = model.get_weights()

    def run(**arguments):
        model.set_weights(start)
        for variable in optimizer.variables[2:]:
            variable.assign(tf.zeros_like(variable))
        before = len(traced)
        history = train(model, MnistData(), **(QUICK | {"optimizer": optimizer} | arguments))
        return history, len(traced) - before - 1  # a blank image is tried before each run

    first, compilations = run()
    assert compilations >= 1
    assert run() == (first, 0)
    layers[0].trainable = False
    assert run()[1] >= 1
    layers[0].trainable = True
    assert run()[0] == first
    layers[0].activation = keras.activations.tanh
    history, compilations = run()
    assert compilations >= 1 and history != first
    layers[0].activation = keras.activations.relu
    assert run()[0] == first
    optimizer.momentum = 0.0
    other, compilations = run()
    assert compilations >= 1 and other != first
    assert run(optimizer=keras.optimizers.SGD(0.15))[0] == other
    # Without an optimizer each training run begins with a fresh one, and compiles once.
    again = [run(optimizer=None) for _ in range(2)]
    assert again[0][0] == again[1][0] == other
    assert again[1][1] == 0
    assert int(model._mnist_tutorial_optimizer.value.iterations) == 10


def test_averaged_weights_are_left_in_the_model():
    def trained_weights(batches):
        model = build_model()
        # With a momentum of one, the average remains what it was after the first step.
        optimizer = keras.optimizers.SGD(0.15, use_ema=True, ema_momentum=1.0)
        train(model, MnistData(), optimizer=optimizer, **(QUICK | {"batches": batches}))
        return model.get_weights()

    for after_one, after_ten in zip(trained_weights(1), trained_weights(10), strict=True):
        np.testing.assert_array_equal(after_one, after_ten)


def test_the_test_split_stays_closed(monkeypatch):
    data = MnistData()
    monkeypatch.delattr(data.__class__, "next_test_batch")
    data.test_images = data.test_labels = data.test_sampler = None
    train(NumpyNetwork(), data, **QUICK)


def test_other_models_and_optimizers():
    model = build_dense_model()
    history = train(model, MnistData(), optimizer=keras.optimizers.Adam(0.01), **QUICK)
    assert history.history["loss"][-1] < history.history["loss"][0]


# --- repeats -------------------------------------------------------------------------------


def test_bit_identical_in_one_process(trained):
    again = build_model()
    history = train(again, MnistData(), progress=False)
    assert digest(again) == digest(trained[0])
    assert history == trained[1]


def test_bit_identical_in_another_process_after_other_work(trained):
    script = """
import hashlib, keras, tensorflow as tf
tf.random.set_seed(7)
keras.utils.set_random_seed(9)
tf.random.normal((100, 100)) @ tf.ones((100, 1))
from mnist_tutorial import *
model = build_model()
train(model, MnistData(), progress=False)
print(hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest())
"""
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == digest(trained[0])


def test_seed_of_the_data_changes_the_run():
    runs = [train(NumpyNetwork(), MnistData(seed=seed), **QUICK) for seed in (1, 2)]
    assert runs[0] != runs[1]


# --- what goes wrong -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"batches": 0}, ValueError, "batches must be a whole number >= 1; got 0"),
        ({"batches": 1.5}, TypeError, r"batches must be a whole number; got 1\.5"),
        ({"epochs": 0}, ValueError, "epochs must be a finite number > 0; got 0"),
        ({"batch_size": True}, TypeError, "batch_size must be a whole number; got True"),
        ({"batch_size": 55001}, ValueError, r"batch_size must be .* in 1\.\.55000; got 55001"),
        ({"validation_interval": 0}, ValueError, "validation_interval must be a whole number >= 1"),
        ({"patience": 0}, ValueError, "patience must be a whole number >= 1; got 0"),
        ({"patience": 1, "validation_interval": None}, ValueError, "patience needs evaluations"),
        ({"augment": 3}, TypeError, "augment must be a function; got 3"),
        ({"checkpoint_interval": 0}, ValueError, "checkpoint_interval must be a whole number >= 1"),
        ({"optimizer": "adamm"}, ValueError, "optimizer must name one of Keras's, such as 'adam'"),
        ({"optimizer": 3}, TypeError, "optimizer must be a Keras optimizer; got 3"),
        ({"data": None}, TypeError, "data must be an MnistData; got None"),
    ],
)
def test_bad_arguments_change_nothing(arguments, error, message):
    model = build_model()
    before = digest(model)
    with pytest.raises(error, match=message) as caught:
        train(model, **({"data": MnistData()} | QUICK | arguments))
    assert digest(model) == before and "\n" not in str(caught.value)


def ending(*layers):
    return keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten(), *layers])


def subclassed():
    class Subclassed(keras.Model):
        def call(self, inputs):
            return inputs

    return Subclassed()


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: None, TypeError, "model must be a Keras model; got None"),
        (lambda: len, TypeError, "model must be a Keras model; got builtin_function"),
        (lambda: ending(keras.layers.Dense(26)), ValueError, r"this one maps .* to \(None, 26\)"),
        (lambda: ending(keras.layers.Dense(10)), ValueError, "return probabilities.* a softmax"),
        (lambda: ending(keras.layers.Dense(10, "sigmoid")), ValueError, "return probabilities"),
        (
            lambda: ending(keras.layers.Dense(10, "softmax", dtype="mixed_float16")),
            ValueError,
            "model must compute in float32; it has layers of float16, float32",
        ),
        (subclassed, ValueError, "must know its input shape; .* wrap a subclassed model"),
    ],
)
def test_models_that_cannot_be_trained(build, error, message):
    with pytest.raises(error, match=message) as caught:
        train(build(), MnistData(), **QUICK)
    assert "\n" not in str(caught.value)


def test_a_scaled_loss_is_refused():
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD())
    with pytest.raises(ValueError, match="optimizer must not be a LossScaleOptimizer"):
        train(build_model(), MnistData(), optimizer=optimizer, **QUICK)


def test_divergence_ends_training_with_the_batch_that_showed_it():
    network = NumpyNetwork()
    message = r"the loss of batch \d+ is nan: training has diverged"
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError, match=message):
        train(network, MnistData(), optimizer=SGD(1e20), **QUICK)
    assert 1 < len(network.history) <= 10
    assert not np.isfinite(network.history.history["loss"][-1])


def test_an_interruption_leaves_the_history_with_the_model():
    network, data = NumpyNetwork(), MnistData()

    def interrupt(images, seed):
        if seed[1] == 6:
            os.kill(os.getpid(), signal.SIGINT)
        return images

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            train(network, data, augment=interrupt, **QUICK)
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(network.history) == 7  # the step that had begun is done


TERMINATED = """
import os, signal, sys
import numpy as np
from mnist_tutorial import MnistData, NumpyNetwork, train

def stop(images, seed):
    if seed[1] == 6 and not resumed:
        os.kill(os.getpid(), signal.SIGTERM)
    return images

def run(**arguments):
    network = NumpyNetwork()
    history = train(network, MnistData(), augment=stop, batches=10, batch_size=32,
                    validation_batch_size=100, progress=False, **arguments)
    return history, network.get_weights()

resumed = os.path.exists(sys.argv[1])
history, weights = run(checkpoint=sys.argv[1])
whole = run()
print(history == whole[0] and all(map(np.array_equal, weights, whole[1])))
"""


def test_sigterm_saves_and_ends_the_process_and_training_continues(tmp_path):
    path = tmp_path / "run.checkpoint"
    command = [sys.executable, "-c", TERMINATED, path]
    result = subprocess.run(command, capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (-signal.SIGTERM, "", "")
    assert len(load_checkpoint(path)[0]["loss"]) == 7
    result = subprocess.run(command, capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (0, "True\n", "")


def test_progress_bar_of_a_longer_training_run():
    script = """
import sys, time
from mnist_tutorial import MnistData, NumpyNetwork, train

def slowly(images, seed):
    time.sleep(0.4)
    return images

for progress in (False, True):
    print("progress", progress, file=sys.stderr)
    train(NumpyNetwork(), MnistData(), augment=slowly, batches=4, batch_size=1,
          validation_interval=None, progress=progress)
"""
    environment = {k: v for k, v in os.environ.items() if k != "TQDM_DISABLE"}
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment
    )
    silent, shown = result.stderr.split("progress True\n")
    assert (result.stdout, silent) == ("", "progress False\n")
    assert "training: 100%" in shown


def test_many_training_runs_in_one_process_print_nothing_and_free_their_memory():
    """Each with a new model, as in a notebook that is open for days."""
    script = """
import gc, os
from mnist_tutorial import MnistData, build_model, train

def resident():
    gc.collect()
    if not os.path.exists("/proc/self/statm"):
        return 0
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

data, sizes = MnistData(), []
for number in range(61):
    if number % 10 == 0:
        sizes.append(resident())
    train(build_model(), data, batches=1, batch_size=16, validation_batch_size=16,
          validation_interval=1, progress=False)
print(sizes[-1] - sizes[2])  # until then Python's and the C library's heaps find their size
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    # What TensorFlow keeps of old graphs, unless it is freed, comes to more than 10 MB.
    assert float(result.stdout) < 6


# --- found by attack -----------------------------------------------------------------------


def test_regularisers_take_part():
    layers = [keras.layers.Flatten(), keras.layers.Dense(10, "softmax")]
    weights = {}
    for strength in (0.0, 10.0):
        keras.utils.set_random_seed(0)
        dense = keras.layers.Dense(
            10, "softmax", kernel_regularizer=keras.regularizers.L2(strength)
        )
        model = keras.Sequential([keras.Input((28, 28, 1)), layers[0].__class__(), dense])
        train(model, MnistData(), **(QUICK | {"optimizer": keras.optimizers.SGD(0.01)}))
        weights[strength] = np.abs(model.get_weights()[0]).mean()
    assert weights[10.0] < 0.5 * weights[0.0]


def test_divergence_at_the_very_last_step_is_noticed():
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError, match="batch 1: weight 0"):
        train(NumpyNetwork(), MnistData(), optimizer=SGD(1e39), **(QUICK | {"batches": 1}))


def test_patience_keeps_the_best_weights_when_training_diverges():
    network = NumpyNetwork()

    def break_down(images, seed):
        if seed[1] == 8:
            network.flat[:] = np.nan
        return images

    with np.errstate(all="ignore"), pytest.raises(FloatingPointError):
        train(network, MnistData(), augment=break_down, patience=3, **QUICK)
    assert network.history.best_batch == 5 and np.isfinite(network.flat).all()


@pytest.mark.parametrize(
    ("augment", "message"),
    [
        (lambda images, seed: images * 255, r"images of augment must lie in -1\.\.2"),
        (lambda images, seed: images[:3], r"images of augment must be float \[32, 28, 28, 1\]"),
        (lambda images, seed: None, "images of augment must be float"),
    ],
)
def test_images_that_augment_spoils_are_refused(augment, message):
    with pytest.raises((TypeError, ValueError), match=message):
        train(NumpyNetwork(), MnistData(), augment=augment, **QUICK)


def test_logits_that_look_like_probabilities_on_a_blank_image_are_refused():
    model = ending(keras.layers.Dense(10, bias_initializer=keras.initializers.Constant(0.1)))
    with pytest.raises(ValueError, match="model must return probabilities"):
        train(model, MnistData(), **QUICK)
