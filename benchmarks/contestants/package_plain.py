"""The package itself: train(), with the engine of the chapters."""

from __future__ import annotations

from keras_train_on_batch import test_accuracy

from mnist_tutorial import MnistData, build_model, train


def make(task, engine="plain"):
    """Return the two functions that serve.py describes."""
    # The package reads its own data, as a user's program does; the task holds the same.
    data, model = MnistData(seed=int(task.seed)), build_model()

    def run(indices, evaluations, every):
        model.set_weights(task.weights)
        data.train_sampler.position = data.validation_sampler.position = 0
        steps, batch_size = indices.shape
        sizes = {"validation_batch_size": evaluations.shape[1]} if len(evaluations) else {}
        history = train(
            model,
            data,
            batches=steps,
            batch_size=batch_size,
            validation_frequency=every or None,
            engine=engine,
            progress=False,
            **sizes,
        ).history
        return history["loss"], history["val_accuracy"]

    return run, lambda: test_accuracy(model, data)
