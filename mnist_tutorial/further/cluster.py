"""Training on the machines of a cluster: one worker's part, who the workers are, and Ray.

Read the chapter "Beyond one machine".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from mnist_tutorial._internal.checks import check, checked
from mnist_tutorial._internal.errors import describe
from mnist_tutorial._internal.mnist_form import check_data, remember_classes
from mnist_tutorial._internal.tensorflow import keras, tf
from mnist_tutorial._internal.workers import PeersWatched
from mnist_tutorial.further.distributed import Optimizer, distribute
from mnist_tutorial.history import History
from mnist_tutorial.training import train

__all__ = ["cluster_config", "train_as_worker", "train_on_ray"]


@checked(build="function", time_limit="number > 0")
def train_as_worker(
    build: Callable[[], keras.Model],
    data: Any,
    *,
    optimizer: Optimizer = None,
    time_limit: float = 25,
    **settings: Any,
) -> tuple[keras.Model, History]:
    """Train as one of several workers; run this in each of them, with the same arguments.

    The environment variable TF_CONFIG says who the workers are and which one this is;
    :func:`cluster_config` makes it. Call this before anything else that uses TensorFlow in
    the process.

    Parameters
    ----------
    build : callable
        Returns the model, with the same initial weights in every process.
    data : MnistData or ShardedData
        The same in every process. Each worker takes every n-th example of every batch.
    optimizer : callable or str, optional
        Returns the optimizer; or the name of one. By default the tutorial's.
    time_limit : float, default 25
        Seconds that a step may take; the first one may take five minutes, because it waits
        for the others to start. When they are over, this process ends: another worker hangs.
    **settings
        For :func:`mnist_tutorial.train`: ``batches``, ``checkpoint`` and so on.
        ``batch_size`` is that of all workers together. Every worker reads the checkpoint, the
        first one writes it: on several machines, put it on a disk that they share. What
        continues is identical, bit for bit, if the workers are as many as before, with as
        many threads each (TF_NUM_INTRAOP_THREADS).

    Returns
    -------
    keras.Model, History
        The same, bit for bit, in every worker.

    Raises
    ------
    ConnectionError
        If another worker is gone. Start all of them again: they continue from the checkpoint.
    """
    check_data(data)
    with PeersWatched(time_limit) as watched:
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
        with strategy.scope():
            watched.model = model = distribute(build())
            history = train(
                model,
                data,
                optimizer=optimizer() if callable(optimizer) else optimizer,
                **{"progress": model.writes_checkpoint, **settings},
            )
        # A barrier: to those that are still at work, the end of another looks like a crash.
        _barrier(strategy)
    return model, history


def _barrier(strategy: Any) -> None:
    """Wait until every replica has come here: they add up a one each."""
    ones = tf.function(lambda: strategy.run(lambda: tf.ones([])), autograph=False)()
    strategy.reduce("SUM", ones, axis=None)


@checked(rank="whole number >= 0")
def cluster_config(hosts: Sequence[str], rank: int) -> str:
    """Return the value of TF_CONFIG that tells TensorFlow about the workers.

    Parameters
    ----------
    hosts : sequence of str
        Name and port of each worker, in the same order for all of them.
    rank : int
        Which of them this process is, from 0.

    Returns
    -------
    str
        JSON.

    Examples
    --------
    >>> cluster_config(["node1:2222", "node2:2222"], 1)
    '{"cluster": {"worker": ["node1:2222", "node2:2222"]}, "task": {"type": "worker", "index": 1}}'
    """
    if not isinstance(hosts, list | tuple):
        raise TypeError(f"hosts must be a list of names with ports; got {describe(hosts)}")
    for host in hosts:
        name, _, port = str(host).rpartition(":")
        if not name or not port.isdigit():
            raise ValueError(f"hosts must be names with ports, like node1:2222; got {host!r}")
    check("rank", rank, f"whole number in 0..{len(hosts) - 1}")
    task = {"type": "worker", "index": rank}
    return json.dumps({"cluster": {"worker": list(hosts)}, "task": task})


@checked(build="function", workers="whole number >= 1", retries="whole number >= 0")
def train_on_ray(
    build: Callable[[], keras.Model],
    data: Any,
    *,
    workers: int = 2,
    optimizer: Optimizer = None,
    retries: int = 0,
    **settings: Any,
) -> tuple[keras.Model, History]:
    """Train with the workers of a Ray cluster, or of a small one that is started here.

    Needs Ray: ``pip install "mnist-tutorial[ray]"``.

    Parameters
    ----------
    build, data, optimizer, **settings
        As for :func:`train_as_worker`.
    workers : int, default 2
        Number of processes; Ray chooses their machines.
    retries : int, default 0
        How often Ray starts all workers again when one of them is lost. With ``checkpoint``,
        on a disk that the machines share, they continue.

    Returns
    -------
    keras.Model, History
        The trained model, in this process, and what the workers recorded.

    Examples
    --------
    >>> from mnist_tutorial import MnistData, build_model
    >>> model, history = train_on_ray(build_model, MnistData(), batches=10)  # doctest: +SKIP
    """
    check_data(data)
    try:
        import ray
        from ray.train import FailureConfig, RunConfig, ScalingConfig
        from ray.train.tensorflow import TensorflowTrainer
    except ImportError as error:
        message = f'train_on_ray needs Ray: pip install "mnist-tutorial[ray]" ({error})'
        raise ImportError(message) from None
    if not ray.is_initialized():
        ray.init()
    shared = ray.put(data)  # once for each machine, not for each worker

    def work() -> tuple[list[Any], History]:
        from mnist_tutorial.further import train_as_worker

        arguments = {"optimizer": optimizer, "progress": False, **settings}
        model, history = train_as_worker(build, ray.get(shared), **arguments)
        return model.get_weights(), history

    trainer = TensorflowTrainer(
        work,
        scaling_config=ScalingConfig(num_workers=workers),
        run_config=RunConfig(failure_config=FailureConfig(max_failures=retries)),
    )
    weights, history = trainer.fit().return_value
    model = build()
    model.set_weights(weights)
    model.history = history
    remember_classes(model, data)
    return model, history
