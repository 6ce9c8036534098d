"""What fills the template of the report."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from pipeline.params import Params
from pipeline.probes import ablation, monte_carlo, textbook, weights
from pipeline.reporting import answers, claims, findings, rankings, significance

SAMPLED = (ablation, monte_carlo, weights)  # the probes that score no more than IMAGES of the test images


def values(
    study: Params,
    tables: Mapping[str, pd.DataFrame],
    verdicts: pd.DataFrame,
    evidence: pd.DataFrame,
    test_size: int,
) -> dict[str, Any]:
    """Return the computed sentences, tables and numbers by their names in `report.md.j2`.

    `tables` are those of the variants ("summary") and of the probes ("map/winners").
    """
    runs, summary, differences = tables["runs"], tables["summary"], tables["differences"]
    compared = [name for name in study.settings if name in set(differences.setting)]
    several = [name for name in compared if len(significance.against(differences, name, "test_error")) > 1]
    error = float(summary[summary.metric == "test_error"].estimate.min())
    tried = tables["tuning"]
    last = tried.groupby(["setting", "variant"]).candidate.transform("max")
    at_an_end = tried.chosen & ((tried.candidate == 0) | (tried.candidate == last))
    return {
        "findings": findings.paragraph(study, summary, differences),
        "beneath": findings.beneath(study, differences),
        "alpha": significance.ALPHA,
        "overview": rankings.overview(compared, summary, differences),
        "conditions": {n: findings.conditions(n, s) for n, s in study.settings.items()},
        "gaps": [findings.gap(name, tables) for name in compared],
        "least_risk": answers.least_risk(tables["strength_paths/paths"]),
        "rankings": {n: rankings.ranking(n, summary, differences) for n in compared},
        "verdicts": verdicts.to_dict("records"),
        "claims": claims.overview(verdicts),
        "claims_counted": claims.sentence(verdicts),
        "answers": answers.computed(tables, evidence),
        "parts": claims.parts(verdicts),
        "textbook": _textbook(study),
        "by_conditions": rankings.by_conditions(tables["map/winners"], tables["map/differences"]),
        "budgets": rankings.budgets(several, runs, summary),
        "choices": rankings.choices(tried),
        "untuned": rankings.untuned(tried, summary),
        "most_images": {probe.__name__.rpartition(".")[2]: probe.IMAGES for probe in SAMPLED},
        "map": study.probes.map,
        "rates": study.probes.learning_rates,
        "choices_at_an_end": int(at_an_end.sum()),
        "choices_made": int(tried.chosen.sum()),
        "tuning": study.tuning,
        "curve_settings": [name for name, one in study.settings.items() if one.validation_size],
        "test_size": test_size,
        "example_error": error,
        "binomial": math.sqrt(error * (100 - error) / test_size),
        "fewest": _fewest(study),
        "keys": rankings.keys(runs),
    }


def _textbook(study: Params) -> str:
    """Say what the textbook program is; nothing where the study has none."""
    own = study.settings.get(textbook.SETTING)
    return findings.conditions(textbook.SETTING, own) if own else ""


def _fewest(study: Params) -> int:
    """Return the smallest number of training sets that a probe trains on."""
    cells = [cell.splits for cell in study.map_settings().values()]
    return min([study.probes.strength_paths.splits, study.probes.learning_rates.splits, *cells])
