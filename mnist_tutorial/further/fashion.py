"""Clothes in the form of MNIST, to try what you have learnt. Read the chapter "Your own data"."""

from pathlib import Path

__all__ = ["FASHION_CLASSES", "FASHION_SAMPLE"]

FASHION_SAMPLE = Path(__file__).parents[1] / "_files" / "fashion"
"""A folder for :class:`mnist_tutorial.MnistData`, with the first 6,000 training images and the
first 2,000 test images of Fashion-MNIST (Han Xiao, Kashif Rasul and Roland Vollgraf, 2017)."""

FASHION_CLASSES = (
    "T-shirt", "trousers", "pullover", "dress", "coat",
    "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip
"""The names of its ten classes."""
