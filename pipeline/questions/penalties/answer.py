"""What the study says of penalties, computed from the evidence."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pipeline.params import BASELINE, TUNED_BASELINE
from pipeline.questions.base import Tables
from pipeline.questions.evidence import RIVALS, learned
from pipeline.questions.penalties.claims import PENALTIES
from pipeline.questions.study import Study
from pipeline.system.words import capital, coded, listed, of

LOWER, HIGHER = "holds", "reversed"


def values(study: Study, tables: Tables, evidence: pd.DataFrame) -> dict[str, Any]:
    """Return the answer, a table of every comparison of test errors, and what is said of wrong labels."""
    rows = evidence[(evidence.claim == "4a") & (evidence.unit == "points")]
    noise = [capital(f"{text}.") for text in learned(tables["study/memorised"], PENALTIES)]
    return {"lead": _lead(rows), "answer": _answer(rows), "gains": _gains(rows), "noise": " ".join(noise)}


def _lead(rows: pd.DataFrame) -> str:
    """Say where a penalty lowers the test error of every rival that it has there."""
    if rows.empty:
        return ""
    both = (rows.outcome == LOWER).groupby(rows.condition, sort=False).all()
    where = [str(condition) for condition in both.index[both]]
    if not where:
        return "No penalty brings the test error below that of both baselines beyond chance."
    cases = f"{of(len(where), len(both))} cases: {_conditions(where)}"
    return f"A penalty brings the test error below that of both baselines in {cases}."


def _answer(rows: pd.DataFrame) -> str:
    """Say where penalties lower and raise the test error of each rival."""
    said = []
    for rival in (BASELINE, TUNED_BASELINE):
        against = rows[rows.endpoint.str.endswith(f"against {RIVALS[rival]}")]
        found = {
            word: list(against[against.outcome == outcome].condition)
            for word, outcome in (("lower", LOWER), ("raise", HIGHER))
        }
        parts = [f"{word} the test error ({_conditions(where)})" for word, where in found.items() if where]
        if len(against):
            said.append(
                f"Against {RIVALS[rival]}, penalties {listed(parts) or 'change no test error beyond chance'}."
            )
    return " ".join(said)


def _conditions(conditions: list[str]) -> str:
    by_setting: dict[str, list[str]] = {}
    for condition in conditions:
        variant, _, setting = condition.partition(" in ")
        by_setting.setdefault(setting, []).append(variant)
    return "; ".join(f"{coded(names)} in `{setting}`" for setting, names in by_setting.items())


def _gains(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a row a condition: by how much the test error is lower than each rival's, with limits."""
    gains = pd.DataFrame("", index=rows.condition.unique(), columns=list(RIVALS.values()))
    for row in rows.to_dict("records"):
        rival = row["endpoint"].partition(", against ")[2]
        gains.loc[row["condition"], rival] = f"{row['estimate']:+.2f} [{row['low']:+.2f}, {row['high']:+.2f}]"
    return gains.rename_axis("penalty").reset_index()
