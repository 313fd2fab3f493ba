"""Recognise handwritten digits with a convolutional network.

One module for each chapter of the book; what goes beyond the seven chapters is in
``mnist_tutorial.further``. Names are looked up when they are first used, so importing the
package takes milliseconds and does not load TensorFlow; ``__init__.pyi`` lists them.
"""

import sys
from typing import Any

import lazy_loader

_look_up, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # Not for the Tab key: Jedi, which completes names, looks at each of them.
    asked_by = sys._getframe(1).f_globals.get("__name__", "")
    if name.startswith(("build_", "compile_")) and not asked_by.startswith("jedi."):
        # Whoever wants these will use Keras: load it now, so that an `import keras` that
        # follows shows none of TensorFlow's start-up messages.
        from mnist_tutorial._internal.tensorflow import load

        load()
    return _look_up(name)
