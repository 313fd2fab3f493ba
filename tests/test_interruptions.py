"""Ctrl-C, with real signals to this process."""

import os
import signal
import threading

import pytest

from mnist_tutorial._interruptions import interruptions_held_back


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture(autouse=True)
def handler():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("again", [False, True], ids=["let through", "interrupted again"])
def test_held_back_until_it_is_let_through_or_comes_again(handler, again):
    lines = []
    with pytest.raises(KeyboardInterrupt), interruptions_held_back() as let_through:
        let_through()
        interrupt()
        lines.append("after the interruption")
        (interrupt if again else let_through)()
        lines.append("never")
    assert lines == ["after the interruption"]
    assert signal.getsignal(signal.SIGINT) is handler


def test_held_back_until_the_block_ends(handler):
    lines = []
    with pytest.raises(KeyboardInterrupt):
        with interruptions_held_back():
            interrupt()
            lines.append("in the block")
        lines.append("never")
    assert lines == ["in the block"]
    assert signal.getsignal(signal.SIGINT) is handler


def test_another_error_leaves_the_handler_as_it_was(handler):
    with pytest.raises(ZeroDivisionError), interruptions_held_back():
        1 / 0  # noqa: B018
    assert signal.getsignal(signal.SIGINT) is handler


def test_nothing_is_done_in_other_threads(handler):
    seen = []

    def run():
        with interruptions_held_back() as let_through:
            seen.append(signal.getsignal(signal.SIGINT))
            let_through()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [handler]


def test_an_ignored_interruption_stays_ignored():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with interruptions_held_back():
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        interrupt()
