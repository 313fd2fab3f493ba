import hashlib
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from mnist_tutorial import evaluate, pretrained
from mnist_tutorial._internal.tensorflow import keras
from mnist_tutorial.further import (
    PRETRAINED,
    RECIPES,
    RECORDS,
    NumpyNetwork,
    build_deep_model,
    recipes,
    train_recipe,
)

RECORD = RECORDS / "recipes.json"


# --- the weights that ship with the package ------------------------------------------------


@pytest.mark.parametrize("name", PRETRAINED)
def test_shipped_weights_are_those_of_the_record(name, data):
    model = pretrained(name)
    assert model.count_params() <= 5994
    runs = json.loads(RECORD.read_text())
    [shipped] = [run for run in runs if run["recipe"] == name and run.get("shipped")]
    # Another machine may round one or two images to the other side.
    assert evaluate(model, data).accuracy == pytest.approx(shipped["test"], abs=3e-4)


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """A copy of the folder of weights, which `pretrained` reads instead."""
    folder = tmp_path / "weights"
    shutil.copytree(recipes.WEIGHTS, folder)
    monkeypatch.setattr(recipes, "WEIGHTS", folder)
    return folder


def test_damaged_weights_are_refused(weights):
    path = weights / "deep.npz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    pretrained("quick")
    with pytest.raises(ValueError, match=r"deep.npz: damaged, its SHA-256 is not"):
        pretrained("deep")


def test_saved_weights_are_those_that_are_loaded(weights):
    others = (weights / "quick.npz").read_bytes()
    model = build_deep_model(seed=5)
    recipes.save_weights(model.get_weights(), "deep")
    for one, other in zip(pretrained("deep").get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert (weights / "quick.npz").read_bytes() == others
    sums = {
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}"
        for path in weights.glob("*.npz")
    }
    assert set((weights / "SHA256SUMS").read_text().splitlines()) == sums
    assert len(list(weights.iterdir())) == 4


# --- training --------------------------------------------------------------------------------


def test_a_recipe_trains_and_repeats():
    recipe = replace(RECIPES["thorough"], epochs=0.1)
    first, history = train_recipe(recipe, seed=3, progress=False)
    assert len(history.history["loss"]) == 86
    assert np.mean(history.history["accuracy"][-20:]) > 0.8
    again, _ = train_recipe(recipe, seed=3, progress=False)
    for one, other in zip(first.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    other, _ = train_recipe(recipe, seed=4, progress=False)
    assert not np.array_equal(first.get_weights()[0], other.get_weights()[0])


@pytest.fixture(params=[NumpyNetwork, build_deep_model], ids=["NumPy", "Keras"])
def optimizer_of(request, monkeypatch):
    """A function that returns the optimizer of a recipe, and the number of its batches."""

    def optimizer_of(**settings):
        calls = []
        monkeypatch.setattr(recipes, "train", lambda *_, **arguments: calls.append(arguments))
        train_recipe(replace(RECIPES["quick"], build=request.param, **settings))
        return calls[0]["optimizer"], calls[0]["batches"]

    return optimizer_of


def rates(optimizer, steps):
    # Keras's attribute learning_rate is the rate of the present step.
    schedule = getattr(optimizer, "_learning_rate", optimizer.learning_rate)
    return [float(schedule(step)) for step in steps]


def test_the_learning_rate_rises_in_a_line_and_falls_as_a_half_cosine(optimizer_of):
    optimizer, batches = optimizer_of(epochs=6400 / 55_000, learning_rate=0.1, warmup=0.2)
    assert batches == 100
    # From batch 20 on: 0.1 * (1 + cos(pi * (step - 20) / 80)) / 2.
    expected = [0, 0.05, 0.1, 0.0853553, 0.05, 0.0146447, 0]
    assert rates(optimizer, [0, 10, 20, 40, 60, 80, 100]) == pytest.approx(expected, abs=1e-6)


def test_without_a_warmup_the_learning_rate_only_falls(optimizer_of):
    optimizer, _ = optimizer_of(epochs=6400 / 55_000, learning_rate=0.1, warmup=0)
    assert rates(optimizer, [0, 25, 50, 100]) == pytest.approx([0.1, 0.0853553, 0.05, 0], abs=1e-6)


@pytest.mark.parametrize(("momentum", "nesterov"), [(0.9, True), (0.0, False)])
def test_the_momentum_is_nesterovs(optimizer_of, momentum, nesterov):
    optimizer, _ = optimizer_of(momentum=momentum)
    assert type(optimizer).__name__ == "SGD"
    assert (optimizer.momentum, optimizer.nesterov) == (momentum, nesterov)


def test_the_frameworks_give_the_same_network(data):
    images = data.test_images[:50, ..., None] / np.float32(255)
    theirs = pretrained("quick").predict(images, verbose=0)
    ours = np.asarray(pretrained("quick", framework="numpy")(images))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


# --- the deep network ------------------------------------------------------------------------


def test_the_deep_network_is_that_of_its_description():
    model = build_deep_model()
    assert model.input_shape == (None, 28, 28, 1) and model.output_shape == (None, 10)
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert [(layer.filters, layer.kernel_size, layer.use_bias) for layer in convolutions] == [
        (8, (5, 5), False), (16, (3, 3), False), (16, (3, 3), False), (13, (3, 3), False),
    ]  # fmt: skip
    assert model.count_params() == 5880


def test_its_seed_fixes_its_weights():
    first, again, other = (build_deep_model(seed=seed).get_weights() for seed in (1, 1, 2))
    for one, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, same)
    # No kernel of one seed comes again with the next.
    kernels = [{w.tobytes() for w in weights if w.ndim > 1} for weights in (first, other)]
    assert len(kernels[0] | kernels[1]) == 10


# --- bad input -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: pretrained("best"), ValueError, "one of quick, thorough, deep; got 'best'"),
        (lambda: pretrained("../quick"), ValueError, "one of quick, thorough, deep; got"),
        (lambda: pretrained(None), (TypeError, ValueError), "one of quick, thorough, deep; got"),
        (
            lambda: pretrained("deep", framework="numpy"),
            ValueError,
            "framework of 'deep' must be keras; got 'numpy'",
        ),
        (
            lambda: pretrained("quick", framework="torch"),
            ValueError,
            "framework of 'quick' must be keras or numpy; got 'torch'",
        ),
        (lambda: train_recipe("quick"), TypeError, r"recipe must be a Recipe, such as RECIPES\["),
        (
            lambda: train_recipe(RECIPES["quick"], seed=-1),
            ValueError,
            r"seed must be a whole number in 0\.\.4294967295; got -1",
        ),
        (lambda: build_deep_model(seed=2**32), ValueError, "seed must be a .*; got 4294967296"),
        (lambda: build_deep_model(seed=0.5), TypeError, "seed must be a whole number; got 0.5"),
    ],
)
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_deep_model_is_smaller_than_the_tutorials_and_repeats():
    model = build_deep_model(seed=3)
    assert model.count_params() == 5880 < NumpyNetwork().count_params()
    assert (model.input_shape, model.output_shape) == ((None, 28, 28, 1), (None, 10))
    for one, other in zip(model.get_weights(), build_deep_model(seed=3).get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    kernels = [layer.kernel.numpy() for layer in model.layers if layer.name.startswith("conv")]
    others = build_deep_model(seed=4)
    for kernel, layer in zip(
        kernels, [x for x in others.layers if x.name.startswith("conv")], strict=True
    ):
        assert not np.array_equal(kernel, layer.kernel.numpy())
        assert kernel.std() > 0
