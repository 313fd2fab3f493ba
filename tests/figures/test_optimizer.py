"""Chapter 3's figure: steps of gradient descent on a curve and on a bowl."""

import keras
import numpy as np
import pytest

from mnist_tutorial import LEARNING_RATE, gradient_descent

X = np.array([0.5, 1.0, 1.5])
Y = np.array([1.4, 3.1, 4.5])
INPUTS = {"curve": X[:, None], "bowl": np.stack([X, np.ones(3)], axis=1)}


def gradient(shape, weights):
    inputs = INPUTS[shape]
    return (2 * inputs * (inputs @ weights - Y)[:, None]).mean(axis=0)


def by_keras(shape, start, rate, momentum, steps):
    """The path of weights that Keras's SGD takes."""
    optimizer = keras.optimizers.SGD(rate, momentum=float(momentum))
    weights = keras.Variable(np.array(start, "float32"))
    path = [weights.numpy()]
    for _ in range(steps):
        optimizer.apply([gradient(shape, weights.numpy())], [weights])
        path.append(weights.numpy())
    return np.array(path)


def control(page, name):
    return page.get_by_role("slider", name=name, exact=True)


def start_point(page):
    return page.locator(".handle:visible")


def press(page, name, times=1):
    for _ in range(times):
        page.get_by_role("button", name=name, exact=True).click()


def path_of(shown):
    return np.array([place["weights"] for place in shown["path"]])


def test_it_opens_with_the_numbers_that_the_chapter_prints(open_figure, state):
    page = open_figure("optimizer")
    shown = state(page)
    expected = gradient_descent(
        lambda w: float(gradient("curve", np.array([w]))[0]), 0.0, learning_rate=0.15, steps=5
    )
    assert LEARNING_RATE == shown["rate"] == 0.15
    assert path_of(shown)[:, 0] == pytest.approx(expected)
    page.get_by_text("After 5 steps: w = 2.665, loss 0.149").wait_for()
    assert page.locator("tbody td").all_inner_texts() == ["2.33", "0.650", "0.650", "converges"]


@pytest.mark.parametrize("shape", ["curve", "bowl"])
@pytest.mark.parametrize(("rate", "momentum"), [(0.15, 0), (0.4, 0.3), (0.15, 0.9), (0.9, 0.5)])
def test_the_path_is_that_of_keras(open_figure, state, shape, rate, momentum):
    page = open_figure("optimizer")
    page.get_by_label(shape, exact=True).check()
    control(page, "Learning rate").fill(str(rate))
    control(page, "Momentum").fill(str(momentum))
    press(page, "Step", 7)
    shown = state(page)
    assert (shown["shape"], shown["rate"], shown["momentum"]) == (shape, rate, momentum)
    path = by_keras(shape, [0.0] * len(INPUTS[shape][0]), rate, momentum, 12)
    assert path_of(shown) == pytest.approx(path, rel=1e-4, abs=1e-4)
    assert shown["next"]["weights"] == pytest.approx(
        by_keras(shape, path[0], rate, momentum, 13)[-1], rel=1e-4, abs=1e-4
    )
    assert shown["gradient"] == pytest.approx(
        gradient(shape, np.array(shown["weights"])), rel=1e-4, abs=1e-9
    )
    loss = np.mean((INPUTS[shape] @ shown["weights"] - Y) ** 2)
    assert shown["loss"] == pytest.approx(loss)
    lowest = np.linalg.lstsq(INPUTS[shape], Y)[0]
    distances = np.linalg.norm(path_of(shown) - lowest, axis=1)
    assert shown["sizes"] == pytest.approx(distances, abs=1e-9)
    assert shown["lastRatio"] == pytest.approx(distances[-1] / distances[-2])


@pytest.mark.parametrize("shape", ["curve", "bowl"])
@pytest.mark.parametrize("rate", [0.01, 0.15, 0.4, 0.8, 0.9])
def test_without_momentum_each_step_has_the_factor_of_the_theory(open_figure, state, shape, rate):
    page = open_figure("optimizer")
    page.get_by_label(shape, exact=True).check()
    control(page, "Learning rate").fill(str(rate))
    directions = state(page)["directions"]
    inputs = INPUTS[shape]
    curvatures = np.linalg.eigvalsh(2 * inputs.T @ inputs / len(inputs))[::-1]
    assert [d["curvature"] for d in directions] == pytest.approx(curvatures)
    for direction, factor in zip(directions, 1 - rate * curvatures, strict=True):
        assert direction["factor"] == pytest.approx(factor)
        assert direction["measured"] == pytest.approx(factor)
        expected = "diverges" if abs(factor) > 1 else "zigzags" if factor < 0 else "converges"
        assert direction["path"] == expected


