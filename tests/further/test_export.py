import json

import numpy as np
import pytest

from mnist_tutorial import MnistData, pretrained
from mnist_tutorial._internal.tensorflow import keras
from mnist_tutorial.further import build_deep_model, export_tfjs
from mnist_tutorial.layers import build_dense_model, build_model

BUILDERS = [build_model, build_dense_model, build_deep_model]


def read(folder):
    content = json.loads((folder / "model.json").read_text())
    return content, np.fromfile(folder / "weights.bin", "<f4")


@pytest.mark.parametrize("build", BUILDERS)
def test_files_hold_every_weight_in_order(build, tmp_path):
    model = build(seed=3)
    assert export_tfjs(model, tmp_path / "new" / "folder").name == "model.json"
    content, values = read(tmp_path / "new" / "folder")
    np.testing.assert_array_equal(values, np.concatenate([w.ravel() for w in model.get_weights()]))
    (group,) = content["weightsManifest"]
    assert group["paths"] == ["weights.bin"]
    assert [spec["shape"] for spec in group["weights"]] == [
        list(w.shape) for w in model.get_weights()
    ]
    assert len({spec["name"] for spec in group["weights"]}) == len(group["weights"])


def test_batch_normalization_is_written_in_the_order_of_tensorflow_js(tmp_path):
    export_tfjs(build_deep_model(), tmp_path)
    content, _ = read(tmp_path)
    names = [spec["name"] for spec in content["weightsManifest"][0]["weights"]]
    layer = content["modelTopology"]["config"]["layers"][1]
    assert layer["class_name"] == "BatchNormalization"
    assert layer["config"] == {
        "axis": -1, "momentum": 0.95, "epsilon": 0.001, "center": True, "scale": True,
        "name": layer["config"]["name"],
    }  # fmt: skip
    own = [name for name in names if name.startswith(layer["config"]["name"] + "/")]
    assert [name.split("/")[1] for name in own] == [
        "gamma", "beta", "moving_mean", "moving_variance",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("build", "scales"),
    [(build_model, [1, 1, 1]), (build_deep_model, [2, 2, 2, 2, 1])],  # He's, and Glorot's
)
def test_the_network_can_be_trained_again_with_the_same_initial_variance(build, scales, tmp_path):
    export_tfjs(build(), tmp_path)
    layers = read(tmp_path)[0]["modelTopology"]["config"]["layers"]
    assert layers[0]["config"]["batch_input_shape"] == [None, 28, 28, 1]
    # TensorFlow.js draws truncated normals of this scale and does not correct it.
    normal = np.random.default_rng(0).standard_normal(400_000)
    variances = {"normal": normal[np.abs(normal) < 2].var(), "uniform": 1}
    initializers = [
        layer["config"]["kernel_initializer"]["config"]
        for layer in layers
        if "use_bias" in layer["config"]
    ]
    assert [
        config["scale"] * variances[config["distribution"]] for config in initializers
    ] == pytest.approx(scales, rel=0.01)


def trained(build):
    """Return a network that is sure of its answers, which is harder to match."""
    if build is not build_dense_model:
        return pretrained("thorough" if build is build_model else "deep")
    model = build()
    model.set_weights([8 * weight for weight in model.get_weights()])
    return model


@pytest.mark.parametrize("build", BUILDERS)
def test_tensorflow_js_gives_the_same_probabilities(build, tmp_path, figures):
    model, images = trained(build), MnistData().test_images[:3000]
    export_tfjs(model, tmp_path)
    images.tofile(tmp_path / "images.bin")
    xs = images[..., np.newaxis].astype(np.float32) / 255
    probabilities = model.predict(xs, batch_size=1000, verbose=0)
    assert probabilities.max(axis=1).mean() > 0.8
    probabilities.astype("<f4").tofile(tmp_path / "probabilities.bin")
    figures.run_node_test("export", PARITY=str(tmp_path))


def test_a_full_disk_leaves_the_files_that_were_there(tmp_path):
    resource = pytest.importorskip("resource")
    export_tfjs(build_model(), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(OSError):
            export_tfjs(build_dense_model(), tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_nan_is_refused_and_nothing_is_written(tmp_path):
    model = build_dense_model()
    model.layers[1].kernel.assign(np.full((784, 42), np.nan))
    with pytest.raises(ValueError, match=r"finite weights; dense\w*/kernel holds NaN or infinity"):
        export_tfjs(model, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_the_folder_must_be_a_path_to_a_folder(tmp_path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(ValueError, match="folder must be a folder, made or to be made; got the"):
        export_tfjs(build_dense_model(), file)
    for wrong, said in ((None, "None"), ("", "''"), (3, "3"), (b"here", "b'here'")):
        with pytest.raises(TypeError, match=f"folder must be a path; got {said}"):
            export_tfjs(build_dense_model(), wrong)


def unbuilt():
    return keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10)])


def with_layer(*layers):
    return keras.Sequential([keras.Input((28, 28, 1)), *layers])


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (lambda: None, TypeError, "model must be a keras.Sequential; got None"),
        (
            lambda: keras.Model(inputs := keras.Input((3,)), keras.layers.Dense(1)(inputs)),
            TypeError,
            "model must be a keras.Sequential; got Functional",
        ),
        (unbuilt, ValueError, "model must know its input shape; begin it with keras.Input"),
        (
            lambda: with_layer(keras.layers.LayerNormalization(name="norm")),
            TypeError,
            "model has the layer 'norm' of the kind LayerNormalization; only these can be "
            "written: Conv2D, BatchNormalization, ReLU, MaxPooling2D, GlobalAveragePooling2D, "
            "Flatten, Dense",
        ),
        (
            lambda: with_layer(keras.layers.Lambda(lambda x: x, name="own")),
            TypeError,
            "model has the layer 'own' of the kind Lambda",
        ),
        (
            lambda: with_layer(keras.layers.Dense(3, activation="gelu", name="dense")),
            ValueError,
            "layer 'dense' has the activation 'gelu'; only these can be written: "
            "linear, relu, softmax",
        ),
        (
            lambda: with_layer(
                keras.layers.Conv2D(4, 1), keras.layers.Conv2D(4, 3, groups=2, name="conv")
            ),
            ValueError,
            "layer 'conv' has the groups 2; only 1 can be written",
        ),
        (
            lambda: with_layer(keras.layers.ReLU(negative_slope=0.1, name="leaky")),
            ValueError,
            "layer 'leaky' has the negative_slope 0.1; only 0 can be written",
        ),
        (
            lambda: with_layer(keras.layers.ReLU(threshold=1.0, name="late")),
            ValueError,
            "layer 'late' has the threshold 1.0; only 0 can be written",
        ),
        (
            lambda: with_layer(keras.layers.GlobalAveragePooling2D(keepdims=True, name="mean")),
            ValueError,
            "layer 'mean' has the keepdims True; only False can be written",
        ),
    ],
)
def test_other_models_are_refused_and_nothing_is_written(model, error, message, tmp_path):
    with pytest.raises(error, match=f"^{message}"):
        export_tfjs(model(), tmp_path / "model")
    assert not (tmp_path / "model").exists()
