import numpy as np
import pytest

from mnist_tutorial import MnistData, train
from mnist_tutorial._internal.tensorflow import keras
from mnist_tutorial.further import (
    feature_maps,
    invert,
    maximize_activations,
    occlusion_map,
    penultimate_features,
    project_pca,
    saliency_map,
)
from mnist_tutorial.layers import build_dense_model, build_model


@pytest.fixture(scope="module")
def model():
    model = build_model()
    train(model, MnistData(), batches=60, progress=False)
    return model


def probability(model, image, digit):
    return float(model((image / np.float32(255)).reshape(1, 28, 28, 1))[0, digit])


def test_feature_maps_end_in_the_prediction(model, data):
    image = data.validation_images[0]
    maps = list(feature_maps(model, image).values())
    assert [array.shape for array in maps] == [
        (24, 24, 8), (12, 12, 8), (8, 8, 16), (4, 4, 16), (256,), (10,),
    ]  # fmt: skip
    expected = model((image / np.float32(255)).reshape(1, 28, 28, 1))[0]
    np.testing.assert_allclose(maps[-1], expected, atol=1e-6)


def test_occlusion_map_at_one_place(model, data):
    image, digit = data.validation_images[3], int(data.validation_labels[3])
    losses = occlusion_map(model, image, digit, size=5)
    covered = image.copy()
    covered[10:15, 12:17] = 0
    expected = probability(model, image, digit) - probability(model, covered, digit)
    assert losses[12, 14] == pytest.approx(expected, abs=1e-5)
    assert losses.shape == (28, 28)
    assert losses[0, 0] == pytest.approx(0, abs=1e-6)  # nothing to cover in the corner


def test_saliency_map_against_finite_differences(model, data):
    image, digit = data.validation_images[3], int(data.validation_labels[3])
    gradients = saliency_map(model, image, digit)
    xs = (image / np.float32(255)).reshape(1, 28, 28, 1)
    row, column = np.unravel_index(np.abs(gradients).argmax(), (28, 28))
    step = np.zeros_like(xs)
    step[0, row, column, 0] = 1e-2
    up, down = (float(np.log(model(xs + sign * step)[0, digit])) for sign in (1, -1))
    assert gradients[row, column] == pytest.approx((up - down) / 2e-2, rel=0.1)


def test_images_maximize_the_activation_of_their_own_filter(model):
    images = maximize_activations(model, layer=2, steps=30)
    assert images.shape == (16, 28, 28)
    assert images.min() >= 0 and images.max() <= 1

    def responses(xs):
        convolution = model.layers[2]
        pooled = model.layers[1](model.layers[0](xs))
        maps = convolution.convolution_op(pooled, convolution.kernel) + convolution.bias
        return np.asarray(maps)[:, 4, 4]

    grey = responses(np.full((1, 28, 28, 1), 0.5, np.float32))[0]
    table = responses(images[..., None])  # [images, filters]
    assert (table.diagonal() > np.maximum(grey, 0) + 0.1).all()
    # Nearly every filter responds most strongly to the image that was made for it.
    assert (table.argmax(axis=0) == np.arange(16)).sum() >= 12


def test_penultimate_features_are_what_the_dense_layer_sees(model, data):
    images = data.validation_images[:1500]
    features = penultimate_features(model, images)
    assert features.shape == (1500, 256)
    logits = features @ model.layers[-1].kernel.numpy() + model.layers[-1].bias.numpy()
    expected = np.asarray(model((images / np.float32(255))[..., None]))
    np.testing.assert_array_equal(logits.argmax(axis=1), expected.argmax(axis=1))
    assert penultimate_features(build_dense_model(), images[:3]).shape == (3, 42)


