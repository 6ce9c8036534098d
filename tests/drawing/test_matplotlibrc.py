"""The look of the figures: the same bytes, whatever matplotlib is told by the user."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib import font_manager

from pipeline.drawing import style

# Of every command that draws; each comes to matplotlib by another way.
ENTRIES = ("pipeline.stages.question", "pipeline.stages.report", "pipeline.compare")
PROGRAM = """\
import importlib, sys
from pathlib import Path
importlib.import_module(sys.argv[1])
from pipeline.drawing import style
style.use()
figure, (axis,) = style.panels(["a title"], 2.0)
axis.plot([1, 2, 3], [4, 1, 9], label="a line")
axis.set(xlabel="epochs", ylabel="error, %")
axis.legend()
style.save(figure, Path(sys.argv[2]))
"""
FILES = {
    "nothing": b"",
    "another format": b"savefig.format: pdf\n",
    "another look": b"font.size: 30\nfont.family: serif\nlines.linewidth: 9\naxes.facecolor: red\n"
    b"savefig.facecolor: blue\nfigure.constrained_layout.use: True\naxes.unicode_minus: False\n",
    "LaTeX, which is not installed": b"text.usetex: True\n",
    "another backend": b"backend: TkAgg\ninteractive: True\n",
    "values that there are not": b"backend: nonsense\nfont.size: large enough\nno.such.key: 1\n",
}
BACKENDS = ("nonsense", "module://matplotlib_inline.backend_inline")


def drawn(folder: Path, repository: Path, entry: str = ENTRIES[0], **variables: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(repository)} | variables
    command = [sys.executable, "-c", PROGRAM, entry, str(folder / "figure.png")]
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return hashlib.sha256((folder / "figure.png").read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> str:
    return drawn(tmp_path_factory.mktemp("plain"), repository, MPLCONFIGDIR=str(tmp_path_factory.mktemp("m")))


@pytest.mark.parametrize("name", FILES)
def test_the_users_matplotlibrc(tmp_path: Path, repository: Path, expected: str, name: str) -> None:
    (tmp_path / "matplotlibrc").write_bytes(FILES[name])
    assert drawn(tmp_path, repository, MPLCONFIGDIR=str(tmp_path)) == expected


def test_a_matplotlibrc_that_is_no_text(tmp_path: Path, repository: Path, expected: str) -> None:
    (tmp_path / "configured").mkdir()
    (tmp_path / "configured" / "matplotlibrc").write_bytes(b"font.size: \xff\xfe\n")
    assert drawn(tmp_path, repository, MPLCONFIGDIR=str(tmp_path / "configured")) == expected


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("entry", ENTRIES)
def test_the_users_backend(tmp_path: Path, repository: Path, expected: str, entry: str, backend: str) -> None:
    assert drawn(tmp_path, repository, entry, MPLBACKEND=backend) == expected


def test_a_font_that_another_machine_has_is_not_taken() -> None:
    style.use()
    assert mpl.rcParams["font.sans-serif"] == ["DejaVu Sans"]
    assert Path(font_manager.findfont("DejaVu Sans")).is_relative_to(mpl.get_data_path())
