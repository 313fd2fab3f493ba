"""The three splits: where they come from, what is in them, which files are refused."""

import gzip
import shutil
import struct
import warnings

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from mnist_tutorial import (
    MnistData,
    accuracy_per_class,
    confusion_matrix,
    evaluate,
    plot_accuracy_per_class,
    plot_confusion_matrix,
    plot_digits,
    read_idx,
    train,
)
from mnist_tutorial import data as data_module
from mnist_tutorial._internal import idx_folder
from mnist_tutorial.further import SGD, NumpyNetwork

matplotlib.use("Agg")

NAMES = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
]


def idx(array):
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(np.uint8).tobytes()


@pytest.fixture
def folder(tmp_path):
    """Return a folder of four small valid files: 60 training images and 20 test images."""
    rng = np.random.default_rng(0)
    for prefix, n in (("train", 60), ("t10k", 20)):
        images = rng.integers(0, 256, (n, 28, 28))
        (tmp_path / f"{prefix}-images-idx3-ubyte").write_bytes(idx(images))
        (tmp_path / f"{prefix}-labels-idx1-ubyte").write_bytes(idx(np.arange(n) % 10))
    return tmp_path


def test_splits(data):
    assert data.train_images.shape == (55000, 28, 28)
    assert data.validation_images.shape == (5000, 28, 28)
    assert data.test_images.shape == (10000, 28, 28)
    for split in ("train", "validation", "test"):
        assert getattr(data, f"{split}_images").dtype == np.uint8
        assert len(getattr(data, f"{split}_labels")) == len(getattr(data, f"{split}_images"))


def test_known_facts_of_mnist(data):
    assert data.train_labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert data.test_labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    # Counts of the digits in the whole training file, as published.
    counts = np.bincount(np.concatenate([data.train_labels, data.validation_labels]))
    assert counts.tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    pixels = np.concatenate([data.train_images, data.validation_images])
    assert round(float(pixels.mean()) / 255, 4) == 0.1307


def test_validation_is_the_end_of_the_training_file(data):
    images = read_idx(idx_folder.SHIPPED_FOLDER / "train-images-idx3-ubyte.gz")
    np.testing.assert_array_equal(data.validation_images, images[-5000:])


@pytest.mark.parametrize(
    ("method", "split", "default"),
    [
        ("next_train_batch", "train", 64),
        ("next_validation_batch", "validation", 1000),
        ("next_test_batch", "test", 1000),
    ],
)
def test_batches_come_from_their_split(data, method, split, default):
    xs, labels = getattr(MnistData(), method)()
    assert xs.shape == (default, 784)
    assert labels.shape == (default, 10)
    images = (xs * 255).round().astype(np.uint8).reshape(-1, 28, 28)
    rows = {image.tobytes(): i for i, image in enumerate(getattr(data, f"{split}_images"))}
    places = [rows[image.tobytes()] for image in images[:50]]
    assert getattr(data, f"{split}_labels")[places].tolist() == labels[:50].argmax(1).tolist()


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
def test_bad_batch_sizes(data, method, batch_size, error):
    with pytest.raises(error, match="batch_size must be"):
        getattr(data, method)(batch_size)


def test_batch_larger_than_its_split(data):
    with pytest.raises(
        ValueError, match=r"batch_size must be a whole number in 1\.\.5000; got 5001"
    ):
        data.next_validation_batch(5001)


def test_own_folder_plain_and_gzipped(folder):
    plain = MnistData(folder)
    assert plain.train_images.shape == (55, 28, 28)
    assert plain.validation_images.shape == (5, 28, 28)  # a twelfth
    for name in NAMES:
        (folder / f"{name}.gz").write_bytes(gzip.compress((folder / name).read_bytes()))
        (folder / name).unlink()
    zipped = MnistData(str(folder))
    np.testing.assert_array_equal(plain.test_images, zipped.test_images)


def test_shipped_files_are_verified(tmp_path, monkeypatch):
    shutil.copytree(idx_folder.SHIPPED_FOLDER, tmp_path / "mnist")
    for module in (data_module, idx_folder):
        monkeypatch.setattr(module, "SHIPPED_FOLDER", tmp_path / "mnist")
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


