"""Train every recipe with fresh seeds, and its variants: ``make recipes``.

Every run is one process on one core; as many run at once as there are cores. The variants are
judged on the 5,000 validation images. Only the recipes themselves are tested on the 10,000
test images, once for each seed. Results: results/recipes.json, and the weights of seed 0 in
mnist_tutorial/weights.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

RESULTS = Path(__file__).with_name("results") / "recipes.json"
TEST_SEEDS = {"quick": 10, "thorough": 5, "deep": 5}
VARIANT_SEEDS = 2
# Seeds of the variants are none that the recipes are tested with.
FIRST_VARIANT_SEED = 100


def variants() -> dict[str, Any]:
    """Return the recipes and what they are compared with, by name."""
    from mnist_tutorial import RECIPES, build_model

    quick, thorough, deep = (RECIPES[name] for name in ("quick", "thorough", "deep"))
    return {
        "quick": quick,
        "quick, no momentum, no warm-up, rate from 0.15": replace(
            quick, learning_rate=0.15, warmup=0.0, momentum=0.0
        ),
        "quick, no momentum": replace(quick, momentum=0.0),
        "quick, no warm-up": replace(quick, warmup=0.0),
        "quick, half the epochs": replace(quick, epochs=quick.epochs // 2),
        "thorough": thorough,
        "thorough, a quarter of the epochs": replace(thorough, epochs=thorough.epochs // 4),
        "thorough, images as they are": replace(thorough, augment=None),
        "deep": deep,
        "deep, half the epochs": replace(deep, epochs=deep.epochs // 2),
        "deep, images as they are": replace(deep, augment=None),
        "deep, with the tutorial's network": replace(deep, build=lambda s: build_model(seed=s)),
    }


def run_one(name: str, seed: int, test: bool) -> dict[str, object]:
    """Train one network in this process and return what was measured."""
    import numpy as np

    from mnist_tutorial import MnistData, train_recipe
    from mnist_tutorial.recipes import save_weights

    start = time.perf_counter()
    model, _ = train_recipe(variants()[name], seed=seed, progress=False)
    seconds = time.perf_counter() - start
    data = MnistData()
    result: dict[str, object] = {"recipe": name, "seed": seed, "seconds": round(seconds, 1)}
    result["parameters"] = model.count_params()
    splits = [("validation", data.validation_images, data.validation_labels)]
    if test:
        splits.append(("test", data.test_images, data.test_labels))
    for split, images, labels in splits:
        probabilities = model.predict(images[..., None] / np.float32(255), verbose=0)
        result[split] = float((probabilities.argmax(axis=1) == labels).mean())
    if test and seed == 0:
        save_weights(model, name)
    return result


def in_a_process(job: tuple[str, int, bool]) -> dict[str, object]:
    """Train one network in a process of its own, on one core."""
    name, seed, test = job
    environment = os.environ | {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    command = [sys.executable, __file__, "--one", name, "--seed", str(seed)]
    done = subprocess.run(
        [*command, *(["--test"] if test else [])],
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{name}, seed {seed}: {done.stderr[-2000:]}")
    return json.loads(done.stdout)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes at once")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--test", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(run_one(arguments.one, arguments.seed, arguments.test)))
        return
    jobs = [(name, seed, True) for name, n in TEST_SEEDS.items() for seed in range(n)]
    for name in variants():
        jobs += [(name, FIRST_VARIANT_SEED + i, False) for i in range(VARIANT_SEEDS)]
    results = []
    with ThreadPoolExecutor(arguments.jobs) as pool:
        for result in tqdm(pool.map(in_a_process, jobs), total=len(jobs), unit="run"):
            results.append(result)
            # After each run, so that an interruption loses little.
            RESULTS.write_text("[\n" + ",\n".join(map(json.dumps, results)) + "\n]\n")


if __name__ == "__main__":
    main()
