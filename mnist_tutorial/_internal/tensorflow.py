"""TensorFlow and Keras, imported when first used, and without their start-up messages.

Importing this module imports neither: ``tf`` and ``keras`` stand for the real modules and
load both at the first attribute that is asked for. No device is touched, so that a process
can still fork or choose its threads. TensorFlow writes several lines to file descriptor 2
while it is imported, whatever TF_CPP_MIN_LOG_LEVEL says; they are caught, and shown after all
if the import fails.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

__all__ = ["compile_graph", "is_keras", "keras", "tf"]

_START_UP_MESSAGE = re.compile(
    r"\d{4}-\d\d-\d\d |[IWEF]\d{4} |WARNING: All log messages before absl|To enable the following"
)
_loading = threading.RLock()
_loaded = False


def load() -> None:
    """Import TensorFlow and Keras in silence."""
    global _loaded
    with _loading:
        if _loaded:
            return
        backend = os.environ.get("KERAS_BACKEND") or "tensorflow"
        if "keras" in sys.modules:
            backend = sys.modules["keras"].config.backend()
        if backend != "tensorflow":
            raise ImportError(f"mnist_tutorial needs Keras on TensorFlow; its backend is {backend}")
        # TensorFlow reads its log level once; 3 silences the first use of a device, too. The
        # backend is said here because ~/.keras/keras.json may name another.
        level = os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3")
        with _environment(KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL=level), _quiet_start():
            tensorflow = importlib.import_module("tensorflow")
            importlib.import_module("keras")
        gpu_required = os.environ.get("MNIST_TUTORIAL_REQUIRE_GPU") == "1"
        if gpu_required and not tensorflow.config.list_physical_devices("GPU"):
            raise RuntimeError("MNIST_TUTORIAL_REQUIRE_GPU is 1, but TensorFlow sees no GPU")
        _loaded = True


class _Lazy(ModuleType):
    """Stands for a module that is imported when first used."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # pytest, inspect and pickle look around; that is not a use
            raise AttributeError(name)
        load()
        value = getattr(sys.modules[self.__name__], name)
        setattr(self, name, value)
        return value


if TYPE_CHECKING:
    import keras
    import tensorflow as tf
else:
    keras, tf = _Lazy("keras"), _Lazy("tensorflow")


def is_keras(value: Any, kind: str) -> bool:
    """Say whether a value is a Keras Model, Sequential, ...; imports nothing to find out."""
    return any(
        cls.__name__ == kind and cls.__module__.partition(".")[0] == "keras"
        for cls in type(value).__mro__
    )


def compile_graph(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function of tensors and batches, once for each shape of its arguments.

    Traced here and now instead of by ``tf.function``, which warns of many functions of one
    name that are each called only a few times.
    """
    graphs: dict[tuple[Any, ...], Any] = {}

    def in_cross_replica_context(*arguments: Any) -> Any:
        # Keras would otherwise add up the gradients of several devices, and TensorFlow then
        # keeps each graph for good (tensorflow/tensorflow issue 97697).
        return tf.distribute.get_replica_context().merge_call(lambda _: function(*arguments))

    def compiled(*arguments: Any) -> Any:
        arguments = tf.nest.map_structure(np.asarray, arguments)
        shapes = tuple(array.shape for array in tf.nest.flatten(arguments))
        if shapes not in graphs:
            specs = tf.nest.map_structure(
                lambda array: tf.TensorSpec(array.shape, array.dtype), arguments
            )
            graph = tf.function(in_cross_replica_context, autograph=False)
            graphs[shapes] = graph.get_concrete_function(*specs)
        return graphs[shapes](*arguments)

    return compiled


def forget_old_graphs() -> None:
    """Free what TensorFlow keeps of graphs that are gone, 0.4 MB for each model."""
    from tensorflow.python.eager import context

    context.context().clear_kernel_cache()


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    """Set environment variables until the block ends."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


@contextmanager
def _quiet_start() -> Iterator[None]:
    """Catch what is written to file descriptor 2; replay what is not TensorFlow's chatter."""
    try:
        saved = os.dup(2)
    except OSError:  # it is closed, as under pythonw
        yield
        return
    if sys.stderr is not None:
        sys.stderr.flush()
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        failed = True
        try:
            yield
            failed = False
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            caught.seek(0)
            lines = caught.read().decode(errors="replace").splitlines(keepends=True)
            shown = [line for line in lines if failed or not _START_UP_MESSAGE.match(line)]
            with suppress(OSError):
                os.write(2, "".join(shown).encode())
