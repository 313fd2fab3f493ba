"""What a trained network holds: its feature maps, what it looks at, what it responds to.

Read the chapter "Looking inside"; ``plots.py`` draws the results.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mnist_tutorial._internal.checks import checked
from mnist_tutorial._internal.errors import describe
from mnist_tutorial._internal.mnist_form import (
    IMAGE_SIZE,
    check_model,
    scale_pixels,
    warn_if_inverted_or_scaled,
)
from mnist_tutorial._internal.tensorflow import keras, tf

__all__ = [
    "feature_maps",
    "maximize_activations",
    "occlusion_map",
    "saliency_map",
]

Image = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float32]


@checked(image="uint8 [28, 28]")
def feature_maps(model: keras.Sequential, image: Image) -> dict[str, FloatArray]:
    """Return what every layer makes of one image.

    Parameters
    ----------
    model : keras.Sequential
    image : uint8 [28, 28]
        Grey values in 0..255.

    Returns
    -------
    dict of str to float32 arrays
        Layer name to output, without the batch axis, in the order of the layers.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_tutorial import build_model
    >>> maps = feature_maps(build_model(), np.zeros((28, 28), np.uint8))
    >>> [array.shape for array in maps.values()][:3]
    [(24, 24, 8), (12, 12, 8), (8, 8, 16)]
    """
    check_layers(model)
    outputs: dict[str, FloatArray] = {}
    x = inputs_of(image)
    for layer in model.layers:
        x = layer(x)
        outputs[layer.name] = np.asarray(x)[0]
    return outputs


@checked(image="uint8 [28, 28]", digit="whole number in 0..9", size="whole number >= 1")
def occlusion_map(
    model: keras.Sequential, image: Image, digit: int, *, size: int = 5
) -> FloatArray:
    """Measure how much of a digit's probability is lost when a patch is blanked.

    Parameters
    ----------
    model : keras.Sequential
    image : uint8 [28, 28]
    digit : int
        Whose probability, in 0..9.
    size : int, default 5
        Side of the square patch, in pixels.

    Returns
    -------
    float32 [28, 28]
        For each pixel, the loss of probability with the patch centred there, in -1..1: above 0
        where the pixels are evidence for the digit, below 0 where they are evidence against it.

    References
    ----------
    Matthew Zeiler and Rob Fergus, "Visualizing and understanding convolutional networks",
    ECCV 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_tutorial import build_model
    >>> occlusion_map(build_model(), np.zeros((28, 28), np.uint8), 3).max()
    np.float32(0.0)
    """
    check_model(model)
    covered = np.repeat(image[None], IMAGE_SIZE**2, axis=0)
    for i, (row, column) in enumerate(np.ndindex(IMAGE_SIZE, IMAGE_SIZE)):
        top, left = row - size // 2, column - size // 2
        covered[i, max(top, 0) : top + size, max(left, 0) : left + size] = 0
    # The whole image goes through in the same call, so that rounding is the same for all.
    inputs = inputs_of(np.concatenate([image[None], covered]))
    probabilities = np.asarray(model(inputs))[:, digit]
    return (probabilities[0] - probabilities[1:]).reshape(IMAGE_SIZE, IMAGE_SIZE)


@checked(image="uint8 [28, 28]", digit="whole number in 0..9")
def saliency_map(model: keras.Sequential, image: Image, digit: int) -> FloatArray:
    """Return the gradient of a digit's log-probability with respect to every pixel.

    Parameters
    ----------
    model : keras.Sequential
    image : uint8 [28, 28]
    digit : int
        Whose probability, in 0..9.

    Returns
    -------
    float32 [28, 28]
        In nats per unit of pixel, from 0 to 1. Above 0 where more ink would make the digit more
        probable, below 0 where less ink would.

    References
    ----------
    K. Simonyan, A. Vedaldi and A. Zisserman, "Deep inside convolutional networks", ICLR
    workshop 2014; there of the class score before the softmax.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_tutorial import build_model
    >>> saliency_map(build_model(), np.zeros((28, 28), np.uint8), 3).shape
    (28, 28)
    """
    check_model(model)
    xs = tf.constant(inputs_of(image))
    with tf.GradientTape() as tape:
        tape.watch(xs)
        log_probability = tf.math.log(model(xs)[0, digit])
    return np.asarray(tape.gradient(log_probability, xs))[0, :, :, 0]


@checked(layer="whole number >= 0", steps="whole number >= 1", seed="seed")
def maximize_activations(
    model: keras.Sequential, layer: int, *, steps: int = 100, seed: int = 0
) -> FloatArray:
    """Make, for every filter of a layer, an image to which it responds strongly.

    Starting from noise, each image climbs the gradient of its filter's response in the middle
    of the map, before the activation. Pixels stay in 0..1 and fade a little at every step, so
    those that do not matter end as background.

    Parameters
    ----------
    model : keras.Sequential
    layer : int
        Position in ``model.layers`` of a Conv2D layer.
    steps : int, default 100
        Steps of gradient ascent.
    seed : int, default 0
        Of the noise.

    Returns
    -------
    float32 [filters, 28, 28]
        In 0..1.

    References
    ----------
    D. Erhan, Y. Bengio, A. Courville and P. Vincent, "Visualizing higher-layer features of a
    deep network", technical report 1341, Université de Montréal, 2009.

    Examples
    --------
    >>> from mnist_tutorial import build_model
    >>> maximize_activations(build_model(), layer=0, steps=2).shape
    (8, 28, 28)
    """
    check_layers(model)
    if layer >= len(model.layers) or not isinstance(model.layers[layer], keras.layers.Conv2D):
        raise ValueError(f"layer must be the position of a Conv2D layer; got {layer}")
    convolution = model.layers[layer]
    front = keras.Model(model.inputs[0], convolution.input)
    shape = (convolution.filters, IMAGE_SIZE, IMAGE_SIZE, 1)
    start = np.random.default_rng(seed).uniform(0, 1, shape).astype(np.float32)

    @tf.function(autograph=False)
    def climb(xs: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(xs)
            # Before the activation: where a relu is zero there is no gradient to climb.
            maps = convolution.convolution_op(front(xs), convolution.kernel) + convolution.bias
            middle = maps[:, maps.shape[1] // 2, maps.shape[2] // 2]
            # Image i is for filter i: the diagonal of [images, filters].
            response = tf.reduce_sum(tf.linalg.diag_part(middle))
        gradient = tape.gradient(response, xs)
        largest = tf.reduce_max(tf.abs(gradient), axis=(1, 2, 3), keepdims=True)
        return tf.clip_by_value(xs + 0.1 * gradient / (largest + 1e-12) - 0.01, 0, 1)

    images = tf.constant(start)
    for _ in range(steps):
        images = climb(images)
    return np.asarray(images)[..., 0]


def inputs_of(images: Image) -> FloatArray:
    """Turn one image or several into what a model takes, float32 [n, 28, 28, 1]."""
    warn_if_inverted_or_scaled("images", images)
    return scale_pixels(images.reshape(-1, IMAGE_SIZE, IMAGE_SIZE, 1))


def check_layers(model: keras.Sequential) -> None:
    if not isinstance(model, keras.Sequential):
        raise TypeError(f"model must be a keras.Sequential; got {describe(model)}")
    if not model.built:
        raise ValueError("model must know its input shape; begin it with keras.Input")
    check_model(model)
