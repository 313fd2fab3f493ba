"""Pictures in folders, one per class: read, split, trained on, recognised."""

import shutil

import numpy as np
import pytest
from PIL import Image, ImageDraw

from mnist_tutorial import MnistData, NumpyNetwork, evaluate, predict, train
from mnist_tutorial._internal.pictures.forms import fit
from mnist_tutorial.further import FASHION_CLASSES, FASHION_SAMPLE, SGD

SHAPES = ("circle", "cross", "square", "star", "triangle")


def picture(shape, rng):
    """Draw a shape, dark on light, of a random size, colour and place."""
    width, height = rng.integers(60, 120, 2)
    image = Image.new("RGB", (width, height), tuple(rng.integers(200, 256, 3)))
    draw, ink = ImageDraw.Draw(image), tuple(rng.integers(0, 100, 3))
    r = int(rng.integers(15, 25))
    x, y = (int(rng.integers(r + 2, side - r - 2)) for side in (width, height))
    if shape == "circle":
        draw.ellipse([x - r, y - r, x + r, y + r], outline=ink, width=5)
    elif shape == "square":
        draw.rectangle([x - r, y - r, x + r, y + r], outline=ink, width=5)
    elif shape == "triangle":
        draw.polygon([(x, y - r), (x - r, y + r), (x + r, y + r)], outline=ink, width=5)
    else:
        draw.line([x - r, y - r, x + r, y + r], ink, 5)
        draw.line([x - r, y + r, x + r, y - r], ink, 5)
        if shape == "star":
            draw.line([x - r, y, x + r, y], ink, 5)
            draw.line([x, y - r, x, y + r], ink, 5)
    return image


def fill(folder, of_each, seed=0):
    rng = np.random.default_rng(seed)
    for shape in SHAPES:
        (folder / shape).mkdir(parents=True)
        for i in range(of_each):
            picture(shape, rng).save(folder / shape / f"{i}.{('png', 'jpg')[i % 2]}")
    return folder


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("shapes"), 200)


def test_a_thousand_pictures_in_five_classes_are_learned(shapes, tmp_path):
    data = MnistData.from_folder(shapes)
    assert (data.class_names, data.form) == (SHAPES, "fit")
    assert repr(data).startswith("MnistData(800 training, 100 validation and 100 test images")
    assert [np.bincount(x).tolist() for x in (data.validation_labels, data.test_labels)] == [
        [20] * 5, [20] * 5
    ]  # fmt: skip
    network = NumpyNetwork(classes=5)
    train(network, data, optimizer=SGD(0.05, 0.9, nesterov=True), epochs=25, progress=False)
    assert evaluate(network, data).accuracy > 0.8
    rng = np.random.default_rng(1)
    truth = [shape for shape in SHAPES for _ in range(20)]
    answers = predict(network, [picture(shape, rng) for shape in truth])
    assert answers.class_names == SHAPES and answers.probabilities.shape == (100, 5)
    assert np.mean([a == b for a, b in zip(answers.names, truth, strict=True)]) > 0.8
    assert answers.names[0] in repr(answers)
    loaded = NumpyNetwork(classes=5)  # as from a file: it does not know the names
    loaded.set_weights(network.get_weights())
    with pytest.raises(ValueError, match="name the 5 classes of the model; it does not know"):
        predict(loaded, picture("star", rng))
    with pytest.raises(ValueError, match="name the 5 classes of the model; got 2 names"):
        predict(loaded, picture("star", rng), class_names=["star", "circle"])
    # Classes with names of one's own are no digits, so the pictures are fitted.
    pictures = [picture(shape, rng) for shape in SHAPES]
    named = predict(loaded, pictures, class_names=SHAPES)
    np.testing.assert_array_equal(named.images, predict(network, pictures).images)
    with pytest.warns(UserWarning, match=r"images\[1\]: is blank, all of it has one grey"):
        predict(network, [pictures[0], Image.new("L", (50, 50), 200)])


def test_most_pictures_stay_in_their_split_when_others_are_added(tmp_path):
    folder = fill(tmp_path / "shapes", 20)
    before = {image.tobytes() for image in MnistData.from_folder(folder).test_images}
    rng = np.random.default_rng(5)
    for i in range(20):
        picture("star", rng).save(folder / "star" / f"more{i}.png")
    data = MnistData.from_folder(folder, seed=7)
    assert len(before & {image.tobytes() for image in data.test_images}) >= 8  # of 10
    splits = data.train_images, data.validation_images, data.test_images
    seen = [image.tobytes() for images in splits for image in images]
    assert len(seen) == len(set(seen)) == 120


def test_ready_made_splits_are_kept(tmp_path):
    for split, of_each in (("train", 20), ("test", 4)):
        fill(tmp_path / split, of_each, seed=of_each)
    data = MnistData.from_folder(tmp_path, share=0.25)
    assert [len(data.train_images), len(data.validation_images), len(data.test_images)] == [
        75, 25, 20
    ]  # fmt: skip
    fill(tmp_path / "validation", 3)
    data = MnistData.from_folder(tmp_path)
    assert [len(data.train_images), len(data.validation_images)] == [100, 15]


