"""The command that writes shards, and how commands open data in either form."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from mnist_tutorial._internal.commands.console import write_json


def shard(folder: str, data: str | None, shards: int, as_json: bool) -> None:
    """Write data as shards."""
    from mnist_tutorial import MnistData
    from mnist_tutorial._internal.manifest import SPLITS, read_manifest
    from mnist_tutorial.further import write_shards

    path = write_shards(MnistData(data), folder, shards=shards)
    splits = read_manifest(path, verify=True).splits
    if as_json:
        names = {split: [one.file for one in splits[split]] for split in SPLITS}
        write_json({"folder": str(path), "shards": names})
        return
    for split in SPLITS:
        images, files = sum(one.images for one in splits[split]), len(splits[split])
        click.echo(f"{split:10} {images:,} pictures in {files} {'file' if files == 1 else 'files'}")
    program = click.get_current_context().find_root().info_name
    click.echo(f"Use them: {program} train --data {folder}")


def open_data(
    folder: str | None, *, class_names: Sequence[str] = "0123456789", seed: int = 0
) -> Any:
    """Return MNIST, or a folder's data: shards, four files like MNIST's, or pictures in folders."""
    from mnist_tutorial import MnistData

    if folder is not None and Path(folder, "shards.json").exists():
        from mnist_tutorial.further import ShardedData

        return ShardedData(folder, seed=seed)
    if folder is not None and any(path.is_dir() for path in Path(folder).iterdir()):
        return MnistData.from_folder(folder, seed=seed)
    return MnistData(folder, class_names=class_names, seed=seed)
