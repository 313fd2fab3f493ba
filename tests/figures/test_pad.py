"""The drawing pad, in Node and in a real browser."""

import base64
import io
import json
import re
import time
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from digit_strokes import DIGITS, answer, draw, seen, wait_for_answer
from drawings import drawing, photo
from pages import page_with, violations_on
from PIL import Image

from mnist_tutorial import MnistData, convolve, predict, pretrained
from mnist_tutorial.further import to_mnist_image

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "book/figures/src"
DOUBT = "This may not be a single digit, but the network can only answer with a digit."
OLD_BROWSERS = {
    "WebAssembly": "delete self.WebAssembly;",
    "SIMD": "WebAssembly.validate = () => false;",
}


@pytest.fixture
def open_pad(open_content, figures):
    """A function that opens a page with the pad."""

    def is_fault(line):
        # That pixels are read back is the doing of these tests.
        return line.type in ("error", "warning") and "willReadFrequently" not in line.text

    def open_page(*, theme="light", **options):
        fragment = (figures.folder / "pad.html").read_text()
        body = f'{fragment}<p id="after">What follows.</p>'
        content = page_with("The pad", body, theme=theme)
        page = open_content(f"pad-{theme}.html", content, height=1100, is_fault=is_fault, **options)
        if options.get("java_script_enabled", True):
            page.wait_for_selector("#pad")
        return page

    return open_page


def status(page):
    return page.locator("#pad-status").text_content()


def wait_for_status(page, words):
    page.wait_for_function(
        "(words) => document.getElementById('pad-status').textContent.includes(words)", arg=words
    )


def state(page):
    return page.evaluate("document.getElementById('pad-figure').state()")


def press(page, name):
    page.get_by_role("button", name=name).click()


def is_off(page, name):
    control = page.get_by_role("button", name=name)
    return control.get_attribute("aria-disabled") == "true"


def wait_until_blank(page):
    page.wait_for_function("document.getElementById('prediction').textContent === ''")


def choose_file(page, name, content):
    page.set_input_files(
        "#picture-file", {"name": name, "mimeType": "image/png", "buffer": content}
    )


def file_of(image, format="PNG", **options):
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


@pytest.fixture(scope="module")
def network():
    return pretrained("thorough", framework="numpy")


def probabilities_of(network, images):
    images = np.asarray(images, np.float32).reshape(-1, 28, 28, 1) / 255
    return np.asarray(network(images))


# --- in Node ------------------------------------------------------------------------------


def test_form_of_mnist_in_node(figures):
    figures.run_node_test("mnist-form")


def test_size_of_the_first_load(figures):
    sizes = {
        name: len(zlib.compress((figures.static / f"figures/{name}.js").read_bytes(), 6))
        for name in ("pad", "engine", "model", "digits", "photo", "pad-layers")
    }
    assert sizes["pad"] + sizes["engine"] + sizes["model"] <= 45_000
    # Each when it is asked for.
    assert sizes["digits"] + sizes["photo"] + sizes["pad-layers"] <= 20_000


@pytest.mark.parametrize("folder", ["pad", "shared"])
def test_every_text_is_used_and_in_its_one_place(folder):
    texts = json.loads((SOURCES / folder / "text.json").read_text(encoding="utf-8"))["en"]
    code = "".join(
        path.read_text(encoding="utf-8") for path in sorted((SOURCES / folder).glob("*.js"))
    )
    # Errors and layers are looked up by their names.
    used = set(re.findall(r"text\.(\w+)", code)) | set(re.findall(r"'(\w+)'", code))
    used |= {"notAPicture", "nothingFound", "tooLarge", "conv2d", "maxPool", "flatten", "dense"}
    assert set(texts) <= used
    strings = re.findall(r"'([^'\n]*)'|`([^`]*)`", re.sub(r"//.*|/\*[\s\S]*?\*/", "", code))
    sentences = [a or b for a, b in strings if re.search(r"[A-Z][a-z]+ [a-z]+ [a-z]+", a or b)]
    assert sentences == []


