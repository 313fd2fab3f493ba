"""The command line: ``mnist-tutorial train``, ``evaluate``, ``predict``, ``shard`` and others.

What a command needs is imported when it runs: help and errors take a moment, and only what
uses Keras waits for TensorFlow.
"""

from __future__ import annotations

import math
import os
import sys
from typing import Any

import click

from mnist_tutorial._internal.commands import console, models, use
from mnist_tutorial._internal.commands import export as exporting
from mnist_tutorial._internal.commands import shard as sharding
from mnist_tutorial._internal.commands import train as training
from mnist_tutorial._internal.commands.language import _, speak

HELP: Any = {"context_settings": {"help_option_names": ["-h", "--help"]}}


def main() -> None:
    """Run the command line and leave Python with its exit code."""
    # The network's matrices are small: several threads would wait for each other.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed, as by `>&-`: write into nothing
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
    if not sys.stderr.isatty():  # a progress bar redraws its line, in a file that is rubbish
        os.environ.setdefault("TQDM_DISABLE", "1")
    speak(cli)
    sys.exit(console.run(cli))


@click.group(epilog="Example: mnist-tutorial train", **HELP)
@click.version_option(package_name="mnist-tutorial", message="%(prog)s %(version)s")
def cli() -> None:
    """Train a neural network that recognises handwritten digits, and use it.

    A network learns from examples: 55,000 small pictures of digits (the MNIST data) come with
    this program. Begin with "train", which takes about a second, then give "predict" a picture.

    To let the Tab key complete commands and options in bash (in zsh, put zsh_source):

    \b
      eval "$(_MNIST_TUTORIAL_COMPLETE=bash_source mnist-tutorial)"
    """  # noqa: D301


