"""What goes beyond the seven chapters, one module for each further chapter.

Names are looked up when they are first used; ``__init__.pyi`` lists them.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
