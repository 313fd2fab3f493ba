import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mnist_tutorial import MnistData
from mnist_tutorial.further import add_noise, invert, rotate, shift, thicken

SQUARE = np.arange(1, 10, dtype=np.uint8).reshape(1, 3, 3)

# The same examples in every run.
examples = settings(derandomize=True, deadline=None, max_examples=60)


@pytest.fixture(scope="module")
def digits():
    return MnistData().validation_images[:50]


# --- by hand ---------------------------------------------------------------------------------


def test_shift_by_hand():
    assert shift(SQUARE, rows=1, columns=-1)[0].tolist() == [[0, 0, 0], [2, 3, 0], [5, 6, 0]]
    assert shift(SQUARE, rows=-2)[0].tolist() == [[7, 8, 9], [0, 0, 0], [0, 0, 0]]
    assert shift(SQUARE, columns=3).max() == 0
    np.testing.assert_array_equal(shift(SQUARE), SQUARE)


def test_shift_there_and_back(digits):
    # No stroke of these digits reaches the outermost two pixels.
    assert digits[:, :2].max() == 0
    np.testing.assert_array_equal(
        shift(shift(digits, rows=-2, columns=1), rows=2, columns=-1), digits
    )


def test_quarter_turns(digits):
    for quarters in range(-2, 5):
        expected = np.rot90(digits, quarters, axes=(1, 2))
        np.testing.assert_array_equal(rotate(digits, 90 * quarters), expected)


def test_small_turns_keep_the_ink_and_come_back(digits):
    turned = rotate(digits, 20)
    assert turned.mean() == pytest.approx(digits.mean(), rel=0.01)
    there_and_back = rotate(turned, -20).astype(float)
    blur = np.abs(there_and_back - digits).mean() / np.abs(turned.astype(float) - digits).mean()
    assert blur < 0.5


def test_rotation_turns_counter_clockwise():
    image = np.zeros((1, 9, 9), np.uint8)
    image[0, 4, 8] = 200  # at three o'clock
    row, column = np.unravel_index(rotate(image, 45).argmax(), (9, 9))
    assert row < 4 < column  # between twelve and three


def test_thicken_by_hand():
    image = np.zeros((1, 5, 5), np.uint8)
    image[0, 0, 2], image[0, 3, 4] = 5, 9
    assert thicken(image)[0].tolist() == [
        [0, 5, 5, 5, 0], [0, 5, 5, 5, 0], [0, 0, 0, 9, 9], [0, 0, 0, 9, 9], [0, 0, 0, 9, 9],
    ]  # fmt: skip
    np.testing.assert_array_equal(thicken(image, 0), image)
    np.testing.assert_array_equal(thicken(image, 2), thicken(thicken(image)))


def test_invert_by_hand():
    assert invert(np.array([[[0, 255, 1]]], np.uint8)).tolist() == [[[255, 0, 254]]]


def test_noise_has_its_standard_deviation_and_its_seed():
    grey = np.full((20, 28, 28), 128, np.uint8)
    noisy = add_noise(grey, standard_deviation=20, seed=1)
    assert noisy.mean() == pytest.approx(128, abs=1)
    assert noisy.std() == pytest.approx(20, rel=0.03)
    np.testing.assert_array_equal(noisy, add_noise(grey, 20, seed=1))
    assert not np.array_equal(noisy, add_noise(grey, 20, seed=2))


def test_noise_is_clipped_and_does_not_wrap_around():
    for grey in (0, 255):
        image = np.full((1, 28, 28), grey, np.uint8)
        away = np.abs(add_noise(image, 50).astype(int) - grey)
        assert np.median(away) < 100 and (away == 0).mean() > 0.4


# --- what holds for all images ---------------------------------------------------------------


def bytes_of(*shape):
    return arrays.arrays(np.uint8, shape)


@st.composite
def images(draw, square=False):
    """Draw uint8 [n, height, width]: a few small images."""
    height = draw(st.integers(1, 7))
    width = height if square else draw(st.integers(1, 7))
    return draw(bytes_of(draw(st.integers(1, 3)), height, width))


CHANGES = {
    "shift": lambda x: shift(x, rows=1, columns=-1),
    "rotate": lambda x: rotate(x, 33),
    "thicken": thicken,
    "invert": invert,
    "add_noise": lambda x: add_noise(x, 30),
}


@pytest.mark.parametrize("name", CHANGES)
@given(x=images())
@examples
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
@examples
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
@examples
def test_quarter_turns_lose_nothing(x, quarters):
    np.testing.assert_array_equal(rotate(x, 90 * quarters), np.rot90(x, quarters, axes=(1, 2)))


@given(x=images(), degrees=st.floats(-1e6, 1e6))
@examples
def test_a_turn_makes_nothing_brighter(x, degrees):
    assert rotate(x, degrees).max() <= x.max()


