"""Keras' mirror, played by a server on this machine: the right bytes, and every kind of wrong answer."""

import gzip
import io
import re
import zipfile
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from pipeline.datasets import mirror, sources
from pipeline.system.errors import UserError
from tests.datasets.conftest import Answer
from tests.datasets.miniature import FILES, LAST, PIXELS, WRONG_DIGEST, npz, published

Serve = Callable[..., str]


def whole(body: bytes) -> Answer:
    return 200, {"Content-Length": str(len(body))}, body


# ---- an archive of arrays ----


def test_the_archive_gives_the_idx_files(serve: Serve) -> None:
    assert mirror.archive(serve({"mnist.npz": whole(npz(**PIXELS))}), "mnist.npz") == FILES


def test_the_mirror_may_leave_out_the_length(serve: Serve) -> None:
    assert mirror.archive(serve((200, {}, npz(**PIXELS))), "mnist.npz") == FILES


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
        mirror.archive(serve(answer), "mnist.npz")


def test_a_mirror_that_nobody_answers_is_refused(serve: Serve) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        port = server.server_port
    with pytest.raises(UserError, match=r"cannot read mnist.npz: URLError: .*refused"):
        mirror.archive(f"http://127.0.0.1:{port}/", "mnist.npz")


def test_the_mirror_cannot_fill_the_memory(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "LIMIT", len(GOOD) - 1)
    with pytest.raises(UserError, match="bytes, received more"):
        mirror.archive(serve(whole(GOOD)), "mnist.npz")


def test_wrong_pixels_of_the_mirror_are_not_kept(serve: Serve, tmp_path: Path) -> None:
    address = serve(whole(npz(**{**PIXELS, "y_test": np.array([9, 3], np.uint8)})))
    source = partial(mirror.archive, address, "mnist.npz")
    with pytest.raises(UserError, match=re.escape(f"mirror: {WRONG_DIGEST}")):
        published(mirror=source).obtain(tmp_path / "download")
    assert not (tmp_path / "download").exists()


# ---- four gzipped files ----


def packed(**changes: Answer) -> dict[str, Answer]:
    """What a mirror of the four files answers, by file name; `last` is the answer for the last of them."""
    answers = {f"{name}.gz": whole(gzip.compress(content)) for name, content in FILES.items()}
    return answers | {f"{LAST}.gz": answer for answer in changes.values()}


def test_the_four_files_are_unpacked(serve: Serve) -> None:
    assert mirror.files(serve(packed())) == FILES


BOMB = gzip.compress(bytes(10**6))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((404, {}, b"gone"), f"cannot read {LAST}.gz: HTTPError: HTTP Error 404"),
        (whole(b"<html>"), f"cannot read {LAST}.gz: BadGzipFile"),
        (whole(gzip.compress(FILES[LAST])[:-9]), f"cannot read {LAST}.gz: EOFError"),
        (whole(BOMB), f"{LAST}.gz: expected at most 10000 bytes, received more"),
        (whole(bytes(10_001)), f"{LAST}.gz: expected at most 10000 bytes, received more"),
    ],
    ids=["404", "html", "broken off", "unpacks beyond the limit", "beyond the limit"],
)
def test_a_wrong_file_is_refused(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, answer: Answer, message: str
) -> None:
    monkeypatch.setattr(sources, "LIMIT", 10_000)
    with pytest.raises(UserError, match=re.escape(message)):
        mirror.files(serve(packed(last=answer)))
