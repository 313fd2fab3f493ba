"""Chapter 2's figure: one kernel at every place of a digit, and the whole trained network."""

import base64
import gzip
import itertools
import json

import numpy as np
import pytest
import tensorflow as tf

from mnist_tutorial import convolve, max_pool, pretrained

FILL = "Fill the map"
IMAGE = "The image with the window"
EDGE = np.tile([-1.0, -1, 0, 1, 1], 5).reshape(5, 5, 1, 1)


def image_of(shown):
    return np.array(shown["kernel"]["image"]).reshape(1, 28, 28, 1)


def close(values, tolerance=1e-5):
    return pytest.approx(np.asarray(values, dtype=float).ravel().tolist(), abs=tolerance)


def keras_map(shown):
    """The map of Keras's layers with the figure's kernel and settings."""
    own = shown["kernel"]
    kernel = np.array(own["kernel"]).reshape(5, 5, 1, 1)
    layer = tf.keras.layers.Conv2D(
        1,
        5,
        strides=own["stride"],
        padding=own["padding"],
        activation="relu" if own["relu"] else None,
    )
    image = image_of(shown)
    layer.build(image.shape)
    layer.set_weights([kernel, np.array([own["bias"]])])
    maps = layer(image)
    return maps.numpy(), tf.keras.layers.MaxPooling2D(2)(maps).numpy()


def open_settings(page):
    page.get_by_text("Stride, padding, relu and pooling").click()


def test_it_starts_with_a_7_and_the_numbers_of_the_package(open_figure, state, figures):
    shown = state(open_figure("layers"))
    part = (figures.static / "figures/digits.js").read_text().split("]=", 1)[1]
    packed = json.loads(part.strip().rstrip(";"))
    assert base64.b64decode(packed["labels"])[7] == 7
    pixels = np.frombuffer(gzip.decompress(base64.b64decode(packed["images"])), "uint8")
    assert shown["kernel"]["image"] == close(pixels.reshape(-1, 784)[7] / 255, 1e-7)
    maps = convolve(image_of(shown), EDGE)
    assert shown["kernel"]["map"] == close(maps)
    assert shown["kernel"]["pooled"] == close(max_pool(maps))
    assert shown["kernel"]["output"] > 5
    assert shown["kernel"]["filled"] == 5 * 24 + 11


def test_every_number_of_the_window_is_written(open_figure, state):
    page = open_figure("layers")
    page.get_by_role("button", name="filter 3").click()
    own = state(page)["kernel"]
    row, column = own["row"], own["column"]
    image = image_of({"kernel": own})[0, :, :, 0]
    window = image[row : row + 5, column : column + 5].ravel()
    weights = pretrained("thorough").get_weights()[0][:, :, 0, 3].ravel()
    bias = pretrained("thorough").get_weights()[1][3]
    products = window * weights
    value = products.sum() + bias

    def written(selector):
        texts = page.locator(f"#live-layers-figure {selector}").all_inner_texts()
        return [float(text.replace("\u2212", "-")) for text in texts]

    for name, expected in (("window", window), ("weights", weights), ("products", products)):
        assert written(f".{name} .grid span") == close(expected, 0.00501), name
    assert written(".sums b:visible") == close([products.sum(), bias, value], 0.00501)


def test_maps_and_shapes_are_those_of_keras(open_figure, state):
    page = open_figure("layers")
    page.get_by_role("button", name="filter 5").click()
    open_settings(page)
    page.get_by_label("relu", exact=True).check()
    page.get_by_role("checkbox", name="max-pooling").check()
    for stride, padding in itertools.product((1, 2, 3), ("valid", "same")):
        page.get_by_label(str(stride), exact=True).check()
        page.get_by_label(padding, exact=True).check()
        shown = state(page)
        own = shown["kernel"]
        maps, pooled = keras_map(shown)
        assert (own["relu"], own["stride"], own["padding"]) == (True, stride, padding)
        assert own["shape"] == list(maps.shape[1:3])
        assert own["map"] == close(maps), (stride, padding)
        assert own["pooled"] == close(pooled), (stride, padding)
        side, half = maps.shape[1], pooled.shape[1]
        formula = page.locator(".shape").inner_text()
        left = "(28 \u2212 5) / {} + 1" if padding == "valid" else "28 / {}"
        assert f"{left.format(stride)} = {side}" in formula
        assert f"{side} / 2 = {half}" in formula
        assert page.get_by_text(f"pooled map, {half}\u00d7{half}").is_visible()


