"""Pictures of every kind against MNIST's form, and against the drawing pad's JavaScript."""

import base64
import io
import json
import os
import struct
import subprocess
import sys
import tracemalloc
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps, features

from mnist_tutorial import MnistData, Predictions, build_model, predict, pretrained, to_mnist_form
from mnist_tutorial.prediction import _shrink_and_centre

CASES = json.loads(
    (Path(__file__).parents[1] / "book/demo/test/mnist-form.json").read_text(encoding="utf-8")
)
# A 4, which no turn or reflection makes another digit; the corners of its strokes, in 0..1.
FOUR = [(0.62, 0.9), (0.62, 0.12), (0.25, 0.62), (0.82, 0.62)]


@pytest.fixture(scope="module")
def data():
    return MnistData()


@pytest.fixture(scope="module")
def model():
    return pretrained("quick")


def drawing(width=120, height=150, *, paper=255, ink=0, mode="L", pen=0.1):
    """Draw the 4 in the middle of a page."""
    side = min(width, height)
    image = Image.new(mode, (width, height), paper)
    points = [((width - side) / 2 + x * side, (height - side) / 2 + y * side) for x, y in FOUR]
    ImageDraw.Draw(image).line(points, fill=ink, width=max(1, round(pen * side)))
    return image


def photo(digit, rng, *, size=(200, 260), paper=220, ink=60, noise=5, slope=0.2):
    """Make a picture like a photo: MNIST's digit on noisy paper that the light falls on askew."""
    height, width = size
    page = np.zeros(size)
    top, left = rng.integers(0, height - 100), rng.integers(0, width - 100)
    big = Image.fromarray(digit).resize((100, 100), Image.Resampling.BICUBIC)
    page[top : top + 100, left : left + 100] = np.asarray(big) / 255
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    direction = rng.uniform(0, 2 * np.pi)
    light = 1 + slope * (np.cos(direction) * x + np.sin(direction) * y)
    values = (paper + (ink - paper) * page) * light + rng.normal(0, noise, size)
    return np.rint(values.clip(0, 255)).astype(np.uint8)


def saved(image, format, **options):
    file = io.BytesIO()
    image.save(file, format, **options)
    file.seek(0)
    return Image.open(file)


def digits(model, images):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return predict(model, images).digits.tolist()


# --- the steps that the drawing pad takes, too -------------------------------------------------


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
    np.testing.assert_array_equal(_shrink_and_centre(ink_of(case)), form)


@pytest.mark.parametrize("name", ["a seven of 5x7", "a seven of the drawing pad's size"])
def test_a_drawing_of_the_pad_is_brought_into_its_form(name):
    [case] = [case for case in CASES if case["name"] == name]
    form = np.frombuffer(base64.b64decode(case["form"]), np.uint8).reshape(28, 28)
    np.testing.assert_array_equal(to_mnist_form(ink_of(case)), form)


@pytest.mark.parametrize("shape", [(3, 7), (20, 20), (29, 13), (41, 33), (1, 50)])
def test_averages_against_pixels_counted_one_by_one(shape):
    ink = np.random.default_rng(0).integers(1, 256, shape)
    form = _shrink_and_centre(ink.astype(np.uint8))
    rows, columns = (max(1, int(side * 20 / max(shape) + 0.5)) for side in shape)
    # Each pixel cut into rows x columns equal ones: then a new pixel covers whole ones.
    fine = np.kron(ink, np.ones((rows, columns), int))
    means = fine.reshape(rows, shape[0], columns, shape[1]).mean(axis=(1, 3))
    top, left = np.argwhere(form).min(axis=0)
    found = form[top : top + rows, left : left + columns]
    np.testing.assert_allclose(found, means, atol=0.5 + 1e-9)
    assert found.sum() == form.sum()


def test_images_of_mnist_keep_their_predictions(model, data):
    images, labels = data.validation_images[:1000], data.validation_labels[:1000]
    predictions = predict(model, images)
    assert isinstance(predictions, Predictions)
    assert predictions.digits.dtype == np.int64 and predictions.digits.shape == (1000,)
    assert predictions.probabilities.dtype == np.float32
    assert predictions.probabilities.shape == (1000, 10)
    direct = np.asarray(model(images[..., None] / np.float32(255), training=False)).argmax(axis=1)
    assert abs((predictions.digits == labels).mean() - (direct == labels).mean()) <= 0.003
    assert (predictions.digits == direct).mean() >= 0.995


