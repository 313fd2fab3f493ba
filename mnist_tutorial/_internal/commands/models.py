"""The networks that commands use: shipped ones, saved ones, and how they are saved."""

from __future__ import annotations

import io
import math
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

SHIPPED = ("quick", "thorough", "deep")
NETWORKS = ("numpy", "keras", "dense", "deep")


def accuracy_text(result: Any) -> str:
    """Say an accuracy with its standard error, of so many images."""
    n, share = len(result.probabilities), result.accuracy
    error = math.sqrt(share * (1 - share) / n)
    return f"{share:.2%} ± {error:.2%} of {n:,} pictures"


def save_model(model: Any, target: Path, class_names: Sequence[str]) -> None:
    """Save a NumPy network as six arrays and what `predict` wants, a Keras model as such."""
    from mnist_tutorial._internal.files import write_whole

    if target.suffix == ".npz":
        import numpy as np

        content = io.BytesIO()
        names, form = np.array(class_names), np.array(getattr(model, "form", "mnist"))
        np.savez(content, *model.get_weights(), class_names=names, form=form)
        write_whole(target, content.getvalue())
        return
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder, "model.keras")
        model.save(whole)
        write_whole(target, whole.read_bytes())


def open_model(name: Any, *, in_keras: bool = False) -> Any:
    """Return a network by its name or from a file; in Keras only if it must be."""
    if name in SHIPPED:
        from mnist_tutorial import pretrained

        return pretrained(name, framework="keras" if in_keras or name == "deep" else "numpy")
    path = Path(name)
    if not path.is_file():
        raise click.BadParameter(
            f"there is no file {name}; give one that train has saved, or {', '.join(SHIPPED)}",
            click.get_current_context(), param_hint="the model",
        )  # fmt: skip
    if path.suffix == ".keras":
        from mnist_tutorial._internal.tensorflow import keras

        try:
            return keras.models.load_model(path, compile=False)
        except Exception as error:  # a damaged file makes Keras raise almost any
            reason = str(error).splitlines()[0]
            raise ValueError(f"{name}: damaged, or not a Keras model ({reason})") from None
    network = _open_numpy(path)
    return network.to_keras() if in_keras else network


def _open_numpy(path: Path) -> Any:
    import numpy as np

    from mnist_tutorial import NumpyNetwork

    if not zipfile.is_zipfile(path):
        raise ValueError(f"{path}: not a network that train has saved (.npz or .keras)")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            weights = [arrays[f"arr_{i}"] for i in range(6)]
            names = arrays["class_names"].tolist() if "class_names" in arrays else None
            form = str(arrays["form"]) if "form" in arrays else "mnist"
        if not all(np.isfinite(array).all() for array in weights):
            raise ValueError("holds NaN or infinity")
        filters, classes = (weights[1].size, weights[3].size), weights[5].size
        network: Any = NumpyNetwork(filters=filters, classes=classes)
        network.set_weights(weights)
        if names and len(names) == classes:
            network.class_names, network.form = names, form
        return network
    except Exception as error:  # a damaged file makes NumPy raise almost any
        reason = str(error).splitlines()[0]
        raise ValueError(f"{path}: damaged, or not a saved network ({reason})") from None
