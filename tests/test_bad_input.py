"""What every public function says to wrong arguments: one line that names the argument.

One row of BAD for each case; what only looks wrong is a warning, tested at the end.
"""

import struct
import warnings
from types import SimpleNamespace

import keras
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import tensorflow as tf

import mnist_tutorial
from mnist_tutorial import (
    BatchSampler,
    History,
    MnistData,
    accuracy,
    accuracy_per_class,
    add_noise,
    backpropagate,
    build_deep_model,
    build_dense_model,
    build_model,
    build_optimizer,
    compile_model,
    confusion_matrix,
    convolve,
    convolve_backward,
    cross_entropy,
    cross_entropy_from_logits,
    dense_backward,
    epoch_order,
    evaluate,
    exciting_images,
    export_tfjs,
    feature_maps,
    forward,
    gradient_descent,
    gradient_map,
    invert,
    last_features,
    load_checkpoint,
    make_batch,
    max_pool,
    max_pool_backward,
    mean_cross_entropy,
    most_confident_mistakes,
    occlusion_map,
    plot_accuracy,
    plot_accuracy_per_class,
    plot_confusion_matrix,
    plot_digits,
    plot_loss,
    plot_maps,
    plot_plane,
    principal_components,
    read_idx,
    relu_backward,
    rotate,
    save_checkpoint,
    sgd_step,
    shift,
    softmax,
    softmax_cross_entropy_backward,
    thicken,
    train,
    train_low_level,
)

matplotlib.use("Agg")

IMAGES = np.zeros((3, 28, 28), np.uint8)
LABELS = np.array([7, 0, 9], np.uint8)
XS = np.zeros((3, 28, 28, 1), np.float32)
ONE_HOT = np.eye(10, dtype=np.float32)[LABELS]
PROBABILITIES = np.full((3, 10), 0.1)
MAPS = np.zeros((1, 4, 4, 2))
KERNELS = np.zeros((3, 3, 2, 5))
DATA = MnistData()
MODEL = build_model()
WEIGHTS = MODEL.get_weights()
VARIABLES = [tf.Variable(weight) for weight in WEIGHTS]


def sequential(*layers):
    return keras.Sequential(layers)


def set_position(position):
    BatchSampler(IMAGES, LABELS).position = position


FLAT_MODEL = sequential(keras.Input((784,)), keras.layers.Dense(10))
WIDE_MODEL = sequential(keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(26))
FUNCTIONAL_MODEL = keras.Model(MODEL.inputs, MODEL.outputs)
UNBUILT_MODEL = sequential(keras.layers.Flatten(), keras.layers.Dense(10))
NAN_MODEL = build_dense_model()
NAN_MODEL.set_weights([np.full_like(weight, np.nan) for weight in NAN_MODEL.get_weights()])

# --- how a row is made ---------------------------------------------------------------------

X = object()
"""Stands for the argument that is wrong."""


def put(value, argument):
    if type(argument) is list:
        return [put(value, each) for each in argument]
    return value if argument is X else argument


def rows(wanted, values, function, *arguments, error=ValueError, **options):
    """Return a row for each wrong value; ``values`` maps what the message says of it to it."""
    for seen, value in values.items():
        yield row(
            f"{wanted}; got {seen}",
            function,
            *(put(value, argument) for argument in arguments),
            error=error,
            **{name: put(value, option) for name, option in options.items()},
        )


def row(message, function, *arguments, error=ValueError, **options):
    name = f"{function.__name__}: {message}"
    return pytest.param(function, arguments, options, error, message, id=name)


def shown(*arrays):
    return {f"{array.dtype} {list(array.shape)}": array for array in arrays}


def holding(value, array):
    array = np.array(array, float)
    array.flat[1] = value
    return array


def whole_number(function, *arguments, name, minimum, **options):
    options[name] = X
    values = {"2.5": 2.5, "'3'": "3", "None": None, "True": True, "nan": np.nan, "list": [1]}
    values |= shown(np.arange(2))
    wanted = f"{name} must be a whole number"
    yield from rows(wanted, values, function, *arguments, error=TypeError, **options)
    values = {str(number): number for number in (minimum - 1, minimum - 1000)}
    yield from rows(f"{name} must be at least {minimum}", values, function, *arguments, **options)


