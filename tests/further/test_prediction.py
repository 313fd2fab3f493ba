"""What predict returns, doubts and refuses; photos are in test_photos.py."""

import subprocess
import sys
import warnings

import numpy as np
import pytest
from drawings import drawing, saved
from PIL import Image

from mnist_tutorial import Predictions, predict, pretrained

PAGE = drawing()
ARRAY = np.asarray(PAGE)
BLANK = np.zeros((28, 28), np.uint8)


@pytest.fixture(scope="module")
def model():
    return pretrained("quick")


def silently(model, images, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return predict(model, images, **options)


def digits(model, images):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return predict(model, images).digits.tolist()


def test_images_of_mnist_keep_their_predictions(model, data):
    images, labels = data.validation_images[:1000], data.validation_labels[:1000]
    found = silently(model, images)
    assert isinstance(found, Predictions)
    assert found.digits.dtype == np.int64 and found.digits.shape == (1000,)
    assert found.probabilities.dtype == np.float32 and found.probabilities.shape == (1000, 10)
    assert found.confidences.dtype == np.float32 and found.confidences.shape == (1000,)
    assert found.boxes.dtype == np.int64 and found.boxes.shape == (1000, 4)
    assert found.images.dtype == np.uint8 and found.images.shape == (1000, 28, 28)
    np.testing.assert_array_equal(found.confidences, found.probabilities.max(axis=1))
    direct = np.asarray(model(images[..., None] / np.float32(255), training=False)).argmax(axis=1)
    assert abs((found.digits == labels).mean() - (direct == labels).mean()) <= 0.003
    assert (found.digits == direct).mean() >= 0.995
    np.testing.assert_array_equal(silently(model, 255 - images).images, found.images)


def test_ripples_around_strokes_in_a_jpeg_are_no_ink(model, data):
    images = 255 - data.validation_images[:300]
    as_jpeg = [saved(Image.fromarray(image), "JPEG", quality=75) for image in images]
    found = silently(model, as_jpeg).digits
    assert (found == data.validation_labels[:300]).mean() >= 0.985


def test_digits_of_8x8_pixels(model, data):
    # As small as those of UCI, which scikit-learn ships: MNIST's 20x20 averaged, in 0..16.
    digits = np.kron(data.validation_images[:300, 4:24, 4:24], np.ones((2, 2)))
    images = digits.reshape(300, 8, 5, 8, 5).mean(axis=(2, 4))
    found = silently(model, np.rint(images / 16))
    assert (found.digits == data.validation_labels[:300]).mean() >= 0.9
    assert (found.digits >= 0).all()


def test_shapes_of_batches(model, data):
    images = data.validation_images[:5]
    expected = predict(model, images).probabilities
    for batch in (
        images.reshape(5, 28, 28, 1),
        images.reshape(5, 784),
        np.repeat(images[..., None], 3, axis=3),
        255 - images,
        images / np.float32(255),
        list(images),
        tuple(images.reshape(5, 784)),
        [images[:2], [Image.fromarray(images[2]), images[3]], images[4, ..., None]],
    ):
        np.testing.assert_allclose(predict(model, batch).probabilities, expected, atol=1e-6)
    for one in (images[0], images[0].ravel(), images[:1]):
        np.testing.assert_allclose(predict(model, one).probabilities, expected[:1], atol=1e-6)
    assert len(predict(model, images[:3]).digits) == 3  # [3, 28, 28] are three, not one
    assert len(predict(model, images[0][..., None].repeat(3, axis=2)).digits) == 1


def test_paths(model, tmp_path):
    drawing().save(tmp_path / "four.png")
    path = tmp_path / "four.png"
    assert digits(model, path) == digits(model, str(path)) == [4]
    assert digits(model, [path, str(path), PAGE, ARRAY]) == [4] * 4


def test_more_pictures_than_the_network_is_asked_at_once(model, data):
    images = data.validation_images[:1001]
    found = silently(model, images).digits
    np.testing.assert_array_equal(found[1000:], silently(model, images[1000:]).digits)


def test_a_box_holds_the_ink(model):
    page = np.full((1500, 1300), 255, np.uint8)
    page[400:800, 600:700] = 0
    small = np.zeros((9, 9), np.uint8)
    small[2:8, 4] = 1
    found = silently(model, [page, small, PAGE])
    assert found.boxes[:2].tolist() == [[400, 600, 800, 700], [2, 4, 8, 5]]
    top, left, bottom, right = found.boxes[2]
    assert (ARRAY[top:bottom, left:right] < 255).sum() == (ARRAY < 255).sum()


def test_what_cannot_be_read_is_marked_and_the_rest_is_answered(model, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"not a picture")
    batch = [PAGE, BLANK, tmp_path / "none.png", PAGE, tmp_path / "bad.png", np.zeros(7), BLANK]
    with pytest.warns(UserWarning) as caught:
        found = predict(model, batch)
    assert found.digits.tolist() == [4, -1, -1, 4, -1, -1, -1]
    unread = found.digits == -1
    assert np.isnan(found.probabilities[unread]).all() and np.isnan(found.confidences[unread]).all()
    assert (found.boxes[unread] == -1).all() and not found.images[unread].any()
    messages = [str(warning.message) for warning in caught]
    assert messages[0] == (
        "images[1], images[6]: cannot be read, digit -1; "
        "must show a digit; nothing stands out from the ground"
    )
    assert [message.split(":")[0] for message in messages[1:]] == [
        "images[2]", "images[4]", "images[5]"
    ]  # fmt: skip
    assert not any("\n" in message for message in messages)
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match=r"images\[1\]\[0\], images\[1\]\[1\]: cannot be read"):
        assert predict(model, [PAGE, np.stack([BLANK, BLANK])]).digits.tolist() == [4, -1, -1]
    assert silently(model, [BLANK]).digits.tolist() == [-1]


