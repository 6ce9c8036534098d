"""The tradeoff: what is measured of predictions by hand, and the figure."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from scipy import special

from pipeline.datasets import prepared
from pipeline.datasets.images import Images
from pipeline.datasets.prepared import Split
from pipeline.evaluation.cells import Cell
from pipeline.plan import Run
from pipeline.questions import Question
from pipeline.questions.study import Study
from pipeline.questions.tradeoff import complexity, measure
from pipeline.questions.tradeoff.draw import draw
from tests import asking
from tests.asking import dense
from tests.questions import made

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
    nothing = pd.DataFrame(columns=complexity.COLUMNS)  # the networks are looked into further below
    monkeypatch.setattr(complexity, "measured", lambda study: nothing)
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


def test_the_metrics_are_the_strengths_of_least_risk(tables: dict[str, pd.DataFrame]) -> None:
    risks = [sum(decomposed(probabilities(*place))) for place in PATH]
    least = PATH[int(np.argmin(risks))][1]
    assert measure.metrics(tables) == {"small": {"l1": {"least_risk_strength": least}}}


def test_settings_that_differ_in_their_network_alone_are_paired(raw_params: dict[str, Any]) -> None:
    small = raw_params["settings"]["small"]
    raw_params["settings"] |= {
        "deeper": small | {"network": dense(8, 8, 8), "splits": small["splits"] + 1},
        "noised": small | {"network": dense(8, 8), "label_noise": 0.1},
    }
    found = list(measure.shapes(asking.check(raw_params)))
    layers = asking.check(raw_params).settings["small"].network.network.described
    assert [pair for pair in found if "deeper" in pair] == [
        ("small", layers, "deeper", "hidden layers 8-8-8 (relu)")
    ]
    assert not any("noised" in pair for pair in found)


# ---- the figure ----


def curve(axis: Any) -> list[float]:
    """The line of the sum of bias and variance."""
    (line,) = (line for line in axis.lines if line.get_marker() == "None")
    return [float(value) for value in line.get_ydata()]


def test_a_variant_has_a_column_and_a_setting_a_row(tables: dict[str, pd.DataFrame]) -> None:
    path = tables["paths"]
    both = pd.concat([path, path.assign(variant="l2"), path.assign(setting="noisy")])
    figure = draw({"paths": both, "complexity": looked_into()})["paths"]
    shown = [axis for axis in figure.axes if axis.get_title()]
    assert [axis.get_title() for axis in shown] == [
        "l1 in small",
        "l2 in small",
        "l1 in noisy",
    ]
    risk = path[path.metric == "squared_error_risk"].estimate
    bias = path[path.metric == "squared_error_bias"].estimate
    assert curve(shown[0]) == risk.tolist()
    below, above = shown[0].collections
    edges = [set(np.asarray(area.get_paths()[0].vertices)[:, 1]) for area in (below, above)]
    assert set(bias) <= edges[0]
    assert set(bias) | set(risk) <= edges[1]
    assert [label.get_text() for label in shown[0].get_xticklabels()] == ["0", "0.1", "0.3"]
    marks = [line for line in shown[0].lines if line.get_marker() == "o"]
    filled = [line.get_markerfacecolor() == line.get_color() for line in marks]
    assert filled == (risk == risk.min()).tolist()


def path_of(variant: str, *terms: tuple[float, float]) -> pd.DataFrame:
    """Bias and variance along a path."""
    return pd.DataFrame(
        {"setting": "small", "variant": variant, "step": step, "strength": step / 10}
        | {"metric": f"squared_error_{name}", "estimate": value, "low": value, "high": value}
        for step, (bias, variance) in enumerate(terms)
        for name, value in (("bias", bias), ("variance", variance), ("risk", bias + variance))
    )


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        (((0.2, 0.2), (0.25, 0.1)), "Drop out: less variance but more bias"),
        (((0.2, 0.2), (0.1, 0.1)), "Drop out: less variance and less bias"),
        (((0.2, 0.2), (0.3, 0.2)), "Drop out: no strength lowers bias² + variance"),
    ],
)
def test_the_hero_is_the_path_along_which_the_risk_falls_most(
    terms: tuple[tuple[float, float], ...], said: str
) -> None:
    paths = pd.concat([path_of("drop_out", *terms), path_of("flat", (0.2, 0.2), (0.3, 0.3))])
    figure = draw({"paths": paths, "complexity": looked_into()})["hero"]
    assert figure.get_suptitle() == said
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert [text.partition(":")[0] for text in texts] == ["bias²", "variance", "lowest sum"]


def test_without_a_path_there_is_no_hero(tables: dict[str, pd.DataFrame]) -> None:
    nothing = tables["paths"].iloc[:0]
    assert list(draw({"paths": nothing, "complexity": looked_into()})) == ["complexity"]


def looked_into() -> pd.DataFrame:
    """`l2` halves every measure in two settings; `drop` doubles it in one."""
    factors = [("small", "baseline", 1.0), ("small", "l2", 0.5), ("small", "drop", 2.0)]
    factors += [("noisy", "baseline", 3.0), ("noisy", "l2", 1.5)]
    return pd.DataFrame(
        {"setting": setting, "variant": variant, "split": split, "init": 0}
        | dict.fromkeys(("norm", "directions", "gradient"), factor * (1 + split))
        for setting, variant, factor in factors
        for split in (0, 1)
    )


def test_complexity_is_drawn_relative_to_the_baseline(tables: dict[str, pd.DataFrame]) -> None:
    figure = draw(tables | {"complexity": looked_into()})["complexity"]
    assert [axis.get_title() for axis in figure.axes] == [
        "norm of all kernels",
        "effective rank of the first kernel",
        "gradient by the input",
    ]
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ["l2", "drop"]
    for axis in figure.axes:
        marks = {"s": [], "o": []}  # type: dict[Any, list[float]]
        for line in axis.lines:
            marks.setdefault(line.get_marker(), []).extend(np.asarray(line.get_xdata()).tolist())
        assert marks["o"] == pytest.approx([0.5, 2.0])
        assert marks["s"] == pytest.approx([0.5])
    assert draw(tables)["complexity"].axes[0].get_title() == "norm of all kernels"  # of nothing, too


# ---- complexity ----


def test_the_measures_of_a_network_by_hand(
    tmp_path: Path, tiny_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two live inputs of four, a kernel of equal singular values 3 there, and logits of weight 2."""
    seen = np.zeros((2, 2, 2), np.uint8)
    seen[0, 0, 0], seen[1, 0, 1] = 255, 51
    split = Split(train=np.array([[0, 1]]), labels=LABELS[None, :2], validation=np.array([0]))
    prepared.write(tmp_path, {"mnist": (Images(seen, LABELS[:2], seen, LABELS[:2]), {"tiny": split})})
    kernel = np.array([[3, 0], [0, 3], [100, 100], [100, 100]], np.float32)
    weights = {
        "hidden_1/kernel": kernel,
        "hidden_1/bias": np.array([1, -9], np.float32),  # the second unit is off
        "logits/kernel": np.array([[2, 0], [0, 2]], np.float32),
        "logits/bias": np.zeros(2, np.float32),
    }
    monkeypatch.setattr("pipeline.records.read_weights", lambda root, stage, key: weights)
    conv = {"conv": {"filters": [2], "kernel": 3, "dense": 4, "activation": "relu"}}
    params = cast(Any, SimpleNamespace(variants=["l2"]))
    cells = {
        "baseline": {"tiny": made.cell([[tiny_run(network=dense(2))]])},
        "l2": {"conv": made.cell([[tiny_run(setting="conv", variant="l2", network=conv)]])},
    }
    study = made.MadeStudy(tmp_path, params, QUESTION, cells)
    (row,) = complexity.measured(study).to_dict("records")
    assert (row["setting"], row["variant"]) == ("tiny", "baseline")
    assert row["norm"] == pytest.approx(np.sqrt(9 + 9 + 4 + 4))
    assert row["directions"] == pytest.approx(2)
    # The first unit alone is on: its weights 3, 0, 100 and 100 times 2.
    assert row["gradient"] == pytest.approx(2 * np.sqrt(9 + 2 * 100**2))
    assert complexity.left_out(study).to_numpy().tolist() == [["conv", "l2"]]


def test_the_question_is_asked() -> None:
    assert QUESTION.title == "What does it do to bias and variance?"
    assert QUESTION.order == 2
    assert [claim.number for claim in QUESTION.claims] == ["2a", "2b", "2c", "2d", "2e"]
