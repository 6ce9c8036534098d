"""Networks, one per file, found by module name."""

from __future__ import annotations

import functools
import sys

from pipeline.networks.base import Network
from pipeline.system import discovery

__all__ = ["Network", "discover"]


@functools.cache
def discover() -> dict[str, type[Network]]:
    """Return every network by its module name, in alphabetical order.

    Raises TypeError when a module does not define exactly one network.
    """
    return discovery.classes(sys.modules[__name__], Network, but=("base", "layers"))
