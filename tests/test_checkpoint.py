"""Interrupted training, with real processes and real kills."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np
import pytest

from mnist_tutorial import MnistData, build_dense_model, build_model, random_affine, train
from mnist_tutorial.checkpoint import load_checkpoint, save_checkpoint

# More kills by hand: KILLS=100 python -m pytest tests/test_checkpoint.py
KILLS = int(os.environ.get("KILLS", "2"))
QUICK = {"batches": 24, "batch_size": 16, "validation_batch_size": 50, "progress": False}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.checkpoint"


@pytest.fixture(params=["plain", "fast"])
def engine(request):
    return request.param


def momentum():
    return keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True, use_ema=True)


def run(model=None, optimizer=None, **arguments):
    """Return the weights, and the history, of a training from the start."""
    model = model or build_model()
    history = train(model, MnistData(), optimizer=optimizer or momentum(), **(QUICK | arguments))
    return model.get_weights(), history


def assert_same(one, other):
    for a, b in zip(one[0], other[0], strict=True):
        np.testing.assert_array_equal(a, b)
    assert one[1] == other[1]


def test_a_training_in_two_parts_is_that_in_one(engine, path):
    settings = {"engine": engine, "augment": random_affine, "validation_frequency": 5}
    whole = run(**settings)
    run(**(settings | {"batches": 11}), checkpoint=path, checkpoint_frequency=4)
    assert_same(run(**settings, checkpoint=path, checkpoint_frequency=4), whole)
    # It is at its end: nothing more is trained.
    before = path.read_bytes()
    assert_same(run(**settings, checkpoint=path), whole)
    assert path.read_bytes() == before


class Interrupted(Exception):
    pass


@pytest.mark.parametrize("error", [KeyboardInterrupt, Interrupted])
def test_after_an_interruption_in_a_notebook(engine, path, error, monkeypatch):
    """The same model, data and optimizer go on."""
    whole = run(engine=engine)
    model, data, optimizer = build_model(), MnistData(), momentum()
    arguments = QUICK | {"engine": engine, "checkpoint": path, "checkpoint_frequency": 4}
    calls = []
    next_indices = data.train_sampler.next_indices

    def interrupted(size):
        calls.append(size)
        if len(calls) == 15:
            raise error
        return next_indices(size)

    monkeypatch.setattr(data.train_sampler, "next_indices", interrupted)
    with pytest.raises(error):
        train(model, data, optimizer=optimizer, **arguments)
    assert np.isfinite(model.predict(np.zeros((1, 28, 28, 1)), verbose=0)).all()
    monkeypatch.undo()
    history = train(model, data, optimizer=optimizer, **arguments)
    assert_same((model.get_weights(), history), whole)


TRAINING = """
import hashlib, json, sys
from mnist_tutorial import MnistData, build_model, train
import keras

engine, path = sys.argv[1:]
model, data = build_model(), MnistData()
print("ready", flush=True)
history = train(
    model,
    data,
    optimizer=keras.optimizers.SGD(0.05, momentum=0.9),
    batches=200,
    validation_frequency=50,
    engine=engine,
    checkpoint=path,
    checkpoint_frequency=2,
    progress=False,
)
content = b"".join(w.tobytes() for w in model.get_weights())
print(hashlib.sha256(content + json.dumps(history.history).encode()).hexdigest())
"""


@contextmanager
def training(*arguments):
    """A process that is about to train; killed at the end."""
    command = [sys.executable, "-c", TRAINING, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def test_killed_at_random_moments(engine, path):
    """Killed with SIGKILL again and again, saves included, it ends as if nothing had been."""
    with training(engine, path) as process:
        begin = time.monotonic()
        whole = process.stdout.readline()
        seconds = time.monotonic() - begin
    assert len(whole) == 65
    path.unlink()
    rng, steps, kills = random.Random(engine), [0], 0
    while kills < KILLS:
        with training(engine, path) as process:
            try:
                process.wait(rng.uniform(0, 1) * seconds)
                # Too late to be killed: it must have ended well, and the next begins anew.
                assert process.stdout.readline() == whole
                path.unlink()
                steps.append(0)
                continue
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
        kills += 1
        # Each leaves a whole file, of no fewer steps than the one before.
        steps.append(len(load_checkpoint(path)[0]["loss"]) if path.exists() else 0)
        assert steps[-1] >= steps[-2]
        if steps[-1] == 200:
            path.unlink()
            steps.append(0)
    with training(engine, path) as process:
        assert process.stdout.readline() == whole
    assert max(steps) > 0
    print(f"{engine}: {kills} kills, after which the file held {steps} steps")


INTERRUPTED = """
import os, signal, sys
import numpy as np
from mnist_tutorial import MnistData, build_model, load_checkpoint, train

