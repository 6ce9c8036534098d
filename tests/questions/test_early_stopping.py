"""Early stopping: what is measured of histories by hand, and what follows from made-up tables."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.datasets import prepared
from pipeline.datasets.images import Images
from pipeline.datasets.prepared import Split
from pipeline.evaluation.cells import Cell
from pipeline.plan import Run
from pipeline.questions.base import Question
from pipeline.questions.early_stopping import answer, measure
from pipeline.questions.early_stopping.claims import CLAIMS
from pipeline.questions.early_stopping.draw import draw
from pipeline.questions.verdicts import evidence_table, verdict_table
from pipeline.science.verdicts import Outcome, Verdict
from tests.questions import made
from tests.questions.made import SPLITS, noise

MakeRun = Callable[..., Run]
BY_NUMBER = {claim.number: claim for claim in CLAIMS}
HISTORY = {
    "validation_cross_entropy": [3.0, 2.0, 2.5, 1.0, 1.5, 1.5, 2.0, 2.5, 3.0],
    "validation_error": [0.5, 0.4, 0.3, 0.35, 0.25, 0.2, 0.3, 0.3, 0.2],
}
STOPPED = {"early_stopping": {"patience": 2}}


def made_up(effect: float) -> dict[str, pd.DataFrame]:
    """Tables in which every claim is true where `effect` is 1 and the opposite is where it is -1."""
    replicates: list[dict[str, Any]] = [{"setting": "small", "split": s, "init": 0} for s in SPLITS]
    return {
        "rises": pd.DataFrame(
            replicate
            | {"loss_rise": 0.5 * effect + noise(9)[replicate["split"]]}
            | {"error_rise": 2 * effect + noise(9)[replicate["split"]]}
            for replicate in replicates
        ),
        "memorised": pd.DataFrame(
            replicate | {"variant": variant, "seen": seen + noise(6)[replicate["split"]], "unseen": 0.1}
            for replicate in replicates
            for variant, seen in (("baseline", 0.5), ("early_stopping", 0.12 if effect > 0 else 0.9))
        ),
        "stops": pd.DataFrame(
            replicate
            | {"criterion": criterion, "patience": patience, "stopped": 20}
            | {"epochs_saved": 40 if patience == 5 else 1, "loss_regret": 0.0123, "error_regret": 0.456}
            for replicate in replicates
            for criterion in ("cross_entropy", "error")
            for patience in (1, 5)
        ),
    }


@pytest.fixture
def cell(tiny_run: MakeRun) -> Callable[..., Cell]:
    """Make a cell of 2 training sets and 2 inits, the first init watched; the test may change its runs."""

    def make(**changes: Any) -> Cell:
        runs = [
            [tiny_run(**{"split": s, "init": i, "curves": i == 0} | changes) for i in (0, 1)] for s in (0, 1)
        ]
        return made.cell(runs, HISTORY)

    return make


def test_the_rule_is_applied_to_the_histories_of_the_baseline(cell: Callable[..., Cell]) -> None:
    baseline = {"tiny": cell(), "blind": cell(setting="blind", validation_size=0)}
    tables = measure.measure(made.study(Path(), {"baseline": baseline}))
    stops = tables["stops"]
    replicates = stops[["setting", "split", "init"]].drop_duplicates().to_numpy().tolist()
    assert replicates == [["tiny", 0, 0], ["tiny", 1, 0]]
    first = (
        stops[stops.split == 0]
        .set_index(["criterion", "patience"])
        .drop(columns=["setting", "split", "init"])
    )
    assert first.index.tolist() == [(c, p) for c in ("cross_entropy", "error") for p in measure.PATIENCES]
    # stopped, restored, best epoch, epochs saved, regret in loss (nats) and in error (points)
    expected = {
        ("cross_entropy", 1): [3, 2, 4, 6, 1.0, 20.0],
        ("cross_entropy", 2): [6, 4, 4, 3, 0.0, 15.0],
        ("error", 1): [4, 3, 6, 5, 1.5, 10.0],
        ("error", 2): [8, 6, 6, 1, 0.5, 0.0],
        ("error", 5): [9, 6, 6, 0, 0.5, 0.0],
    }
    for rule, values in expected.items():
        assert first.loc[rule].tolist() == pytest.approx(values)
    assert tables["rises"].empty
    assert tables["memorised"].empty


def test_a_rise_is_from_the_restored_epoch_to_the_mean_of_the_last_ones(cell: Callable[..., Cell]) -> None:
    stopped = cell(variant="early_stopping", regularizers=STOPPED)
    cells = {"baseline": {"tiny": cell()}, "early_stopping": {"tiny": stopped}}
    rises = measure.measure(made.study(Path(), cells))["rises"]
    assert rises.restored.tolist() == [4, 4]
    assert rises.loss_rise.to_numpy() == pytest.approx((1.5 + 1.5 + 2.0 + 2.5 + 3.0) / 5 - 1)
    assert rises.error_rise.to_numpy() == pytest.approx((25 + 20 + 30 + 30 + 20) / 5 - 35)


def test_wrong_labels_are_counted_of_the_own_training_set_and_of_the_next(
    cell: Callable[..., Cell], tiny_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An image a pixel, all of class 0; the networks put out a class a pixel."""
    pixels = 255 * np.eye(8, dtype=np.uint8).reshape(8, 2, 4)
    right = np.zeros(8, np.uint8)
    labels = np.array([[0, 1, 2, 0], [0, 3, 0, 3]], np.uint8)  # images 1, 2, 5 and 7 are wrongly labelled
    split = Split(train=np.arange(8).reshape(2, 4), labels=labels, validation=np.array([0]))
    images = Images(pixels, right, pixels, right)
    prepared.write(tmp_path, {"mnist": (images, {"noisy": split, "single": split})})
    outputs = {"plain": [0, 1, 2, 0, 0, 0, 0, 3], "stopped": [0, 0, 2, 0, 0, 0, 0, 0]}
    weights = {key: made.dense(np.eye(4)[classes], bias=[0] * 4) for key, classes in outputs.items()}
    monkeypatch.setattr("pipeline.records.read_weights", lambda root, stage, key: weights[key])

    noisy = {"setting": "noisy", "label_noise": 0.5}
    baseline, stopped = (
        {"key": "plain"},
        {"key": "stopped", "variant": "early_stopping", "regularizers": STOPPED},
    )
    single = [[tiny_run(**stopped | noisy | {"setting": "single"})]]
    cells = {
        "baseline": {
            "noisy": cell(**baseline, **noisy),
            "clean": cell(**baseline, setting="clean"),
            "single": made.cell([[tiny_run(**baseline | noisy | {"setting": "single"})]], HISTORY),
        },
        "early_stopping": {
            "noisy": cell(**stopped, **noisy),
            "clean": cell(**stopped, setting="clean"),
            "single": made.cell(single, HISTORY),
        },
    }
    memorised = measure.measure(made.study(tmp_path, cells))["memorised"]
    shares = {"baseline": [(1.0, 0.5), (0.5, 1.0)], "early_stopping": [(0.5, 0.0), (0.0, 0.5)]}
    assert memorised.to_numpy().tolist() == [
        ["noisy", split, init, variant, *of_variant[split]]
        for variant, of_variant in shares.items()
        for split in (0, 1)
        for init in (0, 1)
    ]


