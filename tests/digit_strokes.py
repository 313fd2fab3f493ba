"""The ten digits as strokes, and how the tests draw them on the pad of a page."""

import math


def arc(x, y, rx, ry, start, end, steps=16):
    """Points of an ellipse; angles in degrees, 0 to the right, 90 down."""
    angles = [math.radians(start + (end - start) * i / steps) for i in range(steps + 1)]
    return [(x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles]


# Strokes on a pad of side 1.
DIGITS = {
    0: [arc(0.5, 0.5, 0.2, 0.32, -90, 270)],
    1: [[(0.5, 0.15), (0.5, 0.85)]],
    2: [[*arc(0.5, 0.33, 0.2, 0.17, -170, 45), (0.3, 0.82), (0.74, 0.82)]],
    3: [arc(0.48, 0.33, 0.19, 0.17, -150, 80) + arc(0.48, 0.67, 0.22, 0.18, -80, 150)],
    4: [[(0.36, 0.15), (0.3, 0.55), (0.72, 0.52)], [(0.66, 0.2), (0.6, 0.88)]],
    5: [[(0.68, 0.17), (0.38, 0.17), (0.35, 0.45), *arc(0.47, 0.63, 0.2, 0.2, -110, 140)]],
    6: [[(0.62, 0.14), (0.42, 0.4), *arc(0.5, 0.67, 0.17, 0.17, -170, 190)]],
    7: [[(0.28, 0.18), (0.72, 0.18), (0.45, 0.87)]],
    8: [arc(0.5, 0.33, 0.16, 0.16, 90, -270) + arc(0.5, 0.67, 0.19, 0.18, -90, 270)],
    9: [[*arc(0.48, 0.35, 0.17, 0.18, 0, -360), (0.63, 0.55), (0.56, 0.88)]],
}


def draw(page, strokes, *, scale=1.0, shift=(0.0, 0.0)):
    box = page.locator("#pad").bounding_box()

    def place(point):
        return tuple(
            box[corner] + box[side] * (0.5 + scale * (value - 0.5) + offset)
            for corner, side, value, offset in zip(
                ("x", "y"), ("width", "height"), point, shift, strict=True
            )
        )

    for first, *rest in strokes:
        page.mouse.move(*place(first))
        page.mouse.down()
        for point in rest:
            page.mouse.move(*place(point))
        page.mouse.up()


def wait_for_answer(page):
    page.wait_for_function("document.getElementById('prediction').textContent !== ''")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def answer(page):
    wait_for_answer(page)
    return page.locator("#prediction").inner_text()


def seen(page):
    """The 28x28 grey values of the image that the network sees."""
    return page.evaluate(
        "[...document.getElementById('network-view').getContext('2d')"
        ".getImageData(0, 0, 28, 28).data].filter((_, i) => i % 4 === 0)"
    )