@given(x=images(), data=st.data())
@examples
def test_thickening_twice_is_thickening_once_by_the_sum(x, data):
    side = max(x.shape[1:])
    one = data.draw(st.integers(0, side))
    two = data.draw(st.integers(0, side - one))
    thick = thicken(x, one)
    assert (thick >= x).all() and thick.max() == x.max()
    np.testing.assert_array_equal(thicken(thick, two), thicken(x, one + two))


@given(x=images(), seed=st.integers(0, 2**32 - 1), deviation=st.floats(0, 1e6))
@examples
def test_inversion_undoes_itself_and_noise_depends_on_its_seed_alone(x, seed, deviation):
    np.testing.assert_array_equal(invert(invert(x)), x)
    np.testing.assert_array_equal(add_noise(x, 0, seed=seed), x)
    noisy = add_noise(x, deviation, seed=seed)
    np.testing.assert_array_equal(noisy, add_noise(x, deviation, seed=seed))


# --- bad input -------------------------------------------------------------------------------

FORM = r"images must be uint8 \[n, height, width\]; got "


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        (None, TypeError, FORM + "None"),
        ("zero", TypeError, FORM + "'zero'"),
        (5, TypeError, FORM + "5"),
        (SQUARE / 255, ValueError, FORM + r"float64 \[1, 3, 3\]"),
        (SQUARE > 2, ValueError, FORM + r"bool \[1, 3, 3\]"),
        (SQUARE.tolist(), ValueError, FORM + r"int64 \[1, 3, 3\]"),
        (SQUARE[0], ValueError, FORM + r"uint8 \[3, 3\]"),
        (SQUARE[..., None], ValueError, FORM + r"uint8 \[1, 3, 3, 1\]"),
        (SQUARE[:0], ValueError, r"images must not be empty; got uint8 \[0, 3, 3\]"),
    ],
)
def test_bad_images(change, images, error, message):
    with pytest.raises(error, match=message):
        change(images)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: shift(SQUARE, rows=0.5), TypeError, "rows must be a whole number; got 0.5"),
        (lambda: shift(SQUARE, rows=-4), ValueError, r"rows must be .* in -3\.\.3; got -4"),
        (lambda: shift(SQUARE, columns=4), ValueError, r"columns must be .* in -3\.\.3; got 4"),
        (lambda: rotate(SQUARE, np.nan), ValueError, "degrees must be a finite number; got nan"),
        (lambda: rotate(SQUARE, -np.inf), ValueError, "degrees must be a finite number; got -inf"),
        (lambda: rotate(SQUARE, 10**400), ValueError, "degrees must be a finite number; got 1000"),
        (lambda: rotate(SQUARE, "90"), TypeError, "degrees must be a number; got '90'"),
        (lambda: rotate(SQUARE, True), TypeError, "degrees must be a number; got True"),
        (lambda: thicken(SQUARE, -1), ValueError, r"pixels must be .* in 0\.\.3; got -1"),
        (lambda: thicken(SQUARE, 10**6), ValueError, r"pixels must be .* in 0\.\.3; got 1000000"),
        (lambda: thicken(SQUARE, None), TypeError, "pixels must be a whole number; got None"),
        (
            lambda: add_noise(SQUARE, -1),
            ValueError,
            "standard_deviation must be a finite number >= 0; got -1",
        ),
        (lambda: add_noise(SQUARE, "a"), TypeError, "standard_deviation must be a number; got 'a'"),
        (lambda: add_noise(SQUARE, 1, seed=-1), ValueError, "seed must be a whole number .*got -1"),
    ],
)
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()


NONSENSE = st.one_of(
    st.none(),
    st.booleans(),
    st.complex_numbers(),
    st.text(max_size=300),
    st.binary(),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
    arrays.arrays(
        st.sampled_from([np.uint8, np.int64, np.float32, bool, complex, "U3", object]),
        arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
    ),
)


@pytest.mark.parametrize("name", CHANGES)
@given(x=NONSENSE)
@settings(examples, max_examples=100)
def test_nonsense_instead_of_images_is_refused_in_one_line(name, x):
    if isinstance(x, np.ndarray):
        assume(x.dtype != np.uint8 or x.ndim != 3 or x.size == 0)
    with pytest.raises((TypeError, ValueError)) as caught:
        CHANGES[name](x)
    assert " must " in str(caught.value)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 250


@pytest.mark.parametrize(
    "change",
    [
        lambda x: shift(SQUARE, rows=x),
        lambda x: rotate(SQUARE, x),
        lambda x: thicken(SQUARE, x),
        lambda x: add_noise(SQUARE, x),
        lambda x: add_noise(SQUARE, 1, seed=x),
    ],
    ids=["rows", "degrees", "pixels", "standard_deviation", "seed"],
)
@given(x=NONSENSE)
@settings(examples, max_examples=100)
def test_nonsense_instead_of_a_number_is_refused_in_one_line(change, x):
    # NumPy's arrays without axes, of integers, are taken as the number that they hold.
    assume(not isinstance(x, np.ndarray) or x.ndim > 0)
    with pytest.raises((TypeError, ValueError)) as caught:
        change(x)
    assert " must be a " in str(caught.value)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 250
