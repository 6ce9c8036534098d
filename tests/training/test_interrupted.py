"""A training stage that is interrupted in every way: nothing lives on, nothing is lost, nothing is half done.

One study is interrupted in each way in turn, in the middle of its runs, and then run to its end.
"""

import io
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pytest

from pipeline import plan
from pipeline.plan import Run
from tests.pipeline.clone import Ended
from tests.processes import until, until_gone
from tests.training.study import RUNS, STAGE, Stage, Study

OUTPUTS = "results/runs/l2"
REPRO = ("dvc", "repro", "variant@l2")


@dataclass(frozen=True)
class Interruption:
    """What was seen of one."""

    ended: Ended
    before: dict[str, bytes]  # the kept runs that it began with
    after: dict[str, bytes]
    alive: list[psutil.Process]
    parents: list[str]  # the states of the parent runs in MLflow
    outputs: bool  # whether there was anything in the folder of the outputs


def to_all(number: signal.Signals) -> Callable[[Stage], None]:
    return lambda stage: os.killpg(stage.process.pid, number)


def to_one(number: signal.Signals) -> Callable[[Stage], None]:
    return lambda stage: stage.process.send_signal(number)


def to_a_worker(stage: Stage) -> None:
    stage.forked[1].kill()


def to_what_workers_are_forked_from(stage: Stage) -> None:
    stage.forked[0].kill()


# The command, how many workers, and what interrupts it.
WAYS: dict[str, tuple[tuple[str, ...], str, Callable[[Stage], None]]] = {
    "ctrl-c": ((), "2", to_all(signal.SIGINT)),
    "ctrl-c, one worker": ((), "1", to_all(signal.SIGINT)),
    "sigterm": ((), "2", to_one(signal.SIGTERM)),
    "sigkill of a worker": ((), "2", to_a_worker),
    "sigkill of what workers are forked from": ((), "2", to_what_workers_are_forked_from),
    "sigkill": ((), "2", to_one(signal.SIGKILL)),
    "sigkill of all": ((), "2", to_all(signal.SIGKILL)),
    "sigkill of dvc": (REPRO, "2", to_one(signal.SIGKILL)),
}


