"""Interrupted training, with real processes and real kills; and files that are not as written."""

import functools
import json
import os
import stat
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from mnist_tutorial import History, MnistData, train
from mnist_tutorial._internal.tensorflow import keras
from mnist_tutorial.further import load_checkpoint, random_affine, save_checkpoint
from mnist_tutorial.layers import build_dense_model, build_model

# More kills by hand: KILLS=100 python -m pytest tests/further/test_checkpoint.py
KILLS = int(os.environ.get("KILLS", "6"))
QUICK = {"batches": 24, "batch_size": 16, "validation_batch_size": 50, "progress": False}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.checkpoint"


@pytest.fixture(scope="module")
def data():
    return MnistData()


def momentum():
    return keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True, use_ema=True)


def run(model=None, optimizer=None, data=None, **arguments):
    """Return the weights, and the history, of a training run from the start."""
    model = model or build_model()
    arguments = QUICK | arguments
    history = train(model, data or MnistData(), optimizer=optimizer or momentum(), **arguments)
    return model.get_weights(), history


def assert_same(one, other):
    for a, b in zip(one[0], other[0], strict=True):
        np.testing.assert_array_equal(a, b)
    assert one[1] == other[1]


# --- a training run that continues ---------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [{"augment": random_affine}, {"patience": 2, "validation_interval": 3, "batches": 90}],
    ids=["augmented", "with patience"],
)
def test_two_parts_give_the_same_as_one_run(path, settings):
    whole = run(**settings)
    run(**(settings | {"batches": 11}), checkpoint=path, checkpoint_interval=4)
    assert_same(run(**settings, checkpoint=path, checkpoint_interval=4), whole)
    # It has reached its end: nothing more is trained.
    before = path.read_bytes()
    assert_same(run(**settings, checkpoint=path), whole)
    assert path.read_bytes() == before


class Interrupted(Exception):
    pass


@pytest.mark.parametrize("error", [KeyboardInterrupt, Interrupted])
def test_after_an_interruption_the_same_model_continues(path, error, monkeypatch):
    whole = run()
    model, data, optimizer = build_model(), MnistData(), momentum()
    arguments = QUICK | {"checkpoint": path, "checkpoint_interval": 4}
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


class Poison:
    """An augmentation that makes the images of one step NaN, as long as it is switched on."""

    on = True

    def __call__(self, images, seed):
        return images * np.float32(np.nan if self.on and seed[1] == 13 else 1)


def linear_model():
    """Build a model that passes NaN on, as a relu does not."""
    start = keras.initializers.GlorotUniform(seed=0)
    dense = keras.layers.Dense(10, activation="softmax", kernel_initializer=start)
    return keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten(), dense])


def test_a_loss_of_nan_keeps_the_last_finite_checkpoint(path):
    poison = Poison()
    arguments = {"augment": poison, "checkpoint": path, "checkpoint_interval": 3}
    with pytest.raises(FloatingPointError, match=r"^the loss of batch 14 is nan: training has"):
        run(linear_model(), **arguments)
    arrays, _ = load_checkpoint(path)
    assert len(arrays["loss"]) == 12
    assert all(np.isfinite(array).all() for array in arrays.values())
    poison.on = False
    assert_same(run(linear_model(), **arguments), run(linear_model(), augment=poison))


def test_weights_that_are_not_finite_are_not_saved(path):
    """The loss, taken before the update, is still finite."""
    with pytest.raises(FloatingPointError, match=r"^batch 14: model 0 is not finite: .* diverged"):
        run(augment=Poison(), checkpoint=path, checkpoint_interval=1)
    assert len(load_checkpoint(path)[0]["loss"]) == 13


