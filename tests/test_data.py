import gzip
import shutil
import struct

import numpy as np
import pytest

from mnist_tutorial import MnistData, read_idx
from mnist_tutorial import data as data_module

NAMES = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
]


def idx(array):
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(np.uint8).tobytes()


@pytest.fixture(scope="module")
def mnist():
    return MnistData()


@pytest.fixture
def folder(tmp_path):
    """Return a folder of four small valid files: 5,010 training images and 20 test images."""
    rng = np.random.default_rng(0)
    for prefix, n in (("train", 5010), ("t10k", 20)):
        images = rng.integers(0, 256, (n, 28, 28))
        (tmp_path / f"{prefix}-images-idx3-ubyte").write_bytes(idx(images))
        (tmp_path / f"{prefix}-labels-idx1-ubyte").write_bytes(idx(np.arange(n) % 10))
    return tmp_path


def test_splits(mnist):
    assert mnist.train_images.shape == (55000, 28, 28)
    assert mnist.validation_images.shape == (5000, 28, 28)
    assert mnist.test_images.shape == (10000, 28, 28)
    for split in ("train", "validation", "test"):
        assert getattr(mnist, f"{split}_images").dtype == np.uint8
        assert len(getattr(mnist, f"{split}_labels")) == len(getattr(mnist, f"{split}_images"))


def test_known_facts_of_mnist(mnist):
    assert mnist.train_labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert mnist.test_labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    # Counts of the digits in the whole training file, as published.
    counts = np.bincount(np.concatenate([mnist.train_labels, mnist.validation_labels]))
    assert counts.tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    pixels = np.concatenate([mnist.train_images, mnist.validation_images])
    assert round(float(pixels.mean()) / 255, 4) == 0.1307


def test_validation_is_the_end_of_the_training_file(mnist):
    images = read_idx(data_module.SHIPPED_FOLDER / "train-images-idx3-ubyte.gz")
    np.testing.assert_array_equal(mnist.validation_images, images[-5000:])


@pytest.mark.parametrize(
    ("method", "split", "default"),
    [
        ("next_train_batch", "train", 64),
        ("next_validation_batch", "validation", 1000),
        ("next_test_batch", "test", 1000),
    ],
)
def test_batches_come_from_their_split(mnist, method, split, default):
    xs, labels = getattr(mnist, method)()
    assert xs.shape == (default, 784)
    assert labels.shape == (default, 10)
    images = (xs * 255).round().astype(np.uint8).reshape(-1, 28, 28)
    rows = {image.tobytes(): i for i, image in enumerate(getattr(mnist, f"{split}_images"))}
    places = [rows[image.tobytes()] for image in images[:50]]
    assert getattr(mnist, f"{split}_labels")[places].tolist() == labels[:50].argmax(1).tolist()


def test_seed_fixes_the_order():
    first, again, other = MnistData(seed=1), MnistData(seed=1), MnistData(seed=2)
    xs = first.next_train_batch(10).xs
    np.testing.assert_array_equal(xs, again.next_train_batch(10).xs)
    assert not np.array_equal(xs, other.next_train_batch(10).xs)


@pytest.mark.parametrize(
    ("batch_size", "error"), [(0, ValueError), (-3, ValueError), (True, TypeError),
                              (64.5, TypeError), ("64", TypeError)]
)  # fmt: skip
@pytest.mark.parametrize("method", ["next_train_batch", "next_validation_batch", "next_test_batch"])
def test_bad_batch_sizes(mnist, method, batch_size, error):
    with pytest.raises(error, match="batch_size must be"):
        getattr(mnist, method)(batch_size)


def test_batch_larger_than_its_split(mnist):
    with pytest.raises(ValueError, match="batch_size must be at most 5000"):
        mnist.next_validation_batch(5001)


def test_own_folder_plain_and_gzipped(folder):
    plain = MnistData(folder)
    assert plain.train_images.shape == (10, 28, 28)
    for name in NAMES:
        (folder / f"{name}.gz").write_bytes(gzip.compress((folder / name).read_bytes()))
        (folder / name).unlink()
    zipped = MnistData(str(folder))
    np.testing.assert_array_equal(plain.test_images, zipped.test_images)


