"""What SECURITY.md says of files made to do harm; see also the tests of each reader."""

import io
import zipfile

import keras
import numpy as np
import pytest

import mnist_tutorial.further.recipes
from mnist_tutorial import build_model, predict, pretrained


class Harm:
    """When it is unpickled, a file appears."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.fixture
def harm(tmp_path):
    """A path at which no file may appear."""
    path = tmp_path / "harm"
    yield path
    assert not path.exists()


def test_the_harm_is_real(tmp_path):
    path = tmp_path / "unpickled"
    content = io.BytesIO()
    np.save(content, np.array([Harm(path)]), allow_pickle=True)
    content.seek(0)
    np.load(content, allow_pickle=True)
    assert path.exists()


def test_pickled_weights_are_not_unpickled(tmp_path, harm, monkeypatch):
    """Even where the SHA-256 was forged with them."""
    monkeypatch.setattr(mnist_tutorial.further.recipes, "WEIGHTS", tmp_path)
    mnist_tutorial.further.recipes.save_weights(build_model().get_weights(), "quick")
    np.savez(tmp_path / "quick.npz", np.array([Harm(harm)]))
    with pytest.raises(ValueError, match=r"quick.npz: damaged, its SHA-256"):
        pretrained("quick")
    digest = mnist_tutorial.further.recipes.hashlib.sha256((tmp_path / "quick.npz").read_bytes())
    (tmp_path / "SHA256SUMS").write_text(f"{digest.hexdigest()}  quick.npz\n")
    with pytest.raises(ValueError, match="allow_pickle=False"):
        pretrained("quick")


@pytest.mark.parametrize("name", ["model.keras", "model.h5", "model.pkl"])
def test_model_files_are_not_opened(tmp_path, name):
    """A model file is a program."""
    with pytest.raises(TypeError, match="model must be a Keras model; got '"):
        predict(str(tmp_path / name), np.eye(28))


def test_safe_mode_of_keras_refuses_a_lambda(tmp_path, harm):
    """SECURITY.md recommends safe_mode for a stranger's file."""
    code = f"__import__('pathlib').Path({str(harm)!r}).touch()"
    lines = keras.layers.Lambda(eval(f"lambda x: ({code}, x)[1]"), output_shape=(1,))
    path = tmp_path / "stranger.keras"
    keras.Sequential([keras.Input((1,)), lines]).save(path)
    harm.unlink(missing_ok=True)  # making it ran it
    with pytest.raises(ValueError, match="safe_mode"):
        keras.saving.load_model(path, safe_mode=True)


def test_keras_writes_nothing_outside_an_archive(tmp_path, harm):
    path = tmp_path / "folder" / "stranger.keras"
    path.parent.mkdir()
    keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]).save(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../harm", "outside")
        archive.writestr("assets/../../harm", "outside")
    # Keras may refuse the archive, or leave these two out.
    try:
        keras.saving.load_model(path, safe_mode=True)
    except ValueError as error:
        assert "harm" in str(error) or "path" in str(error).lower()
