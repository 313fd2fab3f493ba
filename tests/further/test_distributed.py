"""Several devices and several processes: real processes, real kills, and limits of time."""

import json
import os
import pickle
import random
import subprocess
import sys
import time

import numpy as np
import pytest

from mnist_tutorial import MnistData, build_model, build_optimizer, train
from mnist_tutorial._internal.workers import Workers, free_ports
from mnist_tutorial.further import (
    allreduce_seconds,
    cluster_config,
    load_checkpoint,
    train_on_workers,
)

SETTINGS = {
    "batches": 100, "batch_size": 60, "validation_batch_size": 100, "validation_interval": 20,
    "progress": False,
}  # fmt: skip


@pytest.fixture(scope="module")
def alone():
    """What one process records."""
    return train(build_model(), MnistData(), **SETTINGS)


@pytest.fixture(scope="module")
def together():
    """What two workers end with, never interrupted."""
    return train_on_workers(build_model, MnistData(), workers=2, **SETTINGS)


def assert_like_one_process(history, alone):
    """Compare what they record; rounding grows from step to step, so not for long bit by bit."""
    for name in ("loss", "accuracy"):
        one, other = history.history[name], alone.history[name]
        assert one[:20] == pytest.approx(other[:20], abs=1e-5)
        assert np.mean(one) == pytest.approx(np.mean(other), rel=0.005)
    assert history.validation_batches == alone.validation_batches == [20, 40, 60, 80, 100]
    assert history.history["val_loss"][0] == pytest.approx(alone.history["val_loss"][0], abs=1e-5)


def assert_same(one, other):
    for a, b in zip(one[0].get_weights(), other[0].get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert one[1] == other[1]


# --- the same numbers -----------------------------------------------------------------------

TWO_DEVICES = """
import json, sys
from mnist_tutorial import MnistData, build_model, train
from mnist_tutorial._internal.tensorflow import tf
from mnist_tutorial.further import distribute

[cpu] = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
assert strategy.num_replicas_in_sync == 2
with strategy.scope():
    model = distribute(build_model())
    history = train(model, MnistData(), **json.loads(sys.argv[1]))
for variable in model.trainable_variables:
    first, second = strategy.experimental_local_results(variable.value)
    assert (first.numpy() == second.numpy()).all()
try:
    train(distribute(build_model()), MnistData(), optimizer="adam", batches=1)
    with strategy.scope():
        inside = distribute(build_model())
    train(inside, MnistData(), batches=1)
except RuntimeError as error:
    message = str(error)
print(json.dumps([history.history, history.validation_batches, message]))
"""


def test_two_devices_compute_what_one_does(alone):
    command = [sys.executable, "-c", TWO_DEVICES, json.dumps(SETTINGS)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    values, evaluations, message = json.loads(result.stdout)
    history = type(alone)(values, evaluations)
    assert_like_one_process(history, alone)
    assert message == "model was distributed: train it in the scope of its strategy"


def test_two_workers_compute_what_one_process_does(alone, together):
    """That the workers agree with each other, bit for bit, is checked whenever they end."""
    assert_like_one_process(together[1], alone)


def test_three_workers_compute_what_one_process_does(alone):
    model, history = train_on_workers(
        build_model, MnistData(), workers=3, optimizer=build_optimizer, **SETTINGS
    )
    assert_like_one_process(history, alone)
    assert model.history is history


def test_workers_that_end_differently_are_reported():
    workers = Workers({}, 2)
    with workers.stack, pytest.raises(RuntimeError, match="ended with different weights"):
        for rank in range(2):
            (workers.folder / f"{rank}.result").write_bytes(pickle.dumps(rank))
        workers.wait()


def test_an_error_of_the_training_is_raised_here():
    job = {"build": build_model, "data": MnistData(), "batch_size": 10**6}
    with Workers(job, 1) as running, pytest.raises(ValueError, match="batch_size must be"):
        running.wait()
    job["batch_size"] = 1
    with Workers(job, 2) as running, pytest.raises(ValueError, match="each of the 2 workers or"):
        running.wait()
    with pytest.raises(ValueError, match="must be importable"):
        train_on_workers(lambda: None, MnistData())


# --- workers that are killed -----------------------------------------------------------------


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


def wait_for_batches(path, count):
    """Wait for a checkpoint after so many batches."""
    wait_for(lambda: path.exists() and len(load_checkpoint(path)[0]["loss"]) >= count)


def test_a_worker_is_killed_and_all_start_again(together, tmp_path):
    path = tmp_path / "run.checkpoint"
    arguments = {**SETTINGS, "checkpoint": path, "checkpoint_interval": 5}
    with Workers({"build": build_model, "data": MnistData(), **arguments}, 2) as running:
        wait_for_batches(path, random.randrange(80))
        running.processes[1].kill()
        begin = time.monotonic()
        with pytest.raises(ChildProcessError, match=r"^worker 1 was killed \(SIGKILL\); the othe"):
            running.wait()
    assert time.monotonic() - begin < 30
    assert all(process.returncode is not None for process in running.processes)
    assert_same(train_on_workers(build_model, MnistData(), **arguments), together)


WORKER = """
import json, os, sys
from mnist_tutorial import MnistData, build_model
from mnist_tutorial.further import train_as_worker

try:
    train_as_worker(build_model, MnistData(), **json.loads(sys.argv[1]))
except ConnectionError as error:
    print(error, file=sys.stderr, flush=True)
    os._exit(1)
"""


def test_workers_without_a_parent_notice_that_one_is_killed(together, tmp_path):
    """As on several machines. The first worker is killed, with which the others are connected."""
    path = tmp_path / "run.checkpoint"
    arguments = {**SETTINGS, "checkpoint": path, "checkpoint_interval": 5}
    hosts = [f"127.0.0.1:{port}" for port in free_ports(2)]
    endless = json.dumps({**arguments, "checkpoint": str(path), "batches": 10**6})
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, endless],
            env=os.environ | {"TF_CONFIG": cluster_config(hosts, rank)},
            stderr=subprocess.PIPE, text=True,
        )
        for rank in range(2)
    ]  # fmt: skip
    try:
        wait_for_batches(path, random.randrange(80))
        processes[0].kill()
        begin = time.monotonic()
        _, errors = processes[1].communicate(timeout=40)
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    assert time.monotonic() - begin < 30
    assert errors.startswith("worker 1: another worker is gone, so this one stops; start all")
    assert errors.count("\n") == 1 and processes[1].returncode == 1


