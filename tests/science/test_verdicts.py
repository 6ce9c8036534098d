"""Outcomes of evidence and verdicts on claims, against hand-worked cases and a simulation."""

from dataclasses import replace

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
    assert paired.deviation == pytest.approx(np.std(DIFFERENCES, ddof=1))
    assert (paired.low, paired.high) == pytest.approx((interval.low, interval.high))


@pytest.mark.parametrize(("pairs", "p_value"), [(3, 0.25), (6, 0.03125), (8, 0.0078125)])
def test_pairs_that_agree_on_a_step_are_an_exact_sign_test(pairs: int, p_value: float) -> None:
    """Three are not enough, whatever their spread; eight are."""
    on_grid = verdicts.paired_on_grid("here", "rate", "decades", pairs * [0.5], 0.25, step=0.5)
    assert on_grid.p_value == pytest.approx(p_value)
    assert on_grid.p_equivalence == 1.0  # each lies between 0 and 1 before rounding
    assert (on_grid.estimate, on_grid.low, on_grid.high, on_grid.deviation) == (0.5, 0.0, 1.0, 0.0)
    assert on_grid.outcome is (Outcome.HOLDS if pairs > 3 else Outcome.UNKNOWN)


def test_pairs_below_a_step_count_against() -> None:
    differences = [0.0, 0.5, 0.5, 1.0, 0.5, 0.5, -0.5, 0.5]
    on_grid = verdicts.paired_on_grid("here", "rate", "decades", differences, 1.0, step=0.5)
    assert on_grid.p_value == pytest.approx(stats.binomtest(6, 8).pvalue)  # six positive, one zero
    assert on_grid.p_equivalence == pytest.approx(stats.binomtest(7, 8, alternative="greater").pvalue)


@pytest.mark.parametrize("differences", [[1.0, 1.0, 0.0], [0.1, -0.2, 0.4, 0.3], [2.0, 3.0, 2.0]])
def test_a_grid_makes_nothing_sure_of_three_pairs(differences: list[float]) -> None:
    on_grid = verdicts.paired_on_grid("here", "rate", "steps", differences, 1.0, step=1.0)
    assert on_grid.p_value >= 0.125
    assert on_grid.outcome is Outcome.UNKNOWN


@pytest.mark.usefixtures("cheap_collection")
def test_a_sign_off_a_grid_is_wrong_rarely_and_right_with_eight_pairs() -> None:
    """Values rounded down to a grid, a true difference of none or of one and a half steps."""
    rng = np.random.default_rng(0)

    def found(truth: float) -> float:
        level = rng.uniform(0, 5, (2000, 1))
        pairs = np.stack([level + 0 * rng.normal(size=(2000, 8)), level + truth + np.zeros((2000, 8))])
        first, second = np.floor(pairs + rng.normal(0, 0.3, (2, 2000, 8)))
        judged = [
            verdicts.paired_on_grid("here", "rate", "steps", row, 0.1, step=1.0) for row in second - first
        ]
        return float(np.mean([item.p_value <= 0.05 for item in judged]))

    assert found(0.0) <= 0.05
    assert found(1.5) >= 0.8


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


@pytest.mark.parametrize("seed", range(20))
def test_an_adjusted_interval_excludes_zero_where_the_adjusted_p_value_says_so(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shifts = rng.choice([0.0, 0.5, 1.0, 2.0], size=12)
    family = [verdicts.paired("here", "score", "points", rng.normal(shift, 1, 10), 0.1) for shift in shifts]
    for before, after in zip(family, verdicts.adjusted(family), strict=True):
        assert after.low <= before.low <= before.high <= after.high
        assert (after.low > 0 or after.high < 0) == (after.p_value <= 0.05)


@pytest.mark.parametrize("seed", range(20))
def test_an_interval_of_a_reversal_excludes_zero_where_its_p_value_says_so(seed: int) -> None:
    rng = np.random.default_rng(seed)
    family = []
    for shift in rng.choice([0.5, 1.0, 2.0], size=4):
        by_t = verdicts.paired("here", "two methods change places", "points", rng.normal(shift, 1, 10), 0.1)
        # The p value counts the pairs of methods and the less sure place, the limits do not.
        times = rng.choice([2.0, 6.0, 28.0])
        family.append(replace(by_t, p_value=min(by_t.p_value * times, 1.0), test="reversal"))
    for after in verdicts.adjusted(family):
        assert (after.low > 0 or after.high < 0) == (after.p_value <= 0.05)


def test_the_first_interval_of_a_family_is_bonferronis() -> None:
    family = [verdicts.paired("here", "score", "points", DIFFERENCES, 0.4), evidence(p=0.9), evidence(p=0.8)]
    first, *_ = verdicts.adjusted(family)
    expected = stats.ttest_1samp(DIFFERENCES, 0.0).confidence_interval(1 - 0.05 / 3)
    assert (first.low, first.high) == pytest.approx((expected.low, expected.high))


HOLDS, REVERSED = evidence(1.0, p=0.001), evidence(-1.0, p=0.001)
ABSENT = evidence(0.0, q=0.001)
# Undecided: within the margin of .1 on both sides, or beyond it above, below, or on either.
NARROW, LEANS, AGAINST, UNKNOWN = (
    evidence(0.01, arm=0.06),
    evidence(0.3, arm=0.35),
    evidence(-0.3, arm=0.35),
    evidence(0.0, arm=0.5),
)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([HOLDS], Verdict.SUPPORTED),
        ([HOLDS, HOLDS, HOLDS, LEANS], Verdict.SUPPORTED),  # three quarters of them are decided
        ([HOLDS, HOLDS, HOLDS, NARROW], Verdict.SUPPORTED),
        ([HOLDS, HOLDS, HOLDS, AGAINST], Verdict.INCONCLUSIVE),  # it may fail there
        ([HOLDS, HOLDS, LEANS], Verdict.INCONCLUSIVE),
        ([REVERSED, ABSENT], Verdict.REFUTED),
        ([REVERSED, ABSENT, ABSENT, AGAINST], Verdict.REFUTED),
        ([REVERSED, ABSENT, ABSENT, LEANS], Verdict.INCONCLUSIVE),  # it may hold there
        (
            [REVERSED, REVERSED, LEANS, LEANS],
            Verdict.INCONCLUSIVE,
        ),  # refuted, by the rule of the first edition
        ([HOLDS, REVERSED, UNKNOWN, UNKNOWN, UNKNOWN], Verdict.CONDITIONAL),
        ([HOLDS, ABSENT], Verdict.CONDITIONAL),
        ([UNKNOWN], Verdict.INCONCLUSIVE),
        ([], Verdict.INCONCLUSIVE),
    ],
)
def test_the_verdict_on_a_claim(given: list[Evidence], expected: Verdict) -> None:
    assert verdicts.verdict(given) is expected