@pytest.mark.parametrize("name", ["missing", "x" * 300, "zero\0byte"])
def test_missing_folder(tmp_path, name):
    with pytest.raises(FileNotFoundError, match=f"{name}: no such folder"):
        MnistData(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            idx(np.zeros((20, 28, 28)))[:-1],
            r"declares \[20, 28, 28\], 15680 bytes; 15679 follow it",
        ),
        (idx(np.zeros((20, 32, 32))), r"images must be \[n, 28, 28\]; got \[20, 32, 32\]"),
        (idx(np.zeros((20, 784))), r"images must be \[n, 28, 28\]; got \[20, 784\]"),
        (
            idx(np.zeros((0, 28, 28))),
            r"labels must be \[0\], one for each image of t10k-images-idx3-ubyte",
        ),
        (
            idx(np.zeros((21, 28, 28))),
            r"labels must be \[21\], one for each image of t10k-images.*; got \[20\]",
        ),
    ],
)
@pytest.mark.parametrize("gzipped", [False, True])
def test_bad_image_files(folder, content, message, gzipped):
    path = folder / "t10k-images-idx3-ubyte"
    if gzipped:
        path.unlink()
        path = path.with_name(f"{path.name}.gz")
    path.write_bytes(gzip.compress(content) if gzipped else content)
    with pytest.raises(ValueError, match=message) as caught:
        MnistData(folder)
    assert "t10k-" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.full(20, 10), r"t10k-labels-idx1-ubyte: labels must lie in 0\.\.9; got 10\.\.10"),
        (np.zeros((20, 1)), r"labels must be \[20\], one for each image .*; got \[20, 1\]"),
        (np.zeros(19), r"labels must be \[20\], one for each image of t10k-images.*; got \[19\]"),
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
    (folder / "train-images-idx3-ubyte").write_bytes(idx(np.zeros((1, 28, 28))))
    (folder / "train-labels-idx1-ubyte").write_bytes(idx(np.zeros(1)))
    with pytest.raises(ValueError, match=r"needs at least 2 training images; holds 1"):
        MnistData(folder)


# What happens to a part of a file.
DAMAGES = [
    lambda part: b"",
    lambda part: bytes(255 - byte for byte in part),
    lambda part: bytes(len(part)),
    lambda part: part + part,
    lambda part: part[::-1],
]


@pytest.mark.parametrize("name", NAMES)
def test_folder_with_a_damaged_file(tmp_path, name):
    rng = np.random.default_rng(2)
    for prefix, n in (("train", 5), ("t10k", 3)):
        images = rng.integers(0, 256, (n, 28, 28))
        (tmp_path / f"{prefix}-images-idx3-ubyte").write_bytes(idx(images))
        (tmp_path / f"{prefix}-labels-idx1-ubyte").write_bytes(idx(np.arange(n)))
    path = tmp_path / name
    content = path.read_bytes()
    data = errors = 0
    for _ in range(400):
        # Half of the damages in the header, where they do most.
        start = int(rng.integers(0, rng.choice([16, len(content)])))
        end = start + int(rng.integers(1, 40))
        damage = DAMAGES[rng.integers(len(DAMAGES))]
        damaged = content[:start] + damage(content[start:end]) + content[end:]
        path.unlink()  # faster than to overwrite it: ext4 flushes that to the disk
        path.write_bytes(damaged)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # flipped images look inverted, and may
                result = MnistData(tmp_path)
        except ValueError as error:
            message = str(error).replace(str(tmp_path), "")
            assert name.partition("-")[0] in message and "\n" not in message and len(message) < 200
            errors += 1
        else:
            assert result.train_images.shape[1:] == result.test_images.shape[1:] == (28, 28)
            for split in ("train", "validation", "test"):
                labels = getattr(result, f"{split}_labels")
                assert len(labels) == len(getattr(result, f"{split}_images")) > 0
                assert labels.max() <= 9
            data += 1
    assert errors >= 50 and data >= 10


def test_only_regular_files_are_read(folder):
    path = folder / "train-images-idx3-ubyte"
    path.unlink()
    path.mkdir()
    with pytest.raises(ValueError, match="train-images-idx3-ubyte: not a regular file"):
        MnistData(folder)


