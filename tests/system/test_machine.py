"""Where runs are trained: the file, the environment that wins over it, and what is refused."""

from pathlib import Path

import joblib
import pytest

from pipeline.system import machine
from pipeline.system.errors import UserError
from pipeline.system.machine import Machine


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WORKERS", "DASK_SCHEDULER_ADDRESS"):
        monkeypatch.delenv(name, raising=False)


def written(folder: Path, text: str) -> Path:
    (folder / "machine.yaml").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("text", [None, "", "# nothing yet\n", "{}\n"])
def test_without_settings_every_core_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    if text is not None:
        written(tmp_path, text)
    monkeypatch.setattr(joblib, "cpu_count", lambda: 7)
    settings = machine.read(tmp_path)
    assert settings == Machine(workers=None, scheduler=None)
    assert settings.processes == 7


def test_the_file_is_read(tmp_path: Path) -> None:
    settings = machine.read(written(tmp_path, "workers: 3\nscheduler: tcp://10.0.0.1:8786\n"))
    assert (settings.workers, settings.processes, settings.scheduler) == (3, 3, "tcp://10.0.0.1:8786")


def test_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, "workers: 3\nscheduler: tcp://10.0.0.1:8786\n")
    monkeypatch.setenv("WORKERS", "5")
    assert machine.read(tmp_path) == Machine(workers=5, scheduler="tcp://10.0.0.1:8786")
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "127.0.0.1:1")
    assert machine.read(tmp_path) == Machine(workers=5, scheduler="127.0.0.1:1")


def test_an_empty_variable_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKERS", "")
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "")
    assert machine.read(written(tmp_path, "workers: 3\n")) == Machine(workers=3)


def test_it_belongs_to_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "main_checkout", lambda: written(tmp_path, "workers: 4\n"))
    assert machine.read().workers == 4


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "workers: 0\n",
            "machine.yaml: workers: expected greater than or equal to 1, received 0",
        ),
        (
            "workers: -2\n",
            "machine.yaml: workers: expected greater than or equal to 1, received -2",
        ),
        (
            "workers: many\n",
            "machine.yaml: workers: expected integer, received 'many'",
        ),
        (
            "scheduler: 8786\n",
            "machine.yaml: scheduler: expected string, received 8786",
        ),
        (
            "scheduler: nowhere\n",
            "machine.yaml: scheduler: expected an address with a port, as tcp://10.0.0.1:8786, "
            "received 'nowhere'",
        ),
        ("cores: 4\n", "machine.yaml: cores: unknown key, expected one of workers, scheduler"),
    ],
)
def test_a_wrong_file_is_one_line(tmp_path: Path, text: str, line: str) -> None:
    with pytest.raises(UserError) as refusal:
        machine.read(written(tmp_path, text))
    assert str(refusal.value) == line


@pytest.mark.parametrize("value", ["0", "-1"])
def test_a_wrong_variable_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("WORKERS", value)
    with pytest.raises(UserError) as refusal:
        machine.read(written(tmp_path, "workers: 3\n"))
    assert str(refusal.value) == (
        f"WORKERS: workers: expected greater than or equal to 1, received '{value}'"
    )


def test_every_fault_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKERS", "two")
    with pytest.raises(UserError) as refusal:
        machine.read(written(tmp_path, "cores: 4\nscheduler: []\n"))
    lines = str(refusal.value).splitlines()
    assert [line.split(": ")[:2] for line in sorted(lines)] == [
        ["WORKERS", "workers"],
        ["machine.yaml", "cores"],
        ["machine.yaml", "scheduler"],
    ]


def test_the_cores_are_counted(tmp_path: Path) -> None:
    assert machine.read(tmp_path).processes == joblib.cpu_count() >= 1


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("- 3\n", "expected a mapping of settings, received [3]"),
        ("3\n", "expected a mapping of settings, received 3"),
        ("workers: [\n", "expected YAML, received while parsing a flow node"),
        ("workers: 1\nworkers: 2\n", "expected YAML, received while constructing a mapping"),
    ],
)
def test_a_file_that_is_no_mapping_is_one_line(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(UserError) as refusal:
        machine.read(written(tmp_path, text))
    (line,) = str(refusal.value).splitlines()
    assert line.startswith(f"machine.yaml: {fault}")
