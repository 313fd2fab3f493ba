"""Draw the picture of the README and the front page: how training went, and what came of it.

Trains the tutorial's network, so that the picture shows what the package gives.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from mnist_tutorial import (
    MnistData,
    build_model,
    evaluate,
    plot_accuracy,
    plot_digits,
    plot_loss,
    train,
)

PICTURE = Path(__file__).parents[1] / "_static/result.png"
SIZE = (8, 3.8)  # inches
DOTS_PER_INCH = 150  # 1200 pixels wide
DIGITS = 30
COLUMNS = 6


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="picture.py", description="Train the tutorial's network and draw how it did."
    )
    parser.add_argument("--output", type=Path, default=PICTURE, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    options = parser.parse_args(arguments)

    figure = draw(options.seed)
    # Without the name of the software in it, the same figure is the same file.
    figure.savefig(options.output, dpi=DOTS_PER_INCH, metadata={"Software": None})
    print(f"wrote {options.output}")
    return 0


def draw(seed: int) -> plt.Figure:
    """Return the figure: loss and accuracy on the left, the first test digits on the right."""
    data = MnistData(seed=seed)
    model = build_model(seed=seed)
    history = train(model, data)
    predictions = evaluate(model, data).probabilities[:DIGITS].argmax(axis=1)
    labels = data.test_labels[:DIGITS]
    right = int((predictions == labels).sum())

    figure = plt.figure(figsize=SIZE, layout="constrained", facecolor="white")
    curves, gallery = figure.subfigures(1, 2, width_ratios=(1.1, 1))
    above, below = curves.subplots(2, sharex=True)
    plot_loss(history, above).set(xlabel="", ylabel="training\nloss (nats)")
    plot_accuracy(history, below).set(ylabel="validation\naccuracy")
    for ax in (above, below):
        ax.spines[["top", "right"]].set_visible(False)
    curves.align_ylabels()
    ax = plot_digits(
        data.test_images[:DIGITS],
        labels,
        predictions,
        columns=COLUMNS,
        ax=gallery.subplots(),
    )
    ax.set_title(
        f"{DIGITS} test images: {right} read right, {DIGITS - right} wrong\n"
        "(in brackets the true digit)",
        fontsize=9,
    )
    return figure


if __name__ == "__main__":
    sys.exit(main())
