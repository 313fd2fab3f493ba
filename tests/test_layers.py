"""The networks, and their arithmetic in NumPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mnist_tutorial.batching import make_batch
from mnist_tutorial.layers import (
    build_dense_model,
    build_model,
    convolve,
    layer_seeds,
    max_pool,
)


def naive_convolve(images, kernels, bias):
    """Convolve by the definition: one sum of products for each place and filter."""
    n, height, width, _ = images.shape
    rows, columns, _, filters = kernels.shape
    maps = np.zeros((n, height - rows + 1, width - columns + 1, filters))
    for i, y, x, f in np.ndindex(maps.shape):
        window = images[i, y : y + rows, x : x + columns, :]
        maps[i, y, x, f] = (window * kernels[..., f]).sum() + bias[f]
    return maps


@pytest.fixture(scope="module")
def images(data):
    xs, _ = make_batch(data.validation_images[:20], data.validation_labels[:20])
    return xs.reshape(-1, 28, 28, 1)


def test_convolution_by_hand():
    image = np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]]).reshape(1, 3, 3, 1)
    kernel = np.array([[1.0, 2], [3, 4]]).reshape(2, 2, 1, 1)
    # 1*1 + 2*2 + 4*3 + 5*4 = 37 and so on
    expected = [[37, 47], [67, 77]]
    np.testing.assert_array_equal(convolve(image, kernel)[0, :, :, 0], expected)
    np.testing.assert_array_equal(
        convolve(image, kernel, np.array([0.5]))[0, :, :, 0], np.array(expected) + 0.5
    )


def test_convolution_agrees_with_its_definition():
    rng = np.random.default_rng(0)
    images, kernels = rng.normal(size=(2, 7, 6, 3)), rng.normal(size=(5, 4, 3, 4))
    bias = rng.normal(size=4)
    np.testing.assert_allclose(
        convolve(images, kernels, bias), naive_convolve(images, kernels, bias), atol=1e-12
    )


def test_max_pool_by_hand():
    maps = np.array([[1.0, 5, 2, 0, 9], [3, 4, 8, 1, 9], [9, 9, 9, 9, 9]]).reshape(1, 3, 5, 1)
    # The third row and the fifth column do not fill a block.
    np.testing.assert_array_equal(max_pool(maps)[0, :, :, 0], [[5, 8]])
    np.testing.assert_array_equal(max_pool(maps, size=3)[0, :, :, 0], [[9]])


def test_the_network_layer_by_layer_in_numpy(images):
    model = build_model(seed=3)
    # Biases start at zero, where it would not show if one were left out.
    model.set_weights([weight + 0.01 for weight in model.get_weights()])
    kernel_1, bias_1, kernel_2, bias_2, weights, bias = model.get_weights()
    maps = images.astype(np.float64)
    for kernel, one_bias in ((kernel_1, bias_1), (kernel_2, bias_2)):
        maps = max_pool(np.maximum(convolve(maps, kernel, one_bias), 0))
    logits = maps.reshape(len(maps), -1) @ weights + bias
    exponentials = np.exp(logits)
    expected = exponentials / exponentials.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model(images), expected, atol=1e-5)


def test_shapes_and_parameters():
    model = build_model()
    assert [tuple(layer.output.shape[1:]) for layer in model.layers] == [
        (24, 24, 8), (12, 12, 8), (8, 8, 16), (4, 4, 16), (256,), (10,),
    ]  # fmt: skip
    assert model.count_params() == (25 * 1 + 1) * 8 + (25 * 8 + 1) * 16 + (256 + 1) * 10 == 5994
    assert build_dense_model().count_params() == (784 + 1) * 42 + (42 + 1) * 10 == 33400


@pytest.mark.parametrize("build", [build_model, build_dense_model])
def test_seed_fixes_the_weights(build):
    first, again, other = (build(seed=seed).get_weights() for seed in (5, 5, 6))
    for a, b, c in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(a, b)
        assert not a.any() or not np.array_equal(a, c)  # biases start at zero


def test_no_two_networks_share_the_seed_of_a_layer():
    seeds = [seed for network in range(5) for seed in layer_seeds(network, 3)]
    assert sorted(seeds) == list(range(15))


def test_variance_scaling():
    kernels = [layer.kernel for layer in build_model().layers if hasattr(layer, "kernel")]
    for kernel in kernels:
        fan_in = np.prod(kernel.shape[:-1])
        # Of 200 to 3,200 draws, the sample's deviation lies within a few percent of the true one.
        assert np.std(kernel) * np.sqrt(fan_in) == pytest.approx(1, rel=0.15)


def test_classes_beyond_ten(images):
    for build in (build_model, build_dense_model):
        model = build(classes=26)
        assert model.output_shape == (None, 26)
        np.testing.assert_allclose(np.sum(model(images), axis=1), 1, rtol=1e-5)


def test_lists_serve_as_arrays():
    image = [[[[1], [2]], [[3], [4]]]]
    assert convolve(image, [[[[10]]]], [1]).tolist() == [[[[11], [21]], [[31], [41]]]]
    assert max_pool(image).tolist() == [[[[4]]]]


# --- bad input -----------------------------------------------------------------------------


@pytest.mark.parametrize("build", [build_model, build_dense_model])
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"seed": -1}, ValueError, r"seed must be a whole number in 0\.\.4294967295; got -1"),
        ({"seed": 2**32}, ValueError, "seed must be a whole number .*; got 4294967296"),
        ({"seed": 0.5}, TypeError, r"seed must be a whole number; got 0\.5"),
        ({"seed": "0"}, TypeError, "seed must be a whole number; got '0'"),
        ({"seed": True}, TypeError, "seed must be a whole number; got True"),
        ({"classes": 1}, ValueError, "classes must be a whole number >= 2; got 1"),
        ({"classes": None}, TypeError, "classes must be a whole number; got None"),
    ],
)
def test_bad_arguments_of_builders(build, arguments, error, message):
    with pytest.raises(error, match=message):
        build(**arguments)


MAPS, KERNELS = np.zeros((1, 5, 5, 2)), np.zeros((3, 3, 2, 4))


@pytest.mark.parametrize(
    ("images", "kernels", "bias", "error", "message"),
    [
        (None, KERNELS, None, TypeError, r"images must be float \[n, height, .*; got None"),
        (MAPS[0], KERNELS, None, ValueError, r"images must be .*; got float64 \[5, 5, 2\]"),
        (MAPS[:0], KERNELS, None, ValueError, "images must not be empty"),
        (MAPS + np.nan, KERNELS, None, ValueError, "images must be finite; got nan"),
        (MAPS, "k", None, TypeError, r"kernels must be float \[kernel_height, .*; got 'k'"),
        (MAPS, KERNELS[0], None, ValueError, r"kernels must be .*; got float64 \[3, 2, 4\]"),
        (
            MAPS,
            KERNELS[:, :, :1],
            None,
            ValueError,
            r"with channels = 2; got float64 \[3, 3, 1, 4\]",
        ),
        (MAPS, KERNELS - np.inf, None, ValueError, "kernels must be finite; got -inf"),
        (MAPS[:, :2], KERNELS, None, ValueError, "images must be at least as large as the kernels"),
        (MAPS[:, :, :2], KERNELS, None, ValueError, "at least as large as the kernels; got"),
        (MAPS, KERNELS, 3, TypeError, r"bias must be float \[filters\].*; got 3"),
        (MAPS, KERNELS, [0], ValueError, r"bias must be .* with filters = 4; got int64 \[1\]"),
        (MAPS, KERNELS, [np.nan] * 4, ValueError, "bias must be finite; got nan"),
    ],
)
def test_bad_arguments_of_convolve(images, kernels, bias, error, message):
    with pytest.raises(error, match=message):
        convolve(images, kernels, bias)


@pytest.mark.parametrize(
    ("maps", "size", "error", "message"),
    [
        (None, 2, TypeError, r"maps must be float \[n, height, width, channels\]; got None"),
        (MAPS[0], 2, ValueError, r"maps must be float .*; got float64 \[5, 5, 2\]"),
        (MAPS - np.inf, 2, ValueError, "maps must be finite; got -inf"),
        (MAPS, 6, ValueError, r"maps must be at least 6 high and wide; got float64 \[1, 5, 5, 2\]"),
        (MAPS[:, :1], 2, ValueError, "maps must be at least 2 high and wide"),
        (MAPS, 0, ValueError, "size must be a whole number >= 1; got 0"),
        (MAPS, 2.0, TypeError, r"size must be a whole number; got 2\.0"),
    ],
)
def test_bad_arguments_of_max_pool(maps, size, error, message):
    with pytest.raises(error, match=message):
        max_pool(maps, size)


# --- what holds for all data ---------------------------------------------------------------

FEW = settings(derandomize=True, deadline=None, max_examples=60)  # the same in every run


@given(
    maps=arrays.arrays(np.float64, (2, 6, 5, 2), elements=st.floats(-9, 9)), size=st.integers(1, 5)
)
@FEW
def test_pooling_keeps_the_largest_values(maps, size):
    pooled = max_pool(maps, size)
    assert pooled.shape == (2, 6 // size, 5 // size, 2)
    whole = maps[:, : 6 // size * size, : 5 // size * size]
    np.testing.assert_array_equal(pooled.max(axis=(1, 2)), whole.max(axis=(1, 2)))
    np.testing.assert_array_equal(-max_pool(-maps, 1), maps)


@given(
    a=arrays.arrays(np.float64, (1, 5, 4, 2), elements=st.floats(-9, 9)),
    b=arrays.arrays(np.float64, (1, 5, 4, 2), elements=st.floats(-9, 9)),
    kernels=arrays.arrays(np.float64, (3, 2, 2, 3), elements=st.floats(-9, 9)),
)
@FEW
def test_convolution_is_linear(a, b, kernels):
    together = convolve(a + 2 * b, kernels)
    np.testing.assert_allclose(together, convolve(a, kernels) + 2 * convolve(b, kernels), atol=1e-9)
