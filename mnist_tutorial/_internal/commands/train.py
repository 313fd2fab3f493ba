"""The command that trains."""

from __future__ import annotations

import dataclasses
import functools
import math
import os
import shlex
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from mnist_tutorial._internal.commands.console import Interrupted, write_json
from mnist_tutorial._internal.commands.language import _, ngettext
from mnist_tutorial._internal.commands.models import accuracy_text, save_model
from mnist_tutorial._internal.commands.shard import open_data

OPTIMIZERS = {"sgd": 0.15, "momentum": 0.03, "adam": 0.001, "adamw": 0.001, "rmsprop": 0.001}
MNIST_PICTURES = 55_000
MOST_EPOCHS = 100  # where only --patience says when to stop


@contextmanager
def _progress(model: Any, batches: int) -> Iterator[None]:
    """Show, while the block trains a model, how far it is, its loss and validation accuracy."""
    from tqdm import tqdm

    from mnist_tutorial._internal.run import latest_figures

    model.history, over = None, threading.Event()

    def watch(bar: Any) -> None:
        while not over.wait(0.2):
            if model.history is None:
                continue
            bar.n = len(model.history)
            bar.set_postfix_str(latest_figures(model.history))

    line = _("{percentage:3.0f}%{postfix}, {remaining} left |{bar}| {n_fmt}/{total_fmt} batches")
    hidden = None if "TQDM_DISABLE" not in os.environ else True
    with tqdm(total=batches, bar_format=line, leave=False, disable=hidden) as bar:
        watcher = threading.Thread(target=watch, args=[bar], daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()


@contextmanager
def _tensorboard(model: Any, o: dict[str, Any]) -> Iterator[None]:
    """Write, when the block ends in whatever way, the model's history for TensorBoard."""
    if o["tensorboard"] is None or o["dry_run"]:
        yield
        return
    from mnist_tutorial._internal.tensorflow import tf

    writer = tf.summary.create_file_writer(o["tensorboard"])
    # What tf.summary.scalar writes; itself it needs the tensorboard library.
    metadata = tf.compat.v1.SummaryMetadata()
    metadata.plugin_data.plugin_name, metadata.data_class = "scalars", 1
    try:
        yield
    finally:
        with writer.as_default():
            if model.history is not None:
                training = range(1, len(model.history) + 1)
                for name, values in model.history.history.items():
                    steps = model.history.validation_batches if "val_" in name else training
                    for step, value in zip(steps, values, strict=True):
                        tensor = tf.constant(value, tf.float32)
                        tf.summary.write(name, tensor, step=step, metadata=metadata)
        writer.close()


def train(o: dict[str, Any]) -> None:
    """Train a network by the options of the command, save it and report."""
    name, target = _choose_network(o)
    from mnist_tutorial import evaluate
    from mnist_tutorial._internal.run import is_out_of_patience
    from mnist_tutorial.further import RECIPES

    data = open_data(o["data"], seed=o["seed"])
    recipe, pictures = RECIPES.get(o["recipe"]), len(data.train_sampler)
    batch_size = o["batch_size"] or min(64, pictures)
    epochs = o["epochs"]
    if not epochs and not o["batches"] and recipe:
        # A recipe needs its number of steps, also where the pictures are fewer than MNIST's.
        epochs, pictures = recipe.epochs, max(pictures, MNIST_PICTURES)
    elif not epochs and not o["batches"] and o["patience"]:
        epochs = MOST_EPOCHS
    per_epoch = pictures / batch_size
    batches = math.ceil(epochs * per_epoch) if epochs else o["batches"] or 100
    interval = max(1, int(per_epoch / 5)) if epochs else 5
    checkpoint = o["checkpoint"]
    if o["dry_run"]:
        batches, interval, checkpoint = 1, 1, None
    build = functools.partial(_build, name, o["seed"], data.classes)
    optimizer = functools.partial(_build_optimizer, o, name != "numpy", recipe, batches)
    settings = {
        "batches": batches, "batch_size": batch_size, "validation_interval": interval,
        "patience": o["patience"], "augment": recipe.augment if recipe else None,
        "checkpoint": checkpoint,
    }  # fmt: skip
    resumed = checkpoint is not None and Path(checkpoint).exists()
    start = time.perf_counter()
    try:
        # Numbers too large are reported once, by the error that ends the training.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            model, history = _run(o, build, data, optimizer, settings)
    except KeyboardInterrupt:
        kept = _("the same command continues from {checkpoint}").format(checkpoint=checkpoint)
        lost = _("nothing was saved; --checkpoint FILE would keep what was learned")
        raise Interrupted(kept if checkpoint else lost) from None
    seconds = time.perf_counter() - start
    if not o["dry_run"]:
        save_model(model, target)
    result = evaluate(model, data, split="validation")
    if o["as_json"]:
        write_json({
            "network": name, "batches": len(history), "seconds": round(seconds, 3),
            "validation_loss": result.loss, "validation_accuracy": result.accuracy,
            "model": None if o["dry_run"] else str(target),
        })  # fmt: skip
        return
    n = len(history)
    done = ngettext("{n:,} batch", "{n:,} batches", n).format(n=n)
    if resumed:
        text = _("Continued from {checkpoint} in {seconds:.1f} s; now {done} in all")
    else:
        text = _("Trained {done} in {seconds:.1f} s")
    click.echo(text.format(checkpoint=checkpoint, seconds=seconds, done=done))
    if history.best_batch is not None:
        text = _("Kept the network as it was after batch {batch:,}, the best")
        click.echo(text.format(batch=history.best_batch))
        if len(history) == batches and not is_out_of_patience(history, o["patience"]):
            click.echo(_("It might still improve: --patience had not run out; try more --epochs"))
    click.echo(_("Validation accuracy: {accuracy}").format(accuracy=accuracy_text(result)))
    if result.accuracy < 2 / data.classes and not o["dry_run"]:
        text = _("It is hardly better than guessing: try a lower learning rate or more batches")
        click.echo(text)
    if o["dry_run"]:
        click.echo(_("Dry run: everything works, and nothing was saved"))
    else:
        program = click.get_current_context().find_root().info_name
        command = f"{program} predict --model {shlex.quote(str(target))}"
        click.echo(_("Saved to {path}").format(path=target))
        click.echo(_("Use it: {command} PICTURE").format(command=command))


def _run(
    o: dict[str, Any], build: Any, data: Any, optimizer: Any, settings: dict[str, Any]
) -> tuple[Any, Any]:
    """Train in this process, or with workers, and return the model and its history."""
    if o["workers"]:
        from mnist_tutorial.further import train_on_workers

        model, history = train_on_workers(
            build, data, workers=o["workers"], optimizer=optimizer, **settings
        )
        with _tensorboard(model, o):
            return model, history
    from mnist_tutorial import train as train_model

    model = build()
    with _progress(model, settings["batches"]), _tensorboard(model, o):
        return model, train_model(model, data, optimizer=optimizer(), progress=False, **settings)


def _choose_network(o: dict[str, Any]) -> tuple[str, Path]:
    """Return the name of the network and where it goes; refuse options that contradict."""
    usual = "keras" if o["workers"] else "numpy"
    name = o["network"] or ("deep" if o["recipe"] == "deep" else usual)
    if name == "numpy" and o["workers"]:
        raise click.UsageError(
            _("workers train with TensorFlow: give --network keras, dense or deep")
        )
    if o["epochs"] and o["batches"]:
        raise click.UsageError(_("give --epochs or --batches, not both"))
    if o["recipe"] and o["optimizer"]:
        raise click.UsageError(_("a recipe has its own optimizer: leave out --optimizer"))
    if name == "numpy" and o["optimizer"] not in (None, "sgd", "momentum"):
        raise click.UsageError(
            _(
                "the numpy network knows the optimizers sgd and momentum; for {optimizer}, "
                "add --network keras"
            ).format(optimizer=o["optimizer"])
        )
    suffix = ".npz" if name == "numpy" else ".keras"
    target = Path(o["model_save_path"] or ".")
    if target.is_dir():
        target /= f"mnist-{o['recipe'] or name}{suffix}"
    elif not target.suffix:
        target = target.with_suffix(suffix)
    if o["checkpoint"] and Path(o["checkpoint"]).resolve() == target.resolve():
        raise click.UsageError(
            _("{path}: --checkpoint needs a file of its own").format(path=target)
        )
    if name == "numpy" and o["recipe"] == "deep":
        raise click.UsageError(_("the deep recipe trains the deep network: leave out --network"))
    if target.suffix != suffix:
        text = _("{path}: the {name} network is saved as a {suffix} file")
        raise click.UsageError(text.format(path=target, name=name, suffix=suffix))
    if not target.parent.is_dir():
        text = _("{path}: there is no folder {folder}")
        raise click.UsageError(text.format(path=target, folder=target.parent))
    if not o["dry_run"] and not os.access(target.parent, os.W_OK):
        text = _("{path}: the folder {folder} is not writable")
        raise PermissionError(text.format(path=target, folder=target.parent))
    return name, target


def _build(name: str, seed: int, classes: int) -> Any:
    """Build an untrained network."""
    if name == "numpy":
        from mnist_tutorial import NumpyNetwork

        return NumpyNetwork(seed=seed, classes=classes)
    if name == "deep":
        from mnist_tutorial.further import build_deep_model

        return build_deep_model(seed=seed, classes=classes)
    from mnist_tutorial import layers

    builder = layers.build_model if name == "keras" else layers.build_dense_model
    return builder(seed=seed, classes=classes)


def _build_optimizer(o: dict[str, Any], in_keras: bool, recipe: Any, batches: int) -> Any:
    """Return the optimizer of the recipe or of the options."""
    from mnist_tutorial.further import SGD, recipes

    rate, name = o["learning_rate"], o["optimizer"] or "sgd"
    if recipe:
        if rate:
            recipe = dataclasses.replace(recipe, learning_rate=rate)
        return recipes.build_recipe_optimizer(recipe, batches, in_keras)
    rate, momentum = rate or OPTIMIZERS[name], 0.9 if name == "momentum" else 0.0
    if not in_keras:
        return SGD(rate, momentum, nesterov=momentum > 0)
    from mnist_tutorial._internal.tensorflow import keras

    if name in ("sgd", "momentum"):
        return keras.optimizers.SGD(rate, momentum, nesterov=momentum > 0)
    optimizer = keras.optimizers.get(name)
    optimizer.learning_rate = rate
    return optimizer
