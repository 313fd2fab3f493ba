"""Chapter 5's figure: the gradients of batches, their noise and the time they take."""

import base64
import importlib.util
import json
import re
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from mnist_tutorial import build_model, epoch_order, make_batch

ROOT = Path(__file__).parents[2]
SIZES = [1, 4, 16, 64, 256, 1024]
BATCHES = 60


@pytest.fixture(scope="module")
def part(figures):
    """What the build wrote for the figure, its gradients as numbers [n, 2]."""
    text = (figures.static / "figures/gradients.js").read_text()
    values = json.loads(text[text.index("=", text.index("]")) + 1 : -2])
    coded = np.frombuffer(base64.b64decode(values["values"]), "<i2").reshape(-1, 2)
    return values | {"values": coded * values["unit"]}


def uniforms(seed):
    """The generator mulberry32."""
    state, mask = seed, 2**32 - 1
    while True:
        state = (state + 0x6D2B79F5) & mask
        mixed = (state ^ state >> 15) * (state | 1) & mask
        mixed ^= mixed + ((mixed ^ mixed >> 7) * (mixed | 61) & mask) & mask
        yield (mixed ^ mixed >> 14) / 2**32


def drawn(values, seed):
    """The gradients of each batch of the largest size, [60, 1024, 2]."""
    uniform, order, batches = uniforms(seed), list(range(len(values))), []
    for _ in range(BATCHES):
        for i in range(SIZES[-1]):
            j = i + int(next(uniform) * (len(values) - i))
            order[i], order[j] = order[j], order[i]
        batches.append(values[order[: SIZES[-1]]])
    return np.stack(batches)


def noise(points):
    return np.sqrt(((points - points.mean(axis=0)) ** 2).sum() / (len(points) - 1))


def size_slider(page):
    return page.get_by_role("slider", name="Batch size n")


def plain_gradient(model, batch):
    """As chapter 5 computes it."""
    with tf.GradientTape() as tape:
        answers = model(batch.xs.reshape(-1, 28, 28, 1))
        losses = keras.losses.categorical_crossentropy(batch.labels, answers)
        loss = tf.reduce_mean(losses)
    parts = tape.gradient(loss, model.trainable_variables)
    return np.concatenate([part.numpy().ravel() for part in parts])


def test_the_gradients_are_those_of_the_package(part, data):
    model, n = build_model(seed=0), len(part["values"])
    order = epoch_order(len(data.train_images), seed=0, epoch=0)[:n]

    def of(chosen):
        return plain_gradient(
            model, make_batch(data.train_images[chosen], data.train_labels[chosen])
        )

    full = np.mean([of(order[i : i + 1024]) for i in range(0, n, 1024)], axis=0)
    norm = np.linalg.norm(full)
    assert part["values"].mean(axis=0) == pytest.approx([norm, 0], abs=1e-4)
    singles = np.array([of(order[[i]]) for i in range(20)])
    assert part["values"][:20, 0] == pytest.approx(singles @ full / norm, abs=2e-3)
    lengths = np.linalg.norm(part["values"][:20], axis=1)
    assert (lengths <= np.linalg.norm(singles, axis=1) + 1e-3).all()


def test_the_directions_and_what_they_leave_out(monkeypatch):
    path = ROOT / "book/figures/gradients.py"
    spec = importlib.util.spec_from_file_location("gradients", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "SIZES", (1, 16))
    raw = np.random.default_rng(1).normal(size=(400, 12)) * np.geomspace(3, 0.3, 12) + 0.5
    monkeypatch.setattr(module, "IMAGES", len(raw))
    monkeypatch.setattr(module, "BATCHES", 4000)
    monkeypatch.setattr(module, "gradients_of_images", lambda: raw)
    made = module.gradients_part()
    mean = raw.mean(axis=0)
    along = mean / np.linalg.norm(mean)
    centred = raw - mean
    rest = centred - np.outer(centred @ along, along)
    widest = np.linalg.svd(rest, full_matrices=False)[1][0]
    values = made["values"] * made["unit"]
    assert values[:, 0] == pytest.approx(raw @ along, abs=made["unit"])
    assert np.sqrt(values[:, 1].var() * len(raw)) == pytest.approx(widest, rel=1e-3)
    total = centred.var(axis=0).sum()
    assert made["share"] == pytest.approx(values.var(axis=0).sum() / total, rel=1e-3)
    finite = np.sqrt((400 - 16) / 399)  # without replacement
    expected = np.sqrt(total) * np.array([1, finite / 4])
    assert made["noise"] == pytest.approx(expected.tolist(), rel=0.05)
    cosines = raw @ along / np.linalg.norm(raw, axis=1)
    assert made["angle"][0] == pytest.approx(np.degrees(np.arccos(cosines)).mean(), rel=0.05)
    assert made["angle"][1] < made["angle"][0]


def test_the_noise_in_all_weights_is_what_the_chapter_measures(part):
    assert part["sizes"] == SIZES
    assert part["weights"] == 5994
    printed = [6.8, 3.5, 1.7, 0.8, 0.4, 0.2]
    assert part["noise"] == pytest.approx(printed, rel=0.1, abs=0.05)
    # The two directions hold their share of one image's variance.
    two = noise(part["values"])
    assert two**2 / part["share"] == pytest.approx(6.8**2, rel=0.1)


