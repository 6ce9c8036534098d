"""The stage evaluate on made-up runs: it writes what `dvc.yaml` declares, and removes what is old."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from pipeline.datasets import prepared
from pipeline.datasets.images import Images
from pipeline.evaluation import champion, reads
from pipeline.plan import Run
from pipeline.stages import evaluate
from tests.evaluation.made_up import LABELS, write
from tests.sources import REPOSITORY

VARIANTS = ("baseline", "drop")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_run: Callable[..., Run]) -> Path:
    """A checkout whose training stages have ended."""
    pixels = np.zeros((len(LABELS), 3, 3), np.uint8)
    split = prepared.Split(np.array([[0], [1], [2]]), np.zeros((3, 1), np.uint8), np.array([5]))
    prepared.write(tmp_path, {"mnist": (Images(pixels, LABELS, pixels, LABELS), {"tiny": split})})
    (tmp_path / "results").mkdir()
    for variant in VARIANTS:
        runs = [tiny_run(variant=variant, split=s, validation_size=0, key=f"{variant}-{s}") for s in range(3)]
        write(tmp_path, variant, runs)
    reads.write(tmp_path, {"asked": ["baseline"]})
    params = SimpleNamespace(settings={"tiny": SimpleNamespace(data="mnist")}, stages=list(VARIANTS))
    monkeypatch.setattr(evaluate, "ROOT", tmp_path)
    monkeypatch.setattr(evaluate, "TABLES", tmp_path / "reports" / "tables")
    monkeypatch.setattr(evaluate, "ERRORS", tmp_path / "reports" / "test_error")
    monkeypatch.setattr("pipeline.evaluation.remembered.main_checkout", lambda root: tmp_path)
    monkeypatch.setattr("pipeline.questions.load", lambda path: params)
    return tmp_path


def files(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def declared() -> set[str]:
    stage = YAML(typ="safe").load(REPOSITORY / "dvc.yaml")["stages"]["evaluate"]
    listed = (*stage["outs"], *stage["metrics"])
    return {out if isinstance(out, str) else next(iter(out)) for out in listed}


def test_it_writes_what_dvc_yaml_declares(root: Path) -> None:
    before = files(root)
    evaluate.main()
    new = {path for path in files(root) - before if not path.startswith("results/remembered/")}
    outs = declared()
    assert all(any(path == out or path.startswith(f"{out}/") for out in outs) for path in new)
    assert all((root / out).exists() for out in outs)


def test_the_errors_of_the_runs_and_of_no_variant_that_is_gone(root: Path) -> None:
    old = root / "reports" / "test_error" / "gone.json"
    old.parent.mkdir(parents=True)
    old.write_text("{}", encoding="utf-8")
    evaluate.main()
    runs = pd.read_csv(root / "reports" / "tables" / "runs.csv")
    assert {path.stem for path in old.parent.iterdir()} == set(VARIANTS)
    for variant in VARIANTS:
        mean = runs[runs.variant == variant].test_error.mean()
        written = json.loads((old.parent / f"{variant}.json").read_text(encoding="utf-8"))
        assert written == {"tiny": pytest.approx(mean, abs=0.00501)}


def test_the_champion_is_among_the_runs(root: Path) -> None:
    evaluate.main()
    record, weights = champion.read(root / champion.FILE)
    assert record.run.key == "baseline-0"  # nothing is held out
    assert weights.keys() == {"logits/bias"}
