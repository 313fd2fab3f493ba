"""The training loop, and the history that it returns.

Chapter 6, "Training loop", tells its story.
"""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from mnist_tutorial._checks import (
    check_batch_size,
    check_keras,
    check_model,
    check_path,
    check_whole_number,
)
from mnist_tutorial._interruptions import interruptions_held_back
from mnist_tutorial._tensorflow import keras
from mnist_tutorial.batching import (
    BATCH_SIZE,
    TEST_BATCH_SIZE,
    TEST_ITERATION_FREQUENCY,
    TRAIN_BATCHES,
)
from mnist_tutorial.checkpoint import load_checkpoint, save_checkpoint
from mnist_tutorial.data import MnistData
from mnist_tutorial.engines import Augment, engine_for

__all__ = ["History", "train"]

STEPS_PER_CALL, IMAGES_PER_CALL = 100, 6400
"""At most so many training steps, and images, between two movements of the progress bar."""
CHECKPOINT_FREQUENCY = 100
"""Training steps from one writing of the checkpoint to the next."""


@dataclass
class History:
    """What was measured while training.

    Attributes
    ----------
    history : dict of lists of float
        As in Keras: ``loss`` (nats) and ``accuracy`` (0..1), one value a training batch,
        taken before the batch changed the weights; ``val_loss`` and ``val_accuracy``, one
        value an evaluation on validation examples.
    validation_batches : list of int
        For each evaluation, the number of training batches seen before it.

    Examples
    --------
    >>> history = History()
    >>> sorted(history.history)
    ['accuracy', 'loss', 'val_accuracy', 'val_loss']
    """

    history: dict[str, list[float]] = field(
        default_factory=lambda: {
            "loss": [],
            "accuracy": [],
            "val_loss": [],
            "val_accuracy": [],
        }
    )
    validation_batches: list[int] = field(default_factory=list)

    def __repr__(self) -> str:
        return (
            f"History({len(self.history['loss'])} batches, "
            f"{len(self.validation_batches)} evaluations)"
        )


