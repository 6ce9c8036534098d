"""What the processes of one test run share, and which tests stay together in one of them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

# They kill, interrupt and count processes: one after the other, in one process of the run.
KILLING = (
    "tests/training/test_interrupted.py",
    "tests/training/test_cluster.py",
    "tests/training/test_cluster_page.py",
    "tests/test_guard.py",
    "tests/pipeline/test_killed.py",
    "tests/pipeline/test_servers.py",
)
PIPELINE = "tests/pipeline/"


def order(items: list[pytest.Item]) -> None:
    """Give every test its group, and put the longest first: the toy study, then what kills, then the rest.

    A file is a group, for its fixtures are; of those that run the pipeline each test stands alone.
    """

    def place(item: pytest.Item) -> int:
        if item.path.name == "test_first_run.py":
            return 0  # which makes the toy study, while another process begins with what does without
        return 1 if file(item) in KILLING else 2 if file(item).startswith(PIPELINE) else 3

    for item in items:
        if file(item) in KILLING:
            item.add_marker(pytest.mark.xdist_group("killing"))
        elif not file(item).startswith(PIPELINE):
            item.add_marker(
                pytest.mark.xdist_group(str(item.path.parent.name if "ui" in file(item) else file(item)))
            )
    items.sort(key=place)


def file(item: pytest.Item) -> str:
    """The path of a test's file in the checkout."""
    return item.path.relative_to(item.config.rootpath).as_posix()


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
