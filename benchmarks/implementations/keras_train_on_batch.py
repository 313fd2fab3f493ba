"""Keras: train_on_batch, one call for each batch."""

from __future__ import annotations

import keras  # after the package, which keeps TensorFlow's start-up quiet
import numpy as np

from mnist_tutorial import build_model, compile_model


def build(weights):
    """Return the tutorial's network with as many filters as the weights have."""
    layers = build_model().layers
    for layer, bias in ((layers[0], weights[1]), (layers[2], weights[3])):
        layer.filters = bias.size
    copies = [type(layer).from_config(layer.get_config()) for layer in layers]
    model = keras.Sequential([keras.Input((28, 28, 1)), *copies])
    compile_model(model)
    return model


def test_accuracy(model, data):
    """Return the accuracy of a Keras model on the test images."""
    images = data.test_images[..., None] / np.float32(255)
    digits = model.predict(images, batch_size=1000, verbose=0).argmax(axis=1)
    return float((digits == data.test_labels).mean())


def make(task, fit=False):
    """Return the two functions that serve.py describes."""
    model = build(task.weights)
    one_hot = np.eye(10, dtype=np.float32)

    def batch(images, labels, indices):
        return images[indices][..., None] / np.float32(255), one_hot[labels[indices]]

    def run(indices, evaluations, every):
        model.set_weights(task.weights)
        losses, accuracies = [], []
        for step, rows in enumerate(indices, 1):
            xs, labels = batch(task.images, task.labels, rows)
            if fit:
                history = model.fit(xs, labels, batch_size=len(rows), epochs=1, verbose=0).history
                losses.append(history["loss"][0])
            else:
                losses.append(float(model.train_on_batch(xs, labels)[0]))
                model.reset_metrics()
            if every and step % every == 0:
                rows = evaluations[len(accuracies)]
                batch_ = batch(task.validation_images, task.validation_labels, rows)
                accuracies.append(float(model.test_on_batch(*batch_)[1]))
                model.reset_metrics()
        return losses, accuracies

    return run, lambda: test_accuracy(model, task)