def finite(ctx: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    """Refuse nan and infinity, which pass every comparison of click's."""
    if value is not None and not math.isfinite(value):
        raise click.BadParameter(_("{value} is not a finite number.").format(value=value))
    return value


positive = click.FloatRange(min=0, min_open=True)
json_option = click.option("--json", "as_json", is_flag=True, help="Write the result as JSON.")
data_option = click.option(
    "--data", type=click.Path(exists=True, file_okay=False), metavar="FOLDER",
    help="Use other data: a folder with a folder of pictures for each class, or with four files "
    "named like MNIST's, or one that \"shard\" has written. By default, MNIST.",
)  # fmt: skip
model_option = click.option(
    "--model", default="thorough", show_default=True, metavar="FILE|NAME",
    help='A file that "train" has saved, or a network that comes with the program: '
    "quick, thorough or deep.",
)  # fmt: skip


# fmt: off
@cli.command(epilog="Example: mnist-tutorial train --epochs 5 --seed 1", **HELP)
@click.option("--epochs", type=positive, metavar="NUMBER", callback=finite,
              help="How many times to go through all training pictures; 0.5 is half of them.")
@click.option("--batches", type=click.IntRange(1), metavar="N",
              help="How many training steps to take, instead of --epochs. "
              "By default 100, as in the tutorial.")
@click.option("--batch-size", "--batch_size", type=click.IntRange(1), metavar="N",
              show_default="64, or all where they are fewer",
              help="How many pictures the network learns from in each step.")
@click.option("--model-save-path", "--model_save_path", metavar="FILE",
              help="Where to save the trained network. By default in the current folder, "
              "as mnist-NETWORK.npz or mnist-NETWORK.keras. A file of that name is replaced.")
@click.option("--network", type=click.Choice(models.NETWORKS),
              help="numpy (the default): the tutorial's network, without TensorFlow, fastest. "
              "keras: the same in Keras. dense: one without convolutions. deep: a more accurate "
              "one with small convolutions.")
@click.option("--recipe", type=click.Choice(models.SHIPPED),
              help="Train longer and more accurately, the way the networks that come with the "
              "program were trained. On a laptop, quick takes under a minute. It takes as many "
              "steps on fewer pictures as on MNIST's.")
@click.option("--optimizer", type=click.Choice(list(training.OPTIMIZERS)),
              help="The rule that changes the network's weights after each step. By default sgd, "
              "the tutorial's. The numpy network knows sgd and momentum.")
@click.option("--learning-rate", type=positive, metavar="NUMBER", callback=finite,
              help="How large each change is. Too small learns slowly, too large not at all. By "
              "default 0.15 with sgd.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, metavar="N",
              show_default="0",
              help="Fixes what is random: the first weights and the order of the pictures. "
              "Another number gives another, similar result.")
@data_option
@click.option("--checkpoint", type=click.Path(dir_okay=False), metavar="FILE",
              help="Keep the state of the training in this file. If it exists, training "
              "continues where it stopped.")
@click.option("--patience", type=click.IntRange(1), metavar="N",
              help="Stop when N evaluations in a row have brought nothing better, and keep the "
              "best network; after 100 epochs in any case, or as --epochs or --batches say.")
@click.option("--workers", type=click.IntRange(1), metavar="N",
              help="Train the keras network (or the dense or deep one) with N processes of this "
              "machine, which share the work of each step as several machines would.")
@click.option("--tensorboard", type=click.Path(file_okay=False), metavar="FOLDER",
              help="Also write the losses and accuracies for TensorBoard, a program that draws "
              "them. This loads TensorFlow, which takes seconds.")
@click.option("--dry-run", is_flag=True,
              help="Check that everything works: one step, one evaluation, nothing saved.")
@json_option
def train(**o: Any) -> None:
    """Train a network to recognise digits, and save it.

    While it trains you see its loss (how wrong it is; lower is better) and its validation
    accuracy: how many of some pictures that it does not learn from it recognises.
    """
    training.train(o)


# fmt: on


@cli.command(epilog="Example: mnist-tutorial evaluate --model mnist-numpy.npz", **HELP)
@model_option
@data_option
@click.option(
    "--split",
    type=click.Choice(["test", "validation"]),
    default="test",
    show_default=True,
    help="Which pictures to use. Compare networks on validation, as often as you like; "
    "look at test once, at the end.",
)
@json_option
def evaluate(**o: Any) -> None:
    """Measure how many digits a network recognises.

    The network sees pictures that it has not learned from. You get its accuracy, with the
    standard error (how far chance may have moved it), and the confusion matrix: how often each
    digit was read as each other.
    """
    use.evaluate(**o)


@cli.command(epilog="Example: mnist-tutorial predict --show photo.jpg drawings/", **HELP)
@click.argument("pictures", nargs=-1, required=True, metavar="PICTURE...")
@model_option
@click.option("--show", is_flag=True, help="Draw what the network sees: 28x28 pixels.")
@json_option
def predict(**o: Any) -> None:
    """Recognise the digit in each picture.

    A PICTURE is a photo or a drawing of one digit (PNG, JPEG and so on), a folder of them, or
    - for one that comes from standard input. You get the digit, how probable the network holds
    it to be, and the runner-up. Into a pipe go the same values, separated by tabs.
    """
    click.get_current_context().exit(use.predict(**o))


@cli.command(epilog="Example: mnist-tutorial export quick web/ --format tfjs", **HELP)
@click.argument("model", metavar="MODEL")
@click.argument("folder", type=click.Path(file_okay=False), metavar="FOLDER")
@click.option(
    "--format",
    "kind",
    type=click.Choice(exporting.FORMATS),
    default="keras",
    show_default=True,
    help="keras: for Keras. savedmodel: for TensorFlow. tfjs: for web pages. onnx: for "
    "many other programs. litert: for phones.",
)
@json_option
def export(**o: Any) -> None:
    """Write a network in a form that other programs read.

    MODEL is a file that "train" has saved, or quick, thorough or deep. What was written is
    loaded again, and 100 of its predictions are compared with the network's.
    """
    exporting.export(**o)


@cli.command(epilog="Example: mnist-tutorial shard shards/ --shards 16", **HELP)
@click.argument("folder", type=click.Path(file_okay=False), metavar="FOLDER")
@data_option
@click.option("--shards", type=click.IntRange(1), default=8, metavar="N", show_default=True,
              help="Into how many files the training pictures are divided.")  # fmt: skip
@json_option
def shard(**o: Any) -> None:
    """Write the data as several files, from which it can be read piece by piece.

    FOLDER is a new folder. "train --data FOLDER" then keeps only a few of the files in memory
    at a time, so the data may be larger than it.
    """
    sharding.shard(**o)


@cli.command(epilog="Example: mnist-tutorial info", **HELP)
@json_option
def info(**o: Any) -> None:
    """Show the versions, the devices, the data and the shipped networks."""
    use.info(**o)