def test_the_window_follows_the_mouse_and_fills_what_it_visits(open_figure, state):
    page = open_figure("layers")
    page.get_by_role("button", name="Empty the map").click()
    assert state(page)["kernel"]["filled"] == 1
    box = page.get_by_role("application", name=IMAGE).bounding_box()
    pixel = box["width"] / 28
    page.mouse.move(box["x"] + 2.5 * pixel, box["y"] + 10.5 * pixel)
    page.mouse.down()
    page.mouse.move(box["x"] + 14.5 * pixel, box["y"] + 10.5 * pixel, steps=48)
    page.mouse.up()
    own = state(page)["kernel"]
    assert (own["row"], own["column"]) == (8, 12)
    assert own["filled"] == 14  # places 0 to 12 of row 8, and the first of all
    page.mouse.move(box["x"], box["y"])
    assert state(page)["kernel"]["column"] == 12


def test_a_place_of_the_map_can_be_chosen(open_figure, state):
    page = open_figure("layers")
    board = page.get_by_role("application", name="The map")
    board.click(position={"x": board.bounding_box()["width"] - 2, "y": 2})
    own = state(page)["kernel"]
    assert (own["row"], own["column"]) == (0, 23)


def test_by_keyboard(open_figure, state):
    page = open_figure("layers")
    page.get_by_role("application", name=IMAGE).press("Home")
    for key in ("ArrowDown", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    own = state(page)["kernel"]
    assert (own["row"], own["column"]) == (6, 2)
    weights = page.get_by_role("application", name="The 25 weights")
    for key in ("ArrowUp", "ArrowLeft", "+", "+"):
        weights.press(key)
    own = state(page)["kernel"]
    assert own["kernel"][6] == pytest.approx(-0.8)
    assert page.get_by_role("slider", name="Weight in row 1, column 1").input_value() == "-0.8"
    page.get_by_role("slider", name="Bias").press("ArrowRight")
    shown = state(page)
    assert shown["kernel"]["bias"] == pytest.approx(0.1)
    assert shown["kernel"]["map"] == close(keras_map(shown)[0])


def test_the_map_fills_and_the_window_comes_back(open_figure, state):
    page = open_figure("layers")
    start = state(page)["kernel"]
    page.get_by_role("button", name=FILL).click()
    page.wait_for_timeout(500)
    middle = state(page)["kernel"]
    assert middle["running"] and start["filled"] < middle["filled"] < 576
    page.wait_for_function("!document.querySelector('.live-figure').state().kernel.running")
    own = state(page)["kernel"]
    assert own["filled"] == 576
    assert (own["row"], own["column"]) == (start["row"], start["column"])
    page.get_by_role("button", name="horizontal edge").click()
    assert state(page)["kernel"]["filled"] == 576  # a full map stays full


def test_it_stops_on_request(open_figure, state):
    page = open_figure("layers")
    page.get_by_role("button", name=FILL).click()
    page.get_by_role("button", name="Stop").click()
    filled = state(page)["kernel"]["filled"]
    page.wait_for_timeout(300)
    assert state(page)["kernel"]["filled"] == filled < 576


def test_with_less_motion_the_map_is_full_at_once(open_figure, state):
    page = open_figure("layers", reduced_motion="reduce")
    page.get_by_role("button", name=FILL).click()
    own = state(page)["kernel"]
    assert own["filled"] == 576 and not own["running"]


def test_by_touch(open_figure, state):
    page = open_figure("layers", viewport={"width": 390, "height": 800}, has_touch=True)
    page.get_by_role("button", name="blur").tap()
    board = page.get_by_role("application", name=IMAGE)
    board.scroll_into_view_if_needed()
    box = board.bounding_box()
    client = page.context.new_cdp_session(page)

    def touch(kind, share):
        points = [{"x": box["x"] + share * box["width"], "y": box["y"] + share * box["height"]}]
        client.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": points if kind != "touchEnd" else []},
        )

    scrolled = page.evaluate("scrollY")
    touch("touchStart", 0.1)
    for share in np.linspace(0.1, 0.5, 20):
        touch("touchMove", float(share))
    touch("touchEnd", 0)
    shown = state(page)
    assert (shown["kernel"]["row"], shown["kernel"]["column"]) == (12, 12)
    assert page.evaluate("scrollY") == scrolled
    # The grids stand in one another: a weight must still be hit.
    page.locator(".weights .grid span").nth(23).tap()
    page.get_by_role("slider", name="Weight in row 4, column 3").fill("1")
    shown = state(page)
    assert shown["kernel"]["kernel"][23] == 1
    assert shown["kernel"]["map"] == close(keras_map(shown)[0])


def show_network(page):
    page.get_by_label("the whole trained network").check()


