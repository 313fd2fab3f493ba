"""Chapter 6's figure: the training loop by the line and by the step, and back."""

import inspect
import json

import numpy as np
import pytest

from mnist_tutorial import (
    MnistData,
    accuracy,
    build_model,
    epoch_order,
    make_batch,
    train,
)
from mnist_tutorial.further import SGD, NumpyNetwork

RATES = [0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1]
SIZES = [1, 4, 16, 64, 256]


def set_slider(page, name, place):
    page.get_by_role("slider", name=name).fill(str(place))


def press(page, name, times=1):
    """Press a button and wait until the figure shows what came of it."""
    for _ in range(times):
        before = page.evaluate("JSON.stringify(document.querySelector('.live-figure').state())")
        page.get_by_role("button", name=name, exact=True).click()
        page.wait_for_function(
            "(before) => JSON.stringify(document.querySelector('.live-figure').state()) !== before",
            arg=before,
        )


def validation():
    """The 500 validation images of the figure."""
    data = MnistData()
    chosen = epoch_order(len(data.validation_images), seed=0, epoch=0)[:500]
    return make_batch(data.validation_images[chosen], data.validation_labels[chosen])


def test_its_code_is_that_of_train(open_figure):
    page = open_figure("training-loop")
    lines = page.locator(".loop-code span").all_inner_texts()
    source = [line.strip() for line in inspect.getsource(train).splitlines()]
    places = [source.index(line) for line in lines]
    assert places == sorted(places) and len(places) == 8


def test_losses_and_accuracies_are_keras_s(open_figure, state):
    # Fifteen steps of 64 images reach into the second part of the images.
    page = open_figure("training-loop")
    press(page, "Step", 15)
    shown = state(page)
    model, data = build_model(seed=0), MnistData(seed=0)
    history = train(model, data, batches=15, validation_interval=None, progress=False)
    losses = history.history["loss"]
    assert shown["losses"][:10] == pytest.approx(losses[:10], abs=1e-4)
    assert shown["losses"] == pytest.approx(losses, abs=1e-3)
    # As on the chapter's page.
    assert [f"{loss:.3f}" for loss in shown["losses"][:3]] == ["2.378", "2.373", "2.252"]
    for ours, theirs in zip(shown["weights"], model.get_weights(), strict=True):
        assert ours == pytest.approx(theirs.ravel(), abs=1e-3)
    batch = validation()
    probabilities = model(batch.xs.reshape(-1, 28, 28, 1)).numpy()
    assert [step for step, _ in shown["evaluations"]] == [5, 10, 15]
    assert shown["evaluations"][-1][1] == pytest.approx(
        accuracy(batch.labels, probabilities), abs=0.005
    )
    sure = np.sort(probabilities[:24])[:, -1] - np.sort(probabilities[:24])[:, -2] > 0.01
    assert (np.array(shown["gallery"]) == probabilities[:24].argmax(axis=1))[sure].all()
    assert sure.sum() > 15
    right = sum(np.array(shown["gallery"]) == batch.labels[:24].argmax(axis=1))
    assert f"24 validation images: {right} right" in page.locator(".live-figure").inner_text()


def test_learning_rate_and_batch_size_may_change_on_the_way(open_figure, state):
    page = open_figure("training-loop")
    plan = [(0.15, 64), (0.5, 16), (0.01, 256), (0.3, 1), (0.3, 4)]
    network = NumpyNetwork.from_keras(build_model(seed=0))
    data, losses = MnistData(seed=0), []
    for rate, size in plan:
        set_slider(page, "Learning rate", RATES.index(rate))
        set_slider(page, "Batch size", SIZES.index(size))
        press(page, "Step")
        train_step, _ = network.compile_steps(SGD(rate))
        losses.append(float(train_step(data.next_train_batch(size))[0]))
    shown = state(page)
    assert shown["losses"] == pytest.approx(losses, abs=1e-4)
    for ours, theirs in zip(shown["weights"], network.get_weights(), strict=True):
        assert np.array(ours) == pytest.approx(np.asarray(theirs).ravel(), abs=1e-4)


def test_lines_run_one_by_one(open_figure, state):
    page = open_figure("training-loop")
    press(page, "Step", 4)
    seen, before = [], state(page)
    for line in ("batch", "trainStep", "record", "due", "validationBatch", "validationStep",
                 "recordValidation"):  # fmt: skip
        page.get_by_role("button", name="Next line").click()
        page.wait_for_function(
            "(line) => document.querySelector('.live-figure').state().line === line", arg=line
        )
        now = state(page)
        changed = {
            name for name in ("batch", "weights", "losses", "evaluations", "gallery")
            if now[name] != before[name]
        }  # fmt: skip
        if line == "due":
            told = page.locator(".loop-told").inner_text()
            assert told == "An evaluation is due after every fifth batch, and this was batch 5."
        seen.append((page.locator('[aria-current="step"]').inner_text(), changed))
        before = now
    assert [code for code, _ in seen] == page.locator(".loop-code span").all_inner_texts()[1:]
    assert [changed - {"gallery"} for _, changed in seen] == [
        {"batch"}, {"batch", "weights"}, {"losses"}, set(), set(), set(), {"evaluations"}
    ]  # fmt: skip
    page.get_by_role("button", name="Next line").click()
    page.wait_for_function("document.querySelector('.live-figure').state().step === 6")
    assert state(page)["batch"]["predictions"] is None


