"""Time a training step with 1, 2 and 3 workers on this machine: ``python benchmarks/workers.py``.

Start-up is left out: the time of 50 batches is taken from that of 1,550.
Result: mnist_tutorial/_files/results/workers.json.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

RESULTS = Path(__file__).parents[1] / "mnist_tutorial/_files/results/workers.json"
SHORT, LONG, ROUNDS = 50, 1550, 3


def seconds(workers: int, batches: int) -> float:
    """Return how long the workers take in all."""
    from mnist_tutorial import MnistData, build_model
    from mnist_tutorial.further import train_on_workers

    start = time.perf_counter()
    train_on_workers(
        build_model, MnistData(), workers=workers, batches=batches, validation_interval=None
    )
    return time.perf_counter() - start


def main() -> None:
    """Measure in rounds that take turns, and write the medians."""
    counts = (1, 2, 3)
    runs: dict[int, list[float]] = {workers: [] for workers in counts}
    for _ in range(ROUNDS):
        for workers in counts:
            more = seconds(workers, LONG) - seconds(workers, SHORT)
            runs[workers].append(1000 * more / (LONG - SHORT))
    medians = [
        {"workers": workers, "milliseconds": sorted(times)[ROUNDS // 2], "runs": times}
        for workers, times in runs.items()
    ]
    RESULTS.write_text(json.dumps(medians, indent=1) + "\n")
    for run in medians:
        print(f"{run['workers']} workers: {run['milliseconds']:.1f} ms per step")


if __name__ == "__main__":
    main()
