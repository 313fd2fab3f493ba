"""The figure that looks inside the shipped network: units, receptive fields and occlusion."""

import keras
import numpy as np
import pytest

from mnist_tutorial import pretrained
from mnist_tutorial.further import feature_maps, occlusion_map

NAME = "looking-inside"
LAYERS = {
    "1st convolution": (0, 5, 1),  # position, side of the receptive field, its stride
    "1st pooling": (1, 6, 2),
    "2nd convolution": (2, 14, 2),
    "2nd pooling": (3, 16, 4),
}


@pytest.fixture(scope="module")
def model():
    return pretrained("thorough")


@pytest.fixture(scope="module")
def logits(model):
    """The shipped network without its softmax."""
    twin = keras.models.clone_model(model)
    twin.set_weights(model.get_weights())
    twin.layers[-1].activation = keras.activations.linear
    return twin


def first(data, digit):
    """The validation image that the figure offers for a digit."""
    return data.validation_images[data.validation_labels == digit][0]


def move_to(page, canvas, row, column, side):
    box = canvas.bounding_box()
    cell = box["width"] / side
    page.mouse.move(box["x"] + (column + 0.5) * cell, box["y"] + (row + 0.5) * cell)


@pytest.mark.parametrize("name", LAYERS)
def test_maps_and_receptive_fields(open_figure, state, model, data, name):
    page = open_figure(NAME)
    layer, field, stride = LAYERS[name]
    page.get_by_label(name, exact=True).check()
    page.get_by_role("button", name="Filter 6", exact=True).click()
    image = first(data, 7)
    expected = list(feature_maps(model, image).values())[layer][..., 6]
    shown = state(page)
    assert (shown["layer"], shown["unit"]) == (layer, 6)
    assert shown["map"] == pytest.approx(expected.ravel().tolist(), abs=1e-4)
    # It starts at the strongest place.
    assert shown["value"] == pytest.approx(expected.max(), abs=1e-4)
    side = len(expected)
    move_to(page, page.get_by_label("map of filter 6"), 1, side - 2, side)
    shown = state(page)
    assert (shown["row"], shown["column"]) == (1, side - 2)
    assert shown["value"] == pytest.approx(expected[1, side - 2], abs=1e-4)
    corner = {"row": stride, "column": (side - 2) * stride}
    assert shown["receptiveField"] == {**corner, "side": field}
    # Outside of it no pixel matters; the pixels at its corners may.
    changed = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    inside = np.s_[stride : stride + field, corner["column"] : corner["column"] + field]
    changed[inside] = image[inside]
    same = list(feature_maps(model, changed).values())[layer][1, side - 2, 6]
    assert same == pytest.approx(expected[1, side - 2], abs=1e-4)


def test_a_value_of_the_first_convolution_is_a_sum_of_products(open_figure, state, model, data):
    page = open_figure(NAME)
    page.get_by_role("button", name="Filter 4", exact=True).click()
    move_to(page, page.get_by_label("map of filter 4"), 12, 11, 24)
    shown = state(page)
    kernel, bias = model.layers[0].get_weights()
    patch = first(data, 7)[12:17, 11:16] / 255
    added = (kernel[:, :, 0, 4] * patch).sum()
    assert shown["sum"] == pytest.approx(added, abs=1e-5)
    assert shown["total"] == pytest.approx(added + bias[4], abs=1e-5)
    assert shown["value"] == pytest.approx(max(added + bias[4], 0), abs=1e-5)
    total = f"{shown['total']:.2f}".replace("-", "\N{MINUS SIGN}")
    assert f"that is {total}" in page.locator(".sum").inner_text()


@pytest.mark.parametrize("name", [*LAYERS, "last layer"])
def test_the_best_images_are_the_best_of_the_validation_split(
    open_figure, state, logits, data, name
):
    page = open_figure(NAME)
    page.get_by_label(name, exact=True).check()
    button = "3:" if name == "last layer" else "Filter 3"
    page.get_by_role("button", name=button).click()
    page.wait_for_function("document.querySelectorAll('.best figure').length === 6")
    page.wait_for_function("document.querySelector('.live-figure').state().unit === 3")
    layer = LAYERS[name][0] if name in LAYERS else 5
    part = keras.Model(logits.inputs, logits.layers[layer].output)
    images = data.validation_images[..., None] / np.float32(255)
    values = part.predict(images, batch_size=500, verbose=0)
    peaks = values.reshape(5000, -1, values.shape[-1])[..., 3].max(axis=1)
    page.wait_for_timeout(300)
    best = state(page)["best"]
    assert [one["value"] for one in best] == pytest.approx(np.sort(peaks)[:-7:-1], abs=1e-3)
    order = np.argsort(-peaks, kind="stable")[:6]
    assert [one["label"] for one in best] == data.validation_labels[order].tolist()