def test_pictures_that_cannot_be_read_are_named_and_left_out(tmp_path):
    folder = fill(tmp_path / "shapes", 10)
    (folder / "star" / "broken.png").write_bytes(b"not a picture")
    (folder / "star" / "notes.txt").write_text("not even called one")
    with pytest.warns(UserWarning, match=r"^1 of 51 pictures left out: .*broken\.png"):
        data = MnistData.from_folder(folder)
    assert len(data.train_images) + len(data.validation_images) + len(data.test_images) == 50


@pytest.mark.parametrize(
    ("tops", "got"),
    [
        (["Train", "Test"], "Test, Train"),
        (["train", "validation"], "train, validation"),
        (["train", "test", "val"], "test, train, val"),
        (["train"], "train"),
    ],
)
def test_folders_of_splits_are_not_taken_for_classes(tops, got, tmp_path):
    for top in tops:
        fill(tmp_path / top, 3)
    with pytest.raises(ValueError, match=f"must be named train, test and perhaps .*; got {got}$"):
        MnistData.from_folder(tmp_path)


def test_a_class_may_be_called_train(tmp_path):
    fill(tmp_path, 3)
    (tmp_path / "star").rename(tmp_path / "train")
    assert "train" in MnistData.from_folder(tmp_path).class_names


def test_a_class_that_only_the_test_split_has_is_named(tmp_path):
    fill(tmp_path / "train", 3)
    fill(tmp_path / "test", 3)
    (tmp_path / "train" / "star").rename(tmp_path / "train" / "sun")
    with pytest.raises(ValueError, match=": star has no picture for the train split"):
        MnistData.from_folder(tmp_path)


def test_a_class_of_broken_pictures_is_named(tmp_path):
    folder = fill(tmp_path / "shapes", 4)
    for path in (folder / "star").iterdir():
        path.write_bytes(b"broken")
    with (
        pytest.warns(UserWarning, match="4 of 20 pictures left out"),
        pytest.raises(ValueError, match="star has no picture for the train split that can be rea"),
    ):
        MnistData.from_folder(folder)


def test_folders_that_hold_no_data_set(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere: no such folder"):
        MnistData.from_folder(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="must hold a folder of pictures for each class, at least"):
        MnistData.from_folder(tmp_path)
    folder = fill(tmp_path / "shapes", 3)
    shutil.rmtree(folder / "star")
    (folder / "star").mkdir()
    with pytest.raises(ValueError, match="star has no picture for the train split"):
        MnistData.from_folder(folder)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"folder": 3}, TypeError, "folder must be a path; got 3"),
        ({"form": "Fit"}, ValueError, "form must be 'mnist' or 'fit'; got 'Fit'"),
        ({"share": 0}, ValueError, "share must be a finite number > 0; got 0"),
        ({"seed": -1}, ValueError, "seed must be a whole number"),
    ],
)
def test_bad_arguments(shapes, options, error, message):
    with pytest.raises(error, match=message):
        MnistData.from_folder(**({"folder": shapes} | options))


# --- form="fit" ------------------------------------------------------------------------------


def test_what_has_mnists_form_stays_as_it_is(data):
    clothes = MnistData(FASHION_SAMPLE, class_names=FASHION_CLASSES).test_images
    for images in (data.test_images[:200], clothes[:200]):
        for image in images:
            np.testing.assert_array_equal(fit("picture", image[..., None]).image, image)


def test_light_ground_scale_and_size_do_not_matter(data):
    for image in data.validation_images[:20]:
        for changed in (255 - image, image / 255, np.kron(255 - image, np.ones((5, 5), np.uint8))):
            found = fit("picture", changed[..., None]).image.astype(int)
            assert abs(found - image).max() <= 1  # rounding


def test_proportions_are_kept_and_the_ground_fills_the_rest():
    page = np.full((14, 56, 1), 200, np.uint8)
    page[4:10, 20:36] = 0
    image = fit("picture", page).image
    assert image.shape == (28, 28)
    assert set(image[:10].ravel()) == set(image[-10:].ravel()) == {55}
    assert image[14, 14] == 255


def test_clothes_are_not_made_into_digits():
    data = MnistData(FASHION_SAMPLE, class_names=FASHION_CLASSES)
    network = NumpyNetwork()
    train(network, data, optimizer=SGD(0.05, 0.9), epochs=3, progress=False)
    pictures = [Image.fromarray(255 - image).resize((140, 140)) for image in data.test_images[:300]]
    known = [FASHION_CLASSES[label] for label in data.test_labels[:300]]
    shares = [
        np.mean([a == b for a, b in zip(predict(network, pictures, **options).names, known,
                                        strict=True)])
        for options in ({}, {"form": "fit"})
    ]  # fmt: skip
    direct = evaluate(network, data).probabilities[:300].argmax(axis=1)
    assert shares[0] == shares[1]
    assert abs(shares[0] - (direct == data.test_labels[:300]).mean()) <= 0.03
    with pytest.raises(ValueError, match="form must be 'mnist' or 'fit'; got 'clothes'"):
        predict(network, pictures, form="clothes")
