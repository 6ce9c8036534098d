"""The tradeoff: the rule and the answer, from made-up tables."""

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipeline.questions import Question
from pipeline.questions.tradeoff import answer
from pipeline.questions.tradeoff.claims import CLAIMS
from pipeline.science.levels import PERCENT
from pipeline.science.verdicts import Outcome
from pipeline.system import markdown
from tests.questions import made
from tests.questions.made import SPLITS, noise

QUESTION = Question("tradeoff")

# ---- the rule ----


def slopes(**by_variant: float) -> pd.DataFrame:
    """Slopes of bias in the squared error, and as much downwards of variance."""
    rows = [
        {"setting": "small", "variant": variant, "metric": f"squared_error_{term}", "replicate": split}
        | {"slope": sign * slope + noise(1, place)[split] / 100}
        for place, (variant, slope) in enumerate(by_variant.items())
        for term, sign in (("bias", 1), ("variance", -1))
        for split in SPLITS
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.number)
def test_every_path_is_a_condition(claim: Any) -> None:
    """A slope below the margin of a loss is none, and its family is that of a setting, loss and term."""
    table = slopes(l1=0.1, l2=-0.1, dropout=0.0003)
    evidence = claim.evidence({"slopes": table})
    assert [(piece.condition, piece.unit, piece.margin) for piece in evidence] == [
        (f"{variant} in small", "squared error a step", 0.001) for variant in ("l1", "l2", "dropout")
    ]
    outcomes = [Outcome.HOLDS, Outcome.REVERSED, Outcome.ABSENT]
    assert [piece.outcome for piece in evidence] == outcomes
    (alone,) = claim.evidence({"slopes": table[table.variant == "l1"]})
    assert evidence[0].p_value >= alone.p_value
    assert evidence[0].estimate == pytest.approx(0.1, abs=1e-3)


def paths(**risks: tuple[float, ...]) -> pd.DataFrame:
    """The risk along the path of every variant, by tenths of a strength."""
    return pd.DataFrame(
        {"setting": "small", "variant": variant, "step": step, "strength": step / 10}
        | {"metric": "squared_error_risk", "estimate": risk}
        for variant, values in risks.items()
        for step, risk in enumerate(values)
    )


def test_the_finding_counts_the_paths_with_the_least_risk_between_their_ends() -> None:
    told = CLAIMS[0].finding({"paths": paths(l1=(3, 2, 4), l2=(3, 2, 1), dropout=(1, 2, 3))}, [])
    assert told == "The risk is least between the ends of 1 of 3 paths (squared error)."


# ---- the answer ----


def evidence(*outcomes: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(outcomes, columns=["claim", "outcome"])


def sources(**by_setting: tuple[float, float, float]) -> pd.DataFrame:
    """The sources of the baseline's variance by setting."""
    names = ("split", "init", "interaction")
    return pd.DataFrame(
        {"setting": setting, **dict(zip(names, parts, strict=True))} for setting, parts in by_setting.items()
    )


def values(risks: pd.DataFrame, sources: pd.DataFrame, judged: pd.DataFrame) -> dict[str, Any]:
    return answer.values(made.study(Path(), {}), {"paths": risks, "sources": sources}, judged)


def test_the_answer_has_the_numbers_of_the_evidence_and_the_tables() -> None:
    risks = paths(l1=(3.0, 2.0, 4.0), dropout=(3.0, 3.5, 4.0))
    judged = evidence(("2a", "holds"), ("2a", "unknown"), ("2b", "holds"))
    said = values(risks, sources(small=(0.14, 0.04, 0.02)), judged)
    assert said["sentences"] == [
        "Along the paths of strength, in two losses, bias rose beyond chance in 1 of 2 and variance fell in "
        "1 of 1.",
        "The risk is least in `small` at 0.1 of l1 and no dropout.",
        "The baseline's variance (squared error) has these sources: in `small` 70% comes with the training "
        "set, 20% with the initial weights and 10% with the two together.",
    ]
    page = markdown.render(QUESTION.template, {"percent": PERCENT} | said)
    assert [text for text in page.splitlines() if text.startswith("- ")] == [
        f"- {sentence}" for sentence in said["sentences"]
    ]
    links = re.findall(r"\(questions/tradeoff/(\S+)\)", page)
    assert links == ["figure.png", "paths.csv", "slopes.csv", "sources.csv"]


def test_settings_are_told_apart() -> None:
    risks = paths(l1=(3.0, 2.0, 4.0), l2=(3.0, 2.0, 1.0))
    noisy = risks[risks.variant == "l1"].assign(setting="noisy", estimate=[1.0, 2.0, 3.0])
    assert answer.least_risk(pd.concat([risks, noisy])) == (
        "The risk is least in `small` at 0.1 of l1 and 0.2 of l2; in `noisy` at no l1."
    )


def test_without_anything_to_see_nothing_is_said() -> None:
    empty = sources()
    said = values(paths(l1=(1.0,)).iloc[:0], empty, evidence())
    assert said == {"sentences": []}
    assert markdown.render(QUESTION.template, {"percent": PERCENT} | said).strip()
