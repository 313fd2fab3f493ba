"""Keras: fit, called once, with an epoch from one evaluation to the next."""

from __future__ import annotations

import keras
import tensorflow as tf
from keras_train_on_batch import build, test_accuracy


class Losses(keras.callbacks.Callback):
    """The loss of each batch, from the means that Keras reports within an epoch."""

    def on_train_begin(self, logs=None):
        """Forget the training before."""
        self.losses = []

    def on_train_batch_end(self, batch, logs):
        """Keep the loss of one batch."""
        so_far = self.losses[len(self.losses) - batch :]
        self.losses.append(logs["loss"] * (batch + 1) - sum(so_far))


def dataset(images, labels, batches):
    """Return the images and one-hot labels of batches of indices, prepared by TensorFlow."""
    images, labels = tf.constant(images), tf.constant(labels)
    return batches.map(
        lambda rows: (
            tf.cast(tf.gather(images, rows), tf.float32)[..., None] / 255,
            tf.one_hot(tf.gather(labels, rows), 10),
        )
    )


def make(task):
    """Return the two functions that serve.py describes."""
    model = build(task.weights)

    def run(indices, evaluations, every):
        model.set_weights(task.weights)
        losses, held_out = Losses(), None
        if every:
            following = iter(evaluations)
            # Each evaluation iterates again, and gets the next batch.
            one = tf.data.Dataset.from_generator(
                lambda: [next(following)],
                output_signature=tf.TensorSpec(evaluations.shape[1:], tf.int32),
            ).apply(tf.data.experimental.assert_cardinality(1))
            held_out = dataset(task.validation_images, task.validation_labels, one)
        batches = tf.data.Dataset.from_tensor_slices(indices)
        history = model.fit(
            dataset(task.images, task.labels, batches),
            epochs=len(indices) // every if every else 1,
            steps_per_epoch=every or len(indices),
            validation_data=held_out,
            callbacks=[losses],
            shuffle=False,
            verbose=0,
        ).history
        return losses.losses, history.get("val_accuracy", [])

    return run, lambda: test_accuracy(model, task)
