"""The trainer, in Node and in a real browser, beside the pad that its network can answer on."""

import base64
import json
import re
import shutil
import statistics
from pathlib import Path

import digit_strokes
import numpy as np
import pytest
from digit_strokes import DIGITS, answer, wait_for_answer
from pages import page_with, violations_on

from mnist_tutorial import MnistData, accuracy, build_model, epoch_order, make_batch, train

from .conftest import LOADER

ROOT = Path(__file__).parents[2]


@pytest.fixture
def open_trainer(open_content, site, figures):
    """A function that opens a page with pad and trainer."""
    folder, _ = site
    (folder / "_static/live").mkdir(exist_ok=True)
    shutil.copy(ROOT / "book/_static/live/trainer.png", folder / "_static/live")

    def open_page(*, theme="light", mounted=True, **options):
        pad, trainer = ((figures.folder / f"{n}.html").read_text() for n in ("pad", "trainer"))
        body = f'{pad}<h2>Train</h2>{trainer}<p id="after">What follows.</p>'
        content = page_with("In your browser", body, head=LOADER, theme=theme, width="60rem")
        page = open_content(
            f"trainer-{theme}.html",
            content,
            height=1200,
            is_fault=lambda line: line.type == "error",
            **options,
        )
        if mounted:
            show_trainer(page)
        return page

    return open_page


def show_trainer(page):
    page.wait_for_selector("#pad")
    page.locator("#trainer").scroll_into_view_if_needed()
    page.wait_for_function("document.getElementById('live-trainer-figure')?.state !== undefined")


def draw(page, strokes):
    page.locator("#pad").scroll_into_view_if_needed()
    digit_strokes.draw(page, strokes)


def state(page):
    return page.evaluate("document.getElementById('live-trainer-figure').state()")


def text(page, name):
    return page.locator(f"#{name}").inner_text()


def wait_for_status(page, pattern, seconds=60):
    page.wait_for_function(
        "(pattern) => new RegExp(pattern).test(document.getElementById('status').textContent)",
        arg=pattern,
        timeout=1000 * seconds,
    )


def wait_for_batch(page, batch):
    page.wait_for_function(
        "(batch) => parseInt(document.getElementById('batch').textContent) >= batch",
        arg=batch,
        timeout=60_000,
    )


# --- in Node ------------------------------------------------------------------------------


def test_accuracy_is_that_of_python(figures, tmp_path):
    figures.run_node_test("training", ACCURACIES=str(tmp_path / "accuracies.json"))
    in_the_page = json.loads((tmp_path / "accuracies.json").read_text())
    chosen = epoch_order(10_000, seed=0, epoch=0)[:1000]  # the page's test images
    in_python = []
    for seed in range(len(in_the_page)):
        model, data = build_model(seed=seed), MnistData(seed=seed)
        train(model, data, validation_interval=None, progress=False)
        xs, labels = make_batch(data.test_images[chosen], data.test_labels[chosen])
        probabilities = model.predict(xs.reshape(-1, 28, 28, 1), batch_size=1000, verbose=0)
        in_python.append(accuracy(labels, probabilities))
    # A run's accuracy has a standard deviation of about 0.015, the difference of two means
    # of five one of 0.01.
    assert statistics.mean(in_the_page) == pytest.approx(statistics.mean(in_python), abs=0.03)


# --- the trainer --------------------------------------------------------------------------


def test_training_reaches_its_accuracy_and_its_network_answers_on_the_pad(open_trainer):
    page, workers = open_trainer(), []
    page.on("worker", lambda worker: workers.append(worker))
    draw(page, DIGITS[1])
    wait_for_answer(page)
    page.click("#train")
    wait_for_status(page, "Finished")
    assert "Finished: 100 batches, test accuracy 0." in text(page, "status")
    assert float(text(page, "accuracy")) > 0.85
    assert 0 < float(text(page, "loss")) < 1
    assert int(text(page, "speed")) > 64
    assert page.locator("#gallery li.right").count() > 15
    assert page.locator("#gallery li").count() == 24
    shown = state(page)
    assert [batch for batch, _ in shown["losses"]] == list(range(1, 101))
    assert [batch for batch, _ in shown["accuracies"]] == list(range(5, 101, 5))
    assert len(workers) >= 1  # the page itself does not compute, so it stays responsive
    page.click("#use-model")
    page.wait_for_function("/you trained/.test(document.getElementById('pad-status').textContent)")
    page.click("#clear")
    draw(page, DIGITS[7])
    assert answer(page) == "7"