engine, path = sys.argv[1:]
# A process that was started in the background would ignore the signal.
signal.signal(signal.SIGINT, signal.default_int_handler)
def begin():
    return build_model(), MnistData(), {"batches": 150, "engine": engine, "progress": False}
model, data, arguments = begin()
whole = train(model, data, **arguments), model.get_weights()
model, data, arguments = begin()
begun = False
while True:
    try:
        print("training", flush=True)
        history = train(model, data, **arguments, checkpoint=path, checkpoint_frequency=5)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        break
    except KeyboardInterrupt:
        assert np.isfinite(model.predict(np.zeros((1, 28, 28, 1)), verbose=0)).all()
        # It may have been interrupted before the file was begun; then it must stay.
        begun = begun or os.path.exists(path)
        if begun:
            load_checkpoint(path)
        print("interrupted", flush=True)
same = all(map(np.array_equal, model.get_weights(), whole[1]))
print("the same" if same and history == whole[0] else "another", flush=True)
"""


def test_the_stop_button_at_random_moments(engine, path):
    """KeyboardInterrupt leaves a usable model and a whole file; the same process goes on."""
    command = [sys.executable, "-c", INTERRUPTED, engine, path]
    rng, interruptions = random.Random(engine), 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if line == "training\n" and interruptions < 10:
                time.sleep(rng.uniform(0, 0.3))
                process.send_signal(signal.SIGINT)
            interruptions += line == "interrupted\n"
    assert line == "the same\n"
    assert interruptions >= 5


def test_killed_while_writing(path):
    """A hundred processes that do nothing but write are killed."""
    script = """
import itertools, sys
import numpy as np
from mnist_tutorial.checkpoint import save_checkpoint
for step in itertools.count(int(sys.argv[2])):
    save_checkpoint(sys.argv[1], {"weights": np.full(30_000, step)}, {"step": step})
    if step == int(sys.argv[2]):
        print("writing", flush=True)
