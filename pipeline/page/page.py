"""What fills the template of the report."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.page import claims, findings, rankings
from pipeline.page.answers import Answer
from pipeline.params import Params
from pipeline.science.levels import ALPHA, PERCENT

TEMPLATE = Path(__file__).parent / "templates" / "report.md.j2"


def values(
    study: Params,
    tables: Mapping[str, pd.DataFrame],
    answers: Sequence[Answer],
    test_sizes: Mapping[str, int],
) -> dict[str, Any]:
    """Return the computed sentences, tables and numbers by their names in `report.md.j2`.

    `tables` are those of `reports/tables` by name; `test_sizes` has the number of test images by setting.
    """
    runs, summary, differences = tables["runs"], tables["summary"], tables["differences"]
    compared = [name for name in study.settings if name in set(differences.setting)]
    errors = summary[summary.metric == "test_error"]
    least = errors.loc[errors.estimate.idxmin()]
    error, test_size = float(least.estimate), test_sizes[least.setting]
    tried = tables["tuning"]
    last = tried.groupby(["setting", "variant"]).candidate.transform("max")
    at_an_end = tried.chosen & ((tried.candidate == 0) | (tried.candidate == last))
    return {
        "alpha": ALPHA,
        "level": PERCENT,
        "findings": findings.sentences(study, differences),
        "tuned_baseline": findings.tuned(study, differences),
        "alike": findings.alike(study, summary, differences),
        "overview": rankings.overview(compared, summary, differences),
        "answers": answers,
        "conditions": {name: study.settings[name].described for name in compared},
        "rankings": {name: rankings.ranking(name, summary, differences) for name in compared},
        "tuning": study.tuning,
        "choices": rankings.choices(tried),
        "choices_at_an_end": int(at_an_end.sum()),
        "choices_made": int(tried.chosen.sum()),
        "untuned": rankings.untuned(tried, summary),
        "data_sets": len({setting.data for setting in study.settings.values()}),
        "test_size": test_size,
        "example_error": error,
        "binomial": math.sqrt(error * (100 - error) / test_size),
        "unsettled": claims.unsettled(row for answer in answers for row in answer.verdicts),
        "fewest": min(_training_sets(study), default=0),
        "keys": rankings.keys(runs),
    }


def _training_sets(study: Params) -> Iterator[int]:
    """Yield the numbers of training sets of the cells that questions ask for."""
    for _, section in study.sections():
        if "splits" in type(section).model_fields:
            yield section.splits  # type: ignore[attr-defined]  # a field of some questions' sections
        for setting, _ in section.drawn(study).values():
            yield setting.splits
