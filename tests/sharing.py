"""What the processes of one test run share, and which tests stay together in one of them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from xdist.scheduler import LoadScopeScheduling

# They kill, interrupt and count processes: one after the other, in one process of the run.
KILLING = (
    "tests/training/test_interrupted.py",
    "tests/training/test_cluster.py",
    "tests/training/test_cluster_page.py",
    "tests/system/test_guard.py",
    "tests/pipeline/test_killed.py",
    "tests/pipeline/test_servers.py",
)
PIPELINE = "tests/pipeline/"
FIRST = f"{PIPELINE}test_first_run.py"


class Scheduling(LoadScopeScheduling):
    """Hands whole groups to the processes of the run, in their order."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)


def group(nodeid: str) -> str:
    """The group of a test: its file, for fixtures are a file's; of those that run the pipeline, itself.

    A group is run by one process; `killing` and `tests/ui/` are of several files.
    """
    file = nodeid.partition("::")[0]
    if file in KILLING:
        return "killing"
    if file.startswith(PIPELINE) and file != FIRST:
        return nodeid
    return "tests/ui/" if file.startswith("tests/ui/") else file


def place(nodeid: str) -> int:
    """Where a test stands: what makes the toy study, what kills and does without it, and then the rest."""
    if nodeid.startswith(FIRST):
        return 0
    if group(nodeid) == "killing":
        return 2 if nodeid.startswith(PIPELINE) else 1
    return 3 if nodeid.startswith((PIPELINE, "tests/ui/")) else 4


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that the first process to ask for it makes, and the others wait for."""
    base = factory.getbasetemp()
    # Every process of pytest-xdist has a folder of its own below that of the run.
    folder = (base.parent if base.name.startswith("popen-") else base) / name
    with FileLock(f"{folder}.lock"):
        done = folder / "made"
        if not done.exists():
            folder.mkdir(exist_ok=True)
            make(folder)
            done.touch()
    return folder
