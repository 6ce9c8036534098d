"""The local commands of docs/cluster.md, as they stand there."""

import contextlib
import os
import re
import signal
import socket
from pathlib import Path

import pytest

from tests.training.study import Study

LOCAL = ("A laptop, or one large host", "A cluster, tried out on one machine")
PORT = "8786"


def commands(page: str) -> dict[str, list[str]]:
    """What is typed in the console blocks of every section, by its title."""
    found = {}
    for section in page.split("\n## ")[1:]:
        title, _, text = section.partition("\n")
        blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
        found[title] = [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]
    return found


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    return (repository / "docs" / "cluster.md").read_text(encoding="utf-8")


def test_no_other_section_promises_a_command(page: str) -> None:
    """What is in a console block is run here; a cluster of others has none."""
    assert tuple(title for title, typed in commands(page).items() if typed) == LOCAL


def test_the_local_commands_work(page: str, study: Study, tmp_path: Path) -> None:
    copy = study.copy(tmp_path / "checkout")
    copy.edit({"settings.tiny.epochs": 2})
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = str(probe.getsockname()[1])
    for title in LOCAL:
        typed = [line.replace(PORT, free) for line in commands(page)[title]]
        with copy.started("bash", "-e", "-c", "\n".join(typed)) as stage:
            try:
                ended = stage.end()
            finally:  # what it started in the background lives on
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(stage.process.pid, signal.SIGKILL)
        assert ended.code == 0, ended
        (stages,) = [re.findall(r"dvc repro (\S+)", line) for line in typed if "dvc repro" in line]
        assert ended.ran[-1:] == stages
        assert (copy.root / "results/runs" / stages[0].rpartition("@")[2] / "runs.json").exists()
    assert copy.yaml("machine.yaml") == {"workers": 2}
