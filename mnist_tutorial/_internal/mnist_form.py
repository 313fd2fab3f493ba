"""The form of MNIST's examples: their sizes, and what looks wrong in images or models."""

from __future__ import annotations

import base64
import io
import reprlib
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from mnist_tutorial._internal.array_checks import TOLERANCE
from mnist_tutorial._internal.checks import check
from mnist_tutorial._internal.errors import describe, warn
from mnist_tutorial._internal.tensorflow import is_keras

IMAGE_SIZE = 28
NUM_CLASSES = 10
DIGITS = tuple("0123456789")
Form: TypeAlias = Literal["mnist", "fit"]
WEIGHT_SHAPES = ((5, 5, 1, 8), (8,), (5, 5, 8, 16), (16,), (256, 10), (10,))

_JUDGED_IMAGES = 100


def scale_pixels(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Turn grey values 0..255 into float32 pixels 0..1."""
    return images.astype(np.float32) / np.float32(255)


def picture_html(images: npt.NDArray[np.uint8]) -> str:
    """Return a row of digits, dark on light, as an HTML image."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(255 - np.concatenate(images, axis=1)).save(file, "PNG")
    encoded = base64.b64encode(file.getvalue()).decode()
    return f'<img alt="The first {len(images)} digits" src="data:image/png;base64,{encoded}">'


def warn_if_inverted_or_scaled(name: str, images: npt.NDArray[np.uint8]) -> None:
    """Warn if uint8 images [..., 28, 28] look inverted, or scaled to 0..1.

    On a black background few pixels of the outermost rows and columns are bright, even where
    a digit is thick or a garment fills the image. Only the first hundred images are judged.
    """
    sample = images.reshape(-1, *images.shape[-2:])[:_JUDGED_IMAGES]
    edge = np.concatenate([sample[:, [0, -1]].ravel(), sample[:, :, [0, -1]].ravel()])
    if (edge > 127).mean() > 0.75:
        warn(
            f"{name} look inverted: most pixels at their edges are bright; expected light ink on "
            "a black background, as mnist_tutorial.further.invert makes it"
        )
    if sample.max() == 1:
        warn(f"{name} look scaled to 0..1: the largest value is 1; expected grey values 0..255")


def warn_if_outside_unit_range(name: str, images: npt.NDArray[np.floating]) -> None:
    """Warn if float images leave 0..1."""
    low, high = images.min(), images.max()
    if low < -TOLERANCE or high > 1 + TOLERANCE:
        warn(
            f"{name} hold {low:.3g}..{high:.3g}; expected pixels in 0..1, "
            "that is, grey values divided by 255"
        )


def check_model(model: Any, classes: int | None = None) -> None:
    """Raise an error unless a model maps [n, 28, 28, 1] to [n, classes], as far as it says so."""
    if not callable(model) or isinstance(model, type):
        raise TypeError(f"model must be a Keras model; got {describe(model)}")
    inputs, outputs = (getattr(model, name, None) for name in ("input_shape", "output_shape"))
    if inputs is None and outputs is None:
        return
    image, answer = (None, IMAGE_SIZE, IMAGE_SIZE, 1), (None, classes or "classes")
    # A model whose Input fixes the number of images takes any other as well.
    takes = isinstance(inputs, tuple) and inputs[1:] == image[1:]
    gives = isinstance(outputs, tuple) and len(outputs) == 2 and classes in (None, outputs[1])
    if not (takes and gives):
        raise ValueError(
            f"model must map {image} to {answer}, None being any "
            f"number of images; this one maps {inputs} to {outputs}"
        )


def remember_classes(model: Any, source: Any) -> None:
    """Give a model what `predict` asks of data: the names of the classes, the pictures' form."""
    for name in ("class_names", "form"):
        if hasattr(source, name):
            setattr(model, name, getattr(source, name))


def check_classes(model: Any, data: Any) -> None:
    """Raise ValueError if a model was trained on classes with other names than the data's."""
    known, given = (tuple(getattr(one, "class_names", ())) for one in (model, data))
    if known and given and known != given:
        pairs = list(zip(known, given, strict=False))
        first = next((i for i, (a, b) in enumerate(pairs) if a != b), len(pairs) - 1)
        raise ValueError(
            f"model was trained on the {len(known)} classes ({brief_names(known, first)}); "
            f"data has the {len(given)} classes ({brief_names(given, first)})"
        )


def brief_names(names: Sequence[str], first: int = 0) -> str:
    """List three names in quotes, from the position ``first`` on."""
    shown = [reprlib.repr(name) for name in names[first : first + 3]]
    return ", ".join(["..."] * (first > 0) + shown + ["..."] * (first + 3 < len(names)))


def names_of_classes(class_names: Any) -> tuple[str, ...]:
    """Return the names of the classes as a tuple of str, at least two."""
    if not isinstance(class_names, Sequence | np.ndarray):
        raise TypeError(f"class_names must be a sequence of names; got {describe(class_names)}")
    if len(class_names) < 2:
        raise ValueError(f"class_names must hold at least 2 names; got {len(class_names)}")
    return tuple(map(str, class_names))


def check_trainable(model: Any, classes: int | None = None) -> None:
    """Raise an error unless a model is a Keras model that knows its shapes, or the NumPy one."""
    if not (is_keras(model, "Model") or hasattr(model, "compile_steps")):
        raise TypeError(f"model must be a Keras model; got {describe(model)}")
    if getattr(model, "input_shape", None) is None:
        raise ValueError(
            "model must know its input shape; begin it with keras.Input, or wrap a subclassed "
            "model: keras.Model(inputs, model(inputs))"
        )
    layers = model._flatten_layers() if is_keras(model, "Model") else []
    dtypes = {getattr(layer, "compute_dtype", "float32") for layer in layers}
    if dtypes - {"float32"}:
        raise ValueError(
            f"model must compute in float32; it has layers of {', '.join(sorted(dtypes))}"
        )
    check_model(model, classes)


def check_data(data: Any) -> None:
    """Raise TypeError unless data hands out batches as MnistData does."""
    if not hasattr(data, "next_train_batch"):
        raise TypeError(f"data must be an MnistData; got {describe(data)}")


def check_form(form: Any) -> None:
    """Raise ValueError unless form is the name of one."""
    if form not in ("mnist", "fit"):
        raise ValueError(f"form must be 'mnist' or 'fit'; got {form!r}")


def check_probabilities(outputs: npt.NDArray[np.floating]) -> None:
    """Raise ValueError unless a model's outputs [n, classes] are finite, in 0..1, with sum 1."""
    if not np.isfinite(outputs).all():
        raise ValueError("model returns NaN or infinity: its training has diverged")
    low, high = outputs.min(), outputs.max()
    sums = outputs.sum(axis=1)
    if low < -TOLERANCE or high > 1 + TOLERANCE or np.abs(sums - 1).max() > 10 * TOLERANCE:
        raise ValueError(
            f"model must return probabilities; its outputs lie in {low:.3g}..{high:.3g} and sum "
            f"to {sums.min():.3g}..{sums.max():.3g}: end it with a softmax"
        )


def check_weights(name: str, weights: Any) -> None:
    """Raise an error unless weights are the six arrays of the tutorial's network, and finite."""
    if not isinstance(weights, list | tuple):
        raise TypeError(f"{name} must be a sequence of six arrays; got {describe(weights)}")
    shapes = tuple(tuple(getattr(array, "shape", ())) for array in weights)
    if shapes != WEIGHT_SHAPES:
        raise ValueError(f"{name} must have the shapes {WEIGHT_SHAPES}; got {reprlib.repr(shapes)}")
    for i, array in enumerate(weights):
        check(f"{name}[{i}]", array, "float [...]")
