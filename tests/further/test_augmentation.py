"""Augmentation: the images that random_affine makes."""

import numpy as np
import pytest

from mnist_tutorial.further import random_affine


@pytest.fixture(scope="module")
def images(data):
    return data.train_images[:20, ..., None] / np.float32(255)


def test_settings_of_zero_change_nothing(images):
    same = random_affine(images, (0, 0), shift=0, rotation=0, scale=0)
    np.testing.assert_allclose(same, images, atol=1e-5)


def test_changes_are_small_different_and_repeatable(images):
    first = random_affine(images, (0, 1))
    assert first.shape == images.shape and first.dtype == np.float32
    assert first.min() >= 0 and first.max() <= 1.0001
    np.testing.assert_array_equal(random_affine(images, (0, 1)), first)
    assert not np.allclose(random_affine(images, (0, 2)), first)
    assert not np.allclose(random_affine(images[:1].repeat(2, 0), (0, 1))[0], first[1])
    # No ink is lost or made beyond what stretching explains: a tenth in each direction.
    assert np.all(abs(first.sum((1, 2, 3)) / images.sum((1, 2, 3)) - 1) < 0.3)


def test_rotation_turns_about_the_centre():
    image = np.zeros((1, 28, 28, 1), np.float32)
    image[0, 13:15, 13:15] = 1
    for seed in range(5):
        turned = random_affine(image, (0, seed), shift=0, rotation=180, scale=0)[0, ..., 0]
        rows, columns = np.indices((28, 28))
        assert (turned * rows).sum() / turned.sum() == pytest.approx(13.5, abs=0.05)
        assert (turned * columns).sum() / turned.sum() == pytest.approx(13.5, abs=0.05)


def test_pixels_are_interpolated_as_tensorflow_does(monkeypatch):
    """The same transformation by TensorFlow's own operation, from the same random numbers."""
    import tensorflow as tf

    xs = np.random.default_rng(0).random((8, 28, 28, 1), np.float32)
    draws = np.random.default_rng((3, 4)).random((5, 8), np.float32) * 2 - 1
    for shift, rotation, scale in ((1.0, 8.0, 0.1), (9.0, 90.0, 0.5)):
        angle = draws[0] * np.radians(rotation)
        width, height = 1 + scale * draws[1], 1 + scale * draws[2]
        a, b = np.cos(angle) * width, -np.sin(angle) * width
        c, d = np.sin(angle) * height, np.cos(angle) * height
        right, down, zero = shift * draws[3], shift * draws[4], 0 * angle
        rows = [a, b, 13.5 * (1 - a - b) + right, c, d, 13.5 * (1 - c - d) + down, zero, zero]
        theirs = tf.raw_ops.ImageProjectiveTransformV3(
            images=xs, transforms=np.stack(rows, axis=1).astype(np.float32),
            output_shape=[28, 28], fill_value=0.0, interpolation="BILINEAR", fill_mode="CONSTANT",
        )  # fmt: skip
        ours = random_affine(xs, (3, 4), shift=shift, rotation=rotation, scale=scale)
        np.testing.assert_allclose(ours, theirs, atol=2e-4)
