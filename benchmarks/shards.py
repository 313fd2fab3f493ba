"""Measure training from shards that need not fit in memory: ``python benchmarks/shards.py``.

Writes a synthetic set of 2 GB and a small one, and trains the NumPy network on each, from shards
and from memory, every time in a process of its own. Results:
mnist_tutorial/_files/results/shards.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

RESULTS = Path(__file__).parents[1] / "mnist_tutorial/_files/results/shards.json"
LARGE, SMALL = 2_600_000, 55_000  # images; the large set takes 2.04 GB
IMAGES_PER_SHARD = 10_000
BATCH = 64


def write_set(folder: Path, images: int) -> None:
    """Write MNIST's training images again and again, with other noise, as arrays and as shards."""
    from mnist_tutorial import MnistData
    from mnist_tutorial.further import write_shards

    folder.mkdir()
    data, rng = MnistData(), np.random.default_rng(0)
    large = np.lib.format.open_memmap(folder / "images.npy", "w+", np.uint8, (images, 28, 28))
    labels = np.empty(images, np.uint8)
    for start in range(0, images, SMALL):
        part = slice(start, min(images, start + SMALL))
        n = part.stop - part.start
        large[part] = data.train_images[:n] ^ rng.integers(0, 16, (n, 28, 28), np.uint8)
        labels[part] = data.train_labels[:n]
    large.flush()
    np.save(folder / "labels.npy", labels)
    held_out = data.validation_images, data.validation_labels
    whole = MnistData.from_arrays((large, labels), held_out, held_out)
    write_shards(whole, folder / "shards", shards=-(-images // IMAGES_PER_SHARD))


def memory_mib() -> float:
    """Return the memory that this process alone holds; pages of files are not counted."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1024
    raise OSError("this system does not say how much memory a process holds")


@contextmanager
def peak_memory() -> Iterator[list[float]]:
    """Look at the memory every 10 ms until the block ends."""
    peaks, over = [memory_mib()], threading.Event()

    def look() -> None:
        while not over.wait(0.01):
            peaks.append(memory_mib())

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield peaks
    finally:
        over.set()
        watcher.join()


def open_set(folder: Path, kind: str) -> Any:
    """Return a set, in memory or from its shards; the held-out images are MNIST's."""
    from mnist_tutorial import MnistData
    from mnist_tutorial.further import ShardedData

    if kind == "shards":
        return ShardedData(folder / "shards")
    images, labels = np.load(folder / "images.npy"), np.load(folder / "labels.npy")
    mnist = MnistData()
    held_out = mnist.validation_images, mnist.validation_labels
    return MnistData.from_arrays((images, labels), held_out, held_out)


def train_for(data: Any, batches: int) -> float:
    """Train the NumPy network, and return images per second."""
    from mnist_tutorial import NumpyNetwork, train

    model, begin = NumpyNetwork(), time.perf_counter()
    train(model, data, batches=batches, batch_size=BATCH, validation_interval=None, progress=False)
    return batches * BATCH / (time.perf_counter() - begin)


def hand_out(data: Any, batches: int) -> float:
    """Return images per second of batches that nobody learns from."""
    begin = time.perf_counter()
    for _ in range(batches):
        data.next_train_batch(BATCH)
    return batches * BATCH / (time.perf_counter() - begin)


def measure_memory(folder: Path, kind: str, batches: int) -> dict[str, Any]:
    """Train in this process, and return how much memory it holds at most."""
    from mnist_tutorial._internal.tensorflow import load

    load()  # so that it counts in neither case
    begin = time.perf_counter()
    data = open_set(folder, kind)
    seconds = time.perf_counter() - begin
    with peak_memory() as peaks:
        train_for(data, batches)
    return {"kind": kind, "open_seconds": round(seconds, 2), "peak_mib": round(max(peaks), 1)}


def measure_speed(folder: Path, turns: int, batches: int) -> dict[str, Any]:
    """Take turns between memory and shards in one process: other work disturbs both alike."""
    sets = {kind: open_set(folder, kind) for kind in ("memory", "shards")}
    result: dict[str, Any] = {"kind": "speed"}
    for name, function in {"training": train_for, "batches alone": hand_out}.items():
        for data in sets.values():
            function(data, 100)  # warm
        speeds: dict[str, list[float]] = {kind: [] for kind in sets}
        for _ in range(turns):
            for kind, data in sets.items():
                speeds[kind].append(round(function(data, batches)))
        pairs = zip(speeds["shards"], speeds["memory"], strict=True)
        share = statistics.median(shards / memory for shards, memory in pairs)
        result[name] = {"images_per_second": speeds, "share": round(share, 3)}
    return result


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--batches", type=int, default=1000, help="of each turn")
    parser.add_argument("--images", type=int, default=LARGE, help="of the large set")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        folder, kind = Path(arguments.one[0]), arguments.one[1]
        if kind == "speed":
            found = measure_speed(folder, arguments.turns, arguments.batches)
        else:
            found = measure_memory(folder, kind, arguments.batches)
        print(json.dumps(found))
        return
    runs = []
    with tempfile.TemporaryDirectory() as temporary:
        sets = {"large": arguments.images, "small": SMALL}
        for name, images in sets.items():
            begin = time.perf_counter()
            write_set(Path(temporary, name), images)
            print(f"wrote {images:,} images in {time.perf_counter() - begin:.0f} s", flush=True)
        jobs = [(name, kind) for name in sets for kind in ("memory", "shards")]
        for name, kind in [*jobs, ("large", "speed")]:
            options = ["--batches", str(arguments.batches), "--turns", str(arguments.turns)]
            done = subprocess.run(
                [sys.executable, __file__, *options, "--one", str(Path(temporary, name)), kind],
                env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
                check=True, capture_output=True, text=True,
            )  # fmt: skip
            runs.append({"set": name, **json.loads(done.stdout)})
            print(runs[-1], flush=True)
    peak = {(run["set"], run["kind"]): run.get("peak_mib", 0.0) for run in runs}
    result = {
        "machine": {"cpu": platform.processor() or platform.machine(), "cores": os.cpu_count()},
        "images": sets,
        "bytes_large": arguments.images * 785,
        "batch": BATCH,
        "share_of_images_per_second": runs[-1]["training"]["share"],
        "extra_mib_over_small_set": round(peak["large", "shards"] - peak["small", "shards"], 1),
        "extra_mib_in_memory": round(peak["large", "memory"] - peak["small", "memory"], 1),
        "runs": runs,
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps({key: value for key, value in result.items() if key != "runs"}, indent=1))


if __name__ == "__main__":
    main()
