"""The verdicts as tables: a row a claim, and a row a piece of evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import pandas as pd

from pipeline.questions.base import Tables
from pipeline.questions.claim import Claim, Definition
from pipeline.science.verdicts import Evidence, Outcome

Judged = Sequence[tuple[Claim | Definition, Sequence[Evidence]]]
DEFINITION = "definition"  # what stands in the place of its verdict
NAMED = 4  # no more conditions than this are named in a sentence


def evidence_table(judged: Judged) -> pd.DataFrame:
    """Return a row a condition and endpoint: estimate, limits, p values, margin and outcome."""
    rows = [
        {"claim": claim.number, **vars(piece), "outcome": str(piece.outcome)}
        for claim, evidence in judged
        for piece in evidence
    ]
    columns = ["claim", *(field.name for field in fields(Evidence)), "outcome"]
    return pd.DataFrame(rows, columns=columns)


def judge(claims: Sequence[Claim | Definition], tables: Tables) -> Judged:
    """Return the claims with their evidence; a definition has none."""
    return [(claim, claim.judged_by(tables) if isinstance(claim, Claim) else []) for claim in claims]


def verdict_table(judged: Judged, tables: Tables) -> pd.DataFrame:
    """Return a row a claim: its text, verdict, a computed sentence, and the published result.

    `close` names the piece of evidence that could change the verdict alone, and `ours` tells the claims that
    are not in the source text.
    """
    columns = ["claim", "text", "verdict", "close", "ours", "finding", "published"]
    rows = [
        (claim.number, claim.text, DEFINITION, "", False, claim.covers(tables), "")
        if isinstance(claim, Definition)
        else (
            claim.number,
            claim.text,
            str(claim.verdict(evidence)),
            claim.close(evidence),
            claim.ours,
            " ".join(filter(None, (claim.finding(tables, evidence), counted(evidence, claim.existential)))),
            claim.published,
        )
        for claim, evidence in judged
    ]
    return pd.DataFrame(rows, columns=columns)


def counted(evidence: Sequence[Evidence], one_is_enough: bool = False) -> str:
    """Say in how many conditions the claim holds, and name those where it does not."""
    if not evidence:
        return "The study has no runs to judge it by."
    holding = sum(piece.outcome is Outcome.HOLDS for piece in evidence)
    said = [f"Holds in {holding} of {len(evidence)}{', and one is enough' * one_is_enough}"]
    for outcome, words in (
        (Outcome.REVERSED, "the opposite"),
        (Outcome.ABSENT, "absent or below the margin"),
        (Outcome.UNKNOWN, "cannot be told"),
    ):
        places = [f"{piece.condition} ({piece.endpoint})" for piece in evidence if piece.outcome is outcome]
        if places:
            more = f" and {len(places) - NAMED} more" if len(places) > NAMED else ""
            said.append(f"{words}: {', '.join(places[:NAMED])}{more}")
    return "; ".join(said) + "."
