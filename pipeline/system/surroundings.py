"""What a process is started with and must not depend on: its interpreter, Python's switches, the terminal."""

from __future__ import annotations

import importlib.util
import io
import os
import sys
import warnings

# Without one of these it is another interpreter, or an environment that was not set up whole.
PACKAGES = ("dvc", "keras", "mlflow", "numpy", "pandas", "pydantic", "seaborn")


def settle() -> None:
    """Undo what would end in a traceback later. Raises SystemExit with one line where nothing can be done.

    A warning that Python is told to raise is printed, for the libraries warn. A letter that the terminal has
    not is replaced. matplotlib is told of no backend and of no file of the user's: it fails on one that it
    does not know, and on one that it cannot read.
    """
    lacking = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if lacking:
        raise SystemExit(
            f"error: python: expected the packages of requirements.lock, received {sys.executable} without "
            f"{', '.join(lacking)}; source .venv/bin/activate, and dvc checkout for what DVC has removed"
        )
    if sys.flags.optimize > 1:
        raise SystemExit(
            "error: python: expected docstrings, which the report quotes, received -OO or PYTHONOPTIMIZE=2; "
            "take it away"
        )
    if any(option.startswith("e") for option in sys.warnoptions):  # error
        warnings.simplefilter("default")
    os.environ.pop("PYTHONWARNINGS", None)
    os.environ.pop("MPLBACKEND", None)
    os.environ["MATPLOTLIBRC"] = os.devnull
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
