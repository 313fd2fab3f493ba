"""The manifest of a folder of shards: which files there are, and whether they are whole."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mnist_tutorial._internal.errors import describe
from mnist_tutorial._internal.mnist_form import IMAGE_SIZE, Form, check_form

NAME = "shards.json"
SPLITS = ("train", "validation", "test")
RECORD = IMAGE_SIZE**2 + 1
"""Bytes of an example: its pixels and its class number."""
_FORMAT = "mnist-tutorial shards, version 1"
_OVERHEAD = 16  # bytes that TFRecord adds to a record: its length, and the checksums of both


@dataclass(frozen=True)
class Shard:
    """A file of examples, as the manifest knows it."""

    file: str
    images: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a folder of shards holds."""

    class_names: tuple[str, ...]
    form: Form
    splits: dict[str, list[Shard]]

    @property
    def digest(self) -> str:
        """The SHA-256 of all that the shards hold."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest into the folder of its shards."""
    head = {"format": _FORMAT, "image_shape": [IMAGE_SIZE, IMAGE_SIZE]}
    text = json.dumps(head | asdict(manifest), indent=1)
    (folder / NAME).write_text(text, encoding="utf-8")


def read_manifest(folder: Path, *, verify: bool) -> Manifest:
    """Read the manifest of a folder, and check that its shards are there, once and whole."""
    path = folder / NAME
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder")
    if not path.is_file():
        raise FileNotFoundError(f"{folder}: holds no {NAME}, so these are not shards")
    try:
        manifest = _parse(json.loads(path.read_text(encoding="utf-8")))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path}: damaged, or not a manifest of shards ({error})") from None
    shards = [shard for split in manifest.splits.values() for shard in split]
    for i, shard in enumerate(shards):
        if any(shard.file == other.file for other in shards[:i]):
            raise ValueError(f"{folder / shard.file}: a duplicate, {NAME} lists it twice")
    for file in sorted(folder.glob("*.tfrecord")):
        if file.name not in {shard.file for shard in shards}:
            raise ValueError(f"{file}: {NAME} does not list this shard; is it a duplicate?")
    for shard in shards:
        check_shard(folder, shard, shards, verify=verify)
    return manifest


def check_shard(folder: Path, shard: Shard, shards: list[Shard], *, verify: bool = True) -> None:
    """Raise ValueError unless a shard is there and, by its size or its SHA-256, whole."""
    path = folder / shard.file
    if not path.is_file():
        raise ValueError(f"{path}: this shard is missing")
    expected, size = shard.images * (RECORD + _OVERHEAD), path.stat().st_size
    if size != expected:
        raise ValueError(f"{path}: damaged, this shard must be {expected} bytes; got {size}")
    if verify and (digest := sha256_of(path)) != shard.sha256:
        twins = [other.file for other in shards if other.sha256 == digest]
        cause = f"a duplicate of {twins[0]}" if twins else "damaged"
        raise ValueError(f"{path}: {cause}; the SHA-256 of this shard is not the one in {NAME}")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, which is read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _parse(content: Any) -> Manifest:
    """Return the manifest that JSON holds; raise nearly any error if it holds none."""
    if content["format"] != _FORMAT or content["image_shape"] != [IMAGE_SIZE, IMAGE_SIZE]:
        raise ValueError(f"its format is {describe(content['format'])}")
    splits = {name: [Shard(**entry) for entry in content["splits"][name]] for name in SPLITS}
    for shard in (shard for split in splits.values() for shard in split):
        if Path(shard.file).name != shard.file or type(shard.images) is not int or shard.images < 1:
            raise ValueError(f"the entry of shard {describe(shard.file)} is wrong")
    if not all(splits.values()) or len(content["class_names"]) < 2:
        raise ValueError("a split, or the names of the classes, is missing")
    check_form(content["form"])
    return Manifest(tuple(map(str, content["class_names"])), content["form"], splits)