@pytest.mark.parametrize(
    ("augment", "same", "other"),
    [
        (
            lambda: functools.partial(random_affine, shift=2),
            lambda: functools.partial(random_affine, shift=2),
            lambda: functools.partial(random_affine, shift=3),
        ),
        (lambda: Brighten(0.5), lambda: Brighten(0.5), lambda: random_affine),
    ],
    ids=["partial", "object"],
)
def test_augmentation_by_a_partial_or_an_object(path, augment, same, other):
    whole = run(augment=augment())
    run(augment=augment(), checkpoint=path, batches=10)
    with pytest.raises(ValueError, match="its augment differs"):
        run(augment=other(), checkpoint=path)
    assert_same(run(augment=same(), checkpoint=path), whole)


class Brighten:
    def __init__(self, power):
        self.power = power

    def __call__(self, images, seed):
        return images**self.power


@pytest.mark.parametrize("seed", [2**31, 2**32 - 1])
def test_seeds_that_need_32_bits(path, seed):
    data = functools.partial(MnistData, seed=seed)
    arguments = {"augment": random_affine, "batches": 4}
    whole = run(data=data(), **arguments)
    run(data=data(), checkpoint=path, **(arguments | {"batches": 2}))
    assert_same(run(data=data(), checkpoint=path, **arguments), whole)


# --- other processes -----------------------------------------------------------------------

# TensorFlow is imported once, and used only in the processes that are forked from this one.
PROCESSES = """
import hashlib, json, multiprocessing, os, random, signal, sys, time, traceback
from pathlib import Path
import numpy as np
from mnist_tutorial import MnistData, build_model, train
from mnist_tutorial._internal.tensorflow import keras, load
from mnist_tutorial.further import load_checkpoint

load()
fork = multiprocessing.get_context("fork")


class Process:
    def __init__(self, function):
        self.pipe, pipe = fork.Pipe()
        self.process = fork.Process(target=function, args=(pipe,))
        self.process.start()
        pipe.close()
        self.receive, self.wait = self.pipe.recv, self.process.join

    def send_signal(self, number):
        os.kill(self.process.pid, number)


def training(pipe):
    try:
        model = build_model()
        history = train(
            model, MnistData(), optimizer=keras.optimizers.SGD(0.05, momentum=0.9),
            batches=200, batch_size=16, validation_batch_size=50, validation_interval=50,
            checkpoint=path, checkpoint_interval=2, progress=False,
        )
        content = b"".join(weight.tobytes() for weight in model.get_weights())
        pipe.send(hashlib.sha256(content + json.dumps(history.history).encode()).hexdigest())
    except OSError as error:
        pipe.send(repr(error))


def undisturbed(path):
    begin = time.monotonic()
    process = Process(training)
    digest = process.receive()
    process.wait()
    path.unlink()
    return digest, time.monotonic() - begin


def answer(pipe, script):
    try:
        exec(script, globals())
        pipe.send(result)
    except BaseException:
        pipe.send(traceback.format_exc())


for line in sys.stdin:
    script, path, count = json.loads(line)
    path = Path(path)
    process = Process(lambda pipe: answer(pipe, script))
    print(json.dumps(process.receive()), flush=True)
    process.wait()
"""


@pytest.fixture(scope="module")
def run_processes():
    """A function that runs a script, with a path and a count, and returns its ``result``."""
    command = [sys.executable, "-W", "ignore", "-c", PROCESSES]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:

        def run(script, path, count=1):
            print(json.dumps([script, str(path), count]), file=process.stdin, flush=True)
            result = json.loads(process.stdout.readline())
            assert not isinstance(result, str), result
            return result

        yield run
        process.stdin.close()