# --- drawing ------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_all_ten_digits_are_recognised_without_a_doubt(open_pad, scheme):
    page = open_pad(scheme=scheme)
    answers = {}
    for digit, strokes in DIGITS.items():
        draw(page, strokes)
        answers[digit] = answer(page)
        wait_for_status(page, f"The network answers {digit}")
        assert DOUBT not in status(page), digit
        press(page, "Clear")
        wait_until_blank(page)
    assert answers == {digit: str(digit) for digit in range(10)}


def test_small_digits_in_a_corner_are_recognised(open_pad):
    page = open_pad()
    answers = {}
    for digit, strokes in DIGITS.items():
        draw(page, strokes, scale=0.4, shift=(-0.25, 0.25))
        answers[digit] = answer(page)
        press(page, "Clear")
        wait_until_blank(page)
    assert answers == {digit: str(digit) for digit in range(10)}


def test_the_answer_follows_the_pen_and_is_that_of_the_package(open_pad, network):
    page = open_pad()
    draw(page, DIGITS[7])
    assert answer(page) == "7"
    share = page.locator("#probabilities li.best")
    assert share.locator(".digit").inner_text() == "7"
    assert int(share.locator(".percent").inner_text().removesuffix(" %")) > 50
    before = state(page)
    draw(page, [[(0.35, 0.82), (0.72, 0.82)]])
    wait_for_answer(page)
    after = state(page)
    assert after["probabilities"] != before["probabilities"]
    for shown in (before, after):
        expected = probabilities_of(network, shown["images"])[0]
        np.testing.assert_allclose(shown["probabilities"], expected, atol=1e-5)
    assert seen(page) == after["images"][0]


def test_undo_redo_and_clear(open_pad):
    page = open_pad()
    assert is_off(page, "Undo") and is_off(page, "Redo") and is_off(page, "Clear")
    draw(page, DIGITS[1])
    assert answer(page) == "1"
    one = seen(page)
    draw(page, [[(0.1, 0.5), (0.9, 0.5)]])
    wait_for_answer(page)
    cross = seen(page)
    assert cross != one
    assert is_off(page, "Redo") and not is_off(page, "Undo")
    press(page, "Undo")
    wait_for_answer(page)
    assert seen(page) == one
    press(page, "Redo")
    wait_for_answer(page)
    assert seen(page) == cross
    press(page, "Clear")
    wait_until_blank(page)
    assert set(seen(page)) == {0}
    wait_for_status(page, "Draw a digit from 0 to 9.")
    press(page, "Undo")  # brings back what was cleared
    wait_for_answer(page)
    assert seen(page) == cross
    for _ in range(2):
        press(page, "Undo")
    wait_until_blank(page)
    assert is_off(page, "Undo")
    page.keyboard.press("Enter")  # with nothing left to undo
    assert page.evaluate("document.activeElement.textContent") == "Undo"  # keeps the focus


def test_undo_in_the_middle_of_a_stroke(open_pad):
    page = open_pad()
    box = page.locator("#pad").bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 100, box["y"] + 150)
    page.keyboard.press("Control+z")
    page.mouse.move(box["x"] + 100, box["y"] + 250)
    page.mouse.up()
    wait_until_blank(page)
    page.keyboard.press("Control+y")
    assert answer(page) == "1"


def test_a_tap_leaves_a_dot(open_pad):
    page = open_pad()
    page.click("#pad", position={"x": 100, "y": 100})
    wait_for_answer(page)
    assert max(seen(page)) == 255
    inked = page.evaluate(
        "(() => { const pad = document.getElementById('pad'); const ratio = pad.width / "
        "pad.getBoundingClientRect().width; return [...pad.getContext('2d')"
        ".getImageData(100 * ratio, 100 * ratio, 1, 1).data]; })()"
    )
    assert inked == [255, 255, 255, 255]


