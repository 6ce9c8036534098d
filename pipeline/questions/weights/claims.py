"""Claim 3: L1 gives sparse weights, L2 small and evenly spread ones.

Judged at matched validation loss, on the live weights of all kernels: those that some training image of
the run reaches. A border pixel never varies; there a penalty shrinks weights that the data never ask
for, and that is no sparsity learned. Differences are paired by training set, tested by t, Holm-adjusted
within a setting.

In every setting, in the claimed direction and beyond the margin:
- sparse: the share of |w| < 1e-3 is higher for L1 than for L2 (a share, margin SHARE); Hoyer's index,
  which does not depend on the scale of the weights, is higher for L1 than for L2 and than for the
  baseline (margin INDEX);
- small: the Euclidean norm is lower for L2 than for the baseline (relative, margin NORM);
- evenly spread: the participation ratio is higher for L2 than for L1 and than for the baseline (margin
  INDEX). A uniform, a Gaussian and a Laplace distribution have Hoyer indices of .13, .20 and .29 and
  participation ratios of .56, .33 and .17: INDEX is well inside one such step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline.questions.base import Tables
from pipeline.questions.claim import Claim, sentence
from pipeline.science import verdicts
from pipeline.science.verdicts import Evidence

SHARE = 0.10
NORM = 0.10
INDEX = 0.05


def _pairs(
    tables: Tables,
    column: str,
    unit: str,
    margin: float,
    pairs: Sequence[tuple[str, str]],
    relative: bool = False,
) -> list[Evidence]:
    """Return first - second of a column over the live weights, for pairs of variants, a family a setting.

    As a share of the second where `relative`.
    """
    spread, evidence = tables["spread"], []
    spread = spread[(spread.kernels == "all") & (spread.weights == "live")]
    for setting in spread.setting.unique():
        of_setting = spread[spread.setting == setting]
        means = of_setting.pivot_table(index="split", columns="variant", values=column)
        family = []
        for first, second in pairs:
            if {first, second} <= set(means.columns):
                scale = means[second] if relative else 1.0
                differences = (means[first] - means[second]) / scale
                endpoint = f"{column.replace('_', ' ')}, {first} minus {second}"
                family.append(verdicts.paired(setting, endpoint, unit, differences, margin))
        evidence += family
    return evidence


def _sparse(tables: Tables) -> list[Evidence]:
    return [
        *_pairs(tables, "near_zero", "share", SHARE, [("l1", "l2")]),
        *_pairs(tables, "hoyer", "index", INDEX, [("l1", "l2"), ("l1", "baseline")]),
    ]


def _small(tables: Tables) -> list[Evidence]:
    excesses = _pairs(tables, "norm", "share", NORM, [("l2", "baseline")], relative=True)
    endpoint = "norm, baseline minus l2"
    return [
        replace(row, endpoint=endpoint, estimate=-row.estimate, low=-row.high, high=-row.low)
        for row in excesses
    ]


def _even(tables: Tables) -> list[Evidence]:
    return _pairs(tables, "participation_ratio", "ratio", INDEX, [("l2", "l1"), ("l2", "baseline")])


def _said(tables: Tables, evidence: Sequence[Evidence]) -> str:
    parts = [
        f"{row.endpoint} in {row.condition}: {row.estimate:+.3f} [{row.low:+.3f}, {row.high:+.3f}]"
        for row in evidence
    ]
    return sentence(parts)


_PUBLISHED = "No published figure is held against it; gradient steps leave no exact zeros, hence thresholds."
CLAIMS = (
    Claim("3a", "L1 gives sparse weights.", _PUBLISHED, _sparse, finding=_said),
    Claim("3b", "L2 gives small weights.", _PUBLISHED, _small, finding=_said),
    Claim("3c", "L2 gives evenly spread weights.", _PUBLISHED, _even, finding=_said),
)
