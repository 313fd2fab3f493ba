"""IDX files: whole ones are read, damaged ones give one clean error or what they still hold."""

import gzip
import os
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mnist_tutorial import read_idx

# The same examples in every run; a file of each example is written into one folder.
FEW = settings(
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

ARRAY = np.random.default_rng(0).integers(0, 256, (3, 4, 5), dtype=np.uint8)


def idx(array):
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(np.uint8).tobytes()


@given(
    array=arrays.arrays(np.uint8, arrays.array_shapes(max_dims=5, min_side=0, max_side=4)),
    gzipped=st.booleans(),
)
@FEW
def test_what_is_written_is_read(tmp_path, array, gzipped):
    path = tmp_path / ("file.gz" if gzipped else "file")
    path.write_bytes(gzip.compress(idx(array)) if gzipped else idx(array))
    result = read_idx(str(path))
    assert result.dtype == np.uint8
    np.testing.assert_array_equal(result, array)
    result[...] = 0  # writable


# --- damage --------------------------------------------------------------------------------


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
    """Write a new file, which is faster than to overwrite one: ext4 flushes that to the disk."""
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
def test_random_headers(tmp_path, gzipped):
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


@given(content=st.binary(max_size=40), gzipped=st.booleans())
@FEW
def test_random_bytes_are_refused(tmp_path, content, gzipped):
    path = tmp_path / ("file.gz" if gzipped else "file")
    write(path, content)
    with pytest.raises(ValueError) as caught:  # they never make a valid file
        read_idx(path)
    check_clean(caught.value, path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\0\0\x08", "an IDX file of bytes starts with 00 00 08; this one starts with 00 00 08"),
        (b"<html>", "an IDX file of bytes starts with 00 00 08; this one starts with 3c 68 74 6d"),
        (b"\0\0\x09\x01", "starts with 00 00 08; this one starts with 00 00 09 01"),
        (idx(ARRAY)[:10], "the header is cut short"),
        (idx(ARRAY)[:-1], r"the header declares \[3, 4, 5\], 60 bytes; 59 follow it"),
        (idx(ARRAY)[:-20], r"the header declares \[3, 4, 5\], 60 bytes; 40 follow it"),
        (idx(ARRAY) + b"\0", r"the header declares \[3, 4, 5\], 60 bytes; more follow it"),
        (idx(ARRAY[:0])[:-1], "the header is cut short"),
    ],
)
@pytest.mark.parametrize("gzipped", [False, True])
def test_messages(tmp_path, content, message, gzipped):
    path = tmp_path / ("file.gz" if gzipped else "file")
    path.write_bytes(gzip.compress(content) if gzipped else content)
    with pytest.raises(ValueError, match=message) as caught:
        read_idx(path)
    check_clean(caught.value, path)


ZIPPED = gzip.compress(idx(np.zeros((20, 28, 28))), mtime=0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no gzip at all", r"not a valid gzip file \(Not a gzipped file"),
        (b"", "the file is empty"),
        (ZIPPED[:-20], "the gzip data is cut short"),
        (ZIPPED[:30] + b"\xff" * 10 + ZIPPED[40:], r"not a valid gzip file \("),
    ],
)
def test_messages_of_gzip(tmp_path, content, message):
    path = tmp_path / "file.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_idx(path)
    check_clean(caught.value, path)


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


# --- paths ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        os.mkfifo,
        os.mkdir,
        lambda path: path.symlink_to(path),
        lambda path: path.symlink_to(path.with_name("nowhere")),
    ],
    ids=["pipe", "folder", "loop", "dangling link"],
)
def test_only_regular_files_are_read(tmp_path, make):
    path = tmp_path / "train-images-idx3-ubyte"
    make(path)
    with pytest.raises(ValueError, match="train-images-idx3-ubyte: not a regular file"):
        read_idx(path)


@pytest.mark.parametrize("name", ["missing", "x" * 300, "zero\0byte"])
def test_missing_files(tmp_path, name):
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_idx(tmp_path / name)


@pytest.mark.parametrize("path", [None, 3, "", b"here", ["here"]])
def test_other_things_than_paths(path):
    with pytest.raises(TypeError, match="path must be a path; got"):
        read_idx(path)