@pytest.mark.parametrize("momentum", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("rate", [0.02, 0.4, 0.9])
def test_with_momentum_the_factor_is_that_of_the_long_run(open_figure, state, rate, momentum):
    page = open_figure("optimizer")
    page.get_by_label("bowl", exact=True).check()
    control(page, "Learning rate").fill(str(rate))
    control(page, "Momentum").fill(str(momentum))
    for direction in state(page)["directions"]:
        # One step maps the last two distances to the next two; repeated, by its largest eigenvalue.
        matrix = [[1 + momentum - rate * direction["curvature"], -momentum], [1, 0]]
        values = np.linalg.eigvals(matrix)
        size = np.abs(values).max()
        assert abs(direction["factor"]) == pytest.approx(size)
        if np.iscomplex(values).any():
            assert direction["path"] == "swings"
        else:
            largest = values.real[np.abs(values).argmax()]
            assert direction["factor"] == pytest.approx(largest)
            converging = "zigzags" if largest < 0 else "converges"
            assert direction["path"] == ("diverges" if size > 1 else converging)


def test_by_mouse(open_figure, state):
    page = open_figure("optimizer")
    box = start_point(page).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 150, box["y"] + 40, steps=5)
    page.mouse.up()
    dragged = state(page)["path"][0]["weights"][0]
    assert dragged > 2
    page.get_by_label("bowl", exact=True).check()
    plot = page.get_by_role("group", name="Contour lines")
    box = plot.bounding_box()
    plot.click(position={"x": 0.7 * box["width"], "y": 0.2 * box["height"]})
    w, b = state(page)["path"][0]["weights"]
    assert w > 3 and b > 1
    # The curve has kept its own start.
    page.get_by_label("curve", exact=True).check()
    assert state(page)["path"][0]["weights"] == [dragged]


def test_by_keyboard(open_figure, state):
    page = open_figure("optimizer")
    page.get_by_label("curve", exact=True).focus()
    page.keyboard.press("ArrowRight")
    assert state(page)["shape"] == "bowl"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert state(page)["steps"] == 6
    for _ in range(3):
        page.keyboard.press("Tab")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert state(page)["rate"] == pytest.approx(0.2)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+ArrowUp")
    assert state(page)["path"][0]["weights"] == pytest.approx([-0.1, 0.5])
    assert start_point(page).get_attribute("aria-valuetext") == "w = \N{MINUS SIGN}0.100, b = 0.500"


def test_by_touch(open_figure, state):
    page = open_figure(
        "optimizer", viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True
    )
    page.get_by_text("bowl", exact=True).tap()
    page.get_by_role("button", name="Step", exact=True).tap()
    start_point(page).scroll_into_view_if_needed()
    box = start_point(page).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    scrolled = page.evaluate("scrollY")
    session = page.context.new_cdp_session(page)
    touch = {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]}
    session.send("Input.dispatchTouchEvent", touch)
    for i in range(1, 6):
        touch = {"type": "touchMove", "touchPoints": [{"x": x + 20 * i, "y": y - 10 * i}]}
        session.send("Input.dispatchTouchEvent", touch)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    shown = state(page)
    w, b = shown["path"][0]["weights"]
    assert w > 1.5 and b > 0.7
    assert shown["steps"] == 6
    assert page.evaluate("scrollY") == scrolled
    # A tap elsewhere moves the start there.
    page.touchscreen.tap(x, y)
    assert state(page)["path"][0]["weights"] == pytest.approx([0, 0], abs=0.05)


def test_a_run_ends_at_the_lowest_point(open_figure, state):
    page = open_figure("optimizer")
    control(page, "Learning rate").fill("0.4")
    press(page, "Back to the start")
    assert state(page)["steps"] == 0
    press(page, "Run")
    assert state(page)["running"]
    page.get_by_role("button", name="Run", exact=True).wait_for()
    shown = state(page)
    assert not shown["running"]
    assert shown["sizes"][-1] < 0.001 <= shown["sizes"][-2]


def test_a_run_can_be_paused(open_figure, state):
    page = open_figure("optimizer")
    press(page, "Run")
    page.wait_for_timeout(250)
    press(page, "Pause")
    steps = state(page)["steps"]
    assert steps > 5
    page.wait_for_timeout(300)
    assert state(page)["steps"] == steps


def test_with_less_motion_a_run_is_there_at_once(open_figure, state):
    page = open_figure("optimizer", reduced_motion="reduce")
    press(page, "Run")
    assert state(page)["sizes"][-1] < 0.001
    # At a rate of 0.9 the path leaves the picture and the run ends far away.
    control(page, "Learning rate").fill("0.9")
    press(page, "Back to the start")
    press(page, "Run")
    assert state(page)["sizes"][-1] > 1000
    page.get_by_text("(outside the picture)").wait_for()
    status = page.locator(".live-status")
    page.wait_for_function(
        "document.querySelector('.live-status').textContent.includes('diverges')"
    )
    assert "multiplied it by 1.100" in status.inner_text()


def test_from_the_lowest_point_there_is_nothing_to_measure(open_figure, state):
    page = open_figure("optimizer")
    control(page, "Learning rate").fill("0.43")
    press(page, "Run")
    press(page, "Back to the start")
    assert state(page)["directions"][0]["measured"] is None
    assert page.locator("tbody td").nth(2).inner_text() == "\N{EN DASH}"
