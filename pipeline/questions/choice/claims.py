"""Claims 9a, 9b, 9c, 9d, 9f, 9g and 9h of the source's ninth answer, and 9x of ours.

Differences are of test error, paired by training set, tested by t. A condition is a setting of the study or
one of the question's own. The tuned baseline is a rival in 9d, 9f, 9g and 9h; in the others it is no
method.

Rank reversals (9a, 9b, 9c, 9x). A choice depends on something if two methods change places with it: each is
the better one somewhere, with all else equal. This is an intersection-union test: the larger of the two
one-sided p values, times the number of places. It is adjusted over the pairs of methods on that axis alone
(Holm). The axis counts against the claim where one method beats every other at every place, each beyond
chance. The margin of `reversals.py` decides nothing.
- 9a, data: data size, data set, useless inputs. The sentence names size and complexity. So three quarters
  of the axes must be decided, and all of these for it.
- 9b, architecture: width, depth, kind of network. They are our ways to vary one thing, so one axis is
  enough.
- 9c, resources: a place is a quarter, half or all of the epochs, and an axis is a setting. Endpoint:
  validation error, from the histories. Epochs are the resource, not seconds. Strengths were chosen for all
  epochs.
- 9x, ours: the share of wrong labels.

At least half of the conditions (9d, 9g), among the methods that all conditions share: p by the partial
conjunction of Benjamini & Heller (2008). The effect is absent where it lies below the margin in more than
the other half.
- 9d, L2 is a good default. Two endpoints: in at least half it beats the better of the two baselines (margin
  MARGIN), and in at least half it lies nearer than NEAR to the best method (NEAR_MARGIN).
- 9g: in at least half something else beats early stopping (margin MARGIN). Which one it is may differ, so
  the p value of a condition is adjusted over the rivals (Bonferroni).

9f, dropout: its gain is the error of the better baseline minus its own. Endpoints: the gain at the largest
width minus that at the smallest, averaged over depths; the same of depth, averaged over widths; and the
gain in each of the larger networks. The networks share their training sets. The margin of a gain is MARGIN;
that between two gains, CONTRAST, is what six training sets can tell from none. The first was that, too, until
a gain of .55 points in a wide network, beyond chance, counted as none.

9h, worth trying several: the regret of always taking one method, against choosing on each training set the
one of the lowest validation loss. A row a method, averaged over the conditions, margin WORTH. It holds
where every fixed choice costs more.

MARGIN, NEAR and NEAR_MARGIN stand in `halves.py`.

These rules replace one rule for the whole answer. They were written when results of an earlier edition of the
study, on the same training sets, had been seen. The other margins follow from the spread and the number of
sets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from pipeline.questions.base import Tables
from pipeline.questions.choice import gains, halves, regret
from pipeline.questions.choice.reversals import Place, along, judged
from pipeline.questions.claim import Claim, sentence
from pipeline.science import verdicts
from pipeline.science.verdicts import Evidence
from pipeline.system.words import counted

WORTH = 0.2  # points: the mean over all conditions varies less than a single one
DEFAULT, STOPPING = "l2", "early_stopping"


def _on_axes(*axes: str) -> Callable[[Tables], list[Evidence]]:
    def evidence(tables: Tables) -> list[Evidence]:
        return [piece for axis in axes for piece in along(tables["runs"], axis)]

    return evidence


def _on_budgets(tables: Tables) -> list[Evidence]:
    found = []
    for condition, rows in tables["budgets"].groupby("condition", sort=False):
        places = []
        for share, at in rows.groupby("share"):
            wide = at.pivot_table(index="split", columns="method", values="validation_error", sort=False)
            places.append(Place(f"{share:.0%} of the epochs", share, wide))
        if len(places) > 1 and len(places[0].errors) > 1:
            found.append(judged(str(condition), "points", [places]))
    return found


def _regrets(tables: Tables) -> list[Evidence]:
    regrets = dict(regret.by_training_set(tables["runs"], "validation_cross_entropy"))
    methods = dict.fromkeys(method for frame in regrets.values() for method in frame)
    return [
        verdicts.paired(
            f"{method} everywhere",
            "test error above that of the choice on validation data",
            "points",
            np.asarray(regret.over_conditions(regrets, method)),
            WORTH,
        )
        for method in methods
    ]


def _changes(tables: Tables, evidence: Sequence[Evidence]) -> str:
    parts = [f"along {piece.condition}, {piece.endpoint}" for piece in evidence if piece.outcome == "holds"]
    return sentence(parts)


def _ahead(tables: Tables, evidence: Sequence[Evidence]) -> str:
    """Name the method that is ahead at the first and at the last budget of every setting."""
    parts = []
    means = tables["budgets"].groupby(["condition", "share", "method"], sort=False).validation_error.mean()
    for condition in tables["budgets"].condition.unique():
        by_share = means[condition].unstack("method")
        first, last = by_share.loc[by_share.index.min()], by_share.loc[by_share.index.max()]
        if first.idxmin() == last.idxmin():
            parts.append(f"in {condition} {first.idxmin()} is ahead from first to last")
        else:
            parts.append(f"in {condition} {first.idxmin()} is ahead first and {last.idxmin()} at the end")
    return sentence(parts)


def _share(shown: str) -> Callable[[Tables, Sequence[Evidence]], str]:
    def finding(tables: Tables, evidence: Sequence[Evidence]) -> str:
        if not evidence:
            return ""
        piece = evidence[0]
        return (
            f"{shown} {piece.estimate:z.2f} points in the median of {counted(piece.n, 'condition')}, "
            f"{piece.low:z.2f} to {piece.high:z.2f} from one to another."
        )

    return finding


def _by_size(tables: Tables, evidence: Sequence[Evidence]) -> str:
    rows = gains.table(gains.by_size(tables["runs"])).itertuples()
    return sentence([f"{row.depth} x {row.width} units: {row.estimate:z.2f} points" for row in rows])


def _least(tables: Tables, evidence: Sequence[Evidence]) -> str:
    rows = tables["regret"]
    rows = rows[(rows.criterion == "validation_cross_entropy") & (rows.condition == regret.EVERYWHERE)]
    if rows.empty:
        return ""
    least, most = rows.loc[rows.estimate.idxmin()], rows.loc[rows.estimate.idxmax()]
    return (
        f"The fixed choice that costs least is {least.method} ({least.estimate:z.2f} points), and that which "
        f"costs most is {most.method} ({most.estimate:z.2f})."
    )


_SRIVASTAVA = (
    "Srivastava et al. (2014), Fig. 10, as quoted: no gain from dropout at 100 and 500 images, then one that "
    "grows and shrinks again."
)
_TABLE = (
    "Srivastava et al. (2014), Table 9, as quoted: L2 1.62 %, max-norm 1.35 %, dropout + max-norm 1.05 %."
)
_ZHANG = "Zhang et al. (2017), as quoted: explicit regularization is neither necessary nor sufficient."
_PRECHELT = "Prechelt (1998), 1,296 runs: slower criteria generalise 4 % better at 4 times the time."
_PEREYRA = "Pereyra et al. (2017): a ranking of dropout and label smoothing that did not replicate elsewhere."
CLAIMS = (
    Claim(
        number="9a",
        text="The right choice depends on the size and the complexity of the data.",
        published=_SRIVASTAVA,
        evidence=_on_axes("data size", "data set", "useless inputs"),
        finding=_changes,
    ),
    Claim(
        number="9b",
        text="The right choice depends on the architecture.",
        published=_PEREYRA,
        evidence=_on_axes("width", "depth", "kind of network"),
        existential=True,
        finding=_changes,
    ),
    Claim(
        number="9c",
        text="The right choice depends on the resources: two methods change places with the epochs.",
        published=_PRECHELT,
        evidence=_on_budgets,
        finding=_ahead,
    ),
    Claim(
        number="9d",
        text="L2 is a good default.",
        published=_TABLE,
        evidence=lambda tables: halves.default(tables["runs"], DEFAULT),
        finding=_share("L2 gains on the better baseline"),
    ),
    Claim(
        number="9f",
        text="Dropout is effective for large and deep networks.",
        published=_SRIVASTAVA,
        evidence=lambda tables: gains.evidence(tables["runs"]),
        finding=_by_size,
    ),
    Claim(
        number="9g",
        text="Early stopping is simple, but something else is better in many conditions.",
        published=_PRECHELT,
        evidence=lambda tables: halves.beaten(tables["runs"], STOPPING),
        finding=_share("The best rival lies below early stopping by"),
    ),
    Claim(
        number="9h",
        text="It is worth trying several methods and choosing on validation data.",
        published=_ZHANG,
        evidence=_regrets,
        finding=_least,
    ),
    Claim(
        number="9x",
        text="The right choice depends on how many labels are wrong.",
        published=_ZHANG,
        evidence=_on_axes("wrong labels"),
        ours=True,
        finding=_changes,
    ),
)
