"""Write a model in the TensorFlow.js layers format, which runs in a web page.

Read the chapter "In your browser".
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from mnist_tutorial._internal.checks import checked
from mnist_tutorial._internal.errors import describe
from mnist_tutorial._internal.files import write_whole
from mnist_tutorial._internal.tensorflow import keras

__all__ = ["export_tfjs"]

WEIGHTS_FILE = "weights.bin"
TRUNCATED_DEVIATION = 0.87962566103423978
"""Standard deviation of a standard normal distribution cut off at -2 and 2."""

# The part of each layer's configuration that TensorFlow.js reads.
_CONFIG_KEYS: dict[str, tuple[str, ...]] = {
    "Conv2D": (
        "filters",
        "kernel_size",
        "strides",
        "padding",
        "data_format",
        "dilation_rate",
        "activation",
        "use_bias",
    ),
    "BatchNormalization": ("axis", "momentum", "epsilon", "center", "scale"),
    "ReLU": ("max_value",),
    "MaxPooling2D": ("pool_size", "strides", "padding", "data_format"),
    "GlobalAveragePooling2D": ("data_format",),
    "Flatten": (),
    "Dense": ("units", "activation", "use_bias"),
}
_ACTIVATIONS = ("linear", "relu", "softmax")
# Settings that TensorFlow.js does not know, with the only value that it implements.
_FIXED: dict[str, dict[str, Any]] = {
    "Conv2D": {"groups": 1},
    "BatchNormalization": {"renorm": False, "synchronized": False},
    "ReLU": {"negative_slope": 0, "threshold": 0},
    "GlobalAveragePooling2D": {"keepdims": False},
}


@checked(folder="path")
def export_tfjs(model: keras.Sequential, folder: str | os.PathLike[str]) -> Path:
    """Write a model as ``model.json`` and ``weights.bin`` for ``tf.loadLayersModel``.

    Parameters
    ----------
    model : keras.Sequential
        Of the layers that the book uses: ``Conv2D``, ``BatchNormalization``, ``ReLU``,
        ``MaxPooling2D``, ``GlobalAveragePooling2D``, ``Flatten`` and ``Dense``, with no
        activation, ``"relu"`` or ``"softmax"``. Need not be compiled. The initializers are
        written, too, so that the same network can be trained again.
    folder : str or path
        Where the two files go. It is made if it does not exist.

    Returns
    -------
    pathlib.Path
        The path of ``model.json``. The weights are in the file beside it, as little-endian
        float32, layer after layer, in Keras's order: the kernel before the bias.

    References
    ----------
    Daniel Smilkov et al., "TensorFlow.js: machine learning for the web and beyond", SysML 2019.

    Examples
    --------
    >>> import tempfile
    >>> from mnist_tutorial import build_model
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = export_tfjs(build_model(), folder)
    ...     path.name, path.with_name("weights.bin").stat().st_size == 4 * 5994
    ('model.json', True)
    """
    if not isinstance(model, keras.Sequential):
        raise TypeError(f"model must be a keras.Sequential; got {describe(model)}")
    if not model.built or not model.layers:
        raise ValueError("model must know its input shape; begin it with keras.Input")
    layers = [_layer_topology(layer) for layer in model.layers]
    layers[0]["config"]["batch_input_shape"] = [None, *model.input_shape[1:]]
    arrays = [
        (f"{layer.name}/{variable.name}", np.asarray(variable, "<f4"))
        for layer in model.layers
        for variable in layer.weights
    ]
    for name, array in arrays:
        if not np.isfinite(array).all():
            raise ValueError(f"model must have finite weights; {name} holds NaN or infinity")
    folder = Path(folder)
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise ValueError(f"folder must be a folder, made or to be made; got the file {folder}")
    content = {
        "format": "layers-model",
        "generatedBy": f"keras v{keras.version()}",
        "convertedBy": "mnist_tutorial.export_tfjs",
        "modelTopology": {
            "class_name": "Sequential",
            "config": {"name": model.name, "layers": layers},
            "keras_version": keras.version(),
            "backend": "tensorflow",
        },
        "weightsManifest": [
            {
                "paths": [WEIGHTS_FILE],
                "weights": [
                    {"name": name, "shape": list(array.shape), "dtype": "float32"}
                    for name, array in arrays
                ],
            }
        ],
    }
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / WEIGHTS_FILE, b"".join(array.tobytes() for _, array in arrays))
    path = folder / "model.json"
    write_whole(path, (json.dumps(content, indent=1) + "\n").encode())
    return path


def _layer_topology(layer: keras.layers.Layer) -> dict[str, Any]:
    """Return what TensorFlow.js needs to build the layer."""
    keys = _CONFIG_KEYS.get(type(layer).__name__)
    if keys is None:
        known = ", ".join(_CONFIG_KEYS)
        raise TypeError(
            f"model has the layer {layer.name!r} of the kind {type(layer).__name__}; "
            f"only these can be written: {known}"
        )
    config = layer.get_config()
    if config.get("activation", "linear") not in _ACTIVATIONS:
        raise ValueError(
            f"layer {layer.name!r} has the activation {config['activation']!r}; "
            f"only these can be written: {', '.join(_ACTIVATIONS)}"
        )
    for key, value in _FIXED.get(type(layer).__name__, {}).items():
        if config.get(key, value) != value:
            raise ValueError(
                f"layer {layer.name!r} has the {key} {config[key]!r}; only {value!r} can be written"
            )
    topology = {key: config[key] for key in keys} | {"name": layer.name}
    initializer = getattr(layer, "kernel_initializer", None)
    if isinstance(initializer, keras.initializers.VarianceScaling):
        topology["kernel_initializer"] = _initializer_topology(initializer)
    return {"class_name": type(layer).__name__, "config": topology}


def _initializer_topology(initializer: keras.initializers.VarianceScaling) -> dict[str, Any]:
    scale, distribution = initializer.scale, initializer.distribution
    if distribution == "truncated_normal":
        # TensorFlow.js calls it "normal", and does not widen it, as Keras does, to make up
        # for the variance that the cut tails take away.
        scale, distribution = scale / TRUNCATED_DEVIATION**2, "normal"
    return {
        "class_name": "VarianceScaling",
        "config": {"scale": scale, "mode": initializer.mode, "distribution": distribution},
    }
