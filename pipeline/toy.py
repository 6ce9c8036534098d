"""The whole pipeline at toy size, in a copy of the checkout: a look before the full study."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from pipeline.checkout import ROOT, main_checkout
from pipeline.data import mnist
from pipeline.errors import UserError
from pipeline.params import OWN

# No more than this of each; what is smaller already stays.
LIMITS = {"train_size": 500, "batch_size": 500, "validation_size": 500, "epochs": 3, "splits": 3, "inits": 3}
CANDIDATES = 2
RATES = 3  # learning rates, spread over the list
PARAMS = "params.yaml"
MARK = "toy-copy"  # a file in its .git tells a copy from a project of the user's


def run(directory: Path) -> None:
    """Copy the work tree to `directory`, keep a few variants, shrink its settings, and reproduce it there.

    The copy has its own MLflow store; it takes MNIST from this checkout where that has it.
    Raises UserError when `directory` is not an earlier copy, and when a stage fails.
    """
    copy(directory)
    keep_a_few(directory / PARAMS, _committed_variants())
    shrink(directory / PARAMS)
    if subprocess.run(["dvc", "repro"], cwd=directory, env=environment(), check=False).returncode:
        raise UserError(f"quick: a stage failed in {directory}; its own message is above")
    print(f"toy report: {directory / 'reports' / 'report.md'}")


def environment() -> dict[str, str]:
    """Return the environment for a copy: a store of its own, and MNIST from this checkout if it has it."""
    variables = {k: v for k, v in os.environ.items() if not k.startswith("MLFLOW_")}
    download = main_checkout() / "data" / "download"
    if all((download / name).exists() for name in mnist.SHA256):
        variables.setdefault("MNIST_DIR", str(download))
    return variables


def copy(directory: Path) -> None:
    """Make `directory` a clone of this checkout, uncommitted changes and data of one's own included.

    Raises UserError for anything there but an earlier copy.
    """
    mark = directory / ".git" / MARK
    if not mark.exists() and directory.exists() and (directory.is_file() or any(directory.iterdir())):
        raise UserError(f"directory: expected a new or earlier copy, received {directory}")
    if directory.exists():
        shutil.rmtree(directory)
    # What DVC keeps of one's own data is ignored by git.
    names = _listed("--cached", "--others", "--exclude-standard") | _listed("--others", "--", OWN)
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(directory)], check=True)
    mark.touch()
    for name in sorted(names):
        source, target = ROOT / name, directory / name
        target.unlink(missing_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_symlink():  # to a file or a folder, such as data of one's own on another disk
            target.symlink_to(source.resolve())
        elif source.exists():
            shutil.copy2(source, target)


def _listed(*options: str) -> set[str]:
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", *options], capture_output=True, text=True, check=True
    )
    # With a slash at its end it is a repository of its own.
    return {name for name in listed.stdout.split("\0") if name and not name.endswith("/")}


def keep_a_few(path: Path, committed: Mapping[str, Any]) -> None:
    """Take variants out of a params.yaml but those that its probes and settings name, and those that are new.

    `committed` has the variants that are not new, as they were.
    """
    yaml, content = _read(path)
    probes = content["probes"]
    named = {*probes["strength_paths"]["variants"], *probes["map"]["variants"]}
    named.add(probes["learning_rates"]["variant"])
    for setting in content["settings"].values():
        named |= {*setting["overrides"], *(() if setting["variants"] == "all" else setting["variants"])}
    for name in [name for name in content["variants"] if name not in named]:
        if content["variants"][name] == committed.get(name):
            del content["variants"][name]
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(content, file)


def _committed_variants() -> dict[str, Any]:
    command = ["git", "-C", str(ROOT), "show", f"HEAD:./{PARAMS}"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = YAML().load(shown.stdout)["variants"]
    return found


def _read(path: Path) -> tuple[YAML, Any]:
    yaml = YAML()
    yaml.width = 4096  # a line stays a line
    return yaml, yaml.load(path.read_text(encoding="utf-8"))


def shrink(path: Path) -> None:
    """Rewrite a params.yaml with every setting at toy size."""
    yaml, content = _read(path)
    for setting in content["settings"].values():
        for name, limit in LIMITS.items():
            setting[name] = min(setting[name], limit)
    tuning = content["tuning"]
    tuning["splits"] = 1
    epochs = tuning["baseline"]["epochs"]
    for number, count in enumerate(epochs):
        epochs[number] = min(count, LIMITS["epochs"])
    parts = [tuning["baseline"], *(part for mix in content["variants"].values() for part in mix.values())]
    for field in (field for part in parts for field in part.values()):
        if isinstance(field, list):
            del field[CANDIDATES:]
    _shrink_probes(content["probes"])
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(content, file)


def _shrink_probes(probes: dict[str, Any]) -> None:
    positions = probes["map"]["candidates"]
    del positions[CANDIDATES:]
    positions[:] = range(len(positions))
    for part in (probes["strength_paths"], probes["learning_rates"], probes["map"]):
        part["splits"] = min(part["splits"], LIMITS["splits"])
    rates = probes["learning_rates"]["rates"]
    kept = range(0, len(rates), max(1, (len(rates) - 1) // (RATES - 1)))
    for place in reversed(range(len(rates))):  # in place, which keeps the file as it is written
        if place not in kept:
            del rates[place]
    for part in (probes["learning_rates"], *probes["map"]["cells"].values()):
        for name, limit in LIMITS.items():
            if name in part:
                part[name] = min(part[name], limit)
