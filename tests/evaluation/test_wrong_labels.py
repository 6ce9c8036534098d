"""What wrong labels do: those that a network puts out, and the gap with train and test labelled alike."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.datasets import prepared
from pipeline.datasets.images import Images
from pipeline.datasets.prepared import Split
from pipeline.evaluation import alike, memorised, tables
from pipeline.evaluation.cells import Cell
from pipeline.plan import Run
from pipeline.records import Record
from tests.questions import made

MakeRun = Callable[..., Run]
PIXELS = 255 * np.eye(8, dtype=np.uint8).reshape(8, 2, 4)
RIGHT = np.zeros(8, np.uint8)
WRONG = np.array([[0, 1, 2, 0], [0, 3, 0, 3]], np.uint8)  # images 1, 2, 5 and 7 are wrongly labelled
NOISE: dict[str, Any] = {"setting": "noisy", "label_noise": 0.5}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two training sets of four images, an image a pixel, all of class 0."""
    split = Split(train=np.arange(8).reshape(2, 4), labels=WRONG, validation=np.array([0]))
    prepared.write(tmp_path, {"mnist": (Images(PIXELS, RIGHT, PIXELS, RIGHT), {"noisy": split})})
    return tmp_path


def weights(monkeypatch: pytest.MonkeyPatch, classes: Sequence[int], **more: np.ndarray) -> None:
    """Every network puts these classes out, one a pixel."""
    trained = made.dense(np.eye(4)[list(classes)], bias=[0] * 4) | more
    monkeypatch.setattr("pipeline.records.read_weights", lambda root, stage, key: trained)


def test_wrong_labels_are_those_of_the_own_training_set_and_of_the_next(
    root: Path, tiny_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the first set's the network learned both, of the second's one of two."""
    weights(monkeypatch, [0, 1, 2, 0, 0, 0, 0, 3])
    cell = made.cell([[tiny_run(split=s, init=i, variant="l2", **NOISE) for i in (0, 1)] for s in (0, 1)])
    table = memorised.shares(root, cell)
    assert table.columns.tolist() == ["setting", "variant", "split", "init", "seen", "unseen"]
    assert table.to_numpy().tolist() == [
        ["noisy", "l2", split, init, *shares]
        for split, shares in ((0, (1.0, 0.5)), (1, (0.5, 1.0)))
        for init in (0, 1)
    ]


def test_batch_normalized_networks_are_looked_into(
    root: Path, tiny_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Moved by the mean and turned by gamma, only what lies below the mean is left."""
    role = {"gamma": -1.0, "beta": 0.0, "moving_mean": 0.5, "moving_variance": 1.0}
    statistics = {
        f"hidden_1_batch_norm/{name}": np.full(8, value, np.float32) for name, value in role.items()
    }
    weights(monkeypatch, [1, 0, 0, 0, 0, 0, 0, 0], **statistics)
    normed = {"variant": "batch_norm", "regularizers": {"batch_norm": {"momentum": 0.9}}}
    cell = made.cell([[tiny_run(split=s, **normed | NOISE)] for s in (0, 1)])
    assert memorised.shares(root, cell).seen.tolist() == [0.0, 0.0]  # class 0 has seven of eight units
    layered = cell.run.model_copy(update={"regularizers": {"layer_norm": {}}})
    other = made.cell([[layered], [layered]])
    assert (cell.is_dense, other.is_dense) == (True, False)
    assert memorised.shares(root, other).empty


@pytest.mark.parametrize(
    ("changes", "sets"),
    [
        ({"label_noise": 0.0}, 2),
        ({}, 1),
        ({"network": {"conv": {"filters": [2], "kernel": 3, "dense": 4, "activation": "relu"}}}, 2),
    ],
)
def test_without_noise_sets_or_dense_networks_there_is_nothing(
    tiny_run: MakeRun, changes: dict[str, Any], sets: int
) -> None:
    cell = made.cell([[tiny_run(split=split, **NOISE | changes)] for split in range(sets)])
    table = memorised.shares(Path("nowhere"), cell)
    assert table.empty
    assert table.columns.tolist() == memorised.COLUMNS


# ---- the gap ----

FINAL = {"test_error": 0.5, "test_cross_entropy": 2.0, "train_error": 0.2, "train_cross_entropy": 0.5}
PREDICTED = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3]])  # of two images of class 0, one is missed


