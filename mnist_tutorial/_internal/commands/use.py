"""The commands that use a network: evaluate, predict, and info."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import io
import math
import os
import platform
import re
import shutil
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

import mnist_tutorial
from mnist_tutorial._internal.commands.console import (
    FAILED,
    _complain,
    half_blocks,
    printable,
    write_json,
    write_table,
)
from mnist_tutorial._internal.commands.language import _
from mnist_tutorial._internal.commands.models import accuracy_text, open_model
from mnist_tutorial._internal.commands.shard import open_data


def evaluate(model: str, data: str | None, split: str, as_json: bool) -> None:
    """Write the accuracy of a network and its confusion matrix."""
    network = open_model(model)
    from mnist_tutorial import confusion_matrix
    from mnist_tutorial import evaluate as measure

    examples = open_data(data, model=network)
    _check_classes(model, network, data, examples)
    result = measure(network, examples, split="test" if split == "test" else "validation")
    labels, n = getattr(examples, f"{split}_labels"), len(result.probabilities)
    counts = confusion_matrix(labels, result.probabilities.argmax(1), classes=examples.classes)
    if as_json:
        error = math.sqrt(result.accuracy * (1 - result.accuracy) / n)
        write_json({
            "split": split, "pictures": n, "accuracy": result.accuracy,
            "standard_error": error, "loss": result.loss, "confusion_matrix": counts.tolist(),
        })  # fmt: skip
        return
    text = _("Accuracy ({split}): {accuracy}\nLoss: {loss:.4f}\n")
    click.echo(text.format(split=split, accuracy=accuracy_text(result), loss=result.loss))
    names = [*map(printable, examples.class_names)]
    width = max(4, *map(len, names), len(str(counts.max()))) + 1
    if sys.stdout.isatty() and shutil.get_terminal_size().columns < width * (len(names) + 1):
        wrong = [(counts[i, j], i, j) for i in range(len(names)) for j in range(len(names))]
        click.echo(_("Most frequent mistakes (the whole matrix needs a wider window):"))
        for count, i, j in sorted((x for x in wrong if x[1] != x[2]), reverse=True)[:10]:
            text = _("{true} read as {answer}: {count}")
            click.echo(text.format(true=names[i], answer=names[j], count=count))
        return
    click.echo(_("Confusion matrix; a row for each true class, a column for each answer:"))
    for name, row in zip(("", *names), (names, *counts.tolist()), strict=True):
        click.echo("".join(f"{cell or '.':>{width}}" for cell in (name or " ", *row)))


def _check_classes(model: str, network: Any, data: str | None, examples: Any) -> None:
    """Refuse data of other classes than those that a network was trained on."""
    from mnist_tutorial._internal.mnist_form import brief_names, check_classes

    names = getattr(network, "class_names", ())
    if data is None and names and tuple(names) != examples.class_names:
        raise ValueError(
            _(
                "{model}: trained on other classes than MNIST's digits ({names}); "
                "give --data FOLDER"
            ).format(model=model, names=brief_names(names))
        )
    try:
        check_classes(network, examples)
    except ValueError as error:
        text = _("{model}: {error}; give the --model that was trained on {data}")
        raise ValueError(text.format(model=model, error=error, data=data)) from None
    if network.output_shape[1] != examples.classes:  # and the network knows no names
        raise ValueError(
            _(
                "{model}: a network of {known} classes; {data} has {given}; give the --model and "
                "--data that belong together"
            ).format(
                model=model,
                known=network.output_shape[1],
                data=data or "MNIST",
                given=examples.classes,
            )
        )


def predict(pictures: Sequence[str], model: str, show: bool, as_json: bool) -> int:
    """Write the digit in each picture; return 1 if one cannot be read."""
    names, sources, missing = _find_pictures(pictures)
    network = open_model(model)
    from mnist_tutorial import predict as recognise

    if not hasattr(network, "class_names") and network.output_shape[1] != 10:
        raise ValueError(
            _(
                "{model}: does not hold the names of its {n} classes, as "
                'what "train" saves does; in Python, give them to mnist_tutorial.predict'
            ).format(model=model, n=network.output_shape[1])
        )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        answers = recognise(network, sources)
    found: list[dict[str, Any]] = []
    for name, row in zip(names, answers.probabilities.astype(float), strict=True):
        found.append({"picture": name, "digit": None})
        if not math.isnan(row[0]):
            second, first = row.argsort()[-2:]
            found[-1] |= {
                "digit": answers.class_names[first], "probability": row[first],
                "runner_up": answers.class_names[second], "runner_up_probability": row[second],
                "probabilities": row.tolist(),
            }  # fmt: skip
    if as_json:
        write_json(found)
    else:
        shown = [i for i, one in enumerate(found) if show and one["digit"] is not None]
        for i in shown:
            click.echo(f"{printable(names[i])}\n{half_blocks(answers.images[i])}\n")
        write_table([_("picture"), _("digit"), _("runner-up")], map(_row, found))
    sys.stdout.flush()
    for warning in caught:  # they call the pictures images[0], images[1], ...
        text = re.sub(r"images\[(\d+)\]", lambda found: names[int(found[1])], str(warning.message))
        text = re.sub(r"cannot be read, digit -1; (.*?: (?=must))?", "cannot be read: ", text)
        text = text.replace("with to_mnist_image", "with --show")
        _complain(_("warning: {reason}").format(reason=text))
    for message in missing:
        _complain(message)
    return FAILED if missing or any(one["digit"] is None for one in found) else 0


def _row(found: dict[str, Any]) -> list[str]:
    if found["digit"] is None:
        blank = "" if sys.stdout.isatty() else "\t"  # in a pipe, five fields in every line
        return [found["picture"], _("unreadable") + blank, blank]
    first = f"{found['digit']}\t{found['probability']:.2%}"
    return [found["picture"], first, f"{found['runner_up']}\t{found['runner_up_probability']:.2%}"]


def _find_pictures(given: Sequence[str]) -> tuple[list[str], list[Any], list[str]]:
    """Return the pictures' names, what predict reads (paths, standard input), what is missing."""
    from mnist_tutorial._internal.pictures.folders import picture_files

    names: list[str] = []
    sources: list[Any] = []
    missing: list[str] = []
    for name in given:
        path = Path(name)
        if name == "-":
            names, sources = [*names, "-"], [*sources, _read_standard_input()]
        elif path.is_dir():
            inside = picture_files(path)
            if not inside:
                missing.append(_("there are no pictures in the folder {name}").format(name=name))
            names, sources = [*names, *map(str, inside)], [*sources, *inside]
        elif os.path.lexists(path):
            names, sources = [*names, name], [*sources, path]
        else:
            missing.append(_("there is no picture {name}").format(name=name))
    if not names:
        raise click.UsageError(missing[0])
    return names, sources, missing


