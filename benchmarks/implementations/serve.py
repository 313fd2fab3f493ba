"""What every implementation shares: the task it is given, and the answers it sends back.

An implementation is a module with ``make(task)``, which returns two functions: ``run(indices,
evaluations, every)`` trains from the initial weights and returns the losses of the batches and
the accuracies of the evaluations; ``test()`` returns the accuracy on the test images.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np


def load(path: str) -> SimpleNamespace:
    """Read the task: images, labels, order and initial weights."""
    # Mapped, so that nobody's memory counts images that it does not use.
    files = Path(path).glob("*.npy")
    task = SimpleNamespace(**{file.stem: np.load(file, mmap_mode="r") for file in files})
    task.weights = [getattr(task, f"weight_{i}") for i in range(6)]
    return task


def main() -> None:
    """Answer each line of standard input by a line."""
    name, path = sys.argv[1:3]
    # What a library prints must not come between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    task = load(path)
    run, test = importlib.import_module(name).make(task)
    for line in sys.stdin:
        job = json.loads(line)
        steps, batch, every = job["steps"], job["batch"], job["every"]
        evaluations = steps // every if every else 0
        indices = task.order[: steps * batch].reshape(steps, batch)
        held_out = task.validation_order[: evaluations * job["size"]].reshape(
            evaluations, job["size"]
        )
        start = time.perf_counter()
        losses, accuracies = run(indices, held_out, every)
        answer = {"seconds": time.perf_counter() - start}
        answer |= {"first_losses": losses[:20], "mean_loss": float(np.mean(losses))}
        answer["validation_accuracy"] = accuracies[-1] if accuracies else None
        if job.get("test"):
            answer["test_accuracy"] = test()
        # Not getrusage's peak, which includes that of the process that started this one.
        lines = Path("/proc/self/status").read_text().splitlines()
        status = dict(line.split(":\t") for line in lines)
        answer["peak_mib"] = int(status["VmHWM"].split()[0]) / 1024
        answer["resident_mib"] = int(status["VmRSS"].split()[0]) / 1024
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