def test_an_undecided_equality_blocks_where_its_estimate_lies_on_the_other_side() -> None:
    equal, unequal = evidence(0.0, q=0.001, equality=True), evidence(1.0, p=0.001, equality=True)
    inside, outside = (evidence(estimate, equality=True) for estimate in (0.05, 0.15))
    assert verdicts.verdict([equal, equal, equal, inside]) is Verdict.SUPPORTED
    assert verdicts.verdict([equal, equal, equal, outside]) is Verdict.INCONCLUSIVE
    assert verdicts.verdict([unequal, unequal, unequal, outside]) is Verdict.REFUTED
    assert verdicts.verdict([unequal, unequal, unequal, inside]) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ([HOLDS, HOLDS, HOLDS], None),
        ([HOLDS, HOLDS, evidence(-1.0, p=0.03)], 2),  # without the last it is supported
        ([HOLDS, HOLDS, HOLDS, evidence(-1.0, p=0.08, arm=1.1)], 3),  # with the last it is conditional
        ([HOLDS, HOLDS, HOLDS, evidence(-1.0, p=0.2, arm=1.1)], None),
        ([HOLDS, REVERSED, evidence(1.0, p=0.04)], None),  # conditional, whatever the last
        ([HOLDS, HOLDS, HOLDS, evidence(0.2, arm=0.28)], 3),  # ends at -.08, near the margin
        ([HOLDS, HOLDS, HOLDS, evidence(0.3, arm=0.33)], None),
    ],
)
def test_a_verdict_is_close_where_one_borderline_row_could_change_it(
    given: list[Evidence], place: int | None
) -> None:
    expected = None if place is None else given[place]
    assert verdicts.borderline(given) == expected


def test_what_can_happen_is_supported_by_one_condition() -> None:
    assert verdicts.verdict([HOLDS, REVERSED, UNKNOWN], existential=True) is Verdict.SUPPORTED
    assert verdicts.borderline([HOLDS, evidence(-1.0, p=0.05)], existential=True) is None
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


# ---- no worse ----


def test_no_worse_is_a_one_sided_test_against_the_margin() -> None:
    """Against scipy's one-sided t test of a mean above -.1."""
    values = [-0.05, 0.1, 0.0, 0.02, -0.08, 0.05]
    piece = verdicts.no_worse("here", "score", "points", values, 0.1)
    expected = stats.ttest_1samp(values, -0.1, alternative="greater").pvalue
    assert piece.p_equivalence == pytest.approx(expected)
    assert piece.outcome is Outcome.HOLDS


@pytest.mark.parametrize(
    ("values", "outcome"),
    [
        ([0.10, 0.11, 0.09, 0.10], Outcome.HOLDS),  # an equality within .1 could never be told
        ([5.0, 5.1, 4.9, 5.0], Outcome.HOLDS),
        ([-5.0, -5.1, -4.9, -5.0], Outcome.REVERSED),
        ([-0.3, 0.2, -0.4, 0.3], Outcome.UNKNOWN),
    ],
)
def test_what_is_better_is_no_worse(values: list[float], outcome: Outcome) -> None:
    assert verdicts.no_worse("here", "score", "points", values, 0.1).outcome is outcome
