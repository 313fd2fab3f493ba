"""What starts workers on a cluster: files for Slurm and Kubernetes, and Ray."""

import contextlib
import importlib.util
import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from mnist_tutorial import MnistData, build_model, train
from mnist_tutorial.further import cluster_config, load_checkpoint, train_on_ray

LAUNCH = Path(__file__).parents[2] / "book/_static/launch"


def test_the_configuration_is_what_tensorflow_reads(monkeypatch):
    from mnist_tutorial._internal.tensorflow import tf

    hosts = ["node1:2222", "node2:2223"]
    monkeypatch.setenv("TF_CONFIG", cluster_config(hosts, 1))
    resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    assert resolver.cluster_spec().as_dict() == {"worker": hosts}
    assert (resolver.task_type, resolver.task_id) == ("worker", 1)


@pytest.mark.parametrize(
    ("hosts", "rank", "message"),
    [
        ("node1:2222", 0, "hosts must be a list"),
        (["node1"], 0, "hosts must be names with ports, like node1:2222; got 'node1'"),
        (["node1:2222"], 1, r"rank must be a whole number in 0\.\.0; got 1"),
    ],
)
def test_wrong_hosts_are_named(hosts, rank, message):
    with pytest.raises((TypeError, ValueError), match=f"^{message}"):
        cluster_config(hosts, rank)


# --- Slurm --------------------------------------------------------------------------------------

# Stand-ins for two of Slurm's programs, for a job of two tasks on one machine.
SLURM = {
    "scontrol": 'test "$*" = "show hostnames nodes[1-2]" && echo 127.0.0.1 && echo 127.0.0.1',
    "srun": """
shift
SLURM_PROCID=0 "$@" & first=$!
SLURM_PROCID=1 "$@" & second=$!
wait $first && wait $second
""",
    "python": f'exec {sys.executable} "$@"',
}


def two_free_ports():
    """Return the first of two neighbours that the system gives to no other program meanwhile."""
    for port in np.random.default_rng().permutation(np.arange(20_000, 30_000)).tolist():
        with contextlib.suppress(OSError), socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", port))
            two.bind(("127.0.0.1", port + 1))
            return port


def test_the_slurm_script_trains(tmp_path):
    for name, script in SLURM.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{script}\n")
        (tmp_path / name).chmod(0o755)
    result = subprocess.run(
        ["bash", LAUNCH / "train.sbatch"],
        env=os.environ | {
            "PATH": f"{tmp_path}:{os.environ['PATH']}", "PORT": str(two_free_ports()),
            "SLURM_JOB_NODELIST": "nodes[1-2]", "SLURM_SUBMIT_DIR": str(tmp_path),
            "BATCHES": "20", "TQDM_DISABLE": "1",
        },
        cwd=LAUNCH, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert re.fullmatch(
        r"History\(20 batches, 0 evaluations\), test accuracy [\d.]+%\n", result.stdout
    )
    assert result.stderr == ""
    assert len(load_checkpoint(tmp_path / "mnist.checkpoint")[0]["loss"]) == 20
    assert (tmp_path / "mnist.checkpoint.keras").exists()


def test_the_slurm_script_asks_for_what_it_needs():
    text = (LAUNCH / "train.sbatch").read_text()
    subprocess.run(["bash", "-n", LAUNCH / "train.sbatch"], check=True)
    options = dict(re.findall(r"^#SBATCH --([\w-]+)=(\S+)$", text, re.MULTILINE))
    assert (
        options["ntasks-per-node"] == "1" and {"nodes", "time", "cpus-per-task"} <= options.keys()
    )
    assert text.index("#SBATCH --output") < text.index("set -euo")  # Slurm reads no further


# --- Kubernetes ---------------------------------------------------------------------------------


def test_the_pods_find_each_other():
    service, job = yaml.safe_load_all((LAUNCH / "train.yaml").read_text())
    assert (service["apiVersion"], service["kind"]) == ("v1", "Service")
    assert service["spec"]["clusterIP"] == "None"
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "Job")
    name, spec, pod = job["metadata"]["name"], job["spec"], job["spec"]["template"]["spec"]
    assert spec["completionMode"] == "Indexed"
    assert pod["restartPolicy"] in ("Never", "OnFailure")  # the only ones that a Job may have
    assert service["spec"]["selector"] == {"job-name": name}
    assert pod["subdomain"] == service["metadata"]["name"]
    [container] = pod["containers"]
    variables = {one["name"]: one.get("value") for one in container["env"]}
    port = container["ports"][0]["containerPort"]
    assert [port] == [one["port"] for one in service["spec"]["ports"]]
    expected = [f"{name}-{i}.{pod['subdomain']}:{port}" for i in range(spec["completions"])]
    assert variables["WORKERS"].split() == expected and spec["parallelism"] == len(expected)
    json.loads(cluster_config(expected, len(expected) - 1))
    assert {"RANK", "CHECKPOINT"} <= variables.keys()
    [mount] = container["volumeMounts"]
    assert variables["CHECKPOINT"].startswith(mount["mountPath"] + "/")
    assert mount["name"] in [volume["name"] for volume in pod["volumes"]]
    assert (LAUNCH / container["command"][-1]).exists()


@pytest.mark.skipif(
    importlib.util.find_spec("kubernetes_validate") is None,
    reason="kubernetes-validate is not installed",
)
def test_kubernetes_own_schema_accepts_the_manifest():
    import kubernetes_validate

    for document in yaml.safe_load_all((LAUNCH / "train.yaml").read_text()):
        kubernetes_validate.validate(document, "1.30", strict=True)


# --- Ray ----------------------------------------------------------------------------------------


def test_without_ray_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ImportError, match=r'^train_on_ray needs Ray: pip install "mnist-tut'):
        train_on_ray(build_model, MnistData())


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed")
def test_two_workers_of_ray_compute_what_one_process_does(monkeypatch, tmp_path):
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("HOME", str(tmp_path))  # where Ray keeps its results
    import ray

    settings = {"batches": 40, "batch_size": 60, "validation_interval": None, "progress": False}
    ray.init(num_cpus=4, include_dashboard=False)  # more than there are: they only count
    try:
        _, history = train_on_ray(build_model, MnistData(), workers=2, **settings)
    finally:
        ray.shutdown()
    alone = train(build_model(), MnistData(), **settings).history["loss"]
    assert history.history["loss"][:20] == pytest.approx(alone[:20], abs=1e-5)
    assert np.mean(history.history["loss"]) == pytest.approx(np.mean(alone), rel=0.005)
