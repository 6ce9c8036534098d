"""What intervals hold for: initialisations that all training sets share, and one of its own for each.

A replicate is a training set; a difference between two methods has an effect of the training set, one of the
initialisation, and what remains. The true mean difference is 0.
"""

import numpy as np
import pytest
from scipy import stats

from pipeline.science import comparison

SETS, INITS, STUDIES = 10, 2, 4_000
OF_SET, OF_INIT, REST = 0.7, 0.58, 1.0  # standard deviations
SIMULATED = 3 * np.sqrt(0.05 * 0.95 / STUDIES)  # three standard errors of a share of 5 %


def share_wrong(differences: np.ndarray, truths: np.ndarray) -> float:
    """The share of studies (S, D, I) whose interval misses its true mean (S,)."""
    missed = 0
    for grid, truth in zip(differences, truths, strict=True):
        interval = comparison.mean_interval(comparison.replicates(grid))
        missed += not interval.low <= truth <= interval.high
    return missed / len(differences)


def drawn(inits: int, shared: bool) -> tuple[np.ndarray, np.ndarray]:
    """Differences (S, D, I), and the effects of the initialisations (S, 1 or D, I) in them."""
    rng = np.random.default_rng(0)
    of_set = rng.normal(0, OF_SET, (STUDIES, SETS, 1))
    of_init = rng.normal(0, OF_INIT, (STUDIES, 1 if shared else SETS, inits))
    return of_set + of_init + rng.normal(0, REST, (STUDIES, SETS, inits)), of_init


@pytest.mark.usefixtures("cheap_collection")
def test_shared_initialisations_hold_for_these_alone() -> None:
    """A fifth of the intervals miss the mean over new initialisations; of these two, the promised 5 %."""
    differences, of_init = drawn(INITS, shared=True)
    wrong = share_wrong(differences, np.zeros(STUDIES))
    seen = (OF_SET**2 + REST**2 / INITS) / SETS  # of the mean, as far as the training sets tell
    ratio = np.sqrt(seen / (seen + OF_INIT**2 / INITS))
    expected = 2 * stats.t.sf(stats.t.ppf(0.975, SETS - 1) * ratio, SETS - 1)
    assert expected == pytest.approx(0.2, abs=0.01)
    assert wrong == pytest.approx(expected, abs=3 * np.sqrt(0.2 * 0.8 / STUDIES))
    assert share_wrong(differences, of_init.mean(axis=(1, 2))) == pytest.approx(0.05, abs=SIMULATED)


@pytest.mark.usefixtures("cheap_collection")
def test_an_initialisation_of_its_own_for_every_training_set_keeps_the_level() -> None:
    """At half the runs of two shared ones."""
    differences, _ = drawn(1, shared=False)
    assert share_wrong(differences, np.zeros(STUDIES)) == pytest.approx(0.05, abs=SIMULATED)
