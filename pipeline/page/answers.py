"""The answers to the questions, as the stages of the questions leave them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.page import claims
from pipeline.questions import Question
from pipeline.system.errors import UserError
from pipeline.system.files import read_table
from pipeline.system.words import listed

TEXT, VERDICTS = "answer.md", "verdicts.csv"
HEADLINE = "headline.md"  # where a question has a sentence for the top of the page


@dataclass(frozen=True)
class Answer:
    """A question by name and title, its answer in markdown, and a row a claim in the order of their numbers.

    A row has the columns of `verdicts.csv`. The `headline` is its sentence for the top of the page, if any.
    """

    name: str
    title: str
    text: str
    verdicts: list[dict[str, Any]]
    headline: str = ""


def read(reports: Path, questions: Iterable[Question]) -> list[Answer]:
    """Read the answer of every question from its folder below `reports`, in the order given.

    Raises UserError with a line for every question that has no results yet.
    """
    folders = {question: reports / "questions" / question.name for question in questions}
    faults = []
    for question, folder in folders.items():
        missing = [name for name in (TEXT, VERDICTS) if not (folder / name).exists()]
        if missing:
            faults.append(
                f"{reports.name}/questions/{question.name}: expected {TEXT} and {VERDICTS}, "
                f"received no {listed(missing, 'and no')}; run dvc repro question@{question.name}"
            )
    if faults:
        raise UserError("\n".join(faults))
    return [
        Answer(
            question.name,
            question.title,
            _text(folder / TEXT),
            claims.by_number(read_table(folder / VERDICTS)),
            _text(folder / HEADLINE),
        )
        for question, folder in folders.items()
    ]


def _text(path: Path) -> str:
    """Return what a file says; nothing where it is not there."""
    return path.read_text(encoding="utf-8").strip() if path.exists() else ""
