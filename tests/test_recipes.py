import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mnist_tutorial.recipes
from mnist_tutorial import (
    PRETRAINED,
    RECIPES,
    MnistData,
    build_model,
    evaluate,
    pretrained,
    random_affine,
    train_recipe,
)

RECORD = Path(__file__).parent.parent / "benchmarks" / "results" / "recipes.json"


@pytest.fixture(scope="module")
def data():
    return MnistData()


@pytest.fixture
def images(data):
    return data.train_images[:20, ..., None] / np.float32(255)


@pytest.mark.parametrize("name", PRETRAINED)
def test_shipped_weights_are_those_of_the_record(name, data):
    model = pretrained(name)
    assert model.count_params() <= 5994
    runs = json.loads(RECORD.read_text())
    [run] = [run for run in runs if (run["recipe"], run["seed"]) == (name, 0) and "test" in run]
    # Another machine may round one or two images to the other side.
    assert evaluate(model, data).accuracy == pytest.approx(run["test"], abs=3e-4)


@pytest.mark.parametrize("name", ["best", None, "../quick"])
def test_unknown_network(name):
    with pytest.raises(ValueError, match="name must be one of quick, thorough, deep; got"):
        pretrained(name)


def test_damaged_weights_are_refused(tmp_path, monkeypatch):
    shutil.copytree(mnist_tutorial.recipes.WEIGHTS, tmp_path / "weights")
    path = tmp_path / "weights" / "deep.npz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    monkeypatch.setattr(mnist_tutorial.recipes, "WEIGHTS", tmp_path / "weights")
    pretrained("quick")
    with pytest.raises(ValueError, match=r"deep.npz: damaged, its SHA-256 is not"):
        pretrained("deep")


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


def test_rate_rises_and_falls():
    recipe = replace(RECIPES["quick"], epochs=0.01, learning_rate=1e-9)
    before = build_model(seed=0).get_weights()[0]
    model, _ = train_recipe(recipe, progress=False)
    np.testing.assert_allclose(model.get_weights()[0], before, atol=1e-6)


def test_bad_recipe():
    with pytest.raises(TypeError, match=r"recipe must be a Recipe, such as RECIPES\['quick'\]"):
        train_recipe("quick")
    with pytest.raises(ValueError, match="seed must be at least 0; got -1"):
        train_recipe(RECIPES["quick"], seed=-1)


def test_distortions_of_size_zero_change_nothing(images):
    same = random_affine(images, [0, 0], shift=0, rotation=0, scale=0)
    np.testing.assert_allclose(same, images, atol=1e-6)


def test_distortions_are_small_different_and_repeatable(images):
    first = random_affine(images, [0, 1]).numpy()
    assert first.shape == images.shape and first.min() >= 0 and first.max() <= 1
    np.testing.assert_array_equal(random_affine(images, [0, 1]), first)
    assert not np.allclose(random_affine(images, [0, 2]), first)
    assert not np.allclose(random_affine(images[:1].repeat(2, 0), [0, 1])[0], first[1])
    # No ink is lost or made beyond what stretching explains: a tenth in each direction.
    assert np.all(abs(first.sum((1, 2, 3)) / images.sum((1, 2, 3)) - 1) < 0.3)


def test_rotation_turns_about_the_centre():
    image = np.zeros((1, 28, 28, 1), np.float32)
    image[0, 13:15, 13:15] = 1
    for seed in range(5):
        turned = random_affine(image, [0, seed], shift=0, rotation=180, scale=0).numpy()[0, ..., 0]
        rows, columns = np.indices((28, 28))
        assert (turned * rows).sum() / turned.sum() == pytest.approx(13.5, abs=0.05)
        assert (turned * columns).sum() / turned.sum() == pytest.approx(13.5, abs=0.05)
