import matplotlib
import numpy as np
import pytest

from mnist_tutorial import (
    MnistData,
    build_dense_model,
    build_model,
    exciting_images,
    feature_maps,
    gradient_map,
    last_features,
    occlusion_map,
    plot_maps,
    plot_plane,
    principal_components,
    train,
)

matplotlib.use("Agg")


@pytest.fixture(scope="module")
def data():
    return MnistData()


@pytest.fixture(scope="module")
def model(data):
    model = build_model()
    train(model, data, batches=60, progress=False)
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


def test_gradient_map_against_finite_differences(model, data):
    image, digit = data.validation_images[3], int(data.validation_labels[3])
    slopes = gradient_map(model, image, digit)
    xs = (image / np.float32(255)).reshape(1, 28, 28, 1)
    row, column = np.unravel_index(np.abs(slopes).argmax(), (28, 28))
    step = np.zeros_like(xs)
    step[0, row, column, 0] = 1e-2
    up, down = (float(np.log(model(xs + sign * step)[0, digit])) for sign in (1, -1))
    assert slopes[row, column] == pytest.approx((up - down) / 2e-2, rel=0.1)


def test_exciting_images_excite_their_own_filter(model):
    images = exciting_images(model, layer=2, steps=30)
    assert images.shape == (16, 28, 28)
    assert images.min() >= 0 and images.max() <= 1

    def answers(xs):
        convolution = model.layers[2]
        pooled = model.layers[1](model.layers[0](xs))
        maps = convolution.convolution_op(pooled, convolution.kernel) + convolution.bias
        return np.asarray(maps)[:, 4, 4]

    grey = answers(np.full((1, 28, 28, 1), 0.5, np.float32))[0]
    table = answers(images[..., None])  # [images, filters]
    assert (table.diagonal() > np.maximum(grey, 0) + 0.1).all()
    # Nearly every filter answers most strongly to the image that was made for it.
    assert (table.argmax(axis=0) == np.arange(16)).sum() >= 12


def test_last_features_are_what_the_dense_layer_sees(model, data):
    images = data.validation_images[:1500]
    features = last_features(model, images)
    assert features.shape == (1500, 256)
    logits = features @ model.layers[-1].kernel.numpy() + model.layers[-1].bias.numpy()
    expected = np.asarray(model((images / np.float32(255))[..., None]))
    np.testing.assert_array_equal(logits.argmax(axis=1), expected.argmax(axis=1))
    assert last_features(build_dense_model(), images[:3]).shape == (3, 42)


def test_principal_components_of_a_stretched_cloud():
    rng = np.random.default_rng(0)
    cloud = rng.normal(size=(2000, 3)) * [1, 10, 3] + 50
    plane = principal_components(cloud)
    assert plane.shape == (2000, 2)
    np.testing.assert_allclose(plane.std(axis=0), [10, 3], rtol=0.1)
    np.testing.assert_allclose(plane.mean(axis=0), 0, atol=1e-4)
    assert abs(np.corrcoef(plane[:, 0], cloud[:, 1])[0, 1]) > 0.99
    # All directions together lose nothing: distances stay.
    every = principal_components(cloud, 3)
    np.testing.assert_allclose(
        np.linalg.norm(every[0] - every[1]), np.linalg.norm(cloud[0] - cloud[1]), rtol=1e-4
    )


def test_plot_maps_puts_each_map_in_its_place():
    maps = np.stack([np.full((3, 4), value, float) for value in range(5)])
    ax = plot_maps(maps, columns=3)
    canvas = np.asarray(ax.images[0].get_array().filled(np.nan))
    assert canvas.shape == (7, 14)
    assert canvas[0, 0] == 0 and canvas[0, 5] == 1 and canvas[6, 8] == 4
    assert np.isnan(canvas[6, 13])


def test_plot_maps_marks_what_lies_below_zero():
    maps = np.stack([np.full((3, 4), value, float) for value in (-4, 0, 4, -0.3)])
    ax = plot_maps(maps, columns=2, diverging=True)
    assert ax.images[0].get_clim() == (-4, 4)
    marked = {tuple(place) for place in ax.collections[0].get_offsets().tolist()}
    # The first map; the last lies less than a tenth of the largest value below zero.
    assert marked == {(column, row) for row in range(3) for column in range(4)}
    assert not plot_maps(maps).collections


def test_plot_plane_draws_every_point():
    points, labels = np.arange(20.0).reshape(10, 2), np.arange(10) % 3
    ax = plot_plane(points, labels)
    assert sum(len(one.get_offsets()) for one in ax.collections) == 10
    assert ax.get_xlabel() and ax.get_ylabel()


IMAGE = np.zeros((28, 28), np.uint8)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m: feature_maps(m, IMAGE / 255), ValueError, r"image must be.*\[28, 28\].*float64"),
        (lambda m: feature_maps(m, IMAGE[None]), ValueError, r"got uint8 \[1, 28, 28\]"),
        (lambda m: occlusion_map(m, IMAGE, 10), ValueError, "digit must be at most 9; got 10"),
        (lambda m: occlusion_map(m, IMAGE, 1, size=0), ValueError, "size must be at least 1"),
        (lambda m: gradient_map(m, IMAGE, "1"), TypeError, "digit must be a whole number"),
        (lambda m: exciting_images(m, 4), ValueError, "layer must be the position of a Conv2D"),
        (lambda m: exciting_images(m, 9), ValueError, "layer must be the position of a Conv2D"),
        (lambda m: last_features(m, IMAGE), ValueError, r"images must be.*\[n, 28, 28\]"),
        (lambda m: principal_components(np.ones((3, 1))), ValueError, "at least 2 features"),
        (lambda m: plot_maps(IMAGE), ValueError, "maps must be"),
        (lambda m: plot_plane(np.ones((3, 2)), np.ones(2, int)), ValueError, "one for each label"),
    ],
)
def test_bad_arguments(model, call, error, message):
    with pytest.raises(error, match=message):
        call(model)