def numeric(wanted, example, function, *arguments):
    """Return the rows of an array that is none, is empty, or holds NaN or infinity."""
    name, _, shape = wanted.partition(" ")
    values = NO_ARRAYS | shown(example.astype(str), example.astype(complex))
    if "..." not in shape:
        values |= shown(example[None])
    yield from rows(f"{name} must be a numeric array {shape}", values, function, *arguments)
    if not shape[1].isdigit():
        values = shown(example[:0])
        yield from rows(f"{name} must not be empty", values, function, *arguments)
    values = {f"{value} among others": holding(value, example) for value in (np.nan, -np.inf)}
    yield from rows(f"{name} must be finite", values, function, *arguments)


def drawn(function, *arguments):
    values = {"'ax'": "ax", "list": [], "module": plt, "object [2]": np.empty(2, object)}
    wanted = "ax must be a Matplotlib Axes"
    yield from rows(wanted, values, function, *arguments, ax=X, error=TypeError)


NO_ARRAYS = {"None": None, "list": [[0]], "'zero'": "zero", "5": 5, "type": np.ndarray}
OTHER_IMAGES = NO_ARRAYS | shown(
    IMAGES / 255,
    IMAGES.astype(np.int64),
    IMAGES.reshape(3, 784),
    IMAGES[..., None],
    IMAGES[:, None],  # channels first
    np.zeros((3, 32, 32), np.uint8),
    np.zeros((3, 28, 28, 3), np.uint8),  # colours
    np.zeros((28, 28, 3), np.uint8),  # the examples last
)
NO_IMAGES = OTHER_IMAGES | shown(IMAGES[0])
NO_IMAGE = OTHER_IMAGES | shown(IMAGES)
NO_LABELS = NO_ARRAYS | shown(ONE_HOT, LABELS[:, None], LABELS.astype(np.int64), LABELS / 1)
NO_DIGITS = NO_ARRAYS | shown(ONE_HOT, LABELS[:, None], LABELS / 1, LABELS > 1)
GIVEN_ARRAYS = {seen: value for seen, value in NO_ARRAYS.items() if value is not None}
GIVEN_DIGITS = {seen: value for seen, value in NO_DIGITS.items() if value is not None}
NO_RATES = {"0": 0, "-0.15": -0.15, "nan": np.nan, "inf": np.inf, "None": None, "True": True}
NO_RATES |= {"'fast'": "fast", "list": [0.1], "(0.1+0j)": 0.1 + 0j} | shown(np.ones(1))
NO_NUMBERS = {"nan": np.nan, "-inf": -np.inf, "None": None, "True": True, "'a'": "a", "list": [1]}
for values in (NO_RATES, NO_NUMBERS):
    values["100000000000000000...0000000000000000000"] = 10**400  # too large for a float
NO_PATHS = {"None": None, "3": 3, "''": "", "b'here'": b"here", "list": ["here"]}
GIVEN_PATHS = {seen: value for seen, value in NO_PATHS.items() if value is not None}
NO_MODELS = {"None": None, "'model'": "model", "list": WEIGHTS}
NO_DATA = {"None": None, "tuple": (IMAGES, LABELS)} | shown(IMAGES)
NO_HISTORIES = {"None": None, "dict": {"loss": [1.0]}, "list": [1.0]}
NOT_ONE_HOT = {
    "sum 0 and minimum 0 in row 1": ONE_HOT * np.array([[1], [0], [1]]),
    "sum 2 and minimum 0 in row 0": 2 * ONE_HOT,
    "sum 1 and minimum -1 in row 0": np.eye(10)[[1] * 3] * 2 - np.eye(10)[[2] * 3],
    "sum 10 and minimum 1 in row 0": np.ones((3, 10)),
}
NO_PROBABILITIES = {"0..100": 100 * ONE_HOT, "-3..-3": 0 * ONE_HOT - 3}


UNBUILT = "model must know its input shape; begin it with keras.Input"
MAPPING = "model must map (None, 28, 28, 1) to (None, 10); this one maps "


def classifier(function, *arguments):
    """Return the rows of a model that does not map images to ten probabilities."""
    wanted = "model must be a Keras model"
    yield from rows(wanted, NO_MODELS, function, X, *arguments, error=TypeError)
    yield from other_shapes(function, *arguments)


def other_shapes(function, *arguments):
    for model in (FLAT_MODEL, WIDE_MODEL):
        seen = f"{model.input_shape} to {model.output_shape}"
        yield row(MAPPING + seen, function, model, *arguments)


