"""What a model keeps from one training run to the next, so that nothing is compiled twice."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from mnist_tutorial._internal.errors import describe
from mnist_tutorial._internal.mnist_form import check_trainable
from mnist_tutorial._internal.tensorflow import forget_old_graphs, is_keras, keras
from mnist_tutorial.optimizer import build_optimizer


def kept_with_model(compile_steps: Callable[..., Any]) -> Callable[..., Any]:
    """Keep compiled steps with their model: compiling takes as long as dozens of steps."""

    @functools.wraps(compile_steps)
    def wrapper(model: Any, optimizer: Any) -> Any:
        check_trainable(model)
        if not is_keras(model, "Model"):
            return compile_steps(model, optimizer)
        _check_optimizer(optimizer)
        # Settings are compared as well as objects: they are constants in the graphs.
        key = [optimizer, [id(variable) for variable in model.trainable_variables]]
        key += [repr(model.get_config()), repr(optimizer.get_config())]
        kept = getattr(model, "_mnist_tutorial_steps", None)
        if kept is None or kept.key != key:
            forget_old_graphs()
            kept = _Kept(key, compile_steps(model, optimizer))
            model._mnist_tutorial_steps = kept
        return kept.value

    return wrapper


class _Kept:
    """A value and what it was made from; Keras neither tracks nor saves it with the model."""

    def __init__(self, key: Any, value: Any) -> None:
        self.key, self.value = key, value


def optimizer_for(model: Any, optimizer: Any) -> Any:
    """Return the optimizer, or the tutorial's, kept with the model so that nothing recompiles."""
    if not is_keras(model, "Model"):
        if optimizer is not None and not hasattr(optimizer, "update"):
            raise TypeError(
                "optimizer of a NumpyNetwork must be a mnist_tutorial.further.SGD; "
                f"got {describe(optimizer)}"
            )
        return model.build_optimizer() if optimizer is None else optimizer
    if isinstance(optimizer, str):
        try:
            return keras.optimizers.get(optimizer)
        except ValueError:
            raise ValueError(
                f"optimizer must name one of Keras's, such as 'adam'; got {optimizer!r}"
            ) from None
    if optimizer is not None:
        _check_optimizer(optimizer)
        if is_keras(optimizer, "LossScaleOptimizer"):
            raise ValueError("optimizer must not be a LossScaleOptimizer: train uses float32")
        return optimizer
    key = [id(variable) for variable in model.trainable_variables]
    kept = getattr(model, "_mnist_tutorial_optimizer", None)
    if kept is None or kept.key != key:
        kept = model._mnist_tutorial_optimizer = _Kept(key, build_optimizer())
    kept.value.iterations.assign(0)
    return kept.value


def _check_optimizer(optimizer: Any) -> None:
    if not is_keras(optimizer, "Optimizer"):
        raise TypeError(f"optimizer must be a Keras optimizer; got {describe(optimizer)}")
