"""The champion as a file: what is chosen, that its network says what it said, and MLflow's alias."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline import records
from pipeline.datasets.prepared import Replicate
from pipeline.evaluation import cells, champion, tables
from pipeline.plan import Run
from pipeline.records import Choice, Result
from pipeline.system.errors import UserError
from pipeline.tracking.study import networks, outputs
from pipeline.training import models
from pipeline.training.trainer import train
from tests.asking import dense
from tests.evaluation import made_up
from tests.tracking import recording

MakeRun = Callable[..., Run]
NAN = math.nan


def runs(*rows: tuple[str, str, str, float]) -> pd.DataFrame:
    """A table of runs: setting, variant, key and validation loss; a lower loss has a higher error."""
    table = pd.DataFrame(rows, columns=["setting", "variant", "run_key", "validation_cross_entropy"])
    return table.assign(test_error=-table.validation_cross_entropy)


BLIND = [("blind", "baseline", "a", NAN), ("blind", "baseline", "b", NAN), ("blind", "drop", "c", NAN)]
HELD = [("held", "baseline", "d", 0.5), ("held", "baseline", "e", 0.1)]
HELD += [("held", "drop", "f", 0.3), ("held", "drop", "g", 0.2)]
OTHER = [("other", "baseline", "h", 0.01)]


@pytest.mark.parametrize(
    ("rows", "key"),
    [
        pytest.param([*BLIND, *HELD, *OTHER], "g", id="the lowest mean, then the lowest loss"),
        pytest.param([*OTHER, *HELD], "h", id="of the first setting that holds images out"),
        pytest.param(BLIND, "a", id="the first where nothing is held out"),
        pytest.param(
            [*HELD[:2], ("held", "drop", "f", NAN), ("held", "drop", "g", 0.2)], "e", id="no number"
        ),
        pytest.param([*HELD[:2], ("held", "tuned_baseline", "e", 0.3)], "e", id="a tie"),
    ],
)
def test_what_is_chosen(rows: Sequence[tuple[str, str, str, float]], key: str) -> None:
    assert champion.choose(runs(*rows)).run_key == key


def test_a_run_that_is_no_number_is_never_the_best() -> None:
    assert champion.best(runs(*HELD[:1], ("held", "baseline", "e", NAN))).run_key == "d"


def written(root: Path, stage: str, results: Sequence[Result]) -> None:
    """The results of a stage, as a training stage writes them."""
    planned = made_up.planned([result.run for result in results])
    choices = {name: Choice(candidate=0, losses=[]) for name in planned}
    records.write(root, stage, planned, choices, {result.run.key: result for result in results})


def table(root: Path, *stages: str) -> pd.DataFrame:
    frames = [tables.runs(cell) for stage in stages for cell in cells.read(root, stage)]
    return pd.concat(frames, ignore_index=True)


MIXES: dict[str, Any] = {
    "baseline": {},
    "mixed": {"batch_norm": {"momentum": 0.9}, "dropout": {"rate": 0.3}, "l2": {"strength": 1e-3}},
}


NETWORKS = [dense(16), {"conv": {"filters": [4], "kernel": 3, "dense": 8, "activation": "relu"}}]


@pytest.mark.parametrize("network", NETWORKS, ids=["dense", "conv"])
def test_its_network_has_the_test_error_that_was_recorded(
    tmp_path: Path, tiny_run: MakeRun, tiny_data: Replicate, network: dict[str, Any]
) -> None:
    results: list[Result] = []
    for variant, mix in MIXES.items():
        changes = {"variant": variant, "regularizers": mix, "network": network}
        of_variant = [
            train(tiny_run(**changes, init=i, init_seed=i, key=f"{variant}-{i}"), tiny_data) for i in (0, 1)
        ]
        written(tmp_path, variant, of_variant)
        results += of_variant
    champion.write(tmp_path, table(tmp_path, *MIXES))
    record, weights = champion.read(tmp_path / champion.FILE)
    (result,) = (result for result in results if result.run.key == record.run.key)
    assert record.final == result.final
    images = tiny_data.test_images.astype(np.float32) / 255
    restored = models.restore(record.run, weights, images.shape[1:], len(weights["logits/bias"]))
    wrong = restored.predict(images, verbose=0).argmax(axis=1) != tiny_data.test_labels
    assert wrong.mean() == pytest.approx(record.final["test_error"], abs=1e-12)
    assert 0 < wrong.mean() < 0.9


def test_it_is_replaced_and_the_same_every_time(tmp_path: Path, tiny_run: MakeRun) -> None:
    made_up.write(tmp_path, "baseline", [tiny_run(init=i, key=f"b{i}") for i in (0, 1)])
    file, cached = tmp_path / champion.FILE, tmp_path / "cached"
    champion.write(tmp_path, table(tmp_path, "baseline"))
    content = file.read_bytes()
    cached.write_bytes(b"what DVC keeps")
    file.unlink()
    file.hardlink_to(cached)
    champion.write(tmp_path, table(tmp_path, "baseline"))
    assert file.read_bytes() == content
    assert cached.read_bytes() == b"what DVC keeps"


def test_a_tuned_baseline_is_found_in_the_baseline_s_stage(tmp_path: Path, tiny_run: MakeRun) -> None:
    made_up.write(
        tmp_path,
        "baseline",
        [tiny_run(key="plain", validation_size=0), tiny_run(variant="tuned_baseline", key="tuned")],
    )
    losses = {"plain": 0.5, "tuned": 0.4}
    runs = table(tmp_path, "baseline")
    champion.write(tmp_path, runs.assign(validation_cross_entropy=runs.run_key.map(losses)))
    assert champion.read(tmp_path / champion.FILE)[0].run.variant == "tuned_baseline"


def test_another_file_is_one_line(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", kernel=np.zeros(3))
    with pytest.raises(UserError, match=r"other\.npz: expected what a stage wrote there, received .*row"):
        champion.read(tmp_path / "other.npz")


@pytest.mark.parametrize("best", ["baseline", "drop", "ridge"])
def test_mlflow_s_alias_is_the_same_network(tmp_path: Path, tiny_run: MakeRun, best: str) -> None:
    def result(run: Run) -> Result:
        rng = np.random.default_rng([ord(run.variant[0]), run.init])
        made = made_up.made_up(run)
        loss = rng.random() - 2 * (run.variant == best)
        return Result(**vars(made) | {"final": made.final | {"validation_cross_entropy": float(loss)}})

    variants = ("baseline", "drop", "ridge")
    for variant in variants:
        of_variant = [tiny_run(variant=variant, init=i, key=f"{variant}-{i}") for i in (0, 1, 2)]
        recording.write(tmp_path, variant, of_variant, result)
    champion.write(tmp_path, table(tmp_path, *variants))
    kept = [cell for stage in outputs.stages(tmp_path) for cell in outputs.read(tmp_path, stage)]
    (registered,) = networks.registered(kept).values()
    (cell,) = (cell for cell in kept if cell.key == registered.aliases[networks.CHAMPION])
    record, _ = champion.read(tmp_path / champion.FILE)
    assert record.run.variant == cell.planned[0].variant == best
    assert record.run.key == cell.reported[networks.best(cell)].run.key
