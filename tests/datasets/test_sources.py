"""What all sources share: a directory of files, and no more bytes than a data set has."""

import gzip
import re
from pathlib import Path

import numpy as np
import pytest

from pipeline.datasets import sources
from pipeline.system.errors import UserError
from tests.datasets.miniature import FILES, PIXELS, npz, write


def test_a_directory_has_the_archive_only_where_the_data_set_has_one(tmp_path: Path) -> None:
    folder = write(tmp_path / "mine", {"mini.npz": npz(**PIXELS)})
    assert sources.directory(folder, "mini.npz") == FILES
    with pytest.raises(UserError, match=re.escape("IDX files (plain or .gz), received a directory without")):
        sources.directory(folder)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_file_beyond_the_limit_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.setattr(sources, "LIMIT", 100)
    bomb = {f"{name}{suffix}": gzip.compress(bytes(101)) if suffix else bytes(101) for name in FILES}
    with pytest.raises(UserError, match="expected at most 100 bytes, received more"):
        sources.directory(write(tmp_path / "mine", bomb))


def test_an_archive_that_unpacks_beyond_the_limit_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = npz(zeros=np.zeros(100_000, np.uint8), **PIXELS)
    monkeypatch.setattr(sources, "LIMIT", len(bomb))
    with pytest.raises(UserError, match=rf"expected at most {len(bomb)} bytes unpacked, not 10\d+"):
        sources.directory(write(tmp_path / "mine", {"mini.npz": bomb}), "mini.npz")