@pytest.fixture
def scored(tiny_run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Cell]:
    def make(**changes: Any) -> Cell:
        run = tiny_run(split=3, init=1, **changes)
        return Cell(Path(), "l2", [[Record(run, {}, FINAL, "")]])

    logits = np.log(PREDICTED).astype(np.float32)
    monkeypatch.setattr("pipeline.records.read_logits", lambda root, stage, key: logits)
    return make


def test_the_test_labels_are_expected_to_be_wrong_as_often(scored: Callable[..., Cell]) -> None:
    """A quarter of four labels is wrong. Right labels: error 1/2; wrong ones: 1 and 1/2 by chance."""
    (row,) = alike.gaps(scored(label_noise=0.3, train_size=4), np.array([0, 0])).to_dict("records")
    error = 0.75 * 0.5 + 0.25 * (1 + 0.5) / 2
    right = -(np.log(0.7) + np.log(0.1)) / 2
    others = -(np.log(0.2) + np.log(0.1) + np.log(0.6) + np.log(0.3)) / 4
    assert (row["setting"], row["variant"], row["split"], row["init"]) == ("tiny", "baseline", 3, 1)
    assert row["error_gap"] == pytest.approx(100 * (error - 0.2))
    assert row["cross_entropy_gap"] == pytest.approx(0.75 * right + 0.25 * others - 0.5, rel=1e-6)


def test_without_wrong_labels_the_gap_is_that_of_the_recorded_scores(scored: Callable[..., Cell]) -> None:
    (row,) = alike.gaps(scored(), np.array([0, 0])).to_dict("records")
    assert (row["error_gap"], row["cross_entropy_gap"]) == pytest.approx((30.0, 1.5))


def test_a_network_that_learned_nothing_from_noise_has_no_gap_by_it(tiny_run: MakeRun) -> None:
    """It gives each image its class for sure and was trained on labels of which a fifth is wrong.

    Held against right test labels, as the gap once was, it would have one of minus 20 points.
    """
    final = FINAL | {"test_error": 0.0, "train_error": 0.2}
    cell = Cell(Path(), "l2", [[Record(tiny_run(label_noise=0.2), {}, final, "")]])
    cell.__dict__["log_probabilities"] = np.log(np.full((4, 10), 0.01) + 0.9 * np.eye(10)[:4])[None, None]
    (row,) = alike.gaps(cell, np.arange(4)).to_dict("records")
    assert row["error_gap"] == pytest.approx(0.0, abs=1e-9)


# ---- pseudo-values ----


def test_pseudo_values_are_those_of_the_training_sets(tiny_run: MakeRun) -> None:
    """Of a mean they are the values: 2, 4 and 9 have the mean 5, and 6.5, 5.5 and 3 without each."""
    cell = made.cell([[tiny_run(split=split)] for split in (0, 1, 2)])
    table = tables.pseudo_values(cell, {"squared_error_bias": np.array([5.0, 6.5, 5.5, 3.0])})
    assert table.columns.tolist() == ["setting", "variant", "split", "squared_error_bias"]
    assert table.split.tolist() == [0, 1, 2]
    assert table.squared_error_bias.tolist() == pytest.approx([2, 4, 9])
    single = made.cell([[tiny_run(init=init) for init in (0, 1, 2)]])
    assert tables.pseudo_values(single, {"squared_error_bias": np.array([5.0, 6.5, 5.5, 3.0])}).empty
