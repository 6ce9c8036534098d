"""Outcomes of evidence and verdicts on claims, against hand-worked cases and a simulation."""

import numpy as np
import pytest
from scipy import stats

from pipeline.science import verdicts
from pipeline.science.verdicts import Evidence, Outcome, Verdict

DIFFERENCES = [0.30, 0.35, 0.28, 0.33, 0.31, 0.36]


def evidence(
    estimate: float = 1.0, p: float = 1.0, q: float = 1.0, arm: float = 0.5, equality: bool = False
) -> Evidence:
    limits = (estimate - arm, estimate + arm)
    return Evidence("here", "score", "points", estimate, *limits, 5, p, q, 0.1, equality)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (evidence(1.0, p=0.01), Outcome.HOLDS),
        (evidence(-1.0, p=0.01), Outcome.REVERSED),
        (evidence(1.0, p=0.06), Outcome.UNKNOWN),
        (evidence(0.0, q=0.04), Outcome.ABSENT),
        (evidence(0.05, p=0.01, q=0.01), Outcome.ABSENT),  # beyond chance, and too small to matter
        (evidence(0.0, q=0.04, equality=True), Outcome.HOLDS),
        (evidence(0.0, q=0.06, equality=True), Outcome.UNKNOWN),
        (evidence(1.0, p=0.01, equality=True), Outcome.REVERSED),  # its limits, .5 and 1.5, lie outside
        (evidence(0.3, p=0.01, arm=0.25, equality=True), Outcome.UNKNOWN),  # .05 does not
    ],
)
def test_the_outcome_of_one_condition(given: Evidence, expected: Outcome) -> None:
    assert given.outcome is expected


def test_paired_evidence_is_the_t_tests() -> None:
    paired = verdicts.paired("here", "score", "points", DIFFERENCES, 0.4)
    one_sided = [
        stats.ttest_1samp(DIFFERENCES, -0.4, alternative="greater").pvalue,
        stats.ttest_1samp(DIFFERENCES, 0.4, alternative="less").pvalue,
    ]
    assert paired.p_value == pytest.approx(stats.ttest_1samp(DIFFERENCES, 0.0).pvalue)
    assert paired.p_equivalence == pytest.approx(max(one_sided))
    interval = stats.ttest_1samp(DIFFERENCES, 0.0).confidence_interval(0.95)
    assert paired.estimate == pytest.approx(np.mean(DIFFERENCES))
    assert paired.n == 6
    assert (paired.low, paired.high) == pytest.approx((interval.low, interval.high))


def test_equal_steps_of_a_grid_are_no_certainty() -> None:
    on_grid = verdicts.paired_on_grid("here", "rate", "decades", [0.5, 0.5, 0.5], 0.25, step=0.5)
    error = 0.5 / np.sqrt(6)  # two uniform roundings, of variance step^2 / 12 each
    assert on_grid.p_value == pytest.approx(2 * stats.norm.sf(0.5 / error))
    assert on_grid.p_equivalence == 1.0  # as by the t tests, for .5 lies outside
    assert (on_grid.low, on_grid.high) == pytest.approx(stats.norm.interval(0.95, 0.5, error))
    assert on_grid.outcome is Outcome.HOLDS


def test_a_fine_grid_changes_nothing() -> None:
    plain = verdicts.paired("here", "score", "points", DIFFERENCES, 0.4)
    on_grid = verdicts.paired_on_grid("here", "score", "points", DIFFERENCES, 0.4, step=1e-9)
    for name in ("estimate", "low", "high", "p_value", "p_equivalence"):
        assert getattr(on_grid, name) == pytest.approx(getattr(plain, name))


@pytest.mark.parametrize("step", [0.01, 0.1, 1.0, 10.0])
@pytest.mark.parametrize("differences", [[3.0, 3.0, 5.0], [0.1, -0.2, 0.4, 0.3], [2.0, 2.0, 2.0]])
def test_a_grid_makes_nothing_surer(differences: list[float], step: float) -> None:
    plain = verdicts.paired("here", "rate", "steps", differences, 1.0)
    on_grid = verdicts.paired_on_grid("here", "rate", "steps", differences, 1.0, step=step)
    assert on_grid.p_value >= plain.p_value
    assert on_grid.p_equivalence >= plain.p_equivalence
    assert on_grid.low <= plain.low <= plain.high <= on_grid.high


