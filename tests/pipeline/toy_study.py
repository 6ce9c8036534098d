"""The whole pipeline, run once at toy size in a clone; what a test changes, it changes in a copy."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import toy
from pipeline.datasets.images import Images
from tests.pipeline.clone import ASKED, SETTINGS, UNTUNED, VARIANTS, Clone, Ended
from tests.sharing import made_once


@pytest.fixture(scope="session")
def environment(repository: Path, mnist: Images, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which none of the user's DVC, MLflow, git and cluster is in reach."""
    # Byte code is kept: of the clone's own modules, which every stage imports.
    foreign = ("MLFLOW_", "DVC_", "GIT_", "DASK_", "WORKERS", "PYTHONDONTWRITEBYTECODE")
    own = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    folder = tmp_path_factory.mktemp("dvc")
    for name in ("SITE_CACHE_DIR", "GLOBAL_CONFIG_DIR", "SYSTEM_CONFIG_DIR"):
        own[f"DVC_{name}"] = str(folder / name.lower())
    for role in ("AUTHOR", "COMMITTER"):
        own |= {f"GIT_{role}_NAME": "test", f"GIT_{role}_EMAIL": "test@localhost"}
    own.setdefault("MNIST_DIR", str(repository / "data" / "download"))
    return own | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{own['PATH']}"}


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Clone:
    """This checkout again, with what is not committed, and fewer settings and variants; committed there."""
    folder = made_once(
        tmp_path_factory, "study", lambda folder: _fewer(Clone(folder / "checkout", environment))
    )
    return Clone(folder / "checkout", environment)


def _fewer(clone: Clone) -> None:
    toy.copy(clone.root)
    declared = clone.yaml("params.yaml")
    unwanted = [f"variants.{name}" for name in declared["variants"] if name not in VARIANTS]
    unwanted += [f"settings.{name}" for name in declared["settings"] if name not in SETTINGS]
    clone.edit(dict.fromkeys(unwanted, ...) | UNTUNED | ASKED)
    clone.run("git", "add", "--all").succeeded()
    clone.run("git", "commit", "--quiet", "--no-verify", "--message", "fewer").succeeded()


@pytest.fixture(scope="session")
def quick(study: Clone, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """`python -m pipeline quick`, as a user types it."""

    def make(folder: Path) -> None:
        ended = study.python("pipeline", "quick").succeeded()
        (folder / "ended.json").write_text(json.dumps(vars(ended)), encoding="utf-8")

    folder = made_once(tmp_path_factory, "quick", make)
    return Ended(**json.loads((folder / "ended.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def toy_clone(study: Clone, quick: Ended) -> Clone:
    """What `quick` left; nothing may change it."""
    return Clone(study.root / ".quick", study.environment)


@pytest.fixture
def clone(toy_clone: Clone, tmp_path: Path) -> Clone:
    """A copy of what `quick` left, for the test to change."""
    subprocess.run(["cp", "-a", str(toy_clone.root), str(tmp_path / "clone")], check=True)
    # One worker: at this size they take longer to start than to train.
    return Clone(tmp_path / "clone", {**toy_clone.environment, "WORKERS": "1"})
