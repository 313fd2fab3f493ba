import numpy as np
import pytest

from mnist_tutorial import (
    build_deep_model,
    build_dense_model,
    build_model,
    convolve,
    make_batch,
    max_pool,
)
from mnist_tutorial.data import MnistData


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
def images():
    data = MnistData()
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
    # The third row and the fifth column fill no whole block.
    np.testing.assert_array_equal(max_pool(maps)[0, :, :, 0], [[5, 8]])


def test_the_network_layer_by_layer_in_numpy(images):
    model = build_model(seed=3)
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


def test_variance_scaling():
    kernels = [layer.kernel for layer in build_model().layers if hasattr(layer, "kernel")]
    for kernel in kernels:
        fan_in = np.prod(kernel.shape[:-1])
        # Of 200 to 3,200 draws, the sample's deviation lies within a few percent of the true one.
        assert np.std(kernel) * np.sqrt(fan_in) == pytest.approx(1, rel=0.15)


@pytest.mark.parametrize("seed", [-1, 0.5, "0", True])
def test_bad_seed(seed):
    with pytest.raises((TypeError, ValueError), match="seed must be"):
        build_model(seed=seed)


def test_bad_shapes():
    with pytest.raises(ValueError, match="of the same channels"):
        convolve(np.zeros((1, 5, 5, 1)), np.zeros((3, 3, 2, 4)))
    with pytest.raises(ValueError, match=r"images must be.*\[28, 28\]"):
        convolve(np.zeros((28, 28)), np.zeros((3, 3, 1, 1)))
    with pytest.raises(ValueError, match="at least as large as the kernels"):
        convolve(np.zeros((1, 2, 5, 1)), np.zeros((3, 3, 1, 1)))
    with pytest.raises(ValueError, match=r"bias must be a numeric array \[4\]; got float64 \[1\]"):
        convolve(np.zeros((1, 5, 5, 1)), np.zeros((3, 3, 1, 4)), np.zeros(1))
    with pytest.raises(ValueError, match="maps must be"):
        max_pool(np.zeros((1, 1, 5, 1)))
    with pytest.raises(ValueError, match="size must be at least 1; got 0"):
        max_pool(np.zeros((1, 4, 4, 1)), size=0)


def test_deep_model_is_smaller_than_the_tutorials_and_repeats():
    model = build_deep_model(seed=3)
    assert model.count_params() == 5880 < build_model().count_params()
    assert (model.input_shape, model.output_shape) == ((None, 28, 28, 1), (None, 10))
    for one, other in zip(model.get_weights(), build_deep_model(seed=3).get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    kernels = [layer.kernel.numpy() for layer in model.layers if layer.name.startswith("conv")]
    others = build_deep_model(seed=4)
    for kernel, layer in zip(
        kernels, [x for x in others.layers if x.name.startswith("conv")], strict=True
    ):
        assert not np.array_equal(kernel, layer.kernel.numpy())
        assert kernel.std() > 0
