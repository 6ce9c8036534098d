"""Dropout: what is measured of networks by hand, and what follows from made-up tables."""

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
from pipeline.questions.base import Question
from pipeline.questions.dropout import answer, duration, measure, passes, silenced
from pipeline.questions.dropout.claims import CLAIMS
from pipeline.questions.dropout.draw import draw
from pipeline.questions.study import Study
from pipeline.questions.verdicts import verdict_table
from pipeline.science.verdicts import Outcome, Verdict
from tests.questions import made
from tests.questions.made import SPLITS, noise

MakeRun = Callable[..., Run]
# Four units, one an image; without its unit an image is taken for one of a fifth class, which none is of.
WEIGHTS = made.dense(np.eye(4, 5), bias=[0, 0, 0, 0, 0.5])
LABELS = [0, 1, 2, 3, 1]  # the last image is the first one again, with a wrong label


def made_up(effect: float) -> dict[str, pd.DataFrame]:
    """Tables in which every claim is true where `effect` is 1 and the opposite is where it is -1."""
    both = [("baseline", 0.0), ("dropout", effect)]
    replicates: list[dict[str, Any]] = [{"setting": "small", "split": s, "init": 0} for s in SPLITS]
    missed = 0.0 if effect > 0 else 2.0  # points by which passes differ from weight scaling
    return {
        "errors": pd.DataFrame(
            replicate
            | {"variant": variant, "share": 0.5, "error": 30.0}
            | {"rise": 20 - 8 * sign + noise(7)[replicate["split"]]}
            for replicate in replicates
            for variant, sign in both
        ),
        "correlation": pd.DataFrame(
            replicate | {"variant": variant, "correlation": 0.1 + 0.1 * (variant == "dropout")}
            for replicate in replicates
            for variant, _ in both
        ),
        "scores": pd.DataFrame(
            replicate
            | {"passes": number, "error": 10 + (missed + noise(5)[replicate["split"]]) * (number > 0)}
            | {"nll": 0.4, "ece": 0.1}
            for replicate in replicates
            for number in (0, 50, 100)
        ),
        "duration": pd.DataFrame(
            replicate
            | {"variant": variant}
            | dict.fromkeys(("epochs", "best_epoch"), 20 + 9 * sign + noise(8)[replicate["split"]])
            for replicate in replicates
            for variant, sign in both
        ),
    }


@pytest.fixture
def study(tiny_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """Dropout in `several` (2 training sets) and `single` (1), with 2 inits each; not in `plain`."""
    monkeypatch.setattr("pipeline.records.read_weights", lambda root, stage, key: WEIGHTS)
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
    for name in ("errors", "correlation", "scores"):
        assert tables[name].equals(before[name])
    sentences = answer.values(study, tables, made.evidence())["sentences"]
    assert sentences[-1] == "Only dense networks are looked into; left out: `maps`."


def test_silencing_a_unit_costs_its_image(study: Study) -> None:
    errors = silenced.measure(study)["errors"]
    # Of 4 units 0, 1, 2, 3 and 4 are silent; the last image is wrong anyway.
    of_one_run = errors.iloc[: len(silenced.SHARES)]
    assert of_one_run.share.tolist() == [0.1, 0.25, 0.5, 0.75, 0.9]
    assert of_one_run.error.tolist() == pytest.approx([20, 40, 60, 80, 100])
    assert of_one_run.rise.tolist() == pytest.approx([0, 20, 40, 60, 80])


def test_the_settings_with_dropout_are_measured_the_baseline_first(study: Study) -> None:
    correlation = silenced.measure(study)["correlation"]
    cells = correlation[["variant", "setting"]].drop_duplicates().to_numpy().tolist()
    names = ("several", "single")
    assert cells == [[variant, setting] for variant in ("baseline", "dropout") for setting in names]
    assert correlation.groupby("setting").size().to_dict() == {"several": 8, "single": 4}
    matrix = np.abs(np.corrcoef(np.eye(4)[[0, 1, 2, 3, 0]], rowvar=False))
    assert correlation.correlation.to_numpy() == pytest.approx(matrix[~np.eye(4, dtype=bool)].mean())


def test_passes_are_averaged_for_one_init_a_training_set_or_all_of_one(study: Study) -> None:
    scores = passes.measure(study)["scores"]
    replicates = scores[["setting", "split", "init"]].drop_duplicates().to_numpy().tolist()
    assert replicates == [["several", 0, 0], ["several", 1, 0], ["single", 0, 0], ["single", 0, 1]]
    assert scores.groupby(["setting", "split", "init"]).passes.agg(list).iloc[0] == [0, *passes.PASSES]


def test_weight_scaling_is_the_network_as_it_is(study: Study) -> None:
    scores = passes.measure(study)["scores"]
    scaling = scores[scores.passes == 0]
    logits = np.eye(4, 5)[[0, 1, 2, 3, 0]] + [0, 0, 0, 0, 0.5]
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    assert scaling.error.tolist() == [20.0] * 4
    assert scaling.nll.to_numpy() == pytest.approx(-logs[range(5), LABELS].mean(), rel=1e-6)


def test_the_passes_of_a_replicate_are_its_own_and_always_the_same(study: Study) -> None:
    first, again = (passes.measure(study)["scores"] for _ in range(2))
    pd.testing.assert_frame_equal(first, again)
    by_replicate = first[first.passes == 100].nll
    assert by_replicate.nunique() == 3  # two of the four replicates have the same split and init


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
        for rest in (["baseline", 2, True, 2], ["dropout", 3, True, 3])
    ]
    never = made.study(tmp_path, {"baseline": baseline, "dropout": cells("dropout", [0.9, 0.7, 0.8])})
    assert duration.measure(never)["duration"].iloc[1, 3:].tolist() == ["dropout", 4, False, 2]