def test_pause_second_start_resume_and_stop(open_trainer):
    page = open_trainer(scheme="file")
    page.click("#pause")
    assert "Nothing is being trained" in text(page, "status")
    page.click("#use-model")
    assert "There is no trained network yet" in text(page, "status")
    page.fill("#batches", "1000")
    page.click("#train")
    wait_for_batch(page, 3)
    page.click("#train")
    assert "already under way" in text(page, "status")
    page.click("#pause")
    wait_for_status(page, r"Paused after batch \d+ of 1000\.")
    batch = text(page, "batch")
    assert text(page, "status") == f"Paused after batch {batch}."
    page.click("#train")
    assert "This training run is paused" in text(page, "status")
    page.wait_for_timeout(500)
    assert text(page, "batch") == batch
    assert text(page, "pause") == "Resume"
    page.click("#pause")
    wait_for_batch(page, int(batch.split()[0]) + 5)
    page.click("#pause")
    page.click("#stop")
    wait_for_status(page, r"Stopped after batch \d+ of 1000")
    assert text(page, "pause") == "Pause"
    page.click("#stop")
    assert "Nothing is being trained" in text(page, "status")
    # And once more, with the other network and settings of one's own.
    page.select_option("#architecture", "dense")
    page.fill("#learning-rate", "0.1")
    page.fill("#batch-size", "100")
    page.fill("#batches", "70")  # more images than there are: some come twice
    page.click("#train")
    wait_for_status(page, "Finished: 70 batches")
    assert float(text(page, "accuracy")) > 0.75
    page.click("#use-model")
    draw(page, DIGITS[1])
    assert answer(page).isdigit()


# --- settings -----------------------------------------------------------------------------


def curve_of(page):
    page.click("#train")
    wait_for_status(page, "Finished")
    return state(page)["losses"]


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_a_link_repeats_a_run(open_trainer, scheme):
    page = open_trainer(scheme=scheme)
    page.select_option("#architecture", "dense")
    for field, value in {"learning-rate": 0.3, "batch-size": 20, "batches": 12, "seed": 7}.items():
        page.fill(f"#{field}", str(value))
    losses = curve_of(page)
    assert len(losses) == 12
    assert curve_of(page) == losses
    query = page.url.partition("?")[2]
    expected = "network=dense&learning-rate=0.3&batch-size=20&batches=12&seed=7#trainer"
    assert query == expected
    page.reload(wait_until="domcontentloaded")
    show_trainer(page)
    assert curve_of(page) == losses
    again = open_trainer(scheme=scheme, query=f"?{query}")
    assert curve_of(again) == losses
    again.fill("#seed", "8")
    assert curve_of(again) != losses
    assert "seed=8" in again.url


def test_wrong_values_in_the_address(open_trainer):
    query = "?network=cubic&learning-rate=11&batch-size=1.5&batches=&seed=none"
    page = open_trainer(query=query)
    assert page.input_value("#architecture") == "convolutional"
    fields = ("learning-rate", "batch-size", "batches", "seed")
    assert [page.input_value(f"#{name}") for name in fields] == ["0.15", "64", "100", "0"]
    assert page.url.endswith(query)  # until the reader does something
    page.fill("#batches", "5")
    page.fill("#seed", "-1")
    page.keyboard.press("Tab")
    assert "batches=5" in page.url and "seed" not in page.url


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("learning-rate", "0", "Learning rate must be a number above 0 and at most 10."),
        ("batch-size", "1.5", "Batch size must be a whole number from 1 to 1000."),
        ("batches", "", "Batches must be a whole number from 1 to 10000."),
        ("seed", "-1", "Seed must be a whole number from 0 to 999999."),
    ],
)
def test_settings_that_make_no_sense(open_trainer, field, value, message):
    page = open_trainer()
    page.fill(f"#{field}", value)
    page.click("#train")
    assert text(page, "status") == message
    assert page.evaluate("document.activeElement.id") == field


