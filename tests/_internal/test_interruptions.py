"""Interruptions with real signals."""

import os
import signal
import threading

import pytest

from mnist_tutorial._internal.interruptions import DeferredInterruption


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture
def handler():
    """A process that was started in the background would ignore the signal."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("again", [False, True], ids=["let through", "interrupted again"])
def test_held_back_until_it_is_let_through_or_comes_again(handler, again):
    lines = []
    with pytest.raises(KeyboardInterrupt), DeferredInterruption() as interruption:
        interruption.let_through()
        interrupt()
        lines.append("after the interruption")
        (interrupt if again else interruption.let_through)()
        lines.append("never")
    assert lines == ["after the interruption"]
    assert signal.getsignal(signal.SIGINT) is handler


def test_held_back_until_the_block_ends(handler):
    lines = []
    with pytest.raises(KeyboardInterrupt):
        with DeferredInterruption():
            interrupt()
            lines.append("after the interruption")
        lines.append("never")
    assert lines == ["after the interruption"]
    assert signal.getsignal(signal.SIGINT) is handler


def test_another_error_leaves_the_handler_as_it_was(handler):
    with pytest.raises(ZeroDivisionError), DeferredInterruption():
        1 / 0  # noqa: B018
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_handler_that_goes_on_is_called_each_time():
    calls = []
    before = signal.signal(signal.SIGTERM, lambda *_: calls.append("stop"))
    try:
        with DeferredInterruption() as interruption:
            for earlier in range(2):
                os.kill(os.getpid(), signal.SIGTERM)
                assert len(calls) == earlier  # held back, the second time too
                interruption.let_through()
        assert calls == ["stop", "stop"]
    finally:
        signal.signal(signal.SIGTERM, before)


def test_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with DeferredInterruption() as interruption:
            interrupt()
            assert interruption.pending is None
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_are_left_alone():
    seen = []

    def work():
        with DeferredInterruption() as interruption:
            interruption.let_through()
            seen.append(signal.getsignal(signal.SIGINT))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]
