"""The tradeoff: the rules and the answer, from made-up tables."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.questions import Question
from pipeline.questions.claim import Claim, Definition
from pipeline.questions.tradeoff import answer
from pipeline.questions.tradeoff.claims import CLAIMS
from pipeline.questions.verdicts import evidence_table, judge
from pipeline.science.levels import PERCENT
from pipeline.science.verdicts import Outcome, Verdict
from pipeline.system import markdown
from tests.questions import made
from tests.questions.made import SPLITS, noise

QUESTION = Question("tradeoff")
BY_NUMBER = {claim.number: claim for claim in CLAIMS}
LOSSES = (("squared error", "squared error", 0.002), ("cross entropy", "nats", 0.005))
SIGNS = {"2a": ("bias", 1), "2b": ("variance", -1), "2e": ("risk", -1)}
MEASURES = ("norm", "directions", "gradient")


def claim(number: str) -> Claim:
    found = BY_NUMBER[number]
    assert isinstance(found, Claim)
    return found


# ---- the rules ----


def values_of(setting: str = "small", **changes: float) -> pd.DataFrame:
    """Bias rises by so much, variance falls by twice, and the risk by once, in both losses."""
    rows = []
    for place, (variant, change) in enumerate({"baseline": 0.0, **changes}.items()):
        wobble = (noise(1, place) - noise(1, place).mean()) / 20
        for split in SPLITS:
            terms = {"bias": change, "variance": -2 * change, "risk": -change}
            row = {"setting": setting, "variant": variant, "split": split}
            rows.append(
                row
                | {
                    f"{loss}_{term}": 1.0 + moved + wobble[split]
                    for loss in ("squared_error", "cross_entropy")
                    for term, moved in terms.items()
                }
            )
    return pd.DataFrame(rows)


@pytest.mark.parametrize("number", SIGNS)
def test_every_variant_is_judged_at_its_chosen_strength_against_none(number: str) -> None:
    term, _ = SIGNS[number]
    table = pd.concat([values_of(l1=0.1, tuned_baseline=0.5, drop=-0.1, norm=0.0), values_of("deep", l1=0.1)])
    evidence = claim(number).evidence({"study/pseudo_values": table})
    assert [(piece.condition, piece.endpoint, piece.unit, piece.margin) for piece in evidence] == [
        (f"{variant} in {setting}", f"{term}, {loss}", unit, margin)
        for setting, variants in (("small", ("l1", "drop", "norm")), ("deep", ("l1",)))
        for loss, unit, margin in LOSSES
        for variant in variants
    ]
    outcomes = [Outcome.HOLDS, Outcome.REVERSED, Outcome.ABSENT]
    assert [piece.outcome for piece in evidence] == [*outcomes, *outcomes, Outcome.HOLDS, Outcome.HOLDS]
    size = 2 if term == "variance" else 1
    assert [piece.estimate for piece in evidence[:3]] == pytest.approx([0.1 * size, -0.1 * size, 0], abs=1e-9)


def test_a_useless_end_of_a_path_decides_nothing() -> None:
    """The slope over a path to a strength that nobody would choose says the opposite of the choice."""
    useless = [
        {"setting": "small", "variant": "l1", "metric": f"squared_error_{term}", "replicate": split}
        | {"slope": -sign * 9.0 + noise(2)[split]}
        for term, sign in (("bias", 1), ("variance", -1))
        for split in SPLITS
    ]
    tables = {"study/pseudo_values": values_of(l1=0.1), "slopes": pd.DataFrame(useless)}
    for number in ("2a", "2b"):
        assert claim(number).verdict(claim(number).judged_by(tables)) is Verdict.SUPPORTED


def test_the_finding_names_where_bias_falls_by_loss() -> None:
    table = values_of(l1=0.1, drop=-0.1)
    table["cross_entropy_bias"] = values_of(l1=-0.1, drop=-0.1).cross_entropy_bias
    tables = {"study/pseudo_values": table}
    assert claim("2a").finding(tables, claim("2a").judged_by(tables)) == (
        "In squared error bias falls with `drop` in small; in cross entropy bias falls with `l1` and `drop` "
        "in small."
    )
    assert claim("2b").finding(tables, []) == ""


def paths(**risks: tuple[float, ...]) -> pd.DataFrame:
    """The risk along the path of every variant, by tenths of a strength."""
    return pd.DataFrame(
        {"setting": "small", "variant": variant, "step": step, "strength": step / 10}
        | {"metric": "squared_error_risk", "estimate": risk}
        for variant, values in risks.items()
        for step, risk in enumerate(values)
    )


def test_the_finding_names_the_paths_with_the_least_risk_between_their_ends() -> None:
    told = claim("2e").finding({"paths": paths(l1=(3, 2, 4), l2=(3, 2, 1), dropout=(1, 2, 3))}, [])
    assert told == (
        "Along the strengths, the risk in squared error is least between the ends of the path of l1 in "
        "small; at an end of the path of l2 in small and dropout in small."
    )
    assert claim("2e").finding({"paths": paths(l1=(1.0,)).iloc[:0]}, []) == ""


def looked_into(**factors: float) -> pd.DataFrame:
    """Every measure of a variant is so many times the baseline's, which varies with the training set."""
    return pd.DataFrame(
        {"setting": "small", "variant": variant, "split": split, "init": 0}
        | {name: factor * (1 + split) * np.exp(noise(3, place)[split]) for name in MEASURES}
        for place, (variant, factor) in enumerate({"baseline": 1.0, **factors}.items())
        for split in SPLITS
    )