def test_activations_are_those_of_keras(open_figure, state):
    page = open_figure("layers")
    show_network(page)
    shown = state(page)
    model = pretrained("thorough")
    values, found = image_of(shown), 0
    layers = [layer for layer in shown["network"]["layers"] if layer["name"] != "logits"]
    for layer, own in zip(model.layers, layers, strict=True):
        if own["name"] == "dense":
            logits = values.numpy() @ layer.get_weights()[0] + layer.get_weights()[1]
        values = layer(values)
        assert own["shape"] == list(values.shape[1:])
        assert own["values"] == close(values, 1e-4), own["name"]
        found += 1
    assert found == 6
    own = next(layer for layer in shown["network"]["layers"] if layer["name"] == "logits")
    assert own["values"] == close(logits, 1e-4)
    rows = page.locator(".answer tbody tr").all()
    for row, logit, p in zip(rows, logits[0], values.numpy()[0], strict=True):
        cells = row.locator("td").all_inner_texts()
        assert float(cells[0].replace("\u2212", "-")) == pytest.approx(logit, abs=0.0051)
        assert float(cells[1].rstrip(" %")) == pytest.approx(100 * p, abs=0.51)


def test_a_map_of_the_second_convolution_is_a_sum_over_eight(open_figure, state):
    page = open_figure("layers")
    show_network(page)
    page.get_by_label("second convolution, map 11").check()
    shown = state(page)["network"]
    kernels, bias = pretrained("thorough").get_weights()[2:4]
    own = shown["enlarged"]
    pooled = np.reshape(shown["layers"][1]["values"], (1, 12, 12, 8))
    for channel in range(8):
        assert own["kernels"][channel] == close(kernels[:, :, channel, 11], 1e-7)
        only = convolve(pooled[..., [channel]], kernels[:, :, [channel], 11:12])
        assert own["shares"][channel] == close(only, 1e-4)
    together = np.maximum(np.sum(own["shares"], axis=0) + bias[11], 0)
    assert own["values"] == close(together, 1e-4)
    assert own["bias"] == pytest.approx(bias[11])
    assert own["largest"]["value"] == max(own["values"])
    assert page.locator(".detail canvas").count() == 8 * 3 + 1


def test_maps_are_one_stop_of_the_keyboard(open_figure, state):
    page = open_figure("layers")
    show_network(page)
    page.keyboard.press("Tab")  # the digits
    page.keyboard.press("Tab")
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    own = state(page)["network"]["enlarged"]
    assert (own["layer"], own["map"]) == (1, 0)
    page.wait_for_function(
        "/Map 0 of the first pooling/.test(document.querySelector('.live-status').textContent)"
    )


def test_a_first_filter_can_be_slid_by_the_reader(open_figure, state):
    page = open_figure("layers")
    show_network(page)
    page.get_by_label("first convolution, map 6").check()
    page.get_by_role("button", name="Slide this kernel yourself").click()
    shown = state(page)
    kernels, bias = pretrained("thorough").get_weights()[:2]
    assert shown["view"] == "kernel"
    assert shown["kernel"]["kernel"] == close(kernels[..., 6], 1e-7)
    assert shown["kernel"]["map"] == close(
        convolve(image_of(shown), kernels[..., 6:7], bias[6:7]), 1e-4
    )


def test_another_digit_changes_both_views(open_figure, state):
    page = open_figure("layers")
    show_network(page)
    page.get_by_text("Another digit, or one of your own").click()
    page.get_by_role("button", name="digit 3").click()
    shown = state(page)
    assert np.argmax(shown["network"]["layers"][-1]["values"]) == 3
    assert shown["kernel"]["map"] == close(convolve(image_of(shown), EDGE))


def test_no_long_work_while_the_reader_acts(open_figure):
    page = open_figure("layers")
    client = page.context.new_cdp_session(page)
    # The processor's time of the page's thread, whatever else the machine does.
    client.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent(act, times):
        def seconds():
            metrics = client.send("Performance.getMetrics")["metrics"]
            return next(m["value"] for m in metrics if m["name"] == "TaskDuration")

        before = seconds()
        for _ in range(times):
            act()
            page.evaluate("new Promise(requestAnimationFrame)")
        return (seconds() - before) / times

    page.get_by_role("application", name=IMAGE).focus()
    assert spent(lambda: page.keyboard.press("ArrowRight"), 20) < 0.05
    page.get_by_role("slider", name="Bias").focus()
    assert spent(lambda: page.keyboard.press("ArrowRight"), 20) < 0.05
    show_network(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert spent(lambda: page.keyboard.press("ArrowRight"), 20) < 0.05
