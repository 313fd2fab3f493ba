"""Files cut, flipped, zeroed: each gives one clean error, or the data that it still holds."""

import gzip
import os
import struct
import tracemalloc
import warnings

import numpy as np
import pytest

from mnist_tutorial import MnistData, read_idx
from mnist_tutorial import data as data_module

ARRAY = np.random.default_rng(0).integers(0, 256, (3, 4, 5), dtype=np.uint8)


def idx(array):
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(np.uint8).tobytes()


def regions(size):
    """Return (start, end) of every region of up to 12 bytes, and of the rest of the file."""
    for start in range(size):
        yield from ((start, end) for end in range(start + 1, min(start + 13, size + 1)))
        yield start, size


def inverted(part):
    return bytes(255 - byte for byte in part)


# What happens to a region of a file.
DAMAGES = {
    "cut out": lambda part: b"",
    "flipped": inverted,
    "zeroed": lambda part: bytes(len(part)),
    "doubled": lambda part: part + part,
    "reversed": lambda part: part[::-1],
}


def flipped_bits(content):
    for place in range(8 * len(content)):
        damaged = bytearray(content)
        damaged[place // 8] ^= 1 << place % 8
        yield bytes(damaged)


def damaged_versions(content, damage):
    for start, end in regions(len(content)):
        yield content[:start] + DAMAGES[damage](content[start:end]) + content[end:]


def write(path, content):
    """Write a new file: ext4 flushes one that is cut and written anew, which takes its time."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def check_clean(error, path):
    """Assert that an error names the file, in one short line."""
    message = str(error)
    assert type(error) is ValueError, repr(error)
    assert message.startswith(f"{path}: ") and "\n" not in message
    assert len(message.removeprefix(str(path))) < 200


def count_outcomes(versions, path, check):
    """Read every version of a file, check what comes back, return (arrays, errors)."""
    arrays = errors = 0
    for content in versions:
        write(path, content)
        try:
            array = read_idx(path)
        except Exception as error:
            check_clean(error, path)
            errors += 1
        else:
            check(array, content)
            arrays += 1
    return arrays, errors


def check_is_what_the_file_holds(array, content):
    # Nothing can tell that a pixel has changed; but what comes back must be the file's own.
    ndim = content[3]
    assert content[:3] == b"\x00\x00\x08"
    assert array.shape == struct.unpack_from(f">{ndim}I", content, 4)
    assert array.tobytes() == content[4 + 4 * ndim :]


def check_is_undamaged(array, content):
    np.testing.assert_array_equal(array, ARRAY)  # gzip has a checksum


@pytest.mark.parametrize("damage", [*DAMAGES, "bit flipped"])
def test_damaged_idx_file(tmp_path, damage):
    content = idx(ARRAY)
    versions = (
        flipped_bits(content) if damage == "bit flipped" else damaged_versions(content, damage)
    )
    arrays, errors = count_outcomes(versions, tmp_path / "file", check_is_what_the_file_holds)
    assert arrays + errors >= 600 and errors >= 100
    # Without damage to the header, and to the length, there is nothing to complain of.
    assert arrays > 0 or damage in ("cut out", "doubled")


@pytest.mark.parametrize("damage", [*DAMAGES, "bit flipped"])
def test_damaged_gzip_file(tmp_path, damage):
    content = gzip.compress(idx(ARRAY), mtime=0)
    versions = (
        flipped_bits(content) if damage == "bit flipped" else damaged_versions(content, damage)
    )
    arrays, errors = count_outcomes(versions, tmp_path / "file.gz", check_is_undamaged)
    assert errors >= 700 and arrays < 200


@pytest.mark.parametrize("gzipped", [False, True])
def test_random_files(tmp_path, gzipped):
    rng = np.random.default_rng(1)
    path = tmp_path / ("file.gz" if gzipped else "file")
    for _ in range(1000):
        # Random headers before random values: sizes that fit, huge ones, too many dimensions.
        sizes = rng.choice([0, 1, 2, 3, 2**16, 2**31, 2**32 - 1], rng.integers(0, 10))
        header = bytes([0, 0, 8, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes)
        content = header + rng.bytes(rng.integers(0, 10))
        write(path, gzip.compress(content) if gzipped else content)
        try:
            check_is_what_the_file_holds(read_idx(path), content)
        except ValueError as error:
            check_clean(error, path)


@pytest.mark.parametrize("name", list(data_module.SHIPPED_SHA256))
def test_folder_with_a_damaged_file(tmp_path, monkeypatch, name):
    monkeypatch.setattr(data_module, "VALIDATION_IMAGES", 2)
    rng = np.random.default_rng(2)
    for prefix, n in (("train", 5), ("t10k", 3)):
        images = rng.integers(0, 256, (n, 28, 28))
        (tmp_path / f"{prefix}-images-idx3-ubyte").write_bytes(idx(images))
        (tmp_path / f"{prefix}-labels-idx1-ubyte").write_bytes(idx(np.arange(n)))
    content = (tmp_path / name).read_bytes()
    data = errors = 0
    for _ in range(400):
        # Half of the damages in the header, where they do most.
        start = int(rng.integers(0, rng.choice([16, len(content)])))
        end = start + int(rng.integers(1, 40))
        damage = DAMAGES[rng.choice(list(DAMAGES))]
        damaged = content[:start] + damage(content[start:end]) + content[end:]
        write(tmp_path / name, damaged)
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


def peak_of_reading(path, message):
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=message):
            read_idx(path)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_small_file_that_unpacks_into_a_huge_one(tmp_path):
    path = tmp_path / "file.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(idx(ARRAY))
        for _ in range(100):
            file.write(bytes(2**20))
    assert path.stat().st_size < 2**20
    assert peak_of_reading(path, r"\[3, 4, 5\], 60 bytes; more follow it") < 2**20


def test_a_header_that_declares_more_than_there_is(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes([0, 0, 8, 1]) + (2**31).to_bytes(4, "big") + b"abc")
    assert peak_of_reading(path, r"\[2147483648\], 2147483648 bytes; 3 follow it") < 2**22
    path.write_bytes(bytes([0, 0, 8, 1]) + (2**31 + 1).to_bytes(4, "big") + b"abc")
    with pytest.raises(ValueError, match=r"\[2147483649\], more than 2147483648 bytes"):
        read_idx(path)
    path.write_bytes(bytes([0, 0, 8, 4, 0, 0, 0, 0]) + b"\xff" * 12)
    with pytest.raises(ValueError, match="more than 2147483648 bytes"):
        read_idx(path)


@pytest.mark.parametrize("ndim", [0, 9, 255])
def test_dimensions_that_no_file_has(tmp_path, ndim):
    path = tmp_path / "file"
    path.write_bytes(bytes([0, 0, 8, ndim]) + bytes([0, 0, 0, 1] * ndim) + b"a")
    with pytest.raises(
        ValueError, match=f"must have 1 to 8 dimensions; declares {ndim}$"
    ) as caught:
        read_idx(path)
    check_clean(caught.value, path)


def make_pipe(path):
    os.mkfifo(path)


def make_folder(path):
    path.mkdir()


def make_loop(path):
    path.symlink_to(path)


def make_dangling_link(path):
    path.symlink_to(path.with_name("nowhere"))


@pytest.mark.parametrize("make", [make_pipe, make_folder, make_loop, make_dangling_link])
def test_what_is_no_regular_file(tmp_path, make):
    path = tmp_path / "train-images-idx3-ubyte"
    make(path)
    with pytest.raises(ValueError, match="train-images-idx3-ubyte: not a regular file"):
        read_idx(path)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(np.zeros(9)))
    with pytest.raises(ValueError, match="train-images-idx3-ubyte: not a regular file"):
        MnistData(tmp_path)


@pytest.mark.parametrize("name", ["missing", "x" * 300, "zero\0byte"])
def test_what_is_not_there(tmp_path, name):
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_idx(tmp_path / name)
    with pytest.raises(FileNotFoundError, match="no such folder"):
        MnistData(tmp_path / name)
