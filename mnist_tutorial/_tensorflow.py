"""TensorFlow and Keras, imported without TensorFlow's start-up messages.

TensorFlow writes several lines to file descriptor 2 while it is imported and when it first
touches a device, whatever TF_CPP_MIN_LOG_LEVEL says. They are caught here, and shown after
all if the import fails. Every module that needs TensorFlow gets it from here.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["context", "keras", "operation_threads", "tf"]


@contextmanager
def quiet_start() -> Iterator[None]:
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        failed = True
        try:
            yield
            failed = False
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            if failed:
                caught.seek(0)
                sys.stderr.write(caught.read().decode(errors="replace"))


if os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow":
    raise ImportError(
        "mnist_tutorial trains with Keras on TensorFlow; "
        f"KERAS_BACKEND is set to {os.environ['KERAS_BACKEND']!r}"
    )

with quiet_start():
    import tensorflow as tf

    tf.zeros(1)  # the first use of a device writes messages, too
    import keras
    from tensorflow.python.eager import context

_gpu_required = os.environ.get("MNIST_TUTORIAL_REQUIRE_GPU") == "1"
if _gpu_required and not tf.config.list_physical_devices("GPU"):
    raise RuntimeError("MNIST_TUTORIAL_REQUIRE_GPU is 1, but TensorFlow sees no GPU")


def operation_threads() -> tuple[int, int]:
    """Return the threads that one operation uses on the CPU, and the operations run at once."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    settings = tf.config.threading

    def setting(said_in_python: int, variable: str) -> int:
        said_outside = os.environ.get(variable, "")
        return said_in_python or (said_outside.isdecimal() and int(said_outside)) or cores

    return (
        setting(settings.get_intra_op_parallelism_threads(), "TF_NUM_INTRAOP_THREADS"),
        setting(settings.get_inter_op_parallelism_threads(), "TF_NUM_INTEROP_THREADS"),
    )
