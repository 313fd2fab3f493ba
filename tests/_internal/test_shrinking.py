"""MNIST's form by the steps that the drawing pad takes, too: against its JavaScript's results."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from mnist_tutorial._internal.pictures.shrinking import shrink_and_centre
from mnist_tutorial.further import to_mnist_image

CASES = json.loads(
    (Path(__file__).parents[2] / "book/figures/test/mnist-form.json").read_text(encoding="utf-8")
)


def ink_of(case):
    """Make the ink of a case: nothing or noise, and filled rectangles of a grey over it."""
    ink = np.zeros((case["height"], case["width"]), np.uint8)
    if "noise" in case:
        state = case["noise"]
        for i in range(ink.size):
            state = (75 * state + 74) % 65537
            ink.flat[i] = state % 256
    for left, top, width, height, grey in case.get("rectangles", []):
        ink[top : top + height, left : left + width] = grey
    return ink


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_form_is_the_drawing_pads(case):
    form = np.frombuffer(base64.b64decode(case["form"]), np.uint8).reshape(28, 28)
    np.testing.assert_array_equal(shrink_and_centre(ink_of(case)), form)


def test_a_drawing_of_the_pad_is_brought_into_its_form():
    [case] = [case for case in CASES if case["name"] == "a seven of the drawing pad's size"]
    form = np.frombuffer(base64.b64decode(case["form"]), np.uint8).reshape(28, 28)
    np.testing.assert_array_equal(to_mnist_image(ink_of(case)), form)


@pytest.mark.parametrize("shape", [(3, 7), (20, 20), (29, 13), (41, 33), (1, 50)])
def test_averages_against_pixels_counted_one_by_one(shape):
    ink = np.random.default_rng(0).integers(1, 256, shape)
    form = shrink_and_centre(ink.astype(np.uint8))
    rows, columns = (max(1, int(side * 20 / max(shape) + 0.5)) for side in shape)
    # Each pixel cut into rows x columns equal ones: then a new pixel covers whole ones.
    fine = np.kron(ink, np.ones((rows, columns), int))
    means = fine.reshape(rows, shape[0], columns, shape[1]).mean(axis=(1, 3))
    top, left = np.argwhere(form).min(axis=0)
    found = form[top : top + rows, left : left + columns]
    np.testing.assert_allclose(found, means, atol=0.5 + 1e-9)
    assert found.sum() == form.sum()
