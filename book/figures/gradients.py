"""What the figure of chapter 5 shows: the gradients of many images, and the times of a batch."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

CHAPTER = Path(__file__).resolve().parent.parent / "05-batching.ipynb"
IMAGES = 16_384
SIZES = (1, 4, 16, 64, 256, 1024)  # the chapter's
BATCHES = 60  # of each size
TOGETHER = 256  # images whose gradients are computed in one call

Array = npt.NDArray[np.floating]


def gradients_of_images() -> Array:
    """Return the gradient of each image in the chapter's untrained network, [IMAGES, 5994]."""
    import keras
    import tensorflow as tf

    from mnist_tutorial import MnistData, build_model, epoch_order, make_batch

    data, model = MnistData(), build_model(seed=0)
    order = epoch_order(len(data.train_images), seed=0, epoch=0)[:IMAGES]

    def gradient(example: Any) -> Any:
        image, label = example
        with tf.GradientTape() as tape:
            answers = model(image[tf.newaxis])  # [1, 10]
            loss = keras.losses.categorical_crossentropy(label[tf.newaxis], answers)[0]
        parts = tape.gradient(loss, model.trainable_variables)
        return tf.concat([tf.reshape(part, [-1]) for part in parts], axis=0)

    gradients = tf.function(lambda *examples: tf.vectorized_map(gradient, examples))
    all_of_them = np.empty((IMAGES, model.count_params()), np.float32)
    for first in range(0, IMAGES, TOGETHER):
        chosen = order[first : first + TOGETHER]
        batch = make_batch(data.train_images[chosen], data.train_labels[chosen])
        xs = batch.xs.reshape(-1, 28, 28, 1)
        all_of_them[first : first + TOGETHER] = gradients(xs, batch.labels).numpy()
    return all_of_them


def directions(gradients: Array) -> Array:
    """Return the unit vector of the mean and that of the largest variance across it, [2, d]."""
    mean = gradients.mean(axis=0)
    along = mean / np.linalg.norm(mean)
    across = np.ones_like(mean)
    for _ in range(50):  # the power method
        across = (gradients @ across - mean @ across) @ gradients
        across -= across @ along * along
        across /= np.linalg.norm(across)
    return np.stack([along, across * np.sign(across[np.abs(across).argmax()])])


def gradients_part() -> dict[str, Any]:
    """Return the gradients in two directions, and what they leave out.

    Returns
    -------
    dict
        values : int16 [IMAGES, 2], to be multiplied by unit; noise and angle: for each of sizes,
        the noise of a batch's gradient in all directions and its mean angle to the mean gradient,
        in degrees; share: of the gradients' variance, what the two directions hold.
    """
    gradients = gradients_of_images()
    seen = gradients @ directions(gradients).T
    mean = gradients.mean(axis=0)
    rng = np.random.default_rng(0)
    noise, angle = [], []
    for size in SIZES:
        drawn = (rng.choice(IMAGES, size, replace=False) for _ in range(BATCHES))
        batches = np.stack([gradients[chosen].mean(axis=0) for chosen in drawn])
        squares = ((batches - batches.mean(axis=0)) ** 2).sum()
        noise.append(float(np.sqrt(squares / (BATCHES - 1))))
        cosines = batches @ mean / np.linalg.norm(batches, axis=1) / np.linalg.norm(mean)
        angle.append(float(np.degrees(np.arccos(cosines)).mean()))
    unit = float(np.abs(seen).max()) / (2**15 - 1)
    share = seen.var(axis=0).sum() / gradients.var(axis=0).sum()
    return {
        "values": (seen / unit).round().astype("<i2"),
        "unit": unit,
        "weights": gradients.shape[1],
        "sizes": SIZES,
        "noise": noise,
        "angle": angle,
        "share": float(share),
    }


def chapter_times() -> list[float]:
    """Return the milliseconds per batch of each size, from the outputs stored in the chapter."""
    cells = json.loads(CHAPTER.read_text(encoding="utf-8"))["cells"]
    (cell,) = [cell for cell in cells if cell.get("id") == "throughput"]
    printed = "".join("".join(output.get("text", "")) for output in cell["outputs"])
    times = dict(re.findall(r"([\d,]+) images per batch: .* ([\d.]+) ms per batch", printed))
    return [float(times[f"{size:,}".replace(",", "")]) for size in SIZES]
