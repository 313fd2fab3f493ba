"""The figure of "From low-level operations": a small graph, its values and its gradients."""

import numpy as np
import pytest
import tensorflow as tf

INPUTS = ["x", "w", "b", "v0", "v1"]
ORDER = ["a", "s", "f", "z0", "z1", "loss"]  # what the forward pass computes, in its order
END = 13


def by_tape(inputs, label):
    """All values, and the gradients of the loss with respect to them, as TensorFlow has them."""
    v = {name: tf.constant(inputs[name], tf.float64) for name in INPUTS}
    with tf.GradientTape() as tape:
        tape.watch(list(v.values()))
        v["a"] = v["x"] * v["w"]
        v["s"] = v["a"] + v["b"]
        v["f"] = tf.nn.relu(v["s"])
        v["z0"] = v["f"] * v["v0"]
        v["z1"] = v["f"] * v["v1"]
        logits = tf.stack([v["z0"], v["z1"]])
        v["loss"] = tf.nn.sparse_softmax_cross_entropy_with_logits(label, logits)
    gradients = tape.gradient(v["loss"], v)
    return (
        {name: float(value) for name, value in v.items()},
        {name: float(value) for name, value in gradients.items()},
    )


def set_input(page, name, value):
    page.get_by_label(name, exact=True).check()
    page.get_by_role("slider").fill(str(value))


def press(page, name, times=1):
    for _ in range(times):
        page.locator(".live-figure").get_by_role("button", name=name, exact=True).click()


def test_values_and_gradients_are_those_of_the_tape(open_figure, state):
    page = open_figure("low-level")
    press(page, "End")
    random = np.random.default_rng(0)
    signs = set()
    for _ in range(6):
        for name in INPUTS:
            set_input(page, name, round(random.uniform(-3, 3), 1))
        label = int(random.integers(2))
        page.get_by_label(str(label), exact=True).check()
        shown = state(page)
        values, gradients = by_tape(shown["inputs"], label)
        assert shown["label"] == label
        assert shown["values"] == pytest.approx(values, abs=1e-9)
        assert shown["gradients"] == pytest.approx(gradients, abs=1e-9)
        signs.add(values["s"] > 0)
    assert signs == {True, False}  # relu was open and shut


def test_paths_are_multiplied_and_add_up(open_figure, state):
    page = open_figure("low-level")
    press(page, "End")
    for name in INPUTS:
        page.get_by_label(name, exact=True).check()
        shown = state(page)
        _, gradients = by_tape(shown["inputs"], shown["label"])
        assert len(shown["paths"]) == (1 if name.startswith("v") else 2)
        for path in shown["paths"]:
            assert path["product"] == pytest.approx(np.prod(path["factors"]))
        total = sum(path["product"] for path in shown["paths"])
        assert total == pytest.approx(gradients[name], abs=1e-9)
        assert (
            page.locator(".paths .total").inner_text() == f"d_{name} = {shorten(gradients[name])}"
        )
    given = shown["contributions"]
    assert given[3][0] * given[4][0] < 0
    assert given[3][0] + given[4][0] == pytest.approx(gradients["f"])


def shorten(value):
    return f"{value:.3f}".rstrip("0").rstrip(".").replace("-", "\u2212")


def test_the_graph_shows_them(open_figure, state):
    page = open_figure("low-level")
    press(page, "End")
    set_input(page, "b", -0.5)
    shown = state(page)
    values, gradients = by_tape(shown["inputs"], shown["label"])
    boxes = page.locator(".graph .value").all_text_contents()
    assert sorted(boxes) == sorted(
        f"{name} = {shorten(value)}d_{name} = {shorten(gradients[name])}"
        for name, value in values.items()
    )
    locals_ = [*page.locator(".graph .local").all_text_contents()]
    v, d = values, gradients
    expected = [v["w"], v["x"], 1, 1, 1, v["v0"], v["f"], v["v1"], v["f"], d["z0"], d["z1"]]
    assert locals_ == [f"\u00d7 {shorten(value)}" for value in expected]