def with_layers(function, *arguments):
    """Return the rows of a model that is no chain of layers for images of digits."""
    models = NO_MODELS | {"Functional": FUNCTIONAL_MODEL, "function": sequential}
    wanted = "model must be a keras.Sequential"
    yield from rows(wanted, models, function, X, *arguments, error=TypeError)
    yield row(UNBUILT, function, UNBUILT_MODEL, *arguments)
    yield from other_shapes(function, *arguments)


# --- the rows: data and batches ------------------------------------------------------------

UINT8_IMAGES = ("images must be a uint8 array [n, 28, 28]", NO_IMAGES)
UINT8_LABELS = ("labels must be a uint8 array [n]", NO_LABELS)
EMPTY = ("images must not be empty", shown(IMAGES[:0]))
OUT_OF_RANGE = {"0..11": np.array([0, 11, 3], np.uint8), "255..255": LABELS * 0 - np.uint8(1)}

BAD = [
    *rows("path must be a path", NO_PATHS, read_idx, X, error=TypeError),
    *rows("path must be a path", NO_PATHS, load_checkpoint, X, error=TypeError),
    *rows("path must be a path", NO_PATHS, save_checkpoint, X, {}, {}, error=TypeError),
    row(
        "arrays['a'] must hold numbers; got object [1]",
        save_checkpoint,
        "never",
        {"a": np.array([print])},
        {},
    ),
    *rows("folder must be a path", GIVEN_PATHS, MnistData, X, error=TypeError),
    *whole_number(MnistData, name="seed", minimum=0),
    *(
        each
        for function in (make_batch, BatchSampler)
        for each in (
            *rows(*UINT8_IMAGES, function, X, LABELS),
            *rows(*UINT8_LABELS, function, IMAGES, X),
            *rows(*EMPTY, function, X, LABELS[:0]),
            *rows("labels must lie in 0..9", OUT_OF_RANGE, function, IMAGES, X),
            row("images and labels differ in number: 3 and 2", function, IMAGES, LABELS[:2]),
        )
    ),
    *whole_number(BatchSampler, IMAGES, LABELS, name="seed", minimum=0),
    *whole_number(set_position, name="position", minimum=0),
    *(
        each
        for method, size in (
            (BatchSampler(IMAGES, LABELS).next_batch, 3),
            (BatchSampler(IMAGES, LABELS).next_indices, 3),
            (DATA.next_train_batch, 55_000),
            (DATA.next_validation_batch, 5_000),
            (DATA.next_test_batch, 10_000),
        )
        for each in (
            *whole_number(method, name="batch_size", minimum=1),
            row(
                f"batch_size must be at most {size}, the size of the split; got {size + 1}",
                method,
                size + 1,
            ),
        )
    ),
    *whole_number(epoch_order, name="n", minimum=1, seed=0, epoch=0),
    *whole_number(epoch_order, 3, name="seed", minimum=0, epoch=0),
    *whole_number(epoch_order, 3, name="epoch", minimum=0, seed=0),
]

# --- distortions ---------------------------------------------------------------------------

for function, arguments in (
    (shift, ()),
    (rotate, (10,)),
    (thicken, ()),
    (invert, ()),
    (add_noise, (1,)),
):
    wanted = "images must be a uint8 array [n, height, width]"
    values = NO_ARRAYS | shown(IMAGES / 255, IMAGES[0], IMAGES[..., None], IMAGES > 0)
    BAD += rows(wanted, values, function, X, *arguments)
    BAD += rows(*EMPTY, function, X, *arguments)
for name in ("rows", "columns"):
    BAD += whole_number(shift, IMAGES, name=name, minimum=-28)
    BAD += [row(f"{name} must be at most 28; got 29", shift, IMAGES, **{name: 29})]
BAD += [
    *rows("degrees must be a finite number", NO_NUMBERS, rotate, IMAGES, X),
    *whole_number(thicken, IMAGES, name="pixels", minimum=0),
    row("pixels must be at most 28; got 1000000", thicken, IMAGES, 10**6),
    *rows(
        "spread must be a finite number of at least 0",
        NO_NUMBERS | {"-1": -1},
        add_noise,
        IMAGES,
        X,
    ),
    *whole_number(add_noise, IMAGES, 1, name="seed", minimum=0),
]

# --- layers, optimizer, loss ---------------------------------------------------------------

for build in (build_model, build_dense_model, build_deep_model):
    BAD += whole_number(build, name="seed", minimum=0)
    BAD += [row("seed must be at most 4294967295; got 4294967296", build, seed=2**32)]
