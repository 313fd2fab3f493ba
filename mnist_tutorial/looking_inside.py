"""What a trained network holds: its kernels, its feature maps, what it looks at.

Numbers come from the functions without ``plot`` in their name, figures from the others.
The chapter "Looking inside" tells their story.
"""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from mnist_tutorial._checks import (
    IMAGE_SIZE,
    NUM_CLASSES,
    check_array,
    check_digits,
    check_model,
    check_whole_number,
    describe,
    warn_of_look,
)
from mnist_tutorial._tensorflow import keras, tf
from mnist_tutorial.results import check_axes

__all__ = [
    "exciting_images",
    "feature_maps",
    "gradient_map",
    "last_features",
    "occlusion_map",
    "plot_maps",
    "plot_plane",
    "principal_components",
]

Image = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float32]


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

    Raises
    ------
    TypeError, ValueError
        If ``model`` or ``image`` is none such.

    Warns
    -----
    UserWarning
        If the image looks inverted, or scaled to 0..1.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_tutorial import build_model
    >>> maps = feature_maps(build_model(), np.zeros((28, 28), np.uint8))
    >>> [array.shape for array in maps.values()][:3]
    [(24, 24, 8), (12, 12, 8), (8, 8, 16)]
    """
    _check_layers(model)
    _check_images("image", image, 2)
    outputs: dict[str, FloatArray] = {}
    x = _scale(image[None])
    for layer in model.layers:
        x = layer(x)
        outputs[layer.name] = np.asarray(x)[0]
    return outputs


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
        For each pixel, the loss with the patch centred there, in -1..1: above 0 where the
        pixels speak for the digit, below 0 where they speak against it.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type, shape or range.

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
    _check_images("image", image, 2)
    digit = check_whole_number("digit", digit, minimum=0, maximum=NUM_CLASSES - 1)
    size = check_whole_number("size", size, minimum=1)
    covered = np.repeat(image[None], IMAGE_SIZE**2, axis=0)
    for i, (row, column) in enumerate(np.ndindex(IMAGE_SIZE, IMAGE_SIZE)):
        top, left = row - size // 2, column - size // 2
        covered[i, max(top, 0) : top + size, max(left, 0) : left + size] = 0
    # The whole image goes through in the same call, so that rounding is the same for all.
    probabilities = np.asarray(model(_scale(np.concatenate([image[None], covered]))))[:, digit]
    losses = probabilities[0] - probabilities[1:]
    return np.asarray(losses.reshape(IMAGE_SIZE, IMAGE_SIZE))


def gradient_map(model: keras.Sequential, image: Image, digit: int) -> FloatArray:
    """Return the gradient of a digit's log-probability for every pixel.

    Parameters
    ----------
    model : keras.Sequential
    image : uint8 [28, 28]
    digit : int
        Whose probability, in 0..9.

    Returns
    -------
    float32 [28, 28]
        In nats for a pixel's way from 0 to 1. Above 0 where more ink would make the digit
        more probable, below 0 where less ink would.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type, shape or range.

    References
    ----------
    K. Simonyan, A. Vedaldi and A. Zisserman, "Deep inside convolutional networks", ICLR
    workshop 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_tutorial import build_model
    >>> gradient_map(build_model(), np.zeros((28, 28), np.uint8), 3).shape
    (28, 28)
    """
    check_model(model)
    _check_images("image", image, 2)
    digit = check_whole_number("digit", digit, minimum=0, maximum=NUM_CLASSES - 1)
    xs = tf.constant(_scale(image[None]))
    with tf.GradientTape() as tape:
        tape.watch(xs)
        log_probability = tf.math.log(model(xs)[0, digit])
    return np.asarray(tape.gradient(log_probability, xs))[0, :, :, 0]


def exciting_images(
    model: keras.Sequential, layer: int, *, steps: int = 100, seed: int = 0
) -> FloatArray:
    """Make, for every filter of a layer, an image to which it answers strongly.

    Starting from noise, each image climbs the gradient of its filter's answer in the middle
    of the map, before the activation. Pixels stay in 0..1 and fade a little at every step,
    so that those which do not matter end as background.

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

    Raises
    ------
    TypeError, ValueError
        If ``model`` is none such, ``layer`` is no Conv2D layer's position, or a number is no
        whole number or too small.

    References
    ----------
    D. Erhan, Y. Bengio, A. Courville and P. Vincent, "Visualizing higher-layer features of a
    deep network", technical report 1341, Université de Montréal, 2009.

    Examples
    --------
    >>> from mnist_tutorial import build_model
    >>> exciting_images(build_model(), layer=0, steps=2).shape
    (8, 28, 28)
    """
    _check_layers(model)
    layer = check_whole_number("layer", layer, minimum=0)
    steps = check_whole_number("steps", steps, minimum=1)
    rng = np.random.default_rng(check_whole_number("seed", seed, minimum=0))
    if layer >= len(model.layers) or not isinstance(model.layers[layer], keras.layers.Conv2D):
        raise ValueError(f"layer must be the position of a Conv2D layer; got {layer}")
    convolution = model.layers[layer]
    front = keras.Model(model.inputs[0], convolution.input)
    filters = convolution.filters
    start = rng.uniform(0, 1, (filters, IMAGE_SIZE, IMAGE_SIZE, 1)).astype(np.float32)

    @tf.function(autograph=False)
    def climb(xs: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(xs)
            # Before the activation: where a relu is zero there is no slope to climb.
            maps = convolution.convolution_op(front(xs), convolution.kernel) + convolution.bias
            middle = maps[:, maps.shape[1] // 2, maps.shape[2] // 2]
            # Image i is for filter i: the diagonal of [images, filters].
            answer = tf.reduce_sum(tf.linalg.diag_part(middle))
        slope = tape.gradient(answer, xs)
        largest = tf.reduce_max(tf.abs(slope), axis=(1, 2, 3), keepdims=True)
        return tf.clip_by_value(xs + 0.1 * slope / (largest + 1e-12) - 0.01, 0, 1)

    images = tf.constant(start)
    for _ in range(steps):
        images = climb(images)
    return np.asarray(images)[..., 0]


def last_features(model: keras.Sequential, images: Image) -> FloatArray:
    """Return what the last layer sees of each image.

    Parameters
    ----------
    model : keras.Sequential
    images : uint8 [n, 28, 28]

    Returns
    -------
    float32 [n, features]
        256 features for :func:`mnist_tutorial.build_model`'s network.

    Raises
    ------
    TypeError, ValueError
        If ``model`` or ``images`` is none such.

    Warns
    -----
    UserWarning
        If the images look inverted, or scaled to 0..1.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_tutorial import build_model
    >>> last_features(build_model(), np.zeros((2, 28, 28), np.uint8)).shape
    (2, 256)
    """
    _check_layers(model)
    _check_images("images", images, 3)
    front = keras.Model(model.inputs[0], model.layers[-1].input)
    chunks = np.array_split(images, max(1, len(images) // 1000))
    return np.concatenate([np.asarray(front(_scale(chunk))) for chunk in chunks])


def principal_components(features: npt.NDArray[np.floating], count: int = 2) -> FloatArray:
    """Project points onto the directions in which they spread most.

    Parameters
    ----------
    features : float [n, features]
    count : int, default 2
        Number of directions.

    Returns
    -------
    float32 [n, count]
        Centred; the first column spreads most. The sign of each column is chosen so that
        its largest value is positive.

    Raises
    ------
    TypeError, ValueError
        If ``features`` is no such array or not finite, or ``count`` is no whole number from 1
        to the number of features.

    References
    ----------
    K. Pearson, "On lines and planes of closest fit to systems of points in space",
    Philosophical Magazine 2(11), 1901.

    Examples
    --------
    >>> import numpy as np
    >>> points = np.array([[0.0, 0.0], [0.0, 0.0], [9.0, 12.0]])
    >>> principal_components(points, 1).ravel()
    array([-5., -5., 10.], dtype=float32)
    """
    count = check_whole_number("count", count, minimum=1)
    check_array("features", features, ("n", "features"))
    if count > features.shape[1]:
        raise ValueError(
            f"features must be [n, features] with at least {count} features; "
            f"got {describe(features)}"
        )
    centred = features - features.mean(axis=0, dtype=np.float64)
    _, directions = np.linalg.eigh(centred.T @ centred)  # ascending eigenvalues
    projected = centred @ directions[:, ::-1][:, :count]
    signs = np.sign(projected[np.abs(projected).argmax(axis=0), np.arange(count)])
    return np.asarray(projected * signs, np.float32)


def plot_maps(
    maps: npt.NDArray[np.floating],
    *,
    columns: int = 8,
    diverging: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw many small maps side by side, all on one scale.

    Parameters
    ----------
    maps : float [n, height, width]
    columns : int, default 8
        Maps a row.
    diverging : bool, default False
        For values of both signs: white is 0, red above it, blue below, and a dash marks what
        is clearly below, by more than a tenth of the largest value: it tells the two apart
        without colour. Otherwise white is the smallest value and black the largest.
    ax : matplotlib Axes, optional
        Drawn on a new one by default.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    TypeError, ValueError
        If ``maps`` is no such array, is empty or not finite, ``columns`` is no whole number
        above 0, or ``ax`` no Axes.
    """
    columns = check_whole_number("columns", columns, minimum=1)
    check_array("maps", maps, ("n", "height", "width"))
    check_axes(ax)
    n, height, width = maps.shape
    columns = min(columns, n)
    rows = -(-n // columns)
    canvas = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1), np.nan)
    for i, one in enumerate(maps):
        row, column = divmod(i, columns)
        top, left = row * (height + 1), column * (width + 1)
        canvas[top : top + height, left : left + width] = one
    if ax is None:
        figure = plt.figure(figsize=(7, 7 * rows / columns + 0.3), layout="constrained")
        ax = figure.add_subplot()
    largest = float(np.abs(maps).max())
    scale = (
        {"cmap": "RdBu_r", "vmin": -largest, "vmax": largest} if diverging else {"cmap": "gray_r"}
    )
    picture = ax.imshow(canvas, **scale)
    ax.figure.colorbar(picture, ax=ax, shrink=0.8)
    if diverging:
        below_row, below_column = np.nonzero(canvas < -largest / 10)
        cell = ax.get_window_extent().width * 72 / ax.figure.dpi / canvas.shape[1]
        dash = {"marker": "_", "color": "black", "linewidths": cell / 12, "s": (cell / 2) ** 2}
        ax.scatter(below_column, below_row, **dash)
    ax.set_axis_off()
    return ax


