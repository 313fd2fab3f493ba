"""The page's steps from a picture to MNIST's form, against the package's own."""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from drawings import drawing, photo
from PIL import Image, ImageDraw

from mnist_tutorial import MnistData
from mnist_tutorial._internal.pictures.doubts import doubt_about
from mnist_tutorial._internal.pictures.forms import to_form

PER_CONDITION = 5
DOUBTS = {"": None, "reaches": "cutOff", "holds": "muchInk", "seems": "twoDigits"}


def conditions():
    """How tests/further/test_photos.py takes its photos."""
    folder = str(Path(__file__).parents[1] / "further")
    sys.path.insert(0, folder)
    try:
        import test_photos
    finally:
        sys.path.remove(folder)
    own = {name: options for name, (options, _) in test_photos.CONDITIONS.items()}
    return own | test_photos.FEWER, test_photos.BLANK


def two_digits():
    page = np.full((300, 400), 255, np.uint8)
    page[60:240, 70:90] = page[60:240, 280:300] = 0
    return page


def framed():
    """A drawing whose paper has lines up to its edge."""
    page = drawing(300, 300)
    ImageDraw.Draw(page).line([(0, 20), (300, 20)], fill=120, width=2)
    return page


def kinds():
    """Yield pictures that are not photos, or odd ones."""
    yield "dark on light", drawing()
    yield "light on dark", drawing(paper=0, ink=255)
    yield "colours", drawing(mode="RGB", paper=(250, 240, 200), ink=(30, 40, 150))
    yield "dark on transparent", drawing(mode="RGBA", paper=(0, 0, 0, 0), ink=(20, 20, 90, 255))
    yield "light on transparent", drawing(mode="RGBA", paper=(0, 0, 0, 0), ink=(255, 250, 240, 255))
    yield "2000x1500", drawing(2000, 1500)
    yield "wide page", drawing(2000, 300)
    yield "thick pen", drawing(pen=0.16)
    yield "much ink", drawing(pen=0.7)
    yield "16x16", drawing(160, 160).resize((16, 16), Image.Resampling.BOX)
    yield "28x28", drawing().resize((28, 28), Image.Resampling.BOX)
    yield "blank", Image.new("L", (100, 100), 255)
    yield "two digits", Image.fromarray(two_digits())
    yield "a line up to the edge", framed()


def photos():
    """Yield photos in every condition of the package's tests, and of blank paper."""
    rng = np.random.default_rng(0)
    digits = MnistData().validation_images
    taken, blank = conditions()
    for name, options in taken.items():
        for digit in digits[:PER_CONDITION]:
            yield name, photo(digit, rng, **options)
    for options in blank:
        yield "blank paper", photo(np.zeros((28, 28), np.uint8), rng, **options)


@pytest.fixture(scope="module")
def outcomes(figures, tmp_path_factory):
    """What the page makes of each picture, compared with what the package makes of it."""
    folder = tmp_path_factory.mktemp("photos")
    pictures = []
    for i, (name, picture) in enumerate([*kinds(), *photos()]):
        pixels = np.asarray(picture)
        pixels = pixels.reshape(*pixels.shape[:2], -1)
        height, width, channels = pixels.shape
        np.save(folder / f"picture_{i}.npy", pixels.ravel())
        expected = {"name": name, "height": height, "width": width, "channels": channels}
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                form = to_form("picture", pixels)
            except ValueError:
                pictures.append(expected)
                continue
        np.save(folder / f"turned_{i}.npy", np.stack(form.turned).ravel())
        doubt = DOUBTS[doubt_about(form).split(" ")[0]]
        pictures.append(expected | {"box": form.box, "doubt": doubt})
    (folder / "pictures.json").write_text(json.dumps(pictures))
    path = folder / "outcomes.json"
    figures.run_node_test("photo", PARITY=str(folder), OUTCOMES=str(path))
    return json.loads(path.read_text())


def test_the_same_pictures_show_a_digit(outcomes):
    assert [one["name"] for one in outcomes if not one["found"]] == []
    assert sum("image" not in one for one in outcomes) >= 10  # blank ones


def test_every_digit_has_the_same_box(outcomes):
    assert [one["name"] for one in outcomes if one.get("box") is False] == []


def test_every_picture_has_the_same_doubt(outcomes):
    assert [one["name"] for one in outcomes if one.get("doubt") is False] == []


@pytest.mark.parametrize("kind", ["image", "turned"])
def test_grey_values_differ_by_at_most_one(outcomes, kind):
    compared = [one for one in outcomes if kind in one]
    assert len(compared) > 90
    assert [(one["name"], one[kind]) for one in compared if one[kind] > 1] == []
    assert sum(one[kind] == 0 for one in compared) >= 0.95 * len(compared)