@pytest.mark.parametrize(("rate", "network"), [("10", "convolutional"), ("3", "dense")])
def test_a_learning_rate_that_is_too_large(open_trainer, rate, network):
    page = open_trainer()
    page.select_option("#architecture", network)
    page.fill("#learning-rate", rate)
    page.fill("#batches", "50")
    page.click("#train")
    wait_for_status(page, "Finished: 50 batches")
    assert text(page, "status").endswith("The loss grew: the learning rate is too large. Try 0.15.")
    assert float(text(page, "accuracy")) < 0.2


@pytest.mark.parametrize("rate", ["0.001", "0.15"])
def test_other_runs_get_no_such_hint(open_trainer, rate):
    page = open_trainer()
    page.fill("#learning-rate", rate)
    page.fill("#batches", "30")
    page.click("#train")
    wait_for_status(page, r"^Finished: 30 batches, test accuracy 0\.\d+\.$")


# --- step by step -------------------------------------------------------------------------


def test_step(open_trainer):
    page = open_trainer()
    page.fill("#batches", "7")
    # Without a run, the first step begins one.
    page.click("#step")
    wait_for_status(page, "^Paused after batch 1 of 7.$")
    assert text(page, "batch") == "1 of 7" and text(page, "pause") == "Resume"
    for batch in range(2, 7):
        page.click("#step")
        wait_for_status(page, f"^Paused after batch {batch} of 7.$")
        assert text(page, "batch") == f"{batch} of 7"
    assert [batch for batch, _ in state(page)["accuracies"]] == [5]
    stepped = state(page)["losses"]
    page.click("#step")
    wait_for_status(page, "Finished: 7 batches")
    assert text(page, "pause") == "Pause"
    page.click("#train")
    wait_for_status(page, "^Training|Finished")
    wait_for_status(page, "Finished")
    assert state(page)["losses"][:6] == stepped
    page.fill("#batches", "2000")
    page.click("#train")
    wait_for_batch(page, 2)
    page.click("#step")
    assert text(page, "status").startswith("Press Pause first.")
    page.click("#pause")
    wait_for_status(page, r"^Paused after batch \d+ of 2000.$")
    batch = int(text(page, "batch").split()[0])
    page.click("#step")
    wait_for_status(page, f"^Paused after batch {batch + 1} of 2000.$")


OLD_BROWSERS = {
    "WebAssembly": "delete self.WebAssembly;",
    "SIMD": "WebAssembly.validate = () => false;",
}


@pytest.mark.parametrize("missing", OLD_BROWSERS)
def test_training_without_webassembly(open_trainer, missing):
    # What the worker's code finds missing: the page makes the worker from a Blob.
    page = open_trainer(
        script="const Original = Blob; Blob = function(parts, options) { return new Original("
        "options?.type === 'text/javascript' ? "
        f"['{OLD_BROWSERS[missing]}', ...parts] : parts, options); }}"
    )
    page.click("#train")
    wait_for_status(page, "^Training cannot start: this browser cannot run WebAssembly with SIMD")


def test_images_that_do_not_arrive(open_trainer):
    page = open_trainer()
    page.route("**/train-3.js", lambda route: route.abort())
    page.click("#train")
    wait_for_status(page, "Training cannot start: train-3.js could not be loaded")
    page.unroute("**/train-3.js")
    page.fill("#batches", "2")
    page.click("#train")
    wait_for_status(page, "Finished: 2 batches")
    assert all("net::ERR_FAILED" in error for error in page.logged)
    page.logged.clear()


def test_leaving_the_page_while_training(open_trainer):
    page = open_trainer()
    assert "Leaving the page ends a training run" in text(page, "status")
    page.fill("#batches", "1000")
    page.click("#train")
    wait_for_batch(page, 1)
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.type), dialog.accept()))
    page.goto("about:blank")
    assert dialogs == ["beforeunload"]


def test_what_a_page_says_that_comes_back_from_the_cache(open_trainer):
    page = open_trainer()
    page.fill("#batches", "1000")
    page.click("#train")
    wait_for_batch(page, 1)
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
    assert "The training run ended when you left this page" in text(page, "status")
    page.fill("#batches", "2")
    page.click("#train")
    wait_for_status(page, "Finished: 2 batches")


