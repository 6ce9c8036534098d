"""Lines of progress where there is no terminal, by a clock that the test moves; a bar where there is one."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from pipeline import plan, records
from pipeline.plan import Candidate, Plan, Run
from pipeline.records import Result
from pipeline.training.progress import EVERY, Estimate, elsewhere, progress

MakeRun = Callable[..., Run]


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def a_pass_costs_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing else costs anything: a run takes images x epochs."""
    for name, value in {"START": 0, "PASS": 1, "MULTIPLIED": 0, "SCORED": 0}.items():
        monkeypatch.setattr(f"pipeline.plan.cost.{name}", value)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the plain lines; nothing claims a terminal."""
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    stopped = Clock()
    monkeypatch.setattr("pipeline.training.progress.time", SimpleNamespace(monotonic=stopped))
    return stopped


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[str]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err.splitlines()


@pytest.fixture
def result(tiny_run: MakeRun) -> Callable[..., Result]:
    """A finished run that costs so much: its images, for one epoch."""

    def make(cost: int = 100, seconds: float = 0.0) -> Result:
        run = tiny_run(train_size=cost, epochs=1)
        return Result(run, {}, {}, "a processor", np.zeros(0), {}, {"training": seconds})

    return make


def planned(tiny_run: MakeRun, *costs: int) -> Plan:
    """One cell, whose runs cost so much each."""
    runs = [tiny_run(train_size=images, epochs=1, key=f"run-{place}") for place, images in enumerate(costs)]
    return {"tiny/baseline": [Candidate(trials=[], runs=runs)]}


MakeResult = Callable[..., Result]


def test_the_last_run_is_always_said(
    clock: Clock, capsys: pytest.CaptureFixture[str], tiny_run: MakeRun, result: MakeResult
) -> None:
    with progress(Estimate("ridge", planned(tiny_run, 100, 100, 100))) as advance:
        advance(result())
        advance(result())
        assert lines_of(capsys) == []
        clock.now += 6.4
        advance(result())
        assert lines_of(capsys) == ["ridge: 3/3 runs, 100% of the study's training done (6 s)"]
    assert lines_of(capsys) == []


def test_what_is_left_is_weighed_by_what_runs_cost(
    clock: Clock, capsys: pytest.CaptureFixture[str], tiny_run: MakeRun, result: MakeResult
) -> None:
    """After a start of 40 s: 300 in 3 s, then 100 in 10 s; the other 1,200 take 120."""
    with progress(Estimate("ridge", planned(tiny_run, 300, 100, 1200), (1400, 1800))) as advance:
        clock.now += 43
        advance(result(300, seconds=3))
        assert lines_of(capsys) == ["ridge: 1/3 runs, 50% of the study's training done (43 s)"]
        clock.now += 10
        advance(result(100, seconds=10))
    assert lines_of(capsys) == ["ridge: 2/3 runs, 120 s left, 53% of the study's training done (53 s)"]


def test_what_an_interrupted_stage_has_kept_says_nothing_of_the_pace(
    clock: Clock, capsys: pytest.CaptureFixture[str], tiny_run: MakeRun, result: MakeResult
) -> None:
    with progress(Estimate("ridge", planned(tiny_run, *6 * [100]))) as advance:
        for _ in range(3):
            advance(result(seconds=20))
        for _ in range(2):
            clock.now += 25
            advance(result(seconds=20))
    assert lines_of(capsys)[-1] == "ridge: 5/6 runs, 25 s left, 83% of the study's training done (50 s)"


@pytest.mark.parametrize("step", [0.25, 1.0, 3.0, 7.0, EVERY, 25.0])
def test_lines_come_no_more_often_than_said(
    clock: Clock,
    capsys: pytest.CaptureFixture[str],
    tiny_run: MakeRun,
    result: MakeResult,
    step: float,
) -> None:
    said, last = [], clock.now
    with progress(Estimate("ridge", planned(tiny_run, *1000 * [100]))) as advance:
        for done in range(1, 101):
            clock.now += step
            advance(result())
            if lines := lines_of(capsys):
                assert len(lines) == 1
                assert lines[0].startswith(f"ridge: {done}/1000 runs, ")
                said.append(clock.now)
            silent = clock.now - (said[-1] if said else last)
            assert silent < EVERY  # nor does it stay silent for longer
    assert said
    assert all(later - earlier >= EVERY for earlier, later in zip([last, *said], said, strict=False))


def test_there_may_be_nothing_to_do(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with progress(Estimate("ridge", {})):
        clock.now += 100
    assert lines_of(capsys) == []


def test_an_error_inside_passes_through(clock: Clock) -> None:
    with pytest.raises(KeyError), progress(Estimate("ridge", {})):
        raise KeyError("of a worker")


def test_the_cost_of_the_other_stages(tmp_path: Path, tiny_run: MakeRun) -> None:
    """Of one that is trained, what was chosen; of one that is begun, its trials and the mean candidate."""

    def cell(stage: str, *epochs: int) -> Plan:
        candidates = [
            Candidate(
                trials=[tiny_run(train_size=10, epochs=count, trial=place, key=f"{stage}-trial-{place}")],
                runs=[tiny_run(train_size=10, epochs=count, key=f"{stage}-{place}")],
            )
            for place, count in enumerate(epochs)
        ]
        return {f"tiny/{stage}": candidates}

    plans = {"whole": cell("whole", 1, 5), "begun": cell("begun", 2, 4), "ours": cell("ours", 7)}
    plan.write(tmp_path / records.PLANS, plans)
    (tmp_path / records.TIMING).mkdir(parents=True)
    for stage, keys in {"whole": ("trial-0", "trial-1", "1"), "begun": ("trial-0",)}.items():
        seconds = {f"{stage}-{key}": {"training": 1.0} for key in keys}
        (tmp_path / records.TIMING / f"{stage}.json").write_text(json.dumps(seconds), encoding="utf-8")
    whole, begun, trials = 10 + 50 + 50, 20 + 40 + 30, 20
    assert elsewhere(tmp_path, "ours") == (whole + trials, whole + begun)


@pytest.mark.parametrize("total", [0, 3])
def test_a_terminal_gets_a_bar(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tiny_run: MakeRun,
    result: MakeResult,
    total: int,
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("NO_COLOR", "1")
    with progress(Estimate("ridge", planned(tiny_run, *total * [100]))) as advance:
        for _ in range(total):
            advance(result())
    captured = capsys.readouterr()
    assert captured.out == ""
    last = captured.err[captured.err.rindex("ridge") :]
    assert f"{total}/{total} runs" in last
