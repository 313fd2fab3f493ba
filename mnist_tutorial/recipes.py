"""Recipes for 99 % and more with at most 5,994 parameters, and the weights that they gave.

Chapter "More accurate" tells their story. ``make recipes`` trains all of them again.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mnist_tutorial._checks import IMAGE_SIZE, check_whole_number
from mnist_tutorial._tensorflow import keras, tf
from mnist_tutorial.batching import BATCH_SIZE
from mnist_tutorial.data import MnistData
from mnist_tutorial.layers import build_deep_model, build_model
from mnist_tutorial.training import History, train

__all__ = ["PRETRAINED", "RECIPES", "Recipe", "pretrained", "random_affine", "train_recipe"]

WEIGHTS = Path(__file__).with_name("weights")


def random_affine(
    xs: Any, seed: Any, *, shift: float = 1.0, rotation: float = 8.0, scale: float = 0.1
) -> Any:
    """Shift, turn and stretch each image a little, differently each time.

    Parameters
    ----------
    xs : float32 [n, 28, 28, 1]
        Pixels in 0..1.
    seed : int32 [2]
        The same seed gives the same images.
    shift : float, default 1.0
        In pixels, at most so far in each direction.
    rotation : float, default 8.0
        In degrees, at most so far to each side.
    scale : float, default 0.1
        Width and height are each changed by at most this share.

    Returns
    -------
    tf.Tensor
        float32 [n, 28, 28, 1], interpolated linearly; what comes in from outside is 0.

    References
    ----------
    P. Simard, D. Steinkraus and J. Platt, "Best practices for convolutional neural networks
    applied to visual document analysis", ICDAR, 2003.

    Examples
    --------
    >>> images = MnistData().train_images[:2, ..., None] / np.float32(255)
    >>> tuple(random_affine(images, [0, 1]).shape)
    (2, 28, 28, 1)
    >>> unchanged = random_affine(images, [0, 1], shift=0, rotation=0, scale=0)
    >>> bool(np.allclose(unchanged, images, atol=1e-6))
    True
    """
    draws = tf.random.stateless_uniform((xs.shape[0], 5), seed, -1.0, 1.0)
    angle = draws[:, 0] * (rotation * math.pi / 180)
    width, height = 1 + scale * draws[:, 1], 1 + scale * draws[:, 2]
    right, down = shift * draws[:, 3], shift * draws[:, 4]
    # For each pixel of the new image, where it lies in the old one; about the centre.
    a, b = tf.cos(angle) * width, -tf.sin(angle) * width
    c, d = tf.sin(angle) * height, tf.cos(angle) * height
    centre, zero = (IMAGE_SIZE - 1) / 2, tf.zeros_like(angle)
    rows = [a, b, centre * (1 - a - b) + right, c, d, centre * (1 - c - d) + down, zero, zero]
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=xs,
        transforms=tf.stack(rows, axis=1),
        output_shape=[IMAGE_SIZE, IMAGE_SIZE],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )


@dataclass(frozen=True)
class Recipe:
    """How to train a network: Nesterov momentum 0.9, a rate that rises and falls again.

    Attributes
    ----------
    build : callable
        Takes a seed, returns the untrained network.
    epochs : int
        Times through the 55,000 training images, in batches of 64.
    learning_rate : float
        The highest, reached after ``warmup`` of the steps; a half cosine leads from there to 0.
    warmup : float, default 0.2
        Share of the steps in which the learning rate rises from 0.
    momentum : float, default 0.9
    augment : callable, optional
        As in :func:`mnist_tutorial.train`.

    References
    ----------
    Ilya Sutskever, James Martens, George Dahl and Geoffrey Hinton, "On the importance of
    initialization and momentum in deep learning", ICML, 2013. Ilya Loshchilov and Frank Hutter,
    "SGDR: stochastic gradient descent with warm restarts", ICLR, 2017.

    Examples
    --------
    >>> RECIPES["quick"].build(0).count_params()
    5994
    """

    build: Callable[[int], Any]
    epochs: int
    learning_rate: float
    warmup: float = 0.2
    momentum: float = 0.9
    augment: Callable[[Any, Any], Any] | None = None


RECIPES = {
    "quick": Recipe(lambda seed: build_model(seed=seed), epochs=6, learning_rate=0.1),
    "thorough": Recipe(
        lambda seed: build_model(seed=seed),
        epochs=60,
        learning_rate=0.03,
        augment=random_affine,
    ),
    "deep": Recipe(
        lambda seed: build_deep_model(seed=seed),
        epochs=30,
        learning_rate=0.05,
        augment=random_affine,
    ),
}
"""The recipes by name; "quick" and "thorough" train the tutorial's own network."""