def test_project_pca_of_a_stretched_cloud():
    rng = np.random.default_rng(0)
    cloud = rng.normal(size=(2000, 3)) * [1, 10, 3] + 50
    plane = project_pca(cloud)
    assert plane.shape == (2000, 2)
    np.testing.assert_allclose(plane.std(axis=0), [10, 3], rtol=0.1)
    np.testing.assert_allclose(plane.mean(axis=0), 0, atol=1e-4)
    assert abs(np.corrcoef(plane[:, 0], cloud[:, 1])[0, 1]) > 0.99
    # All directions together lose nothing: distances stay.
    every = project_pca(cloud, 3)
    np.testing.assert_allclose(
        np.linalg.norm(every[0] - every[1]), np.linalg.norm(cloud[0] - cloud[1]), rtol=1e-4
    )


@pytest.fixture(scope="module")
def linear():
    """A network whose logits are sums of pixels: of the left half for 0, of the right for 1."""
    dense = keras.layers.Dense(10, activation="softmax", use_bias=False)
    model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten(), dense])
    kernel = np.zeros((28, 28, 10), np.float32)
    kernel[:, :14, 0] = kernel[:, 14:, 1] = 0.1
    dense.kernel.assign(kernel.reshape(784, 10))
    return model


def test_saliency_by_hand(linear):
    # Of a blank image all probabilities are 0.1; d log p_0 / d logits is 0.9 for 0, -0.1 else.
    gradients = saliency_map(linear, np.zeros((28, 28), np.uint8), 0)
    np.testing.assert_allclose(gradients[:, :14], 0.1 * 0.9, rtol=1e-5)
    np.testing.assert_allclose(gradients[:, 14:], 0.1 * -0.1, rtol=1e-5)


def test_occlusion_by_hand(linear):
    # Ten pixels on the left and five on the right: logits 1 and 0.5, and eight of 0.
    image = np.zeros((28, 28), np.uint8)
    image[5:7, 4:9] = image[5, 20:25] = 255
    losses = occlusion_map(linear, image, 0, size=3)
    whole = np.exp(1) / (np.exp(1) + np.exp(0.5) + 8)
    without = np.exp(0.4) / (np.exp(0.4) + np.exp(0.5) + 8)  # six of the ten pixels covered
    assert losses[6, 6] == pytest.approx(whole - without, abs=1e-6)
    without = np.exp(1) / (np.exp(1) + np.exp(0.2) + 8)  # three of the five
    assert losses[5, 22] == pytest.approx(whole - without, abs=1e-6)
    assert losses[5, 22] < 0 < losses[6, 6]
    assert losses[20, 10] == 0


# --- bad input -------------------------------------------------------------------------------

IMAGE = np.zeros((28, 28), np.uint8)


@pytest.mark.parametrize(
    "look",
    [
        lambda model, image: feature_maps(model, image),
        lambda model, image: occlusion_map(model, image, 3),
        lambda model, image: saliency_map(model, image, 3),
        lambda model, image: penultimate_features(model, image),
    ],
    ids=["feature_maps", "occlusion_map", "saliency_map", "penultimate_features"],
)
@pytest.mark.parametrize(
    ("image", "error", "message"),
    [
        (None, TypeError, "got None"),
        ("three", TypeError, "got 'three'"),
        (IMAGE / 255, ValueError, r"got float64 \[28, 28\]"),
        (IMAGE.astype(int), ValueError, r"got int64 \[28, 28\]"),
        (IMAGE[..., None], ValueError, r"got uint8 \[28, 28, 1\]"),
        (IMAGE[None, ..., None], ValueError, r"got uint8 \[1, 28, 28, 1\]"),
        (IMAGE.reshape(784), ValueError, r"got uint8 \[784\]"),
        (IMAGE[:20], ValueError, r"got uint8 \[20, 28\]"),
    ],
)
def test_bad_images(model, look, image, error, message):
    with pytest.raises(error, match=rf"^images? must be uint8 \[(n, )?28, 28\]; {message}$"):
        look(model, image)


def not_a_chain(model):
    return keras.Model(model.inputs, model.outputs)


def flat_model(model):
    return keras.Sequential([keras.Input((784,)), keras.layers.Dense(10)])


def unbuilt(model):
    return keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10)])


