"""The package itself: train() on a Keras model."""

from __future__ import annotations

from keras_train_on_batch import build
from package import make_with


def make(task):
    """Return the two functions that serve.py describes."""
    return make_with(build(task.weights), task)
