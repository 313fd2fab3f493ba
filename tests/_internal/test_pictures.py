"""Pictures that are refused in one line: wrong kinds, damaged and hostile files."""

import io
import os
import struct
import tracemalloc
import warnings
import zlib

import numpy as np
import pytest
from drawings import drawing
from PIL import Image, ImageOps

from mnist_tutorial.further import to_mnist_image

PAGE = drawing()


def refuses(error, message, picture):
    with pytest.raises(error, match=message) as caught:
        to_mnist_image(picture)
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


def test_files_that_are_none(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"picture: .*/none.png: no such file"):
        to_mnist_image(tmp_path / "none.png")
    with pytest.raises(FileNotFoundError, match="no such file"):
        to_mnist_image("data:image/png;base64," + 5000 * "A")
    with pytest.raises(FileNotFoundError, match="no such file"):
        to_mnist_image("a\0b.png")
    refuses(ValueError, f"{tmp_path}: a folder; give its pictures, such as sorted", tmp_path)
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
                to_mnist_image(path)
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
    form = to_mnist_image(page)
    assert np.count_nonzero(form) == np.count_nonzero(form == 255) == 20 * 5


def test_a_large_picture_is_averaged_down_first():
    page = np.asarray(drawing(4000, 3000))
    tracemalloc.start()
    to_mnist_image(page)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * page.size  # bytes; all of it as float64 would take eight a pixel