def test_the_limits_of_what_is_read_off_a_grid_cover_the_truth() -> None:
    """Three pairs close together, any true difference: where the t interval is often a point beside it."""
    rng = np.random.default_rng(0)
    level, truth = rng.uniform(0, 5, (2, 2000))
    pairs = np.stack([level, level + truth], axis=1)[:, None] + rng.normal(0, 0.05, (2000, 3, 2))
    differences = np.diff(np.round(pairs), axis=2)[:, :, 0]
    named = ("here", "rate", "steps")
    covered = {}
    for name, judged in (
        ("grid", [verdicts.paired_on_grid(*named, row, 0.1, step=1.0) for row in differences]),
        ("plain", [verdicts.paired(*named, row, 0.1) for row in differences]),
    ):
        low, high = np.array([(item.low, item.high) for item in judged]).T
        covered[name] = float(((low <= truth) & (truth <= high)).mean())
    assert covered["grid"] >= 0.95
    assert covered["plain"] < 0.5


def test_a_grid_has_a_step() -> None:
    with pytest.raises(ValueError, match="step: expected a value above 0, received 0"):
        verdicts.paired_on_grid("here", "rate", "decades", [0.5, 0.5], 0.25, step=0)


def test_both_p_values_of_a_family_are_adjusted() -> None:
    family = [evidence(p=0.01, q=0.5), evidence(p=0.04, q=0.02), evidence(p=0.02, q=0.6)]
    adjusted = verdicts.adjusted(family)
    # Holm: 3 x .01, 2 x .02, .04; and 3 x .02, 2 x .5, 1.
    assert [item.p_value for item in adjusted] == pytest.approx([0.03, 0.04, 0.04])
    assert [item.p_equivalence for item in adjusted] == pytest.approx([1.0, 0.06, 1.0])
    assert verdicts.adjusted([]) == []


HOLDS, REVERSED = evidence(1.0, p=0.01), evidence(-1.0, p=0.01)
ABSENT, UNKNOWN = evidence(0.0, q=0.01), evidence()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([HOLDS], Verdict.SUPPORTED),
        ([HOLDS, UNKNOWN], Verdict.SUPPORTED),  # half of them are decided
        ([HOLDS, UNKNOWN, UNKNOWN], Verdict.INCONCLUSIVE),
        ([REVERSED, ABSENT], Verdict.REFUTED),
        ([ABSENT, UNKNOWN, UNKNOWN], Verdict.INCONCLUSIVE),
        ([HOLDS, REVERSED, UNKNOWN, UNKNOWN, UNKNOWN], Verdict.CONDITIONAL),
        ([HOLDS, ABSENT], Verdict.CONDITIONAL),
        ([UNKNOWN], Verdict.INCONCLUSIVE),
        ([], Verdict.INCONCLUSIVE),
    ],
)
def test_the_verdict_on_a_claim(given: list[Evidence], expected: Verdict) -> None:
    assert verdicts.verdict(given) is expected


def test_what_can_happen_is_supported_by_one_condition() -> None:
    assert verdicts.verdict([HOLDS, REVERSED, UNKNOWN], existential=True) is Verdict.SUPPORTED
    assert verdicts.verdict([REVERSED, ABSENT], existential=True) is Verdict.REFUTED


@pytest.mark.usefixtures("cheap_collection")
def test_where_nothing_is_there_a_family_is_rarely_found_to_show_something() -> None:
    """Twelve variants, ten training sets, no effect: some condition is decided in at most 5 % of studies."""
    rng = np.random.default_rng(11)
    studies = 400
    decided = 0
    for _ in range(studies):
        shared = rng.normal(size=10)  # a baseline that all are compared with
        family = [verdicts.paired("", "", "", rng.normal(size=10) - shared, 1e-6) for _ in range(12)]
        outcomes = {item.outcome for item in verdicts.adjusted(family)}
        decided += bool(outcomes & {Outcome.HOLDS, Outcome.REVERSED})
    # 5 % and two standard errors of 400 studies
    assert decided / studies <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / studies)