def test_shipped_files_are_verified(tmp_path, monkeypatch):
    shutil.copytree(data_module.SHIPPED_FOLDER, tmp_path / "mnist")
    monkeypatch.setattr(data_module, "SHIPPED_FOLDER", tmp_path / "mnist")
    MnistData()
    path = tmp_path / "mnist" / "t10k-labels-idx1-ubyte.gz"
    labels = bytearray(gzip.decompress(path.read_bytes()))
    labels[8] ^= 1
    path.write_bytes(gzip.compress(labels))
    with pytest.raises(ValueError, match=r"t10k-labels-idx1-ubyte\.gz: damaged"):
        MnistData()


@pytest.mark.parametrize("name", NAMES)
def test_missing_file(folder, name):
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=f"neither {name} nor {name}.gz"):
        MnistData(folder)


def test_missing_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere: no such folder"):
        MnistData(tmp_path / "nowhere")


def write_gz(folder, name, content):
    (folder / name).unlink()
    (folder / f"{name}.gz").write_bytes(content)


IMAGES = idx(np.zeros((20, 28, 28)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\x00\x00\x08", "starts with 00 00 08; this one starts with 00 00 08"),
        (b"<html>", "this one starts with 3c 68 74 6d"),
        (b"\x00\x00\x09" + IMAGES[3:], "this one starts with 00 00 09 03"),
        (IMAGES[:10], "the header is cut short"),
        (IMAGES[:-1], r"declares \[20, 28, 28\], 15680 bytes; 15679 follow"),
        (IMAGES[: -28 * 28], "15680 bytes; 14896 follow"),
        (IMAGES + b"\x00", "15680 bytes; more follow it"),
        (idx(np.zeros((20, 32, 32))), r"images must be \[n, 28, 28\]; got \[20, 32, 32\]"),
        (idx(np.zeros((20, 784))), r"images must be \[n, 28, 28\]; got \[20, 784\]"),
        (idx(np.zeros((0, 28, 28))), "holds 20 labels for the 0 images"),
        (idx(np.zeros((21, 28, 28))), "holds 20 labels for the 21 images"),
    ],
)
@pytest.mark.parametrize("gzipped", [False, True])
def test_bad_image_files(folder, content, message, gzipped):
    name = "t10k-images-idx3-ubyte"
    if gzipped:
        write_gz(folder, name, gzip.compress(content))
    else:
        (folder / name).write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        MnistData(folder)
    assert "t10k-" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no gzip at all", "not a valid gzip file"),
        (b"", "the file is empty"),
        (gzip.compress(IMAGES)[:-20], "cut short"),
        (gzip.compress(IMAGES)[:30] + b"\xff" * 60 + gzip.compress(IMAGES)[90:], "gzip"),
    ],
)
def test_bad_gzip_files(folder, content, message):
    write_gz(folder, "t10k-images-idx3-ubyte", content)
    with pytest.raises(ValueError, match=message) as caught:
        MnistData(folder)
    assert "t10k-images-idx3-ubyte.gz" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.full(20, 10), r"labels must lie in 0\.\.9; found 10"),
        (np.zeros((20, 1)), r"labels must be \[n\]; got \[20, 1\]"),
        (np.zeros(19), "holds 19 labels for the 20 images of t10k-images"),
    ],
)
def test_bad_label_files(folder, labels, message):
    (folder / "t10k-labels-idx1-ubyte").write_bytes(idx(labels))
    with pytest.raises(ValueError, match=message):
        MnistData(folder)


def test_no_images_at_all(folder):
    (folder / "t10k-images-idx3-ubyte").write_bytes(idx(np.zeros((0, 28, 28))))
    (folder / "t10k-labels-idx1-ubyte").write_bytes(idx(np.zeros(0)))
    with pytest.raises(ValueError, match="t10k-images-idx3-ubyte: holds no images"):
        MnistData(folder)


def test_too_few_training_images(folder):
    (folder / "train-images-idx3-ubyte").write_bytes(idx(np.zeros((5000, 28, 28))))
    (folder / "train-labels-idx1-ubyte").write_bytes(idx(np.zeros(5000)))
    with pytest.raises(ValueError, match=r"needs more than 5000 images.*holds 5000"):
        MnistData(folder)


def test_bad_seed():
    with pytest.raises(TypeError, match="seed must be a whole number; got 'a'"):
        MnistData(seed="a")


def test_read_idx_of_any_rank(tmp_path):
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    (tmp_path / "cube").write_bytes(idx(array))
    result = read_idx(tmp_path / "cube")
    np.testing.assert_array_equal(result, array)
    result[0] = 0  # writable
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_idx(tmp_path / "missing")