def test_killed_at_random_moments(path, run_processes):
    """Killed with SIGKILL again and again, it ends as if nothing had happened."""
    result = run_processes(
        """
whole, seconds = undisturbed(path)
rng, steps, kills = random.Random(0), [0], 0
while kills < count:
    process = Process(training)
    process.wait(rng.uniform(0.1, 0.9) * seconds)
    if process.process.exitcode is not None:
        # Too late to be killed: it must have ended well, and the next one starts again.
        assert process.receive() == whole
        path.unlink()
        steps.append(0)
        continue
    process.send_signal(signal.SIGKILL)
    process.wait()
    kills += 1
    # Each leaves a whole file, of no fewer steps than the one before.
    steps.append(len(load_checkpoint(path)[0]["loss"]) if path.exists() else 0)
    assert steps[-1] >= steps[-2]
    if steps[-1] == 200:
        path.unlink()
        steps.append(0)
process = Process(training)
result = [whole, process.receive(), steps]
process.wait()
""",
        path,
        KILLS,
    )
    whole, resumed, steps = result
    print(f"{KILLS} kills, after which the file held {steps} steps")
    assert len(whole) == 64 and resumed == whole
    assert max(steps) > 0
    # Nothing is left but the checkpoint.
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_second_run_on_one_checkpoint_is_refused(path, run_processes):
    whole, first, second, third = run_processes(
        """
whole, _ = undisturbed(path)
first = Process(training)
while not path.exists():
    time.sleep(0.01)
second = Process(training)
refusal = second.receive()
digest = first.receive()
first.wait(), second.wait()
third = Process(training)  # the lock is gone with the first
result = [whole, digest, refusal, third.receive()]
third.wait()
""",
        path,
    )
    assert first == third == whole
    message = f"{path}: another training run is using this checkpoint"
    assert second == f"BlockingIOError({message!r})"


def test_stopped_at_random_moments(path, run_processes):
    """KeyboardInterrupt leaves a usable model and a whole file; the same process goes on."""
    verdict, interruptions = run_processes(
        """
def begin():
    arguments = {"batches": 400, "batch_size": 16, "validation_batch_size": 50, "progress": False}
    return build_model(), MnistData(), arguments


def interrupted(pipe):
    # A process that was started in the background would ignore the signal.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    model, data, arguments = begin()
    whole = train(model, data, **arguments), model.get_weights()
    model, data, arguments = begin()
    begun = False
    while True:
        try:
            pipe.send("training")
            history = train(model, data, **arguments, checkpoint=path, checkpoint_interval=5)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            break
        except KeyboardInterrupt:
            assert np.isfinite(model.predict(np.zeros((1, 28, 28, 1)), verbose=0)).all()
            # It may have been interrupted before the file was begun; then it must stay.
            begun = begun or path.exists()
            if begun:
                load_checkpoint(path)
            pipe.send("interrupted")
    same = all(map(np.array_equal, model.get_weights(), whole[1]))
    pipe.send("the same" if same and history == whole[0] else "another")


process, rng, interruptions = Process(interrupted), random.Random(1), 0
while (said := process.receive()) in ("training", "interrupted"):
    interruptions += said == "interrupted"
    if said == "training" and interruptions < count:
        time.sleep(rng.uniform(0, 0.3))
        process.send_signal(signal.SIGINT)
process.wait()
result = [said, interruptions]
""",
        path,
        10,
    )
    assert verdict == "the same"
    assert interruptions >= 5


def test_killed_while_writing(path, run_processes):
    """A hundred processes that do nothing but write are killed."""
    steps, unfinished = run_processes(
        """
import itertools
from mnist_tutorial._internal.files import locked
from mnist_tutorial.further import save_checkpoint

def write(pipe, first):
    for step in itertools.count(first):
        save_checkpoint(path, {"weights": np.full(30_000, step)}, {"step": step})
        if step == first:
            pipe.send("writing")

rng, steps = random.Random(0), [0]
for _ in range(count):
    process = Process(lambda pipe: write(pipe, steps[-1]))
    process.receive()
    time.sleep(rng.uniform(0, 0.02))
    process.send_signal(signal.SIGKILL)
    process.wait()
    arrays, facts = load_checkpoint(path)
    assert (arrays["weights"] == facts["step"]).all()
    steps.append(facts["step"])
unfinished = len(list(path.parent.iterdir())) - 1
with locked(path):
    pass
result = [steps, unfinished]
""",
        path,
        100,
    )
    assert steps == sorted(steps) and steps[-1] > 100
    # Some were killed in the middle of a file; the next training run removes what they left.
    assert unfinished > 0
    assert [file.name for file in path.parent.iterdir()] == [path.name]