def test_a_step_shows_one_operation_more(open_figure, state):
    page = open_figure("low-level")
    press(page, "Start")
    for step in range(END + 1):
        shown = state(page)
        assert shown["step"] == step
        assert set(shown["known"]) == set(INPUTS) | set(ORDER[:step])
        backwards = [("loss",), ("z0", "z1"), ("f", "v1"), ("f", "v0"), ("s",), ("a", "b")]
        backwards.append(("x", "w"))
        reached = {name for names in backwards[: max(step - 6, 0)] for name in names}
        assert set(shown["gradients"]) == reached
        visible = page.locator(".graph .value .gradient").all_text_contents()
        assert sum(bool(text) for text in visible) == len(reached)
        if step == 9:  # one of the two uses of f: not yet the whole gradient
            first = shown["gradients"]["f"]
        if step == 10:
            _, gradients = by_tape(shown["inputs"], shown["label"])
            assert shown["gradients"]["f"] == pytest.approx(gradients["f"])
            assert first != pytest.approx(gradients["f"], abs=0.01)
        if step < END:
            page.locator(".live-figure .primary").click()
    assert page.locator(".live-figure .primary").is_disabled()
    press(page, "Back", 2)
    assert state(page)["step"] == END - 2


def test_finite_differences(open_figure, state):
    page = open_figure("low-level")
    press(page, "End")
    page.get_by_label("0.0001", exact=True).check()
    for name in INPUTS:
        page.get_by_label(name, exact=True).check()
        shown = state(page)
        losses = [
            by_tape(shown["inputs"] | {name: shown["inputs"][name] + h}, 1)[0]["loss"]
            for h in (1e-4, -1e-4)
        ]
        check = shown["check"]
        assert [check["plus"], check["minus"]] == pytest.approx(losses, abs=1e-9)
        assert check["quotient"] == pytest.approx(shown["gradients"][name], abs=1e-6)
        cells = page.locator(".inputs td").all_inner_texts()
        written = [float(cell.replace("\u2212", "-")) for cell in cells]
        assert written == pytest.approx(
            [*losses, check["quotient"], shown["gradients"][name]], abs=1e-6
        )
    set_input(page, "w", 0.2)
    page.get_by_label("0.5", exact=True).check()  # so wide that it crosses the kink of relu
    check, gradient = state(page)["check"], state(page)["gradients"]["w"]
    assert abs(check["quotient"] / gradient - 1) > 0.2


def test_a_shut_relu_passes_nothing(open_figure, state):
    page = open_figure("low-level")
    press(page, "End")
    set_input(page, "b", -3)
    gradients = state(page)["gradients"]
    assert {name for name, value in gradients.items() if value} == {"loss", "z0", "z1", "f"}


def test_by_keyboard(open_figure, state):
    page = open_figure("low-level")
    page.keyboard.press("Tab")
    for _ in range(7):
        page.keyboard.press("Enter")
        state(page)
    assert state(page)["step"] == END
    page.get_by_label("w", exact=True).focus()
    page.keyboard.press("ArrowRight")
    assert state(page)["chosen"] == "b"
    page.get_by_role("slider", name="Value of b").press("ArrowLeft")
    assert state(page)["inputs"]["b"] == pytest.approx(-0.4)
    page.wait_for_function(
        "/b is \u22120.4/.test(document.querySelector('.live-status').textContent)"
    )


def test_by_touch_an_input_is_chosen_in_the_graph(open_figure, state):
    page = open_figure("low-level", viewport={"width": 390, "height": 800}, has_touch=True)
    press(page, "End")
    page.locator(".graph .value", has_text="v1").tap()
    assert state(page)["chosen"] == "v1"
    assert page.get_by_role("slider", name="Value of v1").is_visible()
    assert page.get_by_label("v1", exact=True).is_checked()