def test_a_study_that_holds_nothing_out_has_nothing_to_stop_by(cell: Callable[..., Cell]) -> None:
    tables = measure.measure(made.study(Path(), {"baseline": {"tiny": cell(validation_size=0)}}))
    assert list(tables) == ["stops", "rises", "memorised"]
    assert all(table.empty for table in tables.values())
    assert measure.metrics(tables) == {}


def test_the_metrics_are_those_of_one_patience() -> None:
    numbers = measure.metrics(made_up(1.0))["small"]
    assert list(numbers) == ["cross_entropy", "error", "memorised_baseline", "memorised_early_stopping"]
    assert numbers["error"] == {"loss_regret": 0.0123, "error_regret": 0.456, "epochs_saved": 40.0}
    assert numbers["memorised_baseline"] == pytest.approx(0.5, abs=0.02)


def test_the_question_reads_two_stages() -> None:
    question = Question("early_stopping")
    assert question.title == "When does early stopping stop?"
    assert list(BY_NUMBER) == ["6a", "6b"]


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

    def test_a_study_without_early_stopping_says_so(self, claim: Any) -> None:
        tables = made.empty(made_up(1.0))
        table = verdict_table([(claim, claim.evidence(tables))], tables)
        assert table.verdict.tolist() == ["inconclusive"]
        assert table.finding.tolist() == ["The study has no runs to judge it by."]


