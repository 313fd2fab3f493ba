"""What a user does first, with whatever versions are installed: `make test-lowest` runs it.

It prints the versions, so that a passing run says what it passed with.
"""

from importlib.metadata import version

import numpy as np

from mnist_tutorial import MnistData, build_model, evaluate, plot_loss, predict, train


def test_train_evaluate_predict_save_and_load(tmp_path):
    for name in ("tensorflow", "keras", "numpy", "matplotlib", "pillow"):
        print(name, version(name))
    data, model = MnistData(), build_model()
    history = train(model, data, batches=40, checkpoint=tmp_path / "run.checkpoint", progress=False)
    assert evaluate(model, data).accuracy > 0.7
    plot_loss(history).figure.savefig(tmp_path / "loss.png")
    pictures = [255 - image for image in data.validation_images[:20]]
    digits = predict(model, pictures).digits
    assert (digits == data.validation_labels[:20]).mean() > 0.6

    import keras

    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    again = build_model()
    resumed = train(
        again, MnistData(), batches=40, checkpoint=tmp_path / "run.checkpoint", progress=False
    )
    assert resumed == history
