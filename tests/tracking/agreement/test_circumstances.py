"""Which process recorded a run: known from the folder of its lock, whatever the machine is called."""

import os
import platform
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.system import checkout
from pipeline.system.errors import UserError
from pipeline.tracking.agreement.circumstances import PROCESS, Process
from tests.tracking.agreement import weather

RECORDING = """\
import signal, sys
from pathlib import Path
from pipeline.tracking.agreement.circumstances import Process
process = Process(Path(sys.argv[1]))
print(process.tag(), flush=True)
signal.pause()
"""


def test_a_killed_process_is_gone_also_for_a_container_with_another_hostname(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, "-c", RECORDING, str(tmp_path)]
    with subprocess.Popen(command, cwd=repository, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        tags = {PROCESS: process.stdout.readline().strip()}
        for module, name in ((socket, "gethostname"), (platform, "node")):
            monkeypatch.setattr(module, name, lambda: "another")
        uname = os.uname()
        monkeypatch.setattr(os, "uname", lambda: os.uname_result((uname[0], "another", *uname[2:])))
        gone_too_early = Process(tmp_path).is_gone(tags)
        process.kill()
    assert not gone_too_early
    assert Process(tmp_path).is_gone(tags)
    assert not Process(tmp_path / "elsewhere").is_gone(tags)


@pytest.mark.usefixtures("database")
def test_a_git_that_fails_leaves_no_run_that_nobody_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(root: Path) -> str:
        raise UserError("git diff-index: expected an answer")

    monkeypatch.setattr(checkout, "diff", fails)
    ledger = weather.ledger(tmp_path)
    with pytest.raises(UserError, match="diff-index"):
        ledger.begin(weather.group("arima").entry, None, current=True, group=True)
    assert ledger.search("") == []
