import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from mnist_tutorial.further import plot_embedding, plot_maps

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_plot_maps_puts_each_map_in_its_place():
    maps = np.stack([np.full((3, 4), value, float) for value in range(5)])
    ax = plot_maps(maps, columns=3)
    canvas = np.asarray(ax.images[0].get_array().filled(np.nan))
    assert canvas.shape == (7, 14)
    assert canvas[0, 0] == 0 and canvas[0, 5] == 1 and canvas[6, 8] == 4
    assert np.isnan(canvas[6, 13])


def test_plot_maps_marks_what_lies_below_zero():
    maps = np.stack([np.full((3, 4), value, float) for value in (-4, 0, 4, -0.3)])
    ax = plot_maps(maps, columns=2, diverging=True)
    assert ax.images[0].get_clim() == (-4, 4)
    marked = {tuple(place) for place in ax.collections[0].get_offsets().tolist()}
    # The first map; the last lies less than a tenth of the largest value below zero.
    assert marked == {(column, row) for row in range(3) for column in range(4)}
    assert not plot_maps(maps).collections


def test_plot_embedding_draws_every_point():
    points, labels = np.arange(20.0).reshape(10, 2), np.arange(10) % 3
    ax = plot_embedding(points, labels)
    assert sum(len(one.get_offsets()) for one in ax.collections) == 10
    assert ax.get_xlabel() and ax.get_ylabel()
    colours = {tuple(one.get_facecolor()[0]) for one in ax.collections}
    assert len(colours) == 3


@pytest.mark.parametrize(
    "draw",
    [
        lambda ax: plot_maps(np.zeros((3, 4, 4)), ax=ax),
        lambda ax: plot_embedding(np.zeros((3, 2)), [0, 1, 2], ax=ax),
    ],
    ids=["plot_maps", "plot_embedding"],
)
def test_draws_on_the_axes_that_it_is_given(draw):
    _, ax = plt.subplots()
    assert draw(ax) is ax
    for wrong, said in (("ax", "'ax'"), ([], "list")):
        with pytest.raises(TypeError, match=f"^ax must be a Matplotlib Axes; got {said}"):
            draw(wrong)


MAPS, POINTS, LABELS = np.zeros((3, 4, 4)), np.zeros((3, 2)), np.array([7, 0, 9])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: plot_maps(MAPS[0]), ValueError, r"maps must be float \[n, height, width\]; got f"),
        (lambda: plot_maps(None), TypeError, r"maps must be float .*; got None"),
        (lambda: plot_maps(MAPS * np.nan), ValueError, "maps must be finite; got nan"),
        (lambda: plot_maps(MAPS, columns=0), ValueError, "columns must be .*>= 1; got 0"),
        (lambda: plot_maps(MAPS, columns=2.5), TypeError, "columns must be .*; got 2.5"),
        (lambda: plot_embedding(MAPS, LABELS), ValueError, r"points must be float \[n, 2\]; got"),
        (lambda: plot_embedding(POINTS, LABELS[:2]), ValueError, r"labels must be .* with n = 3"),
        (
            lambda: plot_embedding(POINTS, LABELS + 3),
            ValueError,
            r"labels must .*0\.\.9; got 3..12",
        ),
        (lambda: plot_embedding(POINTS, LABELS / 1), ValueError, r"labels must be int .*; got fl"),
        (lambda: plot_embedding(POINTS, "709"), TypeError, "labels must be int .*; got '709'"),
    ],
)
def test_bad_arguments_draw_nothing(call, error, message):
    with pytest.raises(error, match=message):
        call()
    assert not plt.get_fignums()
