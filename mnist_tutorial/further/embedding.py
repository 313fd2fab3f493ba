"""Images as points: a network's last features, and their projection onto a plane.

Read the chapter "Looking inside"; ``plots.py`` draws the points.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mnist_tutorial._internal.checks import check, checked
from mnist_tutorial._internal.tensorflow import keras
from mnist_tutorial.further.looking_inside import check_layers, inputs_of
from mnist_tutorial.results import in_pieces

__all__ = ["penultimate_features", "project_pca"]

Image = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float32]


@checked(images="uint8 [n, 28, 28]")
def penultimate_features(model: keras.Sequential, images: Image) -> FloatArray:
    """Return what the last layer sees of each image.

    Parameters
    ----------
    model : keras.Sequential
    images : uint8 [n, 28, 28]

    Returns
    -------
    float32 [n, features]
        256 features for :func:`mnist_tutorial.build_model`'s network.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_tutorial import build_model
    >>> penultimate_features(build_model(), np.zeros((2, 28, 28), np.uint8)).shape
    (2, 256)
    """
    check_layers(model)
    front = keras.Model(model.inputs[0], model.layers[-1].input)
    return in_pieces(front, inputs_of(images))


@checked(features="float [n, features]", count="whole number >= 1")
def project_pca(features: npt.NDArray[np.floating], count: int = 2) -> FloatArray:
    """Project points onto their principal components, the directions of largest variance.

    Parameters
    ----------
    features : float [n, features]
    count : int, default 2
        Number of components, at most the number of features.

    Returns
    -------
    float32 [n, count]
        Centred; the variance falls from column to column. The sign of each column is chosen so
        that its value of largest magnitude is positive.

    References
    ----------
    K. Pearson, "On lines and planes of closest fit to systems of points in space",
    Philosophical Magazine 2(11), 1901.

    Examples
    --------
    >>> import numpy as np
    >>> points = np.array([[0.0, 0.0], [0.0, 0.0], [9.0, 12.0]])
    >>> project_pca(points, 1).ravel()
    array([-5., -5., 10.], dtype=float32)
    """
    check("count", count, f"whole number in 1..{features.shape[1]}")
    centred = features - features.mean(axis=0, dtype=np.float64)
    _, directions = np.linalg.eigh(centred.T @ centred)  # ascending eigenvalues
    projected = centred @ directions[:, ::-1][:, :count]
    signs = np.sign(projected[np.abs(projected).argmax(axis=0), np.arange(count)])
    return (projected * signs).astype(np.float32)