@pytest.mark.parametrize(
    "look",
    [
        lambda model: feature_maps(model, IMAGE),
        lambda model: maximize_activations(model, 0, steps=1),
        lambda model: penultimate_features(model, IMAGE[None]),
    ],
    ids=["feature_maps", "maximize_activations", "penultimate_features"],
)
@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda _: None, TypeError, "model must be a keras.Sequential; got None"),
        (lambda _: "model", TypeError, "model must be a keras.Sequential; got 'model'"),
        (not_a_chain, TypeError, "model must be a keras.Sequential; got Functional"),
        (unbuilt, ValueError, "model must know its input shape; begin it with keras.Input"),
        (flat_model, ValueError, r"model must map .*; this one maps \(None, 784\) to"),
    ],
)
def test_models_that_are_not_a_chain_of_layers(model, look, make, error, message):
    with pytest.raises(error, match=message):
        look(make(model))


@pytest.mark.parametrize("look", [occlusion_map, saliency_map])
def test_models_of_another_form(model, look):
    with pytest.raises(TypeError, match="model must be a Keras model; got None"):
        look(None, IMAGE, 3)
    with pytest.raises(ValueError, match=r"this one maps \(None, 784\) to \(None, 10\)"):
        look(flat_model(model), IMAGE, 3)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m: feature_maps(m, IMAGE[None]), ValueError, r"got uint8 \[1, 28, 28\]"),
        (lambda m: penultimate_features(m, IMAGE), ValueError, r"got uint8 \[28, 28\]"),
        (lambda m: penultimate_features(m, IMAGE[None][:0]), ValueError, "must not be empty"),
        (lambda m: occlusion_map(m, IMAGE, 10), ValueError, r"digit must be .*0\.\.9; got 10"),
        (lambda m: occlusion_map(m, IMAGE, 1, size=0), ValueError, "size must be .*>= 1; got 0"),
        (lambda m: saliency_map(m, IMAGE, "1"), TypeError, "digit must be a whole number; got '1'"),
        (lambda m: saliency_map(m, IMAGE, -1), ValueError, r"digit must be .*0\.\.9; got -1"),
        (
            lambda m: maximize_activations(m, 1),
            ValueError,
            "layer must be the position of a Conv2D layer; got 1",
        ),
        (
            lambda m: maximize_activations(m, 9),
            ValueError,
            "layer must be the position of a Conv2D layer; got 9",
        ),
        (lambda m: maximize_activations(m, -1), ValueError, "layer must be .*>= 0; got -1"),
        (lambda m: maximize_activations(m, 0, steps=0), ValueError, "steps must be .*>= 1; got 0"),
        (lambda m: maximize_activations(m, 0, seed=-1), ValueError, "seed must be .*; got -1"),
        (
            lambda m: project_pca(np.ones((3, 1))),
            ValueError,
            r"count must be a whole number in 1\.\.1; got 2",
        ),
        (lambda m: project_pca(np.ones(3)), ValueError, r"features must be float \[n, features\]"),
        (lambda m: project_pca([[1, np.nan]]), ValueError, "features must be finite; got nan"),
        (lambda m: project_pca(None), TypeError, "features must be .*; got None"),
        (lambda m: project_pca(np.ones((3, 2)), 0), ValueError, "count must be .*; got 0"),
    ],
)
def test_bad_arguments(model, call, error, message):
    with pytest.raises(error, match=message):
        call(model)


@pytest.mark.parametrize(
    "look",
    [
        lambda model, image: feature_maps(model, image),
        lambda model, image: occlusion_map(model, image, 3),
        lambda model, image: saliency_map(model, image, 3),
        lambda model, image: penultimate_features(model, image[None]),
    ],
    ids=["feature_maps", "occlusion_map", "saliency_map", "penultimate_features"],
)
def test_an_inverted_image_brings_a_warning(model, data, look):
    with pytest.warns(UserWarning, match="^images? look inverted: most pixels at their") as caught:
        look(model, invert(data.validation_images[:1])[0])
    assert [warning.filename for warning in caught] == [__file__]
