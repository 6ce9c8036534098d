"""Faster imports: without the optional modules that a library loads and nothing here uses."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def lean(*absent: str) -> Iterator[None]:
    """Hide these modules from the imports in the block, unless they are loaded already.

    For modules that a library can do without and that take a second or more to load. Garbage collection is
    off in the block: an import leaves little garbage, and the search for it takes a fifth of the time.
    """
    hidden = [name for name in absent if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
        for name in hidden:
            del sys.modules[name]
