"""Ctrl-C, a notebook's stop button and SIGTERM, held back until a training can be left."""

from __future__ import annotations

import signal
import threading
from typing import Any


class DeferredInterruption:
    """Hold back an interruption until :meth:`let_through` is called, or the block ends.

    TensorFlow does not survive a KeyboardInterrupt everywhere: between two of its lines that
    belong together, one leaves the process in graph mode. A second interruption comes through
    at once. Only the main thread is interrupted, so nothing is done in others.
    """

    def __init__(self) -> None:
        self.pending: int | None = None
        self._handlers: dict[int, Any] = {}

    def __enter__(self) -> DeferredInterruption:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                handler = signal.getsignal(number)
                if handler not in (signal.SIG_IGN, None):
                    self._handlers[number] = handler
                    signal.signal(number, self._hold_back)
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        if error is None and self.pending:
            signal.raise_signal(self.pending)

    def let_through(self) -> None:
        """Interrupt now if an interruption came."""
        if self.pending:
            number, self.pending = self.pending, None
            signal.signal(number, self._handlers[number])
            signal.raise_signal(number)
            signal.signal(number, self._hold_back)  # its handler chose to go on

    def _hold_back(self, number: int, frame: object) -> None:
        if self.pending:
            self.let_through()
        self.pending = number