@pytest.mark.parametrize("presses", [0, 2])
def test_each_number_is_numpys(open_figure, state, part, presses):
    page = open_figure("batching")
    for _ in range(presses):
        page.get_by_role("button", name="Draw other batches").click()
    batches = drawn(part["values"], presses)
    for i, n in enumerate(SIZES):
        size_slider(page).fill(str(i))
        shown = state(page)
        points = batches[:, :n].mean(axis=1)
        assert (shown["n"], shown["seed"]) == (n, presses)
        assert np.array(shown["points"]) == pytest.approx(points, abs=1e-9)
        assert shown["noise"] == pytest.approx(noise(points))
        assert shown["noise"] == shown["noises"][i]
        angles = np.degrees(np.arccos(points[:, 0] / np.linalg.norm(points, axis=1)))
        assert shown["angle"] == pytest.approx(angles.mean())
        assert shown["back"] == (points[:, 0] < 0).sum()
        seen = (points[:, 0] >= -1.2) & (points[:, 0] <= 2.8) & (np.abs(points[:, 1]) <= 2)
        assert shown["outside"] == (~seen).sum()
        # Sixty batches estimate the noise to about a tenth.
        assert shown["noise"] == pytest.approx(shown["noiseOfOne"] / np.sqrt(n), rel=0.3)
        facts = page.locator(".batching-facts dd").all_inner_texts()
        assert facts[:3] == [
            f"{noise(points):.2f}", f"{part['noise'][i]:.2f}", f"{shown['back']} of 60"
        ]  # fmt: skip
    assert shown["noiseOfOne"] == pytest.approx(noise(part["values"]))
    assert shown["norm"] == pytest.approx(part["values"][:, 0].mean())
    slope = np.polyfit(np.log(SIZES), np.log(shown["noises"]), 1)[0]
    assert slope == pytest.approx(-0.5, abs=0.05)


def test_the_times_are_those_printed_in_the_chapter(open_figure, state):
    page = open_figure("batching")
    cells = json.loads((ROOT / "book/05-batching.ipynb").read_text(encoding="utf-8"))["cells"]
    (cell,) = [cell for cell in cells if cell["id"] == "throughput"]
    lines = next(o for o in cell["outputs"] if o["output_type"] == "stream")["text"]
    times = [float(re.search(r"([\d.]+) ms per batch", line)[1]) for line in lines]
    assert len(times) == len(SIZES)
    for i, (n, time) in enumerate(zip(SIZES, times, strict=True)):
        size_slider(page).fill(str(i))
        shown = state(page)
        assert shown["perUpdate"] == time
        assert shown["perImage"] == pytest.approx(time / n)
        assert shown["updates"] == pytest.approx(times[-1] / time)
        facts = page.locator(".batching-facts dd").all_inner_texts()
        assert facts[3:] == [
            f"{time:.1f} ms", f"{time / n:#.2g} ms", f"{times[-1] / time:#.2g}".rstrip(".")
        ]  # fmt: skip


def test_the_arrows_draw_together(open_figure, state):
    page = open_figure("batching")
    lengths = []
    for i in range(len(SIZES)):
        size_slider(page).fill(str(i))
        page.wait_for_function(
            f"document.querySelector('.live-figure').state().shown === {SIZES[i]}"
        )
        page.wait_for_timeout(50)
        lengths.append(float(page.locator(".ring").get_attribute("r")))
    assert np.divide(lengths[:-1], lengths[1:]) == pytest.approx(2, abs=1e-6)


def test_by_mouse(open_figure, state):
    page = open_figure("batching")
    before = state(page)
    box = size_slider(page).bounding_box()
    size_slider(page).click(position={"x": 2, "y": box["height"] / 2})
    assert state(page)["n"] == 1
    size_slider(page).click(position={"x": box["width"] - 2, "y": box["height"] / 2})
    assert state(page)["n"] == 1024
    page.get_by_role("button", name="Draw other batches").click()
    assert state(page)["points"] != before["points"]


def test_by_keyboard(open_figure, state):
    page = open_figure("batching")
    size_slider(page).focus()
    page.keyboard.press("ArrowRight")
    assert state(page)["n"] == 256
    assert size_slider(page).get_attribute("aria-valuetext") == "256 images"
    page.keyboard.press("Home")
    assert state(page)["n"] == 1
    page.wait_for_function(
        "document.querySelector('.live-status').textContent.includes('With 1 image per batch')"
    )
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert state(page)["seed"] == 1


def test_by_touch(open_figure, state):
    page = open_figure(
        "batching", viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True
    )
    box = size_slider(page).bounding_box()
    page.touchscreen.tap(box["x"] + 2, box["y"] + box["height"] / 2)
    assert state(page)["n"] == 1
    page.get_by_role("button", name="Draw other batches").tap()
    assert state(page)["seed"] == 1


def test_with_less_motion_the_arrows_are_there_at_once(open_figure, state):
    page = open_figure("batching", reduced_motion="reduce")
    size_slider(page).fill("0")
    assert state(page)["shown"] == 1


def test_no_move_keeps_the_reader_waiting(open_figure):
    page = open_figure("batching")
    page.evaluate(
        "window.longest = 0; new PerformanceObserver((list) => { for (const task of "
        "list.getEntries()) longest = Math.max(longest, task.duration); })"
        ".observe({type: 'longtask'})"
    )
    page.get_by_role("button", name="Draw other batches").click()
    for i in range(6):
        size_slider(page).fill(str(i))
        page.wait_for_timeout(100)
    page.wait_for_timeout(800)
    assert page.evaluate("longest") < 200  # 50 on an idle machine