def test_inverted_images_are_warned_of_at_the_callers_line(folder):
    for prefix, n in (("train", 60), ("t10k", 20)):
        images = np.full((n, 28, 28), 255)
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(idx(images))
    with pytest.warns(UserWarning, match="^images look inverted") as caught:
        data = MnistData(folder)
    assert {warning.filename for warning in caught} == {__file__}
    with warnings.catch_warnings():  # but not with every batch
        warnings.simplefilter("error")
        data.next_train_batch(10)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"folder": 3}, TypeError, "folder must be a path; got 3"),
        ({"folder": ""}, TypeError, "folder must be a path; got ''"),
        ({"seed": "a"}, TypeError, "seed must be a whole number; got 'a'"),
        ({"seed": None}, TypeError, "seed must be a whole number; got None"),
        ({"seed": -1}, ValueError, r"seed must be a whole number in 0\.\.4294967295; got -1"),
        ({"class_names": 3}, TypeError, "class_names must be a sequence of names; got 3"),
        ({"class_names": None}, TypeError, "class_names must be a sequence of names; got None"),
        ({"class_names": ["a"]}, ValueError, "class_names must hold at least 2 names; got 1"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        MnistData(**arguments)


# --- other classes, other sizes ------------------------------------------------------------


IMAGES = np.zeros((6, 28, 28), np.uint8)
LABELS = np.arange(6) % 3


def letters(n, seed=0):
    """Images of 26 classes: a bright column whose place is the class."""
    labels = np.random.default_rng(seed).integers(0, 26, n)
    images = np.zeros((n, 28, 28), np.uint8)
    images[np.arange(n), :, labels + 1] = 255
    return images, labels


def test_a_set_of_26_letters_is_learned():
    names = "abcdefghijklmnopqrstuvwxyz"
    splits = letters(1000, 1), letters(200, 2), letters(300, 3)
    data = MnistData.from_arrays(*splits, class_names=names, seed=1)
    assert (data.classes, data.class_names[3]) == (26, "d")
    assert data.next_train_batch(5).labels.shape == (5, 26)
    network = NumpyNetwork(classes=26)
    sizes = {"validation_batch_size": 100, "progress": False}
    train(network, data, optimizer=SGD(0.1, 0.9), epochs=3, **sizes)
    evaluation = evaluate(network, data, split="validation")
    assert evaluation.probabilities.shape == (200, 26) and evaluation.accuracy > 0.95
    evaluation = evaluate(network, data)
    assert evaluation.probabilities.shape == (300, 26) and evaluation.accuracy > 0.95
    predictions = evaluation.probabilities.argmax(1)
    counts = confusion_matrix(data.test_labels, predictions, classes=data.classes)
    assert counts.shape == (26, 26) and counts.sum() == 300
    ax = plot_confusion_matrix(counts, class_names=data.class_names)
    assert [label.get_text() for label in ax.get_yticklabels()] == list(names)
    shares = accuracy_per_class(data.test_labels, predictions, classes=data.classes)
    assert len(plot_accuracy_per_class(shares, class_names=data.class_names).patches) == 26
    ax = plot_digits(data.test_images[:9], data.test_labels[:9], class_names=data.class_names)
    assert [text.get_text() for text in ax.texts] == [names[i] for i in data.test_labels[:9]]
    plt.close("all")


def test_letters_from_files(folder):
    for prefix, n in (("train", 60), ("t10k", 20)):
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(idx(np.arange(n) % 26))
    with pytest.raises(ValueError, match=r"labels must lie in 0\.\.9; got 0\.\.25"):
        MnistData(folder)
    data = MnistData(folder, class_names="abcdefghijklmnopqrstuvwxyz")
    assert data.next_test_batch(20).labels.shape == (20, 26)
    np.testing.assert_array_equal(data.test_labels, np.arange(20))


def test_from_arrays_keeps_each_split_in_its_place():
    images = [np.full((n, 28, 28), n, np.uint8) for n in (6, 5, 4)]
    labels = [[1] * 6, [2] * 5, [3] * 4]  # lists, which become arrays
    data = MnistData.from_arrays(*zip(images, labels, strict=True), seed=3)
    for name, n, label in (("train", 6, 1), ("validation", 5, 2), ("test", 4, 3)):
        assert getattr(data, f"{name}_images").tolist() == np.full((n, 28, 28), n).tolist()
        kept = getattr(data, f"{name}_labels")
        assert isinstance(kept, np.ndarray) and kept.tolist() == [label] * n
        batch = getattr(data, f"next_{name}_batch")(n)
        assert batch.labels.argmax(axis=1).tolist() == [label] * n
    assert repr(data) == "MnistData(6 training, 5 validation and 4 test images, seed 3)"


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"train": None}, TypeError, "train must be a pair, images and labels; got None"),
        ({"validation": np.ones(2)}, TypeError, "validation must be a pair, .*; got float64"),
        ({"test": (1, 2, 3)}, TypeError, "test must be a pair, images and labels; got tuple"),
        ({"test": (IMAGES / 255, LABELS)}, ValueError, r"images must be uint8 .*; got float64 \["),
        ({"validation": (IMAGES, LABELS[:5])}, ValueError, r"n = 6; got int64 \[5\]"),
        ({"train": (IMAGES, LABELS + 9)}, ValueError, r"labels must lie in 0\.\.9; got 9\.\.11"),
        ({"class_names": "ab"}, ValueError, r"labels must lie in 0\.\.1; got 0\.\.2"),
        ({"class_names": 3}, TypeError, "class_names must be a sequence of names; got 3"),
        ({"seed": 1.5}, TypeError, r"seed must be a whole number; got 1\.5"),
    ],
)
def test_bad_arguments_of_from_arrays(changes, error, message):
    splits = dict.fromkeys(("train", "validation", "test"), (IMAGES, LABELS))
    with pytest.raises(error, match=message):
        MnistData.from_arrays(**(splits | changes))


def test_class_names_are_kept_as_a_tuple():
    split = IMAGES, LABELS
    names = np.array(["cat", "dog", "cow"])
    data = MnistData.from_arrays(split, split, split, class_names=names)
    assert (data.class_names, data.classes) == (("cat", "dog", "cow"), 3)


def test_a_model_of_other_classes_is_refused():
    split = IMAGES, LABELS
    data = MnistData.from_arrays(split, split, split, class_names="abc")
    with pytest.raises(ValueError, match=r"must map .* to \(None, 3\)"):
        evaluate(NumpyNetwork(), data)


def test_it_shows_itself_in_a_line(data):
    assert repr(data) == (
        "MnistData(55,000 training, 5,000 validation and 10,000 test images, seed 0)"
    )
    assert 'src="data:image/png;base64,' in data._repr_html_()