UNREAD = pd.DataFrame({"setting": ["conv", "conv"], "variant": ["baseline", "l2"]})


def test_complexity_is_judged_by_ratios_whatever_the_size() -> None:
    """A tenth less is the margin, at one and at a thousand times the baseline's size."""
    table = looked_into(l2=0.5, drop=0.97, norm=2.0)
    evidence = claim("2d").evidence({"complexity": table})
    scaled = table.assign(**{name: 1000 * table[name] for name in MEASURES})
    again = claim("2d").evidence({"complexity": scaled})
    assert [piece.estimate for piece in again] == pytest.approx([piece.estimate for piece in evidence])
    assert [(piece.condition, piece.endpoint) for piece in evidence[:4]] == [
        *((f"{variant} in small", "norm of all kernels") for variant in ("l2", "drop", "norm")),
        ("l2 in small", "effective rank of the first kernel"),
    ]
    assert [piece.margin for piece in evidence] == pytest.approx([0.09531018] * 9)
    assert [piece.outcome for piece in evidence] == 3 * [Outcome.HOLDS, Outcome.ABSENT, Outcome.REVERSED]
    assert evidence[0].estimate == pytest.approx(np.log(2), abs=0.02)


def test_the_finding_names_what_is_less_complex_and_what_was_left_out() -> None:
    tables = {"complexity": looked_into(l2=0.5, norm=2.0), "left_out": UNREAD}
    told = claim("2d").finding(tables, claim("2d").judged_by(tables))
    assert told.startswith(
        "The norm of all kernels is lower with `l2` in every setting, with `norm` in none; "
    )
    assert told.endswith("; left out, for their networks cannot be looked into: `l2` in conv.")
    assert claim("2d").finding(tables, []) == ""


def test_the_definition_has_bias_and_variance_by_depth() -> None:
    definition = BY_NUMBER["2c"]
    assert isinstance(definition, Definition)
    numbers = {("small", "bias"): 0.11, ("small", "variance"): 0.05, ("deep", "bias"): 0.1}
    numbers |= {("deep", "variance"): 0.07}
    rows = [
        {"setting": setting, "variant": variant, "metric": f"squared_error_{term}", "estimate": value + extra}
        for (setting, term), value in numbers.items()
        for variant, extra in (("baseline", 0.0), ("l2", 1.0))
    ]
    shapes = pd.DataFrame({"setting": ["small"], "layers": ["8"], "other": ["deep"], "other_layers": ["8-8"]})
    told = definition.covers({"study/summary": pd.DataFrame(rows), "shapes": shapes})
    assert told.endswith(
        " Between small (8) and deep (8-8), without regularization: bias 0.1100 and 0.1000 and variance "
        "0.0500 and 0.0700 (squared error)."
    )
    alone = definition.covers({"study/summary": pd.DataFrame(rows), "shapes": shapes.iloc[:0]})
    assert alone == told[: len(alone)]
    assert alone.endswith("itself.")