def test_the_image_is_in_the_form_of_mnist(open_pad):
    page = open_pad()
    draw(page, DIGITS[0], scale=0.6, shift=(0.15, -0.15))
    wait_for_answer(page)
    image = np.reshape(seen(page), (28, 28))
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
    for axis in (0, 1):
        centre = (image.sum(axis=1 - axis) * np.arange(28)).sum() / image.sum()
        assert abs(centre - 14) <= 0.6
    assert image.max() == 255


@pytest.mark.parametrize("ratio", [1, 2, 3])
def test_the_pad_has_the_pixels_of_the_screen(open_pad, ratio):
    page = open_pad(device_scale_factor=ratio)
    page.wait_for_function(
        "(ratio) => { const pad = document.getElementById('pad'); "
        "return Math.abs(pad.width - ratio * pad.clientWidth) <= 1; }",
        arg=ratio,
    )
    draw(page, DIGITS[7])
    assert answer(page) == "7"


def test_a_prediction_takes_at_most_15_ms(open_pad):
    page = open_pad()
    draw(page, DIGITS[5])
    wait_for_answer(page)
    page.evaluate(
        """() => {
          window.frames_ = [];
          const original = window.requestAnimationFrame;
          window.requestAnimationFrame = (work) => original((time) => {
            const start = performance.now();
            work(time);
            frames_.push(performance.now() - start);
          });
        }"""
    )
    for _ in range(2):
        draw(page, DIGITS[3])
    times = sorted(page.evaluate("frames_"))
    assert len(times) > 10
    assert times[len(times) // 2] <= 15


# --- by keyboard and touch ----------------------------------------------------------------


def test_drawing_by_keyboard(open_pad):
    page = open_pad()
    page.focus("#pad")
    page.keyboard.press("Space")
    wait_for_status(page, "Pen down.")
    for _ in range(14):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    assert answer(page) == "1"
    page.keyboard.press("Backspace")
    wait_until_blank(page)
    page.keyboard.press("Control+y")
    assert answer(page) == "1"
    page.keyboard.press("Escape")
    wait_until_blank(page)


def test_two_arrow_keys_draw_a_diagonal(open_pad):
    page = open_pad()
    page.focus("#pad")
    page.keyboard.press("Space")
    page.keyboard.down("ArrowRight")
    for _ in range(8):
        page.keyboard.down("ArrowDown")  # repeats, as the key that is held last does
    page.keyboard.up("ArrowDown")
    page.keyboard.up("ArrowRight")
    page.keyboard.press("Space")
    wait_for_answer(page)
    image = np.reshape(seen(page), (28, 28)) > 127
    rows, columns = np.nonzero(image)
    assert np.corrcoef(rows, columns)[0, 1] > 0.9
    assert np.ptp(columns) > 14


def test_all_controls_are_reached_by_keyboard_and_the_keys_explained(open_pad):
    page = open_pad()
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent"))
    for name in ("Undo", "Redo", "Clear", "Random validation digit", "Picture of a digit …"):
        assert name in reached
    summary = page.locator("summary", has_text="Drawing with the keyboard")
    summary.focus()
    page.keyboard.press("Enter")
    assert page.get_by_text("the space bar puts the pen down").is_visible()
    described = page.locator("#pad").get_attribute("aria-describedby")
    assert "two at once diagonally" in page.locator(f"#{described}").inner_text()


def test_touch(open_pad):
    page = open_pad(has_touch=True, viewport={"width": 390, "height": 800})
    box = page.locator("#pad").bounding_box()
    client = page.context.new_cdp_session(page)
    # Upwards: without touch-action the page would scroll.
    for kind, y in [("touchStart", 0.8), *(("touchMove", 0.8 - 0.05 * i) for i in range(1, 13))]:
        point = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] * y}
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert answer(page) == "1"
    assert page.evaluate("scrollY") == 0


# --- validation digits and pictures -------------------------------------------------------