RATE = ("learning_rate must be a finite number above 0", NO_RATES)
BAD += [
    *numeric("images [n, height, width, channels]", MAPS, convolve, X, KERNELS),
    *numeric(
        "kernels [kernel_height, kernel_width, channels, filters]", KERNELS, convolve, MAPS, X
    ),
    *rows("bias must be a numeric array [5]", GIVEN_ARRAYS, convolve, MAPS, KERNELS, X),
    row("bias must be finite; got nan among others", convolve, MAPS, KERNELS, np.full(5, np.nan)),
    row(
        "images and kernels must be of the same channels; got [1, 4, 4, 2] and [3, 3, 1, 5]",
        convolve,
        MAPS,
        KERNELS[:, :, :1],
    ),
    row(
        "images must be at least as large as the kernels; got [1, 4, 4, 2] and [5, 5, 2, 1]",
        convolve,
        MAPS,
        np.zeros((5, 5, 2, 1)),
    ),
    *numeric("maps [n, height, width, channels]", MAPS, max_pool, X),
    *whole_number(max_pool, MAPS, name="size", minimum=1),
    row(
        "maps must be at least 5 high and wide; got float64 [1, 4, 4, 2]",
        max_pool,
        MAPS,
        5,
    ),
    *rows(*RATE, build_optimizer, X),
    *rows(*RATE, sgd_step, WEIGHTS, WEIGHTS, X),
    *rows(*RATE, gradient_descent, abs, 1.0, learning_rate=X, steps=1),
    *whole_number(gradient_descent, abs, 1.0, name="steps", minimum=0, learning_rate=1),
    *rows(
        "start must be a finite number",
        NO_NUMBERS,
        gradient_descent,
        abs,
        X,
        learning_rate=1,
        steps=1,
    ),
    *rows(
        "gradient must be a function of one weight",
        {"None": None, "2.0": 2.0},
        gradient_descent,
        X,
        1.0,
        learning_rate=1,
        steps=1,
        error=TypeError,
    ),
    *numeric("weights[0] [...]", MAPS, sgd_step, [X], [MAPS]),
    *numeric("gradients[0] [...]", MAPS, sgd_step, [MAPS], [X]),
    row(
        "weights and gradients differ in shape: [(2,)] and [(1,)]",
        sgd_step,
        [np.ones(2)],
        [np.ones(1)],
    ),
    *rows(
        "weights must be a sequence of arrays",
        {"None": None, "5": 5} | shown(MAPS),
        sgd_step,
        X,
        WEIGHTS,
        error=TypeError,
    ),
    *numeric("logits [..., classes]", PROBABILITIES, softmax, X),
    row(
        "optimizer must be a Keras optimizer; got 'adam'",
        compile_model,
        MODEL,
        "adam",
        error=TypeError,
    ),
    *rows(
        "model must be a Keras model",
        NO_MODELS | {"function": sequential},
        compile_model,
        X,
        error=TypeError,
    ),
]

PAIRS = (
    (cross_entropy, "probabilities"),
    (cross_entropy_from_logits, "logits"),
    (accuracy, "probabilities"),
)
for function, name in PAIRS:
    BAD += numeric("labels [...]", ONE_HOT, function, X, PROBABILITIES)
    BAD += numeric(f"{name} [...]", PROBABILITIES, function, ONE_HOT, X)
    BAD += rows(
        "labels must be one-hot, 0 or more with sum 1 in each row",
        NOT_ONE_HOT,
        function,
        X,
        PROBABILITIES,
    )
    both = "labels and predictions must both be [n, classes]; got "
    BAD += [
        row(both + "[3] and [3, 10]", function, LABELS, PROBABILITIES),
        row(both + "[2, 10] and [3, 10]", function, ONE_HOT[:2], PROBABILITIES),
        row(both + "[10] and [10]", function, ONE_HOT[0], PROBABILITIES[0]),
    ]
BAD += rows("probabilities must lie in 0..1", NO_PROBABILITIES, cross_entropy, ONE_HOT, X)

# --- results -------------------------------------------------------------------------------

