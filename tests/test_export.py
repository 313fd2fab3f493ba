import json

import keras
import numpy as np
import pytest

from mnist_tutorial import MnistData, build_dense_model, build_model
from mnist_tutorial.export import export_tfjs


def read(folder):
    content = json.loads((folder / "model.json").read_text())
    return content, np.fromfile(folder / "weights.bin", "<f4")


@pytest.mark.parametrize("build", [build_model, build_dense_model])
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


def test_the_network_can_be_trained_anew_with_the_same_initial_variance(tmp_path):
    export_tfjs(build_model(), tmp_path)
    layers = read(tmp_path)[0]["modelTopology"]["config"]["layers"]
    assert layers[0]["config"]["batch_input_shape"] == [None, 28, 28, 1]
    for layer in layers:
        if "use_bias" in layer["config"]:
            config = layer["config"]["kernel_initializer"]["config"]
            # TensorFlow.js draws truncated normals of this scale and does not correct it.
            tails = np.random.default_rng(0).standard_normal(400_000)
            variance = tails[np.abs(tails) < 2].var()
            assert config["scale"] * variance == pytest.approx(1, rel=0.01)
            assert config["distribution"] == "normal"


@pytest.mark.parametrize("build", [build_model, build_dense_model])
def test_tensorflow_js_gives_the_same_probabilities(build, tmp_path, demo):
    model, data = build(), MnistData()
    if build is build_model:  # as trained for the drawing pad: surer, so harder to match
        model = keras.models.load_model(demo.model / "model.keras")
    else:
        model.set_weights([8 * w for w in model.get_weights()])
    export_tfjs(model, tmp_path)
    data.test_images.tofile(tmp_path / "images.bin")
    xs = data.test_images[..., np.newaxis].astype(np.float32) / 255
    probabilities = model.predict(xs, batch_size=1000, verbose=0)
    assert probabilities.max(axis=1).mean() > 0.8
    probabilities.astype("<f4").tofile(tmp_path / "probabilities.bin")
    demo.run_node_test("export", PARITY=str(tmp_path))
    demo.run_node_test("network", PARITY=str(tmp_path))


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
            lambda: with_layer(keras.layers.BatchNormalization(name="norm")),
            TypeError,
            "model has the layer 'norm' of the kind BatchNormalization; only these can be "
            "written: Conv2D, MaxPooling2D, Flatten, Dense",
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
            "layer 'conv' has 2 groups; only 1 can be",
        ),
    ],
)
def test_other_models_are_refused_and_nothing_is_written(model, error, message, tmp_path):
    with pytest.raises(error, match=f"^{message}"):
        export_tfjs(model(), tmp_path / "model")
    assert not (tmp_path / "model").exists()