PRETRAINED = tuple(RECIPES)
"""Names of the networks whose weights ship with the package."""


def train_recipe(
    recipe: Recipe, *, seed: int = 0, progress: bool = True
) -> tuple[keras.Sequential, History]:
    """Train a network by a recipe, with the fast engine, on the training split of MNIST.

    Parameters
    ----------
    recipe : Recipe
        One of ``RECIPES``, or your own.
    seed : int, default 0
        Fixes the initial weights, the order of the images and their augmentation.
    progress : bool, default True
        Show a progress bar.

    Returns
    -------
    keras.Sequential, History
        The trained network, and the losses and accuracies of its training batches.

    Raises
    ------
    TypeError, ValueError
        If ``recipe`` is no Recipe or ``seed`` no whole number from 0.

    Examples
    --------
    >>> from dataclasses import replace
    >>> model, history = train_recipe(replace(RECIPES["quick"], epochs=1), progress=False)
    >>> history
    History(860 batches, 0 evaluations)
    """
    if not isinstance(recipe, Recipe):
        raise TypeError(f"recipe must be a Recipe, such as RECIPES['quick']; got {recipe!r}")
    seed = check_whole_number("seed", seed, minimum=0)
    data, model = MnistData(seed=seed), recipe.build(seed)
    batches = math.ceil(recipe.epochs * len(data.train_images) / BATCH_SIZE)
    rising = round(recipe.warmup * batches)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0 if rising else recipe.learning_rate,
        decay_steps=batches - rising,
        warmup_target=recipe.learning_rate if rising else None,
        warmup_steps=rising,
    )
    history = train(
        model,
        data,
        optimizer=keras.optimizers.SGD(schedule, recipe.momentum, nesterov=recipe.momentum > 0),
        batches=batches,
        validation_frequency=None,
        augment=recipe.augment,
        engine="fast",
        progress=progress,
    )
    return model, history


def pretrained(name: str) -> keras.Sequential:
    """Return a trained network, from the weights that ship with the package.

    Parameters
    ----------
    name : str
        One of ``PRETRAINED``.

    Returns
    -------
    keras.Sequential
        Float32 [n, 28, 28, 1] in 0..1 to probabilities float32 [n, 10].

    Raises
    ------
    ValueError
        If there is no network of that name, or the file of its weights is not the one that
        was shipped (its SHA-256 is checked).

    Examples
    --------
    >>> model = pretrained("quick")
    >>> images = MnistData().validation_images[:3, ..., None] / np.float32(255)
    >>> bool((model.predict(images, verbose=0).max(axis=1) > 0.5).all())
    True
    """
    if name not in PRETRAINED:
        raise ValueError(f"name must be one of {', '.join(PRETRAINED)}; got {name!r}")
    path, sums = WEIGHTS / f"{name}.npz", WEIGHTS / "SHA256SUMS"
    line = f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}"
    if line not in sums.read_text().splitlines():
        raise ValueError(f"{path}: damaged, its SHA-256 is not the one in {sums.name}")
    model = RECIPES[name].build(0)
    with np.load(path, allow_pickle=False) as arrays:
        model.set_weights([arrays[key] for key in arrays.files])
    return model


def save_weights(model: keras.Sequential, name: str) -> None:
    """Write the weights that :func:`pretrained` reads, and their SHA-256."""
    WEIGHTS.mkdir(exist_ok=True)
    np.savez(WEIGHTS / f"{name}.npz", *model.get_weights())
    (WEIGHTS / "SHA256SUMS").write_text(
        "".join(
            f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
            for path in sorted(WEIGHTS.glob("*.npz"))
        )
    )
