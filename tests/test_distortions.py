import numpy as np
import pytest

from mnist_tutorial import MnistData, add_noise, invert, rotate, shift, thicken

SQUARE = np.arange(1, 10, dtype=np.uint8).reshape(1, 3, 3)


@pytest.fixture(scope="module")
def digits():
    return MnistData().validation_images[:50]


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


def test_invert():
    assert invert(np.array([[[0, 255, 1]]], np.uint8)).tolist() == [[[255, 0, 254]]]


def test_noise_has_the_spread_asked_for_and_its_seed():
    grey = np.full((20, 28, 28), 128, np.uint8)
    noisy = add_noise(grey, 20, seed=1)
    assert noisy.std() == pytest.approx(20, rel=0.03)
    np.testing.assert_array_equal(noisy, add_noise(grey, 20, seed=1))
    assert not np.array_equal(noisy, add_noise(grey, 20, seed=2))
    assert add_noise(np.zeros((1, 28, 28), np.uint8), 50).min() == 0  # clipped, not wrapped


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: shift(SQUARE, rows=0.5), TypeError, "rows must be a whole number; got 0.5"),
        (lambda: shift(SQUARE / 255), ValueError, "images must be a uint8 array.*float64"),
        (lambda: rotate(SQUARE[0], 10), ValueError, r"images must be.*\[3, 3\]"),
        (lambda: rotate(SQUARE, float("nan")), ValueError, "degrees must be a finite number"),
        (lambda: thicken(SQUARE, -1), ValueError, "pixels must be at least 0; got -1"),
        (lambda: invert([[0]]), ValueError, "images must be a uint8 array.*got list"),
        (lambda: add_noise(SQUARE, -1), ValueError, "spread must be.*got -1"),
    ],
)
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()
