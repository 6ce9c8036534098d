"""The weights: what is measured of networks by hand, and the figure."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.datasets import prepared
from pipeline.datasets.images import Images
from pipeline.datasets.prepared import Split
from pipeline.evaluation.cells import Cell
from pipeline.questions import Question
from pipeline.questions.study import Study
from pipeline.questions.weights import measure
from pipeline.questions.weights.draw import draw

QUESTION = Question("weights")
SMALL = 0.0005
LATER = [4.0, 3.0, 2.5]  # the weights of the logits, a hidden unit each
SETS = 2
# Mean validation losses along the paths: the lowest are 1.0, 1.5 and 1.2, so the paths meet at 1.5. The
# weakest l1 has just that loss, but has not yet reached its best.
LOSSES = {"l1": {0.1: 1.5, 0.2: 1.0, 0.3: 1.4}, "l2": {0.1: 1.7, 0.2: 1.5, 0.3: 1.9}}
LENGTHS = {2: 1.6, 10: 1.2, 40: 1.5}  # the baseline's, by its epochs
PROXIMAL = {0.5: 1.45}
MATCHED = [("baseline", 0.0), ("l1", 0.3), ("l1_proximal", 0.5), ("l2", 0.2)]


def weights_of(key: str) -> dict[str, np.ndarray]:
    """A network of a unit a pixel and a class a unit, in which the strength in the key is seen.

    What shows none of its pixels is taken for the third class.
    """
    hidden = np.diag([first_pixel(float(key.split("-")[2].replace("_", "."))), 1.0, SMALL])
    return {
        "hidden_1/kernel": hidden.astype(np.float32),
        "hidden_1/bias": np.zeros(3, np.float32),
        "logits/kernel": np.diag(LATER).astype(np.float32),
        "logits/bias": np.array([0.0, 0.0, 1.0], np.float32),
    }


def first_pixel(strength: float) -> float:
    """The weight of the first pixel."""
    return 2.75 + 10 * strength


@pytest.fixture
def study(
    path_study: Callable[..., Study],
    scored_cell: Callable[..., Cell],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Study:
    """Paths of l1 and l2 on two training sets, of l1 by proximal steps, and of the baseline's epochs.

    The images show one pixel each, the first or the second; the training sets have both, never the third.
    """
    monkeypatch.setattr("pipeline.records.read_weights", lambda root, stage, key: weights_of(key))
    pixels = 255 * np.eye(3, dtype=np.uint8)[[0, 1, 0, 1]].reshape(4, 1, 3)
    labels = np.array([0, 1, 0, 1], np.uint8)
    drawn = np.array([[0, 1], [2, 3], [0, 3]])
    split = Split(train=drawn, labels=labels[drawn], validation=np.array([0]))
    prepared.write(tmp_path, {"mnist": (Images(pixels, labels, pixels, labels), {"small": split})})

    def final(mean: float, number: int) -> dict[str, float]:
        return {"validation_cross_entropy": mean + (0.25 if number else -0.25)}

    def cell(mean: float, variant: str, value: float = 0.0, **changes: object) -> Cell:
        made = scored_cell([[final(mean, n)] for n in range(SETS)], variant, value)
        grid = [
            [replace(record, run=record.run.model_copy(update=changes)) for record in row]
            for row in made.grid
        ]
        return replace(made, grid=grid)

    settings = scored_cell([[final(9.0, n)] for n in range(SETS + 1)])  # the baseline as it is
    lengths = [cell(mean, "baseline", epochs=epochs) for epochs, mean in LENGTHS.items()]
    proximal = [cell(mean, "l1", value, label="proximal/strength") for value, mean in PROXIMAL.items()]
    steps = [cell(mean, variant, value) for variant, path in LOSSES.items() for value, mean in path.items()]
    return path_study("weights", tmp_path, [settings], [*lengths, *steps, *proximal], splits=SETS)


@pytest.fixture
def tables(study: Study) -> dict[str, pd.DataFrame]:
    return measure.measure(study)


# ---- what is measured ----


def test_the_target_is_one_that_every_path_can_come_close_to() -> None:
    assert measure.matched([[1.9, 1.0, 1.6], [1.7, 1.5, 1.9]]) == [2, 1]
    assert measure.matched([[1.0, 3.0], [2.0]]) == [1, 0]  # 2.2 is nearer to 3.0
    assert measure.matched([[1.0, 0.5, 3.0]]) == [1]


def test_a_strength_that_does_not_act_yet_is_no_match() -> None:
    """The weakest strength has the target's very loss, for want of effect."""
    assert measure.matched([[1.5, 1.0, 1.4], [1.5]]) == [2, 0]