def test_by_keyboard_and_what_screen_readers_are_told(open_trainer):
    page = open_trainer()
    page.locator("#batches").focus()
    page.keyboard.press("ArrowDown")
    assert page.input_value("#batches") == "99"
    for _ in range(4):  # to the seed, Train, Pause and Step
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.locator("#status").get_attribute("role") == "status"
    wait_for_status(page, "^Paused after batch 1 of 99.$")
    page.keyboard.press("Enter")
    wait_for_status(page, "^Paused after batch 2 of 99.$")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    wait_for_status(page, "^Finished: 99 batches")
    assert page.evaluate("document.activeElement.textContent") == "Pause"


# --- after a run --------------------------------------------------------------------------


def rows_of(page, table):
    rows = page.locator(f"{table} tbody tr").all()
    return [[cell.strip() for cell in row.locator("td").all_inner_texts()] for row in rows]


def test_the_confusion_matrix_is_of_the_last_evaluation(open_trainer):
    page = open_trainer()
    page.fill("#batches", "60")
    page.click("#train")
    wait_for_status(page, "Finished")
    counts = np.array([[int(n or 0) for n in row] for row in rows_of(page, ".trainer-matrix")])
    data = MnistData()
    labels = data.test_labels[epoch_order(10_000, seed=0, epoch=0)[:1000]]
    assert (counts.sum(axis=1) == np.bincount(labels)).all()
    assert counts.trace() / 1000 == pytest.approx(float(text(page, "accuracy")), abs=1e-9)
    wrong = page.locator("#gallery li.wrong").all()
    assert wrong
    for item in wrong:
        digit, read = map(
            int, re.findall(r"\d", item.locator("canvas").get_attribute("aria-label"))
        )
        assert counts[digit, read] >= 1 and digit != read


def test_the_last_runs_side_by_side(open_trainer):
    page = open_trainer()
    assert rows_of(page, ".trainer-runs") == [[""] * 6] * 5
    page.fill("#batches", "20")
    page.click("#train")
    wait_for_status(page, "Finished")
    first = text(page, "accuracy")
    page.fill("#seed", "3")
    page.select_option("#architecture", "dense")
    page.click("#train")
    page.wait_for_function("document.querySelector('.trainer-runs tbody td').innerText === 'dense'")
    second = text(page, "accuracy")
    assert rows_of(page, ".trainer-runs")[:3] == [
        ["dense", "0.15", "64", "20", "3", second],
        ["conv.", "0.15", "64", "20", "0", first],
        [""] * 6,
    ]
    # One that was stopped is evaluated where it stopped.
    page.click("#step")
    page.click("#step")
    wait_for_status(page, "Paused after batch 2 of 20")
    page.click("#stop")
    wait_for_status(page, "Stopped after batch 2 of 20")
    assert rows_of(page, ".trainer-runs")[0] == [
        "dense",
        "0.15",
        "64",
        "2",
        "3",
        text(page, "accuracy"),
    ]
    assert [batch for batch, _ in state(page)["accuracies"]] == [2]
    for seed in range(4):
        page.fill("#seed", str(10 + seed))
        page.click("#train")
        page.wait_for_function(
            "(seed) => document.querySelector('.trainer-runs td:nth-child(5)').innerText === seed",
            arg=str(10 + seed),
        )
    assert [row[4] for row in rows_of(page, ".trainer-runs")] == ["13", "12", "11", "10", "3"]


# --- what is trained is kept --------------------------------------------------------------


def pad_status(page, words):
    page.wait_for_function(
        "(words) => document.getElementById('pad-status').textContent.includes(words)", arg=words
    )


def probabilities(page):
    return page.evaluate("document.getElementById('pad-figure').state().probabilities")


