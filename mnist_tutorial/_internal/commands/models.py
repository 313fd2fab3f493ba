"""The networks that commands use: shipped ones, saved ones, and how they are saved."""

from __future__ import annotations

import io
import json
import math
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import click

from mnist_tutorial._internal.commands.language import _

SHIPPED = ("quick", "thorough", "deep")
NETWORKS = ("numpy", "keras", "dense", "deep")
_KNOWN = ("class_names", "form")
_MEMBER = "mnist_tutorial.json"


def accuracy_text(result: Any) -> str:
    """Say an accuracy with its standard error, of so many images."""
    n, share = len(result.probabilities), result.accuracy
    error = math.sqrt(share * (1 - share) / n)
    text = _("{share:.2%} ± {error:.2%} of {n:,} pictures")
    return text.format(share=share, error=error, n=n)


def save_model(model: Any, target: Path) -> None:
    """Save a network, with the names of its classes and the form of its pictures.

    A NumPy network becomes eight arrays. Keras's file is a zip archive, which gets a member
    that Keras does not look at.
    """
    from mnist_tutorial._internal.files import write_whole

    known = {name: getattr(model, name) for name in _KNOWN if hasattr(model, name)}
    if target.suffix == ".npz":
        import numpy as np

        content = io.BytesIO()
        np.savez(content, *model.get_weights(), **known)
        write_whole(target, content.getvalue())
        return
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder, "model.keras")
        model.save(whole)
        with zipfile.ZipFile(whole, "a") as archive:
            archive.writestr(_MEMBER, json.dumps(known))
        write_whole(target, whole.read_bytes())


def open_model(name: Any, *, in_keras: bool = False) -> Any:
    """Return a network by its name or from a file; in Keras only if it must be."""
    if name in SHIPPED:
        from mnist_tutorial import pretrained

        return pretrained(name, framework="keras" if in_keras or name == "deep" else "numpy")
    path = Path(name)
    if not path.is_file():
        raise click.BadParameter(
            _("there is no file {name}; give one that train has saved, or {shipped}").format(
                name=name, shipped=", ".join(SHIPPED)
            ),
            click.get_current_context(), param_hint=_("the model"),
        )  # fmt: skip
    if path.suffix == ".keras":
        from mnist_tutorial._internal.tensorflow import keras

        try:
            model = keras.models.load_model(path, compile=False)
            with zipfile.ZipFile(path) as archive:
                known = archive.read(_MEMBER) if _MEMBER in archive.namelist() else b"{}"
            model = _knowing(model, **json.loads(known))
        except Exception as error:  # a damaged file makes Keras raise almost any
            reason = str(error).splitlines()[0]
            message = _("{name}: damaged, or not a Keras model ({reason})")
            raise ValueError(message.format(name=name, reason=reason)) from None
        from mnist_tutorial._internal.mnist_form import check_model

        try:
            check_model(model)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        return model
    network = _open_numpy(path)
    return network.to_keras() if in_keras else network


def _open_numpy(path: Path) -> Any:
    import numpy as np

    from mnist_tutorial import NumpyNetwork

    if not zipfile.is_zipfile(path):
        message = _("{path}: not a network that train has saved (.npz or .keras)")
        raise ValueError(message.format(path=path))
    try:
        with np.load(path, allow_pickle=False) as arrays:
            weights = [arrays[f"arr_{i}"] for i in range(6)]
            known = {name: arrays[name].tolist() for name in _KNOWN if name in arrays}
        if not all(np.isfinite(array).all() for array in weights):
            raise ValueError("holds NaN or infinity")
        filters, classes = (weights[1].size, weights[3].size), weights[5].size
        network: Any = NumpyNetwork(filters=filters, classes=classes)
        network.set_weights(weights)
        return _knowing(network, **known)
    except Exception as error:  # a damaged file makes NumPy raise almost any
        reason = str(error).splitlines()[0]
        message = _("{path}: damaged, or not a saved network ({reason})")
        raise ValueError(message.format(path=path, reason=reason)) from None


def _knowing(model: Any, class_names: Any = (), form: str = "mnist") -> Any:
    """Let a model know what its file holds; one that was saved otherwise knows nothing."""
    if class_names:
        from mnist_tutorial._internal.mnist_form import check_form, names_of_classes

        check_form(form)
        if len(class_names) != model.output_shape[1]:
            raise ValueError(f"names {len(class_names)} of {model.output_shape[1]} classes")
        model.class_names, model.form = names_of_classes(class_names), form
    return model
