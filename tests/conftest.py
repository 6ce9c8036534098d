"""What the tests share: the real MNIST, from wherever it can be had."""

import os
from pathlib import Path

import pytest

from pipeline.data.mnist import Images, obtain

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def mnist() -> Images:
    """The real MNIST: the first run fetches it into data/download, later ones find it there."""
    named = os.environ.get("MNIST_DIR")
    return obtain(REPOSITORY / "data" / "download", local=Path(named) if named else None)
