"""Worker processes on this machine: started together, watched, and stopped together."""

from __future__ import annotations

import functools
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from mnist_tutorial._internal.files import write_whole

_GRACE = 10.0  # seconds for a worker to write its checkpoint before it is killed
_PROGRESS = "progress"  # the file in which the first worker says how far it is
_ADVICE = "the others were stopped; call again to continue from the last checkpoint"


class Workers:
    """Processes that each run one job as a worker, as a context that leaves none behind."""

    def __init__(self, job: dict[str, Any], workers: int) -> None:
        self.stack = ExitStack()
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.processes: list[subprocess.Popen[bytes]] = []
        try:
            (self.folder / "job").write_bytes(pickle.dumps(job))
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            self.stack.close()
            raise ValueError(f"build and optimizer must be importable by others: {error}") from None
        self.count = workers

    def __enter__(self) -> Workers:
        from mnist_tutorial.further.cluster import cluster_config

        hosts = [f"127.0.0.1:{port}" for port in free_ports(self.count)]
        for rank in range(self.count):
            environment = os.environ | {
                "TF_CONFIG": cluster_config(hosts, rank),
                "TF_NUM_INTRAOP_THREADS": str(max(1, (os.cpu_count() or 1) // self.count)),
                "CUDA_VISIBLE_DEVICES": "-1",  # they would take each other's memory
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            }
            with (self.folder / f"{rank}.output").open("wb") as output:
                process = subprocess.Popen(
                    [sys.executable, "-m", __name__, str(self.folder), str(rank)],
                    env=environment,
                    stdin=subprocess.PIPE,  # closed when this process ends: so do they
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # Ctrl-C is for this process, which stops them
                )
            self.processes.append(process)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self.stack:
            if kind is not None and issubclass(kind, KeyboardInterrupt) and self.processes:
                # The first one writes its checkpoint; to end its step it needs the others.
                with suppress(subprocess.TimeoutExpired, ValueError):
                    self.processes[0].send_signal(signal.SIGINT)
                    self.processes[0].wait(_GRACE)
            for process in self.processes:
                process.kill()
                process.wait()
                if process.stdin is not None:
                    process.stdin.close()

    def wait(self, bar: Any = None) -> Any:
        """Wait for all, and return what they agree on; raise an error as soon as one fails.

        A progress bar, of tqdm, is kept where the first worker is.
        """
        while not all(map(self._is_done, range(self.count))):
            if any(map(self._has_failed, range(self.count))):
                raise self._reason()
            if bar is not None:
                self._show(bar)
            time.sleep(0.05)
        contents = [(self.folder / f"{rank}.result").read_bytes() for rank in range(self.count)]
        if len(set(contents)) > 1:
            raise RuntimeError("the workers ended with different weights or histories")
        return pickle.loads(contents[0])

    def _show(self, bar: Any) -> None:
        with suppress(OSError):  # there is nothing yet
            bar.n, bar.total, figures = json.loads((self.folder / _PROGRESS).read_text())
            bar.set_postfix_str(figures, refresh=False)
            bar.update(0)

    def _is_done(self, rank: int) -> bool:
        return (self.folder / f"{rank}.result").exists()

    def _has_failed(self, rank: int) -> bool:
        return self.processes[rank].poll() is not None and not self._is_done(rank)

    def _reason(self) -> BaseException:
        """Return the error of the worker that failed first: the others fail because of it."""
        time.sleep(0.5)
        failed = [rank for rank in range(self.count) if self._has_failed(rank)]
        for rank in failed:
            code = self.processes[rank].returncode
            if code < 0 and code != -signal.SIGABRT:  # which is how TensorFlow gives up
                name = signal.Signals(-code).name
                return ChildProcessError(f"worker {rank} was killed ({name}); {_ADVICE}")
        for rank in failed:
            if (path := self.folder / f"{rank}.error").exists():
                error: BaseException = pickle.loads(path.read_bytes())
                if not isinstance(error, ConnectionError):
                    return error
        hanging = [rank for rank in range(self.count) if self.processes[rank].poll() is None]
        if hanging:
            return ChildProcessError(f"worker {hanging[0]} no longer answers; {_ADVICE}")
        lines = (self.folder / f"{failed[0]}.output").read_text(errors="replace").splitlines()
        said = f" ({lines[-1]})" if lines else ""
        return ChildProcessError(f"worker {failed[0]} ended early{said}; {_ADVICE}")


class PeersWatched:
    """A block in which this process works with others; it ends when one of them is gone.

    TensorFlow notices most of what happens to others. A thread watches for the rest: if the
    history of ``model`` does not grow for ``limit`` seconds, the process ends at once.
    """

    def __init__(self, limit: float, first_limit: float = 300.0) -> None:
        self.limit, self.first_limit = limit, first_limit
        self.model: Any = None
        self._over = threading.Event()
        task = json.loads(os.environ.get("TF_CONFIG") or "{}").get("task", {})
        self.name = f"worker {task.get('index', 0)}"

    def __enter__(self) -> PeersWatched:
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        self._over.set()
        if type(error).__name__ in _CONNECTION_ERRORS:
            raise ConnectionError(
                f"{self.name}: another worker is gone, so this one stops; "
                "start all again to continue from the last checkpoint"
            ) from None

    def _watch(self) -> None:
        length, growths = -1, 0
        since = time.monotonic()
        while not self._over.wait(0.5):
            history = getattr(self.model, "history", None)
            if history is not None and len(history) != length:
                length, growths = len(history), growths + 1
                since = time.monotonic()
            # What the first step waits for: all others to start, and a compilation.
            limit = self.limit if growths > 1 else self.first_limit
            if time.monotonic() - since > limit:
                message = f"{self.name}: no step for {limit:g} s, so another worker hangs; stopping"
                print(message, file=sys.stderr, flush=True)
                os._exit(1)


_CONNECTION_ERRORS = {
    "UnavailableError", "AbortedError", "CancelledError", "DeadlineExceededError",
    "FailedPreconditionError", "InternalError",
}  # fmt: skip


def free_ports(count: int) -> list[int]:
    """Return ports of 127.0.0.1 that nobody listens on."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def main(folder: Path, rank: int) -> None:
    """Run the job of a folder as one worker, and write its result or its error there."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background
    try:
        from mnist_tutorial.further.cluster import train_as_worker

        job = pickle.loads((folder / "job").read_bytes())
        if rank == 0:
            job["build"] = functools.partial(_build_watched, job["build"], folder, job)
        model, history = train_as_worker(**job)
        write_whole(folder / f"{rank}.result", pickle.dumps((model.get_weights(), history)))
    except BaseException as error:
        with suppress(Exception):
            write_whole(folder / f"{rank}.error", pickle.dumps(error))
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(1)  # TensorFlow's own end would wait for workers that are gone
    os._exit(0)


def _build_watched(build: Callable[[], Any], folder: Path, job: dict[str, Any]) -> Any:
    """Build the model, and report from now on how far its training is."""
    model = build()
    threading.Thread(target=_report, args=(model, folder / _PROGRESS, job), daemon=True).start()
    return model


def _report(model: Any, path: Path, job: dict[str, Any]) -> None:
    from mnist_tutorial._internal.run import count_batches, latest_figures

    while True:
        time.sleep(0.2)
        if (history := getattr(model, "history", None)) is not None:
            total = count_batches(job["data"], **job)
            unfinished = path.with_suffix(".unfinished")
            unfinished.write_text(json.dumps([len(history), total, latest_figures(history)]))
            os.replace(unfinished, path)


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
