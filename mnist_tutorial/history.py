"""What :func:`mnist_tutorial.train` records. Read chapter 6, "Training loop"."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["History"]


@dataclass
class History:
    """What was measured while training.

    Attributes
    ----------
    history : dict of lists of float
        As in Keras: ``loss`` (nats) and ``accuracy`` (0..1), one value per training batch,
        taken before the batch changed the weights; ``val_loss`` and ``val_accuracy``, one
        value per evaluation on validation examples.
    validation_batches : list of int
        For each evaluation, the number of training batches before it.
    best_batch : int or None
        With ``patience``: the number of training batches after which the validation loss was
        lowest. The model has the weights of that moment.

    Examples
    --------
    >>> first, later = History(), History()
    >>> first.add_training(loss=2.3, accuracy=0.1)
    >>> later.add_training(loss=2.1, accuracy=0.2)
    >>> first, (first + later).history["loss"]
    (History(1 batches, 0 evaluations), [2.3, 2.1])
    """

    history: dict[str, list[float]] = field(
        default_factory=lambda: {"loss": [], "accuracy": [], "val_loss": [], "val_accuracy": []}
    )
    validation_batches: list[int] = field(default_factory=list)
    best_batch: int | None = None

    def add_training(self, loss: float, accuracy: float) -> None:
        """Record a training batch."""
        self.history["loss"].append(float(loss))
        self.history["accuracy"].append(float(accuracy))

    def add_validation(self, loss: float, accuracy: float) -> None:
        """Record an evaluation, made after the training batches recorded so far."""
        self.history["val_loss"].append(float(loss))
        self.history["val_accuracy"].append(float(accuracy))
        self.validation_batches.append(len(self))

    def __len__(self) -> int:
        return len(self.history["loss"])

    def __add__(self, later: History) -> History:
        """Join a history with that of the training run that continued it."""
        best = self.best_batch if later.best_batch is None else len(self) + later.best_batch
        return History(
            {name: values + later.history[name] for name, values in self.history.items()},
            self.validation_batches + [len(self) + batch for batch in later.validation_batches],
            best,
        )

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row per batch; NaN where nothing was evaluated."""
        import pandas

        batches = pandas.RangeIndex(1, len(self) + 1, name="batch")
        training = {name: self.history[name] for name in ("loss", "accuracy")}
        validation = {name: self.history[name] for name in ("val_loss", "val_accuracy")}
        evaluated = pandas.Index(self.validation_batches, name="batch")
        frame = pandas.DataFrame(training, batches)
        return frame.join(pandas.DataFrame(validation, evaluated), how="outer")

    def __repr__(self) -> str:
        best = "" if self.best_batch is None else f", best after batch {self.best_batch}"
        return f"History({len(self)} batches, {len(self.validation_batches)} evaluations{best})"
