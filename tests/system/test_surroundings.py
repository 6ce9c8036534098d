"""What a process is started with: Python's switches, a terminal of ASCII, another interpreter."""

import hashlib
import os
import subprocess
import sys
import zipfile
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


def recipe(repository: Path, what: str) -> str:
    """The line of the Makefile's set-up that has something in it."""
    make = ["make", "--dry-run", "--always-make", "--file", str(repository / "Makefile"), "setup"]
    lines = subprocess.run(make, cwd=repository, capture_output=True, text=True, check=True).stdout
    (line,) = (line for line in lines.splitlines() if what in line)
    return line


def test_an_environment_that_make_set_up_is_found_without_its_activation(
    repository: Path, tmp_path: Path
) -> None:
    """A stage that `.venv/bin/dvc` starts gets `python` from there, as the recipe of the Makefile has it."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / ".venv")], check=True)
    subprocess.run(["sh", "-c", recipe(repository, "activated.pth")], cwd=tmp_path, check=True)
    program = "import subprocess; subprocess.run(['sh', '-c', 'command -v python'], check=True)"
    for path in ("/usr/bin:/bin", f"/bin:{tmp_path}/.venv/bin"):
        command = [str(tmp_path / ".venv" / "bin" / "python"), "-c", program]
        ended = subprocess.run(command, env={"PATH": path}, capture_output=True, text=True, check=True)
        assert ended.stdout == f"{tmp_path}/.venv/bin/python\n"


def test_a_pip_that_installs_for_the_user_installs_into_the_environment(
    repository: Path, tmp_path: Path
) -> None:
    wheel = tmp_path / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny.py", "")
        archive.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        archive.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("tiny-1.0.dist-info/RECORD", "")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (tmp_path / "requirements.lock").write_text(f"tiny @ {wheel.as_uri()} --hash=sha256:{digest}\n", "utf-8")
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / ".venv")], check=True)
    environment = os.environ | {"PIP_USER": "1", "PIP_NO_INDEX": "1", "HOME": str(tmp_path / "home")}
    subprocess.run(
        ["sh", "-c", recipe(repository, "--require-hashes")], cwd=tmp_path, env=environment, check=True
    )
    (installed,) = tmp_path.rglob("tiny.py")
    assert installed.is_relative_to(tmp_path / ".venv")
