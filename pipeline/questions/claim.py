"""A claim of the source text, and how it is judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from pipeline.evaluation.replicates import replicate
from pipeline.params import BASELINE, TUNED_BASELINE
from pipeline.questions.base import Tables
from pipeline.science import verdicts
from pipeline.science.verdicts import Evidence, Verdict
from pipeline.system.files import DIGITS


@dataclass(frozen=True)
class Claim:
    """One claim: `number` ("7c" is a part of 7), its `text`, and the `published` result to hold it against.

    `evidence` computes it from the tables, each endpoint signed so that the claim says: above zero. An
    `existential` claim says that something can happen. `finding` adds a sentence of numbers of its own. A
    claim that is `ours` is not in the source text.
    """

    number: str
    text: str
    published: str
    evidence: Callable[[Tables], Sequence[Evidence]]
    existential: bool = False
    ours: bool = False
    finding: Callable[[Tables, Sequence[Evidence]], str] = lambda tables, evidence: ""

    def judged_by(self, tables: Tables) -> list[Evidence]:
        """Return the evidence, adjusted over the whole claim, as its table has it.

        As it is written, so that a sentence rounds what a reader finds there.
        """
        return [_as_written(piece) for piece in verdicts.adjusted(self.evidence(tables))]

    def verdict(self, evidence: Sequence[Evidence]) -> Verdict:
        """Return the verdict on this evidence."""
        return verdicts.verdict(evidence, existential=self.existential)

    def close(self, evidence: Sequence[Evidence]) -> str:
        """Return the condition and endpoint that could change the verdict alone; nothing if none could."""
        row = verdicts.borderline(evidence, existential=self.existential)
        return f"{row.condition}, {row.endpoint}" if row else ""


@dataclass(frozen=True)
class Definition:
    """A sentence that says what a word means; `covers` says in how far that fits what is studied."""

    number: str
    text: str
    covers: Callable[[Tables], str]


def _as_written(evidence: Evidence) -> Evidence:
    numbers: dict[str, Any] = {
        name: float(DIGITS % value) for name, value in vars(evidence).items() if isinstance(value, float)
    }
    return replace(evidence, **numbers)


def paired_by_split(
    runs: pd.DataFrame, setting: str, metric: str, variant: str, reference: str = BASELINE
) -> np.ndarray:
    """Return variant minus reference of a metric by independent replicate, (n,): of `runs`, a row a run.

    Raises ValueError where the two were not run on the same replicates.
    """
    rows = runs[runs.setting == setting]
    means = rows.groupby(["variant", replicate(rows)])[metric].mean()
    first, second = means[variant], means[reference]
    if list(first.index) != list(second.index):
        raise ValueError(f"{setting}: expected {variant} and {reference} on the same replicates")
    return np.asarray(first - second, dtype=np.float64)


def variants_of(runs: pd.DataFrame, setting: str) -> list[str]:
    """Return the variants that were run in a setting, without the baselines."""
    names = runs[runs.setting == setting].variant.unique()
    return [str(name) for name in names if name not in (BASELINE, TUNED_BASELINE)]


def sentence(parts: Sequence[str]) -> str:
    """Return the parts as one sentence; nothing of none."""
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if parts else ""
