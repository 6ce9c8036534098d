"""Claim 2: regularization trades bias for variance, controls complexity, and so helps.

Judged is every variant at the strength that was chosen for it, against the same training without it, and not
along a path of strengths, whose ends are arbitrary. A difference is tested by t over the training sets.

Claim 2a, bias rises; claim 2b, variance falls; claim 2e, the risk, which is the sum of the two, falls.
Endpoints: the term in squared error (margin .002) and in cross-entropy (margin .005 nats), about a hundredth
of the risk of these networks. Conditions: every variant in every setting with several training sets, which
bias and variance need. The values of a training set are the jackknife's pseudo-values.

2c is a definition: it says what bias and variance are, and how they change with the shape of the network.

Claim 2d, it controls complexity: three measures of it fall. Endpoints, as logarithms of the ratio to the
network without the variant: the Euclidean norm of all kernels; the effective rank of the first kernel,
which is how many singular directions carry its energy; the mean norm of the gradient of the logits by the
input, on test images. A fall by less than a tenth (margin log 1.1) would be no control worth the name.
Conditions: every variant in every setting with dense networks.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import pandas as pd

from pipeline.params import BASELINE
from pipeline.questions.base import Tables
from pipeline.questions.claim import Claim, Definition, paired_by_split, sentence, variants_of
from pipeline.questions.evidence import where_it_holds
from pipeline.science import verdicts
from pipeline.science.verdicts import Evidence, Outcome
from pipeline.system.words import coded, listed

LOSSES = {"squared_error": ("squared error", 0.002), "cross_entropy": ("nats", 0.005)}
COMPLEXITY = {
    "norm": "norm of all kernels",
    "directions": "effective rank of the first kernel",
    "gradient": "gradient by the input",
}
RATIO = float(np.log(1.1))


def _term(tables: Tables, term: str, sign: float) -> list[Evidence]:
    values = tables["study/pseudo_values"]
    return [
        verdicts.paired(
            f"{variant} in {setting}",
            f"{term}, {loss.replace('_', ' ')}",
            unit,
            sign * paired_by_split(values, setting, f"{loss}_{term}", variant),
            margin,
        )
        for setting in values.setting.unique()
        for loss, (unit, margin) in LOSSES.items()
        for variant in variants_of(values, setting)
    ]


def _complexity(tables: Tables) -> list[Evidence]:
    measured = tables["complexity"]
    logs = measured.assign(**{name: np.log(measured[name].astype(float)) for name in COMPLEXITY})
    return [
        verdicts.paired(
            f"{variant} in {setting}",
            words,
            "log ratio",
            -paired_by_split(logs, setting, name, variant),
            RATIO,
        )
        for setting in logs.setting.unique()
        for name, words in COMPLEXITY.items()
        for variant in variants_of(logs, setting)
    ]


def against_the_claim(tables: Tables, evidence: Sequence[Evidence], what: str) -> str:
    """Name the variants for which the opposite is shown, by loss and setting."""
    parts = []
    for loss in LOSSES:
        words = loss.replace("_", " ")
        by_setting: dict[str, list[str]] = {}
        for row in evidence:
            if row.endpoint.endswith(words) and row.outcome is Outcome.REVERSED:
                variant, _, setting = row.condition.partition(" in ")
                by_setting.setdefault(setting, []).append(variant)
        places = [f"{coded(names)} in {setting}" for setting, names in by_setting.items()]
        if places:
            parts.append(f"in {words} {what} with {listed(places)}")
    return sentence(parts)


def _risk(tables: Tables, evidence: Sequence[Evidence]) -> str:
    """Say where on each path the risk is least: at neither end, there is a tradeoff to make."""
    paths = tables["paths"]
    if paths.empty:
        return ""
    inside: list[str] = []
    ends: list[str] = []
    for (setting, variant), rows in paths[paths.metric == "squared_error_risk"].groupby(
        ["setting", "variant"], sort=False
    ):
        best = rows.loc[rows.estimate.idxmin()].step
        (inside if rows.step.min() < best < rows.step.max() else ends).append(f"{variant} in {setting}")
    parts = [
        f"{where} of the path of {listed(names)}"
        for where, names in (("between the ends", inside), ("at an end", ends))
        if names
    ]
    return f"Along the strengths, the risk in squared error is least {'; '.join(parts)}."


def _measures(tables: Tables, evidence: Sequence[Evidence]) -> str:
    """Say which variants lower each measure of complexity wherever it was taken, and what was left out."""
    parts = []
    for words in COMPLEXITY.values():
        rows = [(row.condition, row.outcome) for row in evidence if row.endpoint == words]
        everywhere, _, never = where_it_holds(rows)
        lowered = f"{coded(everywhere) or 'no variant'} in every setting"
        parts.append(
            f"the {words} is lower with {lowered}{f', with {coded(never)} in none' if never else ''}"
        )
    unread = tables["left_out"]
    other = unread[unread.variant != BASELINE]
    places = [f"{coded(rows.variant)} in {setting}" for setting, rows in other.groupby("setting", sort=False)]
    if places:
        parts.append(f"left out, for their networks cannot be looked into: {listed(places)}")
    return sentence(parts) if evidence else ""


def by_shape(tables: Tables) -> str:
    """Say what bias and variance are, and how they change between settings of different networks."""
    said = (
        "Bias is the error of the average network, and variance is how far networks from other training "
        "sets and initial weights scatter around it; a simple network often has more of the one and less of "
        "the other, but neither is simplicity or the ability to capture complexity itself."
    )
    summary: pd.DataFrame = tables["study/summary"]
    terms = summary[summary.variant == BASELINE].set_index(["setting", "metric"]).estimate
    for pair in tables["shapes"].to_dict("records"):
        numbers = [
            f"{term} {terms[pair['setting'], f'squared_error_{term}']:.4f} and "
            f"{terms[pair['other'], f'squared_error_{term}']:.4f}"
            for term in ("bias", "variance")
        ]
        said += (
            f" Between {pair['setting']} ({pair['layers']}) and {pair['other']} ({pair['other_layers']}), "
            f"without regularization: {listed(numbers)} (squared error)."
        )
    return said


_ZHANG = "Zhang et al. (2017), as quoted: explicit regularization is neither necessary nor sufficient."
_PUBLISHED = (
    "Yang et al. (2020): bias falls with width, variance rises then falls; label noise raises the peak."
)
CLAIMS = (
    Claim(
        number="2a",
        text="Regularization raises bias.",
        published=_PUBLISHED,
        evidence=functools.partial(_term, term="bias", sign=1.0),
        finding=functools.partial(against_the_claim, what="bias falls"),
    ),
    Claim(
        number="2b",
        text="Regularization lowers variance.",
        published=_PUBLISHED,
        evidence=functools.partial(_term, term="variance", sign=-1.0),
        finding=functools.partial(against_the_claim, what="variance rises"),
    ),
    Definition(
        number="2c",
        text="Bias is the simplicity of a network, variance its ability to capture complexity.",
        covers=by_shape,
    ),
    Claim(
        number="2d",
        text="Regularization controls the complexity of the network.",
        published=_ZHANG,
        evidence=_complexity,
        finding=_measures,
    ),
    Claim(
        number="2e",
        text="By this trade regularization lowers the risk, the sum of bias and variance.",
        published=_PUBLISHED,
        evidence=functools.partial(_term, term="risk", sign=-1.0),
        finding=_risk,
    ),
)