# --- pictures that people have ------------------------------------------------------------------

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
    assert to_mnist_form(thin).max() == 255
    assert digits(model, thin) == [4]


def test_ripples_around_strokes_in_a_jpeg_are_no_ink(model, data):
    images = 255 - data.validation_images[:300]
    as_jpeg = [saved(Image.fromarray(image), "JPEG", quality=75) for image in images]
    found = np.array(digits(model, as_jpeg))
    assert (found == data.validation_labels[:300]).mean() >= 0.985


def test_colours_are_weighed_by_luminance():
    page = np.zeros((40, 40, 3), np.uint8)
    page[10:30, 10:16] = (0, 0, 255)
    page[10:30, 16:22] = (255, 0, 0)
    page[10:30, 22:28] = (0, 255, 0)
    row = to_mnist_form(page)[14]
    blue, red, green = row[[7, 13, 18]].astype(float)
    assert blue / green == pytest.approx(0.114 / 0.587, abs=0.005)
    assert red / green == pytest.approx(0.299 / 0.587, abs=0.005)


def test_transparent_corners_of_an_opaque_card_are_its_ground():
    card = drawing(mode="RGBA", paper=(255, 255, 255, 255), ink=(0, 0, 0, 255))
    plain = to_mnist_form(card)
    for corner in ((0, 0), (105, 0), (0, 135), (105, 135)):
        card.paste((0, 0, 0, 0), (*corner, corner[0] + 15, corner[1] + 15))
    np.testing.assert_array_equal(to_mnist_form(card), plain)


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
    np.testing.assert_array_equal(to_mnist_form(tmp_path / "four.png"), to_mnist_form(PAGE))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"noise": 15, "slope": 0},
        {"slope": 0.3},
        {"paper": 110, "ink": 30},
        {"paper": 60, "ink": 200},
        {"ink": 150, "noise": 3, "slope": 0.1},
    ],
    ids=["paper", "noisy", "askew", "dim", "blackboard", "pencil"],
)
def test_photos(model, data, options):
    rng = np.random.default_rng(0)
    n = 40
    photos = [photo(digit, rng, **options) for digit in data.validation_images[:n]]
    as_jpeg = [saved(Image.fromarray(image), "JPEG", quality=80) for image in photos]
    found = np.array(digits(model, as_jpeg))
    assert (found == data.validation_labels[:n]).mean() >= 0.97


def test_a_speck_in_a_photo_is_no_ink(data):
    rng = np.random.default_rng(0)
    image = np.kron(photo(data.validation_images[0], rng), np.ones((5, 5), np.uint8))
    dusty = image.copy()
    dusty[::211, ::187] = 0
    np.testing.assert_allclose(
        to_mnist_form(dusty).astype(int), to_mnist_form(image).astype(int), atol=40
    )


# --- batches ------------------------------------------------------------------------------------


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
    images = data.validation_images[:2001]
    found = predict(model, images).digits
    assert found.shape == (2001,)
    np.testing.assert_array_equal(found[2000:], predict(model, images[2000:]).digits)


def test_what_was_given_is_not_changed():
    for picture in (ARRAY / 255, ARRAY.copy(), np.asarray(TRANSPARENT).copy()):
        before = picture.copy()
        to_mnist_form(picture)
        np.testing.assert_array_equal(picture, before)