TEST = SimpleNamespace(test_images=IMAGES, test_labels=LABELS)
BAD += [
    *classifier(evaluate, DATA),
    *rows("data must be an MnistData", NO_DATA, evaluate, MODEL, X, error=TypeError),
    row("output of model must be finite; got nan among others", evaluate, NAN_MODEL, TEST),
    row(
        "output of model must be a numeric array [3, 10]; got float32 [3, 28, 28, 1]",
        evaluate,
        lambda xs, training: XS,
        TEST,
    ),
    row(
        "output of model must lie in 0..1; got 0..7",
        evaluate,
        lambda xs, training: 7 * ONE_HOT,
        TEST,
    ),
]
for function in (confusion_matrix, accuracy_per_class):
    for name, arguments in (("labels", (X, LABELS)), ("predictions", (LABELS, X))):
        BAD += rows(f"{name} must be an integer array [n]", NO_DIGITS, function, *arguments)
        BAD += rows(f"{name} must not be empty", shown(LABELS[:0]), function, *arguments)
        BAD += rows(
            f"{name} must lie in 0..9",
            {"-1..3": np.array([-1, 3, 0]), "0..11": np.array([0, 11, 0])},
            function,
            *arguments,
        )
    BAD += [
        row(
            "labels and predictions must both be [n]; got [3] and [2]", function, LABELS, LABELS[:2]
        )
    ]
BAD += [
    *rows(
        "labels must be an integer array [n]", NO_DIGITS, most_confident_mistakes, X, PROBABILITIES
    ),
    *numeric("probabilities [n, 10]", PROBABILITIES, most_confident_mistakes, LABELS, X),
    *rows("probabilities must lie in 0..1", NO_PROBABILITIES, most_confident_mistakes, LABELS, X),
    row(
        "labels and predictions must both be [n]; got [2] and [3]",
        most_confident_mistakes,
        LABELS[:2],
        PROBABILITIES,
    ),
    *whole_number(most_confident_mistakes, LABELS, PROBABILITIES, name="count", minimum=1),
]
HISTORY = History({"loss": [1.0], "accuracy": [0.5], "val_loss": [1.0], "val_accuracy": [0.5]}, [1])
for function, name in ((plot_loss, "loss"), (plot_accuracy, "val_accuracy")):
    BAD += rows("history must be a History", NO_HISTORIES, function, X, error=TypeError)
    BAD += [row(f"history must hold {name}; got none", function, History())]
    BAD += drawn(function, HISTORY)
BAD += [
    *rows(
        "counts must be an integer array [10, 10]",
        NO_ARRAYS | shown(np.eye(10), np.eye(9, dtype=int), LABELS),
        plot_confusion_matrix,
        X,
    ),
    row("counts must lie in 0..inf; got -1..0", plot_confusion_matrix, -np.eye(10, dtype=int)),
    *drawn(plot_confusion_matrix, np.eye(10, dtype=int)),
    *rows(
        "accuracies must be a numeric array [10]",
        NO_ARRAYS | shown(PROBABILITIES, np.ones(9)),
        plot_accuracy_per_class,
        X,
    ),
    row("accuracies must lie in 0..1; got 0..9", plot_accuracy_per_class, np.arange(10)),
    *drawn(plot_accuracy_per_class, np.ones(10)),
    *numeric("images [n, height, width]", IMAGES, plot_digits, X),
    *rows("labels must be an integer array [n]", GIVEN_DIGITS, plot_digits, IMAGES, X),
    *rows("predictions must be an integer array [n]", GIVEN_DIGITS, plot_digits, IMAGES, LABELS, X),
    row("labels must be as many as images, 3; got 2", plot_digits, IMAGES, LABELS[:2]),
    row("predictions must be as many as images, 3; got 2", plot_digits, IMAGES, LABELS, LABELS[:2]),
    row(
        "predictions are marked right or wrong by labels; got no labels",
        plot_digits,
        IMAGES,
        None,
        LABELS,
    ),
    *whole_number(plot_digits, IMAGES, name="columns", minimum=1),
    *drawn(plot_digits, IMAGES),
]

# --- looking inside ------------------------------------------------------------------------

IMAGE = IMAGES[0]
UINT8_IMAGE = ("image must be a uint8 array [28, 28]", NO_IMAGE)
BAD += [
    *with_layers(feature_maps, IMAGE),
    *rows(*UINT8_IMAGE, feature_maps, MODEL, X),
    *with_layers(last_features, IMAGES),
    *rows(*UINT8_IMAGES, last_features, MODEL, X),
    *rows(*EMPTY, last_features, MODEL, X),
    *with_layers(exciting_images, 0),
    *whole_number(exciting_images, MODEL, name="layer", minimum=0),
    *(
        row(
            f"layer must be the position of a Conv2D layer; got {layer}",
            exciting_images,
            MODEL,
            layer,
        )
        for layer in (1, 6)
    ),
    *whole_number(exciting_images, MODEL, 0, name="steps", minimum=1),
    *whole_number(exciting_images, MODEL, 0, name="seed", minimum=0),
    *whole_number(occlusion_map, MODEL, IMAGE, 3, name="size", minimum=1),
]
for function in (occlusion_map, gradient_map):
    BAD += classifier(function, IMAGE, 3)
    BAD += rows(*UINT8_IMAGE, function, MODEL, X, 3)
    BAD += whole_number(function, MODEL, IMAGE, name="digit", minimum=0)
    BAD += [row("digit must be at most 9; got 10", function, MODEL, IMAGE, 10)]
