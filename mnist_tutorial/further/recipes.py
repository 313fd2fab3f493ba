"""Recipes for 99 % and more with at most 5,994 parameters, and the weights that they gave.

Read the chapter "More accurate". ``make recipes`` trains all of them again.
"""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from mnist_tutorial._internal.checks import checked
from mnist_tutorial._internal.files import write_whole
from mnist_tutorial._internal.mnist_form import DIGITS
from mnist_tutorial._internal.tensorflow import is_keras, keras
from mnist_tutorial.batching import BATCH_SIZE, Augment
from mnist_tutorial.data import MnistData
from mnist_tutorial.further.augmentation import random_affine
from mnist_tutorial.further.deep_model import build_deep_model
from mnist_tutorial.further.numpy_network import NumpyNetwork
from mnist_tutorial.further.numpy_optimizer import SGD, CosineDecay
from mnist_tutorial.history import History
from mnist_tutorial.layers import build_model
from mnist_tutorial.training import train

__all__ = [
    "PRETRAINED",
    "RECIPES",
    "Recipe",
    "pretrained",
    "train_recipe",
]

WEIGHTS = Path(__file__).parents[1] / "_files" / "weights"


@dataclass(frozen=True)
class Recipe:
    """How to train a network: Nesterov momentum, a learning rate that rises and falls again.

    Attributes
    ----------
    build : callable
        Takes a ``seed``, returns the untrained network, of Keras or of NumPy.
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
    >>> RECIPES["quick"].build(seed=0).count_params()
    5994
    """

    build: Callable[..., Any]
    epochs: float
    learning_rate: float
    warmup: float = 0.2
    momentum: float = 0.9
    augment: Augment | None = None


RECIPES = {
    "quick": Recipe(NumpyNetwork, epochs=4, learning_rate=0.1),
    "thorough": Recipe(NumpyNetwork, epochs=60, learning_rate=0.03, augment=random_affine),
    "deep": Recipe(build_deep_model, epochs=30, learning_rate=0.05, augment=random_affine),
}
"""The recipes by name; "quick" and "thorough" train the tutorial's own network."""

PRETRAINED = tuple(RECIPES)
"""Names of the networks whose weights ship with the package."""


@checked(seed="seed")
def train_recipe(recipe: Recipe, *, seed: int = 0, progress: bool = True) -> tuple[Any, History]:
    """Train a network by a recipe, on the training split of MNIST.

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
    keras.Sequential or NumpyNetwork, History
        The trained network, and the losses and accuracies of its training batches.

    Examples
    --------
    >>> from dataclasses import replace
    >>> model, history = train_recipe(replace(RECIPES["quick"], epochs=0.1), progress=False)
    >>> history
    History(86 batches, 0 evaluations)
    """
    if not isinstance(recipe, Recipe):
        raise TypeError(f"recipe must be a Recipe, such as RECIPES['quick']; got {recipe!r}")
    data, model = MnistData(seed=seed), recipe.build(seed=seed)
    batches = math.ceil(recipe.epochs * len(data.train_images) / BATCH_SIZE)
    history = train(
        model,
        data,
        optimizer=build_recipe_optimizer(recipe, batches, is_keras(model, "Model")),
        batches=batches,
        validation_interval=None,
        augment=recipe.augment,
        progress=progress,
    )
    return model, history


def build_recipe_optimizer(recipe: Recipe, batches: int, for_keras: bool) -> Any:
    """Return SGD with Nesterov momentum and the recipe's schedule, of Keras or of NumPy."""
    rate, momentum = recipe.learning_rate, recipe.momentum
    if not for_keras:
        schedule = CosineDecay(rate, batches, recipe.warmup)
        return SGD(schedule, momentum, nesterov=momentum > 0)
    rising = round(recipe.warmup * batches)
    keras_schedule = keras.optimizers.schedules.CosineDecay(
        0.0 if rising else rate,
        decay_steps=batches - rising,
        warmup_target=rate if rising else None,
        warmup_steps=rising,
    )
    return keras.optimizers.SGD(keras_schedule, momentum, nesterov=momentum > 0)


def pretrained(
    name: Literal["quick", "thorough", "deep"], *, framework: Literal["keras", "numpy"] = "keras"
) -> Any:
    """Return a trained network, from the weights that ship with the package.

    Parameters
    ----------
    name : "quick", "thorough" or "deep"
        The recipe that trained it.
    framework : "keras" or "numpy", default "keras"
        "numpy" is there in milliseconds, without TensorFlow; "deep" needs "keras".

    Returns
    -------
    keras.Sequential or NumpyNetwork
        Float32 [n, 28, 28, 1] in 0..1 to probabilities float32 [n, 10].

    Examples
    --------
    >>> model = pretrained("quick")
    >>> images = MnistData().validation_images[:3, ..., None] / np.float32(255)
    >>> model.predict(images, verbose=0).argmax(axis=1)
    array([1, 2, 8])
    """
    if name not in PRETRAINED:
        raise ValueError(f"name must be one of {', '.join(PRETRAINED)}; got {name!r}")
    possible = ("keras",) if name == "deep" else ("keras", "numpy")
    if framework not in possible:
        raise ValueError(
            f"framework of {name!r} must be {' or '.join(possible)}; got {framework!r}"
        )
    path, sums = WEIGHTS / f"{name}.npz", WEIGHTS / "SHA256SUMS"
    content = path.read_bytes()
    if _sum_line(path, content) not in sums.read_text():
        raise ValueError(f"{path}: damaged, its SHA-256 is not the one in {sums.name}")
    builders = {"numpy": NumpyNetwork, "keras": build_deep_model if name == "deep" else build_model}
    model: Any = builders[framework]()
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        model.set_weights([arrays[key] for key in arrays.files])
    model.class_names, model.form = DIGITS, "mnist"
    return model


def save_weights(weights: list[Any], name: str) -> None:
    """Write the weights that :func:`pretrained` reads, and their SHA-256."""
    content = io.BytesIO()
    np.savez(content, *weights)
    write_whole(WEIGHTS / f"{name}.npz", content.getvalue())
    sums = [_sum_line(path, path.read_bytes()) for path in sorted(WEIGHTS.glob("*.npz"))]
    write_whole(WEIGHTS / "SHA256SUMS", "".join(sums).encode())


def _sum_line(path: Path, content: bytes) -> str:
    return f"{hashlib.sha256(content).hexdigest()}  {path.name}\n"
