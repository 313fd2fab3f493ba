"""The command line, used as a person would: in a terminal, piped, interrupted, with mistakes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid

import conftest
import numpy as np
import pytest
from PIL import Image

PROGRAM = [sys.executable, "-m", "mnist_tutorial"]


def run(*arguments, code=0, **options):
    """Run the program in a pipe; check its exit code, and that its output is plain lines."""
    result = subprocess.run(
        [*PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=240, **options
    )
    assert result.returncode == code, result.stdout + result.stderr
    assert not set(result.stdout + result.stderr) & {"\x1b", "\r", "\b"}
    assert "Traceback" not in result.stderr
    return result


@pytest.fixture(scope="module")
def folder(tmp_path_factory, data):
    """A folder with four pictures of digits, and a network that the program has trained."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "pictures").mkdir()
    for i in range(4):
        Image.fromarray(255 - data.test_images[i]).save(folder / f"pictures/{i}.png")
    (folder / "junk.png").write_text("junk")
    run("train", cwd=folder)
    return folder


@pytest.mark.parametrize(
    "command", [[], ["train"], ["evaluate"], ["predict"], ["export"], ["shard"]]
)
def test_help_ends_with_an_example(command):
    lines = run(*command, "--help").stdout.splitlines()
    assert lines[-1].strip().startswith("Example: mnist-tutorial")
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["train", "--epoch", "3"]])
def test_help_and_mistakes_load_neither_numpy_nor_tensorflow(arguments):
    code = (
        "import sys; from mnist_tutorial import cli;"
        "from mnist_tutorial._internal.commands import console;"
        f"sys.argv[1:] = {arguments}; console.run(cli.cli);"
        "print(sorted({'numpy', 'tensorflow', 'keras', 'rich'} & sys.modules.keys()))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.splitlines()[-1] == "[]", result.stderr


WRONG = {
    "train --epoch 3": "No such option '--epoch'. Did you mean '--epochs'?",
    "train --epochs 1 --batches 1": "--epochs or --batches, not both",
    "train --epochs nan": "not a finite number",
    "train --learning-rate inf": "not a finite number",
    "train --batches 0": "0 is not in the range",
    "train --optimizer adam": "add --network keras",
    "train --recipe quick --optimizer sgd": "leave out --optimizer",
    "train --model-save-path no/model.npz": "there is no folder no",
    "train --model-save-path model.keras": "saved as a .npz file",
    "train --checkpoint a.npz --model-save-path a.npz": "--checkpoint needs a file of its own",
    "train --workers 2 --network numpy": "give --network keras, dense or deep",
    "train --workers 0": "0 is not in the range",
    "shard": "Missing argument 'FOLDER'",
    "train --recipe deep --network numpy": "the deep recipe trains the deep network",
    "predict no\x1b[31m.png": "there is no picture no?[31m.png",
    "train --network great": "'numpy', 'keras', 'dense', 'deep'",
    "train --data no": "does not exist",
    "evaluate --model no.npz": "there is no file no.npz; give one that train has saved",
    "predict": "Missing argument 'PICTURE...'",
    "predict no.png": "there is no picture no.png",
    "predict .": "there are no pictures in the folder .",
    "export quick web --format word": "'keras', 'savedmodel'",
    "learn": "No such command 'learn'",
}


@pytest.mark.parametrize("line", WRONG)
def test_wrong_usage_is_one_line_and_2(line, tmp_path):
    result = run(*line.split(), code=2, cwd=tmp_path)
    assert WRONG[line] in result.stderr
    assert result.stderr.count("\n") == 1 and result.stdout == ""


FAILING = {
    "evaluate --model junk.png": "not a network that train has saved",
    "predict - --model mnist-numpy.npz": "standard input: must be a picture",
    "train --data pictures": "holds neither train-images-idx3-ubyte",
    "train --learning-rate 1e30": "training has diverged",
    "train --batch-size 60000": "batch_size must be",
}


@pytest.mark.parametrize("line", FAILING)
def test_what_fails_is_one_line_and_1(line, folder):
    result = run(*line.split(), code=1, cwd=folder, input="junk")
    assert FAILING[line] in result.stderr
    assert result.stderr.count("\n") == 1 and result.stdout == ""


def test_train_saves_a_network_that_predict_uses(folder):
    with np.load(folder / "mnist-numpy.npz", allow_pickle=False) as arrays:
        assert [arrays[f"arr_{i}"].size for i in range(6)] == [200, 8, 3200, 16, 2560, 10]
        assert arrays["class_names"].tolist() == list("0123456789")
    result = run("predict", "pictures", "--model", "mnist-numpy.npz", cwd=folder)
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    assert [row[1] for row in rows] == ["7", "2", "1", "0"]


def test_the_three_options_of_mnist_node(tmp_path):
    arguments = ["--epochs", "0.01", "--batch_size", "128", "--model_save_path", "model"]
    result = run("train", *arguments, "--json", cwd=tmp_path)
    found = json.loads(result.stdout)
    assert found["batches"] == 5 and found["model"] == "model.npz"
    assert (tmp_path / "model.npz").exists()


def test_tensorboard_gets_every_value(tmp_path):
    run("train", "--batches", "10", "--tensorboard", "board", cwd=tmp_path)
    from mnist_tutorial._internal.tensorflow import tf

    [file] = (tmp_path / "board").iterdir()
    found = {}
    for event in tf.compat.v1.train.summary_iterator(str(file)):
        for value in event.summary.value:
            found.setdefault(value.tag, []).append(event.step)
    steps = list(range(1, 11))
    assert found == {
        "loss": steps, "accuracy": steps, "val_loss": [5, 10], "val_accuracy": [5, 10],
    }  # fmt: skip


def test_a_dry_run_saves_nothing(tmp_path):
    found = json.loads(run("train", "--dry-run", "--json", cwd=tmp_path).stdout)
    assert found["batches"] == 1 and found["model"] is None and not list(tmp_path.iterdir())


def test_a_seed_and_momentum_change_the_result(tmp_path):
    base = ["train", "--batches", "20", "--json"]
    options = [[], [], ["--seed", "1"], ["--optimizer", "momentum"]]
    losses = [
        json.loads(run(*base, *more, cwd=tmp_path).stdout)["validation_loss"] for more in options
    ]
    assert losses[0] == losses[1] and len(set(losses)) == 3


def test_a_checkpoint_gives_what_an_unbroken_training_gives(tmp_path):
    whole = json.loads(run("train", "--batches", "20", "--json", cwd=tmp_path).stdout)
    part = ["train", "--checkpoint", "run", "--batches"]
    run(*part, "10", cwd=tmp_path)
    again = json.loads(run(*part, "20", "--json", cwd=tmp_path).stdout)
    assert again["validation_loss"] == whole["validation_loss"] and again["batches"] == 20


@pytest.mark.parametrize("options", [["--batches", "1000000"], ["--recipe", "thorough"]])
def test_ctrl_c_keeps_the_checkpoint_and_exits_with_130(options, tmp_path):
    command = [*PROGRAM, "train", *options, "--checkpoint", "run"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        # A process that was started in the background would ignore the signal.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        end = time.monotonic() + 60
        while not (tmp_path / "run").exists() and time.monotonic() < end:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        try:
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert errors == "interrupted; the same command continues from run\n"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_predict_reads_standard_input_and_shows_what_the_network_sees(folder):
    with open(folder / "pictures/0.png", "rb") as picture:
        result = run("predict", "-", "--show", "--model", "quick", stdin=picture)
    drawing = result.stdout.splitlines()[1:15]
    assert "█" in "".join(drawing) and max(map(len, drawing)) <= 28
    assert result.stdout.splitlines()[-1].startswith("-\t7\t")


def test_predict_says_which_picture_cannot_be_read(folder):
    result = run("predict", "junk.png", "pictures/1.png", "--json", code=1, cwd=folder)
    unreadable, digit = json.loads(result.stdout)
    assert unreadable == {"picture": "junk.png", "digit": None}
    assert digit["digit"] == "2" and len(digit["probabilities"]) == 10
    assert digit["probability"] > digit["runner_up_probability"]
    assert result.stderr.startswith("warning: junk.png: cannot be read: ")
    assert "images[" not in result.stderr and "-1" not in result.stderr


def test_every_line_of_predict_has_five_fields_whatever_a_file_is_called(folder, tmp_path):
    shutil.copy(folder / "pictures/0.png", tmp_path / "a\n\x1b[31m.png")
    shutil.copy(folder / "junk.png", tmp_path / "junk.png")
    lines = run("predict", tmp_path, code=1).stdout.splitlines()
    assert [len(line.split("\t")) for line in lines] == [5, 5]


@pytest.mark.parametrize("stream", [1, 2])
def test_a_closed_stream_is_quiet(stream, folder):
    command = f"{' '.join(PROGRAM)} predict pictures/0.png {stream}>&-"
    result = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True)
    assert result.returncode == 0 and result.stderr == ""


def test_evaluate_writes_accuracy_and_confusion_matrix(folder):
    found = json.loads(run("evaluate", "--model", "mnist-numpy.npz", "--json", cwd=folder).stdout)
    counts = np.array(found["confusion_matrix"])
    assert counts.sum() == 10_000 and counts.trace() / 10_000 == found["accuracy"] > 0.9
    assert 0.001 < found["standard_error"] < 0.004
    text = run("evaluate", "--model", "mnist-numpy.npz", cwd=folder).stdout
    assert f"{found['accuracy']:.2%} ± {found['standard_error']:.2%} of 10,000 pictures" in text


@pytest.mark.parametrize("kind", ["keras", "savedmodel", "tfjs", "onnx", "litert"])
def test_export_loads_back_what_it_wrote(kind, folder):
    from importlib.util import find_spec

    missing = kind == "onnx" and not (find_spec("tf2onnx") and find_spec("onnxruntime"))
    result = run(
        "export", "mnist-numpy.npz", f"out/{kind}", "--format", kind, code=missing, cwd=folder
    )
    if missing:
        assert "pip install" in result.stderr and not (folder / "out/onnx").exists()
    else:
        assert "100 predictions are the same" in result.stdout


def test_a_keras_network_is_saved_and_loaded(folder):
    run("train", "--network", "keras", "--batches", "60", "--optimizer", "adam", cwd=folder)
    result = run("predict", "pictures/0.png", "--model", "mnist-keras.keras", cwd=folder)
    assert result.stdout.startswith("pictures/0.png\t7\t")


def test_info_names_versions_devices_and_networks():
    found = json.loads(run("info", "--json").stdout)
    assert {"mnist-tutorial", "python", "numpy", "tensorflow"} <= found["versions"].keys()
    assert all(map(os.path.isdir, found["folders"].values()))
    assert found["devices"] and found["networks"] == ["quick", "thorough", "deep"]


def test_pictures_in_folders_become_a_network_that_names_their_classes(tmp_path):
    rng = np.random.default_rng(0)
    for name, column in (("left", 6), ("right side", 20)):
        (tmp_path / "lines" / name).mkdir(parents=True)
        for i in range(40):
            page = np.full((60, 60), rng.integers(200, 256), np.uint8)
            page[:, 2 * column + rng.integers(0, 8)] = 0
            Image.fromarray(page).save(tmp_path / "lines" / name / f"{i}.png")
    run("train", "--data", "lines", "--epochs", 20, "--batch_size", 16,
        "--model_save_path", "lines.npz", cwd=tmp_path)  # fmt: skip
    matrix = run("evaluate", "--model", "lines.npz", "--data", "lines", cwd=tmp_path).stdout
    assert len({len(line) for line in matrix.splitlines()[-3:]}) == 1  # the columns stand straight
    found = run("predict", "--model", "lines.npz", "lines/right side/0.png", cwd=tmp_path)
    assert found.stdout.split("\t")[1] == "right side"


def draw_lines(folder, names, n=20):
    """Pictures of a line in a column of its own for each class, in folders named as they are."""
    rng = np.random.default_rng(0)
    for column, name in enumerate(names):
        (folder / name).mkdir(parents=True)
        for i in range(n):
            page = np.full((60, 60), rng.integers(200, 256), np.uint8)
            left = (2 * column + 1) * 30 // len(names)
            page[:, left : left + 3 + i % 3] = 0
            Image.fromarray(page).save(folder / name / f"{i}.png")


@pytest.fixture(scope="module")
def suits(tmp_path_factory):
    """A folder with data in five classes, in ten, in four of the five, and a network for each."""
    folder = tmp_path_factory.mktemp("suits")
    draw_lines(folder / "five", ["clubs", "diamonds", "hearts", "jokers", "spades"])
    draw_lines(folder / "four", ["clubs", "diamonds", "hearts", "jokers"])
    draw_lines(folder / "ten", "abcdefghij")
    (folder / "new").mkdir()
    for i, name in enumerate(["clubs", "hearts"]):
        shutil.copy(folder / "five" / name / "0.png", folder / f"new/{i}.png")
    for name in ("five", "ten"):
        run("train", "--data", name, "--batch-size", 20, "--learning-rate", 0.05,
            "--batches", 200, "--model-save-path", f"{name}.npz", cwd=folder)  # fmt: skip
    return folder


@pytest.mark.parametrize("network", ["keras", "dense", "deep"])
def test_a_saved_keras_network_knows_its_classes(network, suits):
    file = f"mnist-{network}.keras"
    found = run("train", "--data", "ten", "--network", network, "--batches", 1,
                "--batch-size", 20, cwd=suits)  # fmt: skip
    assert f"predict --model {file}" in found.stdout
    result = run("predict", "--model", file, "new", cwd=suits)
    assert {line.split("\t")[1] for line in result.stdout.splitlines()} <= set("abcdefghij")


def test_the_names_in_a_keras_file_survive_an_export_and_do_not_disturb_keras(tmp_path):
    import keras

    from mnist_tutorial import build_model
    from mnist_tutorial._internal.commands.models import open_model, save_model

    model = build_model(classes=3)
    model.class_names, model.form = ("a", "b\n", "ü" * 300), "fit"
    save_model(model, tmp_path / "named.keras")
    opened = open_model(tmp_path / "named.keras")
    assert (opened.class_names, opened.form) == (model.class_names, "fit")
    save_model(opened, tmp_path / "again.keras")  # as `export` does
    assert open_model(tmp_path / "again.keras").class_names == model.class_names
    loaded = keras.models.load_model(tmp_path / "named.keras")
    for one, other in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    model.save(tmp_path / "plain.keras")
    assert not hasattr(open_model(tmp_path / "plain.keras"), "class_names")
    model.class_names = ("a", "b")
    save_model(model, tmp_path / "wrong.keras")
    with pytest.raises(ValueError, match="names 2 of 3 classes"):
        open_model(tmp_path / "wrong.keras")


OTHER_CLASSES = {
    "evaluate --model ten.npz": "ten.npz: trained on other classes than MNIST's digits ('a', 'b',",
    "evaluate --model five.npz --data four": "'spades'); data has the 4 classes (..., 'jokers')",
    "evaluate --data five": "thorough: model was trained on the 10 classes ('0', '1', '2', ...)",
    "evaluate --model five.npz --data ten": "model was trained on the 5 classes ('clubs',",
    "evaluate --model ten.npz --data five --split validation": "that was trained on five",
    "evaluate --model quick --data new": "make one folder per class",
    "predict new --model plain.keras": "does not hold the names of its 3 classes",
    "evaluate --model plain.keras": "a network of 3 classes; MNIST has 10",
    "evaluate --model plain.keras --data five": "a network of 3 classes; five has 5",
    "export wrong.keras out": "wrong.keras: model must map (None, 28, 28, 1)",
    "train --data new": "make one folder per class",
}


@pytest.fixture(scope="module")
def plain(suits):
    """Two networks that Keras has saved: of three classes, and for other pictures."""
    import keras

    from mnist_tutorial import build_model

    build_model(classes=3).save(suits / "plain.keras")
    keras.Sequential([keras.Input([5]), keras.layers.Dense(10)]).save(suits / "wrong.keras")


@pytest.mark.parametrize("line", OTHER_CLASSES)
def test_data_of_other_classes_is_refused_in_one_line(line, suits, plain):
    result = run(*line.split(), code=1, cwd=suits)
    assert OTHER_CLASSES[line] in result.stderr
    assert result.stderr.count("\n") == 1 and result.stdout == ""


def test_what_is_missing_is_named_and_the_rest_is_answered(suits):
    (suits / "empty").mkdir()
    line = "predict --model five.npz none.png new/0.png empty new/1.png"
    result = run(*line.split(), code=1, cwd=suits)
    rows = [row.split("\t")[:2] for row in result.stdout.splitlines()]
    assert rows == [["new/0.png", "clubs"], ["new/1.png", "hearts"]]
    assert result.stderr.splitlines() == [
        "there is no picture none.png", "there are no pictures in the folder empty"
    ]  # fmt: skip


def test_patience_alone_ends_late_and_says_if_it_had_not_run_out(suits):
    line = "train --data four --batch-size 20 --learning-rate 0.002 --model-save-path four.npz"
    found = run(*line.split(), "--patience", "1000", cwd=suits)  # 64 pictures: 4 batches an epoch
    assert "Trained 320 batches" in found.stdout
    assert "--patience had not run out" in found.stdout
    found = run(*line.split(), "--patience", "1", "--learning-rate", "1e-12", cwd=suits)
    assert "Kept the network" in found.stdout and "run out" not in found.stdout


def test_a_recipe_takes_as_many_steps_on_few_pictures(suits):
    line = "train --data four --recipe quick --batch-size 64 --json --model-save-path four.npz"
    assert json.loads(run(*line.split(), cwd=suits).stdout)["batches"] == 3438
    assert json.loads(run(*line.split(), "--epochs", "3", cwd=suits).stdout)["batches"] == 3


def test_few_pictures_and_names_that_would_steer_a_terminal(tmp_path):
    draw_lines(tmp_path / "two", ["y\x1b[31m", "no"], n=12)
    run("train", "--data", "two", "--model-save-path", "two.npz", cwd=tmp_path)  # 20 a batch
    found = run("evaluate", "--data", "two", "--model", "two.npz", cwd=tmp_path)
    assert "y?[31m" in found.stdout


def test_shards_of_pictures_in_folders(suits):
    run("shard", "shards", "--data", "five", cwd=suits)
    found = run("evaluate", "--model", "five.npz", "--data", "shards", "--json", cwd=suits)
    assert found.stdout == run(
        "evaluate", "--model", "five.npz", "--data", "five", "--json", cwd=suits
    ).stdout  # fmt: skip
    error = run("shard", "again", "--data", "shards", code=1, cwd=suits).stderr
    assert error.startswith("error: shards: holds shards already")


def test_a_stray_folder_beside_the_four_files_is_no_class(tmp_path):
    from mnist_tutorial.further import FASHION_SAMPLE

    shutil.copytree(FASHION_SAMPLE, tmp_path / "clothes")
    (tmp_path / "clothes/notes").mkdir()
    run("train", "--data", "clothes", "--batches", 1, cwd=tmp_path)


def test_pictures_are_measured_in_the_form_that_the_model_was_trained_on(tmp_path, data):
    for name in "0123456789":
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in np.flatnonzero(data.test_labels == int(name))[:20]:
            page = np.full((90, 70), 255, np.uint8)
            page[50:78, 9:37] -= data.test_images[i]
            Image.fromarray(page).save(tmp_path / "photos" / name / f"{i}.png")
    found = run("evaluate", "--model", "quick", "--data", "photos", "--json", cwd=tmp_path)
    assert json.loads(found.stdout)["accuracy"] > 0.9


@pytest.mark.parametrize("line", ["train --help", "predict pictures --show", "evaluate"])
def test_a_closed_pipe_is_quiet(line, folder):
    command = [*PROGRAM, *line.split()]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b"" and process.wait() in (0, 1)


@pytest.fixture
def terminal(folder):
    """A function that runs a line in a real terminal and returns what the screen shows."""
    if shutil.which("tmux") is None:
        conftest.skip_or_fail("tmux is not on the PATH")
    # A socket of its own: other sessions of tmux on the machine are not touched.
    tmux = ["tmux", "-L", f"mnist-{uuid.uuid4().hex}", "-f", os.devnull]

    def screen():
        command = [*tmux, "capture-pane", "-p", "-e"]
        return subprocess.run(command, capture_output=True, text=True).stdout

    def wait_for(text):
        end = time.monotonic() + 60
        while text not in screen():
            assert time.monotonic() < end, f"{text!r} never stood on the screen:\n{screen()}"
            time.sleep(0.1)

    def show(line, width, until="exit code", keys=None, **environment):
        # tmux sets TERM, pytest's readline the size, and `make` that no progress is shown.
        unset = "-u COLUMNS -u LINES -u TQDM_DISABLE"
        settings = " ".join("=".join(pair) for pair in environment.items())
        # The trap keeps the shell alive after Ctrl-C, to say the program's exit code.
        program = f"trap : INT; env {unset} {settings} {' '.join(PROGRAM)} {line}"
        program += "; echo exit code $?; sleep 600"
        size = ["-x", str(width), "-y", "40"]
        start = [*tmux, "new-session", "-d", *size, "-c", str(folder), program]
        subprocess.run(start, check=True)
        wait_for(until)
        if keys:
            subprocess.run([*tmux, "send-keys", keys], check=True)
            wait_for("exit code")
        return screen()

    yield show
    subprocess.run([*tmux, "kill-server"], capture_output=True)


@pytest.mark.parametrize("width", [80, 40])
def test_a_table_fits_the_terminal(width, terminal):
    text = terminal("predict pictures --model quick", width)
    assert "runner-up" in text and "\x1b[1m" in text  # bold
    assert [line for line in text.splitlines() if "pictures/0.png" in line and "7" in line]
    assert "exit code 0" in text


@pytest.mark.parametrize("variable", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_color_is_respected(variable, terminal):
    text = terminal("predict pictures --model quick", 80, **variable)
    assert "exit code 0" in text and "runner-up" in text and "\x1b" not in text


def test_a_narrow_terminal_lists_the_mistakes(terminal):
    text = terminal("evaluate --model mnist-numpy.npz", 40)
    assert "Most frequent mistakes" in text and " read as " in text


def test_training_shows_its_progress_and_can_be_interrupted(terminal):
    text = terminal("train --batches 100000", 80, until="validation", keys="C-c")
    assert "interrupted; nothing was saved" in text and "exit code 130" in text


def test_workers_show_their_progress(terminal):
    text = terminal("train --workers 2 --batches 100000", 100, until="validation", keys="C-c")
    assert "/100000" in text and "loss" in text and "exit code 130" in text


def test_the_shell_completes_commands_and_options():
    code = "import sys; sys.argv[0] = 'mnist-tutorial'; from mnist_tutorial.cli import main; main()"
    for words, expected in (("tr", "plain,train"), ("train --pat", "plain,--patience")):
        variables = {
            "_MNIST_TUTORIAL_COMPLETE": "bash_complete",
            "COMP_WORDS": f"mnist-tutorial {words}",
            "COMP_CWORD": str(len(words.split())),
        }
        result = subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | variables, capture_output=True, text=True,
        )  # fmt: skip
        assert result.stdout.strip() == expected, result.stderr