POINTS = np.zeros((3, 2))
BAD += [
    *numeric("features [n, features]", POINTS, principal_components, X),
    *whole_number(principal_components, POINTS, name="count", minimum=1),
    row(
        "features must be [n, features] with at least 3 features; got float64 [3, 2]",
        principal_components,
        POINTS,
        3,
    ),
    *numeric("maps [n, height, width]", IMAGES, plot_maps, X),
    *whole_number(plot_maps, IMAGES, name="columns", minimum=1),
    *drawn(plot_maps, IMAGES),
    *numeric("points [n, 2]", POINTS, plot_plane, X, LABELS),
    *rows("labels must be an integer array [n]", NO_DIGITS, plot_plane, POINTS, X),
    row("labels must lie in 0..9; got 3..12", plot_plane, POINTS, LABELS + 3),
    row(
        "points must be [n, 2], one for each label; got [3, 2] for 2 labels",
        plot_plane,
        POINTS,
        LABELS[:2],
    ),
    *drawn(plot_plane, POINTS, LABELS),
]

# --- low-level operations ------------------------------------------------------------------

SHAPES = "((5, 5, 1, 8), (8,), (5, 5, 8, 16), (16,), (256, 10), (10,))"
NO_WEIGHTS = {"None": None, "5": 5, "dict": {}} | shown(MAPS)
for function, arguments in ((forward, (XS,)), (backpropagate, (XS, ONE_HOT))):
    BAD += rows(
        "weights must be a sequence of six arrays",
        NO_WEIGHTS,
        function,
        X,
        *arguments,
        error=TypeError,
    )
    BAD += rows(
        f"weights must have the shapes {SHAPES}",
        {
            "()": [],
            "((), (), (), (), (), (), ...)": ["weight"] * 7,
            "((784, 42), (42,), (42, 10), (10,))": build_dense_model().get_weights(),
        },
        function,
        X,
        *arguments,
    )
    NAN_WEIGHTS = [*WEIGHTS[:5], holding(np.nan, WEIGHTS[5])]
    BAD += [
        row("weights[5] must be finite; got nan among others", function, NAN_WEIGHTS, *arguments)
    ]
    BAD += numeric("images [n, 28, 28, 1]", XS, function, WEIGHTS, X, *arguments[1:])
    BAD += rows(
        "images must be a numeric array [n, 28, 28, 1]",
        shown(XS[..., 0], XS.reshape(3, 784), XS.reshape(3, 1, 28, 28)),
        function,
        WEIGHTS,
        X,
        *arguments[1:],
    )
