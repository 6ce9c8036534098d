"""A guarded process ends with its parent, however that ended, and with nothing else."""

import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from pipeline.system import guard
from tests.processes import LIMIT, alive, end_all, until, until_gone

Start = Callable[[str], "Family"]

# Says who it is and then, at every look of the guard, that it has looked: no clock is needed.
GUARDED = """\
import os, signal, types
from pipeline.system import guard
guard.time = types.SimpleNamespace(sleep=lambda seconds: os.write(1, b"look\\n"))
os.write(1, b"%d\\n" % os.getpid())
guard.die_with_parent()
signal.pause()
"""
ENOUGH = 1 << 15  # looks: twice what a pipe holds of them
WAITING = "import subprocess, sys; subprocess.run(sys.argv[1:])"


class Family:
    """A parent and its guarded child, which a shell may stand between."""

    def __init__(self, parent: "subprocess.Popen[bytes]") -> None:
        assert parent.stdout is not None
        self.parent, self.output = parent, parent.stdout
        self.child = psutil.Process(int(self.output.readline()))
        # What would be read for ever ends then, and the test fails.
        self.limit = threading.Timer(LIMIT, self.end)
        self.limit.start()

    def end(self) -> None:
        """End both, if they still live."""
        self.parent.kill()
        end_all([self.child])

    def looks(self) -> None:
        """Read that the child has looked, again and again."""
        for _ in range(100):
            assert self.output.readline() == b"look\n"

    def remaining(self) -> None:
        """Read on, so that the child never waits to be read."""
        while self.output.read(1 << 16):
            pass


@pytest.fixture
def start(repository: Path) -> Iterator[Start]:
    families: list[Family] = []

    def begin(how: str) -> Family:
        guarded = [sys.executable, "-c", GUARDED]
        # With something after it, no shell replaces itself by the command.
        command = ["sh", "-c", f"{shlex.join(guarded)}; true"] if how == "shell" else guarded
        parent = subprocess.Popen(
            [sys.executable, "-c", WAITING, *command], cwd=repository, stdout=subprocess.PIPE
        )
        families.append(Family(parent))
        return families[-1]

    yield begin
    for family in families:
        family.limit.cancel()
        family.end()
        family.parent.wait()
        family.output.close()


@pytest.mark.parametrize("how", ["direct", "shell"])
def test_it_lives_while_its_parent_does(start: Start, how: str) -> None:
    family = start(how)
    family.looks()
    assert alive(family.child)
    assert family.child.ppid() == family.parent.pid or how == "shell"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["SIGKILL", "SIGTERM"])
@pytest.mark.parametrize("how", ["direct", "shell"])
def test_it_ends_with_its_parent(start: Start, how: str, number: signal.Signals) -> None:
    family = start(how)
    family.looks()
    family.parent.send_signal(number)
    family.parent.wait()
    family.remaining()
    until_gone([family.child])


@pytest.mark.parametrize("how", ["direct", "shell"])
def test_it_ends_with_a_parent_that_nobody_waits_for(start: Start, how: str) -> None:
    family = start(how)
    family.looks()
    family.parent.kill()
    dead = psutil.Process(family.parent.pid)
    until(lambda: dead.status() == psutil.STATUS_ZOMBIE, "the parent's end")
    looks = 0
    while looks < ENOUGH and family.output.readline():
        looks += 1
    assert looks < ENOUGH  # or it looks on for ever
    until_gone([family.child])


def test_of_two_processes_between_it_ends_with_the_shell_alone(start: Start) -> None:
    family = start("shell")
    family.looks()
    shell = family.child.parent()
    assert shell is not None
    assert shell.name() in ("sh", "dash", "bash")
    shell.kill()
    family.remaining()
    until_gone([family.child, shell])


# ---- SIGTERM ----

TERMINATED = """\
import signal
from pipeline.system import guard
guard.end_on_sigterm()
try:
    print("ready", flush=True)
    signal.pause()
finally:
    print("closed", flush=True)
"""


def test_sigterm_closes_what_is_open(repository: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", TERMINATED],
        cwd=repository,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        output, errors = process.communicate(timeout=LIMIT)
    assert (process.returncode, output, errors) == (128 + signal.SIGTERM, "closed\n", "")


# ---- signals that wait ----


@pytest.fixture
def ended_by_sigterm() -> Iterator[None]:
    earlier = signal.getsignal(signal.SIGTERM)
    guard.end_on_sigterm()
    yield
    signal.signal(signal.SIGTERM, earlier)


@pytest.mark.parametrize(
    ("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)]
)
@pytest.mark.usefixtures("ended_by_sigterm")
def test_a_signal_waits_for_the_end_of_the_block(number: signal.Signals, error: type[BaseException]) -> None:
    done = []

    @guard.uninterrupted()
    def work() -> None:
        signal.raise_signal(number)
        done.append("the rest")

    with pytest.raises(error):
        work()
    assert done == ["the rest"]
    with pytest.raises(error):
        signal.raise_signal(number)


def test_a_second_signal_does_not_wait() -> None:
    @guard.uninterrupted()
    def work() -> None:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        pytest.fail("it waited")

    with pytest.raises(KeyboardInterrupt):
        work()


def test_without_a_signal_the_handlers_are_as_before() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with guard.uninterrupted():
        pass
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
