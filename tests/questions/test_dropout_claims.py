"""Dropout: what follows from made-up tables."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.questions.base import Question
from pipeline.questions.dropout import answer, compared, measure
from pipeline.questions.dropout.claims import CLAIMS
from pipeline.questions.dropout.damaged import LEVELS
from pipeline.questions.dropout.draw import draw
from pipeline.questions.verdicts import verdict_table
from pipeline.science.verdicts import Outcome, Verdict
from pipeline.system import markdown
from tests.questions import made
from tests.questions.made import SPLITS, noise

QUESTION = Question("dropout")
BY_NUMBER = {claim.number: claim for claim in CLAIMS}


def made_up(effect: float) -> dict[str, pd.DataFrame]:
    """Tables in which every claim is true where `effect` is 1 and the opposite is where it is -1."""
    both = [("baseline", 0.0), ("dropout", effect)]
    replicates: list[dict[str, Any]] = [{"setting": "small", "split": s, "init": 0} for s in SPLITS]
    runs = [
        (replicate | {"variant": variant}, sign, noise(7)[replicate["split"]] * (variant == "dropout"))
        for replicate in replicates
        for variant, sign in both
    ]
    missed = 0.0 if effect > 0 else -2.0  # points by which passes differ from weight scaling
    return {
        "errors": pd.DataFrame(
            run | {"share": 0.5, "error": 30.0, "rise": 20 - 8 * sign + wobble} for run, sign, wobble in runs
        ),
        "correlation": pd.DataFrame(
            run | {"correlation": 0.1 + 0.1 * (run["variant"] == "dropout")} for run, _, _ in runs
        ),
        "units": pd.DataFrame(
            run | {"changed": 2.0 ** (1 - sign) + wobble, "rise": 3 - 2 * sign + wobble}
            for run, sign, wobble in runs
        ),
        "pixels": pd.DataFrame(
            run
            | {"changed": 2.0 ** (1 - sign) + wobble}
            | {"mean_rise": 6 - 4 * sign + wobble, "worst_rise": 20 - 8 * sign + wobble}
            for run, sign, wobble in runs
        ),
        "damaged": pd.DataFrame(
            run
            | {"damage": kind, "level": level, "error": 30.0, "rise": (10 - 5 * sign + wobble) * (level > 0)}
            for run, sign, wobble in runs
            for kind, levels in LEVELS.items()
            for level in (0.0, *levels)
        ),
        "scores": pd.DataFrame(
            replicate
            | {"passes": number, "error": 10 + (missed + noise(5)[replicate["split"]]) * (number > 0)}
            | {"nll": 0.4, "ece": 0.1}
            | {"distance": 0.2 + 0.1 * effect * (number == 0) - noise(9)[replicate["split"]] * (number > 0)}
            for replicate in replicates
            for number in (0, 50)
        ),
        "duration": pd.DataFrame(
            run | dict.fromkeys(("epochs", "best_epoch"), 20 + 9 * sign + wobble)
            for run, sign, wobble in runs
        ),
    }


def test_the_metrics_of_a_setting_are_together() -> None:
    numbers = measure.metrics(made_up(1.0))["small"]
    assert list(numbers) == ["baseline", "dropout", "weight_scaling", "passes_50"]
    assert numbers["dropout"] == {"rise": pytest.approx(12, abs=0.05), "correlation": 0.2}
    assert numbers["weight_scaling"] == {"error": 10.0, "nll": 0.4, "ece": 0.1, "distance": 0.3}


def test_the_question_reads_two_stages() -> None:
    assert QUESTION.title == "What does dropout do, in training and after?"
    assert [claim.number for claim in QUESTION.claims] == ["5a", "5b", "5c", "5d", "5e", "5f"]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.number)
class TestClaims:
    def test_made_up_data_that_bear_it_out_support_it(self, claim: Any) -> None:
        evidence = claim.judged_by(made_up(1.0))
        assert {piece.outcome for piece in evidence} == {Outcome.HOLDS}
        assert claim.verdict(evidence) is Verdict.SUPPORTED

    def test_the_opposite_refutes_it(self, claim: Any) -> None:
        evidence = claim.judged_by(made_up(-1.0))
        assert {piece.outcome for piece in evidence} == {Outcome.REVERSED}
        assert claim.verdict(evidence) is Verdict.REFUTED

    def test_a_study_without_dropout_says_so(self, claim: Any) -> None:
        tables = made.empty(made_up(1.0))
        table = verdict_table([(claim, claim.judged_by(tables))], tables)
        assert table.verdict.tolist() == ["inconclusive"]
        assert table.finding.tolist() == ["The study has no runs to judge it by."]


def only(table: pd.DataFrame, column: str, baseline: float, dropout: float) -> pd.DataFrame:
    """A table in which a column has these means, with a little noise that does not hide them."""
    wobble = noise(3)[table.split] * (table.variant == "dropout")
    return table.assign(**{column: np.where(table.variant == "dropout", dropout, baseline) * (1 + wobble)})


def test_redundancy_is_half_of_the_units_and_one_at_a_time() -> None:
    """Half the units alone, which training under masks makes nearly true, do not carry the claim."""
    tables = made_up(1.0)
    tables["units"] = only(only(tables["units"], "changed", 1.0, 1.0), "rise", 0.3, 0.3)
    evidence = BY_NUMBER["5a"].judged_by(tables)
    assert [(piece.unit, piece.outcome) for piece in evidence] == [
        ("points", Outcome.HOLDS),
        ("log ratio", Outcome.ABSENT),
        ("points", Outcome.ABSENT),
    ]
    assert BY_NUMBER["5a"].verdict(evidence) is Verdict.CONDITIONAL


def test_predictions_that_change_are_compared_as_a_ratio() -> None:
    """Of .02 and .04 % the second is twice the first, whatever their difference is."""
    tables = made_up(1.0)
    tables["pixels"] = only(tables["pixels"], "changed", 0.04, 0.02)
    piece = BY_NUMBER["5b"].judged_by(tables)[0]
    assert (piece.unit, piece.outcome) == ("log ratio", Outcome.HOLDS)
    assert piece.estimate == pytest.approx(np.log(2), abs=0.02)
    assert piece.margin == pytest.approx(np.log(1.25))


def test_damage_is_judged_at_the_strongest_level() -> None:
    tables = made_up(1.0)
    damaged = tables["damaged"]
    strongest = damaged.level == damaged.damage.map({kind: levels[-1] for kind, levels in LEVELS.items()})
    tables["damaged"] = damaged.assign(rise=damaged.rise.where(strongest, -50.0))
    evidence = BY_NUMBER["5c"].judged_by(tables)
    assert [piece.endpoint.split()[-1] for piece in evidence] == list(LEVELS)
    assert [piece.estimate for piece in evidence] == pytest.approx([5.0] * 3, abs=0.05)


def test_passes_are_judged_once_and_initialisations_of_a_training_set_averaged() -> None:
    """The second initialisation adds no replicate: that is what two rows and twice the n took it for."""
    tables = made_up(1.0)
    tables["scores"] = pd.concat([tables["scores"], tables["scores"].assign(init=1)])
    (piece,) = BY_NUMBER["5d"].judged_by(tables)
    assert (piece.n, piece.equality, piece.margin) == (len(SPLITS), True, 0.1)
    assert piece.endpoint == "error of 50 passes minus weight scaling"


def test_a_prediction_that_is_the_average_would_bear_5e_out() -> None:
    (piece,) = BY_NUMBER["5e"].judged_by(made_up(-1.0))
    assert piece.outcome is Outcome.REVERSED
    assert piece.estimate == pytest.approx(-0.1, abs=0.01)


FINDINGS = {
    "5a": "12.00 20.00",
    "5b": "2.00 6.00",
    "5c": "5.00 10.00",
    "5d": "50 10.00 10.00 0.400 0.400 0.100 0.100",
    "5e": "0.3 0.2",
    "5f": "29.00 20.00 29.00 20.00",
}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.number)
def test_a_finding_gives_the_means(claim: Any) -> None:
    tables = made_up(1.0)
    assert made.facts(claim.finding(tables, claim.judged_by(tables))) == FINDINGS[claim.number]


def test_means_are_said_from_the_lowest_setting_to_the_highest() -> None:
    table = pd.DataFrame(
        {"setting": setting, "variant": variant, "rise": value + offset}
        for setting, offset in (("noisy", 2.0), ("small", 1.0))
        for variant, value in (("baseline", 4.0), ("dropout", 0.0), ("dropout", 1.0))
    )
    assert compared.said(table, "rise", 1, " points") == (
        "1.5 to 2.5 points with dropout and 5.0 to 6.0 points without"
    )
    small = table[table.setting == "small"]
    assert compared.said(small, "rise", 0, " %", "+") == "+2 % with dropout and +5 % without"


# ---- the answer ----


def test_the_answer_has_the_numbers_of_tables_and_evidence() -> None:
    evidence = made.evidence(
        ("5a", "small", "rise of the error without half of the units", 8.25),
        ("5a", "small", "predictions that change without one unit", 9.0),
        ("5d", "small", "error of 50 passes minus weight scaling", 0.75),
        ("5f", "small", "epochs to the target", 7.0),
        ("5f", "small", "best epoch", 25.0),
    )
    values = answer.values(made.study(Path(), {}), made_up(1.0), evidence)
    assert made.facts(values["answer"]) == "12.0 20.0"
    assert [made.facts(sentence) for sentence in values["sentences"]] == [
        "saves 8.2 8.0 8.8 `small`",
        "1.00 2.00 1.00 3.00",
        "1.00 2.00 2.0 6.0",
        *["+5.0 +10.0"] * 3,
        "50 +0.75 +0.50 +1.25 `small`",
        "later 25 25 26 `small`",
    ]
    assert "nearly true by construction" in values["sentences"][0]
    page = markdown.render(QUESTION.template, {"percent": "95 %"} | values)
    assert page.startswith(f"**{values['answer']}**")
    for name in draw(made_up(1.0)):
        assert f"(questions/dropout/{name}.png)" in page


def test_it_is_said_that_dropout_is_off_where_the_networks_predict_so() -> None:
    off = "The networks' own predictions are those with dropout off"
    study, nothing = made.study(Path(), {}), made.evidence()
    sentences = answer.values(study, made_up(-1.0), nothing)["sentences"]
    assert any(sentence.startswith(off) for sentence in sentences)
    sentences = answer.values(study, made_up(1.0), nothing)["sentences"]
    assert not any(sentence.startswith(off) for sentence in sentences)


def test_without_dropout_nothing_is_said_or_drawn() -> None:
    tables = made.empty(made_up(1.0))
    values = answer.values(made.study(Path(), {}), tables, made.evidence())
    assert (values["answer"], values["sentences"], values["drawn"]) == ("", [], False)
    assert draw(tables) == {}
    assert ".png" not in markdown.render(QUESTION.template, {"percent": "95 %"} | values)


def test_there_is_a_column_a_setting() -> None:
    figures = draw({name: pd.concat([t, t.assign(setting="noisy")]) for name, t in made_up(1.0).items()})
    assert list(figures) == ["silenced", "missing", "damaged", "passes"]
    assert [axis.get_title() for axis in figures["silenced"].axes] == ["small", "noisy"]
    assert [axis.get_title() for axis in figures["passes"].axes] == ["small", "noisy", "", "", "", ""]
    assert [axis.get_title() for axis in figures["damaged"].axes] == ["small", "noisy", "", "", "", ""]
    high = made_up(1.0)["damaged"]
    high = pd.concat([high, high.assign(setting="noisy", error=90.0)])
    for axis in draw(made_up(1.0) | {"damaged": high})["damaged"].axes:
        drawn = [value for line in axis.lines for value in np.asarray(line.get_ydata())]
        assert axis.get_ylim()[0] == 0
        assert axis.get_ylim()[1] >= max(drawn)
    rows = [label.get_text() for label in figures["missing"].axes[0].get_yticklabels()]
    assert rows == ["small", "noisy"]
    lines = [line for line in figures["missing"].axes[0].lines if len(np.asarray(line.get_xdata()))]
    assert len(lines) == 2 * 2 * 2  # an interval and a mean each