def test_back_restores_everything_bit_for_bit(open_figure, state):
    page = open_figure("training-loop")
    states = [state(page)]
    for _ in range(6):
        press(page, "Step")
        states.append(state(page))
    # From within a round, Back takes its lines back first.
    press(page, "Next line", 2)
    for expected in reversed(states):
        press(page, "Back")
        assert json.dumps(state(page)) == json.dumps(expected)
    assert page.get_by_role("button", name="Back").is_disabled()
    # The network itself is back, too: the same steps lead to the same weights.
    press(page, "Step", 6)
    assert json.dumps(state(page)) == json.dumps(states[-1])
    press(page, "Back")
    set_slider(page, "Learning rate", RATES.index(0.01))
    press(page, "Step")
    assert state(page)["losses"] == states[-1]["losses"]
    assert state(page)["weights"] != states[-1]["weights"]
    press(page, "Start again")
    assert state(page)["weights"] == states[0]["weights"]


def test_play_trains_to_the_hundredth_batch_and_leaves_the_page_free(
    open_figure, state, longest_task
):
    page = open_figure("training-loop")

    def play():
        page.get_by_role("button", name="Play", exact=True).click()
        page.wait_for_function(
            "(() => { const s = document.querySelector('.live-figure').state(); "
            "return s.step === 100 && !s.playing; })()",
            polling=500,
            timeout=120_000,
        )

    assert longest_task(page, play) < 50
    shown = state(page)
    assert len(shown["losses"]) == 100 and len(shown["evaluations"]) == 20
    assert shown["evaluations"][-1][1] > 0.85
    page.wait_for_function(
        "/Batch 100 is done/.test(document.querySelector('.live-status').textContent)"
    )


def test_pause(open_figure, state):
    page = open_figure("training-loop")
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("document.querySelector('.live-figure').state().step >= 3")
    page.get_by_role("button", name="Pause").click()
    page.wait_for_timeout(400)
    step = state(page)["step"]
    page.wait_for_timeout(400)
    assert state(page)["step"] == step < 100


def test_line_by_line(open_figure, state):
    page = open_figure("training-loop")
    page.get_by_label("line by line").check()
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("document.querySelector('.live-figure').state().line === 'batch'")
    page.wait_for_function("document.querySelector('.live-figure').state().line === 'record'")
    page.get_by_role("button", name="Pause").click()
    page.wait_for_timeout(1000)
    line = state(page)["line"]
    page.wait_for_timeout(1000)
    assert state(page)["line"] == line


def test_by_keyboard(open_figure, state):
    page = open_figure("training-loop")
    page.get_by_role("slider", name="Learning rate").press("ArrowRight")
    page.get_by_role("slider", name="Batch size").press("ArrowLeft")
    assert state(page)["settings"] == {"learningRate": 0.2, "batchSize": 16}
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('.live-figure').state().line === 'batch'")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.wait_for_function("document.querySelector('.live-figure').state().losses.length === 1")
    page.wait_for_function(
        "/Batch 1 is done.* the loss was \\d/.test("
        "document.querySelector('.live-status').textContent)"
    )
    assert len(state(page)["batch"]["labels"]) == 16
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('.live-figure').state().step === 0")


def test_by_touch(open_figure, state):
    page = open_figure("training-loop", viewport={"width": 390, "height": 800}, has_touch=True)
    page.get_by_role("button", name="Next line").tap()
    page.wait_for_function("document.querySelector('.live-figure').state().line === 'batch'")
    page.get_by_role("button", name="Step", exact=True).tap()
    page.wait_for_function("document.querySelector('.live-figure').state().losses.length === 1")
    # The buttons stay in view above the curves.
    page.locator(".loop-pair svg").last.scroll_into_view_if_needed()
    box = page.get_by_role("button", name="Step", exact=True).bounding_box()
    assert 0 <= box["y"] < 100
    page.get_by_role("button", name="Back").tap()
    page.wait_for_function("document.querySelector('.live-figure').state().step === 0")


def test_images_that_do_not_arrive_can_be_asked_for_again(browser, site):
    folder, address = site
    context = browser.new_context()
    page = context.new_page()
    (folder / "book/offline.html").write_text(
        "<!doctype html><html lang='en'><script src='../_static/figures/loader.js' defer></script>"
        "<img class='live' id='live-training-loop' alt='' width='700' height='400' src='data:,'>"
    )
    page.route("**/train-*.js", lambda route: route.abort())
    page.goto(f"{address}/book/offline.html")
    page.wait_for_function("document.querySelector('.live-figure')?.state !== undefined")
    page.get_by_role("button", name="Step", exact=True).click()
    page.wait_for_function(
        "/could not be/.test(document.querySelector('.live-status').textContent)"
    )
    page.unroute("**/train-*.js")
    page.get_by_role("button", name="Step", exact=True).click()
    page.wait_for_function("document.querySelector('.live-figure').state().losses.length === 1")
    context.close()
