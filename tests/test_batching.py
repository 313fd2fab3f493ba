"""Scaling, one-hot rows, and the order in which a sampler hands out examples."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mnist_tutorial import Batch, BatchSampler, epoch_order, make_batch


def numbered(n):
    """Return n blank images, told apart by their first pixel, with labels 0..9 in turn."""
    images = np.zeros((n, 28, 28), np.uint8)
    images[:, 0, 0] = np.arange(n)
    return images, (np.arange(n) % 10).astype(np.uint8)


def numbers(batch):
    return (batch.xs[:, 0] * 255).round().astype(int).tolist()


def test_make_batch_scales_flattens_and_encodes():
    images = np.zeros((2, 28, 28), np.uint8)
    images[0, 0, 1], images[1, 27, 27] = 51, 255
    batch = make_batch(images, np.array([9, 0], np.uint8))
    assert isinstance(batch, Batch)
    assert batch.xs.shape == (2, 784)
    assert batch.xs.dtype == batch.labels.dtype == np.float32
    assert batch.xs[0, 1] == np.float32(0.2)
    assert batch.xs[1, 783] == 1
    assert batch.xs.sum() == np.float32(1.2)
    np.testing.assert_array_equal(batch.labels, np.eye(10)[[9, 0]])


def test_classes_beyond_ten():
    images = np.zeros((3, 28, 28), np.uint8)
    batch = make_batch(images, [25, 0, 10], classes=26)  # a list serves as well
    np.testing.assert_array_equal(batch.labels, np.eye(26)[[25, 0, 10]])
    sampler = BatchSampler(images, [25, 0, 10], classes=26)
    order = epoch_order(3, seed=0, epoch=0)
    assert sampler.next_batch(3).labels.argmax(axis=1).tolist() == [[25, 0, 10][i] for i in order]


def test_batches_and_samplers_show_themselves_in_a_line():
    sampler = BatchSampler(*numbered(20), seed=4)
    assert repr(sampler.next_batch(6)) == "Batch(xs: float32 [6, 784], labels: float32 [6, 10])"
    assert repr(sampler) == "BatchSampler(20 images, position 6, seed 4)"


def test_augmented_images_keep_their_labels():
    batch = make_batch(*numbered(3))
    calls = []

    def shift_right(images, seed):
        calls.append((images.dtype, images.shape, seed))
        return np.roll(images, 1, axis=2)

    changed = batch.augmented(shift_right, (7, 2))
    assert calls == [(np.float32, (3, 28, 28, 1), (7, 2))]
    np.testing.assert_array_equal(changed.xs[:, 1], batch.xs[:, 0])
    np.testing.assert_array_equal(changed.labels, batch.labels)


def test_epoch_order_is_a_permutation_fixed_by_seed_and_epoch():
    order = epoch_order(1000, seed=3, epoch=5)
    assert sorted(order) == list(range(1000))
    np.testing.assert_array_equal(order, epoch_order(1000, seed=3, epoch=5))
    for other in ({"seed": 4, "epoch": 5}, {"seed": 3, "epoch": 6}):
        # Two random orders of 1,000 agree in one place on average.
        assert (epoch_order(1000, **other) == order).sum() < 10


def test_epoch_order_is_the_same_with_every_numpy():
    assert epoch_order(8, seed=1, epoch=2).tolist() == [7, 1, 3, 0, 4, 2, 6, 5]


def test_every_position_is_equally_likely():
    first = [epoch_order(4, seed=seed, epoch=0)[0] for seed in range(4000)]
    # Binomial(4000, 1/4) has a standard deviation of 27.
    assert np.abs(np.bincount(first) - 1000).max() < 5 * 27


@pytest.mark.parametrize("batch_size", [1, 3, 7, 20])
def test_each_example_once_before_any_twice(batch_size):
    sampler = BatchSampler(*numbered(20), seed=0)
    seen = []
    while len(seen) < 60:
        seen += numbers(sampler.next_batch(batch_size))
    rounds = [seen[i : i + 20] for i in (0, 20, 40)]
    assert all(sorted(one) == list(range(20)) for one in rounds)
    assert rounds[0] != rounds[1] != rounds[2]


def test_labels_stay_with_their_images():
    batch = BatchSampler(*numbered(50), seed=2).next_batch(50)
    assert batch.labels.argmax(axis=1).tolist() == [number % 10 for number in numbers(batch)]


def test_batch_sizes_do_not_change_the_order():
    one, other = BatchSampler(*numbered(20)), BatchSampler(*numbered(20))
    small = numbers(one.next_batch(3)) + numbers(one.next_batch(9))
    assert small == numbers(other.next_batch(12))


def test_position_moves_the_sampler():
    sampler = BatchSampler(*numbered(20), seed=1)
    batches = [numbers(sampler.next_batch(6)) for _ in range(8)]
    sampler.position = 5 * 6
    assert numbers(sampler.next_batch(6)) == batches[5]


@pytest.mark.parametrize(
    ("batch_size", "error", "message"),
    [
        (0, ValueError, "batch_size must be a whole number in 1..20; got 0"),
        (-1, ValueError, "batch_size must be a whole number in 1..20; got -1"),
        (True, TypeError, "batch_size must be a whole number; got True"),
        (np.True_, TypeError, "batch_size must be a whole number"),
        (64.5, TypeError, "batch_size must be a whole number; got 64.5"),
        (64.0, TypeError, "batch_size must be a whole number; got 64.0"),
        ("64", TypeError, "batch_size must be a whole number; got '64'"),
        (None, TypeError, "batch_size must be a whole number; got None"),
        (21, ValueError, "batch_size must be a whole number in 1..20; got 21"),
    ],
)
def test_bad_batch_size(batch_size, error, message):
    sampler = BatchSampler(*numbered(20))
    with pytest.raises(error, match=message):
        sampler.next_batch(batch_size)
    assert sampler.position == 0


def test_numpy_integers_are_whole_numbers():
    assert len(BatchSampler(*numbered(20)).next_batch(np.int64(4)).xs) == 4


# --- bad input -----------------------------------------------------------------------------

ONE, TWO = np.zeros((1, 28, 28), np.uint8), np.zeros((2, 28, 28), np.uint8)


@pytest.mark.parametrize(
    ("images", "labels", "classes", "error", "message"),
    [
        (None, [1], 10, TypeError, r"images must be uint8 \[n, 28, 28\]; got None"),
        ("zero", [1], 10, TypeError, r"images must be uint8 \[n, 28, 28\]; got 'zero'"),
        ([[0]], [1], 10, ValueError, r"images must be uint8 .*; got int64 \[1, 1\]"),
        (TWO.reshape(2, 784), [1, 2], 10, ValueError, r"images must be .*; got uint8 \[2, 784\]"),
        (TWO / 255, [1, 2], 10, ValueError, r"images must be uint8 .*; got float64 \[2, 28, 28\]"),
        (TWO[..., None], [1, 2], 10, ValueError, r"images must be .*; got uint8 \[2, 28, 28, 1\]"),
        (TWO[:, :, :20], [1, 2], 10, ValueError, r"images must be .*; got uint8 \[2, 28, 20\]"),
        (ONE[:0], [], 10, ValueError, "images must not be empty"),
        (TWO, [1, 2, 3], 10, ValueError, r"labels must be int \[n\] with n = 2; got int64 \[3\]"),
        (TWO, np.eye(10)[:2], 10, ValueError, r"labels must be int .*; got float64 \[2, 10\]"),
        (ONE, [1.0], 10, ValueError, r"labels must be int .*; got float64 \[1\]"),
        (ONE, None, 10, TypeError, r"labels must be int \[n\]; got None"),
        (ONE, [11], 10, ValueError, r"labels must lie in 0\.\.9; got 11\.\.11"),
        (ONE, [-1], 10, ValueError, r"labels must lie in 0\.\.9; got -1\.\.-1"),
        (ONE, [26], 26, ValueError, r"labels must lie in 0\.\.25; got 26\.\.26"),
        (ONE, [0], 1, ValueError, "classes must be a whole number >= 2; got 1"),
        (ONE, [0], None, TypeError, "classes must be a whole number; got None"),
    ],
)
@pytest.mark.parametrize("function", [make_batch, BatchSampler])
def test_bad_examples(function, images, labels, classes, error, message):
    with pytest.raises(error, match=message):
        function(images, labels, classes=classes)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"n": 0}, ValueError, "n must be a whole number >= 1; got 0"),
        ({"n": 2.5}, TypeError, r"n must be a whole number; got 2\.5"),
        ({"seed": -1}, ValueError, r"seed must be a whole number in 0\.\.4294967295; got -1"),
        ({"seed": 2**32}, ValueError, "seed must be a whole number .*; got 4294967296"),
        ({"epoch": -1}, ValueError, "epoch must be a whole number >= 0; got -1"),
        ({"epoch": "1"}, TypeError, "epoch must be a whole number; got '1'"),
    ],
)
def test_bad_arguments_of_epoch_order(changes, error, message):
    with pytest.raises(error, match=message):
        epoch_order(**({"n": 3, "seed": 0, "epoch": 0} | changes))


@pytest.mark.parametrize(
    ("seed", "error", "message"),
    [
        (-1, ValueError, r"seed must be a whole number in 0\.\.4294967295; got -1"),
        (None, TypeError, "seed must be a whole number; got None"),
    ],
)
def test_bad_seed(seed, error, message):
    with pytest.raises(error, match=message):
        BatchSampler(*numbered(20), seed=seed)


@pytest.mark.parametrize(("position", "error"), [(-1, ValueError), (1.5, TypeError)])
def test_bad_position(position, error):
    sampler = BatchSampler(*numbered(20))
    with pytest.raises(error, match="position must be a whole number"):
        sampler.position = position
    assert sampler.position == 0


# --- what only looks wrong -----------------------------------------------------------------


@pytest.mark.parametrize("function", [make_batch, BatchSampler])
@pytest.mark.parametrize(
    ("images", "message"),
    [
        (255 - TWO, "images look inverted: most pixels at their edges are bright; expected light"),
        (TWO + np.uint8(1), r"images look scaled to 0\.\.1: the largest value is 1; expected grey"),
    ],
)
def test_a_warning_names_the_callers_line(function, images, message):
    with pytest.warns(UserWarning, match=f"^{message}") as caught:
        function(images, [1, 2])
    assert [warning.filename for warning in caught] == [__file__]


def bright_objects():
    """Return images of bright things on black that fill most of the frame, as clothes do."""
    images = np.zeros((3, 28, 28), np.uint8)
    images[0, :, 3:25] = 230  # from the upper to the lower edge
    images[1, 4:, :] = 250  # reaches three edges
    y, x = np.indices((28, 28)) - 13.5
    images[2, y**2 + x**2 < 15**2] = 255
    return images


def test_digits_clothes_and_blank_images_are_not_warned_of(data):
    for images in (data.validation_images[:20], bright_objects(), TWO):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            BatchSampler(images, [0] * len(images))
            for image in images:
                make_batch(image[None], [0])


# --- what holds for all data ---------------------------------------------------------------

FEW = settings(derandomize=True, deadline=None, max_examples=60)  # the same in every run
SEEDS = st.integers(0, 2**32 - 2)


def distinct(n):
    """Return n images, told apart by their first two pixels, and labels 0..9 in turn."""
    blank = np.full((n, 28, 28), 100, np.uint8)
    blank[:, 0, 0], blank[:, 0, 1] = np.arange(n) % 256, np.arange(n) // 256
    return blank, (np.arange(n) % 10).astype(np.uint8)


@given(n=st.integers(1, 3000), seed=SEEDS, epoch=st.integers(0, 10**6))
@FEW
def test_an_epoch_is_a_permutation_that_seed_and_epoch_fix(n, seed, epoch):
    order = epoch_order(n, seed=seed, epoch=epoch)
    np.testing.assert_array_equal(np.sort(order), np.arange(n))
    np.testing.assert_array_equal(order, epoch_order(n, seed=seed, epoch=epoch))
    if n >= 100:  # a shuffle of fewer may come out the same
        assert not np.array_equal(order, epoch_order(n, seed=seed, epoch=epoch + 1))
        assert not np.array_equal(order, epoch_order(n, seed=seed + 1, epoch=epoch))


@given(n=st.integers(1, 40), seed=SEEDS, data=st.data())
@FEW
def test_batches_of_any_sizes_are_the_epochs_one_after_another(n, seed, data):
    sizes = data.draw(st.lists(st.integers(1, n), max_size=12))
    sampler = BatchSampler(*distinct(n), seed=seed)
    seen = [index for size in sizes for index in sampler.next_indices(size)]
    assert sampler.position == len(seen) == sum(sizes)
    epochs = [epoch_order(n, seed=seed, epoch=i) for i in range(len(seen) // n + 1)]
    np.testing.assert_array_equal(seen, np.concatenate(epochs)[: len(seen)])


@given(n=st.integers(1, 40), position=st.integers(0, 500), seed=SEEDS, data=st.data())
@FEW
def test_the_position_alone_says_what_comes_next(n, position, seed, data):
    size = data.draw(st.integers(1, n))
    moved, walked = (BatchSampler(*distinct(n), seed=seed) for _ in range(2))
    moved.position = position
    for _ in range(position):
        walked.next_indices(1)
    np.testing.assert_array_equal(moved.next_indices(size), walked.next_indices(size))


@given(n=st.integers(1, 600), seed=SEEDS, data=st.data())
@FEW
def test_each_image_keeps_its_label(n, seed, data):
    batch = BatchSampler(*distinct(n), seed=seed).next_batch(data.draw(st.integers(1, n)))
    first, second = (batch.xs[:, :2] * 255).round().astype(int).T
    np.testing.assert_array_equal(batch.labels.argmax(axis=1), (first + 256 * second) % 10)


@given(
    pixels=arrays.arrays(np.uint8, (3, 28, 28)),
    labels=arrays.arrays(np.uint8, 3, elements=st.integers(0, 9)),
)
@pytest.mark.filterwarnings("ignore:images look")
@FEW
def test_a_batch_holds_the_pixels_and_the_labels(pixels, labels):
    xs, one_hot = make_batch(pixels, labels)
    assert xs.dtype == one_hot.dtype == np.float32
    assert xs.shape == (3, 784) and xs.min() >= 0 and xs.max() <= 1
    np.testing.assert_array_equal((xs * 255).round().reshape(3, 28, 28), pixels)
    np.testing.assert_array_equal(one_hot.argmax(axis=1), labels)
    np.testing.assert_array_equal(np.sort(one_hot, axis=1), np.sort(np.eye(10)[:3], axis=1))
