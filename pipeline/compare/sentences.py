"""Differences in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.compare.differences import Basis, Difference
from pipeline.compare.scores import ENDPOINT
from pipeline.compare.sides import Side
from pipeline.science.metrics import METRICS
from pipeline.system.words import capital

NONE = "no evidence of a change"
SAME = "the same runs"
METHODS = {
    Basis.PAIRED: "Paired, replicate by replicate, over {0}.",
    Basis.UNPAIRED: "Not paired, because the sides differ in {1}. Welch's interval over {0}.",
}
WEIGHTS = (
    " The initial weights differ between the sides, because {0} does. The interval holds for the weights "
    "that were run and says nothing about others."
)


def verdict(difference: Difference) -> str:
    """Say whether and how a metric differs, as far as that can be told from chance."""
    if difference.basis is Basis.SAME:
        return SAME
    if difference.p_holm is None:
        return f"not judged: {difference.basis}"
    if not difference.beyond_chance:
        return NONE
    metric = METRICS[difference.metric]
    size, half = (f"{value:.{metric.digits}f}" for value in (abs(difference.estimate), difference.half))
    return f"{difference.word} by {size} ± {half} {metric.difference_unit}"


def change(difference: Difference) -> str:
    """Return the difference as text, with its interval where there is one."""
    form = f"+z.{METRICS[difference.metric].digits}f"
    if difference.low is None or difference.high is None:
        return f"{difference.estimate:{form}}"
    return f"{difference.estimate:{form}} [{difference.low:{form}}, {difference.high:{form}}]"


def means(difference: Difference) -> str:
    """Return the means of both sides as text."""
    form = f".{METRICS[difference.metric].digits}f"
    return f"{difference.a:{form}} → {difference.b:{form}}"


def finding(setting: str, differences: Sequence[Difference]) -> str:
    """Say what became of the test error of the variants of one setting."""
    changes = [row for row in differences if (row.setting, row.metric) == (setting, ENDPOINT)]
    clauses = [f"`{row.variant}` is {verdict(row)}" for row in changes if row.beyond_chance]
    for words, count in (
        ("no evidence of a change in {}", sum(verdict(row) == NONE for row in changes)),
        ("the same runs in {}", sum(row.basis is Basis.SAME for row in changes)),
    ):
        if count:
            clauses.append(words.format(_of(count, len(changes))))
    unjudged = [row.basis for row in changes if row.p_holm is None and row.basis is not Basis.SAME]
    clauses += [
        f"{_of(unjudged.count(basis), len(changes))} not judged: {basis}" for basis in dict.fromkeys(unjudged)
    ]
    return f"{capital(METRICS[ENDPOINT].label)} in **`{setting}`**: {'; '.join(clauses)}."


def method(setting: str, differences: Sequence[Difference]) -> list[str]:
    """Say how the variants of a setting are compared."""
    rows = [row for row in differences if row.setting == setting]
    judged = dict.fromkeys((row.basis, row.replicates, row.why) for row in rows if row.basis in METHODS)
    return [
        METHODS[basis].format(replicates, why)
        + (WEIGHTS.format(why) if why and basis is Basis.PAIRED else "")
        for basis, replicates, why in judged
    ]


def origin(side: Side) -> str:
    """Say what a side is and where its scores were read."""
    known = "every run" if side.scores.runs else "only means, so nothing can be judged"
    at = f" at `{side.commit[:12]}`" if side.commit else ""
    return f"{side.kind}{at}; scores from `{side.scores.source}`: {known}"


def warnings(a: Side, b: Side) -> Iterator[str]:
    """Say what stands between the scores and a verdict on the change."""
    for letter, side in (("A", a), ("B", b)):
        if side.stale:
            yield (
                f"the scores of {letter} are older than its {_listed(side.stale)}; "
                "run dvc repro there to compute them again"
            )
        if not side.scores.runs:
            yield f"only the means of {letter} are known ({side.scores.source}), so nothing is judged"


def _listed(paths: Sequence[str]) -> str:
    return ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")


def _of(some: int, count: int) -> str:
    return f"{some} of {count} variants"
