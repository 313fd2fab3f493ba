"""The figure that moves a digit: two networks read it, at every move of up to 7 pixels."""

import base64
import json

import numpy as np
import pytest

from mnist_tutorial import build_dense_model, build_model
from mnist_tutorial.further import shift

NAME = "convolution-against-dense"
MOVES = range(-7, 8)


@pytest.fixture(scope="module")
def networks(figures):
    """Keras models with the weights of the figure's parts."""
    models = {"convolutional": build_model(), "dense": build_dense_model()}
    for name, model in models.items():
        text = (figures.static / f"figures/{name}.js").read_text()
        part = json.loads(text[text.index('"]=') + 3 : -2])
        values = [np.frombuffer(base64.b64decode(weight), "<f4") for weight in part["weights"]]
        shapes = [weight.shape for weight in model.weights]
        model.set_weights([v.reshape(s) for v, s in zip(values, shapes, strict=True)])
    return models


def read(model, images):
    """Probabilities of images [n, 28, 28]."""
    return np.asarray(model(images[..., None] / np.float32(255)))


def first(data, digit):
    """The validation image that the figure offers for a digit, [1, 28, 28]."""
    return data.validation_images[data.validation_labels == digit][:1]


def digit_canvas(page):
    return page.get_by_label("The digit. Drag it")


def drag(page, canvas, rows, columns):
    box = canvas.bounding_box()
    pixel = box["width"] / 28
    x, y = box["x"] + 14.5 * pixel, box["y"] + 14.5 * pixel
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + pixel * columns / 2, y)
    page.mouse.move(x + pixel * columns, y + pixel * rows)
    page.mouse.up()


def wait_for_maps(page):
    page.wait_for_function(
        "['convolutional', 'dense'].every((name) => "
        "document.querySelector('.live-figure').state()[name]?.map?.length === 225)"
    )


def test_the_networks_are_those_of_the_chapter(networks, data):
    """What it says: about 100 and 300 of 5,000 misread; 90 % and 65 % after a move by 2."""
    misread, moved = {}, {}
    for name, model in networks.items():
        answers = {}
        for r, c in ((0, 0), (2, 0), (-2, 0), (0, 2), (0, -2)):
            images = shift(data.validation_images, rows=r, columns=c)
            answers[r, c] = read(model, images).argmax(axis=1) == data.validation_labels
        misread[name] = np.count_nonzero(~answers.pop((0, 0)))
        moved[name] = np.mean(list(answers.values()))
    assert {name: round(n, -2) for name, n in misread.items()} == {
        "convolutional": 100,
        "dense": 300,
    }
    assert moved == pytest.approx({"convolutional": 0.9, "dense": 0.65}, abs=0.025)


@pytest.mark.parametrize("digit", [2, 7])
def test_probabilities_and_maps_are_those_of_keras(open_figure, state, networks, data, digit):
    page = open_figure(NAME)
    page.get_by_role("button", name=f"digit {digit}", exact=True).click()
    drag(page, digit_canvas(page), -1, 3)
    wait_for_maps(page)
    shown = state(page)
    assert (shown["label"], shown["rows"], shown["columns"]) == (digit, -1, 3)
    image = first(data, digit)
    all_moves = np.concatenate([shift(image, rows=r, columns=c) for r in MOVES for c in MOVES])
    for name, model in networks.items():
        expected = read(model, shift(image, rows=-1, columns=3))[0]
        assert shown[name]["probabilities"] == pytest.approx(expected.tolist(), abs=1e-5)
        assert shown[name]["answer"] == expected.argmax()
        right = read(model, all_moves).argmax(axis=1) == digit
        assert shown[name]["map"] == right.tolist()
        count = page.locator(f".{name} .count").inner_text()
        assert count == f"correct after {right.sum()} of 225 moves"


def test_the_dense_network_fails_first(open_figure, state):
    page = open_figure(NAME)
    for _ in range(3):
        digit_canvas(page).press("ArrowRight")
    digit_canvas(page).press("ArrowUp")
    shown = state(page)
    assert (shown["rows"], shown["columns"]) == (-1, 3)
    assert shown["convolutional"]["answer"] == 7 != shown["dense"]["answer"]
    page.wait_for_function(
        "/moved 3 right, 1 up. The conv.* reads 7 with/"
        ".test(document.querySelector('.live-status').textContent)"
    )
    page.get_by_role("button", name="Centre").press("Enter")
    shown = state(page)
    assert (shown["rows"], shown["columns"]) == (0, 0)
    assert shown["convolutional"]["answer"] == shown["dense"]["answer"] == 7


def test_a_digit_moves_by_seven_pixels_at_most(open_figure, state):
    page = open_figure(NAME)
    for _ in range(9):
        digit_canvas(page).press("ArrowDown")
    assert state(page)["rows"] == 7
    page.get_by_role("button", name="Random").click()
    shown = state(page)
    assert shown["rows"] in MOVES and shown["columns"] in MOVES


def test_a_square_of_the_map_moves_the_digit(open_figure, state):
    page = open_figure(NAME)
    canvas = page.get_by_label("Map of the dense network")
    box = canvas.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 2.5 / 15, box["y"] + box["height"] * 4.5 / 15)
    shown = state(page)
    assert (shown["rows"], shown["columns"]) == (-3, -5)
    canvas.press("ArrowDown")
    assert state(page)["rows"] == -2


def test_by_touch(open_figure, state):
    page = open_figure(NAME, viewport={"width": 390, "height": 800}, has_touch=True)
    canvas = digit_canvas(page)
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    before = page.evaluate("scrollY")
    client = page.context.new_cdp_session(page)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 56 * 29
    for kind, down in (("touchStart", 0), ("touchMove", 2), ("touchMove", 4), ("touchEnd", 0)):
        point = {"x": x, "y": y + down * box["width"] / 28}
        client.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [] if kind == "touchEnd" else [point]},
        )
    page.wait_for_function("document.querySelector('.live-figure').state().rows === 4")
    assert page.evaluate("scrollY") == before


def test_the_page_stays_responsive_while_the_maps_are_drawn(open_figure, state):
    page = open_figure(NAME)
    wait_for_maps(page)
    page.evaluate(
        "() => { window.longest = 0; new PerformanceObserver((list) => { for (const task of "
        "list.getEntries()) longest = Math.max(longest, task.duration); })"
        ".observe({type: 'longtask', buffered: false}); }"
    )
    page.get_by_role("button", name="digit 4", exact=True).click()
    wait_for_maps(page)
    page.wait_for_timeout(500)
    assert page.evaluate("longest") < 200  # 50 ms on a machine that does nothing else
