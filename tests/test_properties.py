"""What must hold for all data: files, batches, distortions, losses; and for all nonsense."""

import gzip
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mnist_tutorial import (
    BatchSampler,
    accuracy,
    accuracy_per_class,
    add_noise,
    confusion_matrix,
    convolve,
    cross_entropy,
    cross_entropy_from_logits,
    epoch_order,
    gradient_descent,
    invert,
    make_batch,
    max_pool,
    most_confident_mistakes,
    read_idx,
    relu_backward,
    rotate,
    sgd_step,
    shift,
    softmax,
    softmax_cross_entropy_backward,
    thicken,
)

# The same examples in every run; a file of each example is written into one folder.
settings.register_profile(
    "mnist_tutorial",
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
settings.load_profile("mnist_tutorial")

seeds = st.integers(0, 2**40)
digits = st.integers(0, 9)


def bytes_of(*shape):
    return arrays.arrays(np.uint8, shape)


@st.composite
def images(draw, square=False):
    """Draw uint8 [n, height, width]: a few small images."""
    height = draw(st.integers(1, 7))
    width = height if square else draw(st.integers(1, 7))
    return draw(bytes_of(draw(st.integers(1, 3)), height, width))


@st.composite
def scores(draw, size):
    """Draw one-hot labels and logits, both float [n, classes]; logits in steps of an eighth.

    Of closer ones rounding would make equal probabilities.
    """
    n, classes = draw(st.integers(1, 5)), draw(st.integers(1, 6))
    numbers = draw(st.lists(st.integers(0, classes - 1), min_size=n, max_size=n))
    logits = draw(arrays.arrays(np.int64, (n, classes), elements=st.integers(-size, size)))
    return np.eye(classes)[numbers], logits / 8


def numbered(n):
    """Return n images, told apart by their first two pixels, and labels 0..9 in turn."""
    blank = np.full((n, 28, 28), 100, np.uint8)
    blank[:, 0, 0], blank[:, 0, 1] = np.arange(n) % 256, np.arange(n) // 256
    return blank, (np.arange(n) % 10).astype(np.uint8)


# --- files ---------------------------------------------------------------------------------


@given(
    array=arrays.arrays(np.uint8, arrays.array_shapes(max_dims=5, min_side=0, max_side=4)),
    gzipped=st.booleans(),
)
def test_what_is_written_is_read(tmp_path, array, gzipped):
    content = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    content += array.tobytes()
    path = tmp_path / ("file.gz" if gzipped else "file")
    path.write_bytes(gzip.compress(content) if gzipped else content)
    result = read_idx(path)
    assert result.dtype == np.uint8 and result.flags.writeable
    np.testing.assert_array_equal(result, array)


@given(content=st.binary(max_size=40), gzipped=st.booleans())
@example(content=bytes([0, 0, 8, 1]), gzipped=False)
def test_any_bytes_are_read_or_refused(tmp_path, content, gzipped):
    path = tmp_path / ("file.gz" if gzipped else "file")
    path.write_bytes(content)
    with pytest.raises(ValueError) as caught:  # random bytes are never a valid file
        read_idx(path)
    assert str(caught.value).startswith(f"{path}: ") and "\n" not in str(caught.value)


# --- order and batches ---------------------------------------------------------------------


@given(n=st.integers(1, 3000), seed=seeds, epoch=st.integers(0, 10**6))
def test_an_epoch_is_a_permutation_that_seed_and_epoch_fix(n, seed, epoch):
    order = epoch_order(n, seed=seed, epoch=epoch)
    np.testing.assert_array_equal(np.sort(order), np.arange(n))
    np.testing.assert_array_equal(order, epoch_order(n, seed=seed, epoch=epoch))
    if n >= 100:  # a shuffle of fewer may come out the same
        assert not np.array_equal(order, epoch_order(n, seed=seed, epoch=epoch + 1))
        assert not np.array_equal(order, epoch_order(n, seed=seed + 1, epoch=epoch))


@given(n=st.integers(1, 40), seed=seeds, data=st.data())
def test_batches_of_any_sizes_are_the_epochs_one_after_another(n, seed, data):
    sizes = data.draw(st.lists(st.integers(1, n), max_size=12))
    sampler = BatchSampler(*numbered(n), seed=seed)
    seen = [index for size in sizes for index in sampler.next_indices(size)]
    assert sampler.position == len(seen) == sum(sizes)
    epochs = [epoch_order(n, seed=seed, epoch=i) for i in range(len(seen) // n + 1)]
    np.testing.assert_array_equal(seen, np.concatenate(epochs)[: len(seen)])


@given(n=st.integers(1, 40), position=st.integers(0, 500), seed=seeds, data=st.data())
def test_the_position_alone_says_what_comes_next(n, position, seed, data):
    size = data.draw(st.integers(1, n))
    moved, walked = (BatchSampler(*numbered(n), seed=seed) for _ in range(2))
    moved.position = position
    for _ in range(position):
        walked.next_indices(1)
    np.testing.assert_array_equal(moved.next_indices(size), walked.next_indices(size))


@given(n=st.integers(1, 600), seed=seeds, data=st.data())
def test_each_image_keeps_its_label(n, seed, data):
    batch = BatchSampler(*numbered(n), seed=seed).next_batch(data.draw(st.integers(1, n)))
    first, second = (batch.xs[:, :2] * 255).round().astype(int).T
    np.testing.assert_array_equal(batch.labels.argmax(axis=1), (first + 256 * second) % 10)


@given(
    pixels=bytes_of(3, 28, 28),
    labels=arrays.arrays(np.uint8, 3, elements=digits),
)
@pytest.mark.filterwarnings("ignore:images look")
def test_a_batch_holds_the_pixels_and_the_labels(pixels, labels):
    xs, one_hot = make_batch(pixels, labels)
    assert xs.dtype == one_hot.dtype == np.float32
    assert xs.shape == (3, 784) and xs.min() >= 0 and xs.max() <= 1
    np.testing.assert_array_equal((xs * 255).round().reshape(3, 28, 28), pixels)
    np.testing.assert_array_equal(one_hot.argmax(axis=1), labels)
    np.testing.assert_array_equal(np.sort(one_hot, axis=1), np.sort(np.eye(10)[:3], axis=1))


# --- distortions ---------------------------------------------------------------------------

CHANGES = {
    "shift": lambda x: shift(x, rows=1, columns=-1),
    "rotate": lambda x: rotate(x, 33),
    "thicken": thicken,
    "invert": invert,
    "add_noise": lambda x: add_noise(x, 30),
}


@pytest.mark.parametrize("name", CHANGES)
@given(x=images())
def test_a_change_gives_new_images_of_the_same_kind(name, x):
    before = x.copy()
    changed = CHANGES[name](x)
    assert changed.shape == x.shape and changed.dtype == np.uint8
    assert not np.shares_memory(changed, x)
    np.testing.assert_array_equal(x, before)
    # Each image is changed by itself.
    if name != "add_noise":
        np.testing.assert_array_equal(changed[:1], CHANGES[name](x[:1]))


@given(x=images(), data=st.data())
def test_shift_moves_every_pixel_alike(x, data):
    _, height, width = x.shape
    rows = data.draw(st.integers(-height, height))
    columns = data.draw(st.integers(-width, width))
    moved = shift(x, rows=rows, columns=columns)
    for row, column in np.ndindex(height, width):
        from_row, from_column = row - rows, column - columns
        inside = 0 <= from_row < height and 0 <= from_column < width
        expected = x[:, from_row, from_column] if inside else 0
        np.testing.assert_array_equal(moved[:, row, column], expected)


@given(x=images(square=True), quarters=st.integers(-8, 8))
def test_quarter_turns_lose_nothing(x, quarters):
    np.testing.assert_array_equal(rotate(x, 90 * quarters), np.rot90(x, quarters, axes=(1, 2)))


@given(x=images(), degrees=st.floats(-1e6, 1e6))
def test_a_turn_makes_nothing_brighter(x, degrees):
    assert rotate(x, degrees).max() <= x.max()


@given(x=images(), data=st.data())
def test_thickening_twice_is_thickening_once_by_the_sum(x, data):
    side = max(x.shape[1:])
    one = data.draw(st.integers(0, side))
    two = data.draw(st.integers(0, side - one))
    thick = thicken(x, one)
    assert (thick >= x).all() and thick.max() == x.max()
    np.testing.assert_array_equal(thicken(thick, two), thicken(x, one + two))


@given(x=images(), seed=seeds, spread=st.floats(0, 1e6))
def test_inversion_undoes_itself_and_noise_depends_on_its_seed_alone(x, seed, spread):
    np.testing.assert_array_equal(invert(invert(x)), x)
    np.testing.assert_array_equal(add_noise(x, 0, seed=seed), x)
    noisy = add_noise(x, spread, seed=seed)
    np.testing.assert_array_equal(noisy, add_noise(x, spread, seed=seed))


# --- probabilities, losses, results ----------------------------------------------------------


@given(pair=scores(size=10**7), moved=st.floats(-1e3, 1e3))
def test_softmax_gives_probabilities_that_a_common_shift_leaves_alone(pair, moved):
    _, logits = pair
    probabilities = softmax(logits)
    assert probabilities.min() >= 0
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_allclose(softmax(logits + moved), probabilities, atol=1e-8)
    for row, values in zip(probabilities, logits, strict=True):
        assert (np.diff(row[np.argsort(values)]) >= 0).all()


@given(pair=scores(size=60))
def test_two_ways_to_the_cross_entropy(pair):
    labels, logits = pair
    probabilities = softmax(logits)
    losses = cross_entropy(labels, probabilities)
    assert losses.min() >= 0
    np.testing.assert_allclose(cross_entropy_from_logits(labels, logits), losses, atol=1e-6)
    # The slope falls with every step down it.
    gradient = softmax_cross_entropy_backward(labels, logits)
    np.testing.assert_allclose(gradient.sum(axis=1), 0, atol=1e-12)
    nearer = cross_entropy_from_logits(labels, logits - 0.1 * gradient).mean()
    assert nearer <= cross_entropy_from_logits(labels, logits).mean() + 1e-12
    right = labels.argmax(axis=1) == logits.argmax(axis=1)
    assert accuracy(labels, probabilities) == right.mean()


@given(pairs=st.lists(st.tuples(digits, digits), min_size=1, max_size=40))
def test_a_confusion_matrix_counts_every_pair_once(pairs):
    labels, predictions = np.array(pairs).T
    counts = confusion_matrix(labels, predictions)
    assert counts.sum() == len(pairs)
    for true, predicted in pairs:
        assert counts[true, predicted] == pairs.count((true, predicted))
    np.testing.assert_array_equal(counts.T, confusion_matrix(predictions, labels))
    shares = accuracy_per_class(labels, predictions)
    np.testing.assert_array_equal(np.isnan(shares), np.bincount(labels, minlength=10) == 0)
    share_of_all = (np.nan_to_num(shares) * np.bincount(labels, minlength=10)).sum() / len(pairs)
    assert share_of_all == pytest.approx((labels == predictions).mean())


@given(
    maps=arrays.arrays(np.float64, (2, 6, 5, 2), elements=st.floats(-9, 9)), size=st.integers(1, 5)
)
def test_pooling_keeps_the_largest_values(maps, size):
    pooled = max_pool(maps, size)
    assert pooled.shape == (2, 6 // size, 5 // size, 2)
    whole = maps[:, : 6 // size * size, : 5 // size * size]
    np.testing.assert_array_equal(pooled.max(axis=(1, 2)), whole.max(axis=(1, 2)))
    np.testing.assert_array_equal(-max_pool(-maps, 1), maps)


@given(
    a=arrays.arrays(np.float64, (1, 5, 4, 2), elements=st.floats(-9, 9)),
    b=arrays.arrays(np.float64, (1, 5, 4, 2), elements=st.floats(-9, 9)),
    kernels=arrays.arrays(np.float64, (3, 2, 2, 3), elements=st.floats(-9, 9)),
)
def test_convolution_is_linear(a, b, kernels):
    together = convolve(a + 2 * b, kernels)
    np.testing.assert_allclose(together, convolve(a, kernels) + 2 * convolve(b, kernels), atol=1e-9)


# --- nonsense ------------------------------------------------------------------------------

anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**9), 10**5),
    st.floats(),
    st.complex_numbers(),
    st.text(st.characters(exclude_categories=["C", "Z"]), max_size=300),
    st.binary(),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
    arrays.arrays(
        st.sampled_from([np.uint8, np.int64, np.float32, np.float64, bool, complex, "U3", object]),
        arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
    ),
)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (read_idx, 1),
        (make_batch, 2),
        (BatchSampler, 2),
        (lambda n, seed, epoch: epoch_order(n, seed=seed, epoch=epoch), 3),
        (lambda x, rows: shift(x, rows=rows), 2),
        (rotate, 2),
        (thicken, 2),
        (invert, 1),
        (add_noise, 2),
        (softmax, 1),
        (cross_entropy, 2),
        (cross_entropy_from_logits, 2),
        (accuracy, 2),
        (confusion_matrix, 2),
        (most_confident_mistakes, 2),
        (convolve, 2),
        (max_pool, 2),
        (relu_backward, 2),
        (softmax_cross_entropy_backward, 2),
        (sgd_step, 3),
        (lambda f, x, r, n: gradient_descent(f, x, learning_rate=r, steps=n), 4),
    ],
)
@given(data=st.data())
@settings(max_examples=150)
@pytest.mark.filterwarnings("ignore")  # overflow in a sum of huge numbers
def test_nonsense_is_refused_in_one_line(function, arguments, data):
    values = [data.draw(anything) for _ in range(arguments)]
    try:
        function(*values)
    except (ValueError, TypeError, FileNotFoundError) as error:
        assert "\n" not in str(error) and len(str(error)) < 400
        assert any(part in str(error) for part in (" must ", " differ ", ": no such file"))
