"""Kill workers at random moments, start all again, compare: ``python benchmarks/kills.py``.

Each time, two or three workers train together, and one of them gets SIGKILL. In half of the
cases they are children of one process, as with ``train --workers``. In the other half each is on
its own, as on the machines of a cluster, and must notice by itself, once they have met: before
that, a worker cannot tell a peer that was killed from one that has yet to start, and waits. Then
all are started again and must end, bit for bit, like workers that nobody killed.
Results: mnist_tutorial/_files/results/kills.json.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from mnist_tutorial import MnistData, build_model
from mnist_tutorial._internal.workers import Workers, free_ports
from mnist_tutorial.further import cluster_config, load_checkpoint

RESULTS = Path(__file__).parents[1] / "mnist_tutorial/_files/results/kills.json"
SETTINGS = {
    "batches": 300, "batch_size": 60, "validation_batch_size": 100, "validation_interval": 50,
    "checkpoint_interval": 5, "progress": False,
}  # fmt: skip
ON_ITS_OWN = """
import json, os, sys
from mnist_tutorial import MnistData, build_model
from mnist_tutorial.further import train_as_worker

try:
    train_as_worker(build_model, MnistData(), **json.loads(sys.argv[1]))
except ConnectionError as error:
    print(error, file=sys.stderr, flush=True)
    os._exit(1)
"""
LIMIT = 120.0


def train_through(workers: int, checkpoint: Path) -> bytes:
    """Train to the end, and return the weights and the history as bytes."""
    job = {"build": build_model, "data": MnistData(), "checkpoint": checkpoint, **SETTINGS}
    with Workers(job, workers) as running:
        weights, history = running.wait()
    return pickle.dumps(([weight.tobytes() for weight in weights], history.history))


def batches_in(checkpoint: Path) -> int:
    """Return the number of batches after which the checkpoint was written."""
    return len(load_checkpoint(checkpoint)[0]["loss"]) if checkpoint.exists() else 0


def wait_for_moment(moment: float, checkpoint: Path, joined: bool) -> None:
    """Wait for a share of all batches; below 0, for a time in which the processes start.

    With ``joined``, until all have met: then they begin the checkpoint, and compile.
    """
    end = time.monotonic() + LIMIT
    while (joined or moment >= 0) and not checkpoint.exists() and time.monotonic() < end:
        time.sleep(0.01)
    if moment < 0:
        time.sleep(-moment * (2 if joined else 20))
    while batches_in(checkpoint) < moment * SETTINGS["batches"] and time.monotonic() < end:
        time.sleep(0.01)


def kill_child(workers: int, victim: int, moment: float, checkpoint: Path) -> tuple[float, str]:
    """Kill one of several children of this process; return seconds to the end, and its message."""
    job = {"build": build_model, "data": MnistData(), "checkpoint": checkpoint, **SETTINGS}
    message, begin = "", 0.0
    with Workers(job, workers) as running:
        wait_for_moment(moment, checkpoint, joined=False)
        running.processes[victim].kill()
        begin = time.monotonic()
        try:
            running.wait()
        except ChildProcessError as error:
            message = str(error)
    return time.monotonic() - begin, message


def kill_one_of_equals(
    workers: int, victim: int, moment: float, checkpoint: Path
) -> tuple[float, str]:
    """Kill one of several processes that have no parent in common with what they train."""
    hosts = [f"127.0.0.1:{port}" for port in free_ports(workers)]
    arguments = json.dumps({**SETTINGS, "checkpoint": str(checkpoint)})
    # As many threads as the children have: their number decides how TensorFlow rounds.
    threads = {"TF_NUM_INTRAOP_THREADS": str(max(1, (os.cpu_count() or 1) // workers))}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", ON_ITS_OWN, arguments],
            env=os.environ | threads | {"TF_CONFIG": cluster_config(hosts, rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(workers)
    ]
    messages = []
    try:
        wait_for_moment(moment, checkpoint, joined=True)
        processes[victim].kill()
        begin = time.monotonic()
        for rank, process in enumerate(processes):
            _, errors = process.communicate(timeout=LIMIT)
            if rank != victim:
                messages.append(errors.strip())
        return time.monotonic() - begin, " | ".join(messages)
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng, runs, whole = random.Random(arguments.seed), [], {}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(arguments.kills):
            workers = 3 if number % 5 == 4 else 2
            kind, kill = [("children", kill_child), ("equals", kill_one_of_equals)][number % 2]
            victim, moment = rng.randrange(workers), rng.uniform(-0.5, 0.95)
            if workers not in whole:
                whole[workers] = train_through(workers, Path(folder, f"whole {workers}"))
            checkpoint = Path(folder, f"run {number}")
            seconds, message = kill(workers, victim, moment, checkpoint)
            kept = batches_in(checkpoint)
            run: dict[str, Any] = {
                "kind": kind,
                "workers": workers,
                "killed": victim,
                "batches_kept": kept,
                "seconds_until_all_ended": round(seconds, 2),
                "message": message,
                "lines": message.count("\n") + 1,
                "identical_after_resuming": train_through(workers, checkpoint) == whole[workers],
            }
            runs.append(run)
            print(run, flush=True)
            write(runs)
    if not all(run["identical_after_resuming"] for run in runs):
        sys.exit("a run that was killed ended differently")


def write(runs: list[dict[str, Any]]) -> None:
    """Write the report: a summary, and a line per kill."""
    summary = {
        "kills": len(runs),
        "identical_after_resuming": sum(run["identical_after_resuming"] for run in runs),
        "slowest_end_seconds": max(run["seconds_until_all_ended"] for run in runs),
        "cores": os.cpu_count(),
    }
    lines = ",\n".join(map(json.dumps, runs))
    RESULTS.write_text(f'{{\n"summary": {json.dumps(summary)},\n"runs": [\n{lines}\n]\n}}\n')


if __name__ == "__main__":
    main()
