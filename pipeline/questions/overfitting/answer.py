"""What the study says of overfitting, computed from the evidence and the tables."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pipeline.evaluation.significance import rows_of
from pipeline.params import BASELINE, TUNED_BASELINE
from pipeline.questions.base import Tables
from pipeline.questions.evidence import RIVALS, all_but, by_place, verb, where_it_holds
from pipeline.questions.study import Study
from pipeline.system.words import capital, coded, interval, listed


def values(study: Study, tables: Tables, evidence: pd.DataFrame) -> dict[str, Any]:
    """Return the sentences, and the settings that have curves."""
    shown = set(tables["gaps"].setting)
    answers = (_narrowed(evidence), _memorised(tables["study/memorised"]), _unseen(evidence))
    return {
        "lead": _lead(evidence),
        "answer": " ".join(filter(None, answers)),
        "gaps": [gap(name, tables) for name in study.params.settings if name in shown],
        "curved": list(tables["curves"].setting.unique()),
        "noisy": len(tables["study/memorised"]) > 0,
    }


def _lead(evidence: pd.DataFrame) -> str:
    """Say which variants narrow the gap everywhere, and which also lower the test error of both rivals."""
    rows = evidence[(evidence.claim == "1b") & (evidence.unit == "nats")]
    if rows.empty:
        return ""
    everywhere, partly, none = where_it_holds(zip(rows.condition, rows.outcome, strict=True))
    narrow = all_but(everywhere, [*everywhere, *partly, *none])
    narrows = (
        f"{capital(narrow)} {verb('narrow', everywhere, narrow)} the gap in cross-entropy in every setting."
    )
    helped = list(dict.fromkeys(name for names in _better(evidence).values() for name in names))
    if not helped:
        return f"{narrows} No method lowers the test error of both baselines."
    lower = verb("lower", helped)
    return (
        f"{narrows} Only {coded(helped)} {lower} the test error below that of both baselines in some setting."
    )


def _narrowed(evidence: pd.DataFrame) -> str:
    """Say which variants narrow the gap in cross-entropy, and where."""
    rows = evidence[(evidence.claim == "1b") & (evidence.unit == "nats")]
    said = by_place(zip(rows.condition, rows.outcome, strict=True), "narrow", "the gap")
    return f"Measured by cross-entropy, {said}." if said else ""


def _memorised(memorised: pd.DataFrame) -> str:
    """Say, by setting with wrong labels, what the network memorises without and with the best variant."""
    said = []
    for setting, rows in memorised.groupby("setting", sort=False):
        means = rows.assign(excess=rows.seen - rows.unseen).groupby("variant", sort=False).excess.mean()
        others = means.drop([BASELINE, TUNED_BASELINE], errors="ignore")
        if BASELINE in means and len(others):
            said.append(
                f"in `{setting}` the network without regularization learns {means[BASELINE]:.0%} of the "
                f"wrong labels by heart; with `{others.idxmin()}` it is {others.min():.0%}, and with "
                f"`{others.idxmax()}` {others.max():.0%}"
            )
    return capital(f"{'; '.join(said)}.") if said else ""


def _unseen(evidence: pd.DataFrame) -> str:
    """Say which variants lower the test error of both rivals, by setting."""
    by_setting = _better(evidence)
    if evidence.empty:
        return ""
    if not by_setting:
        return "No method lowers the test error below that of both baselines."
    better = [f"{coded(names)} in `{setting}`" for setting, names in by_setting.items()]
    return f"The test error is lower than that of both baselines, untuned and tuned, with {listed(better)}."


def _better(evidence: pd.DataFrame) -> dict[str, list[str]]:
    """Return the variants that lower the test error of both rivals, by setting."""
    rows = evidence[(evidence.claim == "1d") & (evidence.unit == "points") & (evidence.outcome == "holds")]
    by_setting: dict[str, list[str]] = {}
    for condition, each in rows.groupby("condition", sort=False):
        variant, _, setting = str(condition).partition(" in ")
        if len(each) == len(RIVALS):
            by_setting.setdefault(setting, []).append(variant)
    return by_setting


def gap(name: str, tables: Tables) -> str:
    """Say how wide the train-test gap is, with what it is narrowest, and how it opens in training."""
    gaps = rows_of(tables["gaps"], name, "cross_entropy_gap").set_index("variant")
    others = gaps.drop([BASELINE, TUNED_BASELINE], errors="ignore")
    plain = interval(gaps.loc[BASELINE], 3)
    text = f"In `{name}` the gap in cross-entropy is {plain} nats without regularization"
    if TUNED_BASELINE in gaps.index:
        text += f", {interval(gaps.loc[TUNED_BASELINE], 3)} with the tuned baseline"
    if len(others):
        best = others.estimate.idxmin()
        text += f", and {interval(others.loc[best], 3)} with `{best}`, the narrowest of the methods"
    return f"{text}.{_opening(name, tables['curves'])}"


def _opening(name: str, curves: pd.DataFrame) -> str:
    """Say after which epoch the baseline's validation loss is lowest, if it was recorded."""
    curve = curves[(curves.setting == name) & (curves.variant == BASELINE)]
    wide = curve.pivot_table(index="epoch", columns="metric", values="estimate")
    if "validation_cross_entropy" not in wide:
        return ""
    validation, train = wide.validation_cross_entropy, wide.train_cross_entropy
    best, last = validation.idxmin(), validation.index.max()
    return (
        f" On average, the baseline's validation cross-entropy is lowest after epoch {best} of {last}: "
        f"{validation[best]:.3f} nats, and {train[best]:.3f} in training. At the end it is "
        f"{validation[last]:.3f}, and {train[last]:.3f} in training."
    )