def test_a_validation_digit_with_its_label(open_pad, network):
    data = MnistData()
    page = open_pad()
    draw(page, DIGITS[1])
    wait_for_answer(page)
    drawn = seen(page)
    labels = set()
    for _ in range(4):
        before = seen(page)
        press(page, "Random validation digit")
        page.wait_for_function(
            "(before) => document.getElementById('pad-figure').state().images[0].join() "
            "!== before.join()",
            arg=before,
        )
        wait_for_status(page, "This is a validation image with the label")
        wait_for_answer(page)
        page.wait_for_timeout(700)
        image = np.array(state(page)["images"][0])
        [known] = np.flatnonzero((data.validation_images.reshape(-1, 784) == image).all(axis=1))
        label = data.validation_labels[known]
        labels.add(int(label))
        right = probabilities_of(network, image)[0].argmax() == label
        verdict = f"the label {label}. The network is {'right' if right else 'wrong'}."
        assert verdict in status(page)
    assert len(labels) > 1
    for _ in range(4):
        press(page, "Undo")
    page.wait_for_function(
        "(drawn) => document.getElementById('pad-figure').state().images[0].join() "
        "=== drawn.join()",
        arg=drawn,
    )
    press(page, "Redo")
    wait_for_status(page, "This is a validation image with the label")
    draw(page, DIGITS[7])  # a stroke replaces the digit
    assert answer(page) == "7"


def photos():
    rng = np.random.default_rng(5)
    for i in range(3):
        digit, label = MnistData().validation_images[i], MnistData().validation_labels[i]
        yield Image.fromarray(photo(digit, rng, lines=0.2, soft=0.3)), str(label)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_a_photo_is_read_as_by_the_package(open_pad, network, scheme):
    page = open_pad(scheme=scheme)
    for image, label in photos():
        content = file_of(image, "JPEG", quality=95)
        choose_file(page, "photo.jpg", content)
        wait_for_status(page, "The frame shows the digit that was found.")
        assert answer(page) == label
        shown = state(page)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            own = predict(network, Image.open(io.BytesIO(content)))
        assert len(shown["images"]) == 7  # turned to either side
        assert np.abs(np.array(shown["images"][0]) - own.images[0].ravel()).max() <= 2
        np.testing.assert_allclose(shown["probabilities"], own.probabilities[0], atol=0.01)
        top, left, bottom, right = shown["box"]
        np.testing.assert_allclose([top, left, bottom, right], own.boxes[0], atol=3)
        press(page, "Clear")
        wait_until_blank(page)


def test_a_picture_that_is_dropped_or_pasted(open_pad):
    page = open_pad()
    expected = to_mnist_image(drawing()).ravel().tolist()
    encoded = base64.b64encode(file_of(drawing())).decode()
    for kind in ("drop", "paste"):
        page.evaluate(
            """([kind, encoded]) => {
              const bytes = Uint8Array.from(atob(encoded), (c) => c.charCodeAt(0));
              const data = new DataTransfer();
              data.items.add(new File([bytes], 'four.png', {type: 'image/png'}));
              const target = kind === 'drop' ? document.getElementById('pad') : document.body;
              const event = kind === 'drop' ?
                new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}) :
                new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true});
              target.dispatchEvent(event);
            }""",
            [kind, encoded],
        )
        assert answer(page) == "4"
        assert state(page)["images"] == [expected]
        press(page, "Clear")
        wait_until_blank(page)


def test_pictures_that_show_no_digit(open_pad, tmp_path):
    page = open_pad()
    choose_file(page, "notes.png", b"these are words")
    wait_for_status(page, "This file is not a picture that your browser can read.")
    choose_file(page, "blank.png", file_of(Image.new("L", (100, 100), 255)))
    wait_for_status(page, "There is no digit in this picture: nothing stands out")
    with (tmp_path / "large.png").open("wb") as file:
        file.truncate(100_000_001)
    page.set_input_files("#picture-file", tmp_path / "large.png")
    wait_for_status(page, "This picture is too large")
    draw(page, DIGITS[7])
    assert answer(page) == "7"
    wait_for_status(page, "The network answers 7")
    assert "too large" not in status(page)