BAD += [
    *rows(
        "images must be float32 like the weights",
        {"uint8": IMAGES[..., None], "float64": XS.astype(float)},
        forward,
        WEIGHTS,
        X,
    ),
    *numeric("labels [3, 10]", ONE_HOT, backpropagate, WEIGHTS, XS, X),
    row(
        "labels must be a numeric array [3, 10]; got uint8 [3]", backpropagate, WEIGHTS, XS, LABELS
    ),
    *numeric("labels [n, classes]", ONE_HOT, mean_cross_entropy, X, PROBABILITIES),
    *numeric("logits [n, classes]", PROBABILITIES, mean_cross_entropy, ONE_HOT, X),
    row(
        "labels and logits must both be [n, classes]; got [2, 10] and [3, 10]",
        mean_cross_entropy,
        ONE_HOT[:2],
        PROBABILITIES,
    ),
    *rows(
        "variables must be a sequence of six arrays",
        NO_WEIGHTS,
        train_low_level,
        X,
        DATA,
        error=TypeError,
    ),
    row(
        "variables must be tf.Variable; got ndarray",
        train_low_level,
        WEIGHTS,
        DATA,
        error=TypeError,
    ),
    row(
        f"variables must have the shapes {SHAPES}; got ((5, 5, 1, 8),)",
        train_low_level,
        VARIABLES[:1],
        DATA,
    ),
    *rows("data must be an MnistData", NO_DATA, train_low_level, VARIABLES, X, error=TypeError),
    *whole_number(train_low_level, VARIABLES, DATA, name="batches", minimum=1),
    *whole_number(train_low_level, VARIABLES, DATA, name="batch_size", minimum=1),
    *numeric("logits [n, classes]", PROBABILITIES, softmax_cross_entropy_backward, ONE_HOT, X),
    *numeric("labels [3, 10]", ONE_HOT, softmax_cross_entropy_backward, X, PROBABILITIES),
    *numeric("inputs [n, features]", ONE_HOT, dense_backward, X, np.ones((10, 5)), np.ones((3, 5))),
    *numeric("matrix [10, units]", np.ones((10, 5)), dense_backward, ONE_HOT, X, np.ones((3, 5))),
    *numeric("d_outputs [3, 5]", np.ones((3, 5)), dense_backward, ONE_HOT, np.ones((10, 5)), X),
    *numeric("inputs [...]", MAPS, relu_backward, X, MAPS),
    *numeric("d_outputs [1, 4, 4, 2]", MAPS, relu_backward, MAPS, X),
    *numeric("maps [n, height, width, channels]", MAPS, max_pool_backward, X, MAPS),
    *numeric("d_outputs [1, 2, 2, 2]", np.ones((1, 2, 2, 2)), max_pool_backward, MAPS, X),
    *whole_number(max_pool_backward, MAPS, MAPS, name="size", minimum=1),
    *numeric("images [n, height, width, channels]", MAPS, convolve_backward, X, KERNELS, MAPS),
    *numeric(
        "kernels [kernel_height, kernel_width, channels, filters]",
        KERNELS,
        convolve_backward,
        MAPS,
        X,
        MAPS,
    ),
    *numeric("d_outputs [1, 2, 2, 5]", np.ones((1, 2, 2, 5)), convolve_backward, MAPS, KERNELS, X),
]
for function, arguments in (
    (backpropagate, (WEIGHTS, XS, X)),
    (mean_cross_entropy, (X, PROBABILITIES)),
    (softmax_cross_entropy_backward, (X, PROBABILITIES)),
):
    BAD += rows(
        "labels must be one-hot, 0 or more with sum 1 in each row",
        NOT_ONE_HOT,
        function,
        *arguments,
    )

# --- training, export ----------------------------------------------------------------------

for name in ("batches", "batch_size", "validation_batch_size"):
    BAD += whole_number(train, MODEL, DATA, name=name, minimum=1)
BAD += [
    row(MAPPING + "(None, 784) to (None, 10)", train, FLAT_MODEL, DATA),
    *rows(
        "model must be a keras.Sequential",
        NO_MODELS | {"function": sequential},
        export_tfjs,
        X,
        "never",
        error=TypeError,
    ),
    *rows("folder must be a path", NO_PATHS, export_tfjs, MODEL, X, error=TypeError),
    row(
        f"model must have finite weights; {NAN_MODEL.layers[1].name}/kernel holds NaN or infinity",
        export_tfjs,
        NAN_MODEL,
        "never",
    ),
    row(
        f"folder must be a folder, made or to be made; got the file {__file__}",
        export_tfjs,
        MODEL,
        __file__,
    ),
    row(UNBUILT, export_tfjs, UNBUILT_MODEL, "never"),
]

# Whose arguments are tested elsewhere, or which take none.
ELSEWHERE = {
    *("load_checkpoint", "save_checkpoint"),  # tests/test_checkpoint.py
    *("column_blocks", "regroup_kernel", "regrouped_convolution"),  # tests/test_fast.py
    *("predict", "to_mnist_form"),  # tests/test_prediction.py
    *("pretrained", "random_affine", "train_recipe"),  # tests/test_recipes.py
    *("Batch", "Evaluation", "History", "Predictions", "Recipe"),
}


@pytest.mark.parametrize(("function", "arguments", "options", "error", "message"), BAD)
def test_one_line_says_what_is_wrong(function, arguments, options, error, message):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(Exception) as caught:
            function(*arguments, **options)
    assert (caught.type, str(caught.value)) == (error, message)
    assert "\n" not in message and len(message) < 250


def test_every_public_function_has_its_rows():
    tested = {parameters.values[0] for parameters in BAD}
    public = {name: getattr(mnist_tutorial, name) for name in mnist_tutorial.__all__}
    assert not [
        name for name, value in public.items()
        if callable(value) and value not in tested and name not in ELSEWHERE
    ]  # fmt: skip


