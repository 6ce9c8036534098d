"""A folder that is emptied: what is linked elsewhere keeps its content."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from pipeline.system.files import dotted, emptied, read_table, write_table


def test_a_missing_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    folder = tmp_path / "results" / "runs" / "ridge"
    assert emptied(folder) == folder
    assert folder.is_dir()
    assert list(folder.iterdir()) == []


def test_everything_in_it_goes_and_its_neighbours_stay(tmp_path: Path) -> None:
    folder, neighbour = tmp_path / "runs", tmp_path / "runs_too"
    for place in (folder / "deep" / "deeper", neighbour):
        place.mkdir(parents=True)
        (place / "old.npy").write_bytes(b"old")
    (folder / ".hidden").write_bytes(b"old")
    assert emptied(folder) == folder
    assert list(folder.iterdir()) == []
    assert (neighbour / "old.npy").read_bytes() == b"old"


@pytest.mark.parametrize("link", [Path.hardlink_to, Path.symlink_to], ids=["hard link", "symbolic link"])
def test_a_file_that_is_a_link_into_a_cache_is_replaced(
    tmp_path: Path, link: Callable[[Path, Path], None]
) -> None:
    cached, folder = tmp_path / "cached", tmp_path / "runs"
    cached.write_bytes(b"old and longer")
    cached.chmod(0o444)  # as DVC protects what it caches
    folder.mkdir()
    link(folder / "logits.npy", cached)
    (emptied(folder) / "logits.npy").write_bytes(b"new")
    assert cached.read_bytes() == b"old and longer"
    assert (folder / "logits.npy").read_bytes() == b"new"
    assert not (folder / "logits.npy").samefile(cached)


def test_twice_is_as_once(tmp_path: Path) -> None:
    assert list(emptied(emptied(tmp_path / "runs")).iterdir()) == []


def test_a_file_in_its_place_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "runs").write_bytes(b"a file")
    with pytest.raises(NotADirectoryError):
        emptied(tmp_path / "runs")
    assert (tmp_path / "runs").read_bytes() == b"a file"


@pytest.mark.parametrize("names", [["true", "false"], ["inf", "nan"], ["1e5", "007"]], ids=str)
def test_a_name_that_looks_like_something_else_stays_a_name(tmp_path: Path, names: list[str]) -> None:
    write_table(tmp_path / "t.csv", pd.DataFrame({"setting": names, "variant": names, "error": [0.5, None]}))
    table = read_table(tmp_path / "t.csv")
    assert table.setting.tolist() == table.variant.tolist() == names
    assert table.error.isna().tolist() == [False, True]


def test_nested_values_are_found_by_their_dotted_paths() -> None:
    nested = {"small": {"drop": {"error": 1.5, "rates": [0.1, 0.2]}, "empty": {}}, 7: "seven"}
    assert dotted(nested) == {
        "small.drop.error": 1.5,
        "small.drop.rates": [0.1, 0.2],
        "small.empty": {},
        "7": "seven",
    }
