"""A study whose processes are killed outright, and what puts it right."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

from tests.pipeline.clone import Clone
from tests.pipeline.test_sync_and_verify import agrees
from tests.processes import alive, until


def states(clone: Clone, *kinds: str) -> set[str]:
    """In what states the runs of these kinds are."""
    return {run.info.status for kind in kinds for run in clone.logged(kind)}


def killed_at(clone: Clone, finished: int, strength: float) -> bool:
    """Train `l2` anew and SIGKILL DVC and the stage at so many finished runs: whether it was in time."""
    clone.edit({"variants.l2.l2.strength": strength})
    kept_runs, outputs = clone.root / "results" / "kept", clone.root / "results" / "runs" / "l2"

    def far_enough() -> bool:
        if finished:  # MLflow is not asked: the runs follow one another in tenths of a second
            return len(list(kept_runs.glob("*.npz"))) >= finished
        return not outputs.exists()  # which DVC takes away before the stage begins

    with subprocess.Popen(
        [sys.executable, "-m", "dvc", "repro", "variant@l2"],
        cwd=clone.root,
        env=clone.environment,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        own = psutil.Process(process.pid)
        try:
            until(lambda: far_enough() or not alive(own), "runs to be finished")
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # nobody has waited for it: the group is still its own
    # DVC may be killed while it writes this, and asks to have it removed then (docs/troubleshooting.md).
    lock = clone.root / ".dvc" / "tmp" / "rwlock"
    if lock.exists() and not lock.read_bytes():
        lock.unlink()
    return not (outputs / "cells.json").exists()


@pytest.mark.parametrize("finished", [0, 1, 4])
def test_a_study_that_is_killed_outright_is_put_right(clone: Clone, finished: int) -> None:
    """SIGKILL for DVC and the stage; the workers end with the stage."""
    # On a busy machine the moment may pass unseen and the stage end by itself: then once more.
    assert any(killed_at(clone, finished, strength) for strength in (0.03, 0.04, 0.05))
    clone.run("dvc", "repro", "variant@l2").succeeded()
    clone.python("pipeline", "sync").succeeded()
    assert agrees(clone)
    assert states(clone, "variant", "run", "trial") == {"FINISHED"}
