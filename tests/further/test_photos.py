"""Photos of validation digits on all kinds of paper, in all kinds of light."""

import os
import warnings

import numpy as np
import pytest
from drawings import photo

from mnist_tutorial import predict, pretrained

# More by hand: PHOTOS=200 python -m pytest tests/further/test_photos.py
N = int(os.environ.get("PHOTOS", "80"))
PENCIL = 0.35
# How the photos are taken, and how many digits must be read at least.
CONDITIONS = {
    "plain": ({}, 0.985),
    "lined": ({"lines": 0.2}, 0.985),
    "squared": ({"squares": 0.15}, 0.985),
    "light shadow": ({"soft": 0.15}, 0.985),
    "soft shadow": ({"soft": 0.4}, 0.975),
    "hard shadow": ({"hard": 0.4}, 0.975),
    "margin line": ({"lines": 0.2, "margin": 0.5}, 0.975),
    "pencil, lined": ({"ink": PENCIL, "lines": 0.2}, 0.97),
    "tilted by 25 degrees": ({"tilt": 25}, 0.93),
}
FEWER = {
    "hard shadow, lined": {"hard": 0.4, "lines": 0.2},
    "pencil, squared": {"ink": PENCIL, "squares": 0.15},
    "tilted, lined": {"tilt": 15, "lines": 0.2},
    "overexposed, hard shadow": {"paper": 275, "hard": 0.4},
    "noisy": {"noise": 15},
    "dim": {"paper": 110},
    "askew light": {"askew": 0.4},
    "blackboard": {"paper": 190, "negative": True, "ink": 0.7},
    "dark lines": {"lines": 0.45},
    "without noise": {"lines": 0.2, "margin": 0.5, "noise": 0},
}


@pytest.fixture(scope="module")
def model():
    return pretrained("thorough", framework="numpy")


def answers(model, digits, **options):
    rng = np.random.default_rng(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return predict(model, [photo(digit, rng, **options) for digit in digits])


@pytest.mark.parametrize("condition", CONDITIONS)
def test_at_least_this_share_is_read(model, data, condition):
    options, floor = CONDITIONS[condition]
    found = answers(model, data.validation_images[:N], **options).digits
    assert (found == data.validation_labels[:N]).mean() >= floor


@pytest.mark.parametrize("condition", FEWER)
def test_other_conditions(model, data, condition):
    found = answers(model, data.validation_images[:40], **FEWER[condition]).digits
    assert (found == data.validation_labels[:40]).mean() >= 0.95


def test_a_box_is_where_the_digit_is(model, data):
    page = np.full((900, 700), 240, np.uint8)
    rng = np.random.default_rng(0)
    page += rng.integers(0, 9, page.shape, np.uint8)
    page[300:500, 400:440] = 40
    [box] = predict(model, page).boxes
    np.testing.assert_allclose(box, [300, 400, 500, 440], atol=5)


BLANK = [
    *({"paper": paper, "askew": askew} for paper in (60, 110, 220) for askew in (0, 0.2)),
    {"noise": 1},
    {"noise": 15},
    {"lines": 0.2},
    {"squares": 0.2},
    {"paper": 60, "negative": True},
]


@pytest.mark.parametrize("options", BLANK, ids=str)
def test_blank_paper_holds_no_digit(options):
    blank = photo(np.zeros((28, 28), np.uint8), np.random.default_rng(0), **options)
    with pytest.raises(ValueError, match=r"^images: must show a digit"):
        predict(lambda images: images, blank)


def test_a_shadow_that_the_edge_cuts_off_is_doubted(model):
    blank = photo(np.zeros((28, 28), np.uint8), np.random.default_rng(0), hard=0.4)
    with pytest.warns(UserWarning, match="^images: reaches the edge of the photo"):
        predict(model, blank)
