"""Chapter 7's figure: confusions, a threshold for the probability, and test sets of n images."""

import itertools

import keras
import numpy as np
import pytest
from pages import violations_on

from mnist_tutorial import MnistData, confusion_matrix, evaluate

NAMES = {"threshold": "When should it not answer?", "sample": "How certain?"}


@pytest.fixture(scope="module")
def reference(figures):
    """Chapter 7's network, as the figure's numbers were made by it, and its evaluation."""
    model = keras.models.load_model(figures.folder / "dist/hundred-batches.keras")
    data = MnistData()
    evaluation = evaluate(model, data)
    return data, evaluation, evaluation.probabilities.argmax(axis=1)


def open_view(open_figure, view=None, **options):
    page = open_figure("results", **options)
    if view:
        page.get_by_label(NAMES[view]).check()
    return page


def pressed_tile(page):
    return page.locator('.results-tiles [aria-pressed="true"]')


def test_the_numbers_are_those_of_the_chapter(reference):
    data, evaluation, predictions = reference
    assert 0.905 < evaluation.accuracy < 0.915
    counts = confusion_matrix(data.test_labels, predictions)
    mistakes = counts - np.diag(counts.diagonal())
    assert np.unravel_index(mistakes.argmax(), mistakes.shape) == (9, 4)


def test_confusion_matrix_is_the_packages(open_figure, state, reference):
    data, evaluation, predictions = reference
    page = open_view(open_figure)
    counts = confusion_matrix(data.test_labels, predictions)
    shown = state(page)
    assert shown["confusion"]["counts"] == counts.tolist()
    assert shown["loss"] == pytest.approx(evaluation.loss, abs=1e-6)
    assert shown["sample"]["p"] == pytest.approx(evaluation.accuracy, abs=1e-9)
    written = [
        [int(cell or 0) for cell in row.split("\t")]
        for row in page.evaluate(
            "[...document.querySelectorAll('.results-matrix tbody tr')].map((row) => "
            "[...row.querySelectorAll('td')].map((cell) => cell.textContent).join('\\t'))"
        )
    ]
    assert written == counts.tolist()


def test_every_cell_shows_its_own_images(open_figure, state, reference):
    data, evaluation, predictions = reference
    page = open_view(open_figure)
    confidence = evaluation.probabilities.max(axis=1)
    for digit, read in [(9, 4), (7, 2), (3, 5), (0, 1), (8, 8)]:
        page.locator(f'[data-cell="{digit} {read}"]').click()
        shown = state(page)["confusion"]
        own = np.flatnonzero((data.test_labels == digit) & (predictions == read))
        assert set(shown["shown"]) <= set(own.tolist())
        assert len(shown["shown"]) == min(12, len(own))
        if digit == read:
            assert shown["shown"] == own[:12].tolist()
        elif len(own):
            least = np.sort(np.floor(confidence[own] * 10_000))[-len(shown["shown"])]
            assert (np.floor(confidence[shown["shown"]] * 10_000) >= least).all()
        if len(own):
            expected = evaluation.probabilities[shown["shown"][0]]
            assert np.array(shown["probabilities"]) / 10_000 == pytest.approx(expected, abs=6e-5)


def test_the_pictures_are_the_test_images(open_figure, state, reference):
    data, _, _ = reference
    page = open_view(open_figure)
    page.locator('[data-cell="7 2"]').click()
    index = state(page)["confusion"]["shown"][0]
    pixels = (
        pressed_tile(page)
        .locator("canvas")
        .evaluate(
            "(c) => [...c.getContext('2d').getImageData(0, 0, 28, 28).data]"
            ".filter((_, i) => i % 4 === 0)"
        )
    )
    # The figure keeps sixteen grey levels of 256.
    assert np.abs(np.array(pixels) - data.test_images[index].ravel().astype(int)).max() <= 8


def test_all_mistakes_can_be_seen(open_figure, state, reference):
    data, _, predictions = reference
    page = open_view(open_figure)
    seen = set()
    for _ in range(14):
        seen |= set(state(page)["confusion"]["shown"])
        page.get_by_role("button", name="Next").click()
    assert seen == set(np.flatnonzero((data.test_labels == 9) & (predictions == 4)).tolist())


def test_thresholds_give_the_accuracy_of_numpy(open_figure, state, reference):
    data, evaluation, predictions = reference
    page = open_view(open_figure, "threshold")
    right = predictions == data.test_labels
    confidence = evaluation.probabilities.max(axis=1).astype(float)
    shown = state(page)["threshold"]
    for threshold, (coverage, accuracy) in zip(shown["thresholds"], shown["points"], strict=True):
        answered = confidence >= threshold
        assert coverage == pytest.approx(answered.mean(), abs=1e-12)
        assert accuracy == pytest.approx(right[answered].mean(), abs=1e-12)
    # Exercise 2 of the chapter.
    page.get_by_role("slider", name="Threshold").fill(str(shown["thresholds"].index(0.9)))
    shown = state(page)["threshold"]
    answered = confidence >= 0.9
    assert (shown["answered"], shown["right"]) == (answered.sum(), right[answered].sum())
    table = page.locator(".results-answers tbody").inner_text().replace("\xa0", " ")
    assert f"{answered.sum():,}" in table and f"{(answered & ~right).sum()}" in table
    assert f"{100 * right[answered].mean():.1f} %" in table
    assert f"{100 * right[~answered].mean():.1f} %" in table
    assert f"{(answered & ~right).sum()} mistakes pass" in page.locator(".live-figure").inner_text()


