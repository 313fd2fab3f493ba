"""Ink, ruled lines and connected shapes, by hand."""

import numpy as np

from mnist_tutorial._internal.pictures.ink import ink_of_drawing, ink_of_photo, is_photo
from mnist_tutorial._internal.pictures.morphology import close_by, connected_shapes, open_by
from mnist_tutorial._internal.pictures.rulings import remove_rulings


def page(noise=0.01):
    return np.random.default_rng(0).normal(0, noise, (120, 160))


def test_shapes_touch_at_sides_and_corners():
    mask = np.array([[1, 0, 1, 0, 1], [0, 1, 0, 0, 1], [0, 0, 0, 0, 0], [1, 1, 0, 0, 0]], bool)
    expected = [[1, 0, 1, 0, 2], [0, 1, 0, 0, 2], [0, 0, 0, 0, 0], [3, 3, 0, 0, 0]]
    # Shapes are numbered by their last pixels.
    np.testing.assert_array_equal(connected_shapes(mask), expected)
    assert not connected_shapes(np.zeros((3, 4), bool)).any()


def test_a_spiral_is_one_shape():
    mask = np.zeros((41, 41), bool)
    for i in range(0, 20, 2):
        mask[i, i : 41 - i] = mask[i : 41 - i, 40 - i] = mask[40 - i, i : 41 - i] = True
        mask[i + 2 : 41 - i, i] = mask[i + 2, i : i + 3] = True
    assert connected_shapes(mask).max() == 1


def test_closing_fills_what_is_narrow_and_keeps_what_is_wide():
    row = np.array([[9.0, 9, 1, 9, 9, 9, 1, 1, 1, 1, 1]])
    np.testing.assert_array_equal(close_by(row, (0, 1)), [[9, 9, 9, 9, 9, 9, 1, 1, 1, 1, 1]])
    np.testing.assert_array_equal(open_by(-row, (0, 1)), -close_by(row, (0, 1)))


def test_lines_of_any_slope_are_removed_and_strokes_are_not():
    depth = page()
    stroke = depth.copy()
    stroke[40:90, 60:70] += 1.0
    lined = stroke.copy()
    x = np.arange(160)
    for start, slope in ((20, 0.0), (50, 0.3), (100, -0.4)):
        lined[np.rint(start + slope * x).astype(int).clip(0, 119), x] += 0.3
    lined[:, 120] += 0.5
    cleaned = remove_rulings(lined, 0.01)
    assert np.percentile(cleaned - stroke, 99.9) < 0.06  # beside a line it may fall below 0
    assert cleaned[40:90, 60:70].min() > 0.6


def test_without_lines_nothing_is_removed():
    depth = page()
    depth[40:90, 60:70] += 1.0
    np.testing.assert_array_equal(remove_rulings(depth, 0.01), depth)


def test_a_shadow_is_no_ink_and_what_the_edge_cuts_off_is_erased():
    grey = 200 * (1 + page())
    grey[:, 80:] *= 0.6
    grey[40:80, 60:66] *= 0.2  # a stroke in the light,
    grey[40:46, 60:100] *= 0.2  # and one that runs into the shadow
    grey[:10, :10] = 20  # the table
    ink = ink_of_photo(grey)
    rows, columns = np.nonzero(ink)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (40, 79, 60, 99)
    assert ink[42, 70:78].mean() - ink[42, 84:98].mean() < 20


def test_paper_with_a_trace_of_noise_is_blank():
    grey = np.full((120, 160), 200.0)
    grey[::7, ::5] += 1
    assert not ink_of_photo(grey).any() and not ink_of_photo(255 - grey).any()


def test_the_ink_of_a_small_drawing_departs_from_the_grey_that_its_border_has_most_often():
    grey = np.array([[5.0, 5, 5, 7, 8], [0, 0, 9, 9, 0], [0, 0, 9, 0, 0], [1, 2, 3, 0, 0]])
    assert not is_photo(grey)
    np.testing.assert_array_equal(ink_of_drawing(grey) > 0, grey > 0)
    np.testing.assert_array_equal(ink_of_drawing(-grey), ink_of_drawing(grey))


def test_an_uneven_border_makes_a_photo():
    assert is_photo(200 * (1 + page()))
    assert not is_photo(np.zeros((120, 160)))
