"""Lines of progress where there is no terminal, by a clock that the test moves; a bar where there is one."""

import sys
from types import SimpleNamespace

import pytest

from pipeline.progress import EVERY, progress


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the plain lines; nothing claims a terminal."""
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    stopped = Clock()
    monkeypatch.setattr("pipeline.progress.time", SimpleNamespace(monotonic=stopped))
    return stopped


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[str]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err.splitlines()


def test_the_last_run_is_always_said(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with progress("ridge", 3) as advance:
        advance()
        advance()
        assert lines_of(capsys) == []
        clock.now += 6.4
        advance()
        assert lines_of(capsys) == ["ridge: 3/3 runs, 6 s gone, 0 s left"]
    assert lines_of(capsys) == []


def test_a_line_tells_what_is_gone_and_left(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """Two of five runs in 20 s: three more take 30 s."""
    with progress("ridge", 5) as advance:
        clock.now += 4
        advance()
        clock.now += 16
        advance()
    assert lines_of(capsys) == ["ridge: 2/5 runs, 20 s gone, 30 s left"]


@pytest.mark.parametrize("step", [0.25, 1.0, 3.0, 7.0, EVERY, 25.0])
def test_lines_come_no_more_often_than_said(
    clock: Clock, capsys: pytest.CaptureFixture[str], step: float
) -> None:
    said, last = [], clock.now
    with progress("ridge", 1000) as advance:
        for done in range(1, 101):
            clock.now += step
            advance()
            if lines := lines_of(capsys):
                assert len(lines) == 1
                assert lines[0].startswith(f"ridge: {done}/1000 runs, ")
                said.append(clock.now)
            silent = clock.now - (said[-1] if said else last)
            assert silent < EVERY  # nor does it stay silent for longer
    assert said
    assert all(later - earlier >= EVERY for earlier, later in zip([last, *said], said, strict=False))


def test_there_may_be_nothing_to_do(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with progress("ridge", 0):
        clock.now += 100
    assert lines_of(capsys) == []


def test_an_error_inside_passes_through(clock: Clock) -> None:
    with pytest.raises(KeyError), progress("ridge", 2):
        raise KeyError("of a worker")


@pytest.mark.parametrize("total", [0, 3])
def test_a_terminal_gets_a_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], total: int
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("NO_COLOR", "1")
    with progress("ridge", total) as advance:
        for _ in range(total):
            advance()
    captured = capsys.readouterr()
    assert captured.out == ""
    last = captured.err[captured.err.rindex("ridge") :]
    assert f"{total}/{total} runs" in last