# --- what lies beside the file, and where it leads --------------------------------------------


def neighbours(path):
    """Names that a plain temporary file, or the lock, might have."""
    names = [".{}.lock", "{}.lock", "{}.tmp", "{}.unfinished", ".{}.unfinished", ".{}.x.unfinished"]
    return [path.with_name(name.format(path.name)) for name in names]


def test_links_beside_the_file_do_no_harm(path, tmp_path_factory):
    victim = tmp_path_factory.mktemp("elsewhere") / "victim"
    victim.write_text("precious")
    for neighbour in neighbours(path)[1:]:
        neighbour.symlink_to(victim)
    run(batches=2, checkpoint=path)
    assert victim.read_text() == "precious"
    assert path.is_file() and not path.is_symlink()


def test_a_link_in_place_of_the_lock_does_no_harm(path, tmp_path_factory):
    victim = tmp_path_factory.mktemp("elsewhere") / "victim"
    victim.write_text("precious")
    neighbours(path)[0].symlink_to(victim)
    with pytest.raises(OSError) as caught:
        run(batches=2, checkpoint=path)
    assert "\n" not in str(caught.value)
    assert victim.read_text() == "precious"


def test_a_fifo_beside_the_file_blocks_nothing(path):
    for neighbour in neighbours(path):
        os.mkfifo(neighbour)
    run(batches=2, checkpoint=path)
    assert len(load_checkpoint(path)[0]["loss"]) == 2


def test_a_link_is_followed_and_the_mode_is_kept(path, tmp_path):
    target = tmp_path / "elsewhere" / "target"
    target.parent.mkdir()
    path.symlink_to(target)
    run(batches=2, checkpoint=path)
    assert path.is_symlink() and not target.is_symlink()
    target.chmod(0o640)
    run(batches=4, checkpoint=path)
    assert path.is_symlink() and stat.S_IMODE(target.stat().st_mode) == 0o640
    assert len(load_checkpoint(target)[0]["loss"]) == 4
    assert [file.name for file in target.parent.iterdir()] == ["target"]


def test_a_new_file_has_the_mode_of_the_umask(path):
    before = os.umask(0o027)
    try:
        saved(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


# --- files -----------------------------------------------------------------------------------


def saved(path):
    save_checkpoint(path, {"a": np.arange(6.0).reshape(2, 3), "b": np.float32(1)}, {"step": 3})
    return path.read_bytes()


def test_what_is_saved_is_loaded(path):
    saved(path)
    arrays, facts = load_checkpoint(path)
    assert facts == {"step": 3}
    np.testing.assert_array_equal(arrays["a"], [[0, 1, 2], [3, 4, 5]])
    assert arrays["b"].shape == () and arrays["b"].dtype == np.float32


TABLE = np.array([[1, 2, 3], [4, 5, 700]])


@pytest.mark.parametrize(
    "array",
    [
        TABLE.astype(">f4"),
        TABLE.astype(">i8"),
        np.asfortranarray(TABLE),
        TABLE[:, ::-2],
        TABLE > 2,
        TABLE[:0],
        TABLE.astype(np.float16),
    ],
    ids=lambda array: f"{array.dtype.str} {list(array.shape)} {array.strides}",
)
def test_arrays_of_any_layout_are_loaded_again(path, array):
    save_checkpoint(path, {"a": array}, {})
    loaded = load_checkpoint(path)[0]["a"]
    np.testing.assert_array_equal(loaded, array)
    assert loaded.dtype == array.dtype.newbyteorder("=") and loaded.shape == array.shape


def test_every_changed_byte_is_noticed(path):
    content = saved(path)
    for place in range(len(content)):
        for bit in (1, 128):
            path.write_bytes(content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :])
            with pytest.raises(ValueError, match=r"run.checkpoint: damaged, or not a checkpoint"):
                load_checkpoint(path)


def test_every_cut_is_noticed(path):
    content = saved(path)
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match="damaged, or not a checkpoint"):
            load_checkpoint(path)


