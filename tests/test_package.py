"""The package as a whole: what it costs to import, what it prints, what it changes."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import mnist_tutorial
import mnist_tutorial.further


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


def test_the_tab_key_in_a_notebook_does_not_load_tensorflow():
    script = (
        "import sys; from IPython.core.interactiveshell import InteractiveShell;"
        "from IPython.core.completer import provisionalcompleter;"
        "shell = InteractiveShell.instance(); shell.Completer.use_jedi = True;"
        "shell.run_cell('import mnist_tutorial as m');\n"
        "shell.Completer.jedi_compute_type_timeout = 60_000\n"
        "with provisionalcompleter(): names = list(shell.Completer.completions('m.build_', 8))\n"
        "print(len(names), 'tensorflow' in sys.modules)"
    )
    result = run(script)
    assert result.stdout == "3 False\n", result.stderr


def test_importing_everything_changes_nothing_of_the_process():
    """Beyond what the libraries do that it imports."""
    result = run(
        """
import logging, os, random, signal, threading, warnings
import keras, matplotlib.pyplot as plt, numpy as np, PIL.Image, safetensors.numpy, tqdm
import filelock, tensorflow as tf

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
import mnist_tutorial, mnist_tutorial.further
for package in (mnist_tutorial, mnist_tutorial.further):
    for name in package.__all__:
        getattr(package, name)
after = state()
print([key for key in before if before[key] != after[key]])
"""
    )
    assert (result.returncode, result.stdout) == (0, "[]\n"), result.stderr


def test_every_public_name_exists_and_is_documented():
    assert 40 <= len(mnist_tutorial.__all__) <= 50
    for package in (mnist_tutorial, mnist_tutorial.further):
        for name in package.__all__:
            value = getattr(package, name)
            assert not callable(value) or (value.__doc__ or "").strip(), name


FUNCTIONS = [
    (package, name)
    for package in (mnist_tutorial, mnist_tutorial.further)
    for name in package.__all__
    if name[0].islower()  # neither a class nor a constant
]


@pytest.mark.parametrize(("package", "name"), FUNCTIONS, ids=[name for _, name in FUNCTIONS])
def test_every_public_function_refuses_nonsense_in_one_line(package, name):
    function = getattr(package, name)
    parameters = inspect.signature(function).parameters.values()
    required = [one.name for one in parameters if one.default is one.empty]
    # All that must be given at once; where nothing must, one argument after another.
    calls = [required] if required else [[one.name] for one in parameters]
    for names in calls:
        for nonsense in (object(), 2.5j):
            with pytest.raises((TypeError, ValueError)) as caught:
                function(**dict.fromkeys(names, nonsense))
            message = str(caught.value)
            assert any(message.startswith(f"{one} must be ") for one in names), message
            assert "\n" not in message and len(message) < 250


def test_the_package_is_typed():
    assert Path(mnist_tutorial.__file__).with_name("py.typed").exists()
