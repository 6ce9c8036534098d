"""Tables from hand-made records of a small study, against loops over the numbers that were written."""

import itertools
import math
from collections.abc import Callable
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pipeline.evaluation import tables as evaluation
from pipeline.evaluation.cells import Cell, read
from pipeline.plan import Candidate, Plan, Run
from pipeline.records import Choice, Result
from pipeline.science import metrics
from tests.evaluation.made_up import LABELS, made_up, write

Cells = dict[tuple[str, str], Cell]
SCORES = metrics.scores()
DESIGN = {"crossed": (3, 2), "lone": (1, 3)}  # splits x inits
VARIANTS = {"crossed": ["baseline", "drop", "ridge"], "lone": ["baseline", "ridge"]}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, tiny_run: Callable[..., Run]) -> tuple[Path, Any]:
    """The folder of the study, and its results by setting and variant, replicate by replicate."""
    root = tmp_path_factory.mktemp("study")
    truth: dict[tuple[str, str], list[list[Result]]] = {}
    for setting, (splits, inits) in DESIGN.items():
        for variant in VARIANTS[setting]:
            truth[setting, variant] = [
                [
                    made_up(
                        tiny_run(setting=setting, variant=variant, split=d, init=i, key=f"{setting}-{d}{i}")
                    )
                    for i in range(inits)
                ]
                for d in range(splits)
            ]
    for variant in ("baseline", "drop", "ridge"):
        grids = [grid for (_, name), grid in truth.items() if name == variant]
        write(root, variant, [result.run for grid in grids for row in grid for result in row])
    return root, truth


@pytest.fixture(scope="module")
def truth(written: tuple[Path, Any]) -> Any:
    return written[1]


@pytest.fixture(scope="module")
def cells(written: tuple[Path, Any]) -> Cells:
    by_place = {
        (cell.setting, cell.variant): cell
        for stage in ("baseline", "drop", "ridge")
        for cell in read(written[0], stage)
    }
    return {
        (setting, variant): by_place[setting, variant] for setting in DESIGN for variant in VARIANTS[setting]
    }


def softmax(logits: Any) -> Any:
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def score(result: Result, name: str) -> float:
    """Percent for errors, and test minus train for gaps."""
    final = result.final
    match name:
        case "error_gap":
            return 100 * (final["test_error"] - final["train_error"])
        case "cross_entropy_gap":
            return final["test_cross_entropy"] - final["train_cross_entropy"]
        case "test_error" | "train_error":
            return 100 * final[name]
    return final[name]


def per_replicate(grid: list[list[float]]) -> list[float]:
    """Means of the splits; of one split, the values of its inits."""
    return grid[0] if len(grid) == 1 else [mean(row) for row in grid]


def t_interval(values: list[float]) -> tuple[float, float]:
    half = stats.t.ppf(0.975, len(values) - 1) * stdev(values) / math.sqrt(len(values))
    return mean(values) - half, mean(values) + half


def only(table: pd.DataFrame, **where: str) -> pd.Series:
    for column, value in where.items():
        table = table[table[column] == value]
    assert len(table) == 1, where
    return table.iloc[0]


def test_a_cell_has_the_records_and_predictions_of_its_grid(cells: Cells, truth: Any) -> None:
    assert set(cells) == {(setting, variant) for setting in DESIGN for variant in VARIANTS[setting]}
    for place, cell in cells.items():
        splits, inits = DESIGN[cell.setting]
        assert cell.log_probabilities.shape == (splits, inits, 20, 3)
        for d, i in itertools.product(range(splits), range(inits)):
            result = truth[place][d][i]
            assert cell.grid[d][i].run == result.run
            assert np.exp(cell.log_probabilities[d, i]) == pytest.approx(softmax(result.logits), rel=1e-5)


def test_the_first_splits_and_inits_of_a_cell(cells: Cells) -> None:
    whole = cells["crossed", "ridge"]
    first = whole.first(2)
    assert [[(r.run.split, r.run.init) for r in row] for row in first.grid] == [[(0, 0)], [(1, 0)]]
    assert np.array_equal(first.log_probabilities, whole.log_probabilities[:2, :1])