"""
    rng, step, unfinished = random.Random(0), 0, 0
    for _ in range(100):
        command = [sys.executable, "-c", script, path, str(step)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "writing\n"
            time.sleep(rng.uniform(0, 0.02))
            process.kill()
        arrays, facts = load_checkpoint(path)
        assert facts["step"] >= step and (arrays["weights"] == facts["step"]).all()
        step = facts["step"]
        unfinished += path.with_name(f"{path.name}.unfinished").exists()
    # Some of them were killed between the beginning and the end of a file.
    assert unfinished > 0 and step > 100


def saved(path):
    save_checkpoint(path, {"a": np.arange(6.0).reshape(2, 3), "b": np.float32(1)}, {"step": 3})
    return path.read_bytes()


def test_what_is_saved_is_loaded(path):
    saved(path)
    arrays, facts = load_checkpoint(path)
    assert facts == {"step": 3}
    np.testing.assert_array_equal(arrays["a"], [[0, 1, 2], [3, 4, 5]])
    assert arrays["b"].shape == () and arrays["b"].dtype == np.float32


def test_every_changed_byte_is_noticed(path):
    content = saved(path)
    for place in range(len(content)):
        for bit in (1, 128):
            path.write_bytes(content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :])
            with pytest.raises(ValueError, match=r"run.checkpoint: damaged, or no checkpoint"):
                load_checkpoint(path)


def test_every_cut_is_noticed(path):
    content = saved(path)
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match="damaged, or no checkpoint"):
            load_checkpoint(path)


def test_pickled_arrays_and_absurd_shapes_are_no_checkpoint(path):
    np.save(path.with_suffix(".npy"), np.array([Path]), allow_pickle=True)
    for content in (
        path.with_suffix(".npy").read_bytes(),
        b"",
        b"\x80\x04c" + b"builtins\neval\n",
        (
            header := json.dumps(
                {"a": {"dtype": "F64", "shape": [2**40, 2**20], "data_offsets": [0, 8]}}
            ).encode()
        )
        .__len__()
        .to_bytes(8, "little")
        + header
        + bytes(8),
        (2**62).to_bytes(8, "little") + b"{}",
    ):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="damaged, or no checkpoint"):
            load_checkpoint(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch_size": 32}, "its batch_size differs: 16 there, 32 here"),
        ({"engine": "fast"}, "its engine differs: plain there, fast here"),
        ({"validation_frequency": None}, "its validation_frequency differs: 5 there, None here"),
        ({"augment": random_affine}, "its augment differs"),
        ({"optimizer": keras.optimizers.SGD(0.05)}, "its optimizer differs; name another file"),
        ({"model": build_dense_model()}, "its model differs; name another file"),
        ({"data": MnistData(seed=1)}, "its seed differs: 0 there, 1 here"),
        ({"batches": 3}, "has trained 8 batches; batches is 3"),
    ],
)
def test_another_training_is_refused(path, change, message):
    def go(model, data, **arguments):
        return train(model, data, checkpoint=path, **(QUICK | {"batches": 8} | arguments))

    go(build_model(), MnistData(), optimizer=momentum())
    before = path.read_bytes()
    arguments = {"model": build_model(), "data": MnistData(), "optimizer": momentum()} | change
    weights = arguments["model"].get_weights()
    with pytest.raises(ValueError, match=message) as error:
        go(**arguments)
    assert "\n" not in str(error.value)
    assert path.read_bytes() == before
    for one, other in zip(arguments["model"].get_weights(), weights, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("change", ["shape", "type", "missing", "nan"])
def test_a_well_formed_file_with_wrong_weights_is_refused(path, change):
    model = build_model()
    arguments = QUICK | {"batches": 2, "checkpoint": path}
    train(model, MnistData(), **arguments)
    arrays, facts = load_checkpoint(path)
    name = "model 0"
    if change == "shape":
        arrays[name] = arrays[name][:1]
    elif change == "type":
        arrays[name] = arrays[name].astype(np.float64)
    elif change == "missing":
        del arrays[name]
    else:
        arrays[name].flat[0] = np.nan
    save_checkpoint(path, arrays, facts)
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"other names, shapes or types|is not finite"):
        train(model, MnistData(), **arguments)
    for one, other in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_full_disk_leaves_the_last_good_file(path):
    content = saved(path)
    path.with_name(f"{path.name}.unfinished").symlink_to("/dev/full")
    with pytest.raises(OSError, match=r"No space left on device.*before is unchanged"):
        saved(path)
    assert path.read_bytes() == content


def test_a_folder_without_permission_leaves_the_last_good_file(path):
    content = saved(path)
    script = f"""
import os, sys
import numpy as np
from mnist_tutorial.checkpoint import save_checkpoint
if os.getuid() == 0:
    os.setresuid(65534, 65534, 65534)  # the administrator may write everywhere
try:
    save_checkpoint({str(path)!r}, {{"a": np.zeros(3)}}, {{}})
except PermissionError as error:
    print(error)
"""
    folders = [path.parent, *path.parent.parents][:-2]
    modes = {folder: folder.stat().st_mode for folder in folders}
    try:
        for folder in folders:
            folder.chmod(modes[folder] | 0o555)
        path.parent.chmod(0o555)
        result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    finally:
        for folder, mode in modes.items():
            folder.chmod(mode)
    assert "the checkpoint could not be written (Permission denied)" in result.stdout
    assert path.read_bytes() == content


@pytest.mark.parametrize("place", ["missing/run.checkpoint", "."])
def test_a_checkpoint_that_cannot_be_written_is_said_before_training(tmp_path, place):
    model = build_model()
    before = model.get_weights()[0]
    with pytest.raises((OSError, ValueError), match=r"could not be written|not a regular file"):
        train(model, MnistData(), checkpoint=tmp_path / place, **QUICK)
    np.testing.assert_array_equal(model.get_weights()[0], before)


def test_path_of_the_wrong_type():
    with pytest.raises(TypeError, match="checkpoint must be a path; got 3"):
        train(build_model(), MnistData(), checkpoint=3, **QUICK)