def test_a_path_reaches_the_target_between_two_strengths() -> None:
    """In proportion to the losses: 1.65, 1.1 times 1.5, lies half of the way from 1.0 to 2.3."""
    assert measure.crossings([[1.9, 1.0, 2.3], [1.7, 1.5, 1.9]]) == pytest.approx([1.5, 1.375])
    assert measure.crossings([[1.0, 1.2], [2.0]]) == [1.0, 0.0]  # it stays below: its last strength
    assert measure.crossings([[2.0, 1.0, 3.0, 1.5, 3.0], [2.5]]) == pytest.approx(
        [1.875, 0]
    )  # the first time


def test_every_path_is_matched_and_the_baseline_by_its_epochs(tables: dict[str, pd.DataFrame]) -> None:
    """The target is 1.65. From 10 epochs on, fewer come nearest with 2; 40 lie on the other side."""
    place = ["setting", "variant", "split", "strength", "validation_cross_entropy"]
    means = {"baseline": 1.6, "l1": 1.4, "l1_proximal": 1.45, "l2": 1.5}

    def expected(means: dict[str, float], strengths: dict[str, float]) -> list[list[object]]:
        return [
            [
                *("small", variant, split, pytest.approx(strengths[variant])),
                pytest.approx(mean + (0.25 if split else -0.25)),
            ]
            for variant, mean in means.items()
            for split in range(SETS)
        ]

    nearest = dict(MATCHED)
    for name in ("pruning", "spectrum"):
        assert tables[name][place].drop_duplicates().to_numpy().tolist() == expected(means, nearest)
        assert set(tables[name][tables[name].variant == "baseline"].epochs) == {2}
    # L2 reaches the target three eighths of the way from 1.5 to 1.9; the others stay below it.
    between = nearest | {"l2": 0.2**0.625 * 0.3**0.375}
    found = tables["spread"][place].drop_duplicates().to_numpy().tolist()
    assert found == expected(means | {"l2": 1.65}, between)


def test_between_two_strengths_the_weights_are_in_proportion(tables: dict[str, pd.DataFrame]) -> None:
    """A strength that is 0.2 and 0.8 at the ends is 0.4 half the way, and a norm of 1 and 3 is 2."""
    rows = pd.DataFrame({"strength": [0.2], "norm": [1.0]}), pd.DataFrame({"strength": [0.8], "norm": [3.0]})
    (between,) = measure.between(*rows, 0.5).to_dict("records")
    assert between == {"strength": pytest.approx(0.4), "norm": 2.0}


def test_the_weights_of_a_pixel_that_is_never_seen_are_not_live(tables: dict[str, pd.DataFrame]) -> None:
    spread = tables["spread"]
    assert spread.columns.tolist()[8:] == [
        *("near_zero", "exact_zeros", "hoyer", "participation_ratio", "norm")
    ]
    l1 = spread[(spread.variant == "l1") & (spread.split == 0)].set_index(["weights", "kernels"])
    assert l1.index.tolist() == [("live", "first"), ("live", "all"), ("all", "first"), ("all", "all")]
    live = [first_pixel(0.3), 1.0]
    selections = {  # what is not zero, and the number of weights
        ("live", "first"): (live, 6),
        ("live", "all"): ([*live, *LATER], 15),
        ("all", "first"): ([*live, SMALL], 9),
        ("all", "all"): ([*live, SMALL, *LATER], 18),
    }
    for selection, (weights, count) in selections.items():
        values = np.array(weights)
        row, norm = l1.loc[selection], float(np.linalg.norm(values))
        assert row.near_zero == pytest.approx(1 - np.sum(values >= 1e-3) / count)
        assert row.exact_zeros == pytest.approx(1 - len(values) / count)
        assert row.norm == pytest.approx(norm)
        root = np.sqrt(count)
        assert row.hoyer == pytest.approx((root - values.sum() / norm) / (root - 1), rel=1e-6)
        assert row.participation_ratio == pytest.approx(norm**4 / (count * (values**4).sum()), rel=1e-6)


