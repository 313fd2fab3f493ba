"""Chapter 1's figure: the distances to the ten mean digits, and what they are made of."""

import base64
import gzip
import json

import numpy as np
import pytest

from mnist_tutorial.further import shift


@pytest.fixture(scope="module")
def means(data):
    """The ten means, as the cell of chapter 1 computes them."""
    return np.stack(
        [data.train_images[data.train_labels == digit].mean(axis=0) for digit in range(10)]
    )


def sample(data, digit, page=0):
    """The validation image that the figure offers for a digit."""
    return data.validation_images[np.flatnonzero(data.validation_labels == digit)[page]]


def distances(image, means):
    return ((image - means) ** 2).sum(axis=(1, 2))


def slanted(image, degrees):
    columns, slope = np.arange(28), np.tan(np.deg2rad(degrees))
    return np.stack(
        [
            np.interp(columns - slope * (14 - row), columns, values, left=0, right=0)
            for row, values in enumerate(image.astype(float))
        ]
    )


def test_the_part_holds_the_means_of_the_chapter(figures, means):
    text = (figures.static / "figures/means.js").read_text()
    packed = json.loads(text[text.index('"]=') + 3 : -2])
    values = np.frombuffer(gzip.decompress(base64.b64decode(packed)), "<f4")
    assert np.array_equal(values.reshape(10, 28, 28), means.astype(np.float32))


def test_numbers_are_those_of_the_chapter(open_figure, state, data, means):
    page = open_figure("data")
    for digit in range(10):
        page.get_by_role("button", name=f"digit {digit}", exact=True).click()
        shown = state(page)
        image = sample(data, digit)
        assert shown["image"] == image.ravel().tolist()
        assert shown["distances"] == pytest.approx(distances(image, means).tolist(), rel=1e-6)
        assert shown["nearest"] == shown["digit"] == distances(image, means).argmin()
        rows = ((image - means[shown["nearest"]]) ** 2).sum(axis=1)
        assert shown["sums"] == pytest.approx(rows.tolist(), rel=1e-5)
        verdict = page.locator(".verdict").inner_text()
        right = shown["nearest"] == digit
        assert verdict == ("✓ Right." if right else f"✗ Wrong, it is a {digit}.")


def test_moving_a_digit_defeats_the_nearest_mean(open_figure, state, data, means):
    page = open_figure("data")
    page.get_by_role("button", name="digit 1", exact=True).click()
    assert state(page)["nearest"] == 1
    page.get_by_label("Move to the right").fill("2")
    shown = state(page)
    moved = shift(sample(data, 1)[None], columns=2)[0]
    assert shown["image"] == moved.ravel().tolist()
    assert shown["distances"] == pytest.approx(distances(moved, means).tolist(), rel=1e-6)
    assert shown["nearest"] == 7
    assert "Wrong, it is a 1" in page.locator(".means p").inner_text()
    # Another digit starts unmoved.
    page.get_by_role("button", name="digit 6", exact=True).click()
    assert state(page)["image"] == sample(data, 6).ravel().tolist()


def test_slanting_a_digit(open_figure, state, data, means):
    page = open_figure("data")
    page.get_by_label("Slant").fill("30")
    shown = state(page)
    image = slanted(sample(data, 7), 30)
    inside = slice(4, 24)  # np.interp has no ink outside, the figure fades into it
    both = np.reshape(shown["image"], (28, 28))
    assert np.allclose(both[:, inside], image[:, inside], atol=1e-9)
    assert shown["distances"] == pytest.approx(distances(both, means).tolist(), rel=1e-6)
    assert shown["nearest"] == 4


def test_the_squared_differences_add_up(open_figure, state, data, means):
    page = open_figure("data")
    page.get_by_role("button", name="to mean 9").click()
    difference = sample(data, 7) - means[9]
    canvas = page.get_by_label("The difference from mean 9")
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 13.5 / 28, box["y"] + box["height"] * 9.5 / 28)
    shown = state(page)
    assert (shown["digit"], shown["row"], shown["column"]) == (9, 9, 13)
    assert shown["upTo"] == pytest.approx((difference[:10] ** 2).sum(), rel=1e-6)
    reading = page.locator(".reading").inner_text()
    assert f"squared {difference[9, 13] ** 2:,.0f}" in reading
    assert f"{shown['upTo'] / 1e6:.2f} of {(difference**2).sum() / 1e6:.2f} million" in reading
    page.get_by_role("button", name="Add up the rows").click()
    assert state(page)["row"] < 5
    page.wait_for_function("document.querySelector('.live-figure').state().row === 27")
    assert state(page)["upTo"] == pytest.approx((difference**2).sum(), rel=1e-6)


def test_without_motion_the_sum_is_there_at_once(open_figure, state):
    page = open_figure("data", reduced_motion="reduce")
    page.get_by_label("The difference from mean 7").press("ArrowUp")
    assert state(page)["row"] == 26
    page.get_by_role("button", name="Add up the rows").click()
    assert state(page)["row"] == 27


def test_by_keyboard(open_figure, state):
    page = open_figure("data")
    page.get_by_role("button", name="digit 1", exact=True).press("Enter")
    for _ in range(2):
        page.get_by_label("Move to the right").press("ArrowRight")
    assert state(page)["nearest"] == 7
    page.get_by_role("button", name="to mean 1").press("Enter")
    canvas = page.get_by_label("The difference from mean 1")
    for key in ("ArrowUp", "ArrowUp", "ArrowLeft"):
        canvas.press(key)
    shown = state(page)
    assert (shown["digit"], shown["row"], shown["column"]) == (1, 25, 26)
    page.wait_for_function(
        "/mean is 7.*to mean 1 it is/.test(document.querySelector('.live-status').textContent)"
    )


def test_a_digit_is_drawn_by_touch(open_figure, state):
    page = open_figure("data", viewport={"width": 390, "height": 800}, has_touch=True)
    client = page.context.new_cdp_session(page)
    pad = page.locator(".live-pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()

    def touch(kind, x, y):
        points = [{"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]}]
        client.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [] if kind == "touchEnd" else points},
        )

    touch("touchStart", 0.5, 0.15)
    for step in range(1, 9):
        touch("touchMove", 0.5, 0.15 + 0.08 * step)
    touch("touchEnd", 0, 0)
    page.wait_for_function("document.querySelector('.live-figure').state().label === null")
    assert state(page)["nearest"] == 1
    page.get_by_role("button", name="to mean 4").click()
    page.wait_for_function("document.querySelector('.live-figure').state().digit === 4")