def test_nothing_is_drawn_or_written_or_trained(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = [weight.copy() for weight in WEIGHTS]
    plt.close("all")
    for parameters in BAD:
        function, arguments, options, error, _ = parameters.values
        with pytest.raises(error):
            function(*arguments, **options)
    assert not plt.get_fignums() and not list(tmp_path.iterdir())
    for weight, variable, old in zip(MODEL.get_weights(), VARIABLES, before, strict=True):
        np.testing.assert_array_equal(weight, old)
        np.testing.assert_array_equal(variable, old)


# --- what only looks wrong -----------------------------------------------------------------

SOME = DATA.validation_images[:20]
INVERTED = "images look inverted: most pixels at their edges are bright; wanted is light ink"
SCALED = "images look scaled to 0..1: the largest value is 1; wanted are grey values 0..255"
ONE_INVERTED = INVERTED.replace("images", "image")


def flat(images):
    return images[..., None] / np.float32(255)


def examples(images):
    return SimpleNamespace(test_images=images, test_labels=np.zeros(len(images), np.uint8))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: make_batch(invert(SOME), SOME[:, 0, 0]), INVERTED),
        (lambda: make_batch(invert(thicken(SOME, 2)), SOME[:, 0, 0]), INVERTED),
        (lambda: make_batch(SOME // 128, SOME[:, 0, 0]), SCALED),
        (lambda: BatchSampler(invert(SOME), SOME[:, 0, 0]), INVERTED),
        (lambda: evaluate(MODEL, examples(invert(SOME))), INVERTED),
        (lambda: last_features(MODEL, invert(SOME)), INVERTED),
        (lambda: feature_maps(MODEL, invert(SOME)[0]), ONE_INVERTED),
        (lambda: occlusion_map(MODEL, invert(SOME)[0], 3), ONE_INVERTED),
        (lambda: gradient_map(MODEL, invert(SOME)[0], 3), ONE_INVERTED),
        (
            lambda: forward(WEIGHTS, 255 * flat(SOME)),
            "images hold 0..255; wanted are pixels in 0..1",
        ),
        (lambda: forward(WEIGHTS, flat(SOME) - 1), "images hold -1..0; wanted are pixels in 0..1"),
        (
            lambda: backpropagate(WEIGHTS, 255 * flat(SOME), np.eye(10)[SOME[:, 0, 0]]),
            "images hold 0..255; wanted are pixels in 0..1",
        ),
        (lambda: build_optimizer(15), "learning_rate 15 looks too large; the tutorial's is 0.15"),
    ],
)
def test_a_warning_says_what_looks_wrong(call, message):
    with pytest.warns(UserWarning) as caught:
        call()
    (warning,) = caught
    text = str(warning.message)
    assert text.startswith(message) and "\n" not in text and len(text) < 250
    assert warning.filename == __file__  # the caller's line, not one of the package


def test_a_folder_of_inverted_images(tmp_path):
    for prefix, n in (("train", 5010), ("t10k", 20)):
        images = b"\xff" * (n * 28 * 28)
        for kind, header, values in (
            ("images-idx3", struct.pack(">4I", 0x803, n, 28, 28), images),
            ("labels-idx1", struct.pack(">2I", 0x801, n), bytes(n)),
        ):
            (tmp_path / f"{prefix}-{kind}-ubyte").write_bytes(header + values)
    with pytest.warns(UserWarning, match="images look inverted") as caught:
        data = MnistData(tmp_path)
    assert {warning.filename for warning in caught} == {__file__}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data.next_train_batch(10)  # said once, not with every batch


def bright_objects():
    """Return images of bright things on black that fill most of the frame, as clothes do."""
    images = np.zeros((3, 28, 28), np.uint8)
    images[0, :, 3:25] = 230  # from the upper to the lower edge
    images[1, 4:, :] = 250  # reaches three edges
    y, x = np.indices((28, 28)) - 13.5
    images[2, y**2 + x**2 < 15**2] = 255
    return images


@pytest.mark.parametrize(
    "images",
    [
        SOME,
        thicken(SOME, 3),
        add_noise(SOME, 50),
        bright_objects(),
        IMAGES,  # blank
    ],
    ids=["digits", "thick digits", "noised digits", "bright objects", "blank images"],
)
def test_what_looks_right_gets_no_warning(images):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for i in range(len(images)):
            make_batch(images[i : i + 1], np.zeros(1, np.uint8))
            forward(WEIGHTS, flat(images[i : i + 1]))
        BatchSampler(images, np.zeros(len(images), np.uint8))
        build_optimizer(3.0)
