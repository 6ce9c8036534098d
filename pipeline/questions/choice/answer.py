"""What the study says of the choice, computed from the evidence and the tables."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pipeline.evaluation.significance import against, rows_of
from pipeline.params import BASELINE
from pipeline.questions.base import Tables
from pipeline.questions.choice.measure import tied_with
from pipeline.questions.study import Study
from pipeline.system.words import counted, interval, listed


def values(study: Study, tables: Tables, evidence: pd.DataFrame) -> dict[str, Any]:
    """Return the sentence, the tables, and the section for the caption of the figure."""
    differences = tables["study/differences"]
    several = [name for name in study.params.settings if len(against(differences, name, "test_error")) > 1]
    return {
        "sentence": _winners(tables["winners"], evidence),
        "by_conditions": by_conditions(tables["winners"], tables["differences"]),
        "budgets": budgets(several, tables["study/runs"], tables["study/summary"]),
        "section": study.section,
    }


def _winners(winners: pd.DataFrame, evidence: pd.DataFrame) -> str:
    if winners.empty or evidence.empty:
        return ""
    best = [f"of `{name}` under {count}" for name, count in winners.best.value_counts().items()]
    best[0] += f" of {counted(len(winners), 'condition')}"
    axes = list(evidence[evidence.outcome == "holds"].condition)
    moved = f"along {listed(axes)}" if axes else "along none of the axes"
    ties = sum(bool(tied_with(row)) for row in winners.itertuples())
    return (
        f"The lowest test error is that {listed(best)}. Under {ties} of them, another method cannot be told "
        f"from the best. Beyond chance, two methods change places {moved}."
    )


def by_conditions(winners: pd.DataFrame, differences: pd.DataFrame) -> pd.DataFrame:
    """Return a row a condition: the method with the lowest error, its gain, and what ties with it."""
    table = []
    for row in winners.itertuples():
        pairs = differences[(differences.condition == row.condition) & (differences["first"] == BASELINE)]
        gain = [interval(pair, 2, "+") for pair in pairs[pairs["second"] == row.best].itertuples()]
        table.append(
            {
                "images": f"{row.train_size:,}",
                "wrong labels": f"{row.label_noise:.0%}",
                "hidden units": str(row.width),
                "lowest test error": f"`{row.best}`",
                "%": f"{row.error:.2f}",
                "below the baseline's, points": gain[0] if gain else "",
                "not told apart from it": ", ".join(f"`{name}`" for name in tied_with(row)) or "none",
            }
        )
    return pd.DataFrame(table)


def budgets(settings: list[str], runs: pd.DataFrame, summary: pd.DataFrame) -> pd.DataFrame:
    """Return a row a setting and budget: the variant with the lowest test error for its epochs or fewer."""
    table = []
    for name in settings:
        errors = rows_of(summary, name, "test_error").set_index("variant")
        epochs = runs[runs.setting == name].groupby("variant").epochs.mean()
        lowest = float("inf")
        for (spent, error), variant in sorted(
            zip(zip(epochs, errors.estimate[epochs.index], strict=True), epochs.index, strict=True)
        ):
            if error < lowest:
                lowest = error
                row = {"setting": f"`{name}`", "epochs trained, mean": f"{spent:.0f}"}
                row |= {"lowest test error": f"`{variant}`", "%": interval(errors.loc[variant], 2)}
                table.append(row)
    return pd.DataFrame(table, columns=["setting", "epochs trained, mean", "lowest test error", "%"])
