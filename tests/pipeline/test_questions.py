"""The tables of the questions, found again from what the runs left, by other means."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.datasets.images import Images
from tests.pipeline.clone import QUESTIONS, Clone

# The claims on L1, early stopping, batch normalization and wrong labels, which the toy study has not.
UNJUDGED = {
    *("1c", "4b", "4c", "9e", "3a", "3b", "3c", "6a", "6b", "7a", "7b", "7c", "7d", "7e", "7x"),
    *("9d", "9f", "9g", "9x"),
}


def table(clone: Clone, name: str) -> pd.DataFrame:
    path = clone.root / "reports" / "questions" / f"{name}.csv"
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def rows(clone: Clone, cell: str) -> list[dict[str, Any]]:
    """The numbers of the runs of a cell, in the order of the plan, under the names that it uses."""
    stage = cell.split("/")[1]
    numbers = clone.rows(stage)
    return [numbers[run["key"]] | {"run": run} for run in clone.cells(stage)[cell]["runs"]]


def asked(clone: Clone, question: str, *stages: str) -> list[dict[str, Any]]:
    """The numbers of all runs that a question asked for."""
    cells = (name for stage in stages for name in clone.cells(stage) if name.split("/")[2:3] == [question])
    return [row for cell in cells for row in rows(clone, cell)]


def errors(clone: Clone, images: Images, cell: str) -> np.ndarray:
    """Percent of the test images, (R,)."""
    stage = cell.split("/")[1].removeprefix("tuned_")
    logits = clone.arrays(stage, cell, "logits")
    return np.asarray(100 * (logits.argmax(axis=2) != images.test_labels).mean(axis=1))


def hidden(clone: Clone, cell: str, number: int, pixels: np.ndarray) -> np.ndarray:
    names = ("weights/hidden_1/kernel", "weights/hidden_1/bias")
    kernel, bias = (clone.arrays(cell.split("/")[1], cell, name)[number] for name in names)
    return np.asarray(np.maximum(pixels.reshape(len(pixels), -1) / 255 @ kernel + bias, 0))


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_leaves_tables_verdicts_an_answer_and_metrics(toy_clone: Clone, name: str) -> None:
    folder = toy_clone.root / "reports" / "questions" / name
    for path in folder.glob("*.csv"):
        assert list(pd.read_csv(path).columns)
    answer = (folder / "answer.md").read_text("utf-8").strip()
    page = (toy_clone.root / "reports" / "report.md").read_text("utf-8")
    assert answer
    assert answer in page
    metrics = json.loads((toy_clone.root / "reports" / "metrics" / f"{name}.json").read_text("utf-8"))
    assert {key.partition(".")[0] for key in metrics} == {"measured", "claims"}
    assert not any(isinstance(value, dict) and value for value in metrics.values())


def test_the_textbook_program_is_paired_init_by_init(toy_clone: Clone, mnist: Images) -> None:
    pairs = table(toy_clone, "textbook/pairs")
    pairs = pairs[pairs.metric == "test_error"]
    with_, without = (errors(toy_clone, mnist, f"notebook/{name}") for name in ("dropout", "baseline"))
    assert pairs.difference.to_numpy() == pytest.approx(with_ - without)
    assert pairs.init.tolist() == list(range(len(with_)))


def test_a_path_begins_with_the_baseline_and_takes_every_strength(toy_clone: Clone, mnist: Images) -> None:
    paths = table(toy_clone, "tradeoff/paths")
    rates = toy_clone.yaml("params.yaml")["variants"]["dropout"]["dropout"]["rate"]
    splits = toy_clone.yaml("params.yaml")["questions"]["tradeoff"]["splits"]
    risk = paths[paths.metric == "squared_error_risk"]
    assert risk.strength.tolist() == [0.0, *rates]
    inits = toy_clone.grid("small")[1]
    cells = [("small/baseline", range(0, splits * inits, inits))]
    cells += [(f"small/dropout/tradeoff/rate={rate:g}", range(splits)) for rate in rates]
    for estimate, (cell, numbers) in zip(risk.estimate, cells, strict=True):
        logits = toy_clone.arrays(cell.split("/")[1], cell, "logits")[list(numbers)]
        probabilities = np.exp(logits.astype(float))
        probabilities /= probabilities.sum(axis=2, keepdims=True)
        brier = ((probabilities - np.eye(10)[mnist.test_labels]) ** 2).sum(axis=2).mean()
        assert estimate == pytest.approx(brier, rel=1e-5)


def test_every_learning_rate_is_judged(toy_clone: Clone, mnist: Images) -> None:
    runs, summary = table(toy_clone, "batch_norm/runs"), table(toy_clone, "batch_norm/summary")
    recorded = {row["run"]["key"]: row for row in asked(toy_clone, "batch_norm", "baseline", "dropout_l2")}
    assert set(runs.run_key) == {key for key, row in recorded.items() if not row["run"]["shift_every"]}
    for row in runs.itertuples():
        history, final = (recorded[str(row.run_key)][name] for name in ("history", "final"))
        same = runs[(runs.network == row.network) & (runs.variant == row.variant) & (runs.split == row.split)]
        ends = {
            r.learning_rate: recorded[str(r.run_key)]["final"]["train_cross_entropy"]
            for r in same.itertuples()
        }
        learnt = [rate for rate, end in ends.items() if end < 0.95 * math.log(10)]
        lost = row.learning_rate not in learnt and any(rate < row.learning_rate for rate in learnt)
        assert row.diverged == (lost or not all(map(math.isfinite, history["loss"])))
        assert row.validation_error == pytest.approx(100 * final["validation_error"])
    guessing = 100 * (1 - max(np.bincount(mnist.train_labels)) / len(mnist.train_labels))
    for row in summary.itertuples():
        same = runs[(runs.network == row.network) & (runs.split == row.split)]
        own = same[same.variant == row.variant]

        def works(lowest: float, own: pd.DataFrame = own) -> list[float]:
            most = max((lowest + guessing) / 2, lowest)
            return [r.learning_rate for r in own.itertuples() if r.validation_error <= most]

        assert row.usable_rates == len(works(same.validation_error.min()))
        assert row.diverged_rates == own.diverged.sum()
        assert row.largest_usable == pytest.approx(max(works(own.validation_error.min())))


def test_the_shift_of_every_layer_but_the_first_is_there(toy_clone: Clone) -> None:
    shift = table(toy_clone, "batch_norm/shift")
    assert set(shift[shift.network == "relu"].layer) == {"logits"}
    assert set(shift[shift.network == "sigmoid"].layer) == {"hidden_2", "hidden_3", "logits"}
    assert (shift.shift_cosine.abs() <= 1 + 1e-9).all()
    assert (shift["shift"] >= 0).all()


def test_the_winner_under_a_condition_has_the_lowest_error(toy_clone: Clone, mnist: Images) -> None:
    winners = table(toy_clone, "choice/winners").set_index("condition")
    assert set(winners.index) == {"small", "n100", "wide"}
    for condition in ("n100", "wide"):
        methods = ("baseline", "tuned_baseline", "dropout_l2", "dropout")
        means = {m: errors(toy_clone, mnist, f"{condition}/{m}/choice").mean() for m in methods}
        assert winners.best[condition] == min(means, key=lambda method: means[method])
        assert winners.error[condition] == pytest.approx(min(means.values()))


def test_weight_scaling_is_what_was_recorded(toy_clone: Clone, mnist: Images) -> None:
    scores = table(toy_clone, "dropout/scores")
    own = scores[(scores.setting == "notebook") & (scores.passes == 0)]
    logits = toy_clone.arrays("dropout", "notebook/dropout", "logits")
    expected = 100 * (logits.argmax(axis=2) != mnist.test_labels).mean(axis=1)
    assert own.error.to_numpy() == pytest.approx(expected, abs=0.05)  # a rounding may turn an image or two
    assert sorted(scores.passes.unique()) == [0, 1, 2, 3, 5, 10, 20, 50]


def test_the_correlation_of_hidden_units(toy_clone: Clone, mnist: Images) -> None:
    found = table(toy_clone, "dropout/correlation")
    own = found[(found.setting == "small") & (found.variant == "baseline")]
    units = hidden(toy_clone, "small/baseline", 0, mnist.test_images[::5])
    matrix = np.abs(np.corrcoef(units[:, np.ptp(units, axis=0) > 0], rowvar=False))
    off = matrix[~np.eye(len(matrix), dtype=bool)].mean()
    assert own.correlation.iloc[0] == pytest.approx(off, abs=1e-4)


def test_silencing_more_units_costs_more(toy_clone: Clone) -> None:
    means = table(toy_clone, "dropout/errors").groupby("share").rise.mean()
    assert means.is_monotonic_increasing
    assert means.iloc[-1] > 10  # of nine tenths of the units


def test_stopping_is_the_rule_on_the_recorded_history(toy_clone: Clone) -> None:
    stops = table(toy_clone, "early_stopping/stops")
    assert set(stops[stops.setting == "small"].init) == {0}  # whose curves are kept
    for row in rows(toy_clone, "small/baseline"):
        if row["run"]["init"]:
            continue
        losses = row["history"]["validation_cross_entropy"]
        own = stops[(stops.split == row["run"]["split"]) & (stops.init == row["run"]["init"])]
        (first,) = own[(own.criterion == "cross_entropy") & (own.patience == 1)].itertuples()
        worse = [e for e in range(1, len(losses)) if losses[e] >= min(losses[:e])]
        stopped = worse[0] + 1 if worse else len(losses)
        assert first.stopped == stopped
        assert first.loss_regret == pytest.approx(min(losses[:stopped]) - min(losses), abs=1e-8)


def test_the_spread_of_the_live_weights(toy_clone: Clone, mnist: Images) -> None:
    spread = table(toy_clone, "weights/spread")
    own = spread[(spread.variant == "baseline") & (spread.split == 0) & (spread.kernels == "first")]
    train = np.load(toy_clone.root / "data/splits/small_train.npy")[0]
    seen = (mnist.train_images[train].reshape(len(train), -1) > 0).any(axis=0)
    kernel = toy_clone.arrays("baseline", "small/baseline", "weights/hidden_1/kernel")[0]
    for name, chosen in (("live", kernel[seen]), ("all", kernel)):
        (row,) = own[own.weights == name].itertuples()
        assert row.near_zero == pytest.approx((np.abs(chosen) < 1e-3).mean())
        assert row.norm == pytest.approx(np.linalg.norm(chosen), rel=1e-5)


def test_every_claim_has_a_verdict_and_evidence(toy_clone: Clone) -> None:
    folder: Path = toy_clone.root / "reports" / "questions"
    verdicts, evidence = (
        pd.concat(pd.read_csv(folder / name / f"{kind}.csv", dtype={"claim": str}) for name in QUESTIONS)
        for kind in ("verdicts", "evidence")
    )
    verdicts = verdicts[verdicts.verdict != "definition"]
    assert set(verdicts.verdict) <= {"supported", "refuted", "conditional", "inconclusive"}
    without = verdicts[verdicts.finding.str.contains("The study has no runs to judge it by.", regex=False)]
    assert set(evidence.claim) | set(without.claim) == set(verdicts.claim)
    assert not set(evidence.claim) & set(without.claim)
    assert set(without.claim) == UNJUDGED
    page = (toy_clone.root / "reports" / "report.md").read_text("utf-8")
    for row in verdicts.itertuples():
        assert row.text in page
        assert row.finding in page
