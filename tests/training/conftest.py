"""Keras, quick and quiet, before the tests of this folder import it; and a study that takes seconds."""

import os
from pathlib import Path

import pytest

from pipeline.datasets.images import Images
from pipeline.training.backend import import_keras

import_keras()
import pipeline.training.trainer  # noqa: E402, F401  (one thread, as in a worker)
from tests.training.study import Study  # noqa: E402


@pytest.fixture(scope="session")
def study(repository: Path, mnist: Images, tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A planned study in a checkout of its own; what a test changes, it changes in a copy."""
    images = os.environ.get("MNIST_DIR", str(repository / "data" / "download"))
    return Study.prepare(tmp_path_factory.mktemp("study") / "checkout", Path(images).absolute())
