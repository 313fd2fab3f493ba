"""The command that exports."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import math
import warnings
from pathlib import Path
from typing import Any

import click

from mnist_tutorial._internal.commands.console import write_json
from mnist_tutorial._internal.commands.language import _
from mnist_tutorial._internal.commands.models import open_model, save_model

FORMATS = ("keras", "savedmodel", "tfjs", "onnx", "litert")


def export(model: str, folder: str, kind: str, as_json: bool) -> None:
    """Write a network in a form for other programs, load it back and compare."""
    needed = {"onnx": ["tf2onnx", "onnxruntime"]}.get(kind, [])
    if missing := [library for library in needed if importlib.util.find_spec(library) is None]:
        command = f"pip install {' '.join(missing)}"
        raise ImportError(
            _("{kind} needs other libraries: {command}").format(kind=kind, command=command)
        )
    network, target = open_model(model, in_keras=True), Path(folder)
    import numpy as np

    from mnist_tutorial import MnistData

    images = MnistData().validation_images[:100, ..., np.newaxis] / np.float32(255)
    target.mkdir(parents=True, exist_ok=True)
    path, probabilities = _EXPORTERS[kind](network, target, images)
    difference = float(np.abs(probabilities - np.asarray(network(images))).max())
    if not difference < 1e-4:
        message = _("{path}: its probabilities differ by up to {difference:.2g}")
        raise RuntimeError(message.format(path=path, difference=difference))
    if as_json:
        write_json({"path": str(path), "format": kind, "largest_difference": difference})
        return
    click.echo(_("Wrote {path}").format(path=path))
    message = _("Loaded it again: 100 predictions are the same, to within {difference:.0e}")
    click.echo(message.format(difference=difference))


def _array(tensor: Any) -> Any:
    import numpy as np

    return np.asarray(tensor)


def _export_keras(model: Any, folder: Path, images: Any) -> tuple[Path, Any]:
    from mnist_tutorial._internal.tensorflow import keras

    path = folder / "model.keras"
    save_model(model, path)
    return path, _array(keras.models.load_model(path)(images))


def _export_savedmodel(model: Any, folder: Path, images: Any) -> tuple[Path, Any]:
    from mnist_tutorial._internal.tensorflow import tf

    model.export(folder, format="tf_saved_model", verbose=False)
    loaded = tf.saved_model.load(str(folder))
    return folder, _array(loaded.serve(images))


def _export_tfjs(model: Any, folder: Path, images: Any) -> tuple[Path, Any]:
    import numpy as np

    from mnist_tutorial._internal.tensorflow import keras
    from mnist_tutorial.further import export_tfjs

    path = export_tfjs(model, folder)
    [manifest] = json.loads(path.read_text())["weightsManifest"]
    shapes = [weight["shape"] for weight in manifest["weights"]]
    numbers = np.fromfile(folder / "weights.bin", "<f4")
    ends = np.cumsum([math.prod(shape) for shape in shapes])
    parts = np.split(numbers, ends[:-1])
    copy = keras.models.clone_model(model)
    copy.set_weights([part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)])
    return path, _array(copy(images))


def _export_onnx(model: Any, folder: Path, images: Any) -> tuple[Path, Any]:
    onnxruntime = importlib.import_module("onnxruntime")

    path = folder / "model.onnx"
    model(images[:1])  # Keras exports only a model that has been called
    model.export(path, format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(path)
    return path, session.run(None, {session.get_inputs()[0].name: images})[0]


def _export_litert(model: Any, folder: Path, images: Any) -> tuple[Path, Any]:
    from mnist_tutorial._internal.tensorflow import tf

    path = folder / "model.tflite"
    model.export(path, format="litert", verbose=False)
    plain = tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that another package will take over the interpreter
        reader = tf.lite.Interpreter(str(path), experimental_op_resolver_type=plain)
    runner = reader.get_signature_runner()
    [name] = runner.get_input_details()
    [answers] = runner(**{name: images}).values()
    return path, answers


_EXPORTERS = {
    "keras": _export_keras,
    "savedmodel": _export_savedmodel,
    "tfjs": _export_tfjs,
    "onnx": _export_onnx,
    "litert": _export_litert,
}
