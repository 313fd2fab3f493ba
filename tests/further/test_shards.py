"""Shards: written, read in random order, and damaged in every way."""

import json
import pickle
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

from mnist_tutorial import MnistData, NumpyNetwork, evaluate, train
from mnist_tutorial._internal.tensorflow import tf
from mnist_tutorial.further import ShardedData, load_checkpoint, write_shards


def small_data(n=100, classes=10):
    """Images that are all different, the label of each in its first pixel."""
    images = np.random.default_rng(0).integers(0, 100, (n, 28, 28), np.uint8)
    images[:, 0, 0] = np.arange(n) % classes
    split, held_out = (images, images[:, 0, 0]), (images[:30], images[:30, 0, 0])
    return MnistData.from_arrays(split, held_out, held_out, class_names=range(classes))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return write_shards(small_data(), tmp_path_factory.mktemp("shards") / "small", shards=7)


@pytest.fixture
def folder(written, tmp_path):
    """A copy, to be damaged."""
    return shutil.copytree(written, tmp_path / "small")


def ids(batch):
    """Return what tells the examples of a batch apart, after a look at the labels."""
    assert (batch.labels.argmax(axis=1) == np.rint(batch.xs[:, 0] * 255)).all()
    return [row.tobytes() for row in batch.xs]


# --- what is read is what was written -------------------------------------------------------


def test_the_held_out_splits_are_read_as_they_were(written):
    data, sharded = small_data(), ShardedData(written)
    assert sharded.class_names == data.class_names and sharded.classes == 10
    assert sharded.form == data.form == "fit"
    for name in ("validation_images", "validation_labels", "test_images", "test_labels"):
        np.testing.assert_array_equal(getattr(sharded, name), getattr(data, name))
    for name in ("next_validation_batch", "next_test_batch"):
        for one, other in zip(getattr(sharded, name)(8), getattr(data, name)(8), strict=True):
            np.testing.assert_array_equal(one, other)


def test_batches_have_the_form_of_mnist_data(written):
    batch, expected = ShardedData(written).next_train_batch(5), small_data().next_train_batch(5)
    for one, other in zip(batch, expected, strict=True):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
    everything = ids(small_data().next_train_batch(100))
    assert set(ids(batch)) < set(everything)  # the same pixels, to the bit


@pytest.mark.parametrize("mix", [1, 2, 100])
def test_each_epoch_has_every_image_once_in_an_order_of_its_own(written, mix):
    data, again = ShardedData(written, mix=mix), ShardedData(written, mix=mix)
    epochs = [ids(data.next_train_batch(100)) for _ in range(3)]
    everything = sorted(ids(small_data().next_train_batch(100)))
    assert [sorted(epoch) for epoch in epochs] == [everything] * 3
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]
    # Also in batches that do not divide the epoch.
    parts = [one for _ in range(30) for one in ids(again.next_train_batch(9))]
    assert parts == [one for epoch in epochs for one in epoch][: len(parts)]
    assert ids(ShardedData(written, mix=mix, seed=1).next_train_batch(100)) != epochs[0]


def test_a_position_is_enough_to_continue(written):
    data, other = ShardedData(written), ShardedData(written)
    for _ in range(13):
        batch = data.next_train_batch(12)
    other.train_sampler.position = 12 * 12
    assert ids(other.next_train_batch(12)) == ids(batch)
    third = pickle.loads(pickle.dumps(data))
    assert ids(third.next_train_batch(7)) == ids(data.next_train_batch(7))


def test_a_batch_may_be_as_large_as_the_split(written):
    with pytest.raises(ValueError, match=r"^batch_size must be a whole number in 1..100; got 101"):
        ShardedData(written).next_train_batch(101)


def test_other_programs_can_read_the_records(written):
    paths = sorted(map(str, written.glob("train-*.tfrecord")))
    assert len(paths) == 7 and paths[0].endswith("train-00000-of-00007.tfrecord")
    rows = np.array([list(record) for record in tf.data.TFRecordDataset(paths).as_numpy_iterator()])
    assert rows.shape == (100, 785) and rows.max() < 256
    np.testing.assert_array_equal(rows[:, 0], rows[:, -1])
    labels = rows[:25, -1]
    assert len(set(labels)) > 5  # a shard is a sample, not a stretch


def test_train_takes_shards_in_place_of_mnist_data(data, tmp_path):
    sharded = ShardedData(write_shards(data, tmp_path / "mnist"), seed=3)
    model = NumpyNetwork()
    train(model, sharded, batches=200, progress=False)
    assert evaluate(model, sharded).accuracy > 0.93
    assert evaluate(model, sharded).accuracy == evaluate(model, data).accuracy


def test_training_continues_from_a_checkpoint(written, tmp_path):
    def run(path, **settings):
        model = NumpyNetwork()
        history = train(
            model, ShardedData(written), batch_size=16, validation_batch_size=20,
            progress=False, checkpoint=path, **settings,
        )  # fmt: skip
        return [weight.tolist() for weight in model.get_weights()], history

    whole = run(tmp_path / "whole", batches=30)
    run(tmp_path / "parts", batches=13)
    assert run(tmp_path / "parts", batches=30) == whole
    assert len(load_checkpoint(tmp_path / "parts")[0]["loss"]) == 30
    other = ShardedData(written, mix=2)  # another order
    with pytest.raises(ValueError, match="its images and labels differ"):
        train(NumpyNetwork(), other, batch_size=16, validation_batch_size=20,
              checkpoint=tmp_path / "parts")  # fmt: skip


