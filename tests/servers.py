"""Servers that tests start on the loopback, ask, and end with all their processes."""

import json
import os
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.processes import until

HOST = "127.0.0.1"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def request(url: str, content: dict[str, Any] | None = None) -> str:
    """What the server answers: to a GET, or to a POST of the content."""
    asked = urllib.request.Request(
        url,
        data=None if content is None else json.dumps(content).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return str(answer.read().decode())


@contextmanager
def started(
    command: Sequence[str], cwd: Path, environment: Mapping[str, str] | None = None, log: Path | None = None
) -> Iterator["subprocess.Popen[str]"]:
    """The command, in a session of its own, whose processes are all ended with it.

    What it complains of goes to `log`, or nowhere.
    """
    with (log or Path(os.devnull)).open("w", encoding="utf-8") as complaints:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):  # the test has ended it
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        assert process.stdout is not None
        process.stdout.close()


def until_healthy(process: "subprocess.Popen[str]", port: int) -> str:
    """Ask until the server answers; fails when it ends, or when it takes too long."""
    answers = []

    def answered() -> bool:
        assert process.poll() is None, "the server ended before it answered"
        try:
            answers.append(request(f"http://{HOST}:{port}/health"))
        except OSError:  # nobody listens yet, or it takes its time
            return False
        return True

    until(answered, "an answer")
    return answers[0]
