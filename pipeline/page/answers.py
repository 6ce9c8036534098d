"""The answers to the questions, as the stages of the questions leave them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.page import claims
from pipeline.questions import Question, power
from pipeline.system.errors import UserError
from pipeline.system.files import read_table
from pipeline.system.words import listed

TEXT, VERDICTS = "answer.md", "verdicts.csv"
EVIDENCE = "evidence.csv"
HERO = "hero.svg"  # a figure for the top of the page, which some questions have


@dataclass(frozen=True)
class Answer:
    """A question by name and title, its answer in markdown, and a row a claim in the order of their numbers.

    A row has the columns of `verdicts.csv`; `evidence` has those of `evidence.csv`, and the power of the rule
    where it was computed. `hero` tells whether it has a figure for the top of the page.
    """

    name: str
    title: str
    text: str
    verdicts: list[dict[str, Any]]
    evidence: pd.DataFrame
    hero: bool = False

    @property
    def overview(self) -> pd.DataFrame:
        """Return a row a claim, with its verdict."""
        return claims.overview(self.verdicts, self.evidence)

    def numbers(self, claim: str) -> pd.DataFrame:
        """Return the evidence of a claim as texts; an empty table for a definition."""
        return claims.numbers(self.evidence, claim)


def read(reports: Path, questions: Iterable[Question]) -> list[Answer]:
    """Read the answer of every question from its folder below `reports`, in the order given.

    Raises UserError with a line for every question that has no results yet.
    """
    folders = {question: reports / "questions" / question.name for question in questions}
    faults = []
    for question, folder in folders.items():
        missing = [name for name in (TEXT, VERDICTS, EVIDENCE) if not (folder / name).exists()]
        if missing:
            faults.append(
                f"{reports.name}/questions/{question.name}: expected {TEXT}, {VERDICTS} and {EVIDENCE}, "
                f"received no {listed(missing, 'and no')}; run dvc repro question@{question.name}"
            )
    if faults:
        raise UserError("\n".join(faults))
    return [
        Answer(
            question.name,
            question.title,
            (folder / TEXT).read_text(encoding="utf-8").strip(),
            claims.by_number(read_table(folder / VERDICTS)),
            with_power(read_table(folder / EVIDENCE), reports),
            (folder / HERO).exists(),
        )
        for question, folder in folders.items()
    ]


def with_power(evidence: pd.DataFrame, reports: Path) -> pd.DataFrame:
    """Return the evidence with the power of its rules, where studies with other seeds have told any.

    The spread is that of those studies, the number of replicates that of the evidence.
    """
    path = reports / power.FILE.name
    if not path.exists():
        return evidence
    spread = read_table(path)[["question", *power.ROW, "sets", "studies", "deviation"]]
    rows = evidence.drop(columns="deviation").merge(spread, how="left", on=power.ROW)
    known = evidence.assign(power=power.with_power(rows).power)
    return known if known.power.notna().any() else evidence
