"""What the two implementations of the package share: train() and evaluate()."""

from __future__ import annotations

from mnist_tutorial import MnistData, evaluate, train


def make_with(model, task):
    """Return the two functions that serve.py describes, for a model."""
    # The package reads its own data, as a user's program does; the task holds the same.
    data = MnistData(seed=int(task.seed))

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
            validation_interval=every or None,
            progress=False,
            **sizes,
        ).history
        return history["loss"], history["val_accuracy"]

    return run, lambda: evaluate(model, data).accuracy