def with_header(header):
    content = json.dumps(header).encode()
    return len(content).to_bytes(8, "little") + content + bytes(8)


FOREIGN = {
    "empty": b"",
    "pickle": b"\x80\x04c" + b"builtins\neval\n",
    "NumPy file": b"\x93NUMPY\x01\x00" + bytes(90),
    "a length of 2**62": (2**62).to_bytes(8, "little") + b"{}",
    "a shape of 2**60": with_header(
        {"a": {"dtype": "F64", "shape": [2**40, 2**20], "data_offsets": [0, 8]}}
    ),
    "a type unknown to NumPy": with_header(
        {"a": {"dtype": "F8_E4M3", "shape": [8], "data_offsets": [0, 8]}}
    ),
    "no hash": with_header({"a": {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]}}),
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
def test_other_files_are_refused(path, content):
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"damaged, or not a checkpoint") as caught:
        load_checkpoint(path)
    assert "\n" not in str(caught.value)


def test_a_full_disk_leaves_the_last_good_file(path):
    resource = pytest.importorskip("resource")
    content = saved(path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(content) // 2, hard))
    try:
        with pytest.raises(OSError, match=r"run.checkpoint: the checkpoint could not be written"):
            saved(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_without_permission_leaves_the_last_good_file(path):
    content = saved(path)
    script = f"""
import os, sys
import numpy as np
from mnist_tutorial.further import save_checkpoint
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
    assert "the checkpoint could not be written (Permission denied)" in result.stdout, result.stderr
    assert path.read_bytes() == content


NOT_A_PATH = "path must be a path; got "


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda path: load_checkpoint(3), TypeError, NOT_A_PATH + "3"),
        (lambda path: load_checkpoint(""), TypeError, NOT_A_PATH + "''"),
        (lambda path: load_checkpoint(path), FileNotFoundError, "run.checkpoint: no such file"),
        (lambda path: load_checkpoint(path.parent), ValueError, ": not a regular file"),
        (lambda path: save_checkpoint(None, {}, {}), TypeError, NOT_A_PATH + "None"),
        (lambda path: save_checkpoint(path.parent, {}, {}), ValueError, ": not a regular file"),
        (lambda path: save_checkpoint(path / "x", {}, {}), OSError, "could not be written"),
        (
            lambda path: save_checkpoint(path, {"a": np.array([print])}, {}),
            ValueError,
            r"arrays\['a'\] must hold numbers; got object \[1\]",
        ),
        (
            lambda path: save_checkpoint(path, {"a": np.array(["1"])}, {}),
            ValueError,
            r"arrays\['a'\] must hold numbers; got <U1 \[1\]",
        ),
    ],
)
def test_bad_arguments(path, call, error, message):
    with pytest.raises(error, match=message) as caught:
        call(path)
    assert "\n" not in str(caught.value)
    assert not path.exists()


# --- files of other training runs, and forged ones ----------------------------------------------


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """What the checkpoint of a training run of 8 batches holds."""
    path = tmp_path_factory.mktemp("good") / "run.checkpoint"
    run(batches=8, validation_interval=3, checkpoint=path)
    arrays, facts = load_checkpoint(path)
    return SimpleNamespace(arrays=arrays, facts=facts)


@pytest.fixture(scope="module")
def waiting(data):
    """A model, data and an optimizer that no training run may change."""
    model, optimizer = build_model(), momentum()
    optimizer.build(model.trainable_variables)
    return SimpleNamespace(model=model, data=data, optimizer=optimizer)


def state(waiting):
    variables = [*waiting.model.variables, *waiting.optimizer.variables]
    samplers = waiting.data.train_sampler, waiting.data.validation_sampler
    return [v.numpy().tobytes() for v in variables], [sampler.position for sampler in samplers]


def refusal(path, waiting, **arguments):
    """Return what a training run that must be refused says; nothing may have changed."""
    before, content = state(waiting), path.read_bytes()
    waiting.model.history = untouched = History()
    arguments = QUICK | {"validation_interval": 3} | arguments
    with pytest.raises(ValueError) as caught:
        train(
            waiting.model,
            waiting.data,
            checkpoint=path,
            **({"optimizer": waiting.optimizer} | arguments),
        )
    assert state(waiting) == before and path.read_bytes() == content
    assert waiting.model.history is untouched and len(untouched) == 0
    message = str(caught.value)
    assert "\n" not in message and len(message) < 300 and message.startswith(f"{path}: ")
    return message.removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda: {"batch_size": 32}, "its batch_size differs: 16 there, 32 here"),
        (lambda: {"validation_interval": 5}, "its validation_interval differs: 3 there, 5 here"),
        (lambda: {"patience": 2}, "its patience differs: None there, 2 here"),
        (lambda: {"augment": random_affine}, "its augment differs"),
        (lambda: {"optimizer": keras.optimizers.SGD(0.05)}, "its optimizer differs; name another"),
        (lambda: {"batches": 3}, "has trained 8 batches; batches is 3"),
    ],
)
def test_a_run_with_other_arguments_is_refused(path, good, waiting, change, message):
    save_checkpoint(path, good.arrays, good.facts)
    assert message in refusal(path, waiting, **change())


def test_a_run_of_another_model_or_other_data_is_refused(path, good, waiting):
    save_checkpoint(path, good.arrays, good.facts)
    dense = SimpleNamespace(**(vars(waiting) | {"model": build_dense_model()}))
    assert "its model differs; name another file" in refusal(path, dense, optimizer=momentum())
    seeded = SimpleNamespace(**(vars(waiting) | {"data": MnistData(seed=1)}))
    assert "its seed differs: 0 there, 1 here" in refusal(path, seeded)


def test_an_optimizer_of_another_kind_with_the_same_numbers_is_refused(path, waiting):
    """Its variables have the same shapes, and all its settings equal names and values."""
    run(batches=2, optimizer=keras.optimizers.SGD(0.05, momentum=0.9), checkpoint=path)
    other = keras.optimizers.Adagrad(0.05, initial_accumulator_value=0.0)
    assert "its optimizer differs" in refusal(path, waiting, optimizer=other, validation_interval=5)


def test_a_checkpoint_of_another_keras_version_is_resumed(path, good):
    """Its configurations name more and other things; what both name is the same."""

    def translate(config):
        if isinstance(config, list):
            return [translate(value) for value in config]
        if not isinstance(config, dict):
            return config
        config = {
            name: translate(value) for name, value in config.items() if name != "weight_decay"
        }
        return config | {"quantization_config": None, "name": "another", "module": "keras.src"}

    configuration = good.facts["configuration"]
    kinds = {name: translate(configuration[name]) for name in ("model", "optimizer")}
    assert kinds["optimizer"] != configuration["optimizer"]
    facts = good.facts | {"configuration": configuration | kinds}
    save_checkpoint(path, good.arrays, facts)
    arguments = {"validation_interval": 3}
    assert_same(run(checkpoint=path, **arguments), run(**arguments))


def nested(depth):
    return functools.reduce(lambda inner, _: [inner], range(depth), 0)


WRONG_FACTS = {
    "no facts": lambda facts: facts.clear(),
    "no configuration": lambda facts: facts.pop("configuration"),
    "configuration a list": lambda facts: facts.update(configuration=[1]),
    "configuration None": lambda facts: facts.update(configuration=None),
    "an empty configuration": lambda facts: facts.update(configuration={}),
    "a model of nested lists": lambda facts: facts["configuration"].update(model=nested(900)),
    "a batch size of nested lists": (
        lambda facts: facts["configuration"].update(batch_size=nested(900))
    ),
    "a batch size of two lines": lambda facts: facts["configuration"].update(batch_size="1\n6"),
    "no positions": lambda facts: facts.pop("positions"),
    "positions a list": lambda facts: facts.update(positions=[128, 200]),
    "one position": lambda facts: facts["positions"].pop("train"),
    "a third position": lambda facts: facts["positions"].update(test=0),
    "a negative position": lambda facts: facts["positions"].update(train=-1),
    "a string as position": lambda facts: facts["positions"].update(validation="200"),
    "a fraction as position": lambda facts: facts["positions"].update(train=1.5),
    "True as position": lambda facts: facts["positions"].update(train=True),
    "a huge position": lambda facts: facts["positions"].update(train=10**40),
}


@pytest.mark.parametrize("forge", WRONG_FACTS.values(), ids=WRONG_FACTS)
def test_forged_facts_are_refused_before_anything_is_assigned(path, good, waiting, forge):
    facts = json.loads(json.dumps(good.facts))
    forge(facts)
    save_checkpoint(path, good.arrays, facts)
    assert refusal(path, waiting)


def without(*names):
    return lambda arrays: {name: array for name, array in arrays.items() if name not in names}


def replaced(name, change):
    return lambda arrays: arrays | {name: change(arrays[name].copy())}


def holding(value):
    def put(array):
        array.flat[-1] = value
        return array

    return put


HISTORY = ["loss", "accuracy", "val_loss", "val_accuracy", "validation_batches"]
WRONG_ARRAYS = {
    "weights of another shape": replaced("model 0", lambda array: array[:1]),
    "weights of another type": replaced("model 0", lambda array: array.astype(np.float64)),
    "no weights": without("model 0"),
    "weights of NaN": replaced("model 0", holding(np.nan)),
    "infinite weights": replaced("model 5", holding(np.inf)),
    "no number of steps": without("optimizer 0"),
    "no losses": without("loss"),
    "no history": without(*HISTORY),
    "no arrays": lambda arrays: {},
    "fewer accuracies than losses": replaced("accuracy", lambda array: array[:-1]),
    "more validation losses": replaced("val_loss", lambda array: np.append(array, 1.0)),
    "losses in a table": replaced("loss", lambda array: array[None]),
    "a whole history in tables": lambda arrays: (
        arrays | {name: arrays[name][None] for name in HISTORY}
    ),
    "losses as numbers without an axis": lambda arrays: (
        arrays | {name: arrays[name][0] for name in HISTORY}
    ),
    "a loss of NaN": replaced("loss", holding(np.nan)),
    "whole numbers as losses": replaced("loss", lambda array: array.astype(int)),
    "fractions as batches": replaced("validation_batches", lambda array: array.astype(float)),
    "an evaluation after more batches than there are": replaced("validation_batches", holding(99)),
    "an evaluation after a negative number of batches": (
        replaced("validation_batches", lambda array: -array)
    ),
}


@pytest.mark.parametrize("forge", WRONG_ARRAYS.values(), ids=WRONG_ARRAYS)
def test_forged_arrays_are_refused_before_anything_is_assigned(path, good, waiting, forge):
    save_checkpoint(path, forge(dict(good.arrays)), good.facts)
    assert refusal(path, waiting)


def test_the_checkpoint_that_was_not_forged_is_resumed(path, good):
    """Without this, the refusals above would show nothing."""
    save_checkpoint(path, good.arrays, good.facts)
    arguments = {"validation_interval": 3}
    assert_same(run(checkpoint=path, **arguments), run(**arguments))


@pytest.mark.parametrize("place", ["missing/run.checkpoint", "."])
def test_a_checkpoint_that_cannot_be_written_is_reported_before_training(tmp_path, waiting, place):
    before = state(waiting)
    with pytest.raises((OSError, ValueError), match=r"could not be written|not a regular file"):
        train(waiting.model, waiting.data, checkpoint=tmp_path / place, **QUICK)
    assert state(waiting) == before
    assert list(tmp_path.iterdir()) == []


def test_path_of_the_wrong_type(waiting):
    with pytest.raises(TypeError, match="checkpoint must be a path; got 3"):
        train(waiting.model, waiting.data, checkpoint=3, **QUICK)
