"""A published data set is the right bytes, from whichever source, or one clear line."""

import gzip
from pathlib import Path

import pytest

from pipeline.system.errors import UserError
from tests.datasets.miniature import (
    CORRUPT,
    FILES,
    LAST,
    PIXELS,
    WRONG_DIGEST,
    Files,
    assert_miniature,
    never,
    npz,
    published,
    read,
    write,
)

# ---- a directory that the user names ----


LOCAL_LAYOUTS = {
    "plain": FILES,
    "gz": {f"{name}.gz": gzip.compress(content) for name, content in FILES.items()},
    "mixed": {f"{LAST}.gz": gzip.compress(FILES[LAST])}
    | {name: content for name, content in FILES.items() if name != LAST},
    "npz": {"mini.npz": npz(**PIXELS)},
    "npz beside half a set": {"mini.npz": npz(**PIXELS), LAST: FILES[LAST]},
}


@pytest.mark.parametrize("layout", LOCAL_LAYOUTS)
def test_a_named_directory_is_used_and_nothing_else_touched(tmp_path: Path, layout: str) -> None:
    local = write(tmp_path / "mine", LOCAL_LAYOUTS[layout])
    assert_miniature(published(remote=never).obtain(tmp_path / "download", local))
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


GZ_BROKEN_OFF = {f"{n}.gz": gzip.compress(c)[: -9 if n == LAST else None] for n, c in FILES.items()}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "expected a directory with the four IDX files, received a path where nothing is"),
        ({}, "expected the four IDX files (plain or .gz) or mini.npz, received a directory "
             f"without {', '.join(FILES)}"),
        ({n: c for n, c in FILES.items() if n != LAST}, f"received a directory without {LAST};"),
        (CORRUPT, WRONG_DIGEST),
        (GZ_BROKEN_OFF, f"cannot read {LAST}.gz: EOFError"),
        ({"mini.npz": b"<html>"}, "cannot read mini.npz: BadZipFile"),
    ],
    ids=["absent", "empty", "incomplete", "corrupt", "gz broken off", "no archive"],
)  # fmt: skip
def test_a_wrong_named_directory_is_an_error_at_once(
    tmp_path: Path, content: Files | None, message: str
) -> None:
    local = tmp_path / "mine"
    if content is not None:
        write(local, content)
    right = write(tmp_path / "download", FILES)
    with pytest.raises(UserError) as refused:
        published(remote=never).obtain(right, local)
    text = str(refused.value)
    assert text.startswith(f"MINIATURE_DIR={local}: ")
    assert message in text
    assert text.endswith("; put Miniature there or unset MINIATURE_DIR")


def test_a_named_file_is_not_a_directory(tmp_path: Path) -> None:
    (tmp_path / "mini.npz").write_bytes(npz(**PIXELS))
    with pytest.raises(UserError, match=r"expected a directory .*, received a file"):
        published().obtain(tmp_path / "download", tmp_path / "mini.npz")


# ---- an earlier download ----


def test_a_right_download_is_not_fetched_again(tmp_path: Path) -> None:
    download = write(tmp_path / "download", FILES)
    before = {path: path.stat().st_mtime_ns for path in download.iterdir()}
    assert_miniature(published(remote=never).obtain(download))
    assert {path: path.stat().st_mtime_ns for path in download.iterdir()} == before


@pytest.mark.parametrize(
    "earlier",
    [{}, CORRUPT, {LAST: FILES[LAST]}, {**FILES, LAST: b""}],
    ids=["empty", "corrupt", "incomplete", "truncated"],
)
def test_a_wrong_download_is_fetched_again(tmp_path: Path, earlier: Files) -> None:
    download = write(tmp_path / "download", earlier)
    assert_miniature(published(remote=lambda: FILES).obtain(download))
    assert read(download) == FILES


def test_a_fetched_set_is_kept_for_the_next_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    download = tmp_path / "not" / "yet" / "there"
    assert_miniature(published(remote=lambda: FILES).obtain(download))
    assert read(download) == FILES
    capsys.readouterr()
    assert_miniature(published(remote=never).obtain(download))
    assert capsys.readouterr().out == f"Miniature from earlier download {download}: taken\n"


def test_each_data_set_has_a_folder_of_its_own_among_the_downloads(tmp_path: Path) -> None:
    other = published(remote=lambda: FILES)
    object.__setattr__(other, "kept", "other")
    assert not other.is_kept(tmp_path)
    other.obtain(tmp_path)
    assert other.is_kept(tmp_path)
    assert read(tmp_path / "other") == FILES
    assert not published().is_kept(tmp_path)


def test_a_reader_of_the_old_file_never_sees_a_part_of_the_new(tmp_path: Path) -> None:
    download = write(tmp_path / "download", CORRUPT)
    with (download / LAST).open("rb") as reader:
        published(remote=lambda: FILES).obtain(download)
        assert reader.read() == CORRUPT[LAST]


def test_a_write_that_breaks_off_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.write_bytes

    def disk_full(path: Path, content: bytes) -> int:
        real(path, content[:10])
        if LAST in path.name:
            raise OSError(28, "No space left on device")
        return real(path, content)

    monkeypatch.setattr(Path, "write_bytes", disk_full)
    download = tmp_path / "download"
    with pytest.raises(UserError, match=r"cannot be kept in .*download: .*No space left"):
        published(remote=lambda: FILES).obtain(download)
    assert read(download) == {name: FILES[name] for name in FILES if name != LAST}


# ---- remotes in order, and what is said ----


def test_the_first_remote_with_the_right_bytes_is_used(tmp_path: Path) -> None:
    def absent() -> Files:
        raise UserError("no network")

    asked = published(first=absent, second=lambda: CORRUPT, third=lambda: FILES, last=never)
    assert_miniature(asked.obtain(tmp_path / "download"))
    assert read(tmp_path / "download") == FILES


def test_each_attempt_is_a_line_that_is_there_before_the_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = []

    def absent() -> Files:
        seen.append(capsys.readouterr().out)
        raise UserError("no network\n  at \x1b[31mall")

    def right() -> Files:
        seen.append(capsys.readouterr().out)
        return FILES

    published(first=absent, second=right).obtain(tmp_path / "download")
    nothing = "expected a directory with the four IDX files, received a path where nothing is"
    assert seen == [
        f"Miniature from earlier download {tmp_path / 'download'}: {nothing}\nMiniature from first: ",
        "no network at  [31mall\nMiniature from second: ",
    ]
    assert capsys.readouterr().out == "taken\n"


def test_when_all_fail_the_cure_comes_first_and_then_every_reason(tmp_path: Path) -> None:
    def absent() -> Files:
        raise UserError("no network\n  at all")

    download = tmp_path / "download"
    with pytest.raises(UserError) as failed:
        published(first=absent, second=lambda: CORRUPT).obtain(download)
    assert str(failed.value) == (
        "set MINIATURE_DIR=/path/to/folder, where Miniature's four IDX files are (plain or .gz): expected a "
        f"source that has them, received earlier download {download}: expected a directory with the "
        "four IDX files, received a path where nothing is; first: no network at all; "
        f"second: {WRONG_DIGEST}"
    )
    assert not download.exists()
