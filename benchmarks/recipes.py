"""Train every recipe with fresh seeds, and its variants: ``make recipes``.

Every run is one process on one core; as many run at once as there are cores. The variants are
judged on the 5,000 validation images. Only the recipes themselves are tested on the 10,000
test images, once for each seed. Results, in mnist_tutorial/_files:
results/recipes.json, and in weights those of each recipe's best seed by the validation images.

Runs that are on record are not repeated: begun again, it goes on where it was interrupted.
``--again`` forgets them.
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

import numpy as np
from tqdm import tqdm

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "mnist_tutorial/_files/results/recipes.json"
WEIGHTS = ROOT / "benchmarks/.recipes"  # of every tested run
TEST_SEEDS = {"quick": 10, "thorough": 10, "deep": 10}
VARIANT_SEEDS = 5
# Choices were made with the variants' seeds; the recipes are tested with others.
FIRST_VARIANT_SEED, FIRST_TEST_SEED = 100, 300


def variants() -> dict[str, Any]:
    """Return the recipes and what they are compared with, by name."""
    from mnist_tutorial import NumpyNetwork
    from mnist_tutorial.further import RECIPES

    quick, thorough, deep = (RECIPES[name] for name in ("quick", "thorough", "deep"))
    return {
        "quick": quick,
        "quick, no momentum": replace(quick, momentum=0.0),
        "quick, no momentum, rate 0.5": replace(quick, momentum=0.0, learning_rate=0.5),
        "quick, no warm-up": replace(quick, warmup=0.0),
        "quick, half the epochs": replace(quick, epochs=quick.epochs / 2),
        "thorough": thorough,
        "thorough, a quarter of the epochs": replace(thorough, epochs=thorough.epochs / 4),
        "thorough, images as they are": replace(thorough, augment=None),
        "deep": deep,
        "deep, images as they are": replace(deep, augment=None),
        "deep, with the tutorial's network": replace(deep, build=NumpyNetwork),
    }


def run_one(name: str, seed: int, keep: str | None) -> dict[str, object]:
    """Train one network in this process and return what was measured.

    With ``keep`` the test images are read, and the weights are written into that folder.
    """
    from mnist_tutorial import MnistData, evaluate
    from mnist_tutorial.further import train_recipe

    start = time.process_time()  # of the one core, also where other programs run beside it
    model, _ = train_recipe(variants()[name], seed=seed, progress=False)
    result: dict[str, object] = {
        "recipe": name,
        "seed": seed,
        "seconds": round(time.process_time() - start, 1),
        "parameters": model.count_params(),
        "validation": evaluate(model, MnistData(), split="validation").accuracy,
    }
    if keep is not None:
        result["test"] = evaluate(model, MnistData()).accuracy
        np.savez(Path(keep) / f"{name} {seed}.npz", *model.get_weights())
    return result


def in_a_process(job: tuple[str, int, str | None]) -> dict[str, Any]:
    """Train one network in a process of its own, on one core."""
    name, seed, keep = job
    variables = ("OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    command = [sys.executable, __file__, "--one", name, "--seed", str(seed)]
    done = subprocess.run(
        [*command, *(["--keep", keep] if keep else [])],
        env=os.environ | dict.fromkeys(variables, "1"),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{name}, seed {seed}: {done.stderr[-2000:]}")
    return dict(json.loads(done.stdout))


def ship_best(results: list[dict[str, Any]]) -> None:
    """Ship the weights of each recipe's seed with the best validation accuracy."""
    from mnist_tutorial.further.recipes import save_weights

    for name in TEST_SEEDS:
        tested = [run for run in results if run["recipe"] == name and "test" in run]
        best = max(tested, key=lambda run: run["validation"])
        if best.get("shipped"):
            continue
        with np.load(WEIGHTS / f"{name} {best['seed']}.npz") as arrays:
            save_weights([arrays[key] for key in arrays.files], name)
        for run in tested:
            run.pop("shipped", None)
        best["shipped"] = True


def write(results: list[dict[str, Any]]) -> None:
    """Write the record, a line per run."""
    RESULTS.write_text("[\n" + ",\n".join(map(json.dumps, results)) + "\n]\n")


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes at once")
    parser.add_argument("--again", action="store_true", help="repeat the runs on record")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--keep", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(run_one(arguments.one, arguments.seed, arguments.keep)))
        return
    results = [] if arguments.again else json.loads(RESULTS.read_text())
    WEIGHTS.mkdir(exist_ok=True)
    jobs = [
        (name, FIRST_TEST_SEED + i, str(WEIGHTS))
        for name in TEST_SEEDS
        for i in range(TEST_SEEDS[name])
    ]
    seeds = range(FIRST_VARIANT_SEED, FIRST_VARIANT_SEED + VARIANT_SEEDS)
    jobs += [(name, seed, None) for name in variants() for seed in seeds]
    known = {(run["recipe"], run["seed"]) for run in results}
    jobs = [job for job in jobs if job[:2] not in known]
    with ThreadPoolExecutor(arguments.jobs) as pool:
        for result in tqdm(pool.map(in_a_process, jobs), total=len(jobs), unit="run"):
            results.append(result)
            write(results)  # after each run, so that an interruption loses little
    ship_best(results)
    write(results)


if __name__ == "__main__":
    main()