def train_and_draw(page, **fields):
    """Train a network and return the probabilities that it gives for a drawn 7 on the pad."""
    for field, value in fields.items():
        page.fill(f"#{field}", value)
    page.click("#train")
    wait_for_status(page, "Finished")
    page.click("#use-model")
    pad_status(page, "you trained")
    draw(page, DIGITS[7])
    wait_for_answer(page)
    return probabilities(page)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_a_trained_network_survives_a_reload_until_it_is_forgotten(open_trainer, scheme):
    page = open_trainer(scheme=scheme)
    trained = train_and_draw(page, batches="20")
    row = rows_of(page, ".trainer-runs")[0]
    page.reload(wait_until="domcontentloaded")
    show_trainer(page)
    assert text(page, "status") == (
        "The network that you trained last is still here: convolutional, after batch 20, "
        f"test accuracy {row[5]}."
    )
    assert rows_of(page, ".trainer-runs")[0] == row
    assert page.get_by_text("The network that you trained is answering.").is_visible()
    draw(page, DIGITS[7])
    wait_for_answer(page)
    assert probabilities(page) == trained
    page.click("#forget-model")
    assert "is forgotten" in text(page, "status")
    pad_status(page, "asks the book's network")
    wait_for_answer(page)
    of_the_book = probabilities(page)
    assert of_the_book != trained
    assert page.evaluate("localStorage.getItem('mnist-tutorial-network')") is None
    page.click("#use-model")
    assert "There is no trained network yet" in text(page, "status")
    page.reload(wait_until="domcontentloaded")
    show_trainer(page)
    assert "Nothing has been trained yet" in text(page, "status")
    draw(page, DIGITS[7])
    wait_for_answer(page)
    assert probabilities(page) == of_the_book


def test_the_book_s_network_stays_on_the_pad_if_it_was_chosen(open_trainer):
    page = open_trainer()
    trained = train_and_draw(page, batches="20")
    page.click("#use-book")
    pad_status(page, "asks the book's network")
    page.reload(wait_until="domcontentloaded")
    show_trainer(page)
    assert not page.locator("#use-book").is_visible()
    assert "is still here" in text(page, "status")
    draw(page, DIGITS[7])
    wait_for_answer(page)
    assert probabilities(page) != trained
    page.click("#use-model")
    page.wait_for_selector("#use-book")
    assert probabilities(page) == trained


