import numpy as np
import pytest

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


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (np.zeros((2, 784), np.uint8), np.zeros(2, np.uint8), r"images must be.*\[2, 784\]"),
        (np.zeros((2, 28, 28)), np.zeros(2, np.uint8), r"images must be a uint8.*float64"),
        (np.zeros((2, 32, 32), np.uint8), np.zeros(2, np.uint8), r"images must be.*\[2, 32, 32\]"),
        (np.zeros((2, 28, 28), np.uint8), np.zeros(3, np.uint8), "differ in number: 2 and 3"),
        (np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.uint8), "images must not be empty"),
        (np.zeros((1, 28, 28), np.uint8), np.array([11], np.uint8), r"0\.\.9; got 11\.\.11"),
        (np.zeros((1, 28, 28), np.uint8), np.array([1]), "labels must be a uint8.*int64"),
        ([[0]], np.array([1], np.uint8), "images must be a uint8 array.*got list"),
    ],
)
def test_make_batch_refuses(images, labels, message):
    with pytest.raises(ValueError, match=message):
        make_batch(images, labels)


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
        (0, ValueError, "batch_size must be at least 1; got 0"),
        (-1, ValueError, "batch_size must be at least 1; got -1"),
        (True, TypeError, "batch_size must be a whole number; got True"),
        (np.True_, TypeError, "batch_size must be a whole number"),
        (64.5, TypeError, "batch_size must be a whole number; got 64.5"),
        (64.0, TypeError, "batch_size must be a whole number; got 64.0"),
        ("64", TypeError, "batch_size must be a whole number; got '64'"),
        (None, TypeError, "batch_size must be a whole number; got None"),
        (21, ValueError, "batch_size must be at most 20, the size of the split; got 21"),
    ],
)
def test_bad_batch_size(batch_size, error, message):
    sampler = BatchSampler(*numbered(20))
    with pytest.raises(error, match=message):
        sampler.next_batch(batch_size)
    assert sampler.position == 0


def test_numpy_integers_are_whole_numbers():
    assert len(BatchSampler(*numbered(20)).next_batch(np.int64(4)).xs) == 4


def test_bad_seed():
    with pytest.raises(ValueError, match="seed must be at least 0; got -1"):
        BatchSampler(*numbered(20), seed=-1)
    with pytest.raises(TypeError, match="seed must be a whole number; got None"):
        BatchSampler(*numbered(20), seed=None)
