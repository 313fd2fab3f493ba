"""The four IDX files of a data set: found, read, and checked against one another."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mnist_tutorial._internal.array_checks import check_range
from mnist_tutorial._internal.idx import read_idx
from mnist_tutorial._internal.mnist_form import IMAGE_SIZE

__all__ = ["SHIPPED_FOLDER", "check_shipped_files", "read_split"]

Bytes = npt.NDArray[np.uint8]

SHIPPED_FOLDER = Path(__file__).parents[1] / "_files" / "mnist"
SHIPPED_SHA256 = {
    "t10k-images-idx3-ubyte": "1a1a05eab793c14bb050b398624a11b0ffd1a2953baed553b1b9bd079e2a20be",
    "t10k-labels-idx1-ubyte": "b91679a0acfe4ba0e50a2437a903084cba1f5f92592b016a25a7dfd00455798b",
    "train-images-idx3-ubyte": "0b367032e93c5d0cea0925647cfdb18614af8ee15f83e6f2fc2ad904a6835971",
    "train-labels-idx1-ubyte": "1787548bbe0bff1ec2ecdc0ef292b02df999e2d1a6002d27500982c652b17203",
}


def read_split(folder: Path, prefix: str, classes: int) -> tuple[Bytes, Bytes]:
    """Read the images and the labels of a split, and check that they fit each other."""
    image_file = _find(folder, f"{prefix}-images-idx3-ubyte")
    label_file = _find(folder, f"{prefix}-labels-idx1-ubyte")
    images, labels = read_idx(image_file), read_idx(label_file)
    if images.ndim != 3 or images.shape[1:] != (IMAGE_SIZE, IMAGE_SIZE):
        raise ValueError(
            f"{image_file}: images must be [n, {IMAGE_SIZE}, {IMAGE_SIZE}]; "
            f"got {list(images.shape)}"
        )
    if labels.shape != images.shape[:1]:
        raise ValueError(
            f"{label_file}: labels must be [{len(images)}], one for each image of "
            f"{image_file.name}; got {list(labels.shape)}"
        )
    if len(images) == 0:
        raise ValueError(f"{image_file}: holds no images")
    check_range(f"{label_file}: labels", labels, 0, classes - 1)
    return images, labels


def _find(folder: Path, name: str) -> Path:
    """Return the path of one of the four files, gzipped or not."""
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"{folder}: no such folder")
    for path in (folder / name, folder / f"{name}.gz"):
        if os.path.lexists(path):
            return path
    raise FileNotFoundError(
        f"{folder}: holds neither {name} nor {name}.gz; to use pictures, make one folder per "
        "class (in Python, MnistData.from_folder reads them)"
    )


def check_shipped_files() -> None:
    for name, expected in SHIPPED_SHA256.items():
        path = _find(SHIPPED_FOLDER, name)
        if hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            raise ValueError(
                f"{path}: damaged; its SHA-256 is not that of the file the package shipped"
            )