def test_a_saved_network_can_be_loaded(open_trainer, tmp_path):
    page = open_trainer()
    page.select_option("#architecture", "dense")
    trained = train_and_draw(page, batches="20")
    row = rows_of(page, ".trainer-runs")[0]
    with page.expect_download() as download:
        page.click("#save-model")
    assert download.value.suggested_filename == "mnist-network.json"
    file = tmp_path / "mnist-network.json"
    download.value.save_as(file)
    assert "Saved as mnist-network.json" in text(page, "status")
    saved = json.loads(file.read_text())
    shapes = [len(base64.b64decode(weight)) // 4 for weight in saved["weights"]]
    assert shapes == [784 * 42, 42, 420, 10]
    other = open_trainer(scheme="file")
    with other.expect_file_chooser() as chooser:
        other.click("#load-model")
    chooser.value.set_files(file)
    wait_for_status(other, rf"^Loaded: dense, after batch 20, test accuracy {row[5]}\.$")
    assert rows_of(other, ".trainer-runs")[0] == row
    other.click("#use-model")
    draw(other, DIGITS[7])
    wait_for_answer(other)
    assert probabilities(other) == pytest.approx(trained, abs=1e-6)


def test_files_that_are_not_a_network(open_trainer):
    page = open_trainer()
    numbers = dict.fromkeys(("learningRate", "batchSize", "batches", "seed", "accuracy"), 1)
    sizes = (784 * 42, 42, 420, 10)
    right = [base64.b64encode(np.zeros(n, "<f4").tobytes()).decode() for n in sizes]
    infinite = [*right[:3], base64.b64encode(np.full(10, np.nan, "<f4").tobytes()).decode()]
    network = {**numbers, "architecture": "dense", "weights": right}
    files = [
        b"GIF89a",
        b"null",
        b"{}",
        json.dumps({**network, "architecture": "toString"}).encode(),
        json.dumps({**network, "architecture": "convolutional"}).encode(),
        json.dumps({**network, "weights": infinite}).encode(),
        json.dumps({**network, "seed": "<b>"}).encode(),
        b" " * 1_000_001 + json.dumps(network).encode(),
    ]
    for content in files:
        page.evaluate("document.getElementById('status').textContent = ''")
        file = {"name": "a.json", "mimeType": "application/json", "buffer": content}
        page.set_input_files("#weights-file", file)
        wait_for_status(page, "^This file does not contain a network that was saved here.$")
    assert rows_of(page, ".trainer-runs")[0] == [""] * 6
    file["buffer"] = json.dumps(network).encode()
    page.set_input_files("#weights-file", file)
    wait_for_status(page, "^Loaded: dense, after batch 1, test accuracy 1.000.$")


def test_the_network_of_a_run_that_is_paused(open_trainer):
    page = open_trainer()
    page.click("#step")
    wait_for_status(page, "Paused after batch 1")
    page.click("#use-model")
    wait_for_status(page, "The pad now asks")
    with page.expect_download() as download:
        page.click("#save-model")
    saved = json.loads(Path(download.value.path()).read_text())
    assert saved["batches"] == 1 and 0 < float(saved["accuracy"]) < 1
    page.click("#step")
    wait_for_status(page, "Paused after batch 2")


def test_a_browser_that_stores_nothing(open_trainer):
    page = open_trainer(
        script="Object.defineProperty(window, 'localStorage', {get() { throw new Error('no'); }});"
    )
    assert train_and_draw(page, batches="5")
    page.click("#forget-model")
    pad_status(page, "asks the book's network")


def test_what_is_stored_is_no_network(open_trainer):
    for stored in ("x", "{}", '{"weights": []}', '{"architecture": "dense", "weights": ["AAAA"]}'):
        page = open_trainer(script=f"localStorage.setItem('mnist-tutorial-network', '{stored}')")
        draw(page, DIGITS[7])
        assert answer(page) == "7"


# --- how it looks -------------------------------------------------------------------------


def place(page):
    """The heights of the trainer and of its place, and where the text after it begins."""
    return page.evaluate(
        "[document.getElementById('live-trainer-figure')?.offsetHeight, document.getElementById("
        "'trainer').offsetHeight, document.getElementById('after').getBoundingClientRect().top "
        "+ scrollY]"
    )


@pytest.mark.parametrize("width", [320, 390, 768, 1440])
def test_nothing_moves(open_trainer, width):
    held = []

    def hold(page):
        page.route("**/trainer.js", lambda route: held.append(route))

    page = open_trainer(viewport={"width": width, "height": 900}, before=hold, mounted=False)
    page.locator("#trainer").scroll_into_view_if_needed()
    page.wait_for_timeout(200)
    _, height, _ = place(page)
    held[0].continue_()
    show_trainer(page)
    before = place(page)
    assert 0 <= before[1] - height <= 260
    # Nothing at all from now on.
    page.fill("#learning-rate", "10")
    page.fill("#batches", "25")
    places = []
    page.route("**/train-9.js", lambda route: (places.append(place(page)), route.continue_()))
    page.click("#train")
    wait_for_status(page, "Try 0.15")
    places.append(place(page))
    page.click("#save-model")
    places.append(place(page))
    page.fill("#batches", "10000")
    page.click("#train")
    wait_for_batch(page, 100)
    page.click("#pause")
    wait_for_status(page, r"Paused after batch \d+ of 10000")
    places.append(place(page))
    page.click("#train")
    places.append(place(page))
    assert places == [before] * 5


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_after_a_run(open_trainer, theme):
    page = open_trainer(theme=theme)
    page.fill("#batches", "5")
    page.click("#train")
    wait_for_status(page, "Finished")
    assert [(v["id"], [n["html"][:200] for n in v["nodes"]]) for v in violations_on(page)] == []


@pytest.mark.parametrize("width", [320, 390, 768, 1440])
def test_it_fits_after_a_run(open_trainer, width):
    page = open_trainer(viewport={"width": width, "height": 800}, has_touch=True)
    page.locator("#batches").fill("5")
    page.locator("#train").tap()
    wait_for_status(page, "Finished")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    small = page.evaluate(
        "[...document.querySelectorAll('#live-trainer-figure :is(button, input, select)')]"
        ".filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 40)"
        ".map((e) => e.outerHTML)"
    )
    assert small == []