def test_a_picture_of_too_many_pixels(open_pad):
    # The worker's code is made from a Blob; here it believes that every picture is large.
    page = open_pad(
        script="const Original = Blob; Blob = function(parts, options) { return new Original("
        "['createImageBitmap = async () => ({width: 8000, height: 7000});', ...parts], options); }"
    )
    choose_file(page, "four.png", file_of(drawing()))
    wait_for_status(page, "This picture is too large: the limits are 50 million")


def test_a_photo_whose_digit_the_edge_cuts_off(open_pad):
    page = open_pad()
    rng = np.random.default_rng(0)
    blank = photo(np.zeros((28, 28), np.uint8), rng, hard=0.4)
    choose_file(page, "shadow.png", file_of(Image.fromarray(blank)))
    wait_for_status(page, "The ink reaches the edge of the picture.")


# --- doubt --------------------------------------------------------------------------------

NO_DIGITS = {
    "two digits": [[(0.15, 0.2), (0.15, 0.8)], [(0.85, 0.2), (0.85, 0.8)]],
    "a scribble": [
        [(0.2 + 0.6 * (i % 2), 0.2 + 0.6 * i / 40) for i in range(41)]
        + [(0.2 + 0.6 * i / 40, 0.2 + 0.6 * (i % 2)) for i in range(41)]
    ],
}


@pytest.mark.parametrize("kind", NO_DIGITS)
def test_what_may_not_be_one_digit_is_doubted_and_answered(open_pad, kind):
    page = open_pad()
    draw(page, NO_DIGITS[kind])
    wait_for_status(page, DOUBT)
    assert answer(page).isdigit()
    press(page, "Clear")
    wait_for_status(page, "Draw a digit from 0 to 9.")
    assert DOUBT not in status(page)


# --- the layers ---------------------------------------------------------------------------