def test_a_row_a_run(cells: Cells, truth: Any) -> None:
    for place, cell in cells.items():
        table = evaluation.runs(cell).to_dict("records")
        expected = [
            {"setting": place[0], "variant": place[1], "split": d, "init": i, "run_key": f"{place[0]}-{d}{i}"}
            | {"epochs": len(result.history["loss"])}
            | {name: score(result, name) for name in SCORES}
            | dict.fromkeys(metrics.held_out(), math.nan)  # nothing was held out
            for d, row in enumerate(truth[place])
            for i, result in enumerate(row)
        ]
        assert len(table) == len(expected)
        for received, wanted in zip(table, expected, strict=True):
            assert received == pytest.approx(wanted, nan_ok=True)


@pytest.mark.parametrize("name", SCORES)
def test_summary_of_a_score(cells: Cells, truth: Any, name: str) -> None:
    for place, cell in cells.items():
        values = per_replicate([[score(result, name) for result in row] for row in truth[place]])
        row = only(evaluation.summary(cell, cell.decomposed(LABELS)), metric=name)
        assert (row.setting, row.variant, row.n) == (*place, 3)
        assert row.estimate == pytest.approx(mean(values))
        assert (row.low, row.high) == pytest.approx(t_interval(values))


def brier(grid: list[list[Any]]) -> dict[str, float]:
    """Variance as half the squared distance of two models that share neither split nor init."""
    models = {(d, i): p for d, row in enumerate(grid) for i, p in enumerate(row)}
    risk = mean(float(((p - np.eye(3)[LABELS]) ** 2).sum(axis=1).mean()) for p in models.values())
    variance = mean(
        float(((models[a] - models[b]) ** 2).sum(axis=1).mean()) / 2
        for a, b in itertools.permutations(models, 2)
        if (a[0] != b[0] or len(grid) == 1) and (a[1] != b[1] or len(grid[0]) == 1)
    )
    return {"risk": risk, "bias": risk - variance, "variance": variance}


def test_bias_and_variance_of_squared_error_with_their_jackknife(cells: Cells, truth: Any) -> None:
    for place, cell in cells.items():
        grid = [[softmax(result.logits) for result in row] for row in truth[place]]
        if len(grid) == 1:  # the inits are the replicates, to be left out in turn
            kept = [[[p for i, p in enumerate(grid[0]) if i != out]] for out in range(3)]
        else:
            kept = [[row for d, row in enumerate(grid) if d != out] for out in range(3)]
        whole, left_out = brier(grid), [brier(part) for part in kept]
        for part, expected in whole.items():
            center = mean(terms[part] for terms in left_out)
            error = math.sqrt(2 / 3 * sum((terms[part] - center) ** 2 for terms in left_out))
            half = stats.t.ppf(0.975, 2) * error
            row = only(evaluation.summary(cell, cell.decomposed(LABELS)), metric=f"squared_error_{part}")
            assert row.estimate == pytest.approx(expected, rel=1e-5)
            assert (row.high - row.estimate, row.estimate - row.low) == pytest.approx((half, half), rel=1e-4)
            assert row.n == 3


def test_the_sources_of_variance_by_pairs_that_share_one(cells: Cells, truth: Any) -> None:
    """Two models with the same training set differ by what comes with the weights and with both together."""
    models = {
        (d, i): softmax(result.logits)
        for d, row in enumerate(truth["crossed", "drop"])
        for i, result in enumerate(row)
    }
    halves: dict[tuple[bool, bool], list[float]] = {}
    for (a, p), (b, q) in itertools.permutations(models.items(), 2):
        half = float(((p - q) ** 2).sum(axis=1).mean()) / 2
        halves.setdefault((a[0] == b[0], a[1] == b[1]), []).append(half)
    total = mean(halves[False, False])
    split, init = total - mean(halves[True, False]), total - mean(halves[False, True])
    row = only(evaluation.decomposition(cells["crossed", "drop"], LABELS))
    assert (row.variance_split, row.variance_init) == pytest.approx((split, init), rel=1e-4)
    assert row.variance_interaction == pytest.approx(total - split - init, rel=1e-4)
    lone = only(evaluation.decomposition(cells["lone", "ridge"], LABELS))
    assert lone[["variance_split", "variance_init", "variance_interaction"]].isna().all()


