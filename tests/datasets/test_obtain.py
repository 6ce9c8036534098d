"""The images that a setting names: published ones, named or kept, and one's own."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.datasets import obtain
from pipeline.datasets.published import Published
from tests import own_data
from tests.datasets.miniature import FILES, assert_miniature, never, published, write


@pytest.fixture
def miniature(monkeypatch: pytest.MonkeyPatch) -> Published:
    """The one published data set that there is, which no remote has."""
    made = published(remote=never)
    monkeypatch.setattr(obtain, "PUBLISHED", {"miniature": made})
    monkeypatch.delenv(made.variable, raising=False)
    return made


@pytest.mark.usefixtures("miniature")
def test_the_directory_that_the_variable_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIATURE_DIR", str(write(tmp_path / "mine", FILES)))
    assert_miniature(obtain.dataset(tmp_path / "checkout", "miniature").images)


@pytest.mark.usefixtures("miniature")
@pytest.mark.parametrize("copy", ["", ".dvc/tmp/exps/tmpabc"], ids=["the checkout", "an experiment's copy"])
def test_the_download_of_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, copy: str) -> None:
    monkeypatch.setenv("MINIATURE_DIR", "")  # as if it were not set
    write(tmp_path / "data" / "download", FILES)
    assert_miniature(obtain.dataset(tmp_path / copy, "miniature").images)


@pytest.mark.usefixtures("miniature")
def test_any_other_name_is_the_path_of_ones_own_data(tmp_path: Path) -> None:
    (tmp_path / "datasets").mkdir()
    np.savez(tmp_path / own_data.NAME, **own_data.good())
    images = obtain.dataset(tmp_path, own_data.NAME).images
    assert np.array_equal(images.train_images, own_data.good()["train_images"])
