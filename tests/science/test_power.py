"""Power at the margin, against statsmodels, simulation, binomial sums and published tables."""

import itertools

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from pipeline.science import comparison
from pipeline.science.power import power, sign_power


@pytest.mark.parametrize("n", [2, 3, 8, 16, 25])
@pytest.mark.parametrize("level", [0.05, 0.05 / 19])
@pytest.mark.parametrize("effect", [0.1, 0.5, 1.0, 2.0])
def test_the_power_of_the_t_test_is_statsmodels(n: int, level: float, effect: float) -> None:
    """By its two sides; scipy, below it, has no number for a side that hardly ever rejects."""
    sides = [TTestPower().power(effect, n, level / 2, alternative=side) for side in ("larger", "smaller")]
    assert np.isfinite(sides[0])
    assert power(1 / effect, n, 1.0, level) == pytest.approx(np.nansum(sides), abs=1e-6)


@pytest.mark.parametrize(("deviation", "n"), [(0.08, 8), (0.14, 18), (0.20, 34)])
def test_eighty_percent_need_so_many_pairs(deviation: float, n: int) -> None:
    """To see .1: so many pairs suffice, and one less does not."""
    assert power(deviation, n, 0.1) >= 0.8 > power(deviation, n - 1, 0.1)


@pytest.mark.parametrize("equality", [False, True])
def test_what_varies_hardly_is_decided_surely(equality: bool) -> None:
    spreads = (0.0, 1e-6, 1e-3, 1e-2)
    assert [power(spread, 8, 1.0, 0.01, equality=equality) for spread in spreads] == pytest.approx([1.0] * 4)
    falling = [power(spread, 8, 1.0, 0.01, equality=equality) for spread in np.linspace(0.02, 4, 60)]
    assert all(0 <= later <= earlier + 1e-9 for earlier, later in itertools.pairwise(falling))
    assert falling[-1] < 0.05


@pytest.mark.parametrize(("deviation", "n", "level"), [(0.5, 8, 0.05), (1.0, 16, 0.025), (1.5, 25, 0.0125)])
def test_the_power_of_equivalence_is_what_is_simulated(deviation: float, n: int, level: float) -> None:
    rng = np.random.default_rng(0)
    samples = rng.normal(0.0, deviation, (4_000, n))
    found = np.mean([comparison.equivalence(sample, 1.0) <= level for sample in samples])
    error = np.sqrt(found * (1 - found) / len(samples))
    assert power(deviation, n, 1.0, level, equality=True) == pytest.approx(found, abs=4 * error + 1e-3)


@pytest.mark.parametrize("n", [2, 5, 12, 40])
@pytest.mark.parametrize("deviation", [0.2, 1.0, 3.0])
def test_the_power_of_equivalence_is_the_integral_by_adaptive_quadrature(n: int, deviation: float) -> None:
    """Over the variance rather than its root."""
    critical = stats.t.ppf(0.95, n - 1)
    error = deviation / np.sqrt(n)

    def within(chi_square: np.ndarray) -> np.ndarray:
        half = 1.0 - critical * error * np.sqrt(chi_square / (n - 1))
        return np.where(half > 0, 2 * stats.norm.cdf(half / error) - 1, 0.0)

    ends = stats.chi2(n - 1).ppf([0, 1 - 1e-13])
    end = min(ends[1], (n - 1) / (critical * error) ** 2)
    roots = np.linspace(0, np.sqrt(end), 200_001)  # of chi-square, for its density has a pole at 0 for n = 2
    density = 2 * roots * stats.chi2(n - 1).pdf(np.maximum(roots, 1e-9) ** 2)
    density[0] = 0.0 if n > 2 else np.sqrt(2 / np.pi)
    expected = np.trapezoid(within(roots**2) * density, roots)
    assert power(deviation, n, 1.0, equality=True) == pytest.approx(expected, abs=1e-5)


def test_eight_pairs_find_a_sign_where_all_agree() -> None:
    """2 / 2**8 = .0078 is below .05 / 6, and 2 * 9 / 2**8 = .07 is not."""
    assert sign_power(0.9, 8, 0.05 / 6) == pytest.approx(0.9**8)
    assert sign_power(1.0, 8, 0.05 / 6) == 1.0
    assert sign_power(1.0, 8, 0.05 / 7) == 0.0  # no rule of eight pairs can reach that
    assert sign_power(1.0, 3) == 0.0


@pytest.mark.parametrize(("n", "least"), [(9, 8), (12, 10), (20, 15), (25, 18), (35, 24)])
def test_the_sign_test_needs_so_many_of_n_at_five_percent(n: int, least: int) -> None:
    """The critical values of tables of the two-sided sign test (Dixon & Mood 1946)."""
    for probability in (0.5, 0.7, 0.95):
        expected = sum(stats.binom(n, probability).pmf(k) for k in range(least, n + 1))
        assert sign_power(probability, n) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: power(-1.0, 8, 0.1),
            "deviation, margin: expected 0 or more and above 0, received -1.0, 0.1",
        ),
        (lambda: power(1.0, 8, 0.0), "deviation, margin: expected 0 or more and above 0, received 1.0, 0.0"),
        (lambda: power(1.0, 1, 0.1), "n: expected at least 2 pairs, received 1"),
        (lambda: power(1.0, 8, 0.1, 1.0), "level: expected a value between 0 and 1, received"),
        (lambda: sign_power(1.1, 8), r"probability: expected a value in \[0, 1\], received 1.1"),
        (lambda: sign_power(0.9, 0), "n: expected at least 2 pairs, received 0"),
    ],
)
def test_what_has_no_power_is_refused(call, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=message):
        call()