def test_bias_and_variance_of_the_error_in_percent(cells: Cells, truth: Any) -> None:
    votes = np.array([result.logits.argmax(axis=1) for result in truth["lone", "ridge"][0]])
    error = 100 * float((votes != LABELS).mean())
    differ = [100 * float((p != q).mean()) for p, q in itertools.combinations(votes, 2)]
    row = only(evaluation.decomposition(cells["lone", "ridge"], LABELS))
    assert row.kohavi_wolpert_variance == pytest.approx(mean(differ) / 2)
    assert row.kohavi_wolpert_bias == pytest.approx(error - mean(differ) / 2)
    by_image = votes.T.tolist()
    modes = [min(set(cast), key=lambda c: (-cast.count(c), c)) for cast in by_image]
    off = [mean(int(vote != mode) for vote in cast) for cast, mode in zip(by_image, modes, strict=True)]
    biased = [int(mode != label) for mode, label in zip(modes, LABELS, strict=True)]
    assert row.domingos_bias == pytest.approx(100 * mean(biased))
    for variance, kind in ((row.domingos_variance_biased, 1), (row.domingos_variance_unbiased, 0)):
        assert variance == pytest.approx(
            100 * mean(v * (b == kind) for v, b in zip(off, biased, strict=True))
        )


def test_variance_of_cross_entropy_over_the_inits_of_one_split(cells: Cells, truth: Any) -> None:
    """-log Z of the geometric mean, times N / (N - 1) for three independent models."""
    models = [softmax(result.logits) for result in truth["lone", "ridge"][0]]
    plug_in = [
        -math.log(sum(math.prod(float(model[m, c]) for model in models) ** (1 / 3) for c in range(3)))
        for m in range(20)
    ]
    row = only(
        evaluation.summary(cells["lone", "ridge"], cells["lone", "ridge"].decomposed(LABELS)),
        metric="cross_entropy_variance",
    )
    assert row.estimate == pytest.approx(3 / 2 * mean(plug_in), rel=1e-5)


def test_risk_is_bias_plus_variance(cells: Cells, truth: Any) -> None:
    for place, cell in cells.items():
        table = evaluation.summary(cell, cell.decomposed(LABELS))
        for loss in ("squared_error", "cross_entropy"):
            risk, bias, variance = (
                only(table, metric=f"{loss}_{part}").estimate for part in ("risk", "bias", "variance")
            )
            assert risk == pytest.approx(bias + variance)
            assert variance > 0
        models = [cell.log_probabilities[d, i] for d, row in enumerate(truth[place]) for i in range(len(row))]
        losses = [-float(model[m, LABELS[m]]) for model in models for m in range(20)]
        assert only(table, metric="cross_entropy_risk").estimate == pytest.approx(mean(losses))


def difference(cells: Cells, setting: str, variant: str) -> pd.DataFrame:
    compared, reference = (
        evaluation.Measured.of(cell, cell.decomposed(LABELS), LABELS)
        for cell in (cells[setting, variant], cells[setting, "baseline"])
    )
    return evaluation.differences(compared, reference)


def test_differences_have_sign_flips_and_an_interval_for_other_images(cells: Cells, truth: Any) -> None:
    table = difference(cells, "crossed", "ridge")
    wrong = {
        name: [
            np.mean([result.logits.argmax(axis=1) != LABELS for result in row], axis=0)
            for row in truth["crossed", name]
        ]
        for name in ("ridge", "baseline")
    }
    grid = 100 * (np.array(wrong["ridge"]) - np.array(wrong["baseline"]))  # 3 training sets x 20 images
    row = only(table, metric="test_error")
    # The standard error of a mean over random rows and columns, by its three mean squares.
    by_row, by_column = grid.mean(axis=1), grid.mean(axis=0)
    rest = grid - by_row[:, None] - by_column + grid.mean()
    parts = by_row.var(ddof=1) / 3, by_column.var(ddof=1) / 20, (rest**2).sum() / (2 * 19) / 60
    error = math.sqrt(max(parts[0] + parts[1] - parts[2], *parts))
    assert grid.mean() - row.resampled_low > error
    assert row.resampled_high - grid.mean() > error
    assert table.resampled_low.notna().sum() == 1
    for name in SCORES:
        a, b = (
            per_replicate([[score(result, name) for result in line] for line in truth["crossed", which]])
            for which in ("ridge", "baseline")
        )
        changes = np.array(a) - np.array(b)
        sums = [abs(np.dot(signs, changes)) for signs in itertools.product((-1, 1), repeat=3)]
        expected = mean(float(flipped >= abs(changes.sum()) - 1e-12) for flipped in sums)
        assert only(table, metric=name).p_sign_flip == pytest.approx(expected)