def train(
    model: keras.Sequential,
    data: MnistData,
    *,
    optimizer: keras.optimizers.Optimizer | None = None,
    batches: int = TRAIN_BATCHES,
    batch_size: int = BATCH_SIZE,
    validation_batch_size: int = TEST_BATCH_SIZE,
    validation_frequency: int | None = TEST_ITERATION_FREQUENCY,
    augment: Augment | None = None,
    engine: str = "plain",
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_frequency: int = CHECKPOINT_FREQUENCY,
    progress: bool = True,
) -> History:
    """Train a model on batch after batch, by default as long as the tutorial does.

    The same model, data, seeds, engine and machine give the same weights, bit for bit, on a
    CPU; a GPU adds ``tf.config.experimental.enable_op_determinism()`` to the conditions.

    Parameters
    ----------
    model : keras.Sequential
        Maps float32 [n, 28, 28, 1] to probabilities float32 [n, 10]. Its weights are changed
        in place; it need not be compiled.
    data : MnistData
        Gives the training and the validation batches. The test split is not touched.
    optimizer : keras.optimizers.Optimizer, optional
        By default :func:`mnist_tutorial.build_optimizer`'s: SGD with learning rate 0.15. One
        that averages the weights (``use_ema``) leaves the averages in the model.
    batches : int, default 100
        Training steps.
    batch_size : int, default 64
        Examples a step.
    validation_batch_size : int, default 1000
        Examples an evaluation.
    validation_frequency : int or None, default 5
        Training steps from one evaluation to the next; None for no evaluation.
    augment : callable, optional
        Changes the images of each training batch: takes them, float32 [n, 28, 28, 1] in
        0..1, and an int32 [2] seed that no other step has, both TensorFlow tensors; returns
        the new images.
    engine : "plain" or "fast", default "plain"
        "plain" calls one compiled step after another. "fast" runs many steps in one call and
        regroups the convolutions; where the environment variable ``TF_NUM_INTRAOP_THREADS`` is
        1, it also computes parts of a batch side by side, a core for each. Losses and weights
        differ from "plain"'s by rounding.
        A model that is no ``keras.Sequential`` is trained by "plain", with a warning.
    checkpoint : path, optional
        A file that keeps the state of the training. Where it is there already, training goes
        on from it, and ends with the weights and the history of a training that was never
        interrupted, bit for bit. Call again with the same arguments; only ``batches`` may grow.
    checkpoint_frequency : int, default 100
        Training steps from one writing of the file to the next.
    progress : bool, default True
        Show a progress bar when training takes longer than a second.

    Returns
    -------
    History

    Raises
    ------
    TypeError, ValueError
        If the model has other input or output shapes, a number is no whole number, below
        1, or larger than its split, or there is no such engine; if the checkpoint is damaged
        or holds another training. Nothing has been changed then.
    OSError
        If the checkpoint cannot be written. The one before it is kept.
    KeyboardInterrupt
        If the training is interrupted: after the steps that have begun, at most 100. The model
        keeps their weights. A second interruption comes at once.

    Examples
    --------
    >>> from mnist_tutorial import MnistData, build_model
    >>> train(build_model(), MnistData(), batches=5, batch_size=8)
    History(5 batches, 1 evaluations)
    """
    check_model(model, built=True)
    batches = check_whole_number("batches", batches, minimum=1)
    if validation_frequency is not None:
        validation_frequency = check_whole_number(
            "validation_frequency", validation_frequency, minimum=1
        )
    checkpoint_frequency = check_whole_number(
        "checkpoint_frequency", checkpoint_frequency, minimum=1
    )
    batch_size = check_batch_size("batch_size", batch_size, len(data.train_images))
    validation_batch_size = check_batch_size(
        "validation_batch_size", validation_batch_size, len(data.validation_images)
    )
    if engine not in ("plain", "fast"):
        raise ValueError(f"engine must be 'plain' or 'fast'; got {engine!r}")
    if checkpoint is not None:
        checkpoint = check_path("checkpoint", checkpoint)
    if optimizer is not None:
        check_keras("optimizer", optimizer)
    if engine == "fast" and not isinstance(model, keras.Sequential):
        warnings.warn(
            f"engine 'fast' takes a keras.Sequential; got {type(model).__name__}: "
            "training with engine 'plain'",
            stacklevel=2,
        )
        engine = "plain"
    with interruptions_held_back() as let_interruption_through:
        compiled = engine_for(
            engine, model, optimizer, augment, data.seed, batch_size, validation_batch_size
        )
        run_steps, evaluate = compiled.on(data)
        result = History()
        if checkpoint is not None:
            state = _State(
                checkpoint,
                model,
                compiled.optimizer,
                data,
                {
                    "engine": engine,
                    "batch_size": batch_size,
                    "validation_batch_size": validation_batch_size,
                    "validation_frequency": validation_frequency,
                    "augment": augment and f"{augment.__module__}.{augment.__qualname__}",
                },
            )
            result = state.resume(batches)
        # Said only to silence it: else the environment variable TQDM_DISABLE decides.
        silent: dict[str, Any] = {} if progress else {"disable": True}
        pauses = validation_frequency or batches, checkpoint_frequency if checkpoint else batches
        steps_per_call = min(STEPS_PER_CALL, max(1, IMAGES_PER_CALL // batch_size))
        done = len(result.history["loss"])
        with tqdm(
            total=batches, initial=done, desc="training", unit="batch", delay=1, **silent
        ) as bar:
            while done < batches:
                steps = min(
                    batches - done,
                    steps_per_call,
                    *(every - done % every for every in pauses),
                )
                losses, accuracies = run_steps(done, steps)
                result.history["loss"] += losses
                result.history["accuracy"] += accuracies
                done += steps
                bar.update(steps)
                if validation_frequency and done % validation_frequency == 0:
                    loss, accuracy = evaluate()
                    result.history["val_loss"].append(loss)
                    result.history["val_accuracy"].append(accuracy)
                    result.validation_batches.append(done)
                if checkpoint is not None and (done % checkpoint_frequency == 0 or done == batches):
                    state.save(result)
                let_interruption_through()
        if compiled.optimizer.use_ema:
            compiled.optimizer.finalize_variable_values(model.trainable_variables)
        return result


class _State:
    """All that changes while a model is trained, and the file that keeps it."""

    def __init__(
        self,
        path: Path,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        data: MnistData,
        settings: dict[str, Any],
    ) -> None:
        self.path = path
        self.samplers = {"train": data.train_sampler, "validation": data.validation_sampler}
        self.variables = {f"model {i}": value for i, value in enumerate(model.variables)}
        self.variables |= {f"optimizer {i}": value for i, value in enumerate(optimizer.variables)}
        self.configuration = settings | {
            "seed": data.seed,
            "model": _nameless(model.get_config()),
            "optimizer": _nameless(optimizer.get_config()),
            "images and labels": _sha256(
                data.train_images,
                data.train_labels,
                data.validation_images,
                data.validation_labels,
            ),
        }

    def save(self, history: History) -> None:
        arrays = {name: np.asarray(variable) for name, variable in self.variables.items()}
        arrays |= {name: np.array(values) for name, values in history.history.items()}
        arrays["validation_batches"] = np.array(history.validation_batches, np.int64)
        facts = {
            "configuration": self.configuration,
            "positions": {name: sampler.position for name, sampler in self.samplers.items()},
        }
        save_checkpoint(self.path, arrays, facts)

    def resume(self, batches: int) -> History:
        """Bring everything into the state of the file; without a file, begin one."""
        if not self.path.exists():
            self.save(History())
            return History()
        arrays, facts = load_checkpoint(self.path)
        self._check(arrays, facts)
        history = History(
            {name: arrays[name].tolist() for name in History().history},
            arrays["validation_batches"].tolist(),
        )
        done = len(history.history["loss"])
        if done > batches:
            raise ValueError(f"{self.path}: has trained {done} batches; batches is {batches}")
        for name, variable in self.variables.items():
            variable.assign(arrays[name])
        for name, sampler in self.samplers.items():
            sampler.position = facts["positions"][name]
        return history

    def _check(self, arrays: dict[str, Any], facts: dict[str, Any]) -> None:
        """Raise ValueError unless the file holds this training."""
        there = facts.get("configuration", {})
        for name, here in self.configuration.items():
            if there.get(name) != here:
                values = f": {there.get(name)} there, {here} here"
                raise ValueError(
                    f"{self.path}: holds another training, its {name} differs"
                    f"{values if len(values) < 60 else ''}; name another file, or delete this one"
                )
        wanted = {name: _form(np.asarray(value)) for name, value in self.variables.items()}
        if {name: _form(arrays[name]) for name in wanted if name in arrays} != wanted:
            raise ValueError(f"{self.path}: its weights have other names, shapes or types")
        broken = [name for name in wanted if not np.isfinite(arrays[name]).all()]
        if broken:
            raise ValueError(f"{self.path}: {broken[0]} is not finite: the training diverged")


def _nameless(config: Any) -> Any:
    """Return what Keras says of an object, as JSON holds it, without the names it counts up."""
    text = json.dumps(config, default=str, sort_keys=True)

    def drop(values: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in values.items() if key != "name"}

    return json.loads(text, object_hook=drop)


def _form(array: npt.NDArray[Any]) -> tuple[Any, ...]:
    return array.shape, array.dtype


def _sha256(*arrays: npt.NDArray[Any]) -> str:
    sha256 = hashlib.sha256()
    for array in arrays:
        sha256.update(array.tobytes())
    return sha256.hexdigest()