def test_of_a_single_training_set_the_inits_are_the_replicates() -> None:
    tables = made_up(1.0)
    rises = tables["rises"]
    single = tables | {"rises": rises.assign(split=0, init=rises.split)}
    assert BY_NUMBER["6a"].evidence(single) == BY_NUMBER["6a"].evidence(tables)


def test_memorising_some_labels_is_no_fault_where_the_end_memorises_more() -> None:
    """A third of the wrong labels against .93, though an unseen image gets 2 % of them."""
    tables = made_up(1.0)
    shares = {"baseline": 0.93, "early_stopping": 0.33}
    rows = tables["memorised"]
    wobble = np.where(rows.variant == "baseline", noise(6)[rows.split], 0.0)
    memorised = rows.assign(seen=rows.variant.map(shares) + wobble, unseen=0.02)
    claim = BY_NUMBER["6b"]
    (piece,) = evidence = claim.judged_by(tables | {"memorised": memorised})
    assert piece.estimate == pytest.approx(0.6 + noise(6).mean())
    assert (piece.margin, piece.equality) == (0.1, False)
    assert claim.verdict(evidence) is Verdict.SUPPORTED


def test_loss_and_error_need_not_turn_together() -> None:
    """The loss rises in both settings; the error in one, and in the other by less than its margin."""
    rises = made_up(1.0)["rises"]
    both = pd.concat([rises, rises.assign(setting="clean", error_rise=rises.error_rise - 2)])
    tables = made_up(1.0) | {"rises": both}
    claim = BY_NUMBER["6a"]
    evidence = claim.judged_by(tables)
    assert [(piece.condition, piece.unit, piece.outcome) for piece in evidence] == [
        ("small", "share", Outcome.HOLDS),
        ("small", "points", Outcome.HOLDS),
        ("clean", "share", Outcome.HOLDS),
        ("clean", "points", Outcome.ABSENT),
    ]
    assert claim.verdict(evidence) is Verdict.CONDITIONAL
    loss = f"{100 * rises.loss_rise.mean():+.1f} %"
    assert claim.finding(tables, evidence).startswith(
        f"The validation loss goes on to rise in small ({loss}) and clean ({loss}). The validation error "
        "goes on to rise in small (+2.0 points). The validation error does not rise by the margin in clean ("
    )
    filled = answer.values(made.study(Path(), {}), tables, evidence_table([(claim, evidence)]))
    said = "validation loss goes on to rise in every setting; the validation error rises in `small`."
    assert filled["answer"].endswith(said)


def test_a_finding_gives_the_means() -> None:
    tables = made_up(1.0)
    assert made.facts(BY_NUMBER["6a"].finding(tables, [])) == "5 saves 40 0.46"
    tables["memorised"] = pd.DataFrame(
        {"setting": "small", "variant": ["baseline", "early_stopping"], "seen": [0.5, 0.12], "unseen": 0.1}
    )
    assert made.facts(BY_NUMBER["6b"].finding(tables, [])) == "50% 10% 12% 10%"


def test_the_answer_has_the_numbers_of_the_tables() -> None:
    values = answer.values(made.study(Path(), {}), made_up(1.0), made.evidence())
    seen = made_up(1.0)["memorised"].groupby("variant").seen.mean()
    assert [made.facts(sentence) for sentence in values["sentences"]] == [
        "`small` 5 saves 40 60 0.012 0.46",
        f"`small` {seen['early_stopping']:.0%} {seen['baseline']:.0%}",
    ]
    assert values["drawn"]


def test_without_histories_nothing_is_said_or_drawn() -> None:
    tables = made.empty(made_up(1.0))
    values = answer.values(made.study(Path(), {}), tables, made.evidence())
    assert values == {
        **{"answer": "", "sentences": [], "drawn": False},
        **{"memorised": False, "several": False},
    }
    assert draw(tables) == {}


def test_there_is_a_row_a_setting_and_memorising_only_with_wrong_labels() -> None:
    tables = made_up(1.0)
    stops = pd.concat([tables["stops"], tables["stops"].assign(setting="clean")])
    figures = draw(tables | {"stops": stops})
    assert list(figures) == ["figure", "memorised", "every"]
    shown = {
        name: [axis.get_title().partition(":")[0] for axis in figures[name].axes[::3]]
        for name in ("figure", "every")
    }
    assert shown == {"figure": ["small"], "every": ["small", "clean"]}
    assert list(draw(tables | {"memorised": tables["memorised"].iloc[:0]})) == ["figure"]
