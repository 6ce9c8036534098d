"""What lies beneath the findings: the baseline's own tuning, and the changes in bias and variance."""

from __future__ import annotations

import pandas as pd

from pipeline.evaluation.significance import better, moved, tuning_of_baseline, worse
from pipeline.page.findings import Changes, several
from pipeline.params import Params
from pipeline.system.words import coded, of


def sentences(study: Params, differences: pd.DataFrame) -> list[str]:
    """Say what tuning did to the baseline, and what changed in bias and in variance."""
    many = several(study, differences)
    return [text for text in (_rival(differences, many), _bias_and_variance(differences, many)) if text]


def _rival(differences: pd.DataFrame, many: Changes) -> str:
    """Say where tuning made the baseline better, and where worse."""
    tuning = {name: tuning_of_baseline(differences, name) for name in many}
    tuned = [name for name, rows in tuning.items() if len(rows)]
    if not tuned:
        return ""
    lowered = [name for name in tuned if len(better(tuning[name]))]
    raised = [name for name in tuned if len(worse(tuning[name]))]
    effects = [
        f"{word} its test error beyond chance in {coded(names)}"
        for word, names in (("lowers", lowered), ("raises", raised))
        if names
    ]
    return (
        "The baseline is tuned by cross-entropy. This "
        f"{' and '.join(effects) or 'changes its test error nowhere beyond chance'}."
    )


def _bias_and_variance(differences: pd.DataFrame, many: Changes) -> str:
    """Say how often a variant moved bias and variance which way beyond chance (squared error)."""
    counts = [moved(differences, name) for name in many]
    traded, both, count = (sum(column) for column in zip(*counts, strict=True)) if counts else (0, 0, 0)
    if not count:
        return ""
    return (
        "Bias and variance add up to the squared error. Over all settings, "
        f"{of(traded, count)} comparisons with the untuned baseline show less variance and more bias beyond "
        f"chance, and {both or 'none'} show{'s' * (both < 2)} less of both."
    )
