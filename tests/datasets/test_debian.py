"""A package of Debian, made by hand and given by a script that plays apt-get: read, and never installed."""

import bz2
import gzip
import lzma
import re
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pipeline.datasets import debian, sources
from pipeline.system.errors import UserError
from tests.datasets.miniature import (
    CORRUPT,
    FILES,
    LAST,
    WRONG_DIGEST,
    Files,
    Members,
    member,
    published,
    tar,
)

Fake = Callable[[str, str], Path]
INSIDE = "./usr/share/datasets/mini"


def files() -> Files:
    return debian.package("dataset-mini", "mini")


def packed(contents: Files) -> Members:
    return [pair for n in contents for pair in member(f"{INSIDE}/{n}.gz", gzip.compress(contents[n]))]


def ar(members: Mapping[str, bytes]) -> bytes:
    """An ar archive: a header of 60 characters a member, and a byte more where its size is odd."""
    archive = b"!<arch>\n"
    for name, content in members.items():
        header = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n"
        assert len(header) == 60
        archive += header.encode() + content + b"\n" * (len(content) % 2)
    return archive


def deb(data: bytes, name: str = "data.tar.xz") -> bytes:
    """A package whose control archive has an odd size."""
    return ar({"debian-binary": b"2.0\n", "control.tar.xz": b"odd", name: data})


@pytest.fixture
def apt_gives(fake_delivery: Callable[..., Path]) -> Callable[[bytes], Path]:
    """Makes apt-get deliver this package; returns where it notes its arguments."""
    return lambda content: fake_delivery("apt-get", "dataset-mini_0.1_all.deb", content)


AptGives = Callable[[bytes], Path]
OTHERS = member("./usr/") + member("./usr/share/doc/dataset-mini/copyright", b"free")
PACKED = tar(OTHERS + packed(FILES))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("data.tar", PACKED),
        ("data.tar.gz", gzip.compress(PACKED)),
        ("data.tar.xz", lzma.compress(PACKED)),
        ("data.tar.bz2", bz2.compress(PACKED)),
    ],
)
def test_the_four_files_of_a_package_are_read(apt_gives: AptGives, name: str, data: bytes) -> None:
    arguments = apt_gives(deb(data, name))
    assert files() == FILES
    folder, command, *options = arguments.read_text(encoding="utf-8").split()
    assert (command, options[-1]) == ("download", "dataset-mini")
    assert not Path(folder).exists()


def test_a_name_may_end_with_a_slash(apt_gives: AptGives) -> None:
    """As `ar` itself writes names."""
    apt_gives(deb(PACKED, "data.tar/"))
    assert files() == FILES


def test_members_of_other_names_are_never_read_or_written(apt_gives: AptGives, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    others = member(str(outside), b"x") + member("../../outside", b"x")
    others += member(f"{INSIDE}/../mini/{LAST}.gz", b"x") + member(f"{INSIDE[2:]}/{LAST}.gz", b"x")
    apt_gives(deb(lzma.compress(tar(others + packed(FILES)))))
    assert files() == FILES
    assert not outside.exists()


THREE = {name: content for name, content in FILES.items() if name != LAST}
XZ = lzma.compress(PACKED)
LINK = tar(packed(THREE) + member(f"{INSIDE}/{LAST}.gz", kind=tarfile.SYMTYPE))
NO_GZ = tar(packed(THREE) + member(f"{INSIDE}/{LAST}.gz", FILES[LAST]))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected an ar archive, received bytes that begin with 0x"),
        (b"<html></html>", "expected an ar archive, received bytes that begin with 0x3c68746d6c3e3c2f"),
        (ar({}), "expected a member data.tar, received none"),
        (ar({"debian-binary": b"2.0\n"}), "expected a member data.tar, received debian-binary"),
        (deb(XZ)[:-40], f"data.tar.xz: expected {len(XZ)} bytes, received {len(XZ) - 40 + len(XZ) % 2}"),
        (deb(XZ).replace(f"{len(XZ):<10}`".encode(), b"-9        `"), "data.tar.xz: expected -9 bytes"),
        (deb(XZ).replace(f"{len(XZ):<10}`".encode(), b"many      `"), "cannot read dataset-mini: ValueError"),
        (deb(XZ[:-40]), "data.tar.xz: expected a whole xz stream, received a part (truncated)"),
        (deb(b"certainly no xz stream"), "cannot read dataset-mini: LZMAError"),
        (deb(b"", "data.tar.zst"),
         "expected data.tar, plain or compressed by gzip, xz or bzip2, received data.tar.zst; install the"),
        (deb(tar(packed(THREE)), "data.tar"), f"expected four members, missing {INSIDE}/{LAST}.gz"),
        (deb(LINK, "data.tar"), f"{INSIDE}/{LAST}.gz: expected a regular file, received another kind"),
        (deb(NO_GZ, "data.tar"), f"cannot read {LAST}.gz: BadGzipFile"),
        (deb(lzma.compress(bytes(10**5))), "data.tar.xz: expected at most 50000 bytes, received more"),
        (deb(gzip.compress(bytes(10**5)), "data.tar.gz"), "data.tar.gz: expected at most 50000 bytes"),
        (deb(bz2.compress(bytes(10**5)), "data.tar.bz2"), "data.tar.bz2: expected at most 50000 bytes"),
        (deb(bytes(50_000)), "dataset-mini_0.1_all.deb: expected at most 50000 bytes, received more"),
    ],
    ids=["empty", "html", "no member", "no data", "ar broken off", "negative size", "no size",
         "xz broken off", "no xz", "zstd", "missing", "symlink", "no gzip", "xz beyond the limit",
         "gz beyond the limit", "bz2 beyond the limit", "package beyond the limit"],
)  # fmt: skip
def test_a_wrong_package_is_refused(
    apt_gives: AptGives, monkeypatch: pytest.MonkeyPatch, content: bytes, message: str
) -> None:
    for module in (sources, debian):
        monkeypatch.setattr(module, "LIMIT", 50_000)
    apt_gives(content)
    with pytest.raises(UserError, match=re.escape(message)):
        files()


def test_a_corrupt_byte_of_a_package_is_not_kept(apt_gives: AptGives, tmp_path: Path) -> None:
    apt_gives(deb(lzma.compress(tar(packed(CORRUPT)))))
    with pytest.raises(UserError, match=re.escape(f"debian: {WRONG_DIGEST}")):
        published(debian=files).obtain(tmp_path / "download")
    assert not (tmp_path / "download").exists()


def test_a_machine_without_apt_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="expected the program apt-get on PATH, received none"):
        files()


def test_what_apt_complains_of_is_passed_on(fake: Fake) -> None:
    fake("apt-get", "echo 'E: Unable to locate package dataset-mini' >&2; exit 100")
    with pytest.raises(UserError, match="apt-get download ended with code 100: E: Unable to locate package"):
        files()


def test_apt_that_leaves_no_package_is_refused(fake: Fake) -> None:
    fake("apt-get", "exit 0")
    with pytest.raises(UserError, match="expected one package from apt-get download, received 0"):
        files()


def test_apt_that_hangs_is_ended(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    fake("apt-get", "exec tail -f /dev/null")
    monkeypatch.setattr(debian, "TIMEOUT", 0.05)
    with pytest.raises(UserError, match=r"apt-get download took more than 0.05 s"):
        files()
