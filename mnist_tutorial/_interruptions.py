"""Ctrl-C and a notebook's stop button, held back until a training can be left."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def interruptions_held_back() -> Iterator[Callable[[], None]]:
    """Hold back an interruption until the yielded function is called, or the block ends.

    TensorFlow does not survive a KeyboardInterrupt everywhere: between two of its lines that
    belong together, it leaves the process in graph mode. A second interruption comes through
    at once. Only the main thread is interrupted, so nothing is done in others.
    """
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield lambda: None
        return
    pending = False

    def hold_back(number: int, frame: object) -> None:
        nonlocal pending
        if pending:
            let_through()
        pending = True

    def let_through() -> None:
        nonlocal pending
        if pending:
            pending = False
            handler(signal.SIGINT, None)

    signal.signal(signal.SIGINT, hold_back)
    try:
        yield let_through
    finally:
        signal.signal(signal.SIGINT, handler)
    let_through()
