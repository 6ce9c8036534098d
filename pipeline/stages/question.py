"""Stages question@<name>: measure what one question asks for, judge its claims, draw, and answer."""

from __future__ import annotations

import sys
from typing import Any

import pandas as pd

from pipeline import questions
from pipeline.drawing import style
from pipeline.questions.base import Question, Tables
from pipeline.questions.study import Study
from pipeline.questions.verdicts import evidence_table, judge, verdict_table
from pipeline.science.levels import PERCENT
from pipeline.system import markdown
from pipeline.system.checkout import ROOT
from pipeline.system.errors import UserError, reports_errors
from pipeline.system.files import dotted, emptied, read_table, write_metrics, write_table

REPORTS = ROOT / "reports"


@reports_errors
def main() -> None:
    """Write the tables, evidence, verdicts, figures, answer and metrics of one question."""
    params = questions.load(ROOT / "params.yaml")
    asked = {question.name: question for question in questions.asked(params)}
    if len(sys.argv) != 2 or sys.argv[1] not in asked:
        raise UserError(f"usage: python -m pipeline.stages.question {'|'.join(asked)}")
    question = asked[sys.argv[1]]
    study = Study(ROOT, params, question)
    folder = emptied(REPORTS / "questions" / question.name)
    measured = question.measure(study)
    for name, table in measured.items():
        write_table(folder / f"{name}.csv", table)
    # As they are written, so that a sentence rounds what a reader finds there.
    tables = {name: read_table(folder / f"{name}.csv") for name in measured} | study.tables()
    judged = judge(question.claims, tables)
    evidence = evidence_table(judged)
    write_table(folder / "evidence.csv", evidence)
    write_table(folder / "verdicts.csv", verdict_table(judged, tables))
    style.use()
    for name, figure in question.draw(tables).items():
        style.save_both(figure, folder, name)
    values = {"percent": PERCENT} | question.answer(study, tables, evidence)
    answer = markdown.render(question.template, values)
    (folder / "answer.md").write_text(answer, encoding="utf-8")
    write_metrics(REPORTS / "metrics" / f"{question.name}.json", numbers(question, tables, evidence))


def numbers(question: Question, tables: Tables, evidence: pd.DataFrame) -> dict[str, Any]:
    """Return for DVC what a question measures and how its claims came out, each number by its whole path.

    DVC takes a key that is `error`, at any depth, for a file that it could not read.
    """
    outcomes = evidence.groupby("claim").outcome.value_counts().unstack(fill_value=0).to_dict("index")
    return dotted({"measured": question.metrics(tables), "claims": outcomes})


if __name__ == "__main__":
    main()
