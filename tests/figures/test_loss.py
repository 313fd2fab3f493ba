"""Chapter 4's figure: logits to probabilities, two losses and their derivatives."""

import numpy as np
import pytest
import tensorflow as tf

from mnist_tutorial import cross_entropy_from_logits, softmax


def by_tape(logits, label, temperature):
    """Both losses and their derivatives by the logits, as TensorFlow computes them."""
    z = tf.Variable([logits], dtype=tf.float64)
    truth = tf.one_hot([label], 10, dtype=tf.float64)
    with tf.GradientTape(persistent=True) as tape:
        p = tf.nn.softmax(z / temperature)
        squared = tf.reduce_sum((p - truth) ** 2)
        cross = tf.nn.softmax_cross_entropy_with_logits(truth, z / temperature)[0]
    return {
        "crossEntropy": (float(cross), tape.gradient(cross, z)[0].numpy()),
        "squaredError": (float(squared), tape.gradient(squared, z)[0].numpy()),
    }


def set_slider(page, name, value):
    page.get_by_label(name, exact=True).evaluate(
        "(e, v) => { e.value = v; e.dispatchEvent(new Event('input')); }", str(value)
    )


def test_numbers_are_those_of_the_package_and_of_tensorflow(open_figure, state):
    page = open_figure("loss")
    logits = np.random.default_rng(0).uniform(-9, 9, 10).round(1)
    for digit, value in enumerate(logits):
        set_slider(page, f"Logit of digit {digit}", value)
    page.get_by_label("3", exact=True).check()
    shown = state(page)
    assert shown["probabilities"] == pytest.approx(softmax(logits[None])[0].tolist(), abs=1e-7)
    own = cross_entropy_from_logits(np.eye(10)[[3]], logits[None])[0]
    assert shown["crossEntropy"]["loss"] == pytest.approx(own, abs=1e-6)
    page.locator(".live-slider input").fill("2.5")
    shown = state(page)
    for name, (loss, gradient) in by_tape(logits, 3, 2.5).items():
        assert shown[name]["loss"] == pytest.approx(loss, abs=1e-9), name
        assert shown[name]["gradient"] == pytest.approx(gradient.tolist(), abs=1e-9), name


def test_sure_and_wrong_is_where_squared_error_is_weak(open_figure, state):
    page = open_figure("loss")
    page.get_by_role("button", name="sure and wrong").click()
    shown = state(page)
    assert shown["crossEntropy"]["gradient"][7] < -0.99
    assert abs(shown["squaredError"]["gradient"][7]) < 0.01
    page.wait_for_function(
        "/probability 0.00\\s%/.test(document.querySelector('.live-status').textContent)"
    )


def test_by_keyboard(open_figure, state):
    page = open_figure("loss")
    page.get_by_role("button", name="undecided").press("Enter")
    before = state(page)["probabilities"][0]
    page.get_by_label("Logit of digit 0").press("ArrowRight")
    assert state(page)["probabilities"][0] > before
