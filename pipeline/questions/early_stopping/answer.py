"""What the study says about early stopping, computed from the tables."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pipeline.params import BASELINE
from pipeline.questions.base import Tables
from pipeline.questions.early_stopping.claims import ERROR, LOSS
from pipeline.questions.early_stopping.measure import SHOWN_PATIENCE
from pipeline.questions.study import Study
from pipeline.science.verdicts import Outcome
from pipeline.system.words import coded


def values(study: Study, tables: Tables, evidence: pd.DataFrame) -> dict[str, Any]:
    """Return the answer and the sentences, and which figures there are."""
    return {
        "answer": _answer(evidence),
        "sentences": [
            *_saved(tables["stops"]),
            *_memorised(tables["memorised"]),
            *study.left_out("early_stopping"),
        ],
        "drawn": not tables["stops"].empty,
        "memorised": not tables["memorised"].empty,
        "several": tables["stops"].setting.nunique() > 1,
    }


def _answer(evidence: pd.DataFrame) -> str:
    """Say whether the loss rises after the restored epoch, and whether the error does."""
    rises = evidence[evidence.claim == "6a"]
    if rises.empty:
        return ""
    holds = rises[rises.outcome == str(Outcome.HOLDS)]
    loss, error = (_places(holds, rises, endpoint) for endpoint in (LOSS, ERROR))
    return (
        "Early stopping keeps the weights of the lowest validation loss. After that epoch, each run's own, "
        f"the validation loss goes on to rise in {loss}; the validation error rises in {error}."
    )


def _places(holds: pd.DataFrame, rises: pd.DataFrame, endpoint: str) -> str:
    there, all_ = (list(rows[rows.endpoint == endpoint].condition) for rows in (holds, rises))
    if not there:
        return "no setting beyond chance"
    return coded(there) if len(there) < len(all_) or len(all_) == 1 else "every setting"


def _saved(stops: pd.DataFrame) -> list[str]:
    on_loss = stops[(stops.patience == SHOWN_PATIENCE) & (stops.criterion == "cross_entropy")]
    return [
        f"In `{setting}`, a patience of {SHOWN_PATIENCE} epochs on the validation loss saves "
        f"{rows.epochs_saved.mean():.0f} of {(rows.epochs_saved + rows.stopped).mean():.0f} epochs. The "
        f"restored epoch lies {rows.loss_regret.mean():.3f} nats above the lowest validation loss of the "
        f"whole history, and {rows.error_regret.mean():.2f} points above the lowest validation error."
        for setting, rows in on_loss.groupby("setting", sort=False)
    ]


def _memorised(memorised: pd.DataFrame) -> list[str]:
    sentences = []
    for setting, rows in memorised.groupby("setting", sort=False):
        seen = rows.groupby("variant").seen.mean()
        if {BASELINE, "early_stopping"} <= set(seen.index):
            sentences.append(
                f"In `{setting}`, the stopped network outputs {seen['early_stopping']:.0%} of the wrong "
                f"labels that it was trained on; the network trained to the end outputs {seen[BASELINE]:.0%}."
            )
    return sentences
