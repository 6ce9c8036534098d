"""Imports that take less time: without what a library loads when it finds it, and nothing here uses."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def lean(*absent: str) -> Iterator[None]:
    """Let the imports in the block find these modules missing, unless they are loaded already.

    For modules that a library can do without and that take a second or more to load. No garbage is
    collected in the block, for an import leaves little, and looking for it takes a fifth of its time.
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
