"""Files that are written whole, and held by one process at a time."""

import errno
import os
import stat
import subprocess
import sys

import pytest

from mnist_tutorial._internal.files import locked, write_whole


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file"


def names(path):
    return sorted(child.name for child in path.parent.iterdir())


def test_written_and_written_again(path):
    for content in (b"one", b"two"):
        write_whole(path, content)
        assert path.read_bytes() == content
    assert names(path) == ["file"]


def test_a_new_file_has_the_usual_mode_and_an_old_one_keeps_its_own(path):
    before = os.umask(0o027)
    try:
        write_whole(path, b"one")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.chmod(0o600)
    write_whole(path, b"two")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_stays_a_link(path, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    target = tmp_path / "elsewhere/target"
    target.write_bytes(b"old")
    path.symlink_to(target)
    write_whole(path, b"new")
    assert path.is_symlink() and target.read_bytes() == b"new"


@pytest.mark.parametrize("operation", ["fsync", "replace"])
def test_a_failure_leaves_the_old_file_and_nothing_else(path, monkeypatch, operation):
    write_whole(path, b"old")

    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, operation, fail)
    with pytest.raises(OSError, match="No space left on device"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old" and names(path) == ["file"]


def test_forced_to_the_disk_before_it_is_renamed_and_with_its_folder_after(path, monkeypatch):
    calls, fsync, replace = [], os.fsync, os.replace

    def recording_fsync(descriptor):
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        calls.append("fsync of the folder" if is_folder else "fsync")
        fsync(descriptor)

    def recording_replace(*paths):
        calls.append("replace")
        replace(*paths)

    monkeypatch.setattr(os, "fsync", recording_fsync)
    monkeypatch.setattr(os, "replace", recording_replace)
    write_whole(path, b"new")
    assert calls == ["fsync", "replace", "fsync of the folder"]


def test_a_planted_link_or_pipe_beside_it_does_no_harm(path, tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / ".file.1.unfinished").symlink_to(victim)
    os.mkfifo(tmp_path / "file.unfinished")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new" and victim.read_bytes() == b"precious"


def test_a_protected_file_is_not_replaced(path):
    write_whole(path, b"old")
    path.chmod(0o444)
    with pytest.raises(PermissionError, match=path.name):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old" and os.listdir(path.parent) == [path.name]


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(ValueError, match="not a regular file"):
        write_whole(tmp_path, b"")


HOLD = """
import sys, time
from pathlib import Path
from mnist_tutorial._internal.files import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_held_by_one_process_until_it_dies(path):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, path], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "held\n"
        message = f"{path}: another training run is using this checkpoint"
        with pytest.raises(BlockingIOError) as caught, locked(path):
            pass
        assert str(caught.value) == message
        process.kill()
    with locked(path):
        pass


def test_what_a_killed_process_left_is_removed(path, tmp_path):
    (tmp_path / ".file.abcdefgh.unfinished").write_bytes(b"half")
    (tmp_path / ".other.abcdefgh.unfinished").write_bytes(b"somebody else's")
    with locked(path):
        pass
    assert names(path) == [".other.abcdefgh.unfinished"]


def test_held_again_after_an_error(path):
    with pytest.raises(ZeroDivisionError), locked(path):
        1 / 0  # noqa: B018
    with locked(path):
        pass


def test_a_lock_leaves_the_files_of_similar_names(path, tmp_path):
    (tmp_path / ".file.2.abcdefgh.unfinished").write_bytes(b"of file.2")
    with locked(path):
        pass
    assert names(path) == [".file.2.abcdefgh.unfinished"]