@pytest.fixture(scope="module")
def undisturbed(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Study:
    """The stage, run to its end in one go."""
    copy = study.copy(tmp_path_factory.mktemp("undisturbed") / "checkout")
    copy.run(*STAGE).succeeded()
    return copy


@pytest.fixture(scope="module")
def disturbed(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Study:
    return study.copy(tmp_path_factory.mktemp("disturbed") / "checkout")


def kept(study: Study) -> dict[str, bytes]:
    return {name: content for name, content in study.contents("results/kept").items() if name.endswith("npz")}


def planned(study: Study) -> list[Run]:
    return plan.every_run(plan.read(study.root / "results/plan/l2.json"))


def interrupt(study: Study, way: str) -> Interruption:
    command, workers, signalled = WAYS[way]
    for path in sorted((study.root / "results" / "kept").glob("*"))[2:]:
        path.unlink()  # so that enough is left to do
    before, known = kept(study), [run.info.run_id for run in study.logged("variant")]
    with study.started(*command, WORKERS=workers) as stage:
        study.until_kept(stage, len(before) + 2, known)
        processes = stage.tree
        signalled(stage)
        ended = stage.end()
    try:
        until_gone(processes)
    except AssertionError:
        alive = processes
    else:
        alive = []
    parents = [str(run.info.status) for run in study.logged("variant")]
    return Interruption(ended, before, kept(study), alive, parents, bool(study.contents(OUTPUTS)))


@pytest.fixture(scope="module")
def interruptions(disturbed: Study) -> dict[str, Interruption]:
    """The study interrupted in every way, one after the other."""
    return {way: interrupt(disturbed, way) for way in WAYS}


@pytest.fixture(scope="module")
def finished(disturbed: Study, interruptions: dict[str, Interruption]) -> Ended:
    """The study after all that, run to its end by DVC."""
    assert interruptions
    return disturbed.run(*REPRO)


# ---- an interrupted stage ----

# The exit code, and the state of the newest parent in MLflow; those of earlier interruptions stay beside it
# until the stage is whole. A killed process says nothing.
ENDS: dict[str, tuple[int, list[str]]] = {
    "ctrl-c": (130, ["KILLED"]),
    "ctrl-c, one worker": (130, ["KILLED"]),
    "sigterm": (128 + signal.SIGTERM, ["KILLED"]),
    "sigkill of a worker": (1, ["FAILED"]),
    "sigkill of what workers are forked from": (1, ["FAILED"]),
    "sigkill": (-signal.SIGKILL, ["RUNNING"]),
    "sigkill of all": (-signal.SIGKILL, ["RUNNING"]),
    "sigkill of dvc": (-signal.SIGKILL, ["RUNNING"]),
}


@pytest.mark.parametrize("way", WAYS)
def test_nothing_lives_on(interruptions: dict[str, Interruption], way: str) -> None:
    assert interruptions[way].alive == []


@pytest.mark.parametrize("way", WAYS)
def test_the_end_is_known(interruptions: dict[str, Interruption], way: str) -> None:
    seen = interruptions[way]
    assert (seen.ended.code, seen.parents[:1]) == ENDS[way], seen.ended
    assert "Traceback" not in seen.ended.errors
    lines = seen.ended.complaints
    if way.startswith(("sigkill of a worker", "sigkill of what")):
        (line,) = lines
        assert line.startswith("error: a worker process was killed")
    else:
        assert lines == []


@pytest.mark.parametrize("way", WAYS)
def test_what_is_kept_is_whole_and_not_trained_again(
    interruptions: dict[str, Interruption], undisturbed: Study, way: str
) -> None:
    seen = interruptions[way]
    assert len(seen.before) + 2 <= len(seen.after) < RUNS
    assert {name: seen.after[name] for name in seen.before} == seen.before  # the seconds in them included
    assert not seen.outputs
    logits = undisturbed.arrays("l2", "tiny/l2", "logits")
    for number, run in enumerate(planned(undisturbed)):
        name = f"results/kept/{run.key}.npz"
        if name in seen.after:
            with np.load(io.BytesIO(seen.after[name])) as arrays:
                assert np.array_equal(arrays["logits"], logits[number])
                assert all(np.isfinite(arrays[part]).all() for part in arrays if part != "row")


# ---- and then ----


def test_the_end_is_that_of_an_undisturbed_stage(
    disturbed: Study, undisturbed: Study, finished: Ended, interruptions: dict[str, Interruption]
) -> None:
    assert finished.ran == ["variant@l2"]
    assert finished.succeeded().complaints == []
    assert disturbed.contents(OUTPUTS) == undisturbed.contents(OUTPUTS) != {}
    assert disturbed.contents("results/kept") == {}
    seconds = json.loads((disturbed.root / "results/timing/l2.json").read_text(encoding="utf-8"))
    last = list(interruptions.values())[-1].after
    assert len(seconds) == RUNS > len(last) >= 2
    for name, content in last.items():
        with np.load(io.BytesIO(content)) as arrays:
            # Trained again, it would have taken another time.
            assert seconds[Path(name).stem] == json.loads(str(arrays["row"]))["seconds"]


def test_mlflow_has_every_run_once(disturbed: Study, finished: Ended) -> None:
    assert finished.code == 0
    (parent,) = disturbed.logged("variant")
    assert parent.info.status == "FINISHED"
    assert parent.data.tags["runs"] == str(RUNS)
    children = disturbed.logged("run")
    assert {child.data.tags["mlflow.parentRunId"] for child in children} == {parent.info.run_id}
    keys = [run.key for run in planned(disturbed)]
    assert sorted(child.data.tags["run_key"] for child in children) == sorted(keys)


def test_other_parameters_forget_what_is_kept(
    study: Study, interruptions: dict[str, Interruption], tmp_path: Path
) -> None:
    copy = study.copy(tmp_path / "checkout")
    files = interruptions["sigterm"].after
    for name, content in files.items():
        (copy.root / name).parent.mkdir(exist_ok=True)
        (copy.root / name).write_bytes(content)
    half = copy.root / "results" / "kept" / "0123.part"
    half.write_bytes(b"half")
    copy.python("pipeline.stages.plan").succeeded()
    assert copy.contents("results/kept") == files
    copy.edit({"settings.tiny.epochs": 159})
    copy.python("pipeline.stages.plan").succeeded()
    assert copy.contents("results/kept") == {}


# ---- a stage that fails, and one that is killed before it has begun ----


def test_a_run_that_fails_is_one_line(study: Study, tmp_path: Path) -> None:
    copy = study.copy(tmp_path / "checkout")
    path = copy.root / "results/plan/l2.json"
    text = re.sub(r'"code": "[0-9a-f]{64}"', f'"code": "{64 * "0"}"', path.read_text(encoding="utf-8"))
    path.unlink()  # it may be a link into DVC's cache
    path.write_text(text, encoding="utf-8")
    ended = copy.run(*STAGE)
    assert ended.code == 1
    (line,) = ended.errors.splitlines()
    assert line.startswith("error: tiny/l2/split-")
    assert "expected the training code and libraries that it was planned with" in line
    assert copy.contents(OUTPUTS) == copy.contents("results/kept") == {}
    assert copy.logged("variant") == []  # a parent begins with its first finished run


@pytest.mark.parametrize("processes", [1, 3])
def test_ctrl_c_while_its_workers_start_ends_it_at_once(study: Study, tmp_path: Path, processes: int) -> None:
    copy = study.copy(tmp_path / "checkout")
    with copy.started() as stage:
        until(lambda: len(stage.forked) == processes, "the workers")
        tree = stage.tree
        to_all(signal.SIGINT)(stage)
        ended = stage.end()
    until_gone(tree)
    assert (ended.code, ended.complaints) == (130, [])
    assert "Traceback" not in ended.errors
    assert len(copy.kept) < RUNS // 2


# Ctrl-C, which a terminal sends to the stage and to all that it has started, while the stage begins its
# parent run in MLflow and asks git how the code differs.
INTERRUPTED_GIT = """\
#!/bin/sh
case "$*" in *diff-index*)
    echo interrupted >> interrupted.txt
    kill -s INT -- "-$PPID"
esac
exec {git} "$@"
"""


def test_ctrl_c_while_git_is_asked_leaves_no_run_that_runs(study: Study, tmp_path: Path) -> None:
    copy, programs = study.copy(tmp_path / "checkout"), tmp_path / "programs"
    programs.mkdir()
    (programs / "git").write_text(INTERRUPTED_GIT.format(git=shutil.which("git")), encoding="utf-8")
    (programs / "git").chmod(0o755)
    with copy.started(PATH=f"{programs}{os.pathsep}{copy.environment['PATH']}") as stage:
        ended = stage.end()
    assert (copy.root / "interrupted.txt").read_text(encoding="utf-8") == "interrupted\n"
    assert (ended.code, ended.errors) == (130, "")
    assert [run.info.status for run in copy.logged("variant")] == ["KILLED"]


# Ctrl-C in the moment between the fork of the second worker and its entry into any list. The worker is
# stopped there, so that it goes on after the stage has ended.
INTERRUPTED_START = """
import os, runpy, signal, sys
from multiprocessing import forkserver

read, forked = forkserver.read_signed, []

def interrupted(sentinel):
    forked.append(read(sentinel))
    if len(forked) == 2:
        os.kill(forked[1], signal.SIGSTOP)
        print("forked", forked[1], flush=True)
        raise KeyboardInterrupt
    return forked[-1]

forkserver.read_signed = interrupted
runpy.run_module("pipeline.stages.train", run_name="__main__", alter_sys=True)
"""


def test_a_worker_whose_start_is_interrupted_ends_too(study: Study, tmp_path: Path) -> None:
    copy = study.copy(tmp_path / "checkout")
    with copy.started(sys.executable, "-c", INTERRUPTED_START, "l2") as stage:
        ended = stage.end()
    (forked,) = re.findall(r"^forked (\d+)$", ended.output, re.MULTILINE)
    with suppress(psutil.NoSuchProcess):
        worker = psutil.Process(int(forked))
        worker.resume()
        until_gone([worker])
    assert (ended.code, ended.complaints) == (130, [])
    assert "Traceback" not in stage.errors.read_text("utf-8")


@pytest.mark.parametrize("processes", [1, 3])
def test_killed_while_its_workers_start_it_leaves_none(study: Study, tmp_path: Path, processes: int) -> None:
    """While Keras is imported, and when both workers have just been forked."""
    with study.copy(tmp_path / "checkout").started() as stage:
        until(lambda: len(stage.forked) == processes, "the workers")
        tree = stage.tree
        stage.process.kill()
        stage.end()
    until_gone(tree)