def test_the_workers_end_with_their_parent(tmp_path):
    code = """
import time
from mnist_tutorial import MnistData
from mnist_tutorial._internal.workers import Workers
if __name__ == "__main__":
    with Workers({"build": dict, "data": MnistData()}, 2) as running:
        print(*[process.pid for process in running.processes], flush=True)
        time.sleep(100)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as parent:
        workers = list(map(int, parent.stdout.readline().split()))
        parent.kill()
    assert len(workers) == 2
    wait_for(lambda: not any(map(is_alive, workers)))


def is_alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{process}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] != "Z"


# --- the cost of adding up ---------------------------------------------------------------------


def test_the_time_of_an_all_reduce():
    assert allreduce_seconds(10**9, 1, bandwidth=1e9, latency=1) == 0
    # Two workers: each sends half of the 4,000 bytes, then the other half's sum.
    assert allreduce_seconds(1000, 2, bandwidth=1000, latency=0.5) == pytest.approx(5)
    many = [allreduce_seconds(1000, n, bandwidth=1000) for n in (10, 100, 1000)]
    assert many == pytest.approx([7.2, 7.92, 7.992])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"parameters": 0}, "parameters must be a whole number >= 1"),
        ({"workers": 1.5}, "workers must be a whole number"),
        ({"bandwidth": 0}, "bandwidth must be a finite number > 0"),
        ({"latency": -1}, "latency must be a finite number >= 0"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises((TypeError, ValueError), match=f"^{message}"):
        allreduce_seconds(**{"parameters": 1, "workers": 1, "bandwidth": 1.0, **arguments})
