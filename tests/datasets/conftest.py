"""Servers and programs that play the sources of data sets."""

import os
import shlex
import stat
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

Answer = tuple[int, dict[str, str], bytes]  # status, headers, body


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Starts a server that gives one answer to everything, or answers by file name; returns its address."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    servers = []

    def start(answers: Answer | Mapping[str, Answer]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                absent: Answer = (404, {}, b"")
                name = self.path.rpartition("/")[2]
                status, headers, body = answers if isinstance(answers, tuple) else answers.get(name, absent)
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
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Puts a shell script of this name first on PATH; returns the folder that it lies in."""

    def install(name: str, script: str) -> Path:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        program = folder / name
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
        return folder

    return install


@pytest.fixture
def fake_delivery(tmp_path: Path, fake: Callable[[str, str], Path]) -> Callable[..., Path]:
    """Makes a program deliver content as a file of this name; returns where it notes its arguments.

    What the script does `before` comes first.
    """

    def install(program: str, file: str, content: bytes, before: str = "") -> Path:
        source, arguments = tmp_path / f"given-{file}", tmp_path / "arguments"
        source.write_bytes(content)
        note = f'echo "$PWD $*" > {shlex.quote(str(arguments))}'
        fake(program, f"{before}\n{note}\ncp {shlex.quote(str(source))} {file}")
        return arguments

    return install
