"""A training step runs on the GPU (`make test-gpu`); without a wish for one, not tested."""

import os

import pytest

pytestmark = pytest.mark.skipif(
    os.environ.get("MNIST_TUTORIAL_REQUIRE_GPU") != "1",
    reason="MNIST_TUTORIAL_REQUIRE_GPU is not 1",
)

GPU = "GPU:0"


@pytest.fixture(scope="module")
def tf():
    # Raises where the variable is set and TensorFlow sees no GPU: then the tests fail.
    from mnist_tutorial._internal.tensorflow import tf

    assert tf.config.list_physical_devices("GPU"), "TensorFlow sees no GPU"
    return tf


def test_training_runs_on_the_gpu(tf):
    from mnist_tutorial import MnistData, build_model, train

    data = MnistData()
    model = build_model()
    assert all(GPU in weight.value.device for weight in model.weights)

    tf.config.experimental.reset_memory_stats(GPU)
    before = tf.config.experimental.get_memory_info(GPU)["current"]
    history = train(model, data, batches=5, batch_size=1000, progress=False)
    peak = tf.config.experimental.get_memory_info(GPU)["peak"]

    # The first convolution's maps of one batch, which the backward pass needs again.
    assert peak - before > 1000 * 24 * 24 * 8 * 4
    assert all(GPU in weight.value.device for weight in model.weights)
    assert history.history["loss"][-1] < history.history["loss"][0]


def test_every_op_of_a_step_has_a_gpu_kernel(tf):
    from mnist_tutorial import MnistData, build_model

    model = build_model()
    batch = MnistData().next_train_batch(64)
    soft = tf.config.get_soft_device_placement()
    tf.config.set_soft_device_placement(False)  # an op that falls back to the CPU is an error
    try:
        with tf.device(GPU):
            xs = tf.constant(batch.xs.reshape(-1, 28, 28, 1))
            with tf.GradientTape() as tape:
                probabilities = model(xs, training=True)
                loss = -tf.reduce_mean(
                    tf.reduce_sum(batch.labels * tf.math.log(probabilities), axis=1)
                )
            gradients = tape.gradient(loss, model.trainable_weights)
    finally:
        tf.config.set_soft_device_placement(soft)
    assert all(GPU in tensor.device for tensor in [probabilities, loss, *gradients])
