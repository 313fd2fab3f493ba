"""Warnings of pictures that may not show one clear digit."""

import warnings

import numpy as np
import pytest
from drawings import drawing

from mnist_tutorial import build_model, predict, pretrained
from mnist_tutorial.further import to_mnist_image

PAGE = drawing()
BLOCK = np.pad(np.full((50, 50), 255, np.uint8), 20)


@pytest.fixture(scope="module")
def model():
    return pretrained("quick")


def test_doubts(model, data):
    one, other = data.validation_images[1], data.validation_images[2]
    pair = np.concatenate([one[:, 4:24], other[:, 4:24]], axis=1)
    with pytest.warns(
        UserWarning, match=r"^images\[1\]: seems to show two digits; crop it to one$"
    ):
        predict(model, [PAGE, pair])
    with pytest.warns(
        UserWarning, match=r"^images\[1\], images\[2\]: holds more ink than"
    ) as caught:
        predict(model, [PAGE, BLOCK, BLOCK])
    assert len(caught) == 1 and caught[0].filename == __file__
    with pytest.warns(UserWarning, match=r"^picture: holds more ink") as caught:
        to_mnist_image(BLOCK)
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match=r"^images: confidence below 70 %; look at it"):
        predict(build_model(), PAGE)
    with pytest.warns(UserWarning, match=r"^images\[0\], .*images\[2\] and 2 more: conf"):
        predict(build_model(), [PAGE] * 5)


def test_few_digits_of_mnist_are_doubted(model, data):
    inkiest = data.train_images[data.train_images.mean(axis=(1, 2)).argsort()[-20:]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for image in [*inkiest, *data.validation_images[:500]]:
            to_mnist_image(image)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = predict(model, data.validation_images[:1000])
    assert (found.confidences < 0.7).mean() < 0.02