def _read_standard_input() -> Any:
    if sys.stdin.isatty():
        raise click.UsageError(_("- means standard input, and nothing comes from there"))
    content = sys.stdin.buffer.read()
    from PIL import Image

    from mnist_tutorial._internal.pictures.reading import FORMATS

    try:
        return Image.open(io.BytesIO(content), formats=FORMATS)
    except Exception:  # a damaged picture makes Pillow raise almost any
        text = _("standard input: must be a picture, such as a PNG or a JPEG")
        raise ValueError(text) from None


def info(as_json: bool) -> None:
    """Write the versions, the devices and the shipped networks."""
    from mnist_tutorial._internal.idx_folder import SHIPPED_FOLDER
    from mnist_tutorial.further.recipes import RECIPES, WEIGHTS

    libraries = ("numpy", "keras", "tensorflow", "pillow")
    versions = {"mnist-tutorial": mnist_tutorial.__version__, "python": platform.python_version()}
    for library in libraries:
        with suppress(importlib.metadata.PackageNotFoundError):
            versions[library] = importlib.metadata.version(library)
    networks = {name: recipe.epochs for name, recipe in RECIPES.items()}
    folders = {"data": SHIPPED_FOLDER, "networks": WEIGHTS}
    labels = {"data": _("data in"), "networks": _("networks in")}
    if not as_json:
        for library, version in versions.items():
            click.echo(f"{library:15} {version}")
        for name, epochs in networks.items():
            text = _("network {name:8} trained for {epochs} epochs")
            click.echo(text.format(name=name, epochs=epochs))
        text = _("data            MNIST: 55,000 training, 5,000 validation, 10,000 test pictures")
        click.echo(text)
        for kind, folder in folders.items():
            click.echo(f"{labels[kind]:15} {folder}")
        sys.stdout.flush()  # TensorFlow takes seconds to say what follows
    from mnist_tutorial._internal.tensorflow import tf

    devices = [device.name for device in tf.config.list_physical_devices()]
    if as_json:
        places = {kind: str(folder) for kind, folder in folders.items()}
        write_json({
            "versions": versions, "devices": devices, "networks": list(networks),
            "folders": places,
        })  # fmt: skip
    else:
        click.echo(f"{_('devices'):15} {', '.join(devices)}")
