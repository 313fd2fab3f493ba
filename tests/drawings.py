"""Pictures for the tests: drawings, and photos of MNIST's digits on paper."""

import io

import numpy as np
from PIL import Image, ImageDraw

# A 4, which no turn or reflection makes another digit; the corners of its strokes, in 0..1.
FOUR = [(0.62, 0.9), (0.62, 0.12), (0.25, 0.62), (0.82, 0.62)]


def drawing(width=120, height=150, *, paper=255, ink=0, mode="L", pen=0.1):
    """Draw the 4 in the middle of a page."""
    side = min(width, height)
    image = Image.new(mode, (width, height), paper)
    points = [((width - side) / 2 + x * side, (height - side) / 2 + y * side) for x, y in FOUR]
    ImageDraw.Draw(image).line(points, fill=ink, width=max(1, round(pen * side)))
    return image


def saved(image, format, **options):
    """Return an image as it comes back from a file of some format."""
    file = io.BytesIO()
    image.save(file, format, **options)
    file.seek(0)
    return Image.open(file)


def photo(
    digit, rng, *, paper=240, ink=0.8, lines=0, squares=0, margin=0, soft=0, hard=0, tilt=0,
    askew=0, noise=4, room=0.4, negative=False,
):  # fmt: skip
    """Photograph MNIST's digit on paper, as uint8 [height, width].

    ``ink``, ``lines``, ``squares`` and ``margin`` are the shares of light that they take away,
    ``soft`` and ``hard`` those of a shadow with such an edge, ``askew`` of the far corner.
    """
    scale = int(rng.integers(8, 12))
    side = 28 * scale
    height, width = (int(side * (1 + room * rng.uniform(0.3, 1.5))) for _ in range(2))
    top, left = rng.integers(0, height - side + 1), rng.integers(0, width - side + 1)
    around = side // 2  # so that a page that is turned leaves no corner empty
    page = np.ones((height + 2 * around, width + 2 * around))
    spacing, thick = int(20 * scale * rng.uniform(0.3, 0.7)), max(2, scale // 4)
    first_row, first_column = rng.integers(spacing, size=2)
    for i in range(thick):
        page[first_row + i :: spacing] = 1 - max(lines, squares)
        if squares:
            page[:, first_column + i :: spacing] = 1 - squares
    if margin:
        edge = around + max(2, int(left - rng.integers(0, 2 * scale)))
        page[:, edge : edge + thick + 1] = 1 - margin
    big = Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC)
    strokes = (np.asarray(big) / 255 * 2 - 0.5).clip(0, 1)  # a pen's even ink
    y, x = top + around, left + around
    area = page[y : y + side, x : x + side]
    np.minimum(area, 1 - ink * strokes, out=area)
    if tilt:
        turned = Image.fromarray(np.rint(255 * page).astype(np.uint8)).rotate(
            tilt * rng.choice([-1, 1]),
            Image.Resampling.BICUBIC,
            center=(x + side / 2, y + side / 2),
            fillcolor=255,
        )
        page = np.asarray(turned) / 255
    page = page[around : around + height, around : around + width]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    direction = rng.uniform(0, 2 * np.pi)
    across = np.cos(direction) * x + np.sin(direction) * y
    light = 1 - askew * (across + 1) / 2
    for shadow, width_of_edge in ((soft, 0.15), (hard, 0.01)):
        inside = 1 / (1 + np.exp((rng.uniform(-0.4, 0.4) - across) / width_of_edge))
        light = light * (1 - shadow * inside)
    values = (paper * page * light + rng.normal(0, noise, page.shape)).clip(0, 255)
    values = 255 - values if negative else values
    return np.asarray(saved(Image.fromarray(np.rint(values).astype(np.uint8)), "JPEG", quality=80))