def test_differences_of_bias_and_variance_are_jackknifed_in_pairs(cells: Cells, truth: Any) -> None:
    def without(variant: str, out: int | None) -> dict[str, float]:
        grid = [[softmax(result.logits) for result in row] for row in truth["crossed", variant]]
        return brier([row for d, row in enumerate(grid) if d != out])

    table = difference(cells, "crossed", "ridge")
    for part in ("risk", "bias", "variance"):
        whole = without("ridge", None)[part] - without("baseline", None)[part]
        left_out = [without("ridge", d)[part] - without("baseline", d)[part] for d in range(3)]
        error = math.sqrt(2 / 3 * sum((left - mean(left_out)) ** 2 for left in left_out))
        row = only(table, metric=f"squared_error_{part}")
        assert row.estimate == pytest.approx(whole, rel=1e-4)
        assert row.high - row.estimate == pytest.approx(stats.t.ppf(0.975, 2) * error, rel=1e-3)
        assert row.p_value == pytest.approx(2 * stats.t.sf(abs(whole) / error, 2), rel=1e-3)


def test_differences_are_paired_t_tests(cells: Cells, truth: Any) -> None:
    for setting, variant in (("crossed", "drop"), ("crossed", "ridge"), ("lone", "ridge")):
        table = difference(cells, setting, variant)
        assert table.metric.tolist()[: len(SCORES)] == list(SCORES)
        for name in SCORES:
            compared, reference = (
                per_replicate([[score(result, name) for result in row] for row in truth[setting, which]])
                for which in (variant, "baseline")
            )
            changes = [a - b for a, b in zip(compared, reference, strict=True)]
            row = only(table, metric=name)
            assert (row.setting, row.variant, row.n) == (setting, variant, 3)
            assert row.estimate == pytest.approx(mean(changes))
            assert (row.low, row.high) == pytest.approx(t_interval(changes))
            assert row.p_value == pytest.approx(stats.ttest_rel(compared, reference).pvalue)


def test_holm_is_within_a_setting_a_score_and_a_reference() -> None:
    places = [("a", "x"), ("a", "y"), ("a", "x"), ("b", "x"), ("a", "x"), ("a", "y")]
    frame = pd.DataFrame(places, columns=["setting", "metric"]).assign(
        p_value=[0.01, 0.04, 0.04, 0.02, 0.03, 0.5], reference="baseline"
    )
    frame = pd.concat([frame, frame.head(1).assign(reference="tuned_baseline")])
    # a/x: 3 x .01, 2 x .03, and .04 raised to that; a/y: 2 x .04, 1 x .5; b/x stands alone.
    expected = [0.03, 0.08, 0.06, 0.02, 0.06, 0.5, 0.01]
    assert evaluation.adjusted(frame).p_holm.tolist() == pytest.approx(expected)
    assert "p_holm" not in frame


def test_curves_end_with_the_shortest_run(cells: Cells, truth: Any) -> None:
    for place, cell in cells.items():
        epochs = 2 if place[1] == "drop" else 4
        table = evaluation.curves(cell)
        assert table.metric.unique().tolist() == ["loss", "train_error", "validation_cross_entropy"]
        assert len(table) == 3 * epochs
        for name, epoch in itertools.product(table.metric.unique(), range(1, epochs + 1)):
            scale = 100 if name == "train_error" else 1
            grid = [[scale * result.history[name][epoch - 1] for result in row] for row in truth[place]]
            row = only(table[table.epoch == epoch], metric=name)
            assert (row.setting, row.variant) == place
            assert row.estimate == pytest.approx(mean(per_replicate(grid)))
            assert (row.low, row.high) == pytest.approx(t_interval(per_replicate(grid)))