def by_package(network, image):
    """What every layer makes of an image, in the package's own NumPy."""
    kernels1, bias1, kernels2, bias2, dense, bias = network.get_weights()
    x = np.asarray(image, np.float64).reshape(1, 28, 28, 1) / 255
    outputs = []
    for kernels, own_bias in ((kernels1, bias1), (kernels2, bias2)):
        x = np.maximum(convolve(x, kernels) + own_bias, 0)
        outputs.append(x[0])
        n, side, _, channels = x.shape
        x = x.reshape(n, side // 2, 2, side // 2, 2, channels).max(axis=(2, 4))
        outputs.append(x[0])
    flat = x.ravel()
    logits = flat @ dense + bias
    powers = np.exp(logits - logits.max())
    return [*outputs, flat, logits, powers / powers.sum()]


def test_what_every_layer_made_of_it(open_pad, network):
    page = open_pad()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    draw(page, DIGITS[5])
    wait_for_answer(page)
    assert state(page)["layers"] is None
    page.get_by_text("What every layer made of it").click()
    page.wait_for_selector(".pad-layers canvas")
    assert [url for url in asked if url.endswith("/pad-layers.js")]
    for digit in (5, 3):
        shown = state(page)
        expected = by_package(network, shown["images"][0])
        assert [tuple(layer["shape"]) for layer in shown["layers"]] == [o.shape for o in expected]
        for layer, values in zip(shown["layers"], expected, strict=True):
            np.testing.assert_allclose(
                layer["values"], values.ravel(), atol=2e-4, err_msg=layer["name"]
            )
        if digit == 5:
            press(page, "Clear")
            wait_until_blank(page)
            assert page.get_by_text("Draw a digit first.").is_visible()
            draw(page, DIGITS[3])
            wait_for_answer(page)
    words = page.locator(".pad-layers").inner_text()
    for shape in ("[24, 24, 8]", "[12, 12, 8]", "[8, 8, 16]", "[4, 4, 16]", "[256]"):
        assert shape in words
    assert page.locator(".pad-layers canvas").count() == 8 + 8 + 16 + 16 + 1
    # The pixels of the third map of the second layer, on one scale with the others.
    pooled = expected[1]
    pixels = page.evaluate(
        "(() => { const canvas = document.querySelectorAll('.pad-layers canvas')[10]; return "
        "[...canvas.getContext('2d').getImageData(0, 0, 12, 12).data].filter((_, i) => !(i % 4)); "
        "})()"
    )
    np.testing.assert_allclose(pixels, (255 * pooled[..., 2] / pooled.max()).ravel(), atol=1)
    cells = page.locator(".pad-layers tbody tr").nth(3).locator("td")
    assert cells.nth(0).inner_text() == f"{expected[-2][3]:.2f}".replace("-", "\u2212")
    assert cells.nth(1).inner_text() == f"{expected[-1][3]:.4f}"


# --- the network that answers -------------------------------------------------------------


def hand_over(page, layers, weights):
    page.evaluate(
        """([layers, weights]) => document.dispatchEvent(new CustomEvent('mnist-model',
          {detail: {layers, weights: weights.map((values) => new Float32Array(values))}}))""",
        [layers, [np.ravel(weight).tolist() for weight in weights]],
    )


def test_the_reader_s_network_and_the_book_s_again(open_pad, figures, network):
    page = open_pad()
    draw(page, DIGITS[7])
    assert answer(page) == "7"
    of_the_book = state(page)["probabilities"]
    assert not page.locator("#pad-network").is_visible()
    layers = json.loads((figures.folder / "dist/networks.json").read_text())["dense"]
    rng = np.random.default_rng(0)
    weights = [rng.normal(0, 0.05, shape) for shape in ((784, 42), (42,), (42, 10), (10,))]
    hand_over(page, layers, weights)
    wait_for_status(page, "The pad now asks the network that you trained.")
    assert page.get_by_text("The network that you trained is answering.").is_visible()
    shown = state(page)
    hidden = np.maximum(np.array(shown["images"][0]) / 255 @ weights[0] + weights[1], 0)
    powers = np.exp(hidden @ weights[2] + weights[3])
    np.testing.assert_allclose(shown["probabilities"], powers / powers.sum(), atol=1e-5)
    assert shown["trained"]
    page.get_by_text("What every layer made of it").click()
    page.wait_for_selector(".pad-layers .strip")
    assert [layer["shape"] for layer in state(page)["layers"]] == [[784], [42], [10], [10]]
    press(page, "Use the book's network again")
    wait_for_status(page, "The pad asks the book's network again.")
    assert state(page)["probabilities"] == of_the_book
    assert not page.locator("#pad-network").is_visible()
    assert page.evaluate("document.activeElement.id") == "pad"
    assert len(state(page)["layers"]) == 7


def test_a_network_that_cannot_be_used(open_pad, figures):
    page = open_pad()
    draw(page, DIGITS[7])
    assert answer(page) == "7"
    layers = json.loads((figures.folder / "dist/networks.json").read_text())["dense"]
    hand_over(page, layers, [np.zeros(3)])
    wait_for_status(page, "The pad cannot use this network: expected weights of")
    assert answer(page) == "7"
    shapes = ((784, 42), (42,), (42, 10), (10,))
    hand_over(page, layers, [np.full(shape, np.nan) for shape in shapes])
    wait_for_status(page, "This network's answers are not numbers")
    assert page.locator("#prediction").inner_text() == ""


# --- loading ------------------------------------------------------------------------------


def test_what_is_loaded_and_when(open_pad):
    asked = []
    page = open_pad(
        before=lambda page: page.on(
            "request", lambda request: asked.append(request.url.rsplit("/", 1)[1])
        )
    )
    page.wait_for_timeout(1500)
    assert sorted(asked) == ["engine.js", "model.js", "pad-light.html", "pad.js"]
    draw(page, DIGITS[1])
    assert answer(page) == "1"
    assert len(asked) == 4
    press(page, "Random validation digit")
    wait_for_status(page, "This is a validation image")
    assert asked[4:] == ["digits.js"]
    choose_file(page, "four.png", file_of(drawing()))
    wait_for_status(page, "The frame shows")
    assert [name for name in asked[5:] if name.endswith(".js")] == ["photo.js"]


def test_a_network_that_does_not_arrive(open_pad):
    page = open_pad(before=lambda page: page.route("**/model.js", lambda route: route.abort()))
    draw(page, DIGITS[1])
    wait_for_status(page, "The network could not be started: model.js could not be loaded.")
    assert page.locator("#prediction").inner_text() == ""
    page.unroute("**/model.js")
    draw(page, [[(0.5, 0.2), (0.5, 0.3)]])
    assert answer(page) == "1"
    assert all("net::ERR_FAILED" in line for line in page.logged)
    page.logged.clear()


@pytest.mark.parametrize("missing", OLD_BROWSERS)
def test_without_webassembly(open_pad, missing):
    page = open_pad(script=OLD_BROWSERS[missing])
    draw(page, DIGITS[1])
    wait_for_status(
        page,
        "could not be started: this browser cannot run WebAssembly with SIMD; browsers made since",
    )
    assert page.locator("#prediction").inner_text() == ""


def test_without_javascript(open_pad):
    page = open_pad(java_script_enabled=False)
    words = page.locator("main").inner_text()
    assert "The drawing pad needs JavaScript" in words
    box = page.locator("#after").bounding_box()
    assert box["y"] < 400  # no room is kept for a pad that does not come


def test_it_rests_when_nobody_draws(open_pad):
    page = open_pad()
    page.wait_for_timeout(2000)
    page.evaluate(
        "() => { window.frames_ = 0; const original = requestAnimationFrame; "
        "window.requestAnimationFrame = (work) => { frames_++; return original(work); }; }"
    )
    page.wait_for_timeout(800)
    assert page.evaluate("frames_") == 0


# --- how it looks -------------------------------------------------------------------------


@pytest.mark.parametrize("width", [320, 390, 600, 768, 1440])
def test_nothing_moves_when_the_pad_appears_and_answers(open_pad, width):
    def slowly(route):
        time.sleep(0.3)
        route.continue_()

    page = open_pad(
        viewport={"width": width, "height": 2000},
        before=lambda page: page.route("**/pad.js", slowly),
        script="window.shifts_ = []; new PerformanceObserver((list) => { for (const entry of "
        "list.getEntries()) if (!entry.hadRecentInput) shifts_.push(entry.sources.map((source) => "
        "source.node?.outerHTML)); }).observe({type: 'layout-shift', buffered: true});",
    )
    draw(page, NO_DIGITS["two digits"])
    wait_for_status(page, DOUBT)
    assert page.evaluate("shifts_") == []
    # And little more room is kept than is needed.
    spare = page.evaluate(
        "document.getElementById('pad-figure').getBoundingClientRect().bottom - document"
        ".querySelector('#pad-figure > :last-child').getBoundingClientRect().bottom"
    )
    assert 8 <= spare <= 80


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(open_pad, theme):
    page = open_pad(theme=theme)
    draw(page, NO_DIGITS["two digits"])
    wait_for_status(page, DOUBT)
    page.get_by_text("What every layer made of it").click()
    page.get_by_text("Drawing with the keyboard").click()
    page.wait_for_selector(".pad-layers canvas")
    assert [(v["id"], [n["html"][:200] for n in v["nodes"]]) for v in violations_on(page)] == []


@pytest.mark.parametrize("width", [320, 390, 768, 1440])
def test_it_fits(open_pad, width):
    page = open_pad(viewport={"width": width, "height": 800}, has_touch=True)
    draw(page, DIGITS[7])
    assert answer(page) == "7"
    page.get_by_text("What every layer made of it").click()
    page.wait_for_selector(".pad-layers canvas")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    small = page.evaluate(
        "[...document.querySelectorAll('#pad-figure :is(button, summary)')]"
        ".filter((e) => e.offsetParent && e.getBoundingClientRect().height < 40)"
        ".map((e) => e.outerHTML)"
    )
    assert small == []