def test_without_dropout_there_is_nothing_to_measure(tmp_path: Path) -> None:
    tables = measure.measure(made.study(tmp_path, {}))
    assert list(tables) == ["errors", "correlation", "scores", "duration"]
    assert all(table.empty for table in tables.values())
    assert measure.metrics(tables) == {}


def test_the_metrics_of_a_setting_are_together() -> None:
    numbers = measure.metrics(made_up(1.0))["small"]
    assert list(numbers) == ["baseline", "dropout", "weight_scaling", "passes_100"]
    assert numbers["dropout"] == {"rise": pytest.approx(12, abs=0.05), "correlation": 0.2}
    assert numbers["weight_scaling"] == {"error": 10.0, "nll": 0.4, "ece": 0.1}


def test_the_question_reads_two_stages() -> None:
    question = Question("dropout")
    assert question.title == "What does dropout do, in training and after?"
    assert [claim.number for claim in question.claims] == ["5a", "5b", "5c"]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.number)
class TestClaims:
    def test_made_up_data_that_bear_it_out_support_it(self, claim: Any) -> None:
        evidence = claim.evidence(made_up(1.0))
        assert {piece.outcome for piece in evidence} == {Outcome.HOLDS}
        assert claim.verdict(evidence) is Verdict.SUPPORTED

    def test_the_opposite_refutes_it(self, claim: Any) -> None:
        evidence = claim.evidence(made_up(-1.0))
        assert {piece.outcome for piece in evidence} == {Outcome.REVERSED}
        assert claim.verdict(evidence) is Verdict.REFUTED

    def test_a_study_without_dropout_says_so(self, claim: Any) -> None:
        tables = made.empty(made_up(1.0))
        table = verdict_table([(claim, claim.evidence(tables))], tables)
        assert table.verdict.tolist() == ["inconclusive"]
        assert table.finding.tolist() == ["The study has no runs to judge it by."]


FINDINGS = {
    "5a": "2,000 saves 8.0 8.0 8.0 0.200 0.100",
    "5b": "5,000 100 10.00 10.00 0.400 0.400 0.100 0.100",
    "5c": "29.0 20.0 29.0 20.0",
}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.number)
def test_a_finding_gives_the_means(claim: Any) -> None:
    tables = made_up(1.0)
    assert made.facts(claim.finding(tables, claim.evidence(tables))) == FINDINGS[claim.number]


def test_the_answer_has_the_numbers_of_the_evidence() -> None:
    evidence = made.evidence(
        ("5a", "small", "rise", 8.25),
        ("5b", "small", "error of 50 passes against weight scaling", 0.5),
        ("5b", "small", "error of 100 passes against weight scaling", 0.75),
        ("5c", "small", "epochs to the target", 7.0),
        ("5c", "small", "best epoch", 25.0),
    )
    values = answer.values(made.study(Path(), {}), made_up(1.0), evidence)
    assert [made.facts(sentence) for sentence in values["sentences"]] == [
        "saves 8.2 8.0 8.8 `small`",
        "100 +0.75 +0.50 +1.25 `small`",
        "later 25 25 26 `small`",
    ]
    assert values["drawn"]


def test_without_dropout_nothing_is_said_or_drawn() -> None:
    tables = made.empty(made_up(1.0))
    values = answer.values(made.study(Path(), {}), tables, made.evidence())
    assert values["sentences"] == []
    assert not values["drawn"]
    assert draw(tables) == {}


def test_there_is_a_column_a_setting() -> None:
    figures = draw({name: pd.concat([t, t.assign(setting="noisy")]) for name, t in made_up(1.0).items()})
    assert list(figures) == ["silenced", "passes"]
    assert [axis.get_title() for axis in figures["silenced"].axes] == ["small", "noisy"]
    assert [axis.get_title() for axis in figures["passes"].axes] == ["small", "noisy", "", "", "", ""]