def test_overview_and_metrics_are_the_headlines_of_the_summary(cells: Cells) -> None:
    frames = [evaluation.summary(cell, cell.decomposed(LABELS)) for cell in cells.values()]
    summary = pd.concat(frames, ignore_index=True)
    overview = evaluation.overview(summary)
    names = ["test_error", "test_cross_entropy", "gap", "bias", "variance"]
    limits = [f"{name}{end}" for name in names for end in ("", "_low", "_high")]
    assert overview.columns.tolist() == ["setting", "variant", *limits]
    assert list(zip(overview.setting, overview.variant, strict=True)) == list(cells)
    headline = evaluation.headline(overview)
    assert {setting: list(variants) for setting, variants in headline.items()} == VARIANTS
    sources = [*names[:2], "cross_entropy_gap", "squared_error_bias", "squared_error_variance"]
    for setting, variant in cells:
        row = only(overview, setting=setting, variant=variant)
        assert list(headline[setting][variant]) == names
        for name, source in zip(names, sources, strict=True):
            expected = only(summary, setting=setting, variant=variant, metric=source)
            found = row[[name, f"{name}_low", f"{name}_high"]].tolist()
            assert found == expected[["estimate", "low", "high"]].tolist()
            assert headline[setting][variant][name] == round(expected.estimate, 5)


def test_the_errors_that_dvc_shows_are_by_variant_and_setting_and_rounded() -> None:
    rows = [("a", "baseline", 12.865), ("a", "drop", 9.0), ("b", "baseline", 2.3908)]
    overview = pd.DataFrame(rows, columns=["setting", "variant", "test_error"])
    assert evaluation.errors_by_variant(overview) == {"baseline": {"a": 12.87, "b": 2.39}, "drop": {"a": 9.0}}


# ---- what was tuned ----


def tried(tiny_run: Callable[..., Run], regularizers: list[Any], **called: str) -> Plan:
    """A cell with two trials and a run a candidate."""
    candidates = [
        Candidate(
            trials=[
                tiny_run(**called, regularizers=mix, trial=number, split=split, key=f"{number}{split}")
                for split in (3, 4)
            ],
            runs=[tiny_run(**called, regularizers=mix, key=f"{number}-run")],
        )
        for number, mix in enumerate(regularizers)
    ]
    return {candidates[0].runs[0].cell: candidates}


def test_a_row_a_candidate_that_was_tried(tmp_path: Path, tiny_run: Callable[..., Run]) -> None:
    mixes = [{"l2": {"strength": 0.001}, "dropout": {"rate": rate}} for rate in (0.25, 0.5)]
    plan = tried(tiny_run, mixes, variant="both")
    # What a question tries is its own: only the settings' candidates are in the table.
    asked = tried(tiny_run, mixes, variant="both", question="choice")
    choice = Choice(candidate=1, losses=[0.5, 0.4])
    write(tmp_path, "both", plan | asked, dict.fromkeys((*plan, *asked), choice))
    assert evaluation.tuning(tmp_path, "both").to_dict("records") == [
        {
            "setting": "tiny",
            "variant": "both",
            "candidate": number,
            "values": f"l2.strength=0.001 dropout.rate={rate}",
            "validation_cross_entropy": loss,
            "chosen": number == 1,
        }
        for number, rate, loss in ((0, 0.25, 0.5), (1, 0.5, 0.4))
    ]


def test_the_candidates_of_the_baseline_are_told_apart_by_epochs_and_rate(
    tmp_path: Path, tiny_run: Callable[..., Run]
) -> None:
    plan = tried(tiny_run, [{}, {}], variant="tuned_baseline")
    write(tmp_path, "baseline", plan, {name: Choice(candidate=0, losses=[0.5, 0.6]) for name in plan})
    table = evaluation.tuning(tmp_path, "baseline")
    assert table["values"].tolist() == 2 * ["epochs=3 learning_rate=0.001"]


def test_a_variant_that_was_not_tuned_has_columns_and_no_rows(
    tmp_path: Path, tiny_run: Callable[..., Run]
) -> None:
    write(tmp_path, "baseline", [tiny_run()])
    table = evaluation.tuning(tmp_path, "baseline")
    assert len(table) == 0
    assert list(table) == list(evaluation.TRIED)