def test_pictures_need_no_tensorflow_until_a_network_is_asked():
    script = (
        "import sys; import numpy as np; from mnist_tutorial import to_mnist_form, predict; "
        "to_mnist_form(np.eye(9)); sys.exit(bool({'tensorflow', 'keras'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


# --- what is refused, and what is warned of -----------------------------------------------------


def refuses(error, message, picture):
    with pytest.raises(error, match=message) as caught:
        to_mnist_form(picture)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("picture", "error", "message"),
    [
        (None, TypeError, "picture must be a path, a PIL image, an array.*; got None"),
        (7, TypeError, "got 7"),
        (b"four.png", TypeError, "got b.four"),
        ([[0, 1], [1, 0]], TypeError, r"picture\[0\]\[0\] must be .*; got 0"),
        (np.zeros((4, 4), complex), TypeError, r"bools, integers or floats; got complex128"),
        (np.array([["a"]]), TypeError, "bools, integers or floats"),
        (np.array([[None]]), TypeError, "bools, integers or floats; got object"),
        ([], ValueError, "picture must hold at least one picture; got none"),
        (np.zeros((0, 28, 28)), ValueError, r"must hold pixels; got float64 \[0, 28, 28\]"),
        (np.zeros((28, 0)), ValueError, r"must hold pixels"),
        (Image.new("L", (0, 3)), ValueError, "1 to 50,000,000 pixels; got 0x3"),
        (np.float32(3), ValueError, r"must be \[height, width\].*; got float32 \[\]"),
        (np.zeros(100), ValueError, r"must be \[height, width\].*; got float64 \[100\]"),
        (np.zeros((2, 1, 28, 28)), ValueError, r"at most 4 channels; got float64 \[2, 1, 28, 28\]"),
        (np.zeros((1, 1, 28, 28, 1)), ValueError, r"must be \[height, width\]"),
        (np.eye(28)[None].repeat(2, axis=0), ValueError, "must be one picture; got 2"),
        (np.broadcast_to(np.uint8(0), (8000, 7000)), ValueError, "50,000,000 .*; got 7000x8000"),
        (np.full((9, 9), np.nan), ValueError, "picture: must hold finite values"),
        (np.where(np.eye(9), np.inf, 0), ValueError, "must hold finite values"),
        (np.eye(9) * 1e300, ValueError, "must hold finite values"),
        (np.zeros((28, 28)), ValueError, "must show a digit; nothing stands out from the ground"),
        (np.full((28, 28), 255, np.uint8), ValueError, "must show a digit"),
        (np.zeros((1, 1)), ValueError, "must show a digit"),
        (Image.new("RGBA", (30, 30), (0, 0, 0, 0)), ValueError, "must show a digit"),
        (Image.new("RGBA", (30, 30), (9, 9, 9, 90)), ValueError, "must show a digit"),
        (drawing(mode="LA", paper=(255, 0), ink=(0, 0)), ValueError, "must show a digit"),
    ],
)
def test_bad_pictures(picture, error, message):
    refuses(error, message, picture)


@pytest.mark.parametrize(
    "options",
    [
        *({"paper": paper, "slope": slope} for paper in (60, 110, 220) for slope in (0, 0.1)),
        {"noise": 1, "slope": 0},
        {"paper": 250, "noise": 15, "slope": 0},
        {"paper": 250, "noise": 8},
    ],
    ids=str,
)
def test_blank_paper_holds_no_digit(options):
    blank = photo(np.zeros((28, 28), np.uint8), np.random.default_rng(0), **options)
    refuses(ValueError, "must show a digit", saved(Image.fromarray(blank), "JPEG", quality=80))


def test_noise_is_no_digit():
    noise = np.random.default_rng(0).integers(0, 256, (50, 50))
    refuses(ValueError, "must show a digit", noise)


def test_the_message_says_which_picture_of_the_batch(model, tmp_path):
    images = np.eye(28)[None].repeat(5, axis=0)
    images[3] = 0
    with pytest.raises(ValueError, match=r"^images\[3\]: must show a digit"):
        predict(model, images)
    with pytest.raises(ValueError, match=r"^images\[1\]\[3\]: must show a digit"):
        predict(model, [PAGE, images])
    with pytest.raises(FileNotFoundError, match=r"^images\[1\]: .*/none.png: no such file$"):
        predict(model, [PAGE, tmp_path / "none.png"])


def test_bad_models(model):
    with pytest.raises(TypeError, match="model must be a Keras model; got 'quick'"):
        predict("quick", PAGE)
    import keras

    other = keras.Sequential([keras.Input((5,)), keras.layers.Dense(10)])
    with pytest.raises(ValueError, match="model must map"):
        predict(other, PAGE)
    assert predict(build_model(), PAGE).probabilities.shape == (1, 10)