def test_intervals_follow_the_chapters_formula(open_figure, state, reference):
    data, _, predictions = reference
    right = predictions == data.test_labels
    p = right.mean()
    page = open_view(open_figure, "sample")
    slider = page.get_by_role("slider", name="Images in a test set")
    for place, n in [(0, 10), (10, 1000), (15, 10_000)]:
        slider.fill(str(place))
        page.get_by_role("button", name="Draw 100 more").click()
        shown = state(page)["sample"]
        assert shown["n"] == n and len(shown["draws"]) == 120
        accuracies = np.array([draw["accuracy"] for draw in shown["draws"]])
        margins = 2 * np.sqrt(accuracies * (1 - accuracies) / n)
        low, high = accuracies - margins, accuracies + margins
        assert [draw["low"] for draw in shown["draws"]] == pytest.approx(low.tolist())
        assert [draw["high"] for draw in shown["draws"]] == pytest.approx(high.tolist())
        assert shown["hits"] == ((low <= p) & (p <= high)).sum()
        assert shown["standardError"] == pytest.approx(np.sqrt(p * (1 - p) / n))
        assert shown["deviation"] == pytest.approx(accuracies.std())
        assert accuracies.std() == pytest.approx(shown["standardError"], rel=0.25)
        drawn = shown["draws"][0]["indices"]
        assert len(drawn) == n and right[drawn].mean() == pytest.approx(accuracies[0])
        assert all(a != b for a, b in itertools.pairwise(accuracies[:6])) or n < 1000
    # Ten images are so few that the interval often has no width at all.
    slider.fill("0")
    page.get_by_role("button", name="Draw 100 more").click()
    assert state(page)["sample"]["hits"] < 100
    slider.fill("10")
    page.get_by_role("button", name="Draw 100 more").click()
    assert state(page)["sample"]["hits"] > 105


def test_by_mouse(open_figure, state):
    page = open_view(open_figure)
    start, end = (page.locator(f'[data-cell="{c}"]').bounding_box() for c in ("1 8", "7 2"))
    page.mouse.move(start["x"] + 9, start["y"] + 9)
    page.mouse.down()
    assert state(page)["confusion"]["read"] == 8
    page.mouse.move(end["x"] + 9, end["y"] + 9, steps=8)
    page.mouse.up()
    shown = state(page)["confusion"]
    assert (shown["digit"], shown["read"]) == (7, 2)
    page.locator(".results-tiles button").nth(3).click()
    assert state(page)["confusion"]["probabilities"] != shown["probabilities"]
    page.get_by_label(NAMES["threshold"]).check()
    before = state(page)["threshold"]["answered"]
    box = page.locator(".results-drag").bounding_box()
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.5 * box["height"], steps=5)
    page.mouse.up()
    after = state(page)["threshold"]
    assert after["answered"] < before
    assert float(page.locator(".live-slider b").first.inner_text()) == after["threshold"]


def test_by_keyboard(open_figure, state):
    page = open_view(open_figure)
    page.get_by_label("Which mistakes?").focus()
    page.keyboard.press("Tab")
    for key in ("ArrowUp", "ArrowUp", "ArrowLeft", "ArrowLeft"):
        page.keyboard.press(key)
    shown = state(page)["confusion"]
    assert (shown["digit"], shown["read"]) == (7, 2)
    page.wait_for_function(
        "/images of a 7 are read as a 2/.test(document.querySelector('.live-status').textContent)"
    )
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert state(page)["confusion"]["probabilities"] != shown["probabilities"]
    page.get_by_label("Which mistakes?").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    before = state(page)["threshold"]["threshold"]
    page.keyboard.press("ArrowRight")
    assert state(page)["threshold"]["threshold"] == pytest.approx(before + 0.01)
    page.get_by_label(NAMES["threshold"]).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert state(page)["sample"]["n"] == 100
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert len(state(page)["sample"]["draws"]) == 21


def test_by_touch(open_figure, state):
    page = open_view(open_figure, viewport={"width": 390, "height": 800}, has_touch=True)
    page.locator('[data-cell="3 5"]').tap()
    shown = state(page)["confusion"]
    assert (shown["digit"], shown["read"]) == (3, 5)
    page.locator(".results-tiles button").nth(5).tap()
    assert state(page)["confusion"]["probabilities"] != shown["probabilities"]
    page.get_by_text(NAMES["threshold"]).tap()
    box = page.locator(".results-drag").bounding_box()
    page.touchscreen.tap(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    assert state(page)["threshold"]["answered"] < 6000
    page.get_by_text(NAMES["sample"]).tap()
    page.get_by_role("button", name="Draw another").tap()
    assert len(state(page)["sample"]["draws"]) == 21


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("view", NAMES)
def test_the_other_views_are_accessible_and_fit(open_figure, view, theme):
    page = open_view(open_figure, view, theme=theme, viewport={"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert [v["id"] for v in violations_on(page)] == []


def test_no_input_blocks_the_page(open_figure, longest_task):
    page = open_view(open_figure, "sample")

    def move():
        page.get_by_role("slider", name="Images in a test set").fill("15")
        page.get_by_role("button", name="Draw 100 more").click()
        page.get_by_label(NAMES["threshold"]).check()
        page.get_by_role("slider", name="Threshold").fill("80")
        page.get_by_label("Which mistakes?").check()
        page.locator('[data-cell="8 8"]').click()
        page.wait_for_timeout(300)

    assert longest_task(page, move) < 50
