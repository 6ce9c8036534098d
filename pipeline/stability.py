"""The study again with other seeds: which verdicts stay, and which row of the evidence turns the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from pipeline import copies, questions, toy
from pipeline.params import document
from pipeline.questions import power
from pipeline.system.checkout import ROOT
from pipeline.system.errors import UserError
from pipeline.system.files import read_table, write_table

QUESTIONS = Path("reports") / "questions"
TABLE = Path("reports") / "stability.csv"
COLUMNS = ("claim", "verdict", "others", "same", "studies", "turned")
STEP = 1000  # from the seeds of one study to those of the next


def run(directory: Path, seeds: int) -> None:
    """Reproduce the study with so many other sets of seeds, in copies below `directory`, and compare.

    Writes `reports/stability.csv`, and `reports/power.csv` from the spread of the others. Raises UserError
    where this checkout has no verdicts yet, where a folder below `directory` is not an earlier copy, and when
    a stage fails.
    """
    ours = read(ROOT)
    others = []
    for number in range(1, seeds + 1):
        copy = copies.renewed(directory / f"seeds-{number}")
        reseed(copy / toy.PARAMS, number * STEP)
        print(f"stability: seeds {number} of {seeds}, in {copy}", flush=True)
        copies.reproduce(copy, "stability")
        others.append(read(copy))
    table = compared(ours, others)
    write_table(ROOT / TABLE, table)
    params = questions.load(ROOT / toy.PARAMS)
    write_table(ROOT / power.FILE, power.power_table(ours[1], [evidence for _, evidence in others], params))
    for row in table.itertuples():
        turned = f"  {row.turned}" if row.turned else ""
        print(f"{row.claim:<4} {row.verdict:<13} {row.same} of {row.studies} agree{turned}")
    print(f"tables: {TABLE}, {power.FILE}; dvc repro puts them on the page")


def reseed(path: Path, step: int) -> None:
    """Add `step` to every seed of a `params.yaml`: of the data's draws, and of every setting."""
    content = document.read(path)
    for section in (content["data"], *content["settings"].values()):
        section["seed"] += step
    document.write(path, content)


Judged = tuple[pd.DataFrame, pd.DataFrame]  # the verdicts and the evidence of all claims of a study


def read(root: Path) -> Judged:
    """Return the verdicts and the evidence below `root`. Raises UserError where there are none."""
    folders = sorted(path.parent for path in (root / QUESTIONS).glob("*/verdicts.csv"))
    if not folders:
        raise UserError(f"{QUESTIONS}: expected verdicts, received none; run dvc repro first")
    verdicts, evidence = (
        pd.concat(
            [read_table(folder / f"{name}.csv").assign(question=folder.name) for folder in folders],
            ignore_index=True,
        )
        for name in ("verdicts", "evidence")
    )
    return verdicts.astype({"claim": str}), evidence.astype({"claim": str})


def compared(ours: Judged, others: Sequence[Judged]) -> pd.DataFrame:
    """Return a row a claim: its verdict, those with other seeds, and the rows that turned where they differ.

    `same` counts the studies, this one included, that agree with the verdict here. Definitions are left out.
    """
    verdicts, evidence = ours
    rows = []
    for claim in verdicts[verdicts.verdict != "definition"].itertuples():
        theirs = [dict(zip(other.claim, other.verdict, strict=True)).get(claim.claim) for other, _ in others]
        found = [verdict or "not judged" for verdict in theirs]
        turned = [
            _turned(_outcomes(evidence, claim.claim), _outcomes(of_other, claim.claim))
            for verdict, (_, of_other) in zip(found, others, strict=True)
            if verdict != claim.verdict
        ]
        same = 1 + found.count(claim.verdict)
        named = "; ".join(dict.fromkeys(filter(None, turned)))
        rows.append((claim.claim, claim.verdict, " ".join(found), same, 1 + len(others), named))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _outcomes(evidence: pd.DataFrame, claim: str) -> dict[tuple[str, str], str]:
    rows = evidence[evidence.claim == claim]
    return {(row.condition, row.endpoint): row.outcome for row in rows.itertuples()}


def _turned(ours: Mapping[tuple[str, str], str], theirs: Mapping[tuple[str, str], str]) -> str:
    """Name the first piece of evidence with another outcome, and how many more there are."""
    rows = [
        f"{', '.join(at)}: {outcome}, {theirs[at]}"
        for at, outcome in ours.items()
        if at in theirs and theirs[at] != outcome
    ]
    return rows[0] + (f" and {len(rows) - 1} more" if len(rows) > 1 else "") if rows else ""
