"""Intervals, p values and verdicts of small hand-made histories, against scipy's own."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from scipy import stats

from pipeline.compare import differences, sentences, sides
from pipeline.compare.differences import Basis, Difference
from pipeline.science import levels
from tests.compare.history import Grid, History

ByMetric = dict[tuple[str, str], Difference]  # cell and metric
RNG = np.random.default_rng(0)
BEFORE = np.round(RNG.normal(10, 0.5, size=(6, 2)), 2)
WORSE = BEFORE + np.round(RNG.normal(1.5, 0.2, size=(6, 2)), 2)
NOISE = BEFORE + np.round(RNG.normal(0.0, 0.3, size=(6, 2)), 2)
OTHER = np.round(np.random.default_rng(1).normal(10, 0.5, size=(8, 2)), 2)


def lists(scores: Mapping[str, np.ndarray]) -> dict[str, Grid]:
    return {cell: grid.tolist() for cell, grid in scores.items()}


def compared(
    history: History,
    before: Mapping[str, np.ndarray],
    after: Mapping[str, np.ndarray],
    changes: Mapping[str, Any] | None = None,
    both: Mapping[str, Any] | None = None,
    splits: str = "2" * 32,
) -> ByMetric:
    """The differences between two commits, the second with parameters changed; `both` are of both."""
    history.state(lists(before), both)
    history.commit("before")
    history.state(lists(after), {**(both or {}), **(changes or {})}, splits)
    history.commit("after")
    a, b = (sides.read(history.root, letter, name) for letter, name in (("A", "before"), ("B", "after")))
    return {
        (f"{difference.setting}/{difference.variant}", difference.metric): difference
        for difference in differences.differences(a, b)
    }


def limits(difference: Difference) -> tuple[float, ...]:
    assert difference.low is not None
    assert difference.high is not None
    assert difference.p_value is not None
    return difference.estimate, difference.low, difference.high, difference.p_value


def test_pairs_of_training_sets_with_the_inits_averaged_first(history: History) -> None:
    by_metric = compared(history, {"small/l2": BEFORE}, {"small/l2": WORSE}, {"variants.l2.l2.strength": 0.3})
    difference = by_metric["small/l2", "test_error"]
    old, new = BEFORE.mean(axis=1), WORSE.mean(axis=1)
    expected = stats.ttest_rel(new, old)
    interval = expected.confidence_interval(levels.LEVEL)
    assert limits(difference) == pytest.approx(
        ((new - old).mean(), interval.low, interval.high, expected.pvalue), rel=1e-6
    )
    assert (difference.basis, difference.replicates) == (Basis.PAIRED, "6 training sets")
    assert (difference.a, difference.b) == pytest.approx((BEFORE.mean(), WORSE.mean()))
    half = stats.t.ppf(0.975, 5) * stats.sem(new - old)
    said = f"worse by {(new - old).mean():.2f} ± {half:.2f} points"
    assert sentences.verdict(difference) == said
    loss = by_metric["small/l2", "test_cross_entropy"]
    assert limits(loss) == pytest.approx(
        ((new - old).mean() / 20, interval.low / 20, interval.high / 20, expected.pvalue), rel=1e-6
    )
    assert sentences.verdict(loss).startswith("worse by ")
    gap = sentences.verdict(by_metric["small/l2", "cross_entropy_gap"])
    assert gap == f"wider by {(new - old).mean() / 50:.3f} ± {half / 50:.3f} nats"


def test_the_other_way_round_it_is_better(history: History) -> None:
    by_metric = compared(history, {"small/l2": WORSE}, {"small/l2": BEFORE})
    assert sentences.verdict(by_metric["small/l2", "test_error"]).startswith("better by 1.")
    assert sentences.verdict(by_metric["small/l2", "cross_entropy_gap"]).startswith("narrower by 0.0")


def test_noise_is_no_evidence(history: History) -> None:
    difference = compared(history, {"small/l2": BEFORE}, {"small/l2": NOISE})["small/l2", "test_error"]
    assert stats.ttest_rel(NOISE.mean(axis=1), BEFORE.mean(axis=1)).pvalue > levels.ALPHA
    assert sentences.verdict(difference) == "no evidence of a change"


def test_holm_counts_what_differs_in_the_setting_and_nothing_else(history: History) -> None:
    """Three variants differ, two are the same runs, and another setting has a family of its own."""
    shifts = {"a": 0.25, "b": 0.2, "c": 0.02}
    rng = np.random.default_rng(3)
    after = {f"small/{name}": BEFORE + shift + rng.normal(0, 0.2, (6, 2)) for name, shift in shifts.items()}
    same = {"small/d": BEFORE, "small/e": OTHER}
    elsewhere = {"notebook/a": np.array([[9.0, 9.1, 9.2, 9.0, 9.1, 9.3]])}
    before = {**dict.fromkeys(after, BEFORE), **same, "notebook/a": elsewhere["notebook/a"]}
    moved = {"notebook/a": 1.1 * elsewhere["notebook/a"]}
    by_metric = compared(history, before, {**after, **same, **moved})
    plain = {
        cell: stats.ttest_rel(grid.mean(axis=1), BEFORE.mean(axis=1)).pvalue for cell, grid in after.items()
    }
    running = 0.0
    for rank, cell in enumerate(sorted(plain, key=lambda name: plain[name])):
        running = max(running, min(1.0, (3 - rank) * plain[cell]))
        assert by_metric[cell, "test_error"].p_holm == pytest.approx(running, rel=1e-6)
    for cell in same:
        difference = by_metric[cell, "test_error"]
        assert (difference.basis, difference.p_holm, difference.estimate) == (Basis.SAME, None, 0.0)
        assert sentences.verdict(difference) == "the same runs"
    alone = by_metric["notebook/a", "test_error"]
    assert alone.p_holm == alone.p_value
    assert alone.replicates == "6 initialisations of one training set"


def test_of_more_training_sets_the_shared_ones_are_paired(history: History) -> None:
    longer = np.vstack([WORSE, [[50.0, 50.0]]])
    difference = compared(history, {"small/l2": BEFORE}, {"small/l2": longer})["small/l2", "test_error"]
    assert difference.estimate == pytest.approx((WORSE - BEFORE).mean())
    assert difference.replicates == "6 training sets"
    assert difference.b == pytest.approx(longer.mean())


def test_of_more_inits_the_shared_ones_are_paired(history: History) -> None:
    difference = compared(history, {"small/l2": BEFORE}, {"small/l2": WORSE[:, :1]})["small/l2", "test_error"]
    expected = stats.ttest_rel(WORSE[:, 0], BEFORE[:, 0])
    assert difference.p_value == pytest.approx(expected.pvalue, rel=1e-6)


@pytest.mark.parametrize(
    "change",
    [
        {"settings.small.train_size": 500},
        {"settings.small.validation_size": 0},
        {"data.seed": 1},
        {"data.validation": 9000},
    ],
    ids=str,
)
def test_other_training_sets_are_not_paired(history: History, change: dict[str, Any]) -> None:
    difference = compared(history, {"small/l2": BEFORE}, {"small/l2": OTHER}, change, splits="9" * 32)[
        "small/l2", "test_error"
    ]
    old, new = BEFORE.mean(axis=1), OTHER.mean(axis=1)
    expected = stats.ttest_ind(new, old, equal_var=False)
    interval = expected.confidence_interval(levels.LEVEL)
    assert limits(difference) == pytest.approx(
        (new.mean() - old.mean(), interval.low, interval.high, expected.pvalue), rel=1e-6
    )
    assert difference.basis is Basis.UNPAIRED
    (said,) = sentences.method("small", [difference])
    assert said.startswith("Not paired")
    assert "Welch" in said
    assert "6 training sets against 8 training sets" in said
    assert difference.why == next(iter(change))


def two_way(grid: np.ndarray) -> tuple[float, float]:
    """The squared standard error of the mean of a grid with random rows and columns, and its degrees."""
    d, i = grid.shape
    rows = i * grid.mean(axis=1).var(ddof=1)  # mean squares
    columns = d * grid.mean(axis=0).var(ddof=1)
    cells = (((grid - grid.mean()) ** 2).sum() - (d - 1) * rows - (i - 1) * columns) / ((d - 1) * (i - 1))
    squares = max(rows + columns - cells, rows, columns, cells)
    degrees = squares**2 / (rows**2 / (d - 1) + columns**2 / (i - 1) + cells**2 / ((d - 1) * (i - 1)))
    return squares / (d * i), degrees


def test_another_seed_has_other_initial_weights_too(history: History) -> None:
    by_metric = compared(history, {"small/l2": BEFORE}, {"small/l2": OTHER}, {"settings.small.seed": 3})
    difference = by_metric["small/l2", "test_error"]
    (first, first_degrees), (second, second_degrees) = two_way(BEFORE), two_way(OTHER)
    degrees = (first + second) ** 2 / (first**2 / first_degrees + second**2 / second_degrees)
    change = OTHER.mean() - BEFORE.mean()
    half = stats.t.ppf(0.975, degrees) * np.sqrt(first + second)
    p_value = 2 * stats.t.sf(abs(change) / np.sqrt(first + second), degrees)
    assert limits(difference) == pytest.approx((change, change - half, change + half, p_value), rel=1e-6)
    assert (
        difference.replicates
        == "6 training sets x 2 initialisations against 8 training sets x 2 initialisations"
    )
    assert difference.why == "settings.small.seed"


def test_the_same_weights_for_all_of_a_side_are_no_change_of_the_study(history: History) -> None:
    """An initialisation moves all training sets of its side by a point: no two of a side show that."""
    steady = np.linspace(9.9, 10.1, 6)[:, None]
    before, after = steady + np.array([[0.0, 0.6]]), steady + np.array([[1.0, 1.3]])
    by_metric = compared(history, {"small/l2": before}, {"small/l2": after}, {"settings.small.seed": 3})
    assert stats.ttest_ind(after.mean(axis=1), before.mean(axis=1), equal_var=False).pvalue < 1e-4
    assert sentences.verdict(by_metric["small/l2", "test_error"]) == "no evidence of a change"


@pytest.mark.parametrize(
    ("changes", "both"),
    [
        ({"settings.small.data": "datasets/shapes.npz"}, {}),
        ({"settings.small.data": "fashion_mnist"}, {"settings.small.data": "mnist"}),
        ({}, {"settings.small.data": "datasets/shapes.npz"}),
        ({}, {"data.source": "datasets/shapes.npz"}),  # as earlier revisions say it
    ],
    ids=["own data", "another published one", "another file", "another file of earlier revisions"],
)
def test_scores_on_other_images_are_not_judged(
    history: History, changes: dict[str, Any], both: dict[str, Any]
) -> None:
    history.state(lists({"small/l2": BEFORE}), both)
    history.commit("before")
    history.state(lists({"small/l2": WORSE}), {**both, **changes})
    lock = history.root / "dvc.lock"
    same = sides.read(history.root, "B", "workspace")
    lock.write_text(lock.read_text(encoding="utf-8").replace("1" * 32, "7" * 32), encoding="utf-8")
    a, b = (sides.read(history.root, letter, name) for letter, name in (("A", "before"), ("B", "workspace")))
    difference = differences.differences(a, b)[0]
    assert sentences.verdict(difference) == "not judged: other test images"
    if not changes:
        assert differences.differences(a, same)[0].basis is Basis.PAIRED


@pytest.mark.parametrize(
    "change",
    [
        {"settings.small.network.dense.hidden": [64]},
        {"settings.small.label_noise": 0.2},
        {"settings.notebook.seed": 7},
    ],
    ids=str,
)
def test_the_same_images_are_paired_whatever_else_changes(history: History, change: dict[str, Any]) -> None:
    by_metric = compared(history, {"small/l2": BEFORE}, {"small/l2": WORSE}, change, splits="9" * 32)
    difference = by_metric["small/l2", "test_error"]
    assert difference.basis is Basis.PAIRED
    (said,) = sentences.method("small", [difference])
    caution = (
        "The initial weights differ between the sides, because settings.small.network.dense.hidden does."
    )
    assert (caution in said) == ("settings.small.network.dense.hidden" in change)


def test_other_code_that_draws_is_believed_where_its_data_are_the_same(history: History) -> None:
    history.state(lists({"small/l2": BEFORE}))
    history.commit("old")
    history.write("pipeline/datasets/draws.py", "# as before, in other words\n")
    history.state(lists({"small/l2": WORSE}))
    history.commit("same")
    history.state(lists({"small/l2": WORSE}), splits="9" * 32)
    history.commit("others")
    old, same, others = (sides.read(history.root, "A", name) for name in ("old", "same", "others"))
    assert differences.differences(old, same)[0].basis is Basis.PAIRED
    unpaired = differences.differences(old, others)[0]
    assert (unpaired.basis, unpaired.why) == (Basis.UNPAIRED, "pipeline/datasets/draws.py")


def test_the_code_that_draws_is_known_where_older_revisions_have_it(history: History) -> None:
    """It was in `pipeline/data` before there were several data sets."""
    for name in ("draws.py", "seeds.py", "splits.py"):
        path = history.root / "pipeline" / "datasets" / name
        history.write(f"pipeline/data/{name}", path.read_text(encoding="utf-8"))
        path.unlink()
    history.state(lists({"small/l2": BEFORE}))
    history.commit("old")
    history.state(lists({"small/l2": WORSE}), splits="9" * 32)
    history.commit("old-of-other-draws")
    for name in ("draws.py", "seeds.py", "splits.py"):
        (history.root / "pipeline" / "data" / name).unlink()
        history.write(f"pipeline/datasets/{name}", "# in other words\n")
    history.state(lists({"small/l2": WORSE}), splits="9" * 32)
    old, older_twin, new = (sides.read(history.root, "A", name) for name in ("HEAD~1", "HEAD", "workspace"))
    assert differences.differences(old, older_twin)[0].basis is Basis.PAIRED
    difference = differences.differences(old, new)[0]
    assert difference.basis is Basis.UNPAIRED
    assert difference.why == " and ".join(f"pipeline/data/{name}.py" for name in ("draws", "seeds", "splits"))


def test_a_metric_that_one_side_lacks_is_left_out(history: History) -> None:
    history.state(lists({"small/l2": BEFORE}))
    history.commit("before")
    table = history.root / "reports" / "tables" / "runs.csv"
    older = table.read_text(encoding="utf-8").replace("test_cross_entropy", "another_score")
    table.write_text(older, encoding="utf-8")
    a, b = (sides.read(history.root, letter, name) for letter, name in (("A", "before"), ("B", "workspace")))
    assert [difference.metric for difference in differences.differences(a, b)] == [
        "test_error",
        "cross_entropy_gap",
    ]


ONE = np.array([[9.0, 9.5, 10.0]])


@pytest.mark.parametrize(
    ("before", "after", "basis"),
    [
        (ONE, BEFORE, Basis.MIXED),
        (ONE, 1.1 * ONE, Basis.DRAWS),
        (BEFORE[:2, :1], OTHER[:2, :1], Basis.INITS),
    ],
)
def test_what_replicates_cannot_tell_is_not_judged(
    history: History, before: np.ndarray, after: np.ndarray, basis: Basis
) -> None:
    change = {"settings.small.seed": 3}
    difference = compared(history, {"small/l2": before}, {"small/l2": after}, change)[
        "small/l2", "test_error"
    ]
    assert difference.basis is basis
    assert sentences.verdict(difference) == f"not judged: {basis}"
    assert difference.low is None
    assert difference.estimate == pytest.approx(after.mean() - before.mean())


def test_one_replicate_is_not_judged(history: History) -> None:
    by_metric = compared(history, {"small/l2": ONE[:, :1]}, {"small/l2": ONE[:, :1] + 3})
    assert sentences.verdict(by_metric["small/l2", "test_error"]) == "not judged: fewer than two replicates"


def test_all_images_are_the_same_training_set_for_any_seed(history: History) -> None:
    after = 1.1 * ONE
    by_metric = compared(history, {"notebook/l2": ONE}, {"notebook/l2": after}, {"settings.notebook.seed": 9})
    difference = by_metric["notebook/l2", "test_error"]
    assert difference.basis is Basis.UNPAIRED
    assert difference.p_value == pytest.approx(stats.ttest_ind(after[0], ONE[0], equal_var=False).pvalue)


def test_of_means_alone_nothing_is_judged(history: History) -> None:
    history.state(lists({"small/l2": BEFORE}))
    history.commit("before")
    (history.root / "reports" / "tables" / "runs.csv").unlink()
    history.write(
        "reports/metrics/study.json",
        '{"small": {"l2": {"test_error": 99.0, "test_cross_entropy": 2.0, "gap": 1.0}}}',
    )
    history.commit("after")
    a, b = (sides.read(history.root, "A", name) for name in ("before", "after"))
    difference, *_ = differences.differences(a, b)
    assert difference.estimate == pytest.approx(99.0 - BEFORE.mean())
    assert sentences.verdict(difference) == "not judged: only means are known"
    assert list(sentences.warnings(a, b)) == [
        "only the means of B are known (reports/metrics/study.json), so nothing is judged"
    ]


def test_the_noise_of_the_seeds(history: History) -> None:
    """Within each training set around its own mean, over all variants and both sides."""
    scores = {"small/l2": BEFORE, "small/l1": OTHER, "notebook/l2": ONE}
    history.state(lists(scores))
    scores_read = sides.read(history.root, "A", "workspace").scores
    within = np.concatenate([BEFORE.var(axis=1, ddof=1), OTHER.var(axis=1, ddof=1)])
    assert differences.seed_noise([scores_read], "small", "test_error") == pytest.approx(
        np.sqrt(within.mean())
    )
    assert differences.seed_noise([scores_read], "notebook", "test_error") == pytest.approx(0.5)
    history.state(lists({"small/l2": BEFORE[:, :1]}))
    single = sides.read(history.root, "A", "workspace").scores
    assert differences.seed_noise([single], "small", "test_error") is None


def test_the_cells_that_only_one_side_has(history: History) -> None:
    history.state(lists({"small/a": BEFORE, "small/b": BEFORE}))
    old = sides.read(history.root, "A", "workspace").scores
    history.state(lists({"small/b": BEFORE, "notebook/c": ONE}))
    new = sides.read(history.root, "A", "workspace").scores
    assert differences.missing(old, new) == [("small", "a")]
    assert differences.missing(new, old) == [("notebook", "c")]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"settings.small.data": "mnist"}),
        ({"data.source": "mnist"}, {"settings.small.data": "mnist"}),
        ({}, {"settings.notebook.data": "datasets/shapes.npz"}),
    ],
    ids=["unsaid", "said for all settings", "another setting's"],
)
def test_mnist_is_the_same_however_a_revision_names_it(
    history: History, before: dict[str, Any], after: dict[str, Any]
) -> None:
    by_metric = compared(history, {"small/l2": BEFORE}, {"small/l2": WORSE}, after, before)
    assert by_metric["small/l2", "test_error"].basis is Basis.PAIRED
