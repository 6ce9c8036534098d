"""The tradeoff: what is measured of predictions by hand, and the figure."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import special

from pipeline.datasets import prepared
from pipeline.datasets.images import Images
from pipeline.evaluation.cells import Cell
from pipeline.questions import Question
from pipeline.questions.study import Study
from pipeline.questions.tradeoff import measure
from pipeline.questions.tradeoff.draw import draw

QUESTION = Question("tradeoff")
LABELS = np.array([0, 1, 2, 1, 0], np.uint8)
STRENGTHS = (0.1, 0.3)
SETS = 3


def logits_of(key: str) -> np.ndarray:
    """Predictions (M, C) that only the run of this key has."""
    return np.random.default_rng(list(key.encode())).normal(0, 2, (len(LABELS), 3))


def probabilities(variant: str, strength: float) -> np.ndarray:
    """The predictions (D, M, C) of the first initialisation on every training set."""
    keys = [f"small-{variant}-{strength}-{split}-0".replace(".", "_") for split in range(SETS)]
    return np.asarray(special.softmax([logits_of(key) for key in keys], axis=-1))


def final(strength: float, split: int, init: int) -> dict[str, float]:
    """Scores that only this run has."""
    of_replicate = 0.01 * split**2 + 0.3 * init
    return {
        "test_error": 0.25 + strength + of_replicate,
        "train_error": 0.1 - strength / 10,
        "test_cross_entropy": 1.5 + strength * (2 + split) + of_replicate,
        "train_cross_entropy": 0.5 + of_replicate,
        "validation_cross_entropy": 1.0 + strength + split + 9 * init,
    }


@pytest.fixture
def study(
    path_study: Callable[..., Study],
    scored_cell: Callable[..., Cell],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Study:
    """Two strengths of l1 on three training sets; the baseline has a fourth set, and two inits on each."""
    monkeypatch.setattr("pipeline.records.read_logits", lambda root, stage, key: logits_of(key))
    pixels = np.zeros((len(LABELS), 2, 2), np.uint8)
    prepared.write(tmp_path, {"mnist": (Images(pixels, LABELS, pixels, LABELS), {})})
    baseline = scored_cell([[final(0, split, init) for init in (0, 1)] for split in range(SETS + 1)])
    steps = [
        scored_cell([[final(strength, split, 0)] for split in range(SETS)], "l1", strength)
        for strength in STRENGTHS
    ]
    crossed = scored_cell([[{}] * 2 for _ in range(SETS)])
    return path_study("tradeoff", tmp_path, [baseline], [*steps, crossed], splits=SETS)


@pytest.fixture
def tables(study: Study) -> dict[str, pd.DataFrame]:
    return measure.measure(study)


PATH = [("baseline", 0.0), *(("l1", strength) for strength in STRENGTHS)]


# ---- what is measured ----


def test_a_path_begins_with_the_baseline_on_the_same_training_sets(tables: dict[str, pd.DataFrame]) -> None:
    paths = tables["paths"]
    assert paths.columns.tolist() == [
        *("setting", "variant", "step", "strength", "metric"),
        *("estimate", "low", "high", "n", "validation_cross_entropy"),
    ]
    steps = paths.drop_duplicates("step")
    columns = ["setting", "variant", "step", "strength"]
    assert steps[columns].to_numpy().tolist() == [
        ["small", "l1", step, strength] for step, (_, strength) in enumerate(PATH)
    ]
    assert steps.validation_cross_entropy.tolist() == pytest.approx([2.0, 2.1, 2.3])
    assert set(paths.n) == {SETS}


def test_a_step_has_a_row_a_metric(tables: dict[str, pd.DataFrame]) -> None:
    scores = [
        *("test_error", "test_cross_entropy", "train_error", "train_cross_entropy"),
        *("error_gap", "cross_entropy_gap"),
    ]
    terms = [
        f"{loss}_{term}"
        for loss in ("squared_error", "cross_entropy")
        for term in ("risk", "bias", "variance")
    ]
    assert tables["paths"].metric.tolist() == 3 * [*scores, *terms]


def test_scores_are_means_over_the_training_sets(tables: dict[str, pd.DataFrame]) -> None:
    errors = tables["paths"][tables["paths"].metric == "test_error"]
    for row, (_, strength) in zip(errors.itertuples(), PATH, strict=True):
        values = np.array([25 + 100 * strength + split**2 for split in range(SETS)])
        arm = 4.302653 * values.std(ddof=1) / np.sqrt(SETS)  # Student's t at 97.5 %, 2 degrees of freedom
        expected = [values.mean(), values.mean() - arm, values.mean() + arm]
        assert [row.estimate, row.low, row.high] == pytest.approx(expected)


def decomposed(models: np.ndarray) -> tuple[float, float]:
    """Bias and variance of the squared error, of predictions (D, M, C)."""
    risk = ((models - np.eye(3)[LABELS]) ** 2).sum(axis=-1).mean()
    variance = models.var(axis=0, ddof=1).sum(axis=-1).mean()
    return float(risk - variance), float(variance)


def test_bias_and_variance_are_those_over_the_training_sets(tables: dict[str, pd.DataFrame]) -> None:
    rows = tables["paths"].set_index(["step", "metric"]).estimate
    for step, place in enumerate(PATH):
        bias, variance = decomposed(probabilities(*place))
        assert rows[step, "squared_error_bias"] == pytest.approx(bias)
        assert rows[step, "squared_error_variance"] == pytest.approx(variance)
        assert rows[step, "squared_error_risk"] == pytest.approx(bias + variance)


def line(values: list[float]) -> float:
    return float(np.polyfit(range(len(values)), values, 1)[0])


def test_the_slopes_of_bias_and_variance_are_pseudo_values(tables: dict[str, pd.DataFrame]) -> None:
    slopes = tables["slopes"]
    for term, name in enumerate(("bias", "variance")):

        def slope(kept: list[int], term: int = term) -> float:
            return line([decomposed(probabilities(*place)[kept])[term] for place in PATH])

        every = list(range(SETS))
        without = [slope([split for split in every if split != left]) for left in every]
        rows = slopes[slopes.metric == f"squared_error_{name}"]
        assert rows.replicate.tolist() == every
        pseudo = [SETS * slope(every) - (SETS - 1) * value for value in without]
        assert rows.slope.tolist() == pytest.approx(pseudo)


def test_the_slope_of_the_gap_is_that_of_every_training_set(tables: dict[str, pd.DataFrame]) -> None:
    slopes = tables["slopes"]
    assert slopes.columns.tolist() == ["setting", "variant", "metric", "replicate", "slope"]
    assert slopes.metric.unique().tolist() == [*measure.SLOPES, "cross_entropy_gap"]
    gaps = [[1 + strength * (2 + split) for _, strength in PATH] for split in range(SETS)]
    rows = slopes[slopes.metric == "cross_entropy_gap"]
    assert rows.slope.tolist() == pytest.approx([line(path) for path in gaps])


def test_the_metrics_are_mean_slopes_and_the_strength_of_least_risk(tables: dict[str, pd.DataFrame]) -> None:
    numbers = measure.metrics(tables)["small"]["l1"]
    gaps = [line([1 + strength * (2 + split) for _, strength in PATH]) for split in range(SETS)]
    assert numbers["cross_entropy_gap_slope"] == pytest.approx(np.mean(gaps), abs=1e-6)
    risks = [sum(decomposed(probabilities(*place))) for place in PATH]
    assert numbers["least_risk_strength"] == PATH[int(np.argmin(risks))][1]
    assert list(numbers) == [
        *(f"{metric}_slope" for metric in (*measure.SLOPES, "cross_entropy_gap")),
        "least_risk_strength",
    ]


# ---- the figure ----


def test_a_variant_has_a_column_and_a_setting_two_rows(tables: dict[str, pd.DataFrame]) -> None:
    path = tables["paths"]
    both = pd.concat([path, path.assign(variant="l2"), path.assign(setting="noisy")])
    figure = draw({"paths": both})["figure"]
    assert [axis.get_title() for axis in figure.axes] == [
        *("l1 in small", "l2 in small", "", ""),
        *("l1 in noisy", "l2 in noisy", "", ""),
    ]
    upper, _, lower, _, *_ = figure.axes
    for curve, term in zip(upper.lines, ("risk", "bias", "variance"), strict=True):
        rows = path[path.metric == f"squared_error_{term}"]
        assert curve.get_label() == term
        assert np.asarray(curve.get_ydata()).tolist() == rows.estimate.tolist()
    assert np.asarray(lower.lines[0].get_ydata()) == pytest.approx(
        path[path.metric == "cross_entropy_gap"].estimate.to_numpy()
    )
    assert [label.get_text() for label in upper.get_xticklabels()] == ["0", "0.1", "0.3"]


def test_the_question_is_asked() -> None:
    assert QUESTION.title == "What does it do to bias and variance?"
    assert QUESTION.order == 2
    assert [claim.number for claim in QUESTION.claims] == ["2a", "2b"]
