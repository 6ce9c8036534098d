"""What the simulations share."""

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture
def cheap_collection() -> Iterator[None]:
    """Freeze the heap: statsmodels collects garbage on every correction, 50 ms a time."""
    gc.freeze()
    yield
    gc.unfreeze()