# --- shards that are not as written ---------------------------------------------------------

FIRST, SECOND = "train-00000-of-00007.tfrecord", "train-00001-of-00007.tfrecord"


def flip_a_bit(path, position=500):
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)


def edit_manifest(change):
    def damage(folder):
        path = folder / "shards.json"
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))

    return damage


DAMAGES = {
    "a flipped bit": (
        lambda folder: flip_a_bit(folder / SECOND),
        f"{SECOND}: damaged; the SHA-256 of this shard is not the one in shards.json",
    ),
    "cut short": (
        lambda folder: (folder / SECOND).write_bytes((folder / SECOND).read_bytes()[:-1]),
        rf"{SECOND}: damaged, this shard must be \d+ bytes; got \d+",
    ),
    "missing": (lambda folder: (folder / SECOND).unlink(), f"{SECOND}: this shard is missing"),
    "copied over another": (
        lambda folder: shutil.copy(folder / FIRST, folder / SECOND),
        f"{SECOND}: a duplicate of {FIRST}; the SHA-256",
    ),
    "copied beside": (
        lambda folder: shutil.copy(folder / FIRST, folder / f"copy of {FIRST}"),
        f"copy of {FIRST}: shards.json does not list this shard; is it a duplicate",
    ),
    "listed twice": (
        edit_manifest(lambda content: content["splits"]["train"].append(
            content["splits"]["train"][0])),
        f"{FIRST}: a duplicate, shards.json lists it twice",
    ),
    "a name that leads elsewhere": (
        edit_manifest(lambda content: content["splits"]["train"][0].update(file="../x.tfrecord")),
        "shards.json: damaged, or not a manifest",
    ),
    "no manifest": (
        lambda folder: (folder / "shards.json").write_text("{"),
        "shards.json: damaged, or not a manifest",
    ),
    "another program's manifest": (
        lambda folder: (folder / "shards.json").write_text('{"format": "other"}'),
        "shards.json: damaged, or not a manifest",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_one_line_that_names_the_shard(folder, name):
    damage, message = DAMAGES[name]
    damage(folder)
    with pytest.raises(ValueError, match=message) as caught:
        ShardedData(folder)
    assert str(caught.value).startswith(str(folder)) and "\n" not in str(caught.value)


@pytest.mark.parametrize("split", ["train", "validation"])
def test_damage_that_comes_later_is_named_when_it_is_read(folder, split):
    data = ShardedData(folder)
    [shard, *_] = sorted(folder.glob(f"{split}-*"))
    flip_a_bit(shard)
    with pytest.raises(ValueError, match=f"{shard.name}: damaged"):
        for _ in range(20):
            getattr(data, f"next_{split}_batch")(10)
    shard.unlink()
    with pytest.raises(ValueError, match=f"{shard.name}: this shard is missing"):
        ShardedData(folder, verify=False)


def test_a_folder_without_shards(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"holds no shards\.json"):
        ShardedData(tmp_path)
    with pytest.raises(FileNotFoundError, match="no such folder"):
        ShardedData(tmp_path / "no")


# --- written whole or not at all -------------------------------------------------------------


def test_a_folder_in_use_is_refused_and_left_as_it_is(folder):
    before = sorted(folder.iterdir())
    with pytest.raises(FileExistsError, match="exists already"):
        write_shards(small_data(), folder)
    assert sorted(folder.iterdir()) == before


def test_a_failure_leaves_nothing(tmp_path):
    data = small_data()
    data.test_labels = data.test_labels[:-1]  # found when the rest is written
    with pytest.raises(IndexError):
        write_shards(data, tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_writer_left_is_removed(tmp_path):
    code = """
import os, signal, sys
from mnist_tutorial import MnistData
from mnist_tutorial.further import shards
shards.write_manifest = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
data = MnistData()
split = data.train_images[:9], data.train_labels[:9]
shards.write_shards(MnistData.from_arrays(split, split, split), sys.argv[1])
"""
    command = [sys.executable, "-c", code, tmp_path / "new"]
    assert subprocess.run(command, timeout=120).returncode == -signal.SIGKILL
    [left] = tmp_path.iterdir()
    assert left.name.endswith(".unfinished")
    write_shards(small_data(), tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_too_many_classes(tmp_path):
    with pytest.raises(ValueError, match="data must have at most 256 classes; got 300"):
        data = small_data(classes=256)
        data.classes = 300
        write_shards(data, tmp_path / "new")


# --- the command ------------------------------------------------------------------------------


def test_the_command_writes_what_train_reads(tmp_path):
    def run(*arguments, code=0):
        command = [sys.executable, "-m", "mnist_tutorial", *arguments]
        result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240)
        assert result.returncode == code, result.stderr
        return result

    written = run("shard", "shards", "--shards", "3").stdout
    assert written.splitlines()[0].split() == ["train", "55,000", "pictures", "in", "3", "files"]
    trained = run("train", "--data", "shards", "--batches", "50", "--json").stdout
    assert json.loads(trained)["validation_accuracy"] > 0.75
    flip_a_bit(tmp_path / "shards" / "train-00001-of-00003.tfrecord")
    failed = run("train", "--data", "shards", code=1).stderr
    assert "train-00001-of-00003.tfrecord: damaged" in failed and failed.count("\n") == 1
