"""The same drawing as a picture of every kind that people have."""

import warnings

import numpy as np
import pytest
from drawings import drawing, saved
from PIL import Image, features

from mnist_tutorial import predict, pretrained
from mnist_tutorial.further import to_mnist_image


@pytest.fixture(scope="module")
def model():
    return pretrained("quick")


def digits(model, images):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return predict(model, images).digits.tolist()


PAGE = drawing()
ARRAY = np.asarray(PAGE)
SIXTEEN_BITS = ARRAY.astype(np.uint16) * 100 + 30_000  # in 8 bits all of it would be white
TRANSPARENT = drawing(mode="RGBA", paper=(0, 0, 0, 0), ink=(20, 20, 90, 255))

KINDS = {
    "L": PAGE,
    "1": PAGE.convert("1"),
    "LA": PAGE.convert("LA"),
    "RGB": drawing(mode="RGB", paper=(250, 240, 200), ink=(30, 40, 150)),
    "two colours of little contrast": drawing(mode="RGB", paper=(200, 90, 0), ink=(90, 90, 255)),
    "RGBA": PAGE.convert("RGBA"),
    "P": drawing(mode="RGB", paper=(250, 240, 200), ink=(30, 40, 150)).convert("P"),
    "CMYK": drawing(mode="RGB", paper=(255, 255, 255), ink=(200, 0, 0)).convert("CMYK"),
    "I;16": Image.fromarray(SIXTEEN_BITS),
    "I": Image.fromarray(SIXTEEN_BITS.astype(np.int32)),
    "F": Image.fromarray(ARRAY.astype(np.float32) / 255),
    "light on dark": drawing(paper=0, ink=255),
    "light on grey": drawing(paper=90, ink=200),
    "dark on grey": drawing(paper=140, ink=70),
    "dark on transparent": TRANSPARENT,
    "light on transparent": drawing(mode="RGBA", paper=(0, 0, 0, 0), ink=(255, 250, 240, 255)),
    "dark on transparent white": drawing(mode="LA", paper=(255, 0), ink=(0, 255)),
    "half transparent ink": drawing(mode="RGBA", paper=(0, 0, 0, 0), ink=(0, 0, 0, 120)),
    "P with transparency": saved(TRANSPARENT.quantize(), "PNG"),
    "PNG": saved(PAGE, "PNG"),
    "PNG of 16 bits": saved(Image.fromarray(SIXTEEN_BITS), "PNG"),
    "JPEG": saved(PAGE, "JPEG", quality=50),
    "BMP": saved(PAGE, "BMP"),
    "GIF": saved(PAGE, "GIF"),
    "TIFF": saved(PAGE, "TIFF"),
    "PPM": saved(PAGE, "PPM"),
    "thin pen": drawing(280, 280, pen=0.01),
    "thick pen": drawing(pen=0.16),
    "wide page": drawing(2000, 300),
    "2000x1500": drawing(2000, 1500),
    "28x28": PAGE.resize((28, 28), Image.Resampling.BOX),
    "bool": ARRAY > 128,
    "uint16": SIXTEEN_BITS,
    "int64": ARRAY.astype(np.int64),
    "float 0..1": ARRAY / 255,
    "float 0..255": ARRAY.astype(np.float16),
    "float -1..1": ARRAY / 127.5 - 1,
    "big-endian": ARRAY.astype(">i4"),
    "[height, width, 1]": ARRAY[..., None],
    "[height, width, 2]": np.asarray(PAGE.convert("LA")),
    "[height, width, 3]": np.asarray(PAGE.convert("RGB")),
    "[height, width, 4] of floats": np.asarray(TRANSPARENT) / 255,
    "read-only": np.broadcast_to(ARRAY, ARRAY.shape),
}
if features.check("webp"):
    KINDS["WebP"] = saved(PAGE, "WEBP")


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_drawing_is_the_same_digit(model, kind):
    assert digits(model, KINDS[kind]) == [4]


def test_five_pixels_are_enough(model):
    rows = ["11111", "....1", "...1.", "..1..", "..1.."]
    seven = np.array([[255 * (pixel == "1") for pixel in row] for row in rows], np.uint8)
    assert seven.shape == (5, 5)
    assert digits(model, [seven, 255 - seven]) == [7, 7]


@pytest.mark.parametrize("pen", [0.005, 0.01, 0.03])
def test_thin_strokes_are_not_pale(model, pen):
    thin = drawing(280, 280, pen=pen)
    assert to_mnist_image(thin).max() == 255
    assert digits(model, thin) == [4]


def test_colours_are_weighed_by_luminance():
    page = np.zeros((40, 40, 3), np.uint8)
    page[10:30, 10:16] = (0, 0, 255)
    page[10:30, 16:22] = (255, 0, 0)
    page[10:30, 22:28] = (0, 255, 0)
    row = to_mnist_image(page)[14]
    blue, red, green = row[[7, 13, 18]].astype(float)
    assert blue / green == pytest.approx(0.114 / 0.587, abs=0.005)
    assert red / green == pytest.approx(0.299 / 0.587, abs=0.005)


def test_transparent_corners_of_an_opaque_card_are_its_ground():
    card = drawing(mode="RGBA", paper=(255, 255, 255, 255), ink=(0, 0, 0, 255))
    plain = to_mnist_image(card)
    for corner in ((0, 0), (105, 0), (0, 135), (105, 135)):
        card.paste((0, 0, 0, 0), (*corner, corner[0] + 15, corner[1] + 15))
    np.testing.assert_array_equal(to_mnist_image(card), plain)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_of_a_photo_is_followed(model, tmp_path, orientation):
    # What a camera stores when it is turned or mirrored: the reverse of what undoes it.
    reverse = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = PAGE.transpose(reverse[orientation]) if orientation > 1 else PAGE
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "four.png", exif=exif)
    np.testing.assert_array_equal(to_mnist_image(tmp_path / "four.png"), to_mnist_image(PAGE))


def test_what_was_given_is_not_changed():
    for picture in (ARRAY / 255, ARRAY.copy(), np.asarray(TRANSPARENT).copy()):
        before = picture.copy()
        to_mnist_image(picture)
        np.testing.assert_array_equal(picture, before)
