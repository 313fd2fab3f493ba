"""When TensorFlow is imported, how quietly, and what it leaves to the user."""

import json
import os
import subprocess
import sys

import pytest

# Stands for TensorFlow where only its messages matter: a file of the same name, found first.
FAKE = """
import os, time
os.write(2, b"WARNING: All log messages before absl::InitializeLog() is called\\n")
os.write(2, b"I0000 00:00:1795514735.241965   22938 port.cc:153] oneDNN\\n")
os.write(2, b"2026-11-24 10:00:00.000000: I tensorflow/core/util/port.cc:153] oneDNN\\n")
os.write(2, b"To enable the following instructions: AVX2\\n")
time.sleep(0.3)
answer = 42
"""


def run(script, **environment):
    return subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )


@pytest.fixture
def run_with_fake(tmp_path):
    def run_with_fake(script, tensorflow=FAKE):
        (tmp_path / "tensorflow.py").write_text(tensorflow)
        (tmp_path / "keras.py").write_text("")
        return run(f"import os, sys\nsys.path.insert(0, {str(tmp_path)!r})\n{script}")

    return run_with_fake


# --- when ----------------------------------------------------------------------------------


def test_what_needs_no_keras_imports_no_tensorflow():
    result = run(
        """
import sys
from mnist_tutorial import MnistData, NumpyNetwork, convolve, evaluate, plot_loss, predict
from mnist_tutorial import cross_entropy, sgd_step, train
from mnist_tutorial.further import RECIPES, backpropagate, load_checkpoint, random_affine, shift
MnistData().next_train_batch()
print([name for name in ("tensorflow", "keras") if name in sys.modules])
"""
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "[]\n", "")


def test_build_model_imports_it_quietly_and_touches_no_device(tmp_path):
    """Threads can still be chosen, and a forked child trains; Keras runs on TensorFlow."""
    folder = tmp_path / ".keras"
    folder.mkdir()
    (folder / "keras.json").write_text(json.dumps({"backend": "jax", "floatx": "float32"}))
    result = run(
        """
import os, sys
from mnist_tutorial import *  # asks for build_model, too
assert "tensorflow" in sys.modules
import keras, tensorflow as tf
print(keras.config.backend(), repr(os.environ["KERAS_BACKEND"]))
tf.config.threading.set_intra_op_parallelism_threads(1)
sys.stdout.flush()
child = os.fork()
if child == 0:
    train(build_model(), MnistData(), batches=2, progress=False)
    sys.exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(tf.config.threading.get_intra_op_parallelism_threads())
""",
        HOME=str(tmp_path),
        KERAS_BACKEND="",
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == ["tensorflow ''", "7", "1"]


@pytest.mark.parametrize("backend", ["jax", "numpy"])
def test_another_backend_is_refused_in_one_line(backend):
    result = run("from mnist_tutorial import build_model", KERAS_BACKEND=backend)
    message = f"mnist_tutorial needs Keras on TensorFlow; its backend is {backend}"
    assert result.stderr.splitlines()[-1] == f"ImportError: {message}"


# --- how quietly ---------------------------------------------------------------------------


def test_without_a_standard_error():
    result = run(
        "import os, sys; sys.stderr = None; os.close(2)\n"
        "from mnist_tutorial import build_model; print(build_model().count_params())"
    )
    assert (result.returncode, result.stdout) == (0, "5994\n")


@pytest.mark.parametrize("closing", ["sys.stderr = None", "os.close(2)"])
def test_with_half_a_standard_error(run_with_fake, closing):
    result = run_with_fake(
        f"{closing}\nfrom mnist_tutorial._internal.tensorflow import tf; print(tf.answer)",
        "answer = 42",
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "42\n", "")


def test_what_others_write_meanwhile_is_shown_without_the_start_up_messages(run_with_fake):
    result = run_with_fake(
        """
import threading, time

def chatter():
    while not done:
        os.write(2, b"another thread\\n")
        time.sleep(0.05)

done = False
thread = threading.Thread(target=chatter)
thread.start()
from mnist_tutorial._internal.tensorflow import load
load()
done = True
thread.join()
os.write(2, b"afterwards\\n")
"""
    )
    assert set(result.stderr.splitlines()) == {"another thread", "afterwards"}
    assert result.stderr.count("another thread") >= 4


def test_a_failing_import_is_shown_with_what_tensorflow_wrote(run_with_fake):
    result = run_with_fake(
        "from mnist_tutorial import build_model", FAKE + "raise ImportError('no tensorflow')\n"
    )
    assert "All log messages before absl" in result.stderr
    assert result.stderr.splitlines()[-1] == "ImportError: no tensorflow"
