"""Recognise handwritten digits with a convolutional network.

One module for each chapter of the book. Names are looked up when they are first used, so
that importing the package takes milliseconds and loads no TensorFlow; the list of them is
in ``__init__.pyi``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__version__ = "0.1.0"
