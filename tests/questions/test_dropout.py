"""Dropout: what is measured of networks by hand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.datasets import prepared
from pipeline.datasets.images import Images
from pipeline.datasets.prepared import Split
from pipeline.plan import Run
from pipeline.questions.dropout import answer, damaged, duration, measure, passes, pixels, silenced, single
from pipeline.questions.study import Study
from tests.questions import made

MakeRun = Callable[..., Run]
# Four units, one an image; without its unit an image is taken for one of a fifth class, which none is of.
WEIGHTS = made.dense(np.eye(4, 5), bias=[0, 0, 0, 0, 0.5])
STEPS = 7  # of an epoch of 200 images in batches of 32
LABELS = [0, 1, 2, 3, 1]  # the last image is the first one again, with a wrong label
SHOWN = [0, 1, 2, 3, 0]  # the pixel that each image shows
LOGITS = np.eye(4, 5)[SHOWN] + [0, 0, 0, 0, 0.5]  # as recorded at inference


@pytest.fixture
def study(tiny_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """Dropout in `several` (2 training sets) and `single` (1), with 2 inits each; not in `plain`."""
    monkeypatch.setattr("pipeline.records.read_weights", lambda root, stage, key: WEIGHTS)
    monkeypatch.setattr("pipeline.records.read_logits", lambda root, stage, key: LOGITS)
    pixels = 255 * np.eye(4, dtype=np.uint8)[[0, 1, 2, 3, 0]].reshape(5, 2, 2)
    labels = np.array(LABELS, np.uint8)
    one = Split(np.zeros((2, 1), np.int32), labels[:2, None], np.array([0]))
    drawn = dict.fromkeys(("several", "single", "plain", "maps"), one)
    prepared.write(tmp_path, {"mnist": (Images(pixels, labels, pixels, labels), drawn)})

    def grid(setting: str, sets: int, **changes: Any) -> list[list[Run]]:
        return [[tiny_run(setting=setting, split=s, init=i, **changes) for i in (0, 1)] for s in range(sets)]

    sizes, mix = {"several": 2, "single": 1}, {"dropout": {"rate": 0.5}}
    dropped = {
        name: made.cell(grid(name, sets, variant="dropout", regularizers=mix, validation_size=0))
        for name, sets in sizes.items()
    }
    plain = {name: made.cell(grid(name, sets)) for name, sets in (sizes | {"plain": 2}).items()}
    return made.study(tmp_path, {"baseline": plain, "dropout": dropped})


def test_what_is_not_dense_is_left_out_by_name(study: made.MadeStudy, tiny_run: MakeRun) -> None:
    conv = {"conv": {"filters": [2], "kernel": 3, "dense": 4, "activation": "relu"}}
    mix = {"dropout": {"rate": 0.5}}
    before = measure.measure(study)
    maps = made.cell(
        [[tiny_run(setting="maps", variant="dropout", regularizers=mix, network=conv, validation_size=0)]]
    )
    plain = made.cell([[tiny_run(setting="maps", network=conv)]])
    cells = {"dropout": maps, "baseline": plain}
    study = made.study(
        study.root, {variant: {**study.cells(variant), "maps": cell} for variant, cell in cells.items()}
    )
    tables = measure.measure(study)
    for name in ("errors", "correlation", "units", "pixels", "damaged", "scores"):
        assert tables[name].equals(before[name])
    sentences = answer.values(study, tables, made.evidence())["sentences"]
    assert sentences[-1] == "What looks into the networks needs dense ones, and leaves out `maps`."


def test_silencing_a_unit_costs_its_image(study: Study) -> None:
    errors = silenced.measure(study)["errors"]
    # Of 4 units 0, 1, 2, 3 and 4 are silent; the last image is wrong anyway.
    of_one_run = errors.iloc[: len(silenced.SHARES)]
    assert of_one_run.share.tolist() == [0.1, 0.25, 0.5, 0.75, 0.9]
    assert of_one_run.error.tolist() == pytest.approx([20, 40, 60, 80, 100])
    assert of_one_run.rise.tolist() == pytest.approx([0, 20, 40, 60, 80])


def test_the_settings_with_dropout_are_measured_each_with_its_baseline_first(study: Study) -> None:
    correlation = silenced.measure(study)["correlation"]
    cells = correlation[["variant", "setting"]].drop_duplicates().to_numpy().tolist()
    names = ("several", "single")
    assert cells == [[variant, setting] for setting in names for variant in ("baseline", "dropout")]
    assert correlation.groupby("setting").size().to_dict() == {"several": 8, "single": 4}
    matrix = np.abs(np.corrcoef(np.eye(4)[[0, 1, 2, 3, 0]], rowvar=False))
    assert correlation.correlation.to_numpy() == pytest.approx(matrix[~np.eye(4, dtype=bool)].mean())


def test_without_a_unit_the_predictions_of_its_images_change(study: Study) -> None:
    """Scanned are the images 0, 2 and 4: without the first unit two change, without the third one does.

    The third matters most, for the last image is wrong with the first unit. No other image shows it.
    """
    table = single.measure(study)["units"]
    assert len(table) == 12
    assert table.changed.to_numpy() == pytest.approx(100 * 3.5 / 13)
    assert table.rise.tolist() == [0.0] * 12


def test_the_most_important_unit_is_judged_on_other_images(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The third unit matters most to the scanned images; of the two others, image 3 needs it."""
    logits = np.eye(4, 5)
    logits[2, 2:4], logits[3, 2:4] = (9.0, 8.0), (-2.0, 0.0)
    weights = made.dense(logits, bias=[0, 0, 0, 0, 0.5])
    weights["hidden_1/kernel"][3, 2] = 1.0
    monkeypatch.setattr("pipeline.records.read_weights", lambda root, stage, key: weights)
    # Image 3 has 7 for the third class and 8 for the fourth; without the unit -2 and 0, and .5 for the fifth.
    assert single.measure(study)["units"].rise.tolist() == [50.0] * 12


