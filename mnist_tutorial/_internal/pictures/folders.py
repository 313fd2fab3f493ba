"""A data set from pictures in folders, one folder per class."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from mnist_tutorial._internal.errors import warn
from mnist_tutorial._internal.mnist_form import Form
from mnist_tutorial._internal.pictures.forms import FORMS
from mnist_tutorial._internal.pictures.reading import read_pictures

__all__ = ["SUFFIXES", "picture_files", "read_folder"]

SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".pgm", ".tif", ".tiff", ".webp"}
SPLITS = "train", "validation", "test"
LIKE_SPLITS = {*SPLITS, "training", "val", "valid", "testing"}

Split = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]


def picture_files(folder: Path) -> list[Path]:
    """Return the pictures in a folder and in the folders inside it, by name."""
    return sorted(p for p in folder.rglob("[!.]*") if p.suffix.lower() in SUFFIXES)


def read_folder(folder: Path, form: Form, share: float) -> tuple[list[Split], list[str]]:
    """Return the three splits of a folder of pictures, and the names of the classes."""
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder")
    tops = _folders_in(folder)
    ready_made = {"train", "test"} <= set(tops)
    like_splits = [top for top in tops if top.lower() in LIKE_SPLITS]
    if set(like_splits) - set(SPLITS) if ready_made else like_splits == tops != []:
        raise ValueError(
            f"{folder}: folders for the splits must be named train, test and perhaps validation; "
            f"got {', '.join(like_splits)}"
        )
    within = [folder / split for split in SPLITS if split in tops] if ready_made else [folder]
    names = sorted({name for one in within for name in _folders_in(one)})
    if len(names) < 2:
        raise ValueError(
            f"{folder}: must hold a folder of pictures for each class, at least 2; holds "
            f"{len(names)}"
        )
    files: list[list[tuple[int, Path]]] = [[], [], []]
    for number, name in enumerate(names):
        if ready_made:
            of_class = _split_ready_made(folder, name, share)
        else:
            of_class = _split(picture_files(folder / name), share)
        for split, paths, of_split in zip(SPLITS, of_class, files, strict=True):
            if not paths:
                raise ValueError(f"{folder}: {name} has no picture for the {split} split")
            of_split += [(number, path) for path in paths]
    read = _read_all(files, form)
    for split, (_, labels) in zip(SPLITS, read, strict=True):
        for number in set(range(len(names))) - set(labels.tolist()):
            raise ValueError(
                f"{folder}: {names[number]} has no picture for the {split} split that can be read"
            )
    return read, names


def _folders_in(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))


def _split(paths: list[Path], share: float) -> list[list[Path]]:
    """Divide the pictures of a class into three parts, by a hash of their names."""
    by_hash = sorted(paths, key=lambda path: hashlib.sha256(path.name.encode()).digest())
    held_out = math.ceil(share * len(paths))
    return [by_hash[2 * held_out :], by_hash[held_out : 2 * held_out], by_hash[:held_out]]


def _split_ready_made(folder: Path, name: str, share: float) -> list[list[Path]]:
    """Return the pictures of a class in folders train and test, and perhaps validation."""
    training, validation, test = (picture_files(folder / split / name) for split in SPLITS)
    if not validation:
        rest, first, validation = _split(training, share)
        training = first + rest
    return [training, validation, test]


def _read_all(files: list[list[tuple[int, Path]]], form: Form) -> list[Split]:
    """Read the pictures of the three splits, and leave out those that cannot be read."""
    unreadable: list[str] = []
    splits: list[Split] = []
    with tqdm(total=sum(map(len, files)), desc="reading", unit="picture", delay=1) as bar:
        for of_split in files:
            images, labels = [], []
            for number, path in of_split:
                bar.update()
                try:
                    [(name, pixels)] = read_pictures("picture", path)
                    images.append(FORMS[form](name, pixels).image)
                    labels.append(number)
                except (ValueError, OSError) as error:
                    unreadable.append(str(error).removeprefix("picture: "))
            splits.append((np.array(images, np.uint8).reshape(-1, 28, 28), np.array(labels)))
    if unreadable:
        more = f"; and {len(unreadable) - 1} more" if len(unreadable) > 1 else ""
        warn(f"{len(unreadable)} of {bar.total} pictures left out: {unreadable[0]}{more}")
    return splits
