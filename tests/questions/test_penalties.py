"""Penalties: the rules and the answer, from made-up runs and evidence."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.questions import Question
from pipeline.questions.penalties import answer
from pipeline.questions.penalties.claims import CLAIMS, PENALTIES
from pipeline.questions.verdicts import evidence_table, judge
from pipeline.science.verdicts import Outcome, Verdict
from pipeline.system import markdown
from tests.questions import made
from tests.questions.made import SPLITS, noise

QUESTION = Question("penalties")
UNSEEN, NOISE = CLAIMS
SCORES = ("test_cross_entropy", "test_error")
PLAIN, TUNED = "the same training without it", "the tuned baseline"


def centred(*seed: int) -> np.ndarray:
    """A little, which leaves means as they are."""
    return noise(*seed) - noise(*seed).mean()


def runs(setting: str = "small", **falls: float) -> pd.DataFrame:
    """Runs in which every variant lowers error and cross-entropy by so much; the baseline by 2."""
    rows = [
        {"setting": setting, "variant": variant, "split": split, "init": init}
        | dict.fromkeys(SCORES, 9.0 - fall + centred(1, place)[split] + (0.5 - init))
        for place, (variant, fall) in enumerate({"baseline": 2.0, **falls}.items())
        for split in SPLITS
        for init in (0, 1)
    ]
    return pd.DataFrame(rows)


def memorised(**seen: float) -> pd.DataFrame:
    """The shares of wrong labels that variants put out, of which each gets .1 by chance."""
    return pd.DataFrame(
        {"setting": "noisy", "variant": variant, "split": split, "init": 0}
        | {"seen": share + centred(2, place)[split], "unseen": 0.1}
        for place, (variant, share) in enumerate(seen.items())
        for split in SPLITS
    )


# ---- the rules ----


def test_penalties_alone_are_judged_against_both_rivals() -> None:
    others: dict[str, Any] = {"dropout": 5.0, "max_norm": 5.0, "early_stopping": 5.0}
    penalties: dict[str, Any] = {"l2": 3.0, "weight_decay": 2.5, "l1": -1.0, "l1_l2": 0.25}
    assert set(penalties) == set(PENALTIES)
    evidence = UNSEEN.evidence({"study/runs": runs(tuned_baseline=0.0, **others, **penalties)})
    assert [(piece.condition, piece.endpoint, piece.unit, piece.margin) for piece in evidence] == [
        (f"{name} in small", f"{endpoint}, against {rival}", unit, margin)
        for rival in (PLAIN, TUNED)
        for endpoint, unit, margin in (
            ("test cross-entropy", "nats", 0.005),
            ("test error", "points", 0.1),
        )
        for name in penalties
    ]
    expected = 2 * [1, 0.5, -3, -1.75] + 2 * [3, 2.5, -1, 0.25]
    assert [piece.estimate for piece in evidence] == pytest.approx(expected, abs=0.02)


def test_a_penalty_that_beats_the_rival_that_stopped_early_alone_is_conditional() -> None:
    """Against the tuned baseline alone, as the rule once was, the claim would be supported."""
    tables = {"study/runs": runs(tuned_baseline=0.0, l2=1.0)}
    evidence = UNSEEN.judged_by(tables)
    by_rival = {piece.endpoint.partition(", against ")[2]: piece.outcome for piece in evidence}
    assert by_rival == {PLAIN: Outcome.REVERSED, TUNED: Outcome.HOLDS}
    assert UNSEEN.verdict(evidence) is Verdict.CONDITIONAL
    against_the_tuned = [piece for piece in evidence if piece.endpoint.endswith(TUNED)]
    assert UNSEEN.verdict(against_the_tuned) is Verdict.SUPPORTED


def test_a_setting_without_a_tuned_baseline_has_one_rival() -> None:
    both = pd.concat([runs("blind", l2=3.0), runs(tuned_baseline=0.0, l2=3.0)])
    rows = [(piece.condition, piece.endpoint) for piece in UNSEEN.evidence({"study/runs": both})]
    assert {endpoint for place, endpoint in rows if place == "l2 in blind"} == {
        f"test {score}, against {PLAIN}" for score in ("cross-entropy", "error")
    }
    assert len(rows) == 2 + 4


def test_an_improvement_below_the_margin_is_none() -> None:
    nats, points = UNSEEN.evidence({"study/runs": runs(l2=2.05)})
    assert (nats.outcome, points.outcome) == (Outcome.HOLDS, Outcome.ABSENT)


def test_the_finding_prints_both_rivals() -> None:
    evidence = UNSEEN.evidence({"study/runs": runs(tuned_baseline=0.0, l2=1.0)})
    assert UNSEEN.finding({}, evidence) == (
        f"Points of test error gained on {PLAIN} and on {TUNED}: l2 in small -1.00 and +1.00."
    )
    assert UNSEEN.finding({}, []) == ""


def test_penalties_alone_are_asked_what_noise_they_fit() -> None:
    table = memorised(baseline=0.9, dropout=0.2, l2=0.5, l1=0.88, weight_decay=0.95)
    evidence = NOISE.evidence({"study/memorised": table})
    assert [piece.condition for piece in evidence] == [f"{v} in noisy" for v in ("l2", "l1", "weight_decay")]
    assert {piece.margin for piece in evidence} == {0.10}
    assert [piece.estimate for piece in evidence] == pytest.approx([0.4, 0.02, -0.05], abs=0.02)
    assert [piece.outcome for piece in evidence] == [Outcome.HOLDS, Outcome.ABSENT, Outcome.ABSENT]
    assert made.facts(NOISE.finding({"study/memorised": table}, evidence)) == "80 2 40 1 78 85"


def test_what_is_put_out_by_chance_is_no_noise_that_was_fitted() -> None:
    """A network that puts out more wrong labels of any images has not learned more of them by heart."""
    table = memorised(baseline=0.5, l2=0.7)
    table.loc[table.variant == "l2", "unseen"] = 0.3
    (piece,) = NOISE.evidence({"study/memorised": table})
    assert piece.estimate == pytest.approx(0.0, abs=0.02)


# ---- the answer ----


def values(**tables: pd.DataFrame) -> dict[str, Any]:
    known = {"study/runs": runs().iloc[:0], "study/memorised": memorised(baseline=0.9).iloc[:0]}
    known |= {f"study/{name}": table for name, table in tables.items()}
    evidence = evidence_table(judge(CLAIMS, known))
    return answer.values(made.study(Path(), {}), known, evidence)


def test_the_answer_names_what_is_lowered_and_raised_by_rival() -> None:
    said = values(runs=runs(tuned_baseline=0.0, l2=1.0, l1=3.0, weight_decay=2.0))
    assert said["answer"] == (
        f"Against {PLAIN}, penalties lower the test error (`l1` in `small`) and raise the test error (`l2` "
        f"in `small`). Against {TUNED}, penalties lower the test error (`l2`, `l1` and `weight_decay` in "
        "`small`)."
    )
    assert said["gains"].columns.tolist() == ["penalty", PLAIN, TUNED]
    assert said["gains"].penalty.tolist() == ["l2 in small", "l1 in small", "weight_decay in small"]
    assert [text[:5] for text in said["gains"][PLAIN]] == ["-1.00", "+1.00", "+0.00"]
    assert [text[:5] for text in said["gains"][TUNED]] == ["+1.00", "+3.00", "+2.00"]


def test_the_page_has_the_table_and_what_noise_was_fitted() -> None:
    said = values(runs=runs(l2=1.0), memorised=memorised(baseline=0.9, l2=0.5))
    page = markdown.render(QUESTION.template, {"percent": "95 %"} | said)
    assert page.startswith(f"**{said['lead']}**\n")
    assert f"| penalty | {PLAIN} | {TUNED} |" in page
    assert (
        "In noisy the network without regularization repeats the wrong labels that it trained on 80 points"
        in page
    )
    assert "(questions/penalties/evidence.csv)" in page


def test_without_evidence_nothing_is_said() -> None:
    said = values()
    assert (said["answer"], said["noise"], len(said["gains"])) == ("", "", 0)
    assert "|" not in markdown.render(QUESTION.template, {"percent": "95 %"} | said)


def test_the_question_looks_at_no_tables_of_its_own(tmp_path: Path) -> None:
    assert QUESTION.title == "Does it help to penalise large weights?"
    assert [claim.number for claim in CLAIMS] == ["4a", "4c"]
    assert QUESTION.measure(made.study(tmp_path, {})) == {}
    assert QUESTION.draw({"study/runs": runs().iloc[:0]}) == {}


def test_the_change_against_every_rival_is_drawn() -> None:
    figure = QUESTION.draw({"study/runs": runs(l2=1.0, tuned_baseline=2.0)})["figure"]
    (axis,) = figure.axes
    assert [text.get_text() for text in axis.get_yticklabels()] == ["l2 in small"]
    ends = [(line.get_marker(), np.asarray(line.get_xdata(), float)) for line in axis.lines]
    marks = {marker: float(at[0]) for marker, at in ends if len(at) == 1}
    table = runs(l2=1.0, tuned_baseline=2.0).groupby("variant").test_error.mean()
    assert marks["o"] == pytest.approx(table["l2"] - table["baseline"])
    assert marks["D"] == pytest.approx(table["l2"] - table["tuned_baseline"])
