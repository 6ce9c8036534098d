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
CELLS = 3  # of the map, those that still differ
METHODS = 2  # of those that the map compares
VARIANTS = 3  # at least, if there are so many
PARAMS = "params.yaml"
MARK = "toy-copy"  # a file in its .git tells a copy from a project of the user's


def run(directory: Path) -> None:
    """Copy the work tree to `directory`, keep a part of its study, at toy size, and reproduce it there.

    The copy has its own MLflow store; it takes MNIST from this checkout where that has it.
    Raises UserError when `directory` is not an earlier copy, and when a stage fails.
    """
    copy(directory)
    keep_a_few(directory / PARAMS, _committed())
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
    """Take out of a params.yaml what a first look can do without: settings, variants and parts of probes.

    What differs from the `committed` parameters stays, for it is what somebody wants to look at.
    """
    yaml, content = _read(path)
    paths, rates, mapped = (content["probes"][name] for name in ("strength_paths", "learning_rates", "map"))
    needed = {paths["settings"][0], mapped["settings"][0], rates["setting"]}
    needed |= {name for name, setting in content["settings"].items() if setting["variants"] != "all"}
    _keep(content["settings"], needed, committed["settings"])
    needed = {rates["variant"], *mapped["variants"][:METHODS]}
    needed |= {*paths["variants"]} & needed or {paths["variants"][0]}
    for setting in content["settings"].values():
        needed |= {*setting["overrides"], *(() if setting["variants"] == "all" else setting["variants"])}
    others = [name for name in content["variants"] if name not in needed]
    needed |= set(others[: max(VARIANTS - len(needed), 0)])
    _keep(content["variants"], needed, committed["variants"])
    for probe in (paths, mapped):
        for names in ("settings", "variants"):
            probe[names][:] = [name for name in probe[names] if name in content[names]]
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(content, file)


def _keep(section: dict[str, Any], names: set[str], committed: Mapping[str, Any] | None = None) -> None:
    """Delete what is not among the names, unless it differs from what is committed."""
    for name in [name for name in section if name not in names]:
        if committed is None or section[name] == committed.get(name):
            del section[name]


def _committed() -> dict[str, Any]:
    command = ["git", "-C", str(ROOT), "show", f"HEAD:./{PARAMS}"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = YAML().load(shown.stdout)
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
    _shrink_probes(content)
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(content, file)


def _shrink_probes(content: dict[str, Any]) -> None:
    probes = content["probes"]
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
    cells, names = probes["map"]["cells"], set[str]()
    for part in (probes["learning_rates"], *cells.values()):
        for name, limit in LIMITS.items():
            if name in part:
                part[name] = min(part[name], limit)
    start = dict(content["settings"][probes["map"]["settings"][0]]) | {"splits": probes["map"]["splits"]}
    different = [start]
    for name, cell in cells.items():  # of some, all that they changed is limited now
        if start | cell not in different and len(names) < CELLS:
            different.append(start | cell)
            names.add(name)
    _keep(cells, names)
