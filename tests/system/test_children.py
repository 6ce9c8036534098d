"""Children: their environment, the interpreter that starts them, and that they end with the command."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from pipeline.system import children
from tests.processes import alive, command_line, until, until_gone

# As `dvc repro` does, it starts a stage and leaves interrupts to it; the stage says that it cleans up.
STAGE = """\
import signal, sys
try:
    print("stage", flush=True)
    signal.pause()
except KeyboardInterrupt:
    print("cleaned up", flush=True)
    sys.exit(130)
"""
PROGRAM = f"""\
import signal, subprocess, sys
stage = subprocess.Popen([sys.executable, "-c", {STAGE!r}])
signal.signal(signal.SIGINT, signal.SIG_IGN)
sys.exit(stage.wait())
"""
COMMAND = f"""\
import os, sys
from pathlib import Path
from pipeline.system import children
code = children.run([sys.executable, "-c", {PROGRAM!r}], Path.cwd(), os.environ)
print("ended with", code, flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_what_ends_a_command_ends_all_that_it_started(repository: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-c", COMMAND]
    with subprocess.Popen(command, cwd=repository, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "stage\n"
        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) == 2
        assert all(map(alive, family))
        process.send_signal(number)
        until_gone([psutil.Process(process.pid), *family])
        assert process.stdout.read() == "cleaned up\n"
        assert process.wait() == 128 + number


def test_without_a_signal_the_code_is_that_of_the_command(tmp_path: Path) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    program = "import os, sys; sys.exit(int(os.environ['SEVEN']) if os.listdir() == ['here'] else 1)"
    (tmp_path / "here").touch()
    assert children.run([sys.executable, "-c", program], tmp_path, os.environ | {"SEVEN": "7"}) == 7
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


def test_a_command_that_ignores_the_end_of_its_terminal_goes_on(repository: Path) -> None:
    command = ["nohup", sys.executable, "-c", COMMAND]
    with subprocess.Popen(
        command, cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "stage\n"
        command_itself = psutil.Process(process.pid)
        until(lambda: "nohup" not in command_line(command_itself), "the start of the command")
        family = command_itself.children(recursive=True)
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        until_gone([command_itself, *family])
        assert process.stdout.read() == "cleaned up\n"
        assert process.wait() == 128 + signal.SIGTERM


def test_the_python_of_a_child_is_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    program = "import sys; print(sys.prefix)"
    ended = subprocess.run(
        ["/bin/sh", "-c", f"python -c '{program}'"],
        env=children.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.strip() == sys.prefix
    monkeypatch.delenv("PATH")
    assert children.environment()["PATH"] == str(Path(sys.executable).parent)


def test_a_child_gets_nothing_of_a_hook_a_stage_or_pythons_switches(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = subprocess.run(
        ["git", "rev-parse", "--local-env-vars"], capture_output=True, text=True, check=True
    )
    of_configuration = {"GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT"}  # which git leaves to a submodule, too
    names = {*listed.stdout.split()} - of_configuration
    names |= {"DVC_STAGE", "DVC_ROOT", "PYTHONSAFEPATH", "PYTHONWARNINGS"}
    for name in names:
        monkeypatch.setenv(name, "x")
    for name in ("GIT_CONFIG_GLOBAL", "GIT_AUTHOR_NAME", "DVC_SITE_CACHE_DIR", "PYTHONPATH"):
        monkeypatch.setenv(name, "kept")
    given = children.environment()
    assert names & given.keys() == set()
    assert {name for name, value in given.items() if value == "kept"} == {
        "GIT_CONFIG_GLOBAL",
        "GIT_AUTHOR_NAME",
        "DVC_SITE_CACHE_DIR",
        "PYTHONPATH",
    }