def test_the_last_layer_has_probabilities(open_figure, state, model, logits, data):
    page = open_figure(NAME)
    page.get_by_label("last layer").check()
    assert state(page)["unit"] == 7  # its answer
    page.get_by_role("button", name="9:").click()
    image = first(data, 7)[None, ..., None] / np.float32(255)
    assert state(page)["value"] == pytest.approx(float(logits(image)[0, 9]), abs=1e-4)
    assert page.get_by_role(
        "button", name="7:"
    ).inner_text() == f"7: {model(image)[0, 7]:.0%}".replace("%", " %")


@pytest.mark.parametrize(("digit", "size"), [(7, 5), (4, 9)])
def test_the_map_is_that_of_the_package(open_figure, state, model, data, digit, size):
    page = open_figure(NAME)
    page.get_by_label("which pixels decide").check()
    page.get_by_role("button", name=f"digit {digit}", exact=True).click()
    page.get_by_role("slider").fill(str(size))
    page.get_by_role("button", name="Measure everywhere").click()
    page.wait_for_function(
        "document.querySelector('.live-figure').state().map.every((loss) => !Number.isNaN(loss))"
    )
    expected = occlusion_map(model, first(data, digit), digit, size=size)
    assert state(page)["map"] == pytest.approx(expected.ravel().tolist(), abs=1e-5)


def test_a_patch_changes_the_probabilities(open_figure, state, model, data):
    page = open_figure(NAME)
    page.get_by_label("which pixels decide").check()
    canvas = page.get_by_label("The digit with a patch")
    move_to(page, canvas, 19, 13, 28)
    page.mouse.down()
    move_to(page, canvas, 20, 12, 28)
    page.mouse.up()
    shown = state(page)
    assert (shown["row"], shown["column"], shown["watched"]) == (20, 12, 7)
    image = first(data, 7).copy()
    whole = model(image[None, ..., None] / np.float32(255))[0].numpy()
    image[18:23, 10:15] = 0
    expected = model(image[None, ..., None] / np.float32(255))[0].numpy()
    assert shown["probabilities"] == pytest.approx(expected.tolist(), abs=1e-5)
    assert shown["lost"] == pytest.approx(float(whole[7] - expected[7]), abs=1e-5)
    # The map knows only the places where the patch has been.
    known = [i for i, loss in enumerate(shown["map"]) if loss == loss and loss is not None]
    assert 20 * 28 + 12 in known and len(known) <= 4


def test_by_keyboard(open_figure, state):
    page = open_figure(NAME)
    page.get_by_label("1st convolution").press("ArrowRight")
    assert state(page)["layer"] == 1
    page.get_by_role("button", name="Filter 2", exact=True).press("Enter")
    canvas = page.get_by_label("map of filter 2")
    before = state(page)
    canvas.press("ArrowUp" if before["row"] else "ArrowDown")
    after = state(page)
    assert abs(after["row"] - before["row"]) == 1
    page.wait_for_function(
        "/Filter 2 has the value .* 6 . 6 pixels/"
        ".test(document.querySelector('.live-status').textContent)"
    )
    page.get_by_label("what a filter sees").press("ArrowRight")
    patch = page.get_by_label("The digit with a patch")
    for _ in range(3):
        patch.press("ArrowDown")
    shown = state(page)
    assert (shown["mode"], shown["row"], shown["column"]) == ("patch", 13, 14)


def test_by_touch(open_figure, state):
    page = open_figure(NAME, viewport={"width": 390, "height": 800}, has_touch=True)
    page.get_by_text("2nd pooling").click()
    page.get_by_role("button", name="Filter 5", exact=True).click()
    canvas = page.get_by_label("The digit. The arrow keys")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] * 0.9, box["y"] + box["height"] * 0.9)
    shown = state(page)
    assert shown["receptiveField"] == {"row": 12, "column": 12, "side": 16}
    page.get_by_text("which pixels decide", exact=True).click()
    canvas = page.get_by_label("The digit with a patch")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] * 20.5 / 28, box["y"] + box["height"] * 5.5 / 28)
    shown = state(page)
    assert (shown["row"], shown["column"]) == (5, 20)


def test_an_empty_pad_keeps_the_digit(open_figure, state):
    """The reader has cleared a drawing: the figure goes on showing the last digit."""
    page = open_figure(NAME)
    page.locator(".live-pad").click()
    page.get_by_role("button", name="Clear").click()
    page.wait_for_function(
        "/Draw a digit/.test(document.querySelector('.live-status').textContent)"
    )
    page.get_by_role("button", name="Filter 2", exact=True).click()
    assert state(page)["unit"] == 2