def test_files_that_are_none(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"picture: .*/none.png: no such file"):
        to_mnist_form(tmp_path / "none.png")
    with pytest.raises(FileNotFoundError, match="no such file"):
        to_mnist_form("data:image/png;base64," + 5000 * "A")
    with pytest.raises(FileNotFoundError, match="no such file"):
        to_mnist_form("a\0b.png")
    refuses(ValueError, f"{tmp_path}: not a regular file", tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        refuses(ValueError, "not a regular file", tmp_path / "pipe")


@pytest.mark.parametrize("format", ["PNG", "JPEG", "BMP", "GIF", "TIFF", "PPM"])
def test_damaged_files_give_a_clear_error_or_a_picture(tmp_path, format):
    file = io.BytesIO()
    drawing(60, 60).save(file, format)
    whole = file.getvalue()
    path = tmp_path / "four"
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(150):
        content = bytearray(whole)
        start, length = rng.integers(0, len(content)), rng.integers(1, 20)
        match rng.integers(3):
            case 0:
                del content[start:]
            case 1:
                content[start : start + length] = bytes(length)
            case 2:
                content[start] ^= 1 << rng.integers(8)
        path.write_bytes(content)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                to_mnist_form(path)
        except ValueError as error:
            refused += 1
            assert str(error).startswith(("picture: ", f"picture: {path}: "))
            assert "\n" not in str(error)
    assert refused > 10


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n"])
def test_files_that_are_no_pictures(tmp_path, content):
    path = tmp_path / "four.png"
    path.write_bytes(content)
    refuses(ValueError, f"{path}: must be a whole BMP/GIF/JPEG/PNG/PPM/TIFF/WEBP picture", path)


@pytest.mark.parametrize("format", ["EPS", "PCX"])
def test_other_formats(tmp_path, format):
    PAGE.save(tmp_path / "four", format)
    refuses(ValueError, "must be a whole BMP/GIF/JPEG/PNG/PPM/TIFF/WEBP picture", tmp_path / "four")


def test_a_truncated_file(tmp_path):
    path = tmp_path / "four.png"
    PAGE.save(path)
    path.write_bytes(path.read_bytes()[:-60])
    refuses(ValueError, f"picture: {path}: must be a whole .* picture; ", path)


def test_whatever_pillow_raises_becomes_one_line(monkeypatch):
    def fail(image):
        raise RuntimeError("the first line\nthe second")

    monkeypatch.setattr(ImageOps, "exif_transpose", fail)
    refuses(ValueError, "picture: must be a whole .* picture; the first line$", PAGE)


def bomb(width, height):
    """Return a PNG file that declares many pixels and holds none."""

    def chunk(kind, content):
        crc = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + crc

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [7100, 10_000, 30_000])  # Pillow warns of the second
def test_a_picture_that_would_fill_the_memory(tmp_path, side):
    path = tmp_path / "bomb.png"
    path.write_bytes(bomb(side, side))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        refuses(ValueError, f"picture: {path}: .*pixels", path)
    assert not caught


def test_a_page_that_whole_squares_do_not_fill_gets_no_edge():
    page = np.full((1501, 1301), 255, np.uint8)
    page[400:800, 600:700] = 0
    form = to_mnist_form(page)
    assert np.count_nonzero(form) == np.count_nonzero(form == 255) == 20 * 5


def test_a_large_picture_is_averaged_down_first():
    page = np.asarray(drawing(4000, 3000))
    tracemalloc.start()
    to_mnist_form(page)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * page.size  # bytes; all of it as float64 would take eight a pixel


def test_more_ink_than_a_digit_holds(model):
    block = np.pad(np.full((50, 50), 255, np.uint8), 20)
    with pytest.warns(UserWarning, match=r"picture: holds more ink than any digit") as caught:
        to_mnist_form(block)
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match=r"images\[1\]: holds more ink") as caught:
        predict(model, [PAGE, block])
    assert caught[0].filename == __file__


def test_no_digit_of_mnist_holds_too_much_ink(data):
    inkiest = data.train_images.mean(axis=(1, 2)).argsort()[-20:]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for i in inkiest:
            to_mnist_form(data.train_images[i])