# ---- the answer ----


def sources(**by_setting: tuple[float, float, float]) -> pd.DataFrame:
    """The sources of the baseline's variance by setting."""
    names = ("split", "init", "interaction")
    return pd.DataFrame(
        {"setting": setting, **dict(zip(names, parts, strict=True))} for setting, parts in by_setting.items()
    )


def values(**tables: pd.DataFrame) -> dict[str, Any]:
    known = {
        "study/pseudo_values": values_of().iloc[:0],
        "complexity": looked_into().iloc[:0],
        "left_out": UNREAD,
        "paths": paths(l1=(1.0,)).iloc[:0],
        "sources": sources(),
    }
    known |= {name if name in known else f"study/{name}": table for name, table in tables.items()}
    judged = [each for each in CLAIMS if isinstance(each, Claim)]
    return answer.values(made.study(Path(), {}), known, evidence_table(judge(judged, known)))


def test_the_answer_names_what_is_traded_and_what_it_brings() -> None:
    table = values_of(l1=0.1, drop=-0.1)
    table["cross_entropy_bias"] = values_of(l1=-0.1, drop=0.1).cross_entropy_bias
    said = values(
        pseudo_values=table,
        complexity=looked_into(l2=0.5, norm=2.0),
        paths=paths(l1=(3.0, 2.0, 4.0), dropout=(3.0, 3.5, 4.0)),
        sources=sources(small=(0.14, 0.04, 0.02)),
    )
    assert said["lead"] == (
        "By squared error, variance falls in every setting with `l1`; bias rises in every setting with `l1`."
    )
    assert said["answer"] == (
        "Measured by squared error, `l1` trades more bias for less variance in every setting; `drop` "
        "trades it in none. Of these methods, `l1` lowers the risk, the sum of the two, in every setting; "
        "`drop` lowers it in none."
    )
    assert said["sentences"] == [
        "In cross-entropy bias falls with `l1` in `small`. There it also counts how sure the average network "
        "is of what it gets wrong.",
        "`l2` lowers all measures of complexity in every setting; the norm of all kernels is higher in some "
        "setting with `norm`; the effective rank of the first kernel is higher in some setting with `norm`; "
        "the gradient by the input is higher in some setting with `norm`.",
        "Along the strengths, the risk is least in `small` at 0.1 of l1 and no dropout.",
        "The baseline's variance (squared error) has these sources: in `small` 70% comes with the training "
        "set, 20% with the initial weights and 10% with the two together.",
    ]
    page = markdown.render(QUESTION.template, {"percent": PERCENT} | said)
    assert [text for text in page.splitlines() if text.startswith("- ")] == [
        f"- {sentence}" for sentence in said["sentences"]
    ]
    links = re.findall(r"\(questions/tradeoff/(\S+)\)", page)
    assert links == ["paths.png", "paths.csv", "complexity.png", "complexity.csv", "sources.csv"]


def test_settings_are_told_apart() -> None:
    risks = paths(l1=(3.0, 2.0, 4.0), l2=(3.0, 2.0, 1.0))
    noisy = risks[risks.variant == "l1"].assign(setting="noisy", estimate=[1.0, 2.0, 3.0])
    assert answer.least_risk(pd.concat([risks, noisy])) == (
        "Along the strengths, the risk is least in `small` at 0.1 of l1 and 0.2 of l2; in `noisy` at no l1."
    )


def test_without_anything_to_see_nothing_is_said() -> None:
    said = values()
    assert said == {"lead": "", "answer": "", "drawn": False, "sentences": []}
    assert markdown.render(QUESTION.template, {"percent": PERCENT} | said).strip()
