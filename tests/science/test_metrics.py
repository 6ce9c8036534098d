"""The table of metrics against the scores of a network, and one truth for the level."""

import math
from dataclasses import replace

import numpy as np
import pytest

from pipeline.science import bias_variance, levels, metrics, scores
from pipeline.science.metrics import METRICS, Metric

# Three images of three classes: right, wrong, and wrong by a draw, where the first class is taken.
LOGITS = np.log(np.array([[0.5, 0.25, 0.25], [0.5, 0.25, 0.25], [0.4, 0.4, 0.2]], np.float32))
LABELS = np.array([0, 2, 1])
FINAL = {"test_error": 0.25, "train_error": 0.125, "test_cross_entropy": 0.75, "train_cross_entropy": 0.25}


def test_the_scores_of_a_part() -> None:
    values = scores.of("test", LOGITS, LABELS)
    assert list(values) == ["test_cross_entropy", "test_error"]  # the order in which records keep them
    assert values["test_error"] == 2 / 3
    expected = -(math.log(0.5) + math.log(0.25) + math.log(0.4)) / 3
    assert values["test_cross_entropy"] == pytest.approx(expected, rel=1e-6)


def test_what_a_diverged_network_says_nothing_of_is_wrong() -> None:
    logits = LOGITS.copy()
    logits[0] = np.nan
    values = scores.of("validation", logits, LABELS)
    assert math.isnan(values["validation_cross_entropy"])
    assert values["validation_error"] == 1.0


def test_every_score_has_an_entry_and_every_entry_of_a_part_a_score() -> None:
    kept = {name for part in scores.PARTS for name in scores.of(part, LOGITS, LABELS)}
    assert {metric.name for metric in metrics.recorded()} == kept | {"best_epoch"}
    assert all(set(metric.between) <= kept for metric in METRICS.values() if metric.between)
    losses, terms = ("squared_error", "cross_entropy"), ("risk", "bias", "variance")
    assert all(hasattr(bias_variance, loss) for loss in losses)
    estimated = {m.name for m in METRICS.values() if not m.part and not m.between}
    assert estimated == {f"{loss}_{term}" for loss in losses for term in terms}


def test_the_order_of_the_columns() -> None:
    """Tables that are kept in git, and the random numbers of the comparisons, follow it."""
    assert metrics.scores() == [
        "test_error",
        "test_cross_entropy",
        "train_error",
        "train_cross_entropy",
        "error_gap",
        "cross_entropy_gap",
    ]
    assert metrics.held_out() == ["validation_error", "validation_cross_entropy", "best_epoch"]
    assert list(metrics.headline().values()) == [
        "test_error",
        "test_cross_entropy",
        "gap",
        "bias",
        "variance",
    ]
    assert metrics.compared() == ["test_error", "test_cross_entropy", "cross_entropy_gap"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("test_error", 25.0), ("train_cross_entropy", 0.25), ("error_gap", 12.5), ("cross_entropy_gap", 0.5)],
)
def test_a_value_in_its_unit(name: str, expected: float) -> None:
    assert METRICS[name].shown(FINAL) == expected


def test_a_value_that_was_not_recorded() -> None:
    with pytest.raises(KeyError, match="validation_error"):
        METRICS["validation_error"].shown(FINAL)


def test_curves_are_in_the_unit_of_their_metric_and_the_rest_as_it_is() -> None:
    values = np.array([0.5, 0.25])
    assert metrics.scaled("train_error", values).tolist() == [50.0, 25.0]
    for name in ("validation_cross_entropy", "loss", "shift_cosine_logits"):
        assert metrics.scaled(name, values).tolist() == [0.5, 0.25]


def test_words() -> None:
    error, gap = METRICS["test_error"], METRICS["cross_entropy_gap"]
    assert (error.heading, gap.heading, METRICS["squared_error_bias"].heading) == (
        "test error, %",
        "gap, nats",
        "bias²",
    )
    assert (error.word(-0.5), error.word(0.5), error.direction) == ("better", "worse", "lower")
    assert (gap.word(-0.5), gap.word(0.5), gap.direction) == ("narrower", "wider", "neither")
    accuracy = replace(error, words=("worse", "better"))
    assert (accuracy.word(-0.5), accuracy.direction) == ("worse", "higher")
    assert (error.written(0.12345), gap.written(0.12345)) == ("12.35", "0.123")


def test_a_new_metric_is_one_entry_and_one_function(monkeypatch: pytest.MonkeyPatch) -> None:
    def top2_error(logits: np.ndarray, labels: np.ndarray) -> float:
        return float((np.argsort(logits, axis=1)[:, -2:] != labels[:, None]).all(axis=1).mean())

    monkeypatch.setitem(scores._BY_PART, "test", dict(scores._BY_PART["test"]))
    scores.scored("test")(top2_error)
    entry = Metric("test_top2_error", "top-2 error", "%", 2, scale=100.0, part="test")
    monkeypatch.setattr(metrics, "METRICS", {**METRICS, entry.name: entry})
    values = scores.of("test", LOGITS, np.array([0, 0, 2]))
    assert values["test_top2_error"] == pytest.approx(1 / 3)
    assert "train_top2_error" not in scores.of("train", LOGITS, LABELS)
    assert metrics.scores()[-1] == "test_top2_error"
    assert entry.shown(values) == pytest.approx(100 / 3)


def test_the_level_is_said_once() -> None:
    assert (levels.LEVEL, levels.ALPHA, levels.PERCENT) == (0.95, 0.05, "95 %")
