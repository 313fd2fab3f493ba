"""The command that writes shards, and how commands open data in either form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mnist_tutorial._internal.commands.console import write_json
from mnist_tutorial._internal.commands.language import _, ngettext


def shard(folder: str, data: str | None, shards: int, as_json: bool) -> None:
    """Write data as shards."""
    from mnist_tutorial._internal.manifest import SPLITS, read_manifest
    from mnist_tutorial.further import write_shards

    if data is not None and Path(data, "shards.json").exists():
        message = _("{data}: holds shards already; give the data that they were made from")
        raise ValueError(message.format(data=data))
    path = write_shards(open_data(data), folder, shards=shards)
    splits = read_manifest(path, verify=True).splits
    if as_json:
        names = {split: [one.file for one in splits[split]] for split in SPLITS}
        write_json({"folder": str(path), "shards": names})
        return
    for split in SPLITS:
        images, files = sum(one.images for one in splits[split]), len(splits[split])
        text = ngettext(
            "{split:10} {images:,} pictures in {files} file",
            "{split:10} {images:,} pictures in {files} files",
            files,
        )
        click.echo(text.format(split=split, images=images, files=files))
    program = click.get_current_context().find_root().info_name
    click.echo(_("Use them: {command}").format(command=f"{program} train --data {folder}"))


def open_data(folder: str | None, *, model: Any = None, seed: int = 0) -> Any:
    """Return MNIST, or a folder's data: shards, four files like MNIST's, or pictures in folders.

    Four files hold no names: those of the model's classes count. Pictures are brought into the
    form of those that the model was trained on.
    """
    from mnist_tutorial import MnistData

    if folder is None:
        return MnistData(seed=seed)
    inside = {path.name: path.is_dir() for path in Path(folder).iterdir()}
    if "shards.json" in inside:
        from mnist_tutorial.further import ShardedData

        return ShardedData(folder, seed=seed)
    if any(inside.values()) and not any(name.startswith("train-images-idx3") for name in inside):
        return MnistData.from_folder(folder, form=getattr(model, "form", "fit"), seed=seed)
    return MnistData(folder, class_names=getattr(model, "class_names", "0123456789"), seed=seed)