def test_places_are_within_the_real_pixels() -> None:
    squares = pixels.places((4, 6), width=4, size=2, step=2)
    assert [square.tolist() for square in squares] == [
        [0, 1, 6, 7],
        [2, 3, 8, 9],
        [12, 13, 18, 19],
        [14, 15, 20, 21],
    ]
    assert [s.tolist() for s in pixels.places((1, 3, 2), width=3, size=1, step=2)] == [[0, 1], [4, 5]]
    (whole,) = pixels.places((2, 3), width=2, size=7, step=7)
    assert whole.tolist() == [0, 1, 3, 4]


def test_what_pixels_and_blocks_cost(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of one pixel: without pixel 0 two of five predictions change, one of which was wrong."""
    monkeypatch.setattr(pixels, "APART", 1)
    monkeypatch.setattr(pixels, "BLOCK", 1)
    table = pixels.measure(study)["pixels"]
    assert len(table) == 12
    assert table.changed.to_numpy() == pytest.approx(100 * 5.5 / 21)
    assert table.mean_rise.to_numpy() == pytest.approx(20.0)  # each pixel loses one right image
    assert table.worst_rise.to_numpy() == pytest.approx(20.0)
    monkeypatch.setattr(pixels, "BLOCK", 2)  # the whole image
    assert pixels.measure(study)["pixels"].worst_rise.to_numpy() == pytest.approx(80.0)


def test_shifted_images_are_taken_for_others(study: Study) -> None:
    """In images of 2 x 2 pixels a shift by two leaves nothing: all four right images are lost."""
    table = damaged.measure(study)["damaged"]
    one = table[(table.setting == "several") & (table.variant == "dropout") & (table.split == 0)]
    one = one[one.init == 0]
    levels = [(kind, level) for kind, judged in damaged.LEVELS.items() for level in (0.0, *judged)]
    assert one[["damage", "level"]].to_numpy().tolist() == [list(row) for row in levels]
    assert one[one.level == 0].error.tolist() == [20.0] * 3
    assert one[one.level == 0].rise.tolist() == [0.0] * 3
    shift = one[one.damage == "shift"].iloc[-1]
    assert (shift.error, shift.rise) == (100.0, 80.0)


def test_both_networks_see_the_same_damage(study: Study) -> None:
    table = damaged.measure(study)["damaged"]
    where = ["setting", "split", "init", "damage", "level"]
    errors = table.pivot_table(index=where, columns="variant", values="error")
    assert errors.baseline.tolist() == errors.dropout.tolist()  # their weights are the same here


def test_passes_are_averaged_over_all_images_and_replicates(study: Study) -> None:
    scores = passes.measure(study)["scores"]
    replicates = scores[["setting", "split", "init"]].drop_duplicates().to_numpy().tolist()
    assert replicates == [
        *(["several", split, init] for split in (0, 1) for init in (0, 1)),
        *(["single", 0, init] for init in (0, 1)),
    ]
    assert scores.groupby(["setting", "split", "init"]).passes.agg(list).iloc[0] == [0, *passes.PASSES]


def test_no_test_image_is_left_out_of_the_passes(
    study: made.MadeStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 12,000 images the first edition looked at every third: all of its errors are in the others."""
    count = 12_000
    pixels_of = np.zeros((count, 2, 2), np.uint8)
    pixels_of[:, 0, 0] = 255
    labels = np.zeros(count, np.uint8)
    labels[np.arange(count) % 3 > 0] = 1
    one = Split(np.zeros((2, 1), np.int32), labels[:2, None], np.array([0]))
    drawn = dict.fromkeys(("several", "single"), one)
    prepared.write(tmp_path, {"mnist": (Images(pixels_of, labels, pixels_of, labels), drawn)})
    shown = np.repeat(LOGITS[:1], count, axis=0)
    monkeypatch.setattr("pipeline.records.read_logits", lambda root, stage, key: shown)
    monkeypatch.setattr(passes, "PASSES", (1,))
    scores = passes.measure(study)["scores"]
    assert scores[scores.passes == 0].error.to_numpy() == pytest.approx(100 * 2 / 3)


def test_weight_scaling_is_what_was_recorded_at_inference(study: Study) -> None:
    scores = passes.measure(study)["scores"]
    scaling = scores[scores.passes == 0]
    logs = LOGITS - np.log(np.exp(LOGITS).sum(axis=1, keepdims=True))
    assert scaling.error.tolist() == [20.0] * 6
    assert scaling.nll.to_numpy() == pytest.approx(-logs[range(5), LABELS].mean(), rel=1e-6)
    assert scaling.distance.to_numpy() == pytest.approx(0.0, abs=1e-6)
    # A mask silences the one unit that is on, or doubles it; the mean of the two is what passes approach.
    silent, doubled = LOGITS - np.eye(4, 5)[SHOWN], LOGITS + np.eye(4, 5)[SHOWN]
    softmax = [np.exp(v) / np.exp(v).sum(axis=1, keepdims=True) for v in (LOGITS, silent, doubled)]
    expected = np.abs((softmax[1] + softmax[2]) / 2 - softmax[0]).sum(axis=1).mean() / 2
    assert scores[scores.passes == 50].distance.mean() == pytest.approx(expected, abs=0.02)


def test_the_passes_of_a_replicate_are_its_own_and_always_the_same(study: Study) -> None:
    first, again = (passes.measure(study)["scores"] for _ in range(2))
    pd.testing.assert_frame_equal(first, again)
    by_replicate = first[first.passes == 50].nll
    assert by_replicate.nunique() == 4  # two of the six replicates have the split and init of two others


def test_dropout_is_timed_to_the_baselines_best_loss(tiny_run: MakeRun, tmp_path: Path) -> None:
    """The target is 1.05 times .5."""

    def cells(variant: str, losses: list[float]) -> dict[str, Any]:
        runs = [[tiny_run(variant=variant, split=s, init=i, curves=i == 0) for i in (0, 1)] for s in (0, 1)]
        blind = [[tiny_run(setting="blind", variant=variant, validation_size=0)]]
        return {
            "tiny": made.cell(runs, {"validation_cross_entropy": losses}),
            "blind": made.cell(blind),
        }

    baseline = cells("baseline", [1.0, 0.5, 0.52])
    late = made.study(tmp_path, {"baseline": baseline, "dropout": cells("dropout", [0.9, 0.8, 0.525, 0.6])})
    table = duration.measure(late)["duration"]
    assert table.columns.tolist() == duration.COLUMNS
    assert table.to_numpy().tolist() == [
        ["tiny", split, 0, *rest]
        for split in (0, 1)
        for rest in (["baseline", 2, True, 2, 2 * STEPS], ["dropout", 3, True, 3, 3 * STEPS])
    ]
    never = made.study(tmp_path, {"baseline": baseline, "dropout": cells("dropout", [0.9, 0.7, 0.8])})
    assert duration.measure(never)["duration"].iloc[1, 3:].tolist() == ["dropout", 4, False, 2, 4 * STEPS]


def test_without_dropout_there_is_nothing_to_measure(tmp_path: Path) -> None:
    tables = measure.measure(made.study(tmp_path, {}))
    names = ["errors", "correlation", "units", "pixels", "damaged", "scores", "duration"]
    assert sorted(tables) == sorted(names)
    assert all(table.empty for table in tables.values())
    assert measure.metrics(tables) == {}
