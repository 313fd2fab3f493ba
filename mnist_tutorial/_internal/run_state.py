"""The state of a training run, and the checkpoint that keeps it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mnist_tutorial._internal.errors import describe

if TYPE_CHECKING:
    from mnist_tutorial._internal.run import TrainingRun

# What Keras says of an object beside the numbers that matter; it changes with its version.
_IRRELEVANT = {"build_config", "dtype", "module", "name", "registered_name", "shared_object_id"}


class RunState:
    """All that changes while a model is trained, and the file that keeps it."""

    def __init__(self, path: Path, run: TrainingRun) -> None:
        self.path, self.run = path, run
        self.samplers = {"train": run.data.train_sampler, "validation": run.data.validation_sampler}
        self.variables = {
            f"{name} {i}": variable
            for name, part in (("model", run.model), ("optimizer", run.optimizer))
            for i, variable in enumerate(part.variables)
        } | {f"best {i}": array for i, array in enumerate(run.best_weights)}
        data = run.data
        self.configuration = run.settings | {
            "model": _relevant(run.model.get_config()),
            "optimizer": {"kind": type(run.optimizer).__name__}
            | _relevant(run.optimizer.get_config()),
            "images and labels": _fingerprint(data),
        }

    def save(self) -> None:
        from mnist_tutorial.further.checkpoint import save_checkpoint

        arrays = {name: np.asarray(variable) for name, variable in self.variables.items()}
        check_finite(f"batch {self.run.done}", arrays)
        if not self.run.writes:
            return
        history = self.run.history
        arrays |= {name: np.array(values) for name, values in history.history.items()}
        arrays["validation_batches"] = np.array(history.validation_batches, np.int64)
        positions = {name: sampler.position for name, sampler in self.samplers.items()}
        facts = {"configuration": self.configuration, "positions": positions}
        save_checkpoint(self.path, arrays, facts)

    def resume_or_begin(self) -> None:
        """Bring everything into the state of the file, after all of it has been checked."""
        from mnist_tutorial.further.checkpoint import load_checkpoint

        if not self.path.exists():
            self.save()
            return
        arrays, facts = load_checkpoint(self.path)
        self._check(arrays, facts)
        history = self.run.history
        for name in history.history:
            history.history[name] += arrays[name].tolist()
        history.validation_batches += arrays["validation_batches"].tolist()
        if self.run.patience is not None and history.validation_batches:
            losses = history.history["val_loss"]
            history.best_batch = history.validation_batches[losses.index(min(losses))]
        for name, variable in self.variables.items():
            if isinstance(variable, np.ndarray):
                variable[...] = arrays[name]
            else:
                variable.assign(arrays[name])
        for name, sampler in self.samplers.items():
            sampler.position = facts["positions"][name]

    def _check(self, arrays: dict[str, Any], facts: dict[str, Any]) -> None:
        """Raise ValueError unless the file holds this training run."""
        there = facts.get("configuration")
        if not isinstance(there, dict):
            raise ValueError(f"{self.path}: not the checkpoint of a training run")
        for name, here in self.configuration.items():
            if _differs(there.get(name), here):
                shown = not isinstance(there.get(name), dict | list) and not isinstance(here, dict)
                values = f": {there.get(name)!r} there, {here!r} here" if shown else ""
                raise ValueError(
                    f"{self.path}: holds another training run, its {name} differs"
                    f"{values if len(values) < 60 else ''}; name another file, or delete this one"
                )
        forms = {name: _form(np.asarray(value)) for name, value in self.variables.items()}
        if {name: _form(arrays[name]) for name in forms if name in arrays} != forms:
            raise ValueError(f"{self.path}: its weights have other names, shapes or types")
        for name in forms:
            if not np.isfinite(arrays[name]).all():
                raise ValueError(f"{self.path}: {name} holds NaN or infinity")
        self._check_history(arrays, facts.get("positions"))

    def _check_history(self, arrays: dict[str, Any], positions: Any) -> None:
        done, interval = np.size(arrays.get("loss", 0)), self.run.validation_interval
        evaluated = [] if interval is None else range(interval, done + 1, interval)
        lengths = {"loss": done, "accuracy": done}
        expected = {
            name: ((lengths.get(name, len(evaluated)),), np.dtype(np.float64))
            for name in self.run.history.history
        } | {"validation_batches": ((len(evaluated),), np.dtype(np.int64))}
        if (
            {name: _form(arrays[name]) for name in expected if name in arrays} != expected
            or not np.array_equal(arrays["validation_batches"], evaluated)
            or not np.isfinite(arrays["loss"]).all()
        ):
            raise ValueError(f"{self.path}: its history is not that of a training run")
        if not isinstance(positions, dict) or positions.keys() != self.samplers.keys():
            raise ValueError(f"{self.path}: its positions in the data are missing")
        for name, position in positions.items():
            if type(position) is not int or not 0 <= position < 2**63:
                raise ValueError(
                    f"{self.path}: its position in the {name} split must be a whole number >= 0; "
                    f"got {describe(position)}"
                )
        if done > self.run.batches:
            raise ValueError(
                f"{self.path}: has trained {done} batches; batches is {self.run.batches}"
            )


def check_finite(where: str, arrays: dict[str, Any]) -> None:
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise FloatingPointError(
                f"{where}: {name} is not finite: training has diverged; try a lower learning rate"
            )


def _relevant(config: Any) -> Any:
    """Return what matters of a Keras configuration, as JSON holds it."""
    text = json.dumps(config, default=str, sort_keys=True)
    return json.loads(
        text,
        object_hook=lambda values: {k: v for k, v in values.items() if k not in _IRRELEVANT},
    )


def _differs(there: Any, here: Any) -> bool:
    """Say whether two configurations differ in what both name; each Keras version adds names."""
    if isinstance(there, dict) and isinstance(here, dict):
        return any(_differs(there[name], here[name]) for name in there.keys() & here.keys())
    if isinstance(there, list) and isinstance(here, list):
        return len(there) != len(here) or any(map(_differs, there, here))
    return bool(there != here)


def _form(array: Any) -> tuple[Any, ...]:
    return array.shape, array.dtype


def _fingerprint(data: Any) -> str:
    """Return a text that only the same images and labels have."""
    if hasattr(data, "fingerprint"):  # shards, which need not fit in memory
        return str(data.fingerprint)
    return _sha256(
        data.train_images, data.train_labels, data.validation_images, data.validation_labels
    )


def _sha256(*arrays: Any) -> str:
    sha256 = hashlib.sha256()
    for array in arrays:
        sha256.update(np.ascontiguousarray(array).data)
    return sha256.hexdigest()
