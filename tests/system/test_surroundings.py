"""What a process is started with: Python's switches, a terminal of ASCII, another interpreter."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """\
import warnings, os, sys
import pipeline
warnings.warn("a library warns", DeprecationWarning)
print("Gr\\u00f6\\u00dfe", sys.flags.optimize, sorted({"MPLBACKEND", "PYTHONWARNINGS"} & os.environ.keys()))
"""


def run(repository: Path, *switches: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    own = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "LC_", "LANG"))}
    command = [sys.executable, *switches, "-c", PROGRAM]
    environment = own | {"PYTHONPATH": str(repository)} | variables
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("switches", "variables"),
    [
        ((), {}),
        (("-O",), {}),
        ((), {"PYTHONOPTIMIZE": "1"}),
        (("-W", "error"), {}),
        ((), {"PYTHONWARNINGS": "error"}),
        ((), {"PYTHONWARNINGS": "error::DeprecationWarning,nonsense"}),
        ((), {"PYTHONIOENCODING": "ascii"}),
        ((), {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}),
        ((), {"MPLBACKEND": "nonsense"}),
        ((), {"PYTHONUNBUFFERED": "1", "PYTHONDEVMODE": "1", "PYTHONNOUSERSITE": "1"}),
    ],
)
def test_what_a_process_may_be_started_with(
    repository: Path, switches: tuple[str, ...], variables: dict[str, str]
) -> None:
    ended = run(repository, *switches, **variables)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split()[0] in ("Größe", "Gr??e")
    assert ended.stdout.split()[2] == "[]"


@pytest.mark.parametrize(("switches", "variables"), [(("-OO",), {}), ((), {"PYTHONOPTIMIZE": "2"})])
def test_without_docstrings_it_is_one_line(
    repository: Path, switches: tuple[str, ...], variables: dict[str, str]
) -> None:
    ended = run(repository, *switches, **variables)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        "error: python: expected docstrings, which the report quotes, received -OO or PYTHONOPTIMIZE=2; "
        "take it away\n"
    )


@pytest.mark.parametrize("module", ["pipeline", "pipeline.stages.prepare", "pipeline.stages.train"])
def test_an_interpreter_without_the_packages_is_one_line(repository: Path, module: str) -> None:
    python = Path(sys.base_prefix) / "bin" / "python3"
    command = [str(python), "-S", "-m", module]
    ended = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        f"error: python: expected the packages of requirements.lock, received {python} without dvc, keras, "
        "mlflow, numpy, pandas, pydantic, seaborn; source .venv/bin/activate, and dvc checkout for what DVC "
        "has removed\n"
    )


def test_an_environment_that_make_set_up_is_found_without_its_activation(
    repository: Path, tmp_path: Path
) -> None:
    """A stage that `.venv/bin/dvc` starts gets `python` from there, as the recipe of the Makefile has it."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / ".venv")], check=True)
    make = ["make", "--dry-run", "--always-make", "--file", str(repository / "Makefile"), "setup"]
    recipe = subprocess.run(make, cwd=repository, capture_output=True, text=True, check=True).stdout
    (line,) = (line for line in recipe.splitlines() if "activated.pth" in line)
    subprocess.run(["sh", "-c", line], cwd=tmp_path, check=True)
    program = "import subprocess; subprocess.run(['sh', '-c', 'command -v python'], check=True)"
    for path in ("/usr/bin:/bin", f"/bin:{tmp_path}/.venv/bin"):
        command = [str(tmp_path / ".venv" / "bin" / "python"), "-c", program]
        ended = subprocess.run(command, env={"PATH": path}, capture_output=True, text=True, check=True)
        assert ended.stdout == f"{tmp_path}/.venv/bin/python\n"