def plot_plane(
    points: npt.NDArray[np.floating], labels: npt.NDArray[np.integer], ax: Axes | None = None
) -> Axes:
    """Draw points of a plane as the digits that they stand for.

    Parameters
    ----------
    points : float [n, 2]
    labels : int [n]
        Digits in 0..9; each point is drawn as its digit, so that no colour need be told apart.
    ax : matplotlib Axes, optional
        Drawn on a new one by default.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    TypeError, ValueError
        If an argument is none such, or the arrays do not fit each other.
    """
    check_array("points", points, ("n", 2))
    check_digits("labels", labels)
    check_axes(ax)
    if len(points) != len(labels):
        raise ValueError(
            f"points must be [n, 2], one for each label; got {list(points.shape)} "
            f"for {len(labels)} labels"
        )
    if ax is None:
        ax = plt.figure(figsize=(7, 6), layout="constrained").add_subplot()
    colours = plt.colormaps["tab10"]
    for digit in np.unique(labels):
        x, y = points[labels == digit].T
        ax.scatter(x, y, marker=f"${digit}$", color=colours(int(digit)), s=25, linewidths=0.3)
    ax.set(xlabel="first principal component", ylabel="second principal component")
    return ax


def _scale(images: Image) -> FloatArray:
    return (images / np.float32(255)).astype(np.float32)[..., None]


def _check_layers(model: keras.Sequential) -> None:
    if not isinstance(model, keras.Sequential):
        raise TypeError(f"model must be a keras.Sequential; got {describe(model)}")
    if not model.built:
        raise ValueError("model must know its input shape; begin it with keras.Input")
    check_model(model)


def _check_images(name: str, images: Image, ndim: int) -> None:
    check_array(name, images, ("n", IMAGE_SIZE, IMAGE_SIZE)[-ndim:], "a uint8 array")
    warn_of_look(name, images.reshape(-1, IMAGE_SIZE, IMAGE_SIZE))
