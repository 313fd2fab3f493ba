"""What surrounds the loop of ``train``: checks, progress, checkpoints, interruptions."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from mnist_tutorial._internal.checks import check
from mnist_tutorial._internal.files import locked
from mnist_tutorial._internal.interruptions import DeferredInterruption
from mnist_tutorial._internal.kept import optimizer_for
from mnist_tutorial._internal.mnist_form import (
    check_data,
    check_probabilities,
    check_trainable,
    remember_classes,
)
from mnist_tutorial._internal.run_state import RunState, check_finite
from mnist_tutorial.batching import BATCH_SIZE, TRAIN_BATCHES

if TYPE_CHECKING:
    from mnist_tutorial.history import History


class TrainingRun:
    """A training run, as a context: from the checks of its arguments to its last checkpoint."""

    def __init__(
        self,
        model: Any,
        data: Any,
        optimizer: Any,
        history: History,
        *,
        batches: int,
        epochs: float | None,
        batch_size: int,
        validation_batch_size: int,
        validation_interval: int | None,
        patience: int | None,
        augment: Callable[[Any, Any], Any] | None,
        checkpoint: str | os.PathLike[str] | None,
        checkpoint_interval: int,
        progress: bool,
    ) -> None:
        check_data(data)
        check_trainable(model, data.classes)
        check("batch_size", batch_size, f"whole number in 1..{len(data.train_sampler)}")
        self.validation_batch_size = min(validation_batch_size, len(data.validation_sampler))
        self.model, self.data, self.history = model, data, history
        # Of several workers that train one model, all read the checkpoint and one writes it.
        self.writes = getattr(model, "writes_checkpoint", True)
        self.optimizer = optimizer_for(model, optimizer)
        batches = count_batches(data, batches=batches, epochs=epochs, batch_size=batch_size)
        if patience is not None and validation_interval is None:
            raise ValueError("patience needs evaluations; got validation_interval None")
        self.batches, self.validation_interval = batches, validation_interval
        self.patience = patience
        self.best_weights = [] if patience is None else model.get_weights()
        self.checkpoint = None if checkpoint is None else Path(checkpoint)
        self.checkpoint_interval = checkpoint_interval
        self.progress = progress
        self.settings = {
            "batch_size": batch_size,
            "validation_batch_size": validation_batch_size,
            "validation_interval": validation_interval,
            "patience": patience,
            "augment": augment and _name_of(augment),
            "seed": data.seed,
        }

    def __enter__(self) -> TrainingRun:
        with ExitStack() as stack:
            self._interruption = stack.enter_context(DeferredInterruption())
            # A blank image and one of noise: a blank one hides what the weights do.
            images = np.zeros((2, *self.model.input_shape[1:]), np.float32)
            images[1] = np.random.default_rng(0).random(images.shape[1:])
            check_probabilities(np.asarray(self.model(images, training=False)))
            self.optimizer.build(self.model.trainable_variables)
            if self.checkpoint is not None:
                if self.writes:
                    stack.enter_context(locked(self.checkpoint))
                self._state = RunState(self.checkpoint, self)
                self._state.resume_or_begin()
            # Said only to silence it: else the environment variable TQDM_DISABLE decides.
            silent: dict[str, Any] = {} if self.progress else {"disable": True}
            self._bar = stack.enter_context(
                tqdm(total=self.batches, initial=self.done, desc="training", unit="batch",
                     delay=1, **silent)
            )  # fmt: skip
            self.model.history = self.history
            remember_classes(self.model, self.data)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: Any) -> None:
        with self._stack:
            if error[0] is None and getattr(self.optimizer, "use_ema", False):
                self.optimizer.finalize_variable_values(self.model.trainable_variables)
            if self.history.best_batch is not None:
                self.model.set_weights(self.best_weights)
            elif error[0] is None:
                weights = {f"weight {i}": w for i, w in enumerate(self.model.get_weights())}
                check_finite(f"batch {self.done}", weights)

    @property
    def done(self) -> int:
        """Number of training batches recorded so far."""
        return len(self.history.history["loss"])

    @property
    def validation_due(self) -> bool:
        """Whether an evaluation follows the training batch just recorded."""
        return self.validation_interval is not None and self.done % self.validation_interval == 0

    def steps(self) -> Iterator[int]:
        """Yield the number of every step to come, from 0; save and interrupt between two."""
        while self.done < self.batches and not self._out_of_patience():
            yield self.done
            self._bar.update()
            loss = self.history.history["loss"][-1]
            if not math.isfinite(loss):
                raise FloatingPointError(
                    f"the loss of batch {self.done} is {loss}: training has diverged; "
                    "try a lower learning rate"
                )
            if self.patience is not None and self.validation_due:
                self._keep_best()
            if self.checkpoint is not None and (
                self.done % self.checkpoint_interval == 0
                or self.done == self.batches
                or self._out_of_patience()
                or self._interruption.pending
            ):
                self._state.save()
            self._interruption.let_through()

    def _keep_best(self) -> None:
        """Keep the weights if the last evaluation is the best so far."""
        losses = self.history.history["val_loss"]
        if len(losses) == 1 or losses[-1] < min(losses[:-1]):
            self.history.best_batch = self.done
            for kept, weight in zip(self.best_weights, self.model.get_weights(), strict=True):
                kept[...] = weight

    def _out_of_patience(self) -> bool:
        return self.patience is not None and is_out_of_patience(self.history, self.patience)


def is_out_of_patience(history: History, patience: int) -> bool:
    """Say whether that many evaluations in a row have brought no lower validation loss."""
    losses = history.history["val_loss"]
    return bool(losses) and len(losses) - 1 - losses.index(min(losses)) >= patience


def count_batches(
    data: Any,
    /,
    *,
    batches: int = TRAIN_BATCHES,
    epochs: float | None = None,
    batch_size: int = BATCH_SIZE,
    **_: Any,
) -> int:
    """Return how many training steps the arguments of `train` ask for."""
    if epochs is None:
        return batches
    # Rounded because 0.07 * 55000 is a little more than 3850.
    return max(1, math.ceil(round(epochs * len(data.train_sampler) / batch_size, 6)))


def latest_figures(history: History) -> str:
    """Say the latest loss and validation accuracy, beside a progress bar."""
    figures = [f"loss {x:.3f}" for x in history.history["loss"][-1:]]
    figures += [f"validation {x:.1%}" for x in history.history["val_accuracy"][-1:]]
    return ", ".join(figures)


def _name_of(augment: Any) -> str:
    """Say what changes the images, the same in every process."""
    if isinstance(augment, functools.partial):
        return f"{_name_of(augment.func)} with {augment.args} {augment.keywords}"
    named = augment if hasattr(augment, "__qualname__") else type(augment)
    return f"{named.__module__}.{named.__qualname__}"
