"""One training run on several devices, or by several processes and machines, the workers.

Read the chapter "Beyond one machine".
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeAlias

from tqdm import tqdm

from mnist_tutorial._internal.checks import checked
from mnist_tutorial._internal.mnist_form import check_data, check_trainable, remember_classes
from mnist_tutorial._internal.tensorflow import keras, tf
from mnist_tutorial._internal.workers import Workers
from mnist_tutorial.batching import Batch
from mnist_tutorial.history import History

__all__ = ["allreduce_seconds", "distribute", "train_on_workers"]

Step: TypeAlias = Callable[..., tuple[Any, Any]]
Optimizer: TypeAlias = "Callable[[], keras.optimizers.Optimizer] | str | None"


def distribute(model: keras.Model) -> keras.Model:
    """Let ``train`` divide each batch of this model among the devices of a strategy.

    Each device, or replica, has a copy of the weights. It computes the gradient of its share
    of the batch; the gradients are added up among all of them (an all-reduce), and every copy
    is updated with the sum. So the batch, the loss and the update are those of one process,
    up to rounding.

    Parameters
    ----------
    model : keras.Model
        Built in the scope of a ``tf.distribute`` strategy, where it must also be trained.

    Returns
    -------
    keras.Model
        The same model.

    Examples
    --------
    >>> from mnist_tutorial import MnistData, build_model, train
    >>> with tf.distribute.MirroredStrategy(["CPU:0"]).scope():  # ["GPU:0", "GPU:1"] for two
    ...     train(distribute(build_model()), MnistData(), batches=10, progress=False)
    History(10 batches, 2 evaluations)
    """
    check_trainable(model)
    strategy = tf.distribute.get_strategy()
    model.compile_steps = functools.partial(_compile_steps, model, strategy)
    model.writes_checkpoint = strategy.extended.should_checkpoint
    return model


def _compile_steps(model: keras.Model, strategy: Any, optimizer: Any) -> tuple[Step, Step]:
    """Compile the two steps of ``train`` for the replicas of a strategy."""
    if tf.distribute.get_strategy() is not strategy:
        raise RuntimeError("model was distributed: train it in the scope of its strategy")
    weights = model.trainable_variables

    def compute(batch: Batch, training: bool) -> tuple[Any, Any, Any]:
        """Return what this replica's share of the batch adds to the means over the batch."""
        replica, n = tf.distribute.get_replica_context(), batch.xs.shape[0]
        mine = slice(replica.replica_id_in_sync_group, None, replica.num_replicas_in_sync)
        images, labels = batch.xs[mine], batch.labels[mine]
        images = tf.reshape(images, [-1, *model.input_shape[1:]])
        probabilities = model(images, training=training)
        losses = keras.losses.categorical_crossentropy(labels, probabilities)
        hits = keras.metrics.categorical_accuracy(labels, probabilities)
        loss = tf.reduce_sum(losses) / n
        objective = loss + sum(model.losses) / replica.num_replicas_in_sync
        return objective, loss, tf.reduce_sum(hits) / n

    def train_replica(batch: Batch) -> Any:
        with tf.GradientTape() as tape:
            objective, loss, accuracy = compute(batch, True)
        # Keras adds up the gradients of all replicas before it applies them.
        optimizer.apply(tape.gradient(objective, weights), weights)
        return tf.distribute.get_replica_context().all_reduce("SUM", [loss, accuracy])

    def validate_replica(batch: Batch) -> Any:
        _, loss, accuracy = compute(batch, False)
        return tf.distribute.get_replica_context().all_reduce("SUM", [loss, accuracy])

    def compile_for_all(function: Callable[[Batch], Any]) -> Step:
        graph = tf.function(lambda batch: strategy.run(function, [batch]), autograph=False)

        def step(batch: Batch) -> tuple[Any, Any]:
            if len(batch.xs) < (replicas := strategy.num_replicas_in_sync):
                raise ValueError(
                    f"a batch must hold an example for each of the {replicas} workers or devices; "
                    f"got {len(batch.xs)}"
                )
            loss, accuracy = graph(batch)
            first = strategy.experimental_local_results
            return first(loss)[0], first(accuracy)[0]

        return step

    return compile_for_all(train_replica), compile_for_all(validate_replica)


@checked(build="function", workers="whole number >= 1")
def train_on_workers(
    build: Callable[[], keras.Model],
    data: Any,
    *,
    workers: int = 2,
    optimizer: Optimizer = None,
    progress: bool = True,
    **settings: Any,
) -> tuple[keras.Model, History]:
    """Train with several processes on this machine's CPU, as on several machines.

    Parameters
    ----------
    build, data, optimizer, **settings
        As for :func:`mnist_tutorial.further.train_as_worker`. They are sent to other
        processes, so functions must be importable: not a lambda, nor one written in a notebook.
    workers : int, default 2
        Number of processes.
    progress : bool, default True
        Show a progress bar, with what the first process has recorded.

    Returns
    -------
    keras.Model, History
        The trained model, in this process, and what the workers recorded.

    Raises
    ------
    ChildProcessError
        If a worker was killed or hangs. The others are stopped. Call again with the same
        ``checkpoint``: training continues, and ends as if nothing had happened, bit for bit.

    Examples
    --------
    >>> from mnist_tutorial import MnistData, build_model
    >>> model, history = train_on_workers(build_model, MnistData(), batches=10)  # doctest: +SKIP
    """
    check_data(data)
    job = {"build": build, "data": data, "optimizer": optimizer, "progress": False, **settings}
    silent: dict[str, Any] = {} if progress else {"disable": True}  # else TQDM_DISABLE decides
    with Workers(job, workers) as running, tqdm(desc="training", unit="batch", **silent) as bar:
        weights, history = running.wait(bar)
    model = build()
    model.set_weights(weights)
    model.history = history
    remember_classes(model, data)
    return model, history


@checked(
    parameters="whole number >= 1",
    workers="whole number >= 1",
    bandwidth="number > 0",
    latency="number >= 0",
)
def allreduce_seconds(
    parameters: int, workers: int, *, bandwidth: float, latency: float = 0.0
) -> float:
    """Estimate how long workers in a ring take to add up their gradients, once per step.

    Each of n workers sends 2 (n - 1) messages, an n-th of the gradient each: n - 1 to add up,
    n - 1 to spread the sums. So the bytes per worker hardly depend on n, the waiting does.

    Parameters
    ----------
    parameters : int
        Float32 numbers in the gradient, 4 bytes each.
    workers : int
    bandwidth : float
        Bytes per second from one worker to the next.
    latency : float, default 0
        Seconds before a message arrives, however short it is.

    Returns
    -------
    float
        Seconds.

    References
    ----------
    P. Patarasuk and X. Yuan, "Bandwidth optimal all-reduce algorithms for clusters of
    workstations", Journal of Parallel and Distributed Computing 69(2), 2009.

    Examples
    --------
    >>> allreduce_seconds(600_000_000, 4, bandwidth=1e9, latency=1e-4)
    3.6006
    """
    messages = 2 * (workers - 1)
    return messages * (4 * parameters / workers / bandwidth + latency)
