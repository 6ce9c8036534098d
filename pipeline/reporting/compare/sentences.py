"""Differences in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.reporting.compare.differences import Basis, Difference
from pipeline.reporting.compare.sides import Side

NONE = "no evidence of a change"
SAME = "the same runs"
# How a fall and a rise of a metric are called, its unit and its digits. A narrow gap is no merit of itself.
WORDS = {
    "test_error": ("better", "worse", "points", 2),
    "test_cross_entropy": ("better", "worse", "nats", 3),
    "cross_entropy_gap": ("narrower", "wider", "nats", 3),
}
METHODS = {
    Basis.PAIRED: "Paired, replicate by replicate, over {0}.",
    Basis.UNPAIRED: "Not paired, for what is not the same on both sides: {1}. Welch's interval, over {0}.",
}
WEIGHTS = (
    " The initial weights are not the same on both sides, for {0} is not: the interval holds for those that "
    "were run, and does not tell what others would do."
)


def verdict(one: Difference) -> str:
    """Say whether and how a metric differs, as far as that can be told from chance."""
    fall, rise, unit, digits = WORDS[one.metric]
    if one.basis is Basis.SAME:
        return SAME
    if one.p_holm is None:
        return f"not judged: {one.basis}"
    if not one.beyond_chance:
        return NONE
    size = f"{abs(one.estimate):.{digits}f} ± {one.half:.{digits}f} {unit}"
    return f"{fall if one.estimate < 0 else rise} by {size}"


def change(one: Difference) -> str:
    """Return the difference as text, with its interval where there is one."""
    digits = WORDS[one.metric][3]
    if one.low is None or one.high is None:
        return f"{one.estimate:+z.{digits}f}"
    return f"{one.estimate:+z.{digits}f} [{one.low:+z.{digits}f}, {one.high:+z.{digits}f}]"


def means(one: Difference) -> str:
    """Return the means of both sides as text."""
    digits = WORDS[one.metric][3]
    return f"{one.a:.{digits}f} → {one.b:.{digits}f}"


def finding(setting: str, found: Sequence[Difference]) -> str:
    """Say what became of the test error of the variants of one setting."""
    own = [one for one in found if (one.setting, one.metric) == (setting, "test_error")]
    said = [f"`{one.variant}` is {verdict(one)}" for one in own if one.beyond_chance]
    for words, count in (
        ("no evidence of a change in {}", sum(verdict(one) == NONE for one in own)),
        ("the same runs in {}", sum(one.basis is Basis.SAME for one in own)),
    ):
        if count:
            said.append(words.format(_of(count, len(own))))
    for basis in dict.fromkeys(
        one.basis for one in own if one.p_holm is None and one.basis is not Basis.SAME
    ):
        count = sum(one.basis is basis for one in own)
        said.append(f"{_of(count, len(own))} not judged: {basis}")
    return f"Test error in **`{setting}`**: {'; '.join(said)}."


def method(setting: str, found: Sequence[Difference]) -> list[str]:
    """Say how the variants of a setting are compared."""
    own = [one for one in found if one.setting == setting]
    judged = dict.fromkeys((one.basis, one.replicates, one.why) for one in own if one.basis in METHODS)
    return [
        METHODS[basis].format(replicates, why)
        + (WEIGHTS.format(why) if why and basis is Basis.PAIRED else "")
        for basis, replicates, why in judged
    ]


def origin(side: Side) -> str:
    """Say what a side is and where its scores were read."""
    known = "every run" if side.scores.runs else "means alone, so that nothing can be judged"
    at = f" at `{side.commit[:12]}`" if side.commit else ""
    return f"{side.kind}{at}; scores from `{side.scores.source}`: {known}"


def warnings(a: Side, b: Side) -> Iterator[str]:
    """Say what stands between the scores and a verdict on the change."""
    for letter, side in (("A", a), ("B", b)):
        if side.stale:
            yield (
                f"the scores of {letter} are older than its {_listed(side.stale)}: dvc repro there computes "
                "them anew"
            )
        if not side.scores.runs:
            yield f"of {letter} only means are known ({side.scores.source}): nothing is judged"


def _listed(paths: Sequence[str]) -> str:
    return ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")


def _of(some: int, count: int) -> str:
    return f"{some} of {count} variants"