def test_one_picture_or_a_strict_batch_raises(model, tmp_path):
    with pytest.raises(ValueError, match=r"^images: must show a digit"):
        predict(model, BLANK)
    with pytest.raises(ValueError, match=r"^images\[1\]\[0\]: must show a digit"):
        predict(model, [PAGE, np.stack([BLANK, BLANK])], strict=True)
    for images, options in (
        (tmp_path / "none.png", {}),
        ([tmp_path / "none.png"], {"strict": True}),
    ):
        with pytest.raises(FileNotFoundError, match=r"^images.*: .*/none.png: no such file$"):
            predict(model, images, **options)
    for images, error in (([PAGE, None], TypeError), ([], ValueError), (np.zeros(7), ValueError)):
        with pytest.raises(error, match=r"^images"):
            predict(model, images)


def test_any_callable_is_a_model_and_no_tensorflow_is_loaded():
    script = (
        "import sys; import numpy as np; from mnist_tutorial import predict\n"
        "def model(images, training): return np.eye(10, dtype=np.float32)[[4] * len(images)]\n"
        "found = predict(model, [np.eye(9), np.zeros((9, 9))])\n"
        "print(found, found.digits.dtype, found.probabilities.dtype)\n"
        "sys.exit(bool({'tensorflow', 'keras'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True
    )
    expected = "Predictions(2 pictures: 4 (100 %), unreadable) int64 float32\n"
    assert (result.returncode, result.stdout, result.stderr) == (0, expected, "")


def test_how_predictions_show_themselves(model):
    found = silently(model, [PAGE, BLANK])
    assert repr(found).startswith("Predictions(2 pictures: 4 (") and "unreadable" in repr(found)
    assert found._repr_html_().count("<img") == 2 and "unreadable" in found._repr_html_()
    many = silently(model, [PAGE] * 12)
    assert repr(many).count("4 (") == 10 and repr(many).endswith(", ...)")
    assert repr(predict(model, PAGE)).startswith("Predictions(1 picture: 4 (")


def test_bad_models():
    with pytest.raises(TypeError, match="model must be a Keras model; got 'quick'"):
        predict("quick", PAGE)
    import keras

    other = keras.Sequential([keras.Input((5,)), keras.layers.Dense(10)])
    with pytest.raises(ValueError, match="model must map"):
        predict(other, PAGE)
