"""The package as a whole: what it costs to import, what it prints, what it changes."""

import subprocess
import sys
from pathlib import Path

import mnist_tutorial


def run(script):
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)


def test_import_is_quick_and_silent():
    script = (
        "import time; start = time.perf_counter(); import mnist_tutorial; "
        "seconds = time.perf_counter() - start; import sys; "
        "assert 'tensorflow' not in sys.modules and 'numpy' not in sys.modules; "
        "print(seconds)"
    )
    results = [run(script) for _ in range(3)]
    assert all(r.returncode == 0 and r.stderr == "" for r in results), results
    assert min(float(r.stdout) for r in results) < 0.1


def test_data_and_results_need_no_tensorflow():
    result = run(
        "import sys; from mnist_tutorial import MnistData, plot_loss, cross_entropy, sgd_step; "
        "MnistData().next_train_batch(); assert 'tensorflow' not in sys.modules"
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_training_prints_nothing_however_often():
    result = run(
        "from mnist_tutorial import *\n"
        "for seed in range(7):\n"
        "    train(build_model(seed=seed), MnistData(), batches=5, progress=False)"
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_importing_everything_changes_nothing_of_the_process():
    """Beyond what the libraries do that it imports."""
    result = run(
        """
import logging, os, random, signal, threading, warnings
import keras, matplotlib.pyplot as plt, numpy as np, PIL.Image, safetensors.numpy, tqdm
import tensorflow as tf
tf.zeros(1)

def state():
    return {
        "random": random.getstate(),
        "numpy": [str(part) for part in np.random.get_state()],
        "threads": (tf.config.threading.get_intra_op_parallelism_threads(),
                    tf.config.threading.get_inter_op_parallelism_threads(),
                    threading.active_count()),
        "eager": (tf.executing_eagerly(), tf.config.functions_run_eagerly()),
        "float": (keras.config.floatx(), keras.config.image_data_format(),
                  keras.config.dtype_policy().name),
        "logging": {name: (logger.level, len(logger.handlers), logger.disabled)
                    for name, logger in logging.root.manager.loggerDict.items()
                    if isinstance(logger, logging.Logger)},
        "root": (logging.root.level, len(logging.root.handlers)),
        "warnings": [str(item) for item in warnings.filters],
        "style": dict(plt.rcParams),
        "figures": plt.get_fignums(),
        "environment": dict(os.environ),
        "signals": [str(signal.getsignal(number)) for number in range(1, 30)],
        "folder": os.getcwd(),
        "pixels": PIL.Image.MAX_IMAGE_PIXELS,
        "print": str(np.get_printoptions()),
    }

before = state()
import mnist_tutorial
for name in mnist_tutorial.__all__:
    getattr(mnist_tutorial, name)
after = state()
print([key for key in before if before[key] != after[key]])
"""
    )
    assert (result.returncode, result.stdout) == (0, "[]\n"), result.stderr


def test_a_failing_import_of_tensorflow_is_shown():
    script = (
        "import sys, os; sys.modules['tensorflow'] = None\nfrom mnist_tutorial import build_model"
    )
    result = run(script)
    assert result.returncode == 1
    assert "import of tensorflow halted" in result.stderr


def test_what_tensorflow_wrote_is_replayed_when_its_import_fails(tmp_path):
    (tmp_path / "tensorflow.py").write_text(
        "import os\nos.write(2, b'the reason why\\n')\nraise ImportError('no tensorflow')\n"
    )
    result = run(
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from mnist_tutorial import train"
    )
    assert "the reason why" in result.stderr
    assert "ImportError: no tensorflow" in result.stderr


def test_another_keras_backend_is_refused():
    result = run(
        "import os; os.environ['KERAS_BACKEND'] = 'numpy'; from mnist_tutorial import build_model"
    )
    assert "ImportError: mnist_tutorial trains with Keras on TensorFlow" in result.stderr


def test_every_public_name_exists_and_is_documented():
    assert len(mnist_tutorial.__all__) > 30
    for name in mnist_tutorial.__all__:
        value = getattr(mnist_tutorial, name)
        assert not callable(value) or (value.__doc__ or "").strip(), name


def test_the_package_is_typed():
    assert Path(mnist_tutorial.__file__).with_name("py.typed").exists()