def test_pruning_takes_the_smallest_live_weights_first(tables: dict[str, pd.DataFrame]) -> None:
    """Of 15 live weights 10 are zero; the others are 1, 2.5, 2.75, 3 and 4, of pixels 2, 3, 1, 2 and 1."""
    rows = tables["pruning"][(tables["pruning"].variant == "baseline") & (tables["pruning"].split == 0)]
    assert rows.share.tolist() == list(measure.SHARES)
    gone = [0, 4, 8, 10, 12, 14, 14, 15]
    # The images of the second pixel are lost with the weight of 1, those of the first with that of 2.75.
    assert rows.error.tolist() == [0 if count < 11 else 50 if count < 13 else 100 for count in gone]


def test_the_spectrum_is_that_of_the_first_kernel(tables: dict[str, pd.DataFrame]) -> None:
    rows = tables["spectrum"][(tables["spectrum"].variant == "l2") & (tables["spectrum"].split == 1)]
    assert rows.place.tolist() == [1, 2, 3]
    assert rows.value.tolist() == pytest.approx([first_pixel(0.2), 1.0, SMALL])


def test_the_metrics_are_means_over_the_live_weights_of_all_kernels(tables: dict[str, pd.DataFrame]) -> None:
    numbers = measure.metrics(tables)["small"]
    assert list(numbers) == ["baseline", "l1", "l1_proximal", "l2"]
    # Three eighths of the way from one strength to the next.
    low, high = (np.linalg.norm([first_pixel(strength), 1.0, *LATER]) for strength in (0.2, 0.3))
    assert numbers["l2"]["norm"] == pytest.approx(0.625 * low + 0.375 * high, abs=1e-5)
    assert numbers["l2"]["near_zero"] == pytest.approx(10 / 15, abs=1e-5)
    assert numbers["l2"]["validation_cross_entropy"] == 1.65


# ---- the figure ----


def test_a_setting_has_a_row_and_a_variant_a_colour(tables: dict[str, pd.DataFrame]) -> None:
    both = {name: pd.concat([table, table.assign(setting="noisy")]) for name, table in tables.items()}
    figures = draw(both)
    figure, pruned = figures["figure"], figures["pruned"]
    assert (len(figure.axes), len(pruned.axes)) == (2 * 4, 2 * 2)
    assert [figure.axes[place].get_ylabel() for place in (0, 4)] == ["small", "noisy"]
    ratios_axis = figure.axes[3]
    names = [variant for variant, _ in MATCHED]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == names
    assert sorted(text.get_text() for text in pruned.axes[0].texts) == sorted(names)
    chosen = tables["spread"]
    chosen = chosen[(chosen.kernels == "all") & (chosen.variant == "baseline")]
    drawn = [line for line in ratios_axis.lines if np.asarray(line.get_ydata()).tolist() == [0]]
    live = [line for line in drawn if line.get_markerfacecolor() != "none"]
    every = [line for line in drawn if line.get_markerfacecolor() == "none"]
    for points, weights in ((live, "live"), (every, "all")):
        ratios = chosen[chosen.weights == weights].participation_ratio
        assert [float(np.asarray(line.get_xdata())[0]) for line in points] == ratios.tolist()
    assert {line.get_color() for line in drawn} == {live[0].get_markerfacecolor()}


def test_the_question_is_asked() -> None:
    assert QUESTION.title == "How do L1 and L2 differ?"
    assert QUESTION.order == 3
    assert [claim.number for claim in QUESTION.claims] == ["3a", "3b", "3c"]
